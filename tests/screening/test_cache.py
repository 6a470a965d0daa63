"""Scores of earlier runs: found by what they are computed from, and by nothing less."""

import hashlib
import sqlite3

import pytest
from faultyrecipe import FRAIL, SOURCE, number_score

from screening.candidate import Candidate
from screening.compute.evaluation import molecule_seed
from screening.compute.executor import Inline
from screening.funnel import cache as cachemodule
from screening.funnel.cache import Cache, check, method
from screening.funnel.funnel import FunnelStage
from screening.intake.library import LibrarySettings
from screening.intake.standardise import candidate as standardised
from screening.screen import ScreenPlan, run_screen
from screening.store.database import FILE, JournalError
from screening.store.journal import Journal
from simulation.settings import SimulationSettings

SOURCES = {"faulty": SOURCE, "frail": FRAIL}
MOLECULES = ["CCO", "CCN", "CCC", "CCCl", "CCBr", "CCF"]
FAST = SimulationSettings(basis="sto-3g", density_fit=False, conformers=1, solver="casci")


def of(smiles):
    found = standardised(smiles, origin="library")
    assert isinstance(found, Candidate)
    return found


def address(recipe="warhead-ea", smiles="C=CC(N)=O", seed=0, seeds="same", **settings):
    settings = SimulationSettings(**{**FAST.model_dump(), **settings})
    return Cache((), settings, seed, seeds=seeds).address(of(smiles), recipe)


@pytest.fixture
def screen(tmp_path, trace):
    """Screens the molecules into a folder, with the runs of other folders as cache."""

    def run(folder, *, cache=(), seed=0, seeds="same", recipes=("faulty",), molecules=None, **keys):
        library = tmp_path / f"{folder}.smi"
        library.write_text("\n".join(molecules or MOLECULES))
        settings = keys.pop("simulation", FAST)
        plan = ScreenPlan(
            LibrarySettings(path=library), recipes, seed=seed, simulation=settings, **keys
        )
        directory = tmp_path / folder
        known = {"simulation": settings.model_dump(mode="json")}
        with (
            Journal.create(directory, kind="screen", settings=known, environment={}) as journal,
            Cache(
                [tmp_path / name for name in cache], settings, seed, seeds=seeds, sources=SOURCES
            ) as archive,
        ):
            run_screen(
                journal=journal, plan=plan, executor=Inline(), sources=SOURCES, archive=archive
            )
            assert journal.finished
        return directory

    return run


def results(directory):
    with Journal.open(directory, readonly=True) as journal:
        return {r.candidate.smiles: r for r in journal.results()}


@pytest.mark.parametrize(
    "changes",
    [
        {"smiles": "C=CC(=O)NC"},
        {"seed": 1},
        {"recipe": "warhead-st"},
        {"basis": "6-31g*"},
        {"density_fit": True},
        {"conformers": 2},
        {"solvent": None},
        {"solver": "vqe"},
        {"conformer_search": "torsion-annealing"},
    ],
)
def test_what_a_value_is_a_function_of_changes_the_address(changes):
    assert address(**changes) != address()


@pytest.mark.parametrize(
    "changes",
    [
        {"threads": 4},
        {"queue_limit_s": 5},
        {"embed_timeout_s": 7},
        {"max_heavy_atoms": 50},
        {"ansatz": "adapt"},  # casci has no trial state
        {"max_shots": 1000},
    ],
)
def test_what_no_value_is_a_function_of_does_not(changes):
    assert address(**changes) == address()


def test_a_stage_is_a_function_of_no_more_than_its_steps():
    lumo = "warhead-ea/gfn2_lumo"
    assert address(lumo, solver="vqe") == address(lumo, basis="6-31g*") == address(lumo)
    assert address("warhead-ea/hf_lumo", basis="6-31g*") != address("warhead-ea/hf_lumo")
    assert address("warhead-ea/hf_lumo", solver="vqe") == address("warhead-ea/hf_lumo")


def test_versions_of_what_computes_change_the_address(monkeypatch):
    before = address()
    monkeypatch.setattr(cachemodule, "_version", lambda package: "9" if package == "pyscf" else "1")
    assert address() != before
    # of a recipe that uses no mean field it makes no difference
    stage = address("warhead-ea/gfn2_lumo")
    monkeypatch.setattr(cachemodule, "_version", lambda package: "1")
    assert address("warhead-ea/gfn2_lumo") == stage


def test_a_recipe_with_another_version_is_another_recipe(monkeypatch):
    from simulation.recipes.warhead_ea import WarheadEA

    before, stage = address(), address("warhead-ea/gfn2_lumo")
    monkeypatch.setattr(WarheadEA, "version", 2, raising=False)
    assert address() != before
    assert address("warhead-ea/gfn2_lumo") != stage


def test_a_sampled_score_is_one_of_its_backend_and_a_device_has_no_address():
    sampled = {"solver": "vqe-circuit", "backend": "aer"}
    assert address(**sampled) != address(solver="vqe-circuit")
    assert method("warhead-ea", SimulationSettings(**sampled)).is_sampled
    assert address(solver="vqe-circuit", backend="ibm:ibm_fez") == ""
    # what is computed before any circuit is not sampled, wherever circuits run
    assert not method(
        "warhead-ea/hf_lumo", SimulationSettings(solver="vqe-circuit", backend="ibm:ibm_fez")
    ).is_sampled


def test_nothing_is_computed_that_another_run_has_done(screen, trace):
    first = screen("first")
    written = hashlib.sha256((first / FILE).read_bytes()).hexdigest()
    assert len(trace.read_text().splitlines()) == len(MOLECULES)
    second = screen("second", cache=["first"], molecules=[*MOLECULES, "CCS"])
    assert len(trace.read_text().splitlines()) == len(MOLECULES) + 1
    then, now = results(first), results(second)
    assert {s: r.outcome for s, r in then.items()} == {s: now[s].outcome for s in then}
    for smiles in then:
        assert (now[smiles].attempt, now[smiles].cpu_seconds) == (0, 0.0)
    with Journal.open(second, readonly=True) as journal:
        assert journal.sources() == {str(first): len(MOLECULES)}
        assert len(journal.attempts()) == 1
    assert hashlib.sha256((first / FILE).read_bytes()).hexdigest() == written


def test_a_folder_that_was_moved_and_one_that_took_over_serve_as_well(screen, tmp_path, trace):
    screen("first")
    (tmp_path / "first").rename(tmp_path / "elsewhere")
    screen("second", cache=["elsewhere"])
    screen("third", cache=["second"])
    assert len(trace.read_text().splitlines()) == len(MOLECULES)


def test_another_seed_is_another_calculation_unless_any_will_do(screen, trace):
    screen("first")
    screen("strict", cache=["first"], seed=5)
    assert len(trace.read_text().splitlines()) == 2 * len(MOLECULES)
    loose = screen("loose", cache=["first"], seed=6, seeds="any")
    assert len(trace.read_text().splitlines()) == 2 * len(MOLECULES)
    for result in results(loose).values():
        seed = molecule_seed(0, result.candidate.inchikey)
        assert result.score.provenance.seed == seed
        assert result.score.flags[-1].endswith(f"computed with the seed {seed}")


def test_what_was_taken_over_with_another_seed_is_not_taken_for_one_with_this_seed(screen, trace):
    screen("first")
    screen("loose", cache=["first"], seed=6, seeds="any")
    begun = len(trace.read_text().splitlines())
    screen("strict", cache=["loose"], seed=6)
    assert len(trace.read_text().splitlines()) == begun + len(MOLECULES)
    screen("as first", cache=["loose"], seed=0)
    assert len(trace.read_text().splitlines()) == begun + len(MOLECULES)


def test_a_damaged_record_of_a_cache_is_computed_again(screen, tmp_path):
    folder = screen("first")
    with sqlite3.connect(folder / FILE) as db:
        db.execute("UPDATE results SET value = 0 WHERE inchikey LIKE 'LFQSCWFLJHTTHZ%'")
    db.close()
    with Cache([folder], FAST, 0, sources=SOURCES) as archive:
        assert archive.find(archive.address(of("CCO"), "faulty")) is None
        assert archive.find(archive.address(of("CCN"), "faulty")) is not None
        (line,) = archive.troubles()
        assert "LFQSCWFLJHTTHZ" in line


def test_a_sampled_score_wants_its_own_seed(screen, monkeypatch, tmp_path, trace):
    from faultyrecipe import RECIPE

    monkeypatch.setattr(
        RECIPE.__class__,
        "score",
        lambda self, work: _noisy(work.smiles, work.seed),
    )
    screen("first")
    settings = FAST
    with Cache([tmp_path / "first"], settings, 5, seeds="any", sources=SOURCES) as other:
        assert other.find(other.address(of("CCO"), "faulty")) is None
    with Cache([tmp_path / "first"], settings, 0, seeds="any", sources=SOURCES) as same:
        assert same.find(same.address(of("CCO"), "faulty")) is not None


def _noisy(smiles, seed):
    from dataclasses import replace

    return replace(number_score(smiles, seed), standard_error=0.01)


def test_behind_a_gate_a_known_score_is_taken_over_where_the_molecule_passes(screen, trace):
    screen("first")
    values = {s: number_score(s).value for s in MOLECULES}
    limit = sorted(values.values())[3]
    trace.write_text("")
    stages = (FunnelStage(stage="frail", at_least=limit),)
    second = screen("second", cache=["first"], funnel=stages)
    assert {line.split()[2] for line in trace.read_text().splitlines()} == {"frail"}
    with Journal.open(second, readonly=True) as journal:
        assert {r.candidate.smiles for r in journal.iterate_results(recipes=["faulty"])} == {
            s for s, v in values.items() if v >= limit
        }
        assert sum(journal.sources().values()) == 3
        assert journal.cut_counts() == {"frail": 3}
    # and with the stage known as well nothing at all is computed
    trace.write_text("")
    screen("third", cache=["first", "second"], funnel=stages)
    assert trace.read_text() == ""


def test_predictions_learn_from_the_runs_named_by_the_same_method_alone(screen, trace):
    screen("first")
    stages = (FunnelStage(stage="predicted", top=1, sample=5),)
    trace.write_text("")
    others = ["CCS", "CCCO", "CCCN", "CCCCl"]
    second = screen("second", cache=["first"], molecules=others, funnel=stages)
    assert len(trace.read_text().splitlines()) == 1  # six results were at hand: no sample
    with Journal.open(second, readonly=True) as journal:
        assert "learned from 6 results of faulty" in journal.events()[-1].message
    trace.write_text("")
    third = screen(
        "third",
        cache=["first"],
        molecules=others,
        funnel=stages,
        simulation=FAST.model_copy(update={"basis": "6-31g*"}),
    )
    with Journal.open(third, readonly=True) as journal:
        assert "learned from 4 results of faulty" in journal.events()[-1].message
    assert len(trace.read_text().splitlines()) == 4


def test_a_run_with_settings_of_another_version_teaches_nothing_and_says_so(tmp_path):
    old = tmp_path / "old"
    known = {"simulation": {"forgotten": 1}}
    Journal.create(old, kind="screen", settings=known, environment={}).close()
    with Cache([old], FAST, 0, sources=SOURCES) as archive:
        assert list(archive.values("faulty")) == []
        (line,) = archive.troubles()
    assert str(old) in line
    assert "forgotten" in line


def test_a_cache_that_is_none_is_refused_with_a_remedy(tmp_path):
    with pytest.raises(JournalError, match=r"does not exist: give the --out of an earlier run"):
        check([tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(JournalError, match="is not a run's folder"):
        check([tmp_path / "empty"])


def test_a_journal_itself_names_its_run(screen, tmp_path):
    folder = screen("first")
    check([folder / FILE])
    with Cache([folder / FILE], FAST, 0, sources=SOURCES) as archive:
        found = archive.find(archive.address(of("CCO"), "faulty"))
        assert found.source == str(folder)


def test_a_real_baseline_alone_is_that_of_the_full_score_and_both_are_found_again(screen, tmp_path):
    acrylamide = "C=CC(N)=O"
    full = screen("full", recipes=("warhead-ea",), molecules=[acrylamide])
    stages = tuple(
        FunnelStage(stage=f"warhead-ea/{name}", at_most=9.0) for name in ("gfn2_lumo", "hf_lumo")
    )
    alone = screen("alone", recipes=("warhead-ea",), molecules=[acrylamide], funnel=stages)
    score = results(full)[acrylamide].score
    with Journal.open(alone, readonly=True) as journal:
        found = {r.recipe: r.score for r in journal.results()}
        cost = journal.core_seconds()
    for stage in stages:
        name = stage.stage.partition("/")[2]
        beside = found["warhead-ea"].baselines[name]
        assert found[stage.stage].value == beside.value  # one geometry: to the last bit
        assert found[stage.stage].unit == beside.unit
        assert beside.value == pytest.approx(score.baselines[name].value, abs=1e-9)
    assert found["warhead-ea"].value == pytest.approx(score.value, abs=1e-9)
    assert "meanfield" not in found["warhead-ea/gfn2_lumo"].provenance.timings
    # the geometry was computed for the first stage and served the others
    assert "geometry" in found["warhead-ea/gfn2_lumo"].provenance.timings
    assert "geometry" not in found["warhead-ea"].provenance.timings
    assert set(cost) == {"warhead-ea/gfn2_lumo", "warhead-ea/hf_lumo", "warhead-ea"}
    again = screen(
        "again",
        recipes=("warhead-ea",),
        molecules=[acrylamide],
        funnel=stages,
        cache=["full", "alone"],
    )
    with Journal.open(again, readonly=True) as journal:
        assert journal.attempts() == []
        assert {r.recipe: r.score for r in journal.results()}["warhead-ea"] == score
        assert journal.sources() == {str(full): 1, str(alone): 2}
