import csv
import math
from pathlib import Path

import gpytorch
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from scipy.stats import spearmanr

from screening.surrogate import Prediction, SurrogateSettings, calibration, create
from screening.surrogate.features import LEVELS, RADIUS, SIZE, features
from screening.surrogate.gaussianprocess import JOINT_LIMIT, GaussianProcess
from screening.surrogate.kernels import PRIOR, DescriptorScale, minmax

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


def test_leave_one_out_is_what_refitting_gives():
    model = GaussianProcess(SurrogateSettings(min_labels=100))  # hyper-parameters fixed
    smiles, values = SMILES[:12], VALUES[:12]
    model.fit(smiles, values)
    left = model.leave_one_out()
    offset, spread = values.mean(), values.std(ddof=1)
    known = features(smiles)
    scale = DescriptorScale.of(known)
    total = PRIOR(minmax(known, known), scale.squared_distances(known, known))
    total += PRIOR.noise * np.eye(12)
    for i in range(12):
        rest = [j for j in range(12) if j != i]
        weights = np.linalg.solve(total[np.ix_(rest, rest)], total[rest, i])
        mean = offset + weights @ (values[rest] - offset)
        variance = total[i, i] - weights @ total[rest, i]
        assert left.mean[i] == pytest.approx(mean)
        assert left.std[i] == pytest.approx(spread * math.sqrt(variance))


def test_leave_one_out_on_real_data_is_calibrated(trained):
    judged = calibration(trained.leave_one_out(), VALUES[TRAIN])
    assert judged.spearman > 0.75
    assert 0.88 <= judged.coverage_95 <= 1.0


class DenseKernel(gpytorch.kernels.Kernel):
    """The surrogate's covariance written down once more, on rows (counts, descriptors)."""

    def __init__(self, covariance):
        super().__init__()
        self.covariance = covariance

    def forward(self, x1, x2, diag=False, **_):
        a, b = x1[:, None, :SIZE], x2[None, :, :SIZE]
        similarity = torch.minimum(a, b).sum(-1) / torch.maximum(a, b).sum(-1)
        gap = x1[:, None, SIZE:] - x2[None, :, SIZE:]
        smooth = torch.exp(-0.5 * (gap**2).mean(-1) / self.covariance.lengthscale**2)
        full = self.covariance.minmax * similarity + self.covariance.descriptors * smooth
        return full.diagonal() if diag else full


class DenseModel(gpytorch.models.ExactGP):
    def __init__(self, x, y, likelihood, covariance):
        super().__init__(x, y, likelihood)
        self.mean_module = gpytorch.means.ZeroMean()
        self.kernel = DenseKernel(covariance)

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.kernel(x))


def test_posterior_agrees_with_gpytorch(trained):
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=SIZE)
    counts = [generator.GetCountFingerprintAsNumPy(Chem.MolFromSmiles(s)) for s in SMILES]
    descriptors = features(SMILES).descriptors
    centre, width = descriptors[TRAIN].mean(axis=0), descriptors[TRAIN].std(axis=0)
    rows = torch.from_numpy(np.hstack([np.array(counts, float), (descriptors - centre) / width]))
    offset, spread = VALUES[TRAIN].mean(), VALUES[TRAIN].std(ddof=1)
    likelihood = gpytorch.likelihoods.GaussianLikelihood(
        noise_constraint=gpytorch.constraints.GreaterThan(1e-6)
    ).double()
    likelihood.noise = trained.covariance.noise
    labels = torch.from_numpy((VALUES[TRAIN] - offset) / spread)
    model = DenseModel(rows[TRAIN], labels, likelihood, trained.covariance).double().eval()
    likelihood.eval()
    with torch.no_grad(), gpytorch.settings.fast_computations(False, False, False):
        posterior = likelihood(model(rows[TEST]))
    prediction = trained.predict(SMILES[TEST])
    assert prediction.mean == pytest.approx(offset + spread * posterior.mean.numpy(), abs=1e-6)
    assert prediction.std == pytest.approx(spread * posterior.stddev.numpy(), abs=1e-6)


def test_learning_raises_the_likelihood(trained):
    known = features(SMILES[TRAIN])
    scale = DescriptorScale.of(known)
    labels = (VALUES[TRAIN] - VALUES[TRAIN].mean()) / VALUES[TRAIN].std(ddof=1)

    def log_likelihood(covariance):
        total = covariance(minmax(known, known), scale.squared_distances(known, known))
        total += covariance.noise * np.eye(50)
        return -0.5 * (labels @ np.linalg.solve(total, labels) + np.linalg.slogdet(total)[1])

    assert trained.covariance != PRIOR
    assert log_likelihood(trained.covariance) > log_likelihood(PRIOR) + 0.3


def test_labels_in_another_order_give_the_same_numbers(trained):
    order = np.random.default_rng(0).permutation(50)
    shuffled = create()
    shuffled.fit([SMILES[i] for i in order], VALUES[order])
    first, second = trained.predict(SMILES[TEST]), shuffled.predict(SMILES[TEST])
    assert np.array_equal(first.mean, second.mean)
    assert np.array_equal(first.std, second.std)
    assert np.array_equal(trained.leave_one_out().mean[order], shuffled.leave_one_out().mean)


def test_threads_of_torch_are_left_alone():
    before = torch.get_num_threads()
    model = create()
    model.fit(SMILES[:10], VALUES[:10])
    assert torch.get_num_threads() == before


def test_samples_have_the_posterior_mean_and_covariance(trained):
    wanted = [*SMILES[50:70], SMILES[50]]
    draws = trained.sample(wanted, 4000, seed=3)
    assert draws.shape == (4000, 21)
    prediction = trained.predict(wanted)
    spread = VALUES[TRAIN].std(ddof=1)
    latent = np.sqrt(prediction.std**2 - spread**2 * trained.covariance.noise)
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
    assert model.covariance == PRIOR
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
    assert model.covariance != PRIOR  # the repeats did not end the search
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
        (["CCO", "CCN"], [1.0, math.nan], "not finite"),
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


def test_minmax_is_the_tanimoto_of_rdkit_on_counts():
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=SIZE)
    counts = [generator.GetCountFingerprint(Chem.MolFromSmiles(s)) for s in SMILES[:30]]
    assert max(max(c.GetNonzeroElements().values()) for c in counts) <= LEVELS
    ours = minmax(features(SMILES[:30]), features(SMILES[:30]))
    for i, row in enumerate(ours):
        assert row == pytest.approx(DataStructs.BulkTanimotoSimilarity(counts[i], counts))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(SMILES), min_size=1, max_size=25),
    st.floats(0.05, 5.0),
)
def test_covariance_is_positive_semidefinite(smiles, lengthscale):
    known = features(smiles)
    scale = DescriptorScale.of(known)
    similarity, distance = minmax(known, known), scale.squared_distances(known, known)
    for matrix in (similarity, np.exp(-0.5 * distance / lengthscale**2)):
        assert np.allclose(matrix, matrix.T)
        assert np.allclose(np.diag(matrix), 1)
        assert np.linalg.eigvalsh(matrix).min() > -1e-8


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
