"""``molq plan``: foretold from measurements, nothing computed."""

import datetime
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import molq
from molq import execution
from molq.campaignfile import CampaignFile
from molq.cli import plantables
from molq.cli.entry import run_arguments
from molq.comparison import prices
from molq.errors import CallError
from molq.planning import (
    advice,
    circuitforecast,
    figures,
    measuredtables,
    population,
    samplingforecast,
)
from molq.planning.circuitforecast import Circuits
from molq.planning.costlaws import CostLaws
from molq.planning.estimate import Estimate
from molq.planning.experience import Experience, Usage, of_the_same, read
from molq.planning.funnelforecast import Crew, Share, Stage, forecast
from screening.batchqubo import BatchProblem, decomposition
from screening.batchqubo.greedy import greedy
from screening.compute.costmodel import PowerLaw, Prior
from screening.compute.executor import Completed, Inline
from simulation.quantum import fixedweight
from simulation.quantum.qubo import QUBO, Samples, gathered, unpacked
from simulation.recipes import recipe as register
from simulation.settings import SimulationSettings

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "configs" / "quickstart.toml"
ACRYLAMIDES = ROOT / "configs" / "libraries" / "acrylamides.csv"
CREW = Crew(2, 1.0, 1.0, 0.0, 5.0, (4, 4), True)
EXPERIENCE = Experience(
    directory="run", name="run", processor=None, simulation=SimulationSettings(),
    steps=("warhead-ea",), objectives=(), hit_utility=0.8, usages=(), attempts=40, results=40,
    failed=0, passed={}, hits=None, round_seconds=None, result_bytes=None, circuits=(),
)  # fmt: skip


class Measured(Inline):
    """Computes in this process, and says a memory as a child process would."""

    def wait(self, timeout_s: float) -> list[Completed]:
        return [
            replace(
                done,
                outcomes=tuple(
                    replace(one, usage=replace(one.usage, peak_memory_mb=400.0))
                    for one in done.outcomes
                ),
            )
            for done in super().wait(timeout_s)
        ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign of four acrylamides, computed cheaply."""
    folder = tmp_path_factory.mktemp("plan")
    names = ("C=CC(N)=O", "C=CC(=O)NC", "CC=CC(N)=O", "CC(=C)C(N)=O")
    (folder / "library.smi").write_text("\n".join(names))
    document = {
        "campaign": {"rounds": 2, "batch": 2},
        "library": {"path": "library.smi"},
        "generator": {"share": 0.0},
        "objective": [{"name": "warhead-ea", "transform": "at_least", "low": -8.0}],
        "simulation": {"basis": "sto-3g", "density_fit": False, "conformers": 1},
        "report": {"hit_utility": 0.5},
    }
    file = CampaignFile.from_document(document, folder=folder, source="test")
    execution.begin(file, folder / "run", executor=Measured())
    return folder / "run"


@pytest.fixture(scope="module")
def quickstart() -> molq.Plan:
    return molq.plan(QUICKSTART, workers=2)


def law_of(seconds: float, power: float = 0.0) -> PowerLaw:
    return PowerLaw(Prior(seconds, power, doubt=1e-3, noise=1e-3))


def stage(name: str, seconds: float, **cut) -> Stage:
    laws = CostLaws(measuredtables.costs(), SimulationSettings()).of(("warhead-ea",))
    return Stage(name, "", replace(laws[0], cpu=law_of(seconds)), **cut)


def followed(stages, number=1000, sizes=(20,), crew=CREW, **told):
    told = {"run_doubt": 0.0, "exact": False, "chosen": False, "seed": 1} | told
    return forecast(sizes, number, stages, crew, attempts=Share(1e9, 1.0, ""), **told)


# a campaign, and a library


def test_a_plan_of_the_quickstart_holds_what_its_runs_took(quickstart: molq.Plan) -> None:
    """Three runs of it on two cores took 238 to 283 CPU s and 144 s by the clock."""
    for seconds in (238, 283):
        assert quickstart.core_seconds.low < seconds < quickstart.core_seconds.high
    assert quickstart.wall_seconds.low < 144 < quickstart.wall_seconds.high
    assert 969 < quickstart.memory.each_mb < 3000  # MB, the largest peak of those runs
    assert quickstart.evaluated == Estimate.exactly(24)
    assert quickstart.rounds == 3
    assert quickstart.library.taken == 75
    assert quickstart.hits is not None
    assert "assumed" in quickstart.hits.source


def test_nothing_is_computed() -> None:
    program = (
        f"import sys, molq; molq.plan({str(ACRYLAMIDES)!r}, ['warhead-ea', 'redox']); "
        "sys.stdout.write(repr([m for m in ('pyscf', 'qiskit', 'ray') "
        "if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]", done.stderr


def test_rows_are_refused_with_their_reasons_and_the_rest_is_estimated(tmp_path: Path) -> None:
    library = tmp_path / "library.smi"
    good = [f"C=CC(=O)N{'C' * n}" for n in range(1, 31)]
    library.write_text("\n".join([*good, *["CCO"] * 30, *["not a molecule"] * 30]))
    whole = molq.plan(library)
    assert (whole.library.rows, whole.library.taken) == (90, 30)
    refused = dict(whole.library.refused)
    assert refused["recipe: warhead-ea does not apply"] == 1  # the other 29 repeat the first
    assert whole.library.duplicates == 29
    assert sum(refused.values()) + whole.library.duplicates + whole.library.taken == 90
    part = molq.plan(library, sample=45, seed=3)
    assert part.library.is_sampled
    assert part.library.looked_at == 45
    assert part.library.expected == round(90 * part.library.taken / 45)
    assert any("45 of 90 rows" in note for note in part.notes)
    assert part.evaluated.low < part.library.expected < part.evaluated.high
    assert part.evaluated.high <= 90


def test_a_library_without_a_molecule_for_the_recipe_says_so(tmp_path: Path) -> None:
    library = tmp_path / "library.smi"
    library.write_text("CCO\nCCC\n")
    plan = molq.plan(library)
    assert plan.evaluated.high == 0
    assert plan.core_seconds.high == 0
    assert plan.warnings[0].startswith("nothing would be computed: 2 rows are refused by recipe")


def test_a_campaign_whose_filters_leave_nothing_computes_nothing(tmp_path: Path) -> None:
    (tmp_path / "library.smi").write_text("C=CC(=O)NC\nC=CC(=O)NCC\n")
    file = tmp_path / "campaign.toml"
    file.write_text(
        '[library]\npath = "library.smi"\n[generator]\nshare = 0.0\n'
        "[filters]\nmax_heavy_atoms = 2\n"
        '[[objective]]\nname = "warhead-ea"\ntransform = "at_least"\nlow = -8.0\n'
    )
    plan = molq.plan(file)
    nothing = Estimate.exactly(0)
    assert (plan.evaluated, plan.core_seconds, plan.energies) == (nothing, nothing, nothing)
    assert plan.rounds == 0
    assert plan.hits is not None
    assert plan.hits.leads == nothing
    assert "nothing would be computed: 2 rows are refused by filter" in plan.warnings[0]
    assert run_arguments(["plan", str(file)]) == 0


def mixed_library(path: Path, *, last: str, number: int = 305) -> None:
    """As many molecules with one site as with two, ordered by kind."""
    kinds = {
        "one": [f"C=CC(=O)NC{'C' * (n // 20)}C(=O)O{'C' * (1 + n % 20)}" for n in range(number)],
        "two": [
            f"C=CC(=O)NC{'C' * (n // 20)}N(C(=O)C=C){'C' * (1 + n % 20)}" for n in range(number)
        ],
    }
    ordered = sorted(kinds, key=lambda kind: kind == last)
    path.write_text("\n".join(smiles for kind in ordered for smiles in kinds[kind]))


def test_the_order_of_a_librarys_rows_does_not_decide_its_energies(tmp_path: Path) -> None:
    library = tmp_path / "library.smi"
    plans = []
    for last in ("one", "two"):
        mixed_library(library, last=last)
        plans.append(molq.plan(library, seed=1, set={"library.max_heavy_atoms": 80}))
    for plan in plans:
        assert plan.evaluated == Estimate.exactly(610)
        assert plan.circuits.counted == 200
        assert plan.circuits.share == pytest.approx(200 / 610)
        # one site has two sectors, two have four: 305 of each
        true = 305 * 2 + 305 * 4
        assert plan.energies.low < true < plan.energies.high
        # 1.645 s sqrt(N + N^2 / n (1 - n / N)), s = 1
        assert plan.energies.high - plan.energies.middle == pytest.approx(
            1.645 * (610 + 610**2 / 200 * (1 - 200 / 610)) ** 0.5, rel=0.02
        )
        device = plan.devices[0]
        assert device.money.high / device.money.middle >= plan.energies.high / plan.energies.middle
    assert plans[0].energies.middle == pytest.approx(plans[1].energies.middle, rel=0.15)


def test_nine_in_ten_intervals_of_a_counted_sample_hold_the_library() -> None:
    """Drawn again and again, the energies of 610 molecules by 200 of them."""
    rng = np.random.default_rng(2)
    kinds = (circuit_kind(2.0),)
    inside = 0
    for _ in range(400):
        whole = rng.choice([2, 4], 610)
        seen = rng.choice(whole, 200, replace=False)
        told = Circuits(
            (replace(kinds[0], each=float(seen.mean())),), (), float(seen.std(ddof=1)), 200,
            200 / 610,
        )  # fmt: skip
        # the run's own molecules are drawn from the library, as a campaign draws them
        took = rng.choice(whole, 610).sum()
        among = told.among(Estimate.exactly(610))
        inside += among.low <= took <= among.high
    assert 0.86 < inside / 400 < 0.94


def circuit_kind(each: float) -> circuitforecast.CircuitForecast:
    one = Estimate.exactly(1.0)
    return circuitforecast.CircuitForecast(
        "warhead-ea", 4, 4, 2, 2, each, 8, one, one, 1, one, 1.0, 1.0, None, ""
    )


def test_exact_properties_are_looked_at_in_a_random_sample(tmp_path: Path) -> None:
    library = tmp_path / "library.smi"
    small = [f"C=CC(=O)NC{'C' * (n // 20)}O{'C' * (1 + n % 20)}" for n in range(250)]
    large = [f"C=CC(=O)NC{'C' * (n // 20)}S{'C' * (1 + n % 20)}" for n in range(250)]
    library.write_text("\n".join([*small, *large]))
    # sulfur's polar surface is not counted by default: only the ethers are above
    funnel = [{"stage": "tpsa", "at_least": 35.0}]
    plan = molq.plan(
        library, sample=450, set={"funnel": funnel, "library.max_heavy_atoms": 80}, seed=1
    )
    (first, _) = plan.stages
    assert " of 200 of the library" in first.basis
    assert 0.4 < first.passing.middle / first.molecules.middle < 0.6


def test_a_file_that_is_neither_campaign_nor_library_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "pyproject.toml"
    other.write_text('[project]\nname = "mine"\n')
    (tmp_path / "notes.md").write_text("# notes\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)))
    said = {
        other: "is neither a campaign nor a screen",
        tmp_path / "notes.md": "has an unknown format '.md'; give .csv",
        tmp_path / "folder": "is a folder and no run",
        tmp_path / "noise.csv": "noise.csv",
        tmp_path / "gone.toml": "does not exist",
        tmp_path / "gone.smi": "does not exist",
    }
    for target, words in said.items():
        assert run_arguments(["plan", str(target)]) == 2
        shown = capsys.readouterr().err
        assert words in shown
        assert shown.count("\n") == 1, shown


@pytest.mark.parametrize("table", [measuredtables.costs(), measuredtables.circuits()])
def test_the_command_of_a_shipped_table_is_one_that_runs(table) -> None:
    program, script, *words = table.command.split()
    done = subprocess.run(
        [sys.executable, str(ROOT / script), "--help"], capture_output=True, text=True, check=True
    )
    assert program == "python"
    options = set(re.findall(r"--\w+", done.stdout))
    required = set(re.findall(r" (--\w+) [A-Z]+(?= |$)", re.sub(r"\[.*?\]", "", done.stdout)))
    assert {word for word in words if word.startswith("--")} <= options
    assert required <= set(words)
    assert "--raw" in words


def test_wrong_calls_say_what_is_wrong(finished: Path) -> None:
    with pytest.raises(CallError, match="is a run: plan its campaign"):
        molq.plan(finished)
    with pytest.raises(CallError, match="says itself what is computed"):
        molq.plan(QUICKSTART, "redox")
    with pytest.raises(CallError, match="not in the prices file, which has ibm:"):
        molq.plan(ACRYLAMIDES, backend="ionq:forte")
    for told in ({"sample": 0}, {"workers": 0}, {"precision_mha": -1.0}, {"hit_share": 1.0}):
        with pytest.raises(CallError):
            molq.plan(ACRYLAMIDES, **told)


def test_a_funnel_of_a_screen_is_followed(tmp_path: Path) -> None:
    from rdkit.Chem import QED, MolFromSmiles

    names = [line.split(",")[-1] for line in ACRYLAMIDES.read_text().splitlines()[1:]]
    druglike = sum(QED.qed(MolFromSmiles(smiles)) >= 0.5 for smiles in names)
    plan = molq.plan(
        ACRYLAMIDES,
        set={
            "funnel": [
                {"stage": "qed", "at_least": 0.5},
                {"stage": "warhead-ea/gfn2_lumo", "keep": 0.5},
                {"stage": "predicted", "top": 5, "sample": 10},
            ]
        },
    )
    qed, lumo, predicted, whole = plan.stages
    assert qed.molecules == Estimate.exactly(75)
    assert qed.passing.middle == pytest.approx(druglike, abs=0.1)
    assert qed.core_seconds == Estimate.exactly(0)
    assert lumo.passing.middle == pytest.approx(druglike / 2, abs=0.1)
    # ten are computed to foresee the rest, of which five go on
    left = druglike / 2
    assert predicted.passing.middle == pytest.approx(5 + (left - 5) * 10 / left, abs=0.2)
    assert whole.molecules == predicted.passing
    assert whole.core_seconds.middle < 0.5 * molq.plan(ACRYLAMIDES).core_seconds.middle


# what runs teach


def test_a_run_teaches_its_costs_its_circuits_and_its_hits(finished: Path) -> None:
    settings = finished / "campaign.toml"
    unlearned = molq.plan(settings)
    plan = molq.plan(settings, learn_from=[finished])
    experience = read(finished)
    assert plan.learned_from == (str(finished),)
    assert plan.hits is not None
    assert f"of {experience.results} were leads in the runs" in plan.hits.source
    # with STO-3G nobody has measured but this run
    width = plan.core_seconds.high / plan.core_seconds.low
    assert width < unlearned.core_seconds.high / unlearned.core_seconds.low
    assert "records" in plan.circuits.kinds[0].basis


def test_a_run_that_computed_otherwise_is_not_learned_from(finished: Path) -> None:
    plan = molq.plan(ACRYLAMIDES, learn_from=[finished])
    assert plan.learned_from == ()
    assert any("basis sto-3g instead of 6-31g*" in note for note in plan.notes)


def test_calculations_of_a_run_move_the_law() -> None:
    table, settings = measuredtables.costs(), SimulationSettings()
    (before,) = CostLaws(table, settings).of(("warhead-ea",))
    run = replace(
        EXPERIENCE,
        usages=tuple(Usage("C=CC(=O)N" + "C" * n, "warhead-ea", 1, 50.0, 900) for n in range(40)),
    )
    (after,) = CostLaws(table, settings, [run]).of(("warhead-ea",))
    assert before.cpu.median(20) < 25
    assert after.cpu.median(20) == pytest.approx(50, rel=0.25)
    assert after.learned == 40


def test_what_recipes_share_is_paid_once() -> None:
    laws = CostLaws(measuredtables.costs(), SimulationSettings())
    alone = {name: laws.of((name,))[0].cpu.median(20) for name in ("warhead-ea", "warhead-st")}
    first, second = laws.of(("warhead-ea", "warhead-st"))
    assert first.cpu.median(20) == pytest.approx(alone["warhead-ea"])
    assert second.cpu.median(20) < 0.1 * alone["warhead-st"]
    stage_only = laws.of(("warhead-ea/gfn2_lumo",))[0].cpu.median(20)
    assert stage_only < alone["warhead-ea"]


def test_more_conformers_cost_more_and_another_basis_is_less_certain() -> None:
    def law(**told) -> PowerLaw:
        settings = SimulationSettings(**told)
        return CostLaws(measuredtables.costs(), settings).of(("warhead-ea",))[0].cpu

    assert law(conformers=30).median(20) > 1.3 * law().median(20)
    assert law(basis="def2-svp").upper(20) > 1.5 * law().upper(20)


@pytest.mark.parametrize("name", register.names())
def test_every_recipe_has_a_cost(name: str) -> None:
    (law,) = CostLaws(measuredtables.costs(), SimulationSettings()).of((name,))
    assert 0.1 < law.cpu.median(20) < 1000
    assert law.cpu.upper(20) > law.cpu.median(20)


# stages, workers and time


def test_cuts_leave_what_they_say() -> None:
    work = followed([stage("a", 1.0, keep=0.1), stage("b", 10.0, top=30), stage("c", 100.0)])
    a, b, c = work.stages
    assert a.molecules == Estimate.exactly(1000)
    assert b.molecules.middle == pytest.approx(100)
    assert c.molecules.middle == pytest.approx(30)
    expected = 1000 * 1 + 100 * 10 + 30 * 100
    assert np.median(work.core_seconds) == pytest.approx(expected, rel=0.01)


def test_a_share_that_nobody_knows_gives_a_wide_interval() -> None:
    unknown = followed([stage("a", 1.0, share=Share(1, 1, "unknown")), stage("b", 1.0)])
    seen = followed([stage("a", 1.0, share=Share(300, 700, "seen")), stage("b", 1.0)])
    assert unknown.stages[1].molecules.low < 100
    assert unknown.stages[1].molecules.high > 900
    assert seen.stages[1].molecules.low > 250
    assert seen.stages[1].molecules.high < 350


def test_a_round_with_a_barrier_waits_for_its_last_molecule() -> None:
    together = followed([stage("a", 60.0)], 8, crew=replace(CREW, waits=False, rounds=(8,)))
    apart = followed([stage("a", 60.0)], 8, crew=replace(CREW, workers=3))
    # 8 molecules of a minute: 4 after each other on 2 workers; in 2 rounds of 4, 2 and 2 on 3
    assert np.median(together.wall_seconds) == pytest.approx(4 * 60 + 1 + 5, rel=0.02)
    assert np.median(apart.wall_seconds) == pytest.approx(4 * 60 + 1 + 10, rel=0.02)


def test_the_interval_is_wider_where_a_run_is_less_certain() -> None:
    sure = followed([stage("a", 10.0)])
    unsure = followed([stage("a", 10.0)], run_doubt=0.4)
    assert np.ptp(sure.core_seconds) < 0.05 * np.median(sure.core_seconds)
    assert Estimate.of(unsure.core_seconds).high > 1.7 * np.median(sure.core_seconds)


def test_a_law_foretells_sums_of_calculations_it_was_taught_by() -> None:
    """Of sums of 30 calculations nine in ten lie inside: the law's own posterior, sampled."""
    rng = np.random.default_rng(5)
    inside = 0
    for trial in range(60):
        law = PowerLaw(Prior(10.0, 2.0, doubt=0.5, noise=0.3))
        for atoms in rng.integers(8, 35, 25):
            law.add(int(atoms), 12 * (atoms / 20) ** 2.3 * np.exp(rng.normal(0, 0.3)))
        sizes = rng.integers(8, 35, 30)
        took = (12 * (sizes / 20) ** 2.3 * np.exp(rng.normal(0, 0.3, 30))).sum()
        template = stage("a", 1.0)
        assert template.law is not None
        told = replace(template, law=replace(template.law, cpu=law))
        found = Estimate.of(
            followed([told], 30, sizes.tolist(), exact=True, seed=trial).core_seconds
        )
        inside += found.low <= took <= found.high
    assert 46 <= inside <= 60


# circuits, shots, devices and money


def test_the_measured_circuits_agree_with_what_is_known_of_them() -> None:
    rows = measuredtables.circuits().rows
    assert {row.orbitals for row in rows} >= {2, 4, 6}
    for row in rows:
        plain = row.mappings["jordan-wigner"]
        assert plain.qubits == 2 * row.orbitals
        assert row.mappings["parity"].qubits == 2 * row.orbitals - 2
        assert row.error_mha <= 0.1
        assert all(m.qubits <= plain.qubits for m in row.mappings.values())


def test_shots_fall_with_the_square_of_the_error(quickstart: molq.Plan) -> None:
    finer = molq.plan(QUICKSTART, precision_mha=0.8, set={"generator.share": 0.0})
    for coarse, fine in zip(quickstart.circuits.kinds, finer.circuits.kinds, strict=False):
        assert coarse.qubits == 8
        assert fine.shots.middle == pytest.approx(4 * coarse.shots.middle, rel=1e-4)


def test_a_space_nobody_measured_is_told_by_its_neighbours() -> None:
    table = measuredtables.circuits()
    few = table.model_copy(update={"rows": tuple(r for r in table.rows if r.orbitals <= 4)})
    found = circuitforecast.forecast(
        ("photo-st-gap",), ["c1ccccc1"], SimulationSettings(), 1.6, few, []
    )
    benzene = next(k for k in found.kinds if (k.n_alpha, k.n_beta) == (3, 3))
    real = circuitforecast.forecast(
        ("photo-st-gap",), ["c1ccccc1"], SimulationSettings(), 1.6, table, []
    )
    measured = next(k for k in real.kinds if (k.n_alpha, k.n_beta) == (3, 3))
    assert benzene.qubits == measured.qubits == 12
    assert "scaled" in benzene.basis
    ratio = benzene.two_qubit_gates.middle / measured.two_qubit_gates.middle
    assert 0.2 < ratio < 5


def test_classical_is_said_to_be_cheaper_with_the_factor(quickstart: molq.Plan) -> None:
    ibm = next(device for device in quickstart.devices if device.backend == "ibm:")
    assert ibm.factor is not None
    assert ibm.factor > 1e6
    assert any(
        "classical is cheaper for the same answer" in w and "ibm:" in w for w in quickstart.warnings
    )
    assert any('solver = "casci"' in warning for warning in quickstart.warnings)
    assert any("end without an error" in warning for warning in quickstart.warnings)
    # 2 s a job and 0.35 ms a shot, at 1.60 USD a second
    price = prices.read().of("ibm:")
    assert price is not None
    assert ibm.seconds is not None
    expected = 2.0 * ibm.energies.middle + 0.00035 * ibm.shots.middle
    assert ibm.seconds.middle == pytest.approx(expected, rel=0.05)
    assert ibm.money.middle == pytest.approx(1.6 * ibm.seconds.middle)


def test_noise_is_warned_of_where_it_drowns_the_circuit_and_not_elsewhere(tmp_path: Path) -> None:
    library = tmp_path / "library.smi"
    library.write_text("C=CS(C)(=O)=O\n")  # two functions: circuits of a few gates
    short = molq.plan(library).warnings
    assert not any("two-qubit gates" in warning for warning in short)
    layered = molq.plan(library, set={"simulation.ansatz": "uccsd"}).warnings
    assert not any("two-qubit gates" in warning for warning in layered)
    library.write_text("C=Cc1ccccc1\n")
    (long,) = (w for w in molq.plan(library, "photo-st-gap").warnings if "two-qubit" in w)
    assert "too long for any device of today" in long


def test_a_device_that_takes_one_circuit_a_job_is_billed_for_each(quickstart: molq.Plan) -> None:
    braket = next(device for device in quickstart.devices if device.backend == "braket:cepheus")
    assert braket.seconds is None  # the prices file does not say how long a shot takes
    expected = 0.30 * braket.circuits.middle + 0.000425 * braket.shots.middle
    assert braket.money.middle == pytest.approx(expected, rel=0.05)


def test_old_prices_are_told(quickstart: molq.Plan) -> None:
    known = prices.read()
    day = known.oldest
    assert known.age_days(day + datetime.timedelta(days=10)) == 10
    fresh = replace(quickstart, warnings=(), notes=())
    old = known.model_copy(
        update={"core": known.core.model_copy(update={"date": datetime.date(2020, 1, 1)})}
    )
    file = CampaignFile.from_toml(QUICKSTART)
    told = advice.given(fresh, file, old, sampled=False)
    assert any("2020-01-01" in warning and "--prices" in warning for warning in told.warnings)


def test_a_campaign_on_a_device_is_planned_for_its_own_precision() -> None:
    plan = molq.plan(
        ACRYLAMIDES,
        set={
            "simulation.backend": "ibm:torino", "simulation.solver": "vqe-circuit",
            "simulation.precision_mha": 0.5, "simulation.max_shots": 10_000,
        },
    )  # fmt: skip
    assert plan.precision_mha == 0.5
    assert [device.backend for device in plan.devices] == ["ibm:torino"]
    assert any("max_shots allows 10000" in warning for warning in plan.warnings)
    assert plan.hits is None  # a screen without objectives wants nothing in particular
    assert any("this run measures its energies for" in warning for warning in plan.warnings)


def test_a_device_without_a_price_is_named(tmp_path: Path) -> None:
    library, known = tmp_path / "library.smi", tmp_path / "prices.toml"
    library.write_text("C=CS(C)(=O)=O\n")
    known.write_text(
        'simulators = ["exact"]\n[core]\nwhat = "mine"\nper_hour = 0.05\nsource = "bill"\n'
        f"date = {datetime.date.today()}\n"
    )
    on = {"simulation.backend": "ibm:torino", "simulation.solver": "vqe-circuit"}
    plan = molq.plan(library, prices=known, set=on)
    assert plan.devices == ()
    assert any("ibm:torino is not in the prices file" in line for line in plan.warnings)


def test_a_run_that_measures_without_a_price_shows_its_circuits_and_its_noise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "prices.toml"
    known.write_text(
        'simulators = ["exact"]\n[core]\nwhat = "mine"\nper_hour = 0.05\nsource = "bill"\n'
        f"date = {datetime.date.today()}\n"
    )
    wish = {"name": "warhead-ea", "transform": "at_least", "low": -5.0}
    on = {"simulation.backend": "ibm:torino", "simulation.solver": "vqe-circuit"}
    plan = molq.plan(ACRYLAMIDES, prices=known, sample=5, set={**on, "objective": [wish]})
    assert any("end without an error" in line for line in plan.of_circuits)
    assert plan.hits is not None
    assert plan.hits.unpriced == ("ibm:torino",)
    plantables.write_short(plan, with_devices=False)
    shown = capsys.readouterr()
    assert "warhead-ea (4e, 4o) 2a 2b" in shown.out
    assert "without ibm:torino, of no known price" in shown.out
    assert "end without an error" in shown.err
    free = molq.plan(ACRYLAMIDES, sample=5, set={**on, "objective": [wish]})
    assert free.hits is not None
    assert free.hits.unpriced == ()


def test_a_space_that_a_device_is_too_small_for_has_no_shots(
    capsys: pytest.CaptureFixture[str],
) -> None:
    on = {"simulation.solver": "vqe-circuit", "simulation.mitigation": ["readout", "zne"]}
    small = molq.plan(ACRYLAMIDES, sample=5, set={**on, "simulation.backend": "fake:manila"})
    assert "4 orbitals need 6 qubits, more than fake:manila has" in small.warnings[0]
    assert not any("shots of a" in line for line in small.warnings)
    assert all(kind.device is None for kind in small.circuits.kinds)
    plantables.write_short(small, with_devices=False)
    assert "does not fit" in capsys.readouterr().out
    large = molq.plan(ACRYLAMIDES, sample=5, set={**on, "simulation.backend": "fake:nairobi"})
    assert all(kind.fits and kind.device is not None for kind in large.circuits.kinds)
    assert any("whose time is not foretold" in line for line in large.warnings)
    assert any("end without an error" in line for line in large.warnings)


def test_a_lead_of_a_run_on_a_device_costs_its_share_of_the_device() -> None:
    wish = {"name": "warhead-ea", "transform": "at_least", "low": -5.0}
    on = {"simulation.backend": "ibm:torino", "simulation.solver": "vqe-circuit"}
    plan = molq.plan(ACRYLAMIDES, set={**on, "objective": [wish]}, hit_share=0.2)
    assert plan.hits is not None
    assert plan.hits.leads.middle == pytest.approx(15, rel=0.01)
    (device,) = plan.devices
    expected = device.money.middle / plan.hits.leads.middle
    assert plan.hits.money_each.middle == pytest.approx(expected, rel=0.02)


# mitigation, and circuits that belong to no energy


def test_mitigation_costs_the_circuits_and_shots_that_a_measurement_plans() -> None:
    table = measuredtables.circuits()
    small = table.model_copy(update={"rows": tuple(r for r in table.rows if r.smiles == "CC")})

    def told(*kinds: str) -> circuitforecast.DeviceForecast:
        settings = SimulationSettings(backend="fake:torino", mitigation=kinds)
        (kind,) = circuitforecast.forecast(("ch-bde",), ["CC"], settings, 1.6, small, []).kinds
        assert kind.device is not None
        return kind.device

    plain, readout, both = told(), told("readout"), told("zne", "readout")
    assert plain.settings == 4
    assert (plain.circuits, readout.circuits, both.circuits) == (4, 4 + 2, 3 * 4 + 2)
    assert both.mitigation == ("readout", "zne")
    assert plain.shots.middle < readout.shots.middle < both.shots.middle
    spread = small.rows[0].mappings["parity"].device
    assert spread is not None
    assert readout.shots.middle == np.ceil((spread.mitigated["readout"] / 1.6e-3) ** 2)


@pytest.mark.parametrize("row", measuredtables.circuits().rows)
def test_every_measured_device_circuit_has_its_mitigation(row) -> None:
    for mapped in row.mappings.values():
        if mapped.device is not None:
            assert set(mapped.device.mitigated) == {"readout", "zne", "readout, zne"}
            assert mapped.device.mitigated["readout"] > mapped.device.spread


def forecasts_on_torino(*kinds: str) -> tuple[circuitforecast.CircuitForecast, ...]:
    settings = SimulationSettings(backend="ibm:torino", mitigation=kinds)
    table = measuredtables.circuits()
    found = circuitforecast.forecast(("warhead-ea",), ["C=CC(N)=O"], settings, 1.0, table, [])
    return found.kinds


def test_an_extrapolation_through_noise_is_told_from_one_of_the_state() -> None:
    """A line through scales 1, 3, 5 widens by 11/6 however much noise there is."""
    assert all(kind.device and kind.device.blind == 0 for kind in forecasts_on_torino())
    for kind in forecasts_on_torino("zne"):
        assert kind.device is not None
        assert kind.device.is_blind
        assert 0 < kind.device.blind <= kind.device.spaces
    table = measuredtables.circuits()
    lines = curves = 0
    for row in table.rows:
        for mapped in row.mappings.values():
            if mapped.device is None or mapped.device.two_qubit_gates == 0:
                assert not circuitforecast._is_blind(mapped, ("zne",))
                continue
            assert not circuitforecast._is_blind(mapped, ("readout",))
            if mapped.device.survival > 0.6:  # short circuits fall towards the mixed state
                assert not circuitforecast._is_blind(mapped, ("zne",))
                curves += 1
            elif circuitforecast._is_blind(mapped, ("zne",)):
                lines += 1
            if mapped.device.survival < 0.2:
                assert circuitforecast._is_blind(mapped, ("readout", "zne"))
    assert lines > 20
    assert curves > 20


@pytest.mark.parametrize("kinds", [("zne",), ("readout", "zne")])
def test_no_error_is_promised_where_noise_is_extrapolated(kinds: tuple[str, ...]) -> None:
    on = {"simulation.backend": "ibm:torino", "simulation.solver": "vqe-circuit"}
    few = {**on, "simulation.mitigation": list(kinds), "simulation.max_shots": 50_000}
    plan = molq.plan(ACRYLAMIDES, sample=5, set=few)
    assert any("straight line through noise" in line for line in plan.of_circuits)
    (limited,) = (line for line in plan.warnings if "max_shots allows" in line)
    assert "no number of shots says" in limited
    assert "standard error" not in limited
    plain = molq.plan(ACRYLAMIDES, sample=5, set={**few, "simulation.mitigation": []})
    assert not any("straight line" in line for line in plain.warnings)
    (limited,) = (line for line in plain.warnings if "max_shots allows" in line)
    assert re.search(r"a standard error of about [\d.]+ mHa, beside what noise leaves", limited)


def test_a_run_takes_no_more_shots_than_it_may() -> None:
    on = {"simulation.backend": "ibm:torino", "simulation.solver": "vqe-circuit"}
    few = molq.plan(
        ACRYLAMIDES,
        set={**on, "simulation.mitigation": ["readout", "zne"], "simulation.max_shots": 50_000},
    )
    (device,) = few.devices
    assert device.shots.middle == pytest.approx(50_000 * device.energies.middle)
    assert device.circuits.middle == pytest.approx(214 * device.energies.middle, rel=0.1)
    assert any("max_shots allows 50000" in warning for warning in few.warnings)


def choosing(**told) -> CampaignFile:
    """The quickstart with batches chosen by circuits."""
    file = CampaignFile.from_toml(QUICKSTART)
    settings = {"batch": "qaoa", "backend": "ibm:torino"} | told
    return file.model_copy(update={"acquisition": file.acquisition.model_copy(update=settings)})


def samplings(file: CampaignFile) -> tuple[samplingforecast.SamplingForecast, ...]:
    """Of three rounds of 8, from 75 molecules of a library and a generator's."""
    library, proposals = population.Population(75, 75, 75, 0), population.Population(0, 64, 64, 0)
    return samplingforecast.forecast(file, (8, 8, 8), library, proposals, prices.read(), 2)


def test_circuits_that_choose_batches_are_counted(quickstart: molq.Plan) -> None:
    assert quickstart.samplings == ()
    (found,) = samplings(choosing())
    # of three rounds of 8 the first needs no circuit; the others have a problem for the
    # library's four places and one for the generator's, of more molecules than fit a circuit
    assert found.use == "batch"
    assert found.circuits == Estimate(4, 4, 8)
    assert found.shots.middle == 4 * 1024
    assert found.qubits == 12
    # 2 s a job and 0.35 ms a shot, at 1.60 USD a second
    assert found.money is not None
    assert found.money.middle == pytest.approx(1.6 * 4 * (2 + 0.00035 * 1024))
    (free,) = samplings(choosing(backend="aer"))
    assert free.money == Estimate.exactly(0)
    (unknown,) = samplings(choosing(backend="mine:device"))
    assert unknown.money is None
    (line,) = advice._unpriced(replace(quickstart, samplings=(unknown,)), sampled=False)
    assert "its 4 circuits that choose batches are counted and not priced" in line
    assert samplings(choosing(kind="random")) == ()
    waiting = choosing()
    at_once = waiting.campaign.model_copy(update={"barrier": False})
    (one_by_one,) = samplings(waiting.model_copy(update={"campaign": at_once}))
    # two workers: 2 molecules, then 6 alone, in two rounds
    assert one_by_one.circuits.low == 4
    assert one_by_one.circuits.middle == 2 * (2 + 6)
    assert one_by_one.circuits.high > 16


def test_what_circuits_cost_is_told_and_part_of_a_lead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "library.smi").write_text("\n".join(f"C=CC(=O)N{'C' * n}" for n in range(1, 31)))
    file = tmp_path / "campaign.toml"
    file.write_text(
        '[campaign]\nrounds = 2\nbatch = 4\nbarrier = true\n[library]\npath = "library.smi"\n'
        "[generator]\nshare = 0.0\n"
        '[acquisition]\nbatch = "qaoa"\nbackend = "ibm:torino"\n'
        '[[objective]]\nname = "warhead-ea"\ntransform = "at_least"\nlow = -8.0\n'
    )
    plan = molq.plan(file, hit_share=0.5)
    (found,) = plan.samplings
    # 26 molecules are left: more than one circuit of 20 takes
    assert found.circuits == Estimate(1, 1, 2)
    assert plan.hits is not None
    assert found.money is not None
    assert plan.hits.money_each.middle == pytest.approx(found.money.middle / 4, rel=0.02)
    plantables.write_short(plan, with_devices=False)
    assert "1 (1-2) circuits on ibm:torino" in capsys.readouterr().out
    assert plan.to_json()["samplings"][0]["use"] == "batch"


def test_most_batches_take_one_pass() -> None:
    rng = np.random.default_rng(0)
    for k in (4, 8):
        counted = []
        for seed in range(5):
            points = rng.normal(size=(60, 3))
            alike = np.exp(-np.square(points[:, None] - points[None]).sum(axis=2))
            problem = BatchProblem.scaled(rng.normal(size=60), alike, k, 0.5)
            seen: list[int] = []

            def best(qubo: QUBO, weight: int, seen: list[int] = seen) -> Samples:
                seen.append(weight)
                words = fixedweight.words(qubo.variables, weight)
                return gathered(qubo, unpacked(words, qubo.variables))

            decomposition.improved(
                problem, best, start=greedy(problem), seed=seed, whole=20, block=12
            )
            counted.append(len(seen))
        once = samplingforecast._parts(60, k, 1)
        assert np.median(counted) == once
        assert max(counted) <= samplingforecast._parts(60, k, 2)


@pytest.mark.parametrize(("qubits", "ones"), [(2, 1), (5, 2), (6, 5), (12, 6)])
def test_gates_of_a_batch_are_those_of_its_circuit(qubits: int, ones: int) -> None:
    from qiskit import transpile

    rng = np.random.default_rng(1)
    qubo = QUBO(rng.normal(size=qubits), np.triu(rng.normal(size=(qubits, qubits)), 1), 0.0)
    angles = fixedweight.Angles(np.full(2, 0.3), np.full(2, 0.4), 1.0, 0.0, 0)
    made = transpile(
        fixedweight.circuit(qubo, ones, angles), basis_gates=["cx", "rz", "sx", "x"],
        optimization_level=0,
    )  # fmt: skip
    assert made.num_nonlocal_gates() == samplingforecast.qaoa_gates(qubits, ones, 2)


def test_circuits_that_begin_molecules_are_counted() -> None:
    file = CampaignFile.from_toml(QUICKSTART)
    told = file.generator.model_copy(
        update={"prior": "qcbm", "scaffold": None, "backend": "ibm:torino"}
    )

    def starts(**changes) -> tuple[samplingforecast.SamplingForecast, ...]:
        settings = told.model_copy(update=changes)
        return samplings(file.model_copy(update={"generator": settings}))

    (found,) = starts()
    assert (found.use, found.circuits) == ("starts", Estimate(3, 3, 5))
    assert found.shots.middle == 3 * 4096
    assert (found.qubits, found.two_qubit_gates) == (12, 66)
    (once,) = starts(finetune=False)
    assert once.circuits == Estimate.exactly(1)
    assert starts(scaffold="C=CC(=O)N[*]") == ()
    assert starts(share=0.0) == ()


# the command


def test_the_command_prints_tables_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["plan", str(ACRYLAMIDES), "--recipe", "warhead-ea", "--solver", "casci"]
    assert run_arguments(call) == 0
    shown = capsys.readouterr()
    assert "core-hours" in shown.out
    assert "warhead-ea (4e, 4o)" not in shown.out
    assert run_arguments([*call, "--backend", "ibm:torino"]) == 0
    assert "warhead-ea (4e, 4o) 2a 2b" in capsys.readouterr().out
    assert run_arguments([*call, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["kind"] == "screen"
    assert record["library"]["rows"] == 75
    assert record["core_seconds"]["low"] < record["core_seconds"]["high"]
    assert record["circuits"]["kinds"][0]["qubits"] == 8
    assert run_arguments([*call, "--precision", "0"]) == 2
    assert capsys.readouterr().err == (
        "molq: precision: give a standard error in mHartree, above 0, e.g. 1.6\n"
    )


def test_what_matters_is_short_and_the_rest_is_there_when_asked_for(
    quickstart: molq.Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    plantables.write_short(quickstart, with_devices=False)
    shown = capsys.readouterr()
    words = ("24 computed in 3 rounds", "core-hours", "wall-clock", "one lead", "is assumed to be",
             "cheaper: the same energies take", "2 priced; --devices shows")  # fmt: skip
    assert all(word in shown.out for word in words)
    assert len(shown.out.splitlines()) < 15
    assert not re.search(r"\([^)]*\(", shown.out)  # no bracket inside of another
    assert "2a 2b" not in shown.out
    assert "warning" not in shown.err
    assert "remarks more: --verbose" in shown.err
    plantables.write_short(quickstart, with_devices=True)
    shown = capsys.readouterr()
    assert "warhead-ea (4e, 4o) 2a 2b" in shown.out
    assert "braket:cepheus" in shown.out
    assert "warning: classical is cheaper" in shown.err
    plantables.write_all(quickstart)
    shown = capsys.readouterr()
    assert all(word in shown.out for word in ("75 rows, 75 taken", "2a 2b", "known from", "disk"))
    assert "costs rest on" in shown.err


def test_only_runs_of_the_same_kind_are_kept() -> None:
    other = replace(EXPERIENCE, simulation=SimulationSettings(conformers=3))
    kept, notes = of_the_same([EXPERIENCE, other], SimulationSettings())
    assert kept == [EXPERIENCE]
    assert notes == ["run is not learned from: it computed with conformers 3 instead of 10"]


def test_figures_are_told_in_two_digits_and_a_fitting_unit() -> None:
    told = {0: "0", 0.0000033: "3.3e-6", 0.05: "0.05", 7.26: "7.3", 123.4: "120", 38637: "39,000",
            6.9e7: "6.9e7", 2.8e10: "2.8e10", 99.4: "99", 99.5: "100", 99.6: "100", 99.99: "100",
            999.6: "1,000", 9.96: "10", 9.99e6: "1.0e7", 0.0009996: "0.001",
            -99.6: "-100"}  # fmt: skip
    assert {value: figures.number(value) for value in told} == told
    assert figures.seconds(0.077) == "77 ms"
    assert figures.seconds(240) == "4 min"
    assert figures.duration(Estimate(3600, 7200, 36000)) == "120 (60-600) min"
    assert figures.duration(Estimate(1e6, 2e6, 3e6)) == "23 (12-35) days"
    assert figures.count(Estimate(23.6, 24.2, 24.4)) == "24"
    assert figures.count(Estimate(1000, 2000, 3000)) == "2,000 (1,000-3,000)"
