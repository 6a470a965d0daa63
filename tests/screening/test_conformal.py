import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from screening.surrogate.conformal import Calibrated, Conformal, fewest, held_out
from screening.surrogate.randomforest import RandomForest
from screening.surrogate.settings import SurrogateSettings
from screening.surrogate.surrogate import Prediction

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(row["smiles"], float(row["warhead_ea"])) for row in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
VALUES = np.array([value for _, value in SCORED])  # eV


class Constant:
    """Says of every molecule what was told it, and of itself too much or too little."""

    def __init__(self, mean=0.0, std=1.0):
        self.mean, self.std, self.taught = mean, std, None

    def fit(self, smiles, values, *, fidelities=None):
        self.taught = (list(smiles), np.asarray(values), fidelities)

    def predict(self, smiles):
        return Prediction(np.full(len(smiles), self.mean), np.full(len(smiles), self.std))

    def sample(self, smiles, n, seed):
        draws = np.random.default_rng(seed).standard_normal((n, len(smiles)))
        return self.mean + self.std * draws

    def conditioned(self, smiles, values):
        return Constant(float(np.mean(values)), self.std)


@pytest.mark.parametrize("claimed", [0.2, 1.0, 5.0])
def test_deviations_are_brought_to_what_errors_are(claimed):
    errors = np.random.default_rng(0).standard_normal(2000)
    conformal = Conformal.of(np.zeros(2000), np.full(2000, claimed), errors)
    assert conformal.factor * claimed == pytest.approx(1, rel=0.06)
    assert conformal.n == 2000


def test_interval_holds_its_level_for_errors_that_are_not_normal():
    """Split conformal prediction: (n + 1 - rank) / (n + 1) of new values fall outside."""
    random = np.random.default_rng(5)
    held = []
    for _ in range(400):
        std = random.lognormal(size=60)
        error = std * random.standard_t(2, size=60)
        conformal = Conformal.of(np.zeros(39), std[:39], error[:39])
        low, high = conformal.interval(Prediction(np.zeros(21), std[39:]))
        held.append(np.mean((error[39:] >= low) & (error[39:] <= high)))
    assert np.mean(held) == pytest.approx(38 / 40, abs=0.012)


def test_factor_is_that_of_the_right_order_statistic():
    errors = np.arange(1.0, 20.0)  # 19 of them: the largest is the one
    conformal = Conformal.of(np.zeros(19), np.ones(19), errors)
    assert conformal.factor == pytest.approx(19 / 1.959964)
    assert conformal.corrects
    more = Conformal.of(np.zeros(39), np.ones(39), np.arange(1.0, 40.0))
    assert more.factor == pytest.approx(38 / 1.959964)
    half = Conformal.of(np.zeros(19), np.ones(19), errors, level=0.5)
    assert half.factor == pytest.approx(10 / 0.6744898)


@pytest.mark.parametrize("n", [0, 1, 18])
def test_too_few_errors_change_nothing(n):
    conformal = Conformal.of(np.zeros(n), np.ones(n), np.full(n, 7.0))
    assert conformal.factor == 1
    assert not conformal.corrects
    assert conformal.n == n


def test_fewest_errors_for_a_level():
    assert fewest() == 19
    assert fewest(0.9) == 9
    assert fewest(0.5) == 1
    assert fewest(0.99) == 99


@given(
    errors=st.lists(st.floats(-1e6, 1e6), min_size=19, max_size=60),
    scale=st.floats(0.01, 100),
)
@settings(max_examples=50, deadline=None)
def test_claimed_scale_does_not_matter(errors, scale):
    values = np.array(errors)
    one = Conformal.of(np.zeros(len(values)), np.ones(len(values)), values)
    other = Conformal.of(np.zeros(len(values)), np.full(len(values), scale), values)
    assert one.factor > 0
    if other.factor > 1e-6 and one.factor > 1e-6:
        assert other.factor * scale == pytest.approx(one.factor)


def test_a_calibrated_surrogate_is_a_surrogate():
    inner = Constant(mean=3.0, std=0.5)
    calibrated = Calibrated(inner, Conformal(4.0, 50))
    calibrated.fit(SMILES[:3], VALUES[:3], fidelities={"hf": [1.0, 2.0, math.nan]})
    assert inner.taught[0] == SMILES[:3]
    assert inner.taught[2] == {"hf": [1.0, 2.0, math.nan]}
    prediction = calibrated.predict(SMILES[:5])
    assert np.array_equal(prediction.mean, np.full(5, 3.0))
    assert np.array_equal(prediction.std, np.full(5, 2.0))
    draws = calibrated.sample(SMILES[:5], 3000, seed=1)
    assert draws.mean() == pytest.approx(3.0, abs=0.05)
    assert draws.std() == pytest.approx(2.0, rel=0.05)
    again = calibrated.conditioned(SMILES[:2], [7.0, 9.0])
    assert again.predict(SMILES[:1]).mean[0] == 8.0
    assert again.predict(SMILES[:1]).std[0] == 2.0
    assert calibrated.predict(SMILES[:1]).mean[0] == 3.0


def test_held_out_predictions_have_not_seen_their_label():
    def create():
        return RandomForest(SurrogateSettings(kind="random-forest"))

    prediction = held_out(create, SMILES[:16], VALUES[:16], folds=2, seed=2)
    outlier = VALUES[:16].copy()
    outlier[7] += 50
    changed = held_out(create, SMILES[:16], outlier, folds=2, seed=2)
    assert changed.mean[7] == prediction.mean[7]
    assert (changed.mean != prediction.mean).sum() == 8
    assert (prediction.std > 0).all()


def test_every_label_is_held_out_once():
    seen = []

    class Counting(Constant):
        def predict(self, smiles):
            assert not set(smiles) & set(self.taught[0])
            seen.extend(smiles)
            return super().predict(smiles)

    held_out(Counting, SMILES[:23], VALUES[:23], folds=4)
    assert sorted(seen) == sorted(SMILES[:23])


@pytest.mark.parametrize(
    ("mean", "std", "values", "level", "why"),
    [
        ([0.0], [1.0, 1.0], [0.0], 0.95, "shapes"),
        ([[0.0]], [[1.0]], [[0.0]], 0.95, "shapes"),
        ([0.0], [0.0], [1.0], 0.95, "not positive"),
        ([0.0], [1.0], [math.nan], 0.95, "not finite"),
        ([0.0], [1.0], [1.0], 1.0, "no probability"),
    ],
)
def test_what_cannot_be_judged_is_refused(mean, std, values, level, why):
    with pytest.raises(ValueError, match=why):
        Conformal.of(mean, std, values, level=level)


def test_folds_without_labels_are_refused():
    with pytest.raises(ValueError, match="3 labels do not make 5 folds"):
        held_out(Constant, SMILES[:3], VALUES[:3])
    with pytest.raises(ValueError, match="one value for each"):
        held_out(Constant, SMILES[:9], VALUES[:8])
