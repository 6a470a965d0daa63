"""Published ways to choose, rebuilt to stand beside a campaign's own.

``random forest``
    MolPAL's (Graff, Shakhnovich and Coley, Chem. Sci. 12 (2021) 7866): 100 trees of depth
    8 on atom-pair fingerprints of 2048 bits, pairs up to three bonds, the highest means
    bought.
``MinMax GP``
    a Gaussian process with the MinMax kernel on counted Morgan environments of radius 2 in
    2048 positions (as Tripp et al., arXiv:2106.14808), nothing learnt, noise variance 0.1
    of the labels', the highest means bought.
``MinMax + descriptors GP``
    the same with half of the variance in a Gaussian kernel over ten standardised
    descriptors, bought by mean plus one standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import Crippen, rdFingerprintGenerator, rdMolDescriptors
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from screening.intake.standardise import molecule
from screening.validation.labelled import LabelledLibrary
from screening.validation.policies import Bought

SIZE = 2048  # positions of a fingerprint
LEVELS = 32  # counts above are read as this
TREES, DEPTH = 100, 8
NOISE = 0.1  # variance, in units of the labels'
_CHUNK = 4096  # molecules predicted at a time


class RandomForest:
    """MolPAL's random forest."""

    name = "random forest"
    meaning = "MolPAL's: 100 trees of depth 8, atom pairs, highest mean"

    def __init__(self, library: LabelledLibrary) -> None:
        make = rdFingerprintGenerator.GetAtomPairGenerator(maxDistance=3, fpSize=SIZE)
        self._bits = np.array(
            [make.GetFingerprintAsNumPy(molecule(s)) for s in library.smiles], dtype=np.uint8
        )

    def choose(self, bought: Bought, n: int, seed: int, *, relearn: bool) -> NDArray[np.int64]:
        """See ``Policy.choose``."""
        from sklearn.ensemble import RandomForestRegressor

        rest = np.setdiff1d(np.arange(len(self._bits)), bought.molecules)
        forest = RandomForestRegressor(TREES, max_depth=DEPTH, n_jobs=1, random_state=seed)
        forest.fit(self._bits[bought.molecules], bought.merits)
        return _best(rest, forest.predict(self._bits[rest]), n)


class MinMaxProcess:
    """Gaussian processes with fixed hyper-parameters.

    Args:
        library: to choose from.
        descriptors: half of the variance for a Gaussian kernel over descriptors.
        beta: standard deviations added to the mean.
    """

    def __init__(self, library: LabelledLibrary, *, descriptors: bool, beta: float) -> None:
        self.name = "MinMax + descriptors GP" if descriptors else "MinMax GP"
        self.meaning = (
            "counted Morgan environments"
            + (" and ten descriptors" if descriptors else "")
            + ", nothing learnt, "
            + (f"mean + {beta:g} std" if beta else "highest mean")
        )
        self._beta = beta
        mols = [molecule(smiles) for smiles in library.smiles]
        self._levels = _levels(mols)
        self._counts = np.asarray(self._levels.sum(axis=1)).ravel()
        self._scaled: NDArray[np.float64] | None = None  # over sqrt(2 * descriptors)
        if descriptors:
            raw = np.array([_descriptors(mol) for mol in mols])
            width = raw.std(axis=0)
            standard = (raw - raw.mean(axis=0)) / np.where(width > 1e-9, width, 1.0)
            self._scaled = standard / np.sqrt(2 * standard.shape[1])

    def choose(self, bought: Bought, n: int, seed: int, *, relearn: bool) -> NDArray[np.int64]:
        """See ``Policy.choose``."""
        known = bought.molecules
        rest = np.setdiff1d(np.arange(len(self._counts)), known)
        offset, spread = bought.merits.mean(), bought.merits.std() + 1e-9
        factor = cho_factor(self._kernel(known, known) + NOISE * np.eye(len(known)), lower=True)
        weights = cho_solve(factor, (bought.merits - offset) / spread)
        worth = np.empty(len(rest))
        for start in range(0, len(rest), _CHUNK):
            part = slice(start, start + _CHUNK)
            cross = self._kernel(rest[part], known)
            worth[part] = cross @ weights
            if self._beta:
                half = solve_triangular(factor[0], cross.T, lower=True, check_finite=False)
                left = np.maximum(1 - np.einsum("ij,ij->j", half, half), 1e-9)
                worth[part] += self._beta * np.sqrt(left)
        return _best(rest, worth, n)

    def _kernel(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """Shape (len(a), len(b)), 1 for a molecule with itself."""
        shared = (self._levels[a] @ self._levels[b].T).toarray()
        joint = self._counts[a][:, np.newaxis] + self._counts[b] - shared
        total = np.divide(shared, joint, out=np.ones_like(shared), where=joint > 0)
        if self._scaled is None:
            return np.asarray(total)
        x, y = self._scaled[a], self._scaled[b]
        squares = (x**2).sum(axis=1)[:, np.newaxis] + (y**2).sum(axis=1) - 2 * x @ y.T
        return np.asarray(0.5 * total + 0.5 * np.exp(-np.maximum(squares, 0)))


def _best(rest: NDArray[np.int64], worth: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    return np.asarray(rest[np.argsort(-worth, kind="stable")[:n]])


def _levels(mols: list[Chem.Mol]) -> sparse.csr_array:
    """Counts in unary, so that the sum of minima is a scalar product; (molecules, ...)."""
    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=SIZE)
    columns: list[int] = []
    ends = [0]
    for mol in mols:
        for position, count in sorted(make.GetCountFingerprint(mol).GetNonzeroElements().items()):
            columns.extend(position * LEVELS + level for level in range(min(count, LEVELS)))
        ends.append(len(columns))
    return sparse.csr_array(
        (np.ones(len(columns)), np.array(columns, dtype=np.int32), np.array(ends)),
        shape=(len(mols), SIZE * LEVELS),
    )


def _descriptors(mol: Chem.Mol) -> tuple[float, ...]:
    of = rdMolDescriptors
    measure: tuple[Callable[[Chem.Mol], float], ...] = (
        of.CalcExactMolWt,
        Crippen.MolLogP,  # type: ignore[attr-defined]
        of.CalcTPSA,
        of.CalcNumRotatableBonds,
        of.CalcNumAromaticRings,
        of.CalcNumHBD,
        of.CalcNumHBA,
        of.CalcFractionCSP3,
        Chem.Mol.GetNumHeavyAtoms,
        of.CalcNumRings,
    )
    return tuple(float(value(mol)) for value in measure)
