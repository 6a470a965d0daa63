"""The funnel of a screen: what each stage cuts, what it costs, and what an interruption leaves."""

import csv
import json
import math

import numpy as np
import pytest
from faultyrecipe import FRAIL, PLANS, SOURCE, number_score
from hypothesis import given
from hypothesis import strategies as st

from screening.compute.executor import Inline
from screening.compute.gate import Gate
from screening.funnel.funnel import Funnel, FunnelStage, check, end_of
from screening.funnel.predictedstage import favoured
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.progress import StagePassed
from screening.scorers import value as exact
from screening.screen import ScreenPlan, run_screen
from screening.store.journal import Journal
from screening.surrogate import Prediction, SurrogateSettings

SOURCES = {"faulty": SOURCE, "frail": FRAIL}
MOLECULES = [
    "CCO", "CCN", "CCC", "CCCl", "CCBr", "CCF", "CCOC", "CCNC", "c1ccccc1", "Cc1ccccc1",
    "CC(=O)O", "CC(N)=O", "C=CC(N)=O", "CC(C)O", "CC#N", "C1CCCCC1",
]  # fmt: skip
VALUES = {smiles: number_score(smiles).value for smiles in MOLECULES}  # of both recipes


def stage(**keys):
    return FunnelStage(**keys)


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "library.smi"
    path.write_text("\n".join(MOLECULES))
    return path


@pytest.fixture
def screened(tmp_path, library, trace):
    """Runs a screen with these stages in a folder, or goes on with it."""

    def run(*stages, folder="run", stop_after=None, **keys):
        plan = ScreenPlan(LibrarySettings(path=library), ("faulty",), funnel=tuple(stages), **keys)
        lines = []

        def listen(event):
            if isinstance(event, StagePassed):
                lines.append(event.line)
            if stop_after is not None and len(trace.read_text().splitlines()) >= stop_after:
                raise KeyboardInterrupt

        directory = tmp_path / folder
        journal = (
            Journal.open(directory)
            if directory.exists()
            else Journal.create(directory, kind="screen", settings={}, environment={})
        )
        with journal:
            try:
                run_screen(
                    journal=journal,
                    plan=plan,
                    executor=Inline(),
                    on_event=listen,
                    sources=SOURCES,
                )
            except KeyboardInterrupt:
                assert stop_after is not None
        return directory, lines

    return run


def rows(directory):
    with (directory / "results.csv").open(newline="") as file:
        return {row["smiles"]: row for row in csv.DictReader(file)}


def statuses(directory):
    return {smiles: row["status"] for smiles, row in rows(directory).items()}


def computed(trace, recipe):
    """SMILES that a recipe was begun for; "faulty" leaves no name in its trace."""
    lines = [line.split() for line in trace.read_text().splitlines()]
    return [line[0] for line in lines if line[2:] == ([] if recipe == "faulty" else [recipe])]


def test_limits_cut_and_nothing_behind_them_is_computed(screened, trace):
    directory, _ = screened(stage(stage="frail", at_least=-5.0))
    passed = {smiles for smiles, value in VALUES.items() if value >= -5.0}
    assert 0 < len(passed) < len(MOLECULES)
    assert {s for s, status in statuses(directory).items() if status == "scored"} == passed
    assert {s for s, status in statuses(directory).items() if status == "cut"} == (
        set(MOLECULES) - passed
    )
    assert sorted(computed(trace, "frail")) == sorted(MOLECULES)
    assert sorted(computed(trace, "faulty")) == sorted(passed)
    cut = next(s for s in MOLECULES if s not in passed)
    row = rows(directory)[cut]
    assert row["message"] == f"frail: {VALUES[cut]:.5g} eV is below -5"
    assert float(row["frail [eV]"]) == pytest.approx(VALUES[cut])
    assert row["faulty [eV]"] == ""


def test_the_whole_way_of_a_molecule_is_one_job_on_one_geometry(screened):
    directory, _ = screened(stage(stage="frail", at_least=-5.0))
    with Journal.open(directory, readonly=True) as journal:
        attempts = journal.attempts()
        by_molecule = {}
        for attempt in attempts:
            by_molecule.setdefault(attempt.inchikey, []).append(attempt)
        whole = [tried for tried in by_molecule.values() if tried[-1].outcome == "scored"]
        # both recipes of a job are begun together, whichever of them is reached
        assert all([a.recipe for a in tried] == ["frail", "faulty"] for tried in whole)
        assert {len(tried) for tried in by_molecule.values()} == {2}
        cut = {cut.inchikey for cut in journal.cuts()}
        unreached = {a.inchikey for a in attempts if a.outcome is None}
        assert unreached == cut
        assert journal.finished


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"top": 4, "best": "higher"}, lambda order: order[-4:]),
        ({"top": 4, "best": "lower"}, lambda order: order[:4]),
        ({"keep": 0.25}, lambda order: order[-4:]),  # the recipe calls higher better
    ],
)
def test_the_best_of_all_go_on(screened, trace, keys, expected):
    directory, lines = screened(stage(stage="frail", **keys))
    order = sorted(MOLECULES, key=VALUES.__getitem__)
    assert set(computed(trace, "faulty")) == set(expected(order))
    assert {s for s, status in statuses(directory).items() if status == "scored"} == set(
        expected(order)
    )
    assert len(lines) == 1
    assert "12 of 16 molecules cut" in lines[0]


def test_exact_properties_cut_before_anything_is_computed(screened, trace):
    directory, _ = screened(
        stage(stage="heavy-atoms", at_most=4), stage(stage="frail", at_least=-5.0)
    )
    small = {s for s in MOLECULES if exact("heavy-atoms", s) <= 4}
    assert set(computed(trace, "frail")) == small
    assert rows(directory)["c1ccccc1"]["message"] == "heavy-atoms: 6 is above 4"


def test_a_share_of_an_exact_property_waits_for_the_library(screened, trace):
    screened(stage(stage="logp", keep=0.5, best="lower"))
    order = sorted(MOLECULES, key=lambda s: exact("logp", s))
    assert set(computed(trace, "faulty")) == set(order[:8])


def test_molecules_with_the_last_value_that_goes_on_stay_together(screened, trace):
    screened(stage(stage="heavy-atoms", top=1, best="lower"))
    assert set(computed(trace, "faulty")) == {s for s in MOLECULES if exact("heavy-atoms", s) == 3}


def test_what_fails_at_a_stage_fails_with_its_reason(screened, monkeypatch, tmp_path, trace):
    plans = {"CCF": {"mode": "input", "recipe": "frail"}, "CCO": {"mode": "bug", "recipe": "frail"}}
    (tmp_path / "plans.json").write_text(json.dumps(plans))
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    for folder, cut in (("limits", {"at_least": -9.0}), ("best", {"top": 14})):
        trace.write_text("")
        directory, _ = screened(stage(stage="frail", **cut), folder=folder)
        found = rows(directory)
        assert found["CCF"]["status"] == found["CCO"]["status"] == "failed"
        assert found["CCF"]["message"] == (
            "not begun, since frail failed: not a molecule for this recipe"
        )
        assert not {"CCF", "CCO"} & set(computed(trace, "faulty"))
        assert len(computed(trace, "faulty")) == 14
        with Journal.open(directory, readonly=True) as journal:
            assert journal.finished


@pytest.mark.parametrize(
    "stages",
    [
        (stage(stage="frail", at_least=-5.0),),
        (stage(stage="heavy-atoms", at_most=5), stage(stage="frail", top=4)),
        (stage(stage="logp", keep=0.5, best="lower"), stage(stage="frail", at_least=-6.0)),
        (stage(stage="predicted", keep=0.5, sample=4),),
    ],
)
@pytest.mark.parametrize("stop_after", [2, 11])
def test_an_interrupted_funnel_ends_as_one_that_was_not(screened, trace, stages, stop_after):
    whole, _ = screened(*stages, folder="whole")
    begun = sorted(trace.read_text().splitlines())
    trace.write_text("")
    screened(*stages, folder="stopped", stop_after=stop_after)
    stopped, _ = screened(*stages, folder="stopped")
    assert (stopped / "results.csv").read_text() == (whole / "results.csv").read_text()
    assert sorted(trace.read_text().splitlines()) == begun  # nothing was computed twice
    with Journal.open(whole) as one, Journal.open(stopped) as other:
        assert [(c.inchikey, c.stage, c.value) for c in one.cuts()] == [
            (c.inchikey, c.stage, c.value) for c in other.cuts()
        ]


def test_a_sample_in_which_some_fail_is_the_same_after_an_interruption(
    screened, trace, tmp_path, monkeypatch
):
    plans = {smiles: {"mode": "input"} for smiles in MOLECULES[::2]}
    (tmp_path / "plans.json").write_text(json.dumps(plans))
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    predicted = stage(stage="predicted", top=3, sample=8)
    keys = {"surrogate": SurrogateSettings(kind="random-forest")}
    whole, lines = screened(predicted, folder="whole", **keys)
    trace.write_text("")
    screened(predicted, folder="stopped", stop_after=6, **keys)
    stopped, resumed = screened(predicted, folder="stopped", **keys)
    assert resumed == lines
    assert (stopped / "results.csv").read_text() == (whole / "results.csv").read_text()


def test_a_killed_barrier_cuts_by_the_value_it_had_found(screened, tmp_path, monkeypatch):
    from screening.funnel import barrier

    stages = (stage(stage="frail", top=4),)
    written = Journal.add_cuts

    def dies(self, cuts):
        if list(cuts):
            raise KeyboardInterrupt
        written(self, cuts)

    monkeypatch.setattr(Journal, "add_cuts", dies)
    screened(*stages, stop_after=10**9)
    monkeypatch.setattr(Journal, "add_cuts", written)
    with Journal.open(tmp_path / "run") as journal:
        decided = barrier.verdict(journal, 0)
        assert decided.judged == 16
        assert not decided.done
        assert not list(journal.cuts())
    directory, _ = screened(*stages)
    best = sorted(MOLECULES, key=VALUES.__getitem__)[-4:]
    assert {s for s, status in statuses(directory).items() if status == "scored"} == set(best)
    with Journal.open(directory) as journal:
        assert barrier.verdict(journal, 0).at_least == decided.at_least == VALUES[best[0]]


def test_predictions_come_from_a_sample_and_spare_what_is_computed(screened, trace):
    directory, lines = screened(
        stage(stage="predicted", top=3, sample=5), surrogate=SurrogateSettings(kind="random-forest")
    )
    done = statuses(directory)
    assert list(done.values()).count("scored") == 8  # the sample, and the best three of the rest
    assert list(done.values()).count("cut") == 8
    assert len(computed(trace, "faulty")) == 8
    assert "learned from 5 results of faulty" in lines[0]
    assert "8 of 11 molecules cut" in lines[0]


def test_without_two_results_nothing_is_cut_by_predictions(screened, tmp_path, monkeypatch):
    plans = {smiles: {"mode": "input"} for smiles in MOLECULES}
    (tmp_path / "plans.json").write_text(json.dumps(plans))
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    directory, lines = screened(stage(stage="predicted", top=3, sample=4))
    assert set(statuses(directory).values()) == {"failed"}
    assert "learned from 0 results" in lines[0]


@given(
    mean=st.floats(-10, 10),
    std=st.floats(0, 5),
    low=st.floats(-5, 0),
    high=st.floats(0, 5),
    deviations=st.floats(0, 3),
)
def test_a_prediction_is_favoured_by_so_many_deviations_and_no_more(
    mean, std, low, high, deviations
):
    limits = stage(stage="predicted", at_least=low, at_most=high, deviations=deviations)
    (found,) = favoured(Prediction(np.array([mean]), np.array([std])), limits, None)
    reach = deviations * std
    passes = Gate(low, high).passes(found)
    assert passes == (mean + reach >= low and mean - reach <= high)
    assert abs(found - mean) <= reach + 1e-12
    best = stage(stage="predicted", top=1, deviations=deviations)
    (up,) = favoured(Prediction(np.array([mean]), np.array([std])), best, "higher")
    assert up == mean + reach


@given(st.lists(st.floats(-5, 5), min_size=1), st.integers(1, 40))
def test_a_barrier_keeps_the_best_and_all_that_equal_the_last_of_them(values, top):
    from screening.funnel.barrier import _best

    for end, sign in (("higher", 1), ("lower", -1)):
        decided = _best(np.array(values), stage(stage="frail", top=top), end)
        gate = Gate(decided.at_least, decided.at_most)
        order = sorted(values, key=lambda x: -sign * x)
        kept = [value for value in values if gate.passes(value)]
        worst = order[min(top, len(order)) - 1]
        assert sorted(kept) == sorted(v for v in values if sign * v >= sign * worst)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"stage": "qed"}, "needs one cut"),
        ({"stage": "qed", "keep": 0.1, "top": 3}, "needs one cut"),
        ({"stage": "qed", "at_least": 0.5, "top": 3}, "needs one cut"),
        ({"stage": "qed", "at_least": 0.5, "best": "higher"}, "best goes with keep and top"),
        ({"stage": "qed", "at_least": 0.5, "at_most": 0.4}, "is above at_most"),
        ({"stage": "qed", "at_least": 0.5, "sample": 9}, "sample goes with 'predicted' alone"),
        ({"stage": "qed", "keep": 1.0}, "less than 1"),
    ],
)
def test_a_stage_that_says_nothing_clear_is_refused(keys, words):
    with pytest.raises(ValueError, match=words):
        stage(**keys)


@pytest.mark.parametrize(
    ("stages", "keys", "words"),
    [
        (({"stage": "qde", "at_least": 1},), {}, "did you mean 'qed'"),
        (({"stage": "warhead-ea/hf_pi_star", "at_most": 1},), {}, "there are: warhead-ea/gfn2"),
        (({"stage": "thiol-adduct/gfn2_lumo", "at_most": 1},), {}, "as a whole"),
        (({"stage": "qed", "keep": 0.1},), {}, 'say best = "higher"'),
        (({"stage": "qed", "at_least": 0.1}, {"stage": "qed", "at_most": 0.9}), {}, "stands twice"),
        (
            ({"stage": "warhead-ea/gfn2_lumo", "at_most": -7}, {"stage": "qed", "at_least": 0.1}),
            {},
            "put it first",
        ),
        (({"stage": "predicted", "of": "redox", "top": 3},), {}, "none of warhead-ea"),
        (({"stage": "predicted", "top": 3},), {"campaign": True}, "is for screens"),
        (({"stage": "warhead-ea/gfn2_lumo", "top": 3},), {"campaign": True}, "cut by at_least"),
        (
            ({"stage": "qed", "top": 3, "best": "higher"},),
            {"campaign": True, "library": False},
            "there is none",
        ),
    ],
)
def test_a_funnel_that_cannot_be_followed_is_refused_with_a_remedy(stages, keys, words):
    funnel = Funnel(tuple(stage(**s) for s in stages), ("warhead-ea",))
    with pytest.raises(ValueError, match=words):
        check(funnel, **keys)


@pytest.mark.parametrize(
    ("name", "wish", "end"),
    [
        ("warhead-ea/gfn2_lumo", None, "lower"),
        ("warhead-ea/gfn2_lumo", "minimize", "higher"),
        ("warhead-ea", "maximize", "higher"),
        ("predicted", None, "higher"),
        ("predicted", "minimize", "lower"),
    ],
)
def test_the_end_that_is_kept_follows_the_wish(name, wish, end):
    funnel = Funnel((stage(stage=name, top=3),), ("warhead-ea",))
    wishes = (
        ()
        if wish is None
        else (ObjectiveSettings(name="warhead-ea", transform=wish, low=-6, high=-4),)
    )
    assert end_of(funnel.stages[0], funnel, wishes) == end


def test_a_wish_for_a_window_has_no_best_end():
    funnel = Funnel((stage(stage="predicted", top=3),), ("warhead-ea",))
    window = ObjectiveSettings(name="warhead-ea", transform="window", low=-5, high=-4)
    with pytest.raises(ValueError, match="wants a window"):
        end_of(funnel.stages[0], funnel, (window,))


def test_a_gate_lets_no_nan_pass():
    assert not Gate().passes(math.nan)
    assert Gate(-1.0, 1.0).passes(1.0)
    assert not Gate(-1.0, 1.0).passes(1.1)
