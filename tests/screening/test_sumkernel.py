import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from screening.surrogate import hyperparameters, sumkernel
from screening.surrogate.countprints import KINDS, SIZE, CountPrints, Index, row
from screening.surrogate.properties import NAMES
from screening.surrogate.regression import Scale
from screening.surrogate.sumkernel import MEAN_VARIANCE, Posterior, SumCovariance

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(line["smiles"], float(line["warhead_ea"])) for line in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
VALUES = np.array([value for _, value in SCORED])  # eV
MOLECULES = sumkernel.molecules_of(SMILES)
COVARIANCE = SumCovariance(
    np.array([0.3, 0.1, 0.2, 0.05, 0.15]),
    0.4,
    1e-3,
    4.0 * hyperparameters.widths(MOLECULES.properties),
)


def counts(smiles, kind):
    """A fingerprint's counts from RDKit itself, as a dictionary."""
    make = rdFingerprintGenerator
    generator = {
        "morgan-2": lambda: make.GetMorganGenerator(radius=2, fpSize=SIZE),
        "morgan-3": lambda: make.GetMorganGenerator(radius=3, fpSize=SIZE),
        "feature-morgan-2": lambda: make.GetMorganGenerator(
            radius=2, fpSize=SIZE, atomInvariantsGenerator=make.GetMorganFeatureAtomInvGen()
        ),
        "atom-pairs": lambda: make.GetAtomPairGenerator(
            maxDistance=10, fpSize=SIZE, countSimulation=False
        ),
        "torsions": lambda: make.GetTopologicalTorsionGenerator(fpSize=SIZE, countSimulation=False),
    }[kind]()
    found = generator.GetCountFingerprint(Chem.MolFromSmiles(smiles)).GetNonzeroElements()
    return Counter(found)


def minmax(a, b):
    """The plain definition."""
    joint = (a | b).total()
    return (a & b).total() / joint if joint else 1.0


def plain_covariance(covariance, i, j):
    total = MEAN_VARIANCE
    for weight, kind in zip(covariance.weights, KINDS, strict=True):
        total += weight * minmax(counts(SMILES[i], kind), counts(SMILES[j], kind))
    gap = (MOLECULES.properties[i] - MOLECULES.properties[j]) / covariance.lengths
    return total + covariance.properties * np.exp(-0.5 * (gap**2).sum())


def test_similarities_are_the_plain_definition():
    found = Index(MOLECULES.prints[:6]).similarities(MOLECULES.prints[4:9])
    assert found.shape == (len(KINDS), 5, 6)
    for kind, name in enumerate(KINDS):
        for i in range(5):
            for j in range(6):
                expected = minmax(counts(SMILES[4 + i], name), counts(SMILES[j], name))
                assert found[kind, i, j] == pytest.approx(expected, abs=1e-12)


def test_molecules_without_a_kind_of_substructure_are_alike_in_it():
    prints = CountPrints.of([row("C"), row("CCCC"), row("O")])
    torsions = Index(prints).similarities(prints)[KINDS.index("torsions")]
    assert torsions[0, 2] == 1.0
    assert torsions[0, 1] == 0.0
    assert Index(prints).combined(prints, np.eye(len(KINDS))[4]) == pytest.approx(torsions)


def test_the_covariance_is_the_sum_of_its_kernels():
    some = MOLECULES[np.array([3, 0, 7])]
    found = COVARIANCE(some, Index(MOLECULES.prints), MOLECULES)
    for a, i in enumerate((3, 0, 7)):
        for j in range(len(SMILES)):
            assert found[a, j] == pytest.approx(plain_covariance(COVARIANCE, i, j), abs=1e-10)
    assert COVARIANCE.prior_variance == pytest.approx(plain_covariance(COVARIANCE, 0, 0))


def test_posterior_is_the_textbook_formula():
    n = 15
    everything = np.array(
        [[plain_covariance(COVARIANCE, i, j) for j in range(n + 5)] for i in range(n + 5)]
    )
    known = everything[:n, :n] + COVARIANCE.noise * np.eye(n)
    cross, own = everything[n:, :n], everything[n:, n:]
    offset, spread = VALUES[:n].mean(), VALUES[:n].std()
    mean = offset + spread * cross @ np.linalg.solve(known, (VALUES[:n] - offset) / spread)
    covariance = spread**2 * (own - cross @ np.linalg.solve(known, cross.T))

    posterior = Posterior.of(COVARIANCE, MOLECULES[:n], VALUES[:n])
    outlook = posterior.outlook(MOLECULES[n : n + 5])
    assert outlook.mean == pytest.approx(mean, abs=1e-8)
    assert outlook.variance == pytest.approx(np.diag(covariance), abs=1e-8)
    assert posterior.covariances(outlook, 2) == pytest.approx(covariance[2], abs=1e-8)


def test_labels_one_after_the_other_give_what_all_at_once_give():
    full = Posterior.of(COVARIANCE, MOLECULES, VALUES)
    grown = Posterior.of(COVARIANCE, MOLECULES[:10], VALUES[:10])
    for start, stop in ((10, 11), (11, 30), (30, len(VALUES))):
        grown = grown.extended(MOLECULES[start:stop], VALUES[start:stop])
    assert grown.regression.factor == pytest.approx(full.regression.factor, abs=1e-9)
    some = sumkernel.molecules_of(["CC(=O)Nc1ccc(O)cc1", "C=CC(=O)N1CCOCC1"])
    assert grown.outlook(some).mean == pytest.approx(full.outlook(some).mean, abs=1e-9)
    assert grown.outlook(some).variance == pytest.approx(full.outlook(some).variance, abs=1e-9)


def test_learning_finds_what_the_values_depend_on():
    hydrogens = MOLECULES.properties[:, NAMES.index("hydrogen atoms")]
    labels = (hydrogens - hydrogens.mean()) / hydrogens.std()
    start = hyperparameters.prior(hyperparameters.widths(MOLECULES.properties))
    learnt = hyperparameters.learn(MOLECULES, labels, start, noise_floor=1e-4)
    share = learnt.properties / (learnt.properties + learnt.weights.sum())
    assert share > 5 * start.properties / (start.properties + start.weights.sum())
    relative = learnt.lengths / start.lengths
    assert relative.argmin() == NAMES.index("hydrogen atoms")
    assert learnt.weights.sum() + learnt.properties == pytest.approx(1.0)


def test_equal_values_have_no_scale_to_divide_by():
    assert Scale.of(np.full(4, 0.25)) == Scale(0.25, 1.0)


def test_a_bad_smiles_is_named():
    with pytest.raises(ValueError, match="C1CC"):
        sumkernel.molecules_of(["CCO", "C1CC"])


class SameRings:
    """A further kernel: how close the numbers of rings are."""

    name = "rings"

    def fitted(self, smiles, labels):
        return self

    def features(self, smiles):
        mols = [Chem.MolFromSmiles(s) for s in smiles]
        return np.array([[rdMolDescriptors.CalcNumRings(mol)] for mol in mols], dtype=float)

    def covariance(self, a, b):
        return np.exp(-np.abs(a - b.T))


def test_a_further_kernel_joins_the_sum_with_its_weight():
    kernel = SameRings()
    molecules = sumkernel.molecules_of(SMILES, [kernel])
    joined = replace(COVARIANCE, summands=(kernel,), shares=np.array([0.7]))
    index = Index(molecules.prints)
    extra = joined(molecules, index, molecules) - COVARIANCE(MOLECULES, index, MOLECULES)
    rings = kernel.features(SMILES)
    assert extra == pytest.approx(0.7 * np.exp(-np.abs(rings - rings.T)), abs=1e-12)
    assert joined.prior_variance == pytest.approx(COVARIANCE.prior_variance + 0.7)
    both = sumkernel.joined(molecules[:5], molecules[5:])
    assert np.array_equal(both.extra[0], molecules.extra[0])


def test_the_weight_of_a_further_kernel_is_learnt():
    kernel = SameRings()
    molecules = sumkernel.molecules_of(SMILES, [kernel])
    start = hyperparameters.prior(hyperparameters.widths(molecules.properties), [kernel])
    rng = np.random.default_rng(0)
    shares = []
    own = kernel.covariance(molecules.extra[0], molecules.extra[0])
    drawn = np.linalg.cholesky(own + 1e-6 * np.eye(len(SMILES))) @ rng.normal(size=len(SMILES))
    for labels in (drawn, rng.normal(size=len(SMILES))):
        labels = (labels - labels.mean()) / labels.std()
        learnt = hyperparameters.learn(molecules, labels, start, noise_floor=1e-2, amplitude=None)
        shares.append(learnt.shares[0] / (learnt.weights.sum() + learnt.noise))
    assert shares[0] > 10 * shares[1]
