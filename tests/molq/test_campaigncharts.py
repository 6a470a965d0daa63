"""The charts of a run come from its journal, and say what stands in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem

from molq import reading
from molq.campaignfile import CampaignFile
from molq.comparison import prices
from molq.environment import environment
from molq.errors import MolqError
from molq.report import spending, technical
from molq.report.campaigncharts import RunCharts, run_charts
from screening import pareto
from screening.acquisition import Selection
from screening.campaign import circuitrecords
from screening.candidate import Candidate
from screening.compute.evaluation import Usage
from screening.failure import Failure
from screening.store.journal import Journal
from screening.store.records import Result
from simulation.quantum import technicalfile
from simulation.recipes.recipe import find
from simulation.score import MitigationRecord, Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

RECIPE = "warhead-ea"
SMILES = (
    "C=CC(N)=O", "C=CC(=O)NC", "C=CC(=O)Nc1ccccc1", "C=CC(=O)N1CCOCC1", "C=CC(=O)NCc1ccccc1",
    "C=CC(=O)Nc1ccc(F)cc1",
)  # fmt: skip
FAILED = "C=CC(=O)NCCCCCCCC"
WAITING = "C=CC(=O)NC1CC1"


def _key(smiles: str) -> str:
    return str(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles)))


def _candidate(smiles: str, origin: str = "library") -> Candidate:
    return Candidate(_key(smiles), smiles, f"<i>{smiles}</i>", origin, row=1)


@pytest.fixture(scope="module")
def template() -> Score:
    """Acrylamide by VQE in a small basis."""
    quick = SimulationSettings(conformers=1, basis="sto-3g", density_fit=False)
    return find(RECIPE).score(Workup("C=CC(N)=O", quick, seed=1))


def _like(template: Score, place: int) -> Score:
    return replace(
        template,
        smiles=SMILES[place],
        inchikey=_key(SMILES[place]),
        value=template.value + 0.1 * place,
        baselines={n: replace(b, value=b.value - place) for n, b in template.baselines.items()},
        provenance=replace(template.provenance, timings={"geometry": 3.0, "solver": 1.0}),
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, template: Score) -> Path:
    """Two rounds of three molecules, one of which failed, and was tried twice."""
    folder = tmp_path_factory.mktemp("charts") / "run"
    low = template.value
    file = CampaignFile.from_document(
        {
            "campaign": {"name": "charts", "seed": 1, "rounds": 2, "batch": 4},
            "library": {"path": "library.csv"},
            "objective": [
                {"name": RECIPE, "transform": "maximize", "low": low - 0.2, "high": low + 0.6},
                {"name": "qed", "transform": "maximize", "low": 0.2, "high": 0.7},
            ],
        },
        folder=folder.parent,
        source="charts",
    )
    settings = file.model_dump(mode="json")
    with Journal.create(
        folder, kind="campaign", settings=settings, environment=environment()
    ) as journal:
        journal.add_candidates([_candidate(WAITING)])
        for number, places in ((1, (0, 1, 2)), (2, (3, 4, 5))):
            _round(journal, number, [_like(template, place) for place in places])
        journal.finish()
    return folder


def _round(journal: Journal, number: int, scores: list[Score]) -> None:
    journal.begin_round(
        number, seed=number, pool_size=9, generator_note="", surrogate_note=""
    )  # fmt: skip
    chosen = [_candidate(s.smiles, ("library", "generator")[n % 2]) for n, s in enumerate(scores)]
    if number == 1:
        chosen.append(_candidate(FAILED))
    predicted = {} if number == 1 else {RECIPE: (scores[0].value, 0.1)}
    journal.add_selections(
        number,
        [
            Selection(candidate, place, predicted, 0.5, 0.1, 0.1, "by lot")
            for place, candidate in enumerate(chosen, 1)
        ],
    )
    failure = Failure("convergence", "meanfield", "not within 50 cycles")
    for candidate, score in zip(chosen, [*scores, None], strict=False):
        last = 0
        for outcome in [None] if score is not None else [failure, failure]:
            attempt, last = journal.begin_attempt(candidate.inchikey, RECIPE)
            journal.end_attempt(attempt, outcome, Usage(6.0, 5.0, 100.0))
        found = score if score is not None else failure
        journal.record(Result(candidate, RECIPE, found, number, last, 6.0, 5.0, 100.0))
    journal.finish_round(number, {"evaluated": len(chosen), "hypervolume": 0.2 * number})


def _charts(directory: Path) -> RunCharts:
    with reading.journal_of(directory) as journal:
        file = reading.settings_of(journal)
        table = reading.leads_of(journal, file)
        scored = [result for result in journal.results() if result.score is not None]
        return run_charts(journal, file, table, scored, shown=[_key(SMILES[0])])


@pytest.fixture(scope="module")
def charts(directory: Path) -> RunCharts:
    return _charts(directory)


def test_every_section_has_its_charts(charts: RunCharts) -> None:
    found = {figure.id: figure.section for figure in charts.figures}
    assert found == {
        "utility-by-round": "progress", "hits-by-round": "progress",
        "pareto-front": "pareto", "hypervolume-by-round": "pareto",
        "chemical-space": "space",
        "foreseen-and-computed": "surrogate", "reliability": "surrogate",
        "failures-by-reason": "failures",
        "core-time-by-step": "cost", "core-time-by-round": "cost",
        "score-and-baseline": "quantum", "deviation-from-casci": "quantum",
        "circuit-sizes": "technical",
    }  # fmt: skip
    assert charts.of("quantum")[0].id == "score-and-baseline"
    json.dumps([figure.to_json() for figure in charts.figures], allow_nan=False)


def _figure(charts: RunCharts, name: str) -> Any:
    return next(figure for figure in charts.figures if figure.id == name)


def test_the_front_is_what_no_other_surpasses(directory: Path, charts: RunCharts) -> None:
    with reading.journal_of(directory) as journal:
        file = reading.settings_of(journal)
        table = reading.leads_of(journal, file)
        (one,) = table.objectives[:1]
        alone = run_charts(journal, file, replace(table, objectives=(one,)), [])
    points = np.array([[*lead.desirabilities.values()] for lead in table])
    wanted = {table[int(place)].candidate.inchikey for place in pareto.front(points)}
    figure = _figure(charts, "pareto-front")
    marks = {trace["name"]: trace["customdata"] for trace in figure.data if "customdata" in trace}
    assert set(marks["on the front"]) == wanted
    assert len(marks["on the front"]) + len(marks["surpassed"]) == len(table)
    assert "After round 1: 0.200" in _figure(charts, "hypervolume-by-round").description
    assert [figure.id for figure in alone.of("pareto")] == ["hypervolume-by-round"]


def test_the_map_has_what_was_computed_and_what_was_not(charts: RunCharts) -> None:
    grey, computed = _figure(charts, "chemical-space").data
    assert set(computed["customdata"]) == {_key(smiles) for smiles in SMILES}
    assert set(grey["customdata"]) == {_key(FAILED), _key(WAITING)}
    molecules = _figure(charts, "chemical-space").molecules
    assert _key(SMILES[0]) not in molecules  # the page draws that one itself
    assert molecules[_key(SMILES[1])].drawing.startswith("<svg ")


def test_failures_count_molecules_and_attempts(charts: RunCharts) -> None:
    figure = _figure(charts, "failures-by-reason")
    assert figure.table.rows == (
        ("meanfield", "convergence", "1", "2", "not within 50 cycles"),
    )  # fmt: skip


def test_core_time_is_divided_as_the_scores_say(charts: RunCharts) -> None:
    # six scores of 5 s, of which 3 s geometry and 1 s solver; two failures of 5 s
    steps = {t["name"]: t["x"][0] for t in _figure(charts, "core-time-by-step").data}
    assert steps == pytest.approx(
        {"geometry": 18.0, "solver": 6.0, "failed attempts": 10.0, "other": 6.0}
    )
    bars = _figure(charts, "core-time-by-round").data[0]
    assert bars["y"] == pytest.approx([25.0, 15.0])
    facts = dict(charts.spending.facts)
    assert facts["Core time"] == f"40.0 s in attempts at {RECIPE}"
    assert facts["Of failed attempts"] == "10.0 s"
    assert facts["Per score"] == "6.7 s of core time"
    assert facts["Cores cost"] == "0.0006 USD"  # 40 s of a core at 0.0504 USD an hour
    assert charts.spending.devices == ()


def test_the_quantum_part_pairs_scores_with_baselines(charts: RunCharts) -> None:
    figure = _figure(charts, "score-and-baseline")
    assert len(figure.data[0]["x"]) == len(SMILES)
    assert "\N{MINUS SIGN}1.00" in figure.table.rows[0]
    assert len(_figure(charts, "deviation-from-casci").data[0]["y"]) == len(SMILES)


def test_circuits_are_counted_by_recipe_and_solver(charts: RunCharts, template: Score) -> None:
    (row,) = charts.technical.circuits
    per_score = sum(s.circuit is not None for s in template.sites[0].solutions)
    assert (row.recipe, row.solver, row.backend) == (RECIPE, "VQE", "exact")
    assert row.circuits == len(SMILES) * per_score
    assert "no device and no simulated noise" in charts.technical.notes[0]


def test_the_tree_holds_every_lead(charts: RunCharts) -> None:
    assert charts.scaffolds is not None
    assert charts.scaffolds.molecules == len(SMILES)
    assert sum(root.count for root in charts.scaffolds.roots) == len(SMILES)


def _sampling(backend: str, job: str | None) -> technicalfile.Sampling:
    circuit = technicalfile.Circuit(
        qasm3="", parameters=(), qubits=4, ansatz="ry", mapping="none"
    )  # fmt: skip
    qubit = technicalfile.QubitRecord(
        qubit=3, t1_us=200.0, t2_us=100.0, frequency_ghz=None, readout_error=0.02,
        readout_length_ns=None, readout_1_as_0=None, readout_0_as_1=None,
    )  # fmt: skip
    gate = technicalfile.GateRecord(gate="cz", qubits=(3, 4), error=0.004, length_ns=None)
    return technicalfile.Sampling(
        circuit=circuit,
        compiled=technicalfile.CompiledCircuit(
            qasm3="", qubits=4, two_qubit_gates=9, depth=20, layout=(3, 4, 5, 6)
        ),
        transpiler=technicalfile.Transpiler(
            optimisation_level=3, seed=1, gates=("cz",), version="qiskit 2.6.2"
        ),
        shots=1000,
        counts={"0000": 1000},
        seed=1 if job is None else int(job[-1]),
        backend=technicalfile.BackendRecord(
            name=backend, version="1", qubits=133, exact=False, job=job, found=False
        ),
        calibration=technicalfile.CalibrationRecord(
            date="2026-10-01T00:00:00", qubits=(qubit,), gates=(gate,)
        ),
        time="2026-10-02T00:00:00",
        versions={},
    )


@pytest.fixture
def sampled(directory: Path) -> Iterator[Path]:
    """The run with circuits that a device and a simulated one sampled."""
    path = directory / circuitrecords.BATCHES
    circuitrecords.add(
        [_sampling("ibm:torino", "job1"), _sampling("ibm:torino", "job2"),
         _sampling("fake:torino", None)],
        path,
    )  # fmt: skip
    yield directory
    path.unlink()


def test_devices_are_told_with_calibration_shots_and_money(sampled: Path) -> None:
    found = _charts(sampled)
    rows = {row.backend: row for row in found.technical.devices}
    ibm = rows["ibm:torino"]
    assert (ibm.circuits, ibm.purpose, ibm.jobs) == (2, "choice of batches", "job1, job2")
    assert ibm.shots == "2\N{THIN SPACE}000"
    assert ibm.compiled_by == "qiskit 2.6.2, level 3"
    calibration = next(r for r in found.technical.calibrations if r.backend == "ibm:torino")
    assert (calibration.t1, calibration.readout, calibration.two_qubit_error) == (
        "200", "0.0200", "0.0040",
    )  # fmt: skip
    readout = _figure(found, "readout-errors")
    assert [trace["name"] for trace in readout.data] == ["ibm:torino", "fake:torino"]
    device = next(row for row in found.spending.device_rows if row["backend"] == "ibm:torino")
    price = prices.read().of("ibm:torino")
    assert price is not None
    assert device["money"] == f"{price.cost(2, 2000):.2f} USD"
    simulator = next(row for row in found.spending.device_rows if row["kind"] == "simulator")
    assert simulator["seconds"] == "0.0"


def test_a_damaged_technical_file_is_named(directory: Path) -> None:
    path = directory / circuitrecords.PRIOR
    path.write_text("{}", encoding="utf-8")
    try:
        with pytest.raises(MolqError, match=r"quantum-prior\.json is not a technical file"):
            technical.samplings_of(directory)
    finally:
        path.unlink()


def test_mitigation_is_told_by_its_medians(template: Score) -> None:
    steps = [
        MitigationRecord("readout", "inverted", -1.0, -1.0 - change / 1e3, 1e-3, 2e-3)
        for change in (1.0, 3.0, 8.0)
    ]
    site = template.sites[0]
    solutions = tuple(replace(site.solutions[0], mitigation=(step,)) for step in steps)
    score = replace(template, sites=(replace(site, solutions=solutions),))
    result = Result(_candidate(SMILES[0]), RECIPE, score, None, 1, 1.0, 1.0, 1.0)
    (row,) = technical.technical([result], []).mitigations
    assert (row.name, row.energies, row.change, row.error) == ("readout", 3, "3.00", "2.00")


def test_a_run_without_a_score_has_no_charts(tmp_path: Path, directory: Path) -> None:
    with reading.journal_of(directory) as journal:
        settings = journal.settings()
    with Journal.create(
        tmp_path / "run", kind="campaign", settings=settings, environment=environment()
    ):
        pass
    found = _charts(tmp_path / "run")
    assert (found.figures, found.scaffolds) == ((), None)
    assert dict(found.spending.facts)["Core time"] == "0.0 s in attempts at nothing"
    assert not found.technical.circuits


def test_the_largest_runs_are_not_read_attempt_by_attempt(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending, "MOST_ATTEMPTS", 3)
    found = _charts(directory)
    steps = {t["name"]: t["x"][0] for t in _figure(found, "core-time-by-step").data}
    assert sum(steps.values()) == pytest.approx(40.0)
    assert "Of failed attempts" not in dict(found.spending.facts)
