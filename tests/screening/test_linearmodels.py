from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from screening.surrogate.linearmodels import NOISES, Prior, logistic, ridge


def rows_of(n, columns, seed):
    rows = np.random.default_rng(seed).standard_normal((n, columns))
    rows[:, 0] = 1.0
    return rows


def test_ridge_is_the_process_with_the_same_covariance():
    """Bishop 2006, section 6.4: the weights' prior makes a linear kernel."""
    rows, new = rows_of(12, 30, 0), rows_of(4, 30, 1)
    labels = np.random.default_rng(2).standard_normal(12) + 3
    prior = Prior(np.linspace(0, 0.4, 30), np.linspace(0.2, 1.5, 30))
    model = ridge(rows, labels, [prior])
    middle = labels.mean()
    total = (rows * prior.std**2) @ rows.T + model.noise**2 * np.eye(12)
    cross = (new * prior.std**2) @ rows.T
    rest = labels - middle - rows @ prior.mean
    mean, variance = model.predict(new)
    assert mean == pytest.approx(
        middle + new @ prior.mean + cross @ np.linalg.solve(total, rest), abs=1e-8
    )
    own = ((new * prior.std) ** 2).sum(axis=1) + model.noise**2
    assert variance == pytest.approx(
        own - np.einsum("ij,ji->i", cross, np.linalg.solve(total, cross.T)), abs=1e-8
    )


def test_ridge_keeps_the_likeliest_prior_and_noise():
    random = np.random.default_rng(3)
    rows = rows_of(200, 10, 4)
    labels = rows @ (0.5 * random.standard_normal(10)) + 0.2 * random.standard_normal(200)
    priors = [Prior(np.zeros(10), np.full(10, std)) for std in (0.005, 0.5, 500.0)]
    kept = ridge(rows, labels, priors)
    assert kept.noise == 0.2

    def evidence(prior, noise):
        total = (rows * prior.std**2) @ rows.T + noise**2 * np.eye(200)
        rest = labels - labels.mean()
        return -0.5 * (rest @ np.linalg.solve(total, rest) + np.linalg.slogdet(total)[1])

    best = max(priors, key=lambda prior: max(evidence(prior, noise) for noise in NOISES))
    assert best is priors[1]
    assert kept.mean == pytest.approx(ridge(rows, labels, [best]).mean)


def test_expected_exponential_is_the_mean_of_a_log_normal():
    rows = rows_of(20, 3, 5)
    model = ridge(rows, rows[:, 1] * 0.5, [Prior(np.zeros(3), np.ones(3))])
    mean, variance = model.predict(rows[:1])
    draws = np.random.default_rng(0).normal(mean, np.sqrt(variance), size=400_000)
    assert model.expected_exponential(rows[:1])[0] == pytest.approx(np.exp(draws).mean(), rel=0.01)


def test_logistic_finds_the_odds_that_made_the_events():
    random = np.random.default_rng(6)
    rows = rows_of(4000, 4, 7)
    truth = np.array([-1.0, 2.0, 0.0, -0.5])
    events = random.random(4000) < expit(rows @ truth)
    model = logistic(rows, events, [Prior(np.zeros(4), np.full(4, s)) for s in (0.01, 2.0)])
    assert model.mean == pytest.approx(truth, abs=0.2)
    assert model.slope == pytest.approx(1, abs=0.1)
    chance = model.probability(rows)
    assert chance == pytest.approx(expit(rows @ truth), abs=0.05)


def test_logistic_is_at_the_most_likely_coefficients():
    rows = rows_of(30, 50, 8)
    events = rows[:, 1] + rows[:, 2] > 0.7
    prior = Prior(np.full(50, 0.1), np.full(50, 0.8))
    model = logistic(rows, events, [prior])
    gradient = rows.T @ (expit(rows @ model.mean) - events)
    gradient += (model.mean - prior.mean) / prior.std**2
    assert np.abs(gradient).max() < 1e-4
    chance = expit(rows @ model.mean)
    precision = (rows.T * chance * (1 - chance)) @ rows + np.diag(prior.std**-2)
    assert model.factor @ model.factor.T == pytest.approx(precision, abs=1e-4)


def test_recalibration_emboldens_a_classifier_that_is_held_too_tightly():
    rows, new = rows_of(200, 20, 9), rows_of(2000, 20, 11)
    events, fates = 3 * rows[:, 1] > 1, 3 * new[:, 1] > 1
    model = logistic(rows, events, [Prior(np.zeros(20), np.full(20, 0.05))])
    assert model.slope > 1.3
    timid = replace(model, slope=1.0, offset=0.0)

    def loss(model):
        chance = model.probability(new)
        return -np.log(np.where(fates, chance, 1 - chance)).mean()

    assert loss(model) < loss(timid) - 0.05


def test_one_class_alone_is_not_recalibrated():
    rows = rows_of(25, 3, 12)
    model = logistic(rows, np.zeros(25, bool), [Prior(np.zeros(3), np.ones(3))])
    assert (model.slope, model.offset) == (1.0, 0.0)
    assert (model.probability(rows) < 0.5).all()


def test_priors_are_needed():
    rows = rows_of(3, 2, 13)
    with pytest.raises(ValueError, match="prior"):
        ridge(rows, np.zeros(3), [])
    with pytest.raises(ValueError, match="prior"):
        logistic(rows, np.zeros(3, bool), [])
