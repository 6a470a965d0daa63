import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from screening.surrogate import SurrogateSettings, hyperparameters, sumkernel
from screening.surrogate.countprints import Index
from screening.surrogate.gaussianprocess import GaussianProcess
from screening.surrogate.inducing import InducingPosterior
from screening.surrogate.sumkernel import Posterior

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(line["smiles"], float(line["warhead_ea"])) for line in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
VALUES = np.array([value for _, value in SCORED])  # eV
MOLECULES = sumkernel.molecules_of(SMILES)
COVARIANCE = hyperparameters.prior(hyperparameters.widths(MOLECULES.properties))
N = 40
LABELLED, REST = MOLECULES[:N], MOLECULES[N:]


def covariance(a, b):
    return COVARIANCE(a, Index(b.prints), b)


def textbook(chosen, variances=0.0):
    """The approximation as dense matrices: covariance of the labels, and cross to the rest."""
    basis = LABELLED[np.array(chosen)]
    inverse = np.linalg.inv(covariance(basis, basis))
    known, rest = covariance(LABELLED, basis), covariance(REST, basis)
    low = known @ inverse @ known.T
    exact = covariance(LABELLED, LABELLED)
    total = low + np.diag(np.diag(exact - low)) + (COVARIANCE.noise + variances) * np.eye(N)
    return total, rest @ inverse @ known.T, rest @ inverse @ rest.T


def predicted(posterior):
    cross = COVARIANCE(REST, posterior.index, posterior.molecules)
    mean = posterior.scale.offset + posterior.scale.spread * cross @ posterior.weights
    half = posterior.half(cross)
    return mean, posterior.scale.spread**2 * (covariance(REST, REST) - half.T @ half)


@pytest.mark.parametrize("variance", [0.0, 0.3])
def test_the_covariance_is_the_formula_of_snelson_and_ghahramani(variance):
    spread = VALUES[:N].std()
    errors = np.full(N, variance * spread**2)
    posterior = InducingPosterior.of(COVARIANCE, LABELLED, VALUES[:N], 12, errors)
    assert posterior.root.shape == (12, 12)
    assert len(set(posterior.chosen)) == 12
    total, cross, low = textbook(posterior.chosen, variance)
    solved = np.linalg.solve(total, cross.T)
    _, found = predicted(posterior)
    # the covariance given the inducing molecules is that of the exact process
    expected = covariance(REST, REST) - low + low - cross @ solved
    assert found == pytest.approx(spread**2 * expected, abs=1e-8)


@pytest.mark.parametrize("variance", [0.0, 0.3])
def test_the_mean_is_that_of_the_exact_process(variance):
    errors = np.full(N, variance * VALUES[:N].var())
    for size in (3, 12):
        through = InducingPosterior.of(COVARIANCE, LABELLED, VALUES[:N], size, errors)
        outlook = Posterior.of(COVARIANCE, LABELLED, VALUES[:N], errors).outlook(REST)
        assert predicted(through)[0] == pytest.approx(outlook.mean, abs=1e-3 * VALUES.std())


def test_leaving_out_is_solving_without_the_label():
    posterior = InducingPosterior.of(COVARIANCE, LABELLED, VALUES[:N], 12)
    total, _, _ = textbook(posterior.chosen)
    offset, spread = VALUES[:N].mean(), VALUES[:N].std()
    mean, variance = posterior.left_out()
    for i in (0, 7, int(posterior.chosen[0])):
        rest = [j for j in range(N) if j != i]
        weights = np.linalg.solve(total[np.ix_(rest, rest)], total[rest, i])
        assert mean[i] == pytest.approx(offset + weights @ (VALUES[rest] - offset))
        assert variance[i] == pytest.approx(spread**2 * (total[i, i] - weights @ total[rest, i]))


def test_with_every_molecule_inducing_the_fit_is_exact():
    mean, covariance_found = predicted(InducingPosterior.of(COVARIANCE, LABELLED, VALUES[:N], N))
    outlook = Posterior.of(COVARIANCE, LABELLED, VALUES[:N]).outlook(REST)
    assert mean == pytest.approx(outlook.mean, abs=1e-4)
    assert np.diag(covariance_found) == pytest.approx(outlook.variance, abs=1e-7)


def test_the_greatest_remaining_variance_is_chosen_each_time():
    posterior = InducingPosterior.of(COVARIANCE, LABELLED, VALUES[:N], 8)
    own = covariance(LABELLED, LABELLED)
    for j in range(1, 8):
        before = posterior.chosen[:j]
        explained = own[:, before] @ np.linalg.solve(own[np.ix_(before, before)], own[before])
        remaining = np.diag(own - explained)
        assert remaining[posterior.chosen[j]] == pytest.approx(remaining.max(), abs=1e-9)


def test_copies_of_a_molecule_induce_once():
    twice = sumkernel.joined(LABELLED, LABELLED)
    posterior = InducingPosterior.of(COVARIANCE, twice, np.tile(VALUES[:N], 2), 2 * N)
    distinct = {tuple(row) for row in covariance(LABELLED, LABELLED).round(9)}
    assert len(posterior.chosen) <= len(distinct)
    assert np.isfinite(predicted(posterior)[0]).all()


@pytest.fixture(scope="module")
def trained():
    model = GaussianProcess(SurrogateSettings(exact_labels=30, inducing=45))
    model.fit(SMILES[:60], VALUES[:60])
    return model


def test_beyond_the_exact_labels_the_surrogate_goes_through_inducing_molecules(trained):
    (term,) = trained.representers()
    assert set(term.smiles) == set(SMILES[:60])
    assert trained.posterior.terms[0].posterior.root.shape == (45, 45)
    exact = GaussianProcess()
    exact.fit(SMILES[:60], VALUES[:60])
    near, far = trained.predict(SMILES[60:]), exact.predict(SMILES[60:])
    assert near.mean == pytest.approx(far.mean, abs=1e-3 * VALUES.std())
    assert np.all(near.std > 0.95 * far.std)  # what is not explained is not claimed
    assert term.mean(trained.molecules(SMILES[60:])) == pytest.approx(near.mean, abs=1e-10)
    left = trained.leave_one_out()
    assert np.corrcoef(left.mean, VALUES[:60])[0, 1] > 0.7


def test_further_values_condition_the_approximation_too(trained):
    some, other = SMILES[60:64], SMILES[64:]
    mean, joint = trained.joint([*some, *other])
    spread = trained.representers()[0].spread
    noise = spread**2 * trained.covariance.noise
    gain = np.linalg.solve(joint[:4, :4] + noise * np.eye(4), joint[:4, 4:])
    grown = trained.conditioned(some, VALUES[60:64])
    expected = mean[4:] + (VALUES[60:64] - mean[:4]) @ gain
    found = grown.predict(other)
    assert found.mean == pytest.approx(expected, abs=1e-8)
    variance = np.diag(joint[4:, 4:] - joint[4:, :4] @ gain)
    assert found.std**2 - noise == pytest.approx(variance, abs=1e-8)
    (term,) = grown.representers()
    assert term.mean(grown.molecules(other)) == pytest.approx(found.mean, abs=1e-8)
    assert grown.sample(other, 3, seed=1).shape == (3, len(other))
