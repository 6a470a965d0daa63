"""What the random forest and the ensemble of networks owe to whoever uses a surrogate."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem

from screening.surrogate import SurrogateSettings, calibration, create, foldedcounts, properties
from screening.surrogate.messagepassing import MessagePassingEnsemble, Network
from screening.surrogate.moleculargraph import ATOM_FEATURES, BOND_FEATURES, graphs
from screening.surrogate.randomforest import RandomForest

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(row["smiles"], float(row["warhead_ea"])) for row in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
VALUES = np.array([value for _, value in SCORED])  # eV
TRAIN, TEST = slice(0, 50), slice(50, None)
KINDS = {"random-forest": RandomForest, "d-mpnn": MessagePassingEnsemble}


@pytest.fixture(scope="module", params=list(KINDS))
def trained(request):
    model = create(SurrogateSettings(kind=request.param))
    assert isinstance(model, KINDS[request.param])
    model.fit(SMILES[TRAIN], VALUES[TRAIN])
    return model


def another(model):
    return type(model)(model.settings)


def test_affinity_of_unseen_warheads_is_ranked_and_calibrated(trained):
    judged = calibration(trained.predict(SMILES[TEST]), VALUES[TEST])
    assert judged.spearman > 0.65
    assert judged.rmse < 0.28  # eV; the values themselves spread by 0.39
    assert judged.coverage_95 >= 0.84
    assert judged.nlpd < 0.3  # a constant guess has 0.5


def test_the_same_labels_in_another_order_give_the_same_numbers(trained):
    order = np.random.default_rng(0).permutation(50)
    shuffled = another(trained)
    shuffled.fit([SMILES[i] for i in order], VALUES[order])
    first, second = trained.predict(SMILES[TEST]), shuffled.predict(SMILES[TEST])
    assert np.array_equal(first.mean, second.mean)
    assert np.array_equal(first.std, second.std)


def test_draws_are_joint_and_agree_with_the_prediction(trained):
    wanted = [*SMILES[50:65], SMILES[50]]
    draws = trained.sample(wanted, 3000, seed=3)
    assert draws.shape == (3000, 16)
    prediction = trained.predict(wanted)
    assert draws.mean(axis=0) == pytest.approx(prediction.mean, abs=0.03)
    assert (draws.std(axis=0) < prediction.std * 1.08).all()  # a draw is without noise
    noise = prediction.std**2 - draws.var(axis=0)
    assert noise == pytest.approx(np.full(16, noise.mean()), abs=0.25 * np.max(prediction.std**2))
    assert draws[:, 0] == pytest.approx(draws[:, 15], abs=1e-9)
    correlation = np.corrcoef(draws[:, :15], rowvar=False)
    assert np.abs(correlation[np.triu_indices(15, 1)]).max() > 0.3
    assert np.array_equal(draws, trained.sample(wanted, 3000, seed=3))
    assert not np.array_equal(draws, trained.sample(wanted, 3000, seed=4))


def test_further_labels_draw_the_prediction_towards_them(trained):
    before = trained.predict(SMILES[TEST])
    wanted = before.mean[:3] + 1.0
    more = trained.conditioned(SMILES[50:53], wanted)
    after = more.predict(SMILES[TEST])
    moved = after.mean[:3] - before.mean[:3]
    assert (moved > 0.1).all()
    assert (moved < 1.1).all()
    again = trained.predict(SMILES[TEST])
    assert np.array_equal(again.mean, before.mean)
    assert np.array_equal(again.std, before.std)


def test_believing_what_is_expected_makes_it_more_certain(trained):
    before = trained.predict(SMILES[TEST])
    after = trained.conditioned(SMILES[50:60], before.mean[:10]).predict(SMILES[TEST])
    assert after.mean[:10] == pytest.approx(before.mean[:10], abs=0.1)
    assert (after.std[:10] < before.std[:10]).all()


def test_no_further_label_changes_nothing(trained):
    before = trained.predict(SMILES[TEST])
    after = trained.conditioned([], []).predict(SMILES[TEST])
    assert np.array_equal(before.mean, after.mean)
    assert np.array_equal(before.std, after.std)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_labels_give_finite_cautious_predictions(kind, n):
    model = create(SurrogateSettings(kind=kind))
    model.fit(SMILES[:n], VALUES[:n])
    prediction = model.predict(SMILES)
    assert np.isfinite(prediction.mean).all()
    assert (prediction.std > 0).all()
    assert np.isfinite(model.sample(SMILES[:9], 4, seed=0)).all()
    if n > 1:
        spread = VALUES[:n].std()
        assert (prediction.std >= 0.99 * spread).all()
        assert np.abs(prediction.mean - VALUES[:n].mean()).max() < 5 * spread


@pytest.mark.parametrize("kind", list(KINDS))
def test_equal_labels_predict_themselves(kind):
    model = create(SurrogateSettings(kind=kind))
    model.fit(SMILES[:12], np.full(12, -4.85))
    prediction = model.predict(SMILES[20:30])
    assert prediction.mean == pytest.approx(np.full(10, -4.85), abs=1e-3)
    assert (prediction.std > 0).all()


@pytest.mark.parametrize("kind", list(KINDS))
def test_molecules_that_only_have_cheap_values_are_left_out(kind):
    values = VALUES[:12].copy()
    values[9:] = math.nan
    whole, part = create(SurrogateSettings(kind=kind)), create(SurrogateSettings(kind=kind))
    whole.fit(SMILES[:12], values, fidelities={"hf": np.arange(12.0)})
    part.fit(SMILES[:9], values[:9])
    assert np.array_equal(whole.predict(SMILES[20:25]).mean, part.predict(SMILES[20:25]).mean)


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_cannot_be_learnt_is_refused(kind):
    model = create(SurrogateSettings(kind=kind))
    with pytest.raises(ValueError, match="not fitted yet"):
        model.predict(SMILES[:2])
    with pytest.raises(ValueError, match="not fitted yet"):
        model.sample(SMILES[:2], 1, seed=0)
    with pytest.raises(ValueError, match="not fitted yet"):
        model.conditioned(SMILES[:2], VALUES[:2])
    with pytest.raises(ValueError, match="one value for each"):
        model.fit(SMILES[:3], VALUES[:2])
    with pytest.raises(ValueError, match="has a value"):
        model.fit(SMILES[:2], [math.nan, math.nan])
    with pytest.raises(ValueError, match="not finite"):
        model.fit(SMILES[:2], [math.inf, 1.0])
    model.fit(SMILES[:2], VALUES[:2])
    with pytest.raises(ValueError, match="not finite"):
        model.conditioned(SMILES[:2], [math.nan, 1.0])
    with pytest.raises(ValueError, match="C1CC"):
        model.predict(["C1CC"])


def test_single_atoms_and_molecules_alone_are_seen(trained):
    together = trained.predict(["C", "CC", SMILES[60]])
    assert np.isfinite(together.mean).all()
    for place, smiles in enumerate(["C", "CC", SMILES[60]]):
        alone = trained.predict([smiles])
        assert alone.mean[0] == pytest.approx(together.mean[place], abs=1e-5)
        assert alone.std[0] == pytest.approx(together.std[place], abs=1e-5)
    assert trained.predict([]).mean.shape == (0,)
    assert trained.sample([], 3, seed=0).shape == (3, 0)


def test_threads_and_random_numbers_of_torch_are_left_alone():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    model = MessagePassingEnsemble()
    model.fit(SMILES[:9], VALUES[:9])
    model.predict(SMILES[:2])
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_a_message_never_turns_back():
    """Yang et al. 2019, equations 2 to 4, bond by bond."""
    network = Network(seed=4)
    seen = graphs(["CC(=O)NC"])
    numbers = torch.zeros(1, len(properties.NAMES))
    features = network(seen, numbers)[2, 0].detach().numpy()
    begin, message, atom, hidden = (
        weight[2].detach().numpy()
        for weight in (network.begin, network.message, network.atom, network.hidden)
    )
    bonds = {
        (int(a), int(b)): row
        for a, b, row in zip(seen.source, seen.target, seen.bonds, strict=True)
    }
    start = {(v, w): np.concatenate([seen.atoms[v], row]) @ begin for (v, w), row in bonds.items()}
    state = {bond: np.maximum(value, 0) for bond, value in start.items()}
    for _ in range(2):
        state = {
            (v, w): np.maximum(
                value
                + sum((state[k, u] for k, u in bonds if u == v and k != w), np.zeros(64)) @ message,
                0,
            )
            for (v, w), value in start.items()
        }
    atoms = [
        np.maximum(np.concatenate([own, sum(state[k, u] for k, u in bonds if u == v)]) @ atom, 0)
        for v, own in enumerate(seen.atoms)
    ]
    whole = np.concatenate([np.mean(atoms, axis=0), np.zeros(len(properties.NAMES))])
    assert features == pytest.approx(np.maximum(whole @ hidden, 0), abs=1e-4)


def test_graphs_say_what_a_molecule_is():
    seen = graphs(["C#N", "c1ccsc1"])
    assert len(seen) == 2
    assert seen.atoms.shape == (7, ATOM_FEATURES)
    assert seen.bonds.shape == (12, BOND_FEATURES)
    assert seen.owner.tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert (seen.source[::2] == seen.target[1::2]).all()
    assert (seen.target[::2] == seen.source[1::2]).all()
    assert np.array_equal(seen.bonds[::2], seen.bonds[1::2])
    assert seen.bonds[0].tolist() == [0, 0, 1, 0, 0, 0, 0]  # triple
    assert seen.bonds[2].tolist() == [0, 0, 0, 1, 0, 1, 1]  # aromatic, conjugated, in a ring
    assert (seen.atoms.sum(axis=1) == np.array([5, 5, 7, 7, 7, 7, 7])).all()


def test_counts_fold_and_properties_stand_behind():
    wide = foldedcounts.rows(SMILES[:5], 2048)
    narrow = foldedcounts.rows(SMILES[:5], 256)
    assert np.array_equal(wide[:, :2048].reshape(5, 8, 256).sum(axis=1), narrow[:, :256])
    assert narrow[:, 256:] == pytest.approx(np.array([properties.values(s) for s in SMILES[:5]]))
    with pytest.raises(ValueError, match="fold"):
        foldedcounts.rows(SMILES[:1], 300)
