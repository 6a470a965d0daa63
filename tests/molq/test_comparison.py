"""A campaign three ways: what the arms are, what they took, and how they are judged."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import molq
from molq.campaignfile import CampaignFile
from molq.cli.entry import run_arguments
from molq.comparison import arms, prices, sessions
from molq.comparison.compare import DATA, PAGE, TABLE
from molq.comparison.comparison import Figure
from molq.comparison.sessions import Session
from molq.comparison.spending import spending
from molq.comparison.table import columns
from molq.comparison.yardstick import judged
from molq.errors import CallError, MolqError
from screening.compute.executor import Inline
from screening.progress import MoleculeDone
from screening.ranking import Lead
from screening.store.journal import Journal
from simulation.score import Score

ROOT = Path(__file__).parents[2]
SMALL = {"report.hit_utility": 0.5, "campaign.batch": 2, "campaign.rounds": 2}


@pytest.fixture(scope="module")
def file(folder: Path) -> CampaignFile:
    return CampaignFile.from_toml(folder / "campaign.toml", SMALL)


@pytest.fixture(scope="module")
def compared(file: CampaignFile, folder: Path) -> molq.Comparison:
    """Interrupted in the second arm, and gone on with."""
    done = 0

    def interrupt(event: object) -> None:
        nonlocal done
        done += isinstance(event, MoleculeDone)
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        molq.compare(file, folder / "three", executor=Inline, on_event=interrupt)
    half = json.loads((folder / "three" / DATA).read_text())
    assert [row["finished"] for row in half["rows"]] == [1, 0, 0]
    assert "Not all runs are finished" in (folder / "three" / PAGE).read_text()
    return molq.compare(file, folder / "three", executor=Inline)


@pytest.fixture(scope="module")
def lead(compared: molq.Comparison, folder: Path) -> Lead:
    return molq.Run.open(folder / "three" / "hybrid-seed3").leads()[0]


def test_the_shipped_prices_say_where_and_when(tmp_path: Path) -> None:
    shipped = prices.read()
    assert (ROOT / "configs" / "prices.toml").read_text() == (
        ROOT / "molq" / "comparison" / "prices.toml"
    ).read_text()
    for price in (shipped.core, *shipped.device):
        assert price.source.startswith("https://")
        assert price.date.year >= 2026
    assert shipped.cores(3600) == pytest.approx(0.2016 / 4)
    for simulator in ("exact", "aer", "fake:sherbrooke"):
        assert shipped.is_simulator(simulator)
        assert shipped.of(simulator) is None
    assert not shipped.is_simulator("ibm:fez")


def test_a_device_is_billed_by_the_providers_own_formula() -> None:
    price = prices.read().of("ibm:fez")
    assert price is not None
    assert price.seconds(2, 10_000) == pytest.approx(2 * 2 + 0.00035 * 10_000)
    assert price.cost(2, 10_000) == pytest.approx(7.5 * 1.60)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("core.per_hour = -1", "core.per_hour"),
        ("[core]\nper_houre = 1", 'did you mean "per_hour"?'),
        ("", "core"),
        ("core = ", "not valid TOML"),
    ],
)
def test_a_wrong_prices_file_names_the_key(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(CallError, match=re.escape(said)):
        prices.read(path)


def test_the_arms_differ_in_what_they_are_about_and_nothing_else(folder: Path) -> None:
    changes = {
        "simulation.conformer_search": "torsion-qaoa",
        "generator.prior": "qcbm",
        "generator.share": 0.5,
        "acquisition.batch": "qaoa",
        "surrogate.quantum_kernel": True,
        "campaign.stop_below": 0.1,
    }
    file = CampaignFile.from_toml(folder / "campaign.toml", changes)
    known = prices.read()
    classical, quantum, hybrid = (arms.campaign_of(file, arm, 8, known) for arm in arms.ARMS)

    assert classical.simulation.solver == "casci"
    assert classical.simulation.conformer_search == "torsion-annealing"
    assert classical.generator.prior == "rbm"
    assert classical.acquisition == file.acquisition.model_copy(update={"batch": "annealing"})
    assert classical.surrogate == file.surrogate.model_copy(update={"quantum_kernel": False})
    assert classical.campaign.stop_below == 0.1

    assert quantum.simulation == file.simulation
    assert (quantum.acquisition.kind, quantum.acquisition.batch) == ("random", "sequential")
    assert quantum.campaign.stop_below is None
    assert (quantum.generator.hands.prior, quantum.generator.hands.crossover) == (1.0, 0.0)
    assert quantum.generator.finetune  # the learning of a Born machine is a quantum step

    assert arms.differences(file, hybrid) == ()
    for arm in (classical, quantum, hybrid):
        assert arm.seed == 8
        assert (arm.library, arm.filters, arm.objective) == (
            file.library, file.filters, file.objective
        )  # fmt: skip
        assert arm.campaign.batch == file.campaign.batch
        assert arm.simulation.basis == file.simulation.basis


def test_an_untaught_network_proposes_for_the_quantum_arm(file: CampaignFile) -> None:
    assert not arms.campaign_of(file, "quantum", 1, prices.read()).generator.finetune


def test_the_shots_of_a_device_are_kept(file: CampaignFile, folder: Path) -> None:
    table = {"solver": "vqe-circuit", "backend": "ibm:fez"}
    on_device = CampaignFile.from_toml(
        folder / "campaign.toml", {f"simulation.{k}": v for k, v in table.items()}
    )
    known = prices.read()
    assert arms.campaign_of(on_device, "hybrid", 1, known).simulation.technical_file
    classical = arms.campaign_of(on_device, "classical", 1, known)
    assert (classical.simulation.backend, classical.simulation.technical_file) == ("exact", False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("simulation.solver=casci", "--set simulation.solver=vqe"),
        ("objective=[{name='qed',transform='maximize',low=0.1,high=0.9}]", "computes nothing"),
        ("simulation.solver=vqee", "did you mean 'vqe'?"),
    ],
)
def test_a_comparison_of_nothing_is_one_line(
    change: str, said: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["compare", str(folder / "campaign.toml"), "--out", str(tmp_path / "x")]
    assert run_arguments([*call, "--set", change]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert said in lines[-1]
    assert not (tmp_path / "x").exists()


def test_the_helps_example_is_a_call() -> None:
    import shlex

    import typer

    from molq.cli import compare as verb
    from molq.cli.entry import app

    command = typer.main.get_command(app).commands[verb.NAME]  # type: ignore[attr-defined]
    words = shlex.split(verb.EPILOG.removeprefix("Example: "))
    assert command.make_context(verb.NAME, words[2:]).params["settings"] == ["campaign.rounds=2"]


def test_every_arm_has_the_same_budget_and_comes_to_its_end(compared: molq.Comparison) -> None:
    assert compared.is_finished
    assert [row.arm for row in compared.rows] == ["classical", "quantum", "hybrid"]
    assert compared.molecules == 4
    assert [run.evaluations for run in compared.runs] == [4, 4, 4]
    assert [run.failures for run in compared.runs] == [0, 0, 0]
    assert {run.seed for run in compared.runs} == {3}


def test_each_arm_computed_with_its_own_solver_and_chose_in_its_own_way(
    compared: molq.Comparison,
) -> None:
    by_arm = {run.arm: run for run in compared.runs}
    assert "exact diagonalisation of (4e, 4o)" in by_arm["classical"].leads[0].value
    assert by_arm["classical"].deviation_mha is None
    for arm in ("quantum", "hybrid"):
        assert 0 < by_arm[arm].deviation_mha < 1.6
        assert "VQE of (4e, 4o) without noise" in by_arm[arm].leads[0].value
    assert {lead.chosen for lead in by_arm["quantum"].leads} == {"chance"}
    assert {lead.chosen for lead in by_arm["hybrid"].leads} == {"surrogate", "structure"}
    assert "by chance" in compared.row("quantum").rests_on
    for run in compared.runs:
        assert all("3 other scores" in lead.explanation for lead in run.leads)


def test_the_same_molecule_has_the_same_mark_in_every_arm(compared: molq.Comparison) -> None:
    marks: dict[str, list[float]] = {}
    for run in compared.runs:
        for lead in run.leads:
            marks.setdefault(lead.inchikey, []).append(lead.judged)
    assert any(len(found) == 3 for found in marks.values())
    for found in marks.values():
        assert found == pytest.approx([found[0]] * len(found), abs=1e-9)


def test_a_curve_rises_with_everything_and_ends_at_the_best(compared: molq.Comparison) -> None:
    for run in compared.runs:
        assert [step.evaluations for step in run.curve] == [1, 2, 3, 4]
        for name in ("core_seconds", "worked_seconds", "best"):
            values = [getattr(step, name) for step in run.curve]
            assert values == sorted(values)
        assert run.curve[-1].best == max(lead.judged for lead in run.leads)
        assert run.curve[-1].core_seconds == pytest.approx(run.spending.scoring_seconds)
        hits = [step.worked_seconds for step in run.curve if step.best >= 0.5]
        assert run.hit_seconds == (hits[0] if hits else None)
        assert 0 < run.curve[-1].worked_seconds <= run.worked_seconds


def test_without_a_device_only_cores_cost(compared: molq.Comparison) -> None:
    for run in compared.runs:
        assert run.spending.devices == ()
        assert run.spending.device_seconds == 0
        assert run.spending.choosing_seconds is not None
        seconds = run.spending.scoring_seconds + run.spending.choosing_seconds
        assert run.spending.money == pytest.approx(seconds / 3600 * 0.0504)


def test_the_table_and_the_data_are_files(compared: molq.Comparison, folder: Path) -> None:
    rows = list(csv.DictReader((folder / "three" / TABLE).open()))
    assert [row["arm"] for row in rows] == ["classical", "quantum", "hybrid"]
    assert float(rows[0]["best utility"]) == pytest.approx(compared.runs[0].best)
    data = json.loads((folder / "three" / DATA).read_text())
    assert data["prices"]["currency"] == "USD"
    assert data["rows"][2]["best"]["mean"] == pytest.approx(compared.row("hybrid").best.mean)


def test_the_page_escapes_names_and_fetches_nothing(
    compared: molq.Comparison, folder: Path
) -> None:
    page = (folder / "three" / PAGE).read_text()
    assert "tiny &amp; &lt;i&gt;small&lt;/i&gt;" in page
    assert "<i>small" not in page
    assert "<b>N-methyl" not in page
    assert not re.search(r"src\s*=", page)
    links = re.findall(r"href\s*=\s*[\"']([^#\"'][^\"']*)", page)
    assert set(links) == {f"{arm}-seed3/report.html" for arm in arms.ARMS}
    assert page.count('data-chart="best-by-') == 3
    assert "simulation.solver = casci" in page
    assert str(compared.prices.core.date) in page


def test_the_findings_say_what_was_not_added(compared: molq.Comparison) -> None:
    from molq.comparison.findings import sentences

    told = " ".join(sentences(compared))
    assert "in its quantum steps alone: the mean of the best leads is the same" in told
    assert "better values did not" in told
    assert "No quantum device was used" in told
    assert "One seed shows how the arms work" in told


def test_a_finished_comparison_computes_nothing_again(
    compared: molq.Comparison, file: CampaignFile, folder: Path
) -> None:
    events: list[object] = []
    log = (folder / "three" / sessions.FILE).read_text()
    again = molq.compare(file, folder / "three", executor=Inline, on_event=events.append)
    assert events == []
    assert (folder / "three" / sessions.FILE).read_text() == log
    assert replace(again, written="") == replace(compared, written="")


def test_other_settings_or_another_folder_are_refused(
    compared: molq.Comparison, folder: Path, file: CampaignFile, tmp_path: Path
) -> None:
    other = CampaignFile.from_toml(folder / "campaign.toml", {**SMALL, "acquisition.samples": 99})
    with pytest.raises(CallError, match=r"other settings \(now acquisition.samples = 99\)"):
        molq.compare(other, folder / "three", executor=Inline)
    (tmp_path / "notes.txt").write_text("keep me")
    with pytest.raises(CallError, match="no comparison"):
        molq.compare(file, tmp_path, executor=Inline)
    with pytest.raises(CallError, match="1 or more"):
        molq.compare(file, tmp_path / "new", seeds=0, executor=Inline)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_interrupted_comparison_goes_on_where_it_stopped(
    compared: molq.Comparison, folder: Path
) -> None:
    log = sessions.read(folder / "three" / sessions.FILE)
    assert [session.run for session in log] == [
        "classical-seed3", "quantum-seed3", "quantum-seed3", "hybrid-seed3",
    ]  # fmt: skip
    assert all(session.driver_seconds is not None for session in log)
    assert [run.attempts for run in compared.runs] == [4, 4, 4]  # nothing was computed twice


def test_a_run_is_judged_by_exact_values_and_not_by_its_own(lead: Lead, file: CampaignFile) -> None:
    score = lead.scores["warhead-ea"]
    assert score.casci_value is not None
    assert judged(lead, file.objective) == pytest.approx(lead.utility, abs=1e-3)
    noisy = replace(lead, scores={"warhead-ea": replace(score, value=-8.5)}, utility=0.01)
    assert judged(noisy, file.objective) == judged(lead, file.objective)
    spaceless = replace(score, value=-8.5, casci_value=None)
    low = judged(replace(lead, scores={"warhead-ea": spaceless}), file.objective)
    assert low < judged(lead, file.objective) - 0.1


def _measured(score: Score, backend: str, entries: list[tuple[str | None, int]]) -> Score:
    """The score as if its energies had been measured by these jobs and shots."""
    site = score.sites[0]
    solutions = tuple(
        replace(
            site.solutions[0],
            standard_error=1e-3,
            technical={"backend": {"name": backend, "job": job}, "shots": shots},
        )
        for job, shots in entries
    )
    return replace(score, backend=backend, sites=(replace(site, solutions=solutions),))


def test_a_job_that_was_found_again_is_paid_once(lead: Lead) -> None:
    score = lead.scores["warhead-ea"]
    scores = [
        _measured(score, "ibm:fez", [("a", 1000), ("b", 3000)]),
        _measured(score, "ibm:fez", [("b", 3000)]),
    ]
    spent = spending(7200.0, 0.0, scores, [], prices.read())
    (use,) = spent.devices
    assert (use.jobs, use.shots) == (2, 4000)
    assert spent.device_seconds == pytest.approx(2 * 2 + 4000 * 0.00035)
    assert spent.money == pytest.approx(2 * 0.0504 + 1.6 * 5.4)


def test_a_simulators_shots_cost_no_device(lead: Lead) -> None:
    scores = [_measured(lead.scores["warhead-ea"], "fake:lima", [(None, 5000), (None, 5000)])]
    spent = spending(10.0, 1.0, scores, [], prices.read())
    assert [(use.shots, use.seconds, use.money) for use in spent.devices] == [(10_000, 0.0, 0.0)]
    assert spent.money == prices.read().cores(11.0)


def test_what_cannot_be_counted_is_said_and_not_taken_for_nothing(lead: Lead) -> None:
    score = lead.scores["warhead-ea"]
    unpriced = spending(1.0, 1.0, [_measured(score, "mine:a", [("j", 10)])], [], prices.read())
    assert (unpriced.device_seconds, unpriced.money) == (None, None)
    assert "mine:a is not in the prices file" in unpriced.missing[0]

    site = score.sites[0]
    unkept = replace(
        score,
        backend="ibm:fez",
        sites=(replace(site, solutions=(replace(site.solutions[0], standard_error=1e-3),)),),
    )
    spent = spending(1.0, None, [unkept], [], prices.read(), ["and another"])
    assert spent.missing[0] == "and another"
    assert any("their shots are not known" in line for line in spent.missing)
    assert any("a session was killed" in line for line in spent.missing)


def test_samplings_of_the_generator_count(lead: Lead) -> None:
    sampling: dict[str, Any] = {"backend": {"name": "ibm:fez", "job": "s"}, "shots": 4096}
    spent = spending(0.0, 0.0, [], [sampling], prices.read())
    assert spent.device_seconds == pytest.approx(2 + 4096 * 0.00035)


def test_a_pause_between_sessions_is_no_work() -> None:
    log = [
        Session("a", "2026-11-01T10:00:00+00:00", "2026-11-01T10:00:30+00:00", 1.0),
        Session("a", "2026-11-01T12:00:00+00:00", None, None),
        Session("a", "2026-11-01T12:00:20+00:00", None, None),
    ]
    assert sessions.worked(log, "2026-11-01T10:00:10+00:00") == 10
    assert sessions.worked(log, "2026-11-01T11:00:00+00:00") == 30
    # the killed one lasts until the next begins
    assert sessions.worked(log, "2026-11-01T12:00:25+00:00") == 30 + 20 + 5


def test_a_log_cut_by_a_kill_is_read_and_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / sessions.FILE
    sessions.begin(path, "a", lambda: 5.0)()
    with path.open("a") as handle:
        handle.write('{"run": "b", "beg')
    assert [session.run for session in sessions.read(path)] == ["a"]
    clock = iter((1.0, 4.0))
    sessions.begin(path, "c", lambda: next(clock))()
    with pytest.raises(MolqError, match="line 3 is not a session"):
        sessions.read(path)


def test_a_figure_over_seeds_carries_its_spread() -> None:
    assert Figure.of([1.0, None, 3.0]) == Figure(2.0, pytest.approx(2**0.5), 2)
    assert Figure.of([4.0]) == Figure(4.0, None, 1)
    assert Figure.of([None]) is None
    figure = Figure.of([0.25, 0.75])
    assert figure is not None
    assert figure.text(2) == "0.50 ± 0.35"
    assert Figure(4.0, 0.0, 2).text(0) == "4"
    assert [Figure(x, None, 1).text(4) for x in (0.0, 2e-5)] == ["0.0000", "< 0.0001"]


def test_a_figure_of_some_runs_says_of_how_many(compared: molq.Comparison) -> None:
    best = columns("USD")[0]
    row = replace(compared.row("hybrid"), runs=3, best=Figure(0.5, None, 2))
    assert best.cell(row) == "0.500 (2 of 3 runs)"
    assert best.cell(replace(row, runs=2)) == "0.500"
    assert best.cell(replace(row, best=None)) == "\N{EN DASH}"


def test_a_run_that_goes_on_is_measured_too(
    file: CampaignFile, compared: molq.Comparison, folder: Path
) -> None:
    from molq.comparison.armrun import measure

    with Journal.open(folder / "three" / "hybrid-seed3"):
        run, results = measure(folder / "three" / "hybrid-seed3", "hybrid", [], prices.read())
    assert run.state == "finished"
    assert run.spending.choosing_seconds is None
    assert len(results) == 4
