import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from screening.surrogate import SurrogateSettings, calibration, create, hyperparameters, sumkernel
from screening.surrogate.countprints import Index
from screening.surrogate.gaussianprocess import JOINT_LIMIT, GaussianProcess

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(line["smiles"], float(line["warhead_ea"])) for line in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
VALUES = np.array([value for _, value in SCORED])  # eV
TRAIN, TEST = slice(0, 50), slice(50, None)


@pytest.fixture(scope="module")
def trained():
    model = create(SurrogateSettings(kind="gp"))
    model.fit(SMILES[TRAIN], VALUES[TRAIN])
    return model


def test_affinity_of_unseen_warheads_is_ranked_and_calibrated(trained):
    judged = calibration(trained.predict(SMILES[TEST]), VALUES[TEST])
    assert judged.spearman > 0.6
    assert judged.rmse < 0.3  # eV; the values themselves spread by 0.39
    assert judged.coverage_95 >= 0.8


def test_leave_one_out_is_what_refitting_gives():
    model = GaussianProcess(SurrogateSettings(min_labels=100))
    smiles, values = SMILES[:10], VALUES[:10]
    model.fit(smiles, values)
    left = model.leave_one_out()
    molecules = sumkernel.molecules_of(smiles)
    covariance = hyperparameters.prior(hyperparameters.widths(molecules.properties))
    total = covariance(molecules, Index(molecules.prints), molecules)
    total += covariance.noise * np.eye(10)
    for i in range(10):
        rest = [j for j in range(10) if j != i]
        weights = np.linalg.solve(total[np.ix_(rest, rest)], total[rest, i])
        mean = values.mean() + weights @ (values[rest] - values.mean())
        assert left.mean[i] == pytest.approx(mean)
        variance = total[i, i] - weights @ total[rest, i]
        assert left.std[i] == pytest.approx(values.std() * np.sqrt(variance))


def test_draws_have_the_mean_and_spread_of_the_prediction(trained):
    draws = trained.sample(SMILES[TEST], 4000, seed=1)
    prediction = trained.predict(SMILES[TEST])
    assert draws.shape == (4000, len(SMILES) - 50)
    assert draws.mean(axis=0) == pytest.approx(prediction.mean, abs=0.03)
    assert np.all(draws.std(axis=0) < 1.1 * prediction.std)
    assert np.array_equal(draws, trained.sample(SMILES[TEST], 4000, seed=1))
    many = ["CCO"] * (JOINT_LIMIT + 1)
    assert trained.sample(many, 2, seed=1).shape == (2, JOINT_LIMIT + 1)
    assert trained.sample([], 3, seed=1).shape == (3, 0)


def test_the_order_of_the_labels_does_not_matter(trained):
    again = GaussianProcess()
    again.fit(SMILES[TRAIN][::-1], VALUES[TRAIN][::-1])
    assert again.predict(SMILES[TEST]).mean == pytest.approx(trained.predict(SMILES[TEST]).mean)


def test_few_and_equal_labels_leave_the_hyper_parameters_as_they_are():
    model = GaussianProcess()
    model.fit(SMILES[:12], np.full(12, 0.5))
    prediction = model.predict(SMILES[12:14])
    assert prediction.mean == pytest.approx([0.5, 0.5])
    assert np.all(prediction.std > 0)
    model.fit(SMILES[:1], [2.0])
    assert model.predict(SMILES[:1]).mean == pytest.approx([2.0])


def test_what_cannot_be_learnt_is_refused():
    model = GaussianProcess()
    with pytest.raises(ValueError, match="not fitted yet"):
        model.predict(["CCO"])
    with pytest.raises(ValueError, match="at least one"):
        model.fit([], [])
    with pytest.raises(ValueError, match="not finite"):
        model.fit(["CCO"], [np.inf])


def test_further_values_are_what_a_fit_with_the_same_hyper_parameters_gives(trained):
    more = slice(50, 60)
    grown = trained.conditioned(SMILES[50:55], VALUES[50:55]).conditioned(
        SMILES[55:60], VALUES[55:60]
    )
    molecules = trained.molecules(SMILES[:60])
    covariance = trained.representers()[0].covariance
    total = covariance(molecules, Index(molecules.prints), molecules)
    offset, spread = VALUES[TRAIN].mean(), VALUES[TRAIN].std()
    weights = np.linalg.solve(
        total + covariance.noise * np.eye(60), (VALUES[:60] - offset) / spread
    )
    rest = trained.molecules(SMILES[60:])
    expected = offset + spread * covariance(rest, Index(molecules.prints), molecules) @ weights
    assert grown.predict(SMILES[60:]).mean == pytest.approx(expected, abs=1e-7)
    assert np.all(grown.predict(SMILES[more]).std < trained.predict(SMILES[more]).std)
    assert np.array_equal(grown.leave_one_out().mean, trained.leave_one_out().mean)
    same = trained.conditioned([], [])
    assert np.array_equal(same.predict(SMILES[60:]).mean, trained.predict(SMILES[60:]).mean)
    with pytest.raises(ValueError, match="not finite"):
        trained.conditioned(["CCO"], [np.nan])


def test_the_mean_is_the_sum_over_its_representers(trained):
    (term,) = trained.representers()
    assert set(term.smiles) == set(SMILES[TRAIN])
    molecules = trained.molecules(SMILES[TEST])
    assert term.mean(molecules) == pytest.approx(trained.predict(SMILES[TEST]).mean, abs=1e-10)
