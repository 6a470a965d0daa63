"""The metrics of MOSES, written anew after their definitions.

Polykovskiy et al., "Molecular Sets (MOSES): a benchmarking platform for molecular
generation models", Frontiers in Pharmacology 11, 565644 (2020). Where the paper leaves
a choice, the one of the reference implementation is taken, and said here.

- A fingerprint is Morgan, radius 2, 1,024 bits, without chirality.
- SNN: mean over the generated molecules of the largest Tanimoto similarity to any
  reference molecule.
- Frag, Scaf: cosine of the count vectors of BRICS fragments, and of Bemis-Murcko
  scaffolds that have two rings or more.
- IntDiv p: 1 - mean over molecules of (mean over molecules of T^p)^(1/p), each
  molecule's pair with itself included.
- Filters: no ring of eight atoms or more, no formal charge, only C, N, S, O, F, Cl, Br
  and H, no match of the MCF and PAINS patterns on the molecule with explicit hydrogens.
- FCD (Preuer et al., J. Chem. Inf. Model. 58, 1736 (2018)): Fréchet distance of the
  ChemNet activations.
- Novelty: share of the distinct molecules that are not in the training set.
- logP, SA, QED, weight: first Wasserstein distance of the distributions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numba import njit
from rdkit import Chem
from rdkit.Chem import BRICS, QED, Crippen, Descriptors, rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold
from rdkit.Contrib.SA_Score import sascorer
from scipy.stats import wasserstein_distance

BITS = 1024
LARGEST_RING = 7
ELEMENTS = frozenset({"C", "N", "S", "O", "F", "Cl", "Br", "H"})
LEAST_RINGS = 2  # of a scaffold that counts
PROPERTIES = {
    "logP": Crippen.MolLogP,
    "SA": sascorer.calculateScore,
    "QED": QED.qed,
    "weight": Descriptors.MolWt,
}

_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=BITS)


def read(smiles: Sequence[str]) -> list[Chem.Mol | None]:
    """Molecules; None for what RDKit cannot read, or what is empty."""
    mols = [Chem.MolFromSmiles(text) if text else None for text in smiles]
    return [mol if mol is not None and mol.GetNumAtoms() else None for mol in mols]


def fingerprints(mols: Sequence[Chem.Mol]) -> np.ndarray:
    """Packed Morgan bits. shape: (molecules, 16), uint64"""
    bits = np.zeros((len(mols), BITS), dtype=np.uint8)
    for row, mol in zip(bits, mols, strict=True):
        row[list(_MORGAN.GetFingerprint(mol).GetOnBits())] = 1
    return np.packbits(bits, axis=1).view(np.uint64)


@njit(cache=False)
def _ones(word):  # type: ignore[no-untyped-def]
    # Counts the ones of 64 bits; the compiler knows this form as one instruction.
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@njit(cache=False)
def _similarity(one, other):  # type: ignore[no-untyped-def]
    both = np.uint64(0)
    either = np.uint64(0)
    for word in range(one.shape[0]):
        both += _ones(one[word] & other[word])
        either += _ones(one[word] | other[word])
    # Two empty fingerprints are alike.
    return float(both) / float(either) if either else 1.0


@njit(cache=False)
def nearest(generated, reference):  # type: ignore[no-untyped-def]
    """Largest Tanimoto similarity of each molecule to the reference. shape: (generated,)"""
    best = np.zeros(generated.shape[0])
    for i in range(generated.shape[0]):
        for j in range(reference.shape[0]):
            best[i] = max(best[i], _similarity(generated[i], reference[j]))
    return best


@njit(cache=False)
def moments(prints):  # type: ignore[no-untyped-def]
    """Mean over all molecules of T and of T squared. shape: (2, molecules)"""
    count = prints.shape[0]
    sums = np.zeros((2, count))
    for i in range(count):
        sums[0, i] += 1.0
        sums[1, i] += 1.0
        for j in range(i):
            value = _similarity(prints[i], prints[j])
            sums[0, i] += value
            sums[0, j] += value
            sums[1, i] += value * value
            sums[1, j] += value * value
    return sums / count


def internal_diversity(prints: np.ndarray) -> tuple[float, float]:
    """IntDiv with p = 1 and p = 2."""
    first, second = moments(prints)
    return 1.0 - float(first.mean()), 1.0 - float(np.sqrt(second).mean())


def fragments(mols: Sequence[Chem.Mol]) -> Counter[str]:
    """How often each BRICS fragment occurs."""
    counts: Counter[str] = Counter()
    for mol in mols:
        counts.update(Chem.MolToSmiles(BRICS.BreakBRICSBonds(mol)).split("."))
    return counts


def scaffolds(mols: Sequence[Chem.Mol]) -> Counter[str]:
    """How many molecules have each Bemis-Murcko scaffold of two or more rings."""
    counts: Counter[str] = Counter()
    for mol in mols:
        scaffold = MurckoScaffold.GetScaffoldForMol(mol)
        if scaffold.GetRingInfo().NumRings() >= LEAST_RINGS:
            counts[Chem.MolToSmiles(scaffold)] += 1
    return counts


def cosine(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Cosine of two count vectors; nan if one is empty."""
    product = sum(n * other.get(name, 0) for name, n in one.items())
    norms = [np.sqrt(sum(float(n) ** 2 for n in counts.values())) for counts in (one, other)]
    return float(product / (norms[0] * norms[1])) if all(norms) else float("nan")


def properties(mols: Sequence[Chem.Mol]) -> dict[str, np.ndarray]:
    """logP, SA score, QED and molecular weight (Da). Each of shape (molecules,)"""
    return {name: np.array([f(mol) for mol in mols]) for name, f in PROPERTIES.items()}


def passes(mol: Chem.Mol, alerts: Sequence[Chem.Mol]) -> bool:
    """Whether a molecule passes the filters of MOSES."""
    if any(len(ring) > LARGEST_RING for ring in mol.GetRingInfo().AtomRings()):
        return False
    if any(a.GetFormalCharge() or a.GetSymbol() not in ELEMENTS for a in mol.GetAtoms()):
        return False
    full = Chem.AddHs(mol)
    return not any(full.HasSubstructMatch(alert) for alert in alerts)


def activations(smiles: Sequence[str]) -> np.ndarray:
    """ChemNet activations of molecules. shape: (molecules, 512), float32

    Raises:
        ImportError: ``fcd-torch`` is not installed.
    """
    try:
        from fcd_torch import FCD
    except ImportError as error:
        raise ImportError(
            "FCD needs the package fcd-torch 1.0.7, which is not installed: "
            "pip install --no-deps fcd-torch==1.0.7"
        ) from error
    found: np.ndarray = FCD(device="cpu", n_jobs=1).get_predictions(list(smiles))
    return found


def gaussian(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of activations. shape: (512,) and (512, 512)"""
    wide = values.astype(np.float64)
    return wide.mean(axis=0), np.cov(wide.T)


def frechet(
    mean: np.ndarray, covariance: np.ndarray, other_mean: np.ndarray, other_covariance: np.ndarray
) -> float:
    """Fréchet distance of two Gaussians.

    |m - n|^2 + tr(C) + tr(D) - 2 tr((C D)^(1/2)), the last from the eigenvalues of the
    symmetric C^(1/2) D C^(1/2), which are those of C D and not negative.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ other_covariance @ root)
    mixed = np.sqrt(np.clip(inner, 0.0, None)).sum()
    return float(
        ((mean - other_mean) ** 2).sum()
        + np.trace(covariance)
        + np.trace(other_covariance)
        - 2.0 * mixed
    )


def distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """First Wasserstein distance of two samples."""
    return float(wasserstein_distance(ours, theirs))
