import csv
import math
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from scipy.stats import spearmanr

from screening.surrogate import Prediction, SurrogateSettings, calibration, create
from screening.surrogate.gaussianprocess import JOINT_LIMIT, GaussianProcess

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(row["smiles"], float(row["warhead_ea"])) for row in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
VALUES = np.array([value for _, value in SCORED])  # eV
TRAIN, TEST = slice(0, 50), slice(50, None)


@pytest.fixture(scope="module")
def trained():
    model = GaussianProcess()
    model.fit(SMILES[TRAIN], VALUES[TRAIN])
    return model


def test_affinity_of_unseen_warheads_is_ranked_and_calibrated(trained):
    judged = calibration(trained.predict(SMILES[TEST]), VALUES[TEST])
    assert judged.n == len(SMILES) - 50
    assert judged.spearman > 0.65
    assert judged.rmse < 0.26  # eV; the values themselves spread by 0.39
    assert 0.85 <= judged.coverage_95 <= 1.0
    assert judged.nlpd < 0.2  # a constant guess has 0.5


def test_leave_one_out_on_real_data_is_calibrated(trained):
    judged = calibration(trained.leave_one_out(), VALUES[TRAIN])
    assert judged.spearman > 0.75
    assert 0.88 <= judged.coverage_95 <= 1.0


def test_labels_in_another_order_give_the_same_numbers(trained):
    order = np.random.default_rng(0).permutation(50)
    shuffled = create()
    shuffled.fit([SMILES[i] for i in order], VALUES[order])
    first, second = trained.predict(SMILES[TEST]), shuffled.predict(SMILES[TEST])
    assert np.array_equal(first.mean, second.mean)
    assert np.array_equal(first.std, second.std)
    assert np.array_equal(trained.leave_one_out().mean[order], shuffled.leave_one_out().mean)


def test_samples_have_the_posterior_mean_and_covariance(trained):
    wanted = [*SMILES[50:70], SMILES[50]]
    draws = trained.sample(wanted, 4000, seed=3)
    assert draws.shape == (4000, 21)
    prediction = trained.predict(wanted)
    (term,) = trained.representers()
    latent = np.sqrt(prediction.std**2 - term.spread**2 * term.covariance.noise)
    assert draws.mean(axis=0) == pytest.approx(prediction.mean, abs=0.08)
    assert draws.std(axis=0) == pytest.approx(latent, rel=0.08)
    # the same molecule twice is one value, in every draw
    assert draws[:, 0] == pytest.approx(draws[:, 20], abs=1e-3)
    assert np.array_equal(draws, trained.sample(wanted, 4000, seed=3))
    assert not np.array_equal(draws, trained.sample(wanted, 4000, seed=4))


def test_large_pools_are_drawn_from_the_marginals(trained):
    pool = (SMILES * (JOINT_LIMIT // len(SMILES) + 1))[: JOINT_LIMIT + 1]
    draws = trained.sample(pool, 4, seed=0)
    assert draws.shape == (4, JOINT_LIMIT + 1)
    assert np.isfinite(draws).all()


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_labels_give_finite_cautious_predictions(n):
    model = GaussianProcess()
    model.fit(SMILES[:n], VALUES[:n])
    prediction = model.predict(SMILES)
    assert np.isfinite(prediction.mean).all()
    assert (prediction.std > 0).all()
    assert np.isfinite(model.sample(SMILES, 8, seed=0)).all()
    if n > 1:
        assert prediction.std[:n].max() < np.median(prediction.std[n:])


def test_equal_labels_predict_themselves():
    model = create()
    model.fit(SMILES[:20], np.full(20, -4.85))
    prediction = model.predict(SMILES[20:30])
    assert prediction.mean == pytest.approx(np.full(10, -4.85))
    assert (prediction.std > 0).all()


def test_repeated_molecules_with_different_values_do_not_break_the_fit():
    smiles = SMILES[:15] * 4
    values = np.tile(VALUES[:15], 4) + np.repeat([0.0, 0.1, -0.1, 0.2], 15)
    model = GaussianProcess()
    model.fit(smiles, values)
    prediction = model.predict(SMILES[:15])
    assert prediction.mean == pytest.approx(VALUES[:15] + 0.05, abs=0.5)
    judged = calibration(model.leave_one_out(), values)
    assert judged.nlpd < 0.5
    assert judged.spearman > 0.8


def test_the_newest_labels_are_kept():
    model = GaussianProcess(SurrogateSettings(max_labels=10))
    model.fit(SMILES[:30], VALUES[:30])
    last = GaussianProcess()
    last.fit(SMILES[20:30], VALUES[20:30])
    assert np.array_equal(model.predict(SMILES).mean, last.predict(SMILES).mean)


@pytest.mark.parametrize(
    ("smiles", "values", "words"),
    [
        ([], [], "at least one"),
        (["CCO"], [1.0, 2.0], "one value for each"),
        (["CCO", "CCN"], [1.0, math.inf], "not finite"),
        (["CCO", "CCN"], [math.nan, math.nan], "has a value"),
        (["CCO", "C("], [1.0, 2.0], "never closed"),
    ],
)
def test_bad_labels_are_refused(smiles, values, words):
    with pytest.raises(ValueError, match=words):
        create().fit(smiles, values)


def test_prediction_before_fit_is_refused():
    with pytest.raises(ValueError, match="not fitted yet"):
        create().predict(["CCO"])


def test_nothing_to_predict(trained):
    assert trained.predict([]).mean.shape == (0,)
    assert trained.sample([], 5, seed=0).shape == (5, 0)


def test_calibration_of_a_perfectly_honest_guess():
    rng = np.random.default_rng(0)
    mean = rng.normal(size=5000)
    judged = calibration(Prediction(mean, np.full(5000, 0.5)), mean + 0.5 * rng.normal(size=5000))
    assert judged.coverage_95 == pytest.approx(0.95, abs=0.01)
    assert judged.nlpd == pytest.approx(0.5 * math.log(2 * math.pi * math.e * 0.25), abs=0.03)
    assert judged.rmse == pytest.approx(0.5, abs=0.02)


def test_spearman_with_ties_agrees_with_scipy():
    mean, y = np.array([1.0, 2.0, 2.0, 3.0, 0.0]), np.array([1.0, 1.0, 2.0, 5.0, 0.5])
    judged = calibration(Prediction(mean, np.ones(5)), y)
    assert judged.spearman == pytest.approx(spearmanr(mean, y).statistic)
    assert math.isnan(calibration(Prediction(np.ones(3), np.ones(3)), [1.0, 2.0, 3.0]).spearman)
    with pytest.raises(ValueError, match="one value for each"):
        calibration(Prediction(np.ones(3), np.ones(3)), [1.0])
