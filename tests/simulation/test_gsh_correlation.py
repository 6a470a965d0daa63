import csv
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gsh_correlation.py"
HALF_LIVES = {"C=CC(N)=O": 300.0, "C=CC(=O)NC": 200.0, "C=CC(=O)OC": 30.0, "C=CC(C)=O": 2.0}
AFFINITIES = (-5.2, -5.1, -4.7, -4.6)  # the more readily, the shorter the half-life


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gsh_correlation", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    rows = [f"{i},{s},{t}" for i, (s, t) in enumerate(HALF_LIVES.items())]
    path.write_text("\n".join(["Name,SMILES,GSH_half_life_min", *rows, "9,CCO,>8640"]) + "\n")
    return path


def _checkpoint(path: Path, fields: tuple[str, ...], **changes: object) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        for index, ((smiles, life), ea) in enumerate(
            zip(HALF_LIVES.items(), AFFINITIES, strict=True)
        ):
            row: dict[str, object] = dict.fromkeys(fields, "")
            row.update(name=index, smiles=smiles, half_life_min=life, solver="vqe", seed=1)
            row.update(conformers=10, value=ea, casci_value=ea, casci_deviation_mha=0.01 * index)
            row.update(hf_lumo=-ea, gfn2_lumo=ea, hf_pi_star=-ea, triplet_energy=4.85)
            row.update(cpu_seconds=5.0)
            writer.writerow(row | changes)
    return path


def _run(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, arguments)])
    benchmark.main()


def test_a_missing_file_is_said_clearly(
    benchmark: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    with pytest.raises(SystemExit) as end:
        _run(benchmark, monkeypatch, "--data", tmp_path / "none.csv")
    assert end.value.code == 2
    assert "none.csv: no such file" in capsys.readouterr().err


def test_a_finished_checkpoint_is_ranked_without_computing(
    benchmark: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    data: Path,
    tmp_path: Path,
) -> None:
    out = _checkpoint(tmp_path / "out.csv", benchmark.FIELDS)
    monkeypatch.setattr(benchmark, "compute", None)  # calling it would raise
    _run(benchmark, monkeypatch, "--data", data, "--out", out, "--json")
    table = json.loads(capsys.readouterr().out)
    assert table["scored"] == table["molecules"] == 4
    assert table["left_out"] == 1  # the censored one
    assert table["spearman"] == pytest.approx(
        {"value": -1, "hf_lumo": 1, "gfn2_lumo": -1, "hf_pi_star": 1}
    )
    assert table["largest_casci_deviation_mha"] == pytest.approx(0.03)


def test_a_checkpoint_of_other_settings_is_refused(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path
) -> None:
    out = _checkpoint(tmp_path / "out.csv", benchmark.FIELDS, seed=2)
    with pytest.raises(SystemExit, match="other settings"):
        _run(benchmark, monkeypatch, "--data", data, "--out", out)


def test_new_rows_are_appended_as_they_come(
    benchmark: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    data: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.csv"
    calls = []

    def compute(row: dict[str, str], solver: str, conformers: int, seed: int) -> dict[str, object]:
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(row["SMILES"])
        result = dict.fromkeys(benchmark.FIELDS, "")
        return result | {
            "smiles": row["SMILES"], "half_life_min": row["GSH_half_life_min"],
            "solver": solver, "conformers": conformers, "seed": seed, "cpu_seconds": 1,
            "error": "input: no",
        }  # fmt: skip

    monkeypatch.setattr(benchmark, "compute", compute)
    with pytest.raises(KeyboardInterrupt):
        _run(benchmark, monkeypatch, "--data", data, "--out", out)
    with out.open() as file:
        assert [row["smiles"] for row in csv.DictReader(file)] == list(HALF_LIVES)[:3]


def test_positions_go_by_the_names(benchmark: ModuleType) -> None:
    names = ["1", *(f"{i}{letter}" for i in range(2, 7) for letter in "omp"), "x9"]
    groups = benchmark.positions([{"name": name} for name in names])
    assert {position: len(rows) for position, rows in groups.items()} == {
        "ortho": 6, "meta": 6, "para": 6, "meta and para": 11,
    }  # fmt: skip
    assert benchmark.positions([{"name": "acrylamide"}, {"name": "2"}]) == {}


def test_larger_molecules_can_be_left_out(benchmark: ModuleType, data: Path) -> None:
    assert [row["SMILES"] for row in benchmark.read(data, 5)] == ["C=CC(N)=O", "C=CC(C)=O"]
    assert len(benchmark.read(data)) == 4
