"""How varied molecules are, and when a generator has collapsed onto a few of them.

A generator that is taught by its own best proposals can narrow until it repeats itself.
Three signs are looked at, each beside what the untaught prior gives in the same place:
the entropy of the Murcko scaffolds, the mean distance of two molecules, and the share of
proposals that are known already. The buckets are those of the diversity filter of
REINVENT (Blaschke et al., J. Cheminf. 2020, 12, 68): one for each Murcko scaffold, and
what comes into a full one counts for less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold

# A taught generator has collapsed when its scaffolds have less than this part of the
# prior's entropy, two of its molecules less than this part of the prior's distance, or
# more than this share of what it gives is known (beyond what the prior repeats).
LEAST_ENTROPY = 0.6
LEAST_DISTANCE = 0.7
MOST_KNOWN = 0.4
# Fewer molecules say nothing.
FEWEST = 16

_FINGERPRINT = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)


@dataclass(frozen=True)
class Diversity:
    """How varied some molecules are."""

    molecules: int
    entropy: float  # nats, of their Murcko scaffolds
    distance: float  # mean Tanimoto distance of two of them (Morgan, radius 2), 0..1
    known: float  # share of them that was known before, 0..1


@lru_cache(maxsize=65536)
def scaffold_of(smiles: str) -> str:
    """The Murcko scaffold of a molecule as SMILES, without stereochemistry; "" without rings.

    Raises:
        ValueError: RDKit cannot read the molecule.
    """
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise ValueError(f"not a valid SMILES: {smiles!r}")
    Chem.RemoveStereochemistry(mol)
    return str(Chem.MolToSmiles(MurckoScaffold.GetScaffoldForMol(mol)))


def diversity(smiles: Sequence[str], known: Iterable[str] = ()) -> Diversity:
    """How varied molecules are.

    Args:
        smiles: the molecules.
        known: SMILES that were known before.
    """
    if not smiles:
        return Diversity(0, 0.0, 0.0, 0.0)
    counts = np.array(list(Counter(scaffold_of(x) for x in smiles).values()), dtype=float)
    share = counts / counts.sum()
    before = set(known)
    return Diversity(
        len(smiles),
        float(-(share * np.log(share)).sum()),
        _mean_distance(smiles),
        sum(x in before for x in smiles) / len(smiles),
    )


def _mean_distance(smiles: Sequence[str]) -> float:
    prints = [_FINGERPRINT.GetFingerprint(Chem.MolFromSmiles(x)) for x in smiles]
    if len(prints) < 2:
        return 0.0
    pairs = len(prints) * (len(prints) - 1) / 2
    similar = sum(
        sum(DataStructs.BulkTanimotoSimilarity(prints[i], prints[i + 1 :]))
        for i in range(len(prints) - 1)
    )
    return float(1 - similar / pairs)


def collapse(now: Diversity, own: Diversity) -> str | None:
    """What shows that a generator has collapsed; None if nothing does.

    Args:
        now: of molecules of the taught generator.
        own: of as many of the untaught prior, in the same place.
    """
    if min(now.molecules, own.molecules) < FEWEST:
        return None
    signs = []
    if now.entropy < LEAST_ENTROPY * own.entropy:
        signs.append(f"scaffold entropy {now.entropy:.1f} of the prior's {own.entropy:.1f} nats")
    if now.distance < LEAST_DISTANCE * own.distance:
        signs.append(f"mean distance {now.distance:.2f} of the prior's {own.distance:.2f}")
    if now.known > MOST_KNOWN + own.known:
        signs.append(f"{100 * now.known:.0f} % of it known already")
    return ", ".join(signs) or None


class Buckets:
    """A limited number of places for each Murcko scaffold; molecules without rings share none."""

    def __init__(self, size: int, taken: Iterable[str] = ()) -> None:
        """Open buckets.

        Args:
            size: places of each.
            taken: SMILES that are in them already.
        """
        self._size = size
        self._taken = Counter(scaffold_of(smiles) for smiles in taken)

    def take(self, smiles: str) -> bool:
        """Put a molecule into its bucket; False when that is full."""
        scaffold = scaffold_of(smiles)
        if scaffold and self._taken[scaffold] >= self._size:
            return False
        self._taken[scaffold] += 1
        return True


def spread(ranked: Sequence[str], n: int, buckets: Buckets) -> list[str]:
    """The first ``n`` molecules that find room in their buckets, then the first of the others."""
    kept: list[str] = []
    over: list[str] = []
    for smiles in ranked:
        if len(kept) == n:
            break
        (kept if buckets.take(smiles) else over).append(smiles)
    return kept + over[: n - len(kept)]
