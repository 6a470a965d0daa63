import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from screening.surrogate import SurrogateSettings, hyperparameters, sumkernel
from screening.surrogate.countprints import Index
from screening.surrogate.gaussianprocess import GaussianProcess
from screening.surrogate.multifidelity import helpful

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(line["smiles"], float(line["warhead_ea"])) for line in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
CHEAP = np.array([value for _, value in SCORED])  # eV; here it plays the cheap value
HEAVY = np.array([Chem.MolFromSmiles(s).GetNumHeavyAtoms() for s in SMILES], dtype=float)
DEAR = 2.0 * CHEAP + 0.02 * HEAVY - 3.0
KNOWN = 15  # molecules with a dear value; all have the cheap one
VALUES = np.where(np.arange(len(SMILES)) < KNOWN, DEAR, np.nan)


@pytest.fixture(scope="module")
def both():
    model = GaussianProcess(SurrogateSettings(trend="none"))
    model.fit(SMILES, VALUES, fidelities={"cheap": CHEAP})
    return model


def test_cheap_values_of_other_molecules_foretell_their_dear_ones(both):
    plain = GaussianProcess(SurrogateSettings(trend="none"))
    plain.fit(SMILES, VALUES)
    assert both.fidelities == ("cheap",)
    assert plain.fidelities == ()
    rest = SMILES[KNOWN:]
    rmse = [np.sqrt(((m.predict(rest).mean - DEAR[KNOWN:]) ** 2).mean()) for m in (both, plain)]
    assert rmse[0] < 0.6 * rmse[1]
    z = (both.predict(rest).mean - DEAR[KNOWN:]) / both.predict(rest).std
    assert (np.abs(z) < 1.96).mean() > 0.85


def test_with_nested_values_it_is_the_joint_process_of_kennedy_and_ohagan(both):
    lower, upper = both.representers()
    slope = lower.spread / CHEAP.std()
    everything = sumkernel.molecules_of(SMILES)
    index = Index(everything.prints)
    cheap = lower.covariance(everything, index, everything) * CHEAP.std() ** 2
    gap = upper.covariance(everything, index, everything) * upper.spread**2
    cheap_noise = np.eye(len(SMILES)) * lower.covariance.noise * CHEAP.std() ** 2
    gap_noise = np.eye(len(SMILES)) * upper.covariance.noise * upper.spread**2
    n, dear = len(SMILES), slice(0, KNOWN)
    total = np.empty((n + KNOWN, n + KNOWN))
    total[:n, :n] = cheap + cheap_noise
    total[n:, :n] = slope * (cheap + cheap_noise)[dear]
    total[:n, n:] = total[n:, :n].T
    total[n:, n:] = (slope**2 * (cheap + cheap_noise) + gap + gap_noise)[dear, dear]
    # the constants that the two are standardised by
    offset = (DEAR[dear] - slope * CHEAP[dear]).mean()
    labels = np.concatenate([CHEAP - CHEAP.mean(), DEAR[dear] - slope * CHEAP.mean() - offset])
    cross = np.concatenate([slope * cheap, (slope**2 * cheap + gap)[dear]])
    solved = np.linalg.solve(total, np.column_stack([labels, cross]))
    mean = slope * CHEAP.mean() + offset + cross.T @ solved[:, 0]
    posterior = slope**2 * cheap + gap - cross.T @ solved[:, 1:]
    found, joint = both.joint(SMILES)
    # of molecules whose dear value is not known
    assert found[KNOWN:] == pytest.approx(mean[KNOWN:], abs=1e-6)
    assert joint[KNOWN:, KNOWN:] == pytest.approx(posterior[KNOWN:, KNOWN:], abs=1e-6)


def test_the_terms_of_the_mean_sum_up_to_it(both):
    grown = both.conditioned(SMILES[20:24], DEAR[20:24])
    for model in (both, grown):
        terms = model.representers()
        assert len(terms) == 2
        total = sum(term.mean(model.molecules(SMILES)) for term in terms)
        assert total == pytest.approx(model.predict(SMILES).mean, abs=1e-9)


def test_further_values_condition_the_sum(both):
    some, other = SMILES[20:24], SMILES[30:40]
    mean, joint = both.joint([*some, *other])
    noise = sum(t.spread**2 * t.covariance.noise for t in both.representers())
    gain = np.linalg.solve(joint[:4, :4] + noise * np.eye(4), joint[:4, 4:])
    once = both.conditioned(some, DEAR[20:24])
    assert once.predict(other).mean == pytest.approx(mean[4:] + (DEAR[20:24] - mean[:4]) @ gain)
    twice = both.conditioned(some[:1], DEAR[20:21]).conditioned(some[1:], DEAR[21:24])
    assert twice.predict(other).mean == pytest.approx(once.predict(other).mean)
    assert twice.predict(other).std == pytest.approx(once.predict(other).std)


def test_a_dear_value_without_its_cheap_one_counts_as_doubtful(both):
    cheap = CHEAP.copy()
    cheap[:5] = np.nan
    model = GaussianProcess()
    model.fit(SMILES, VALUES, fidelities={"cheap": cheap})
    assert model.fidelities == ("cheap",)
    assert np.isfinite(model.predict(SMILES).mean).all()
    with_it, without = both.predict(SMILES[:5]).std, model.predict(SMILES[:5]).std
    assert np.all(without > with_it)


def test_cheap_values_that_say_nothing_are_left_aside():
    rng = np.random.default_rng(3)
    noise = {"noise": rng.normal(size=len(SMILES)), "constant": np.ones(len(SMILES))}
    model = GaussianProcess()
    model.fit(SMILES, VALUES, fidelities=noise)
    plain = GaussianProcess()
    plain.fit(SMILES[:KNOWN], VALUES[:KNOWN])
    assert model.fidelities == ()
    assert model.predict(SMILES).mean == pytest.approx(plain.predict(SMILES).mean)
    left = model.leave_one_out()
    assert left.mean == pytest.approx(plain.leave_one_out().mean)


@pytest.mark.parametrize("known", [10, 25, 40])
def test_a_close_cheap_value_is_used_however_many_labels_there_are(known):
    values = np.where(np.arange(len(SMILES)) < known, DEAR, np.nan)
    model = GaussianProcess()
    model.fit(SMILES, values, fidelities={"cheap": CHEAP})
    assert model.fidelities == ("cheap",)
    error = model.predict(SMILES[known:]).mean - DEAR[known:]
    assert np.sqrt((error**2).mean()) < 0.3 * DEAR.std()


def test_levels_stand_in_the_order_of_their_worth():
    rng = np.random.default_rng(0)
    rough = CHEAP + 0.3 * CHEAP.std() * rng.normal(size=len(SMILES))
    rougher = CHEAP + 1.0 * CHEAP.std() * rng.normal(size=len(SMILES))
    given = {"a": CHEAP, "b": rougher, "c": rough}
    arrays, names = helpful(given, DEAR, 8)
    assert names == ["c", "a"]
    assert np.array_equal(arrays["b"], rougher)
    assert helpful(given, VALUES, KNOWN + 1)[1] == []
    model = GaussianProcess()
    model.fit(SMILES, VALUES, fidelities={"a": CHEAP, "c": rough})
    terms = model.representers()
    assert len(terms) == (3 if model.fidelities else 1)
    assert np.isfinite(model.predict(SMILES).std).all()


def test_levels_that_no_molecule_has_in_common_are_not_stacked():
    first = np.arange(len(SMILES)) % 2 == 0
    given = {"a": np.where(first, CHEAP, np.nan), "b": np.where(first, np.nan, 3 * CHEAP)}
    _, names = helpful(given, DEAR, 8)
    assert len(names) == 1
    model = GaussianProcess()
    model.fit(SMILES, np.where(np.arange(len(SMILES)) < 30, DEAR, np.nan), fidelities=given)
    assert np.isfinite(model.predict(SMILES).mean).all()


def test_a_fidelity_of_the_wrong_shape_is_named():
    with pytest.raises(ValueError, match="fidelity 'cheap'"):
        GaussianProcess().fit(SMILES, VALUES, fidelities={"cheap": [1.0, 2.0]})
    with pytest.raises(ValueError, match="fidelity 'cheap'"):
        GaussianProcess().fit(["CCO"], [1.0], fidelities={"cheap": [np.inf]})
    with pytest.raises(ValueError, match="has a value"):
        GaussianProcess().fit(["CCO"], [np.nan], fidelities={"cheap": [1.0]})


def test_many_labels_go_through_inducing_molecules_at_every_level():
    settings = SurrogateSettings(exact_labels=12, inducing=12)
    model = GaussianProcess(settings)
    model.fit(SMILES, VALUES, fidelities={"cheap": CHEAP})
    assert {t.posterior.root.shape for t in model.posterior.terms[:1]} == {(12, 12)}
    prediction = model.predict(SMILES[KNOWN:])
    assert np.corrcoef(prediction.mean, DEAR[KNOWN:])[0, 1] > 0.5


def test_learning_knows_of_errors_that_differ():
    molecules = sumkernel.molecules_of(SMILES)
    labels = (CHEAP - CHEAP.mean()) / CHEAP.std()
    rng = np.random.default_rng(1)
    loud = np.arange(len(SMILES)) % 2 == 0
    noisy = labels + np.where(loud, 2.0, 0.0) * rng.normal(size=len(SMILES))
    start = hyperparameters.prior(hyperparameters.widths(molecules.properties))
    told = hyperparameters.learn(
        molecules,
        noisy,
        start,
        noise_floor=1e-3,
        amplitude=None,
        variances=np.where(loud, 4.0, 0.0),
    )
    untold = hyperparameters.learn(molecules, noisy, start, noise_floor=1e-3, amplitude=None)
    # untold, the errors are taken for structure
    assert told.weights.sum() < 0.5 * untold.weights.sum()
