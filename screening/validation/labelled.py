"""A library whose values are known: what a retrospective trial buys from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from screening.candidate import Candidate
from screening.failure import Failure
from screening.intake import library as intake
from screening.intake.library import LibraryError, LibraryRow, LibrarySettings

STEP = "label"


@dataclass(frozen=True)
class Refused:
    """A row that takes no part, and why."""

    row: int  # counted from 1
    text: str
    failure: Failure


@dataclass(frozen=True)
class LabelledLibrary:
    """Distinct molecules with their values."""

    source: str  # name of the file
    column: str
    minimize: bool  # whether lower values are better
    rows: int  # of the file
    candidates: tuple[Candidate, ...]  # in the order of the file
    values: NDArray[np.float64]  # shape: (molecules,), as in the file
    refused: tuple[Refused, ...]
    repeated: int  # rows of a molecule that another row has already
    widest: float  # greatest difference between the values of one molecule's rows

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def smiles(self) -> list[str]:
        """Canonical, in the order of the molecules."""
        return [candidate.smiles for candidate in self.candidates]

    @property
    def merits(self) -> NDArray[np.float64]:
        """The values turned so that larger is better, shape (molecules,)."""
        return -self.values if self.minimize else self.values

    def threshold(self, top: int) -> float:
        """The merit of the last of the best ``top`` molecules.

        Raises:
            ValueError: there are not that many molecules.
        """
        if not 1 <= top <= len(self):
            raise ValueError(f"the best {top} of {len(self)} molecules; give 1 to {len(self)}")
        return float(np.sort(self.merits)[-top])


def read(
    path: Path,
    column: str,
    *,
    minimize: bool = True,
    smiles_column: str | None = None,
) -> LabelledLibrary:
    """The molecules of a library that have a value, each once.

    Of a molecule that stands in several rows the median of its values counts, since a
    campaign would compute it once.

    Args:
        path: of a library as ``screening.intake.library`` takes it.
        column: header of the values (SDF: the data field).
        minimize: whether lower values are better.
        smiles_column: header of the SMILES, None to find it.

    Raises:
        LibraryError: the file cannot be read, has no such column, or fewer than two
            molecules with a value.
    """
    # the intake hands on one column beside the SMILES, as it stands: here the values
    settings = LibrarySettings(path=path, smiles_column=smiles_column, name_column=column)
    refused: list[Refused] = []
    found: dict[int, list[float]] = {}  # first row of a molecule -> its values
    first: dict[int, Candidate] = {}
    rows = 0
    for entry in _entries(settings, column):
        rows += 1
        if entry.failure is not None:
            refused.append(Refused(entry.row, entry.text, entry.failure))
            continue
        if entry.candidate is not None:
            first[entry.row] = replace(entry.candidate, name="")
        value = _number(entry.name)
        if isinstance(value, Failure):
            refused.append(Refused(entry.row, entry.text, value))
            continue
        found.setdefault(entry.duplicate_of or entry.row, []).append(value)
    kept = sorted(found)
    if len(kept) < 2:
        reason = f"; row {refused[0].row}: {refused[0].failure.message}" if refused else ""
        raise LibraryError(
            f"library {path}: {len(kept)} molecules with a number in column {column!r}, "
            f"two are the least{reason}"
        )
    return LabelledLibrary(
        source=path.name,
        column=column,
        minimize=minimize,
        rows=rows,
        candidates=tuple(first[row] for row in kept),
        values=np.array([float(np.median(found[row])) for row in kept]),
        refused=tuple(refused),
        repeated=sum(len(values) - 1 for values in found.values()),
        widest=max(max(values) - min(values) for values in found.values()),
    )


def _entries(settings: LibrarySettings, column: str) -> Iterator[LibraryRow]:
    try:
        yield from intake.read(settings)
    except LibraryError as error:
        text = str(error).replace(f"{column!r} for names", f"{column!r} of values")
        raise LibraryError(text) from error


def _number(text: str) -> Failure | float:
    shown = text.strip()
    if not shown:
        return Failure("input", STEP, "no value in this row")
    try:
        value = float(shown)
    except ValueError:
        remedy = "; a bound cannot be ranked" if shown[0] in "<>~" else ""
        return Failure("input", STEP, f"the value {shown[:40]!r} is no number{remedy}")
    if not math.isfinite(value):
        return Failure("input", STEP, f"the value {shown[:40]!r} is not finite")
    return value
