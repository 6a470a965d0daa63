"""docs/reliability.md shows the records that stand in benchmarks/results, of every scenario."""

import importlib.util
import sys
from pathlib import Path

import calculationfaults
import clusterfaults
import driverfaults
import pytest
from faultrecord import table

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def reliability():
    path = ROOT / "benchmarks" / "reliability.py"
    spec = importlib.util.spec_from_file_location("reliability", path)
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def test_every_scenario_is_in_the_table(reliability, tmp_path):
    names = [name for name, _ in reliability.scenarios(tmp_path)]
    modules = (driverfaults, calculationfaults, clusterfaults)
    written = {scenario.__name__ for module in modules for scenario in module.SCENARIOS}
    assert set(names) == written | {"own_raylet_killed"}
    assert list(reliability.kept(reliability.RECORDS)) == names


def test_each_fault_cost_nothing_but_the_molecules_whose_own_it_is(reliability):
    for name, record in reliability.kept(reliability.RECORDS).items():
        assert reliability.is_right(name, record), name
    assert reliability.kept(reliability.RECORDS)["killed_drivers"].times == 30


def test_the_page_shows_the_records(reliability):
    shown = table(list(reliability.kept(reliability.RECORDS).values()))
    assert shown in (ROOT / "docs" / "reliability.md").read_text()
