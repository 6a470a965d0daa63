import functools
import json

import faultyrecipe
import pytest
from faultyrecipe import SOURCE, number_score
from hypothesis import given
from hypothesis import strategies as st

from screening.compute.evaluation import (
    LOST_WORKER,
    MAX_LOSSES,
    Evaluation,
    attempt_seed,
    decode,
    encode,
    molecule_seed,
    next_attempt,
    one_line,
)
from screening.failure import Failure
from simulation.settings import SimulationSettings

KINDS = st.sampled_from(["input", "convergence", "resource", "random"])
FAILURES = st.builds(
    Failure, KINDS, st.sampled_from(["geometry", "process", LOST_WORKER]), st.text(max_size=5)
)


@pytest.fixture
def plan(tmp_path, monkeypatch):
    def write(modes):
        path = tmp_path / "plans.json"
        path.write_text(json.dumps({s: {"mode": m} for s, m in modes.items()}))
        monkeypatch.setenv(faultyrecipe.PLANS, str(path))

    return write


def evaluate(smiles, name, settings, seed, source=None):
    return Evaluation(smiles, settings, seed).outcome(name, source)


def test_a_seed_is_that_of_the_molecule_and_the_campaign_alone():
    # Written down once: a journal must give the same numbers with every later version.
    assert molecule_seed(0, "BPCNEKWROYSOLT-UHFFFAOYSA-N") == 33847688
    assert molecule_seed(1, "BPCNEKWROYSOLT-UHFFFAOYSA-N") != molecule_seed(
        0, "BPCNEKWROYSOLT-UHFFFAOYSA-N"
    )
    assert attempt_seed(33847688, 0) == 33847688
    assert attempt_seed(33847688, 1) == 547178261


@given(st.integers(0, 2**63 - 1), st.text(max_size=27), st.integers(0, 9))
def test_seeds_fit_a_signed_32_bit_integer(campaign, inchikey, rung):
    seed = molecule_seed(campaign, inchikey)
    assert 0 <= seed < 2**31
    assert 0 <= attempt_seed(seed, rung) < 2**31


@given(st.lists(FAILURES, max_size=40), st.integers(1, 6))
def test_the_ladder_ends(failures, max_attempts):
    """Followed from the start, no sequence of failures is tried for ever."""
    made: list[Failure] = []
    for failure in failures:
        if next_attempt(made, max_attempts=max_attempts) is None:
            break
        made.append(failure)
    assert len(made) <= max_attempts + MAX_LOSSES
    assert sum(f.kind == "resource" for f in made) <= 2
    assert sum(f.kind == "input" for f in made) <= 1


@given(st.lists(FAILURES, max_size=6))
def test_input_is_never_tried_again(failures):
    failures = [*failures, Failure("input", "recipe", "")]
    assert next_attempt(failures, max_attempts=99) is None


def test_what_each_kind_of_failure_changes():
    def after(*failures):
        return next_attempt([Failure(k, s, "") for k, s in failures], max_attempts=3)

    assert (after().rung, after().resource_factor) == (0, 1)
    convergence = after(("convergence", "meanfield"))
    assert (convergence.rung, convergence.resource_factor) == (1, 1)
    resource = after(("resource", "process"))
    assert (resource.rung, resource.resource_factor) == (0, 2)
    assert after(("resource", "process"), ("resource", "process")) is None
    both = after(("random", "geometry"), ("resource", "process"))
    assert (both.rung, both.resource_factor) == (1, 2)
    assert after(*[("random", "geometry")] * 3) is None
    # A lost worker is not the molecule's doing: same seed, same limits.
    lost = after(*[("random", LOST_WORKER)] * (MAX_LOSSES - 1))
    assert (lost.rung, lost.resource_factor) == (0, 1)
    assert after(*[("random", LOST_WORKER)] * MAX_LOSSES) is None


@pytest.mark.parametrize(
    ("mode", "kind", "step", "words"),
    [
        ("input", "input", "recipe", "not a molecule for this recipe"),
        ("convergence", "convergence", "meanfield", "did not converge"),
        ("random", "random", "geometry", "no conformer"),
        ("huge", "resource", "recipe", "out of memory"),
        ("bug", "random", "recipe", "unexpected KeyError"),
    ],
)
def test_every_error_becomes_a_failure_on_one_line(plan, mode, kind, step, words):
    plan({"CCO": mode})
    failure = evaluate("CCO", "faulty", SimulationSettings(), 1, SOURCE)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.step) == (kind, step)
    assert words in failure.message
    assert "\n" not in failure.message


def test_unknown_recipes_are_a_matter_of_the_input():
    for name, source in (("nonesuch", None), ("x", "nonesuch:RECIPE"), ("x", "faultyrecipe:NO")):
        failure = evaluate("CCO", name, SimulationSettings(), 1, source)
        assert isinstance(failure, Failure)
        assert (failure.kind, failure.step) == ("input", "recipe")


def test_a_value_that_is_no_number_is_no_score(monkeypatch):
    score = number_score("CCO", value=float("nan"))
    monkeypatch.setattr(faultyrecipe.FaultyRecipe, "score", lambda self, work: score)
    failure = evaluate("CCO", "faulty", SimulationSettings(), 1, SOURCE)
    assert isinstance(failure, Failure)
    assert failure.kind == "convergence"


def test_outcomes_survive_the_way_through_text():
    score = number_score("CCO")
    assert decode(encode(score)) == score
    failure = Failure("random", "geometry", "no conformer – \u202e µ")
    assert decode(encode(failure)) == failure
    for text in ("[]", "{}", '{"guess": 1}', '{"failure": {"kind": "fate"}}', "not JSON"):
        with pytest.raises(ValueError):  # noqa: PT011 (each says something else)
            decode(text)


@given(st.text())
def test_messages_stay_on_one_line_of_bounded_length(text):
    line = one_line(text)
    assert len(line) <= 400
    assert len(line.splitlines()) <= 1


def test_an_unconverged_mean_field_is_a_failure(monkeypatch):
    """The real recipe, with a ladder too short for any molecule."""
    from dataclasses import replace

    from simulation import meanfield

    short = [replace(rung, max_cycles=1) for rung in meanfield.LADDER[:1]]
    monkeypatch.setattr(meanfield, "solve", functools.partial(meanfield.solve, ladder=short))
    settings = SimulationSettings(conformers=1, basis="sto-3g", density_fit=False)
    failure = evaluate("C=CC(N)=O", "warhead-ea", settings, 7)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.step) == ("convergence", "meanfield")


def test_a_real_molecule_without_a_site_is_a_matter_of_the_input():
    failure = evaluate("CCO", "warhead-ea", SimulationSettings(), 7)
    assert isinstance(failure, Failure)
    assert failure.kind == "input"
