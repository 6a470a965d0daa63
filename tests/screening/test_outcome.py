import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from scipy.stats import spearmanr

from screening.surrogate.outcome import OutcomeModel

with (Path(__file__).parent / "data" / "calculations.csv").open() as file:
    ROWS = list(csv.DictReader(file))
SMILES = [row["smiles"] for row in ROWS]
SECONDS = np.array([float(row["core_seconds"]) for row in ROWS])
FAILED = np.array([row["failed"] == "1" for row in ROWS])
TRAIN, TEST = slice(0, 80), slice(80, None)
SCORED = [i for i in range(len(ROWS)) if not FAILED[i]]


def of(places, failed=FAILED, seconds=SECONDS):
    return OutcomeModel.fit([SMILES[i] for i in places], failed[places], seconds[places])


@pytest.fixture(scope="module")
def trained():
    return OutcomeModel.fit(SMILES[TRAIN], FAILED[TRAIN], SECONDS[TRAIN])


def test_molecules_without_a_warhead_are_known_to_fail(trained):
    success = trained.predict(SMILES[TEST]).success
    assert ((success > 0) & (success < 1)).all()
    lost = FAILED[TEST]
    pairs = success[~lost][:, np.newaxis] > success[lost]
    assert pairs.mean() > 0.98  # the area under the ROC curve
    right = np.where(lost, 1 - success, success)
    assert -np.log(right).mean() < 0.3  # nats; the share of failures alone gives 0.67
    assert trained.n == 80
    assert trained.failed == FAILED[TRAIN].sum()


def test_probabilities_are_those_of_what_happens():
    """Killed at 5 s: a failure that no rule decides."""
    killed = SECONDS > 5
    chances, fates = [], []
    for seed in range(8):
        order = np.random.default_rng(seed).permutation(SCORED)
        model = of(order[:40], killed, np.minimum(SECONDS, 5))
        chances.append(1 - model.predict([SMILES[i] for i in order[40:]]).success)
        fates.append(killed[order[40:]])
    chance, fate = np.concatenate(chances), np.concatenate(fates)
    assert chance.mean() == pytest.approx(fate.mean(), abs=0.08)
    for low, high in ((0, 0.15), (0.15, 0.5), (0.5, 1.01)):
        inside = (chance >= low) & (chance < high)
        assert inside.sum() > 10
        assert fate[inside].mean() == pytest.approx(chance[inside].mean(), abs=0.15)
    rate = fate.mean()
    assert ((chance - fate) ** 2).mean() < 0.8 * rate * (1 - rate)


def test_costs_are_predicted_within_a_third():
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(SCORED)
        known, new = order[:40], order[40:]
        seconds = of(known).predict([SMILES[i] for i in new]).core_seconds
        assert np.sqrt(np.mean(np.log(seconds / SECONDS[new]) ** 2)) < 0.35
        assert seconds.sum() == pytest.approx(SECONDS[new].sum(), rel=0.25)
        assert spearmanr(seconds, SECONDS[new]).statistic > 0.7


def test_a_failure_that_comes_at_once_is_cheap(trained):
    seconds = trained.predict(SMILES[TEST]).core_seconds
    assert np.median(seconds[FAILED[TEST]]) < 0.5 * np.median(seconds[~FAILED[TEST]])


def test_without_a_failure_nothing_is_thought_likely_to_fail():
    few, many = of(SCORED[:5]), of(SCORED[:70])
    beginning, end = few.predict(SMILES).success, many.predict(SMILES).success
    assert ((beginning > 0.8) & (beginning < 0.99)).all()
    assert end[SCORED].mean() > beginning[SCORED].mean()
    assert end[SCORED].min() > 0.93


def test_five_calculations_say_that_larger_molecules_cost_more():
    model = of(SCORED[:5])
    alkyl = [Chem.CanonSmiles("C=CC(=O)N" + "C" * n) for n in (2, 8, 20)]
    seconds = model.predict(alkyl).core_seconds
    assert seconds[0] < seconds[1] < seconds[2]
    assert np.isfinite(seconds).all()
    assert seconds[1] == pytest.approx(SECONDS[SCORED].mean(), rel=0.9)


def test_one_calculation_is_enough_to_begin():
    outcomes = of(SCORED[:1]).predict(SMILES)
    assert np.isfinite(outcomes.core_seconds).all()
    assert (outcomes.core_seconds > 0).all()
    assert ((outcomes.success > 0.5) & (outcomes.success < 1)).all()


def test_all_failed_is_no_division_by_zero():
    outcomes = of(np.flatnonzero(FAILED)[:12]).predict(SMILES)
    assert np.isfinite(outcomes.core_seconds).all()
    assert ((outcomes.success > 0) & (outcomes.success < 0.6)).all()


def test_unknown_costs_teach_of_failure_alone():
    seconds = SECONDS[TRAIN].copy()
    seconds[::2] = np.nan
    model = OutcomeModel.fit(SMILES[TRAIN], FAILED[TRAIN], seconds)
    whole = OutcomeModel.fit(SMILES[TRAIN], FAILED[TRAIN], SECONDS[TRAIN])
    assert np.array_equal(model.predict(SMILES).success, whole.predict(SMILES).success)
    assert np.isfinite(model.predict(SMILES).core_seconds).all()


def test_calculations_in_another_order_give_the_same_numbers(trained):
    order = np.random.default_rng(1).permutation(80)
    first, second = trained.predict(SMILES[TEST]), of(order).predict(SMILES[TEST])
    assert np.array_equal(first.success, second.success)
    assert np.array_equal(first.core_seconds, second.core_seconds)


def test_what_an_unseen_element_costs_is_finite(trained):
    outcomes = trained.predict(["C=CC(=O)NCCI", "OB(O)c1ccccc1", "C" * 60, "[Na+].[Cl-]"])
    assert np.isfinite(outcomes.core_seconds).all()
    assert len(trained.predict([]).success) == 0


@pytest.mark.parametrize(
    ("smiles", "failed", "seconds", "why"),
    [
        ([], [], [], "0 molecules"),
        (["C", "CC"], [False], [1.0, 1.0], "one of each"),
        (["C"], [False], [np.nan], "no cost is known"),
        (["C", "CC"], [False, False], [1.0, -2.0], "negative"),
        (["C1CC"], [False], [1.0], "C1CC"),
    ],
)
def test_facts_that_do_not_fit_are_refused(smiles, failed, seconds, why):
    with pytest.raises(ValueError, match=why):
        OutcomeModel.fit(smiles, failed, seconds)
