"""How near a molecule is to known ones: patents, approved drugs, a project's own compounds.

Tanimoto similarity of binary Morgan fingerprints of radius 2 (ECFP4; Rogers and Hahn, J.
Chem. Inf. Model. 50, 742 (2010)), 2048 bits, to the nearest molecule of a list.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rdkit import Chem, DataStructs

from screening.fingerprint import fingerprint, similarities
from screening.scorers.scorer import Scorer

MOST = 500_000
"""Known molecules at most: all are kept in memory, and each proposal is compared with all."""


class KnownSettings(BaseModel):
    """Which molecules are known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    known: Path = Field(description="file of the known molecules: CSV, SMILES or SDF")
    sha256: str | None = Field(
        default=None,
        description="of the file, to be sure that a later run compares with the same one",
    )


@dataclass(frozen=True)
class Known:
    """A list of molecules to compare with."""

    names: tuple[str, ...]
    fingerprints: tuple[DataStructs.ExplicitBitVect, ...]

    def nearest(self, mol: Chem.Mol) -> tuple[float, str]:
        """Similarity (0..1) to the nearest, and its name; the first of several."""
        found = similarities(fingerprint(mol), self.fingerprints)
        best = int(np.argmax(found))
        return float(found[best]), self.names[best]


@dataclass(frozen=True)
class NearestKnown:
    """Similarity to the nearest known molecule, or its distance from one."""

    name: str
    summary: str
    is_distance: bool
    settings: KnownSettings | None = None
    unit: ClassVar[str] = ""
    settings_model: ClassVar[type[BaseModel]] = KnownSettings

    def configured(self, settings: BaseModel) -> Scorer:
        """The scorer that compares with the list of the settings."""
        assert isinstance(settings, KnownSettings)
        return NearestKnown(self.name, self.summary, self.is_distance, settings)

    def ready(self) -> None:
        """Read the list.

        Raises:
            ValueError: there is none, or it cannot be read.
        """
        self._list()

    def score(self, mol: Chem.Mol) -> float:
        """0..1; ``novelty`` is 1 minus the similarity to the nearest."""
        similarity, _ = self._list().nearest(mol)
        return 1.0 - similarity if self.is_distance else similarity

    def note(self, mol: Chem.Mol) -> str:
        """The nearest by its name."""
        known = self._list()
        similarity, name = known.nearest(mol)
        return f"nearest of {len(known.names)} known: {name}, Tanimoto {similarity:.2f}"

    def _list(self) -> Known:
        if self.settings is None:
            raise ValueError(
                f'{self.name} needs settings = {{ known = "FILE" }}: a list to compare'
            )
        path = self.settings.known
        try:
            stamp = path.stat()
        except OSError as error:
            raise ValueError(
                f"settings.known: {path} cannot be read: {error.strerror}; give a CSV, SMILES or "
                "SDF file of known molecules"
            ) from error
        return _read(path, self.settings.sha256, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=4)
def _read(path: Path, sha256: str | None, changed_ns: int, size: int) -> Known:
    """The list; a file that changed is read anew."""
    from screening.intake.library import LibraryError, read

    if sha256 is not None:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != sha256.lower():
            raise ValueError(
                f"settings.sha256: {path} has changed, its sum is {found}: put the old file back, "
                "or take the new sum"
            )
    names: list[str] = []
    prints: list[DataStructs.ExplicitBitVect] = []
    try:
        for row in read(path):
            if row.candidate is None:  # no molecule, or one that stood there before
                continue
            if len(names) == MOST:
                raise ValueError(f"settings.known: {path} holds more than {MOST} molecules")
            names.append(row.candidate.name or row.candidate.smiles)
            prints.append(fingerprint(Chem.MolFromSmiles(row.candidate.smiles)))
    except LibraryError as error:
        raise ValueError(f"settings.known: {error}") from error
    if not names:
        raise ValueError(f"settings.known: {path} holds no molecule that can be read")
    return Known(tuple(names), tuple(prints))


NEAREST_KNOWN = NearestKnown(
    "nearest-known",
    "Tanimoto similarity (ECFP4) to the nearest molecule of a given list, 0..1",
    is_distance=False,
)
NOVELTY = NearestKnown(
    "novelty",
    "1 minus the Tanimoto similarity (ECFP4) to the nearest molecule of a given list, 0..1",
    is_distance=True,
)
