"""Designed molecules as a table: the same columns for terminal, files and notebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from screening import runfiles

if TYPE_CHECKING:
    import pandas as pd

    from generative.design.designs import Design, Designs, Yield


@dataclass(frozen=True)
class DesignTable(Sequence["Design"]):
    """The molecules of one design task, in the order they were found."""

    designs: Designs
    named: tuple[str, ...] = ()  # properties that were asked for

    @property
    def task(self) -> str:
        """What was asked for, as ``molq sample --task`` names it."""
        return self.designs.task

    @property
    def molecules(self) -> tuple[Design, ...]:
        """SMILES, SA score, likelihood, similarity, change and properties of each."""
        return self.designs.molecules

    @property
    def smiles(self) -> list[str]:
        """The molecules alone."""
        return self.designs.smiles

    @property
    def yield_(self) -> Yield:
        """Attempts, molecules kept, and the others by reason."""
        return self.designs.yield_

    @property
    def notes(self) -> tuple[str, ...]:
        """What the caller should know, one line each."""
        return self.designs.notes

    @overload
    def __getitem__(self, index: int) -> Design: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Design, ...]: ...
    def __getitem__(self, index: int | slice) -> Design | tuple[Design, ...]:
        return self.molecules[index]

    def __len__(self) -> int:
        return len(self.molecules)

    def __iter__(self) -> Iterator[Design]:
        return iter(self.molecules)

    @property
    def header(self) -> list[str]:
        """The columns, with their units."""
        from generative import properties

        columns = ["smiles", "sa-score"]
        if self.designs.compared_with is not None:
            columns.append("similarity")
        for name in self.named:
            unit = properties.find(name).unit
            columns.append(f"{name} ({unit})" if unit else name)
        columns.append("log-likelihood")
        if any(design.change for design in self):
            columns.append("change")
        return columns

    def rows(self) -> list[list[str | float | None]]:
        """One row for each molecule, the columns of ``header``."""
        rows: list[list[str | float | None]] = []
        for design in self:
            row: list[str | float | None] = [design.smiles, design.sa_score]
            if self.designs.compared_with is not None:
                row.append(design.similarity)
            row += [design.properties[name] for name in self.named]
            row.append(design.log_likelihood)
            if any(other.change for other in self):
                row.append(design.change)
            rows.append(row)
        return rows

    def printed(self) -> list[list[str]]:
        """The rows as text, each number with the digits that mean something."""
        from generative import properties

        digits = {"sa-score": 2, "similarity": 2, "log-likelihood": 1}
        digits |= {
            title: properties.find(name).digits
            for title, name in zip(self._property_titles(), self.named, strict=True)
        }
        return [
            [
                value if isinstance(value, str) else _number(value, digits[title])
                for title, value in zip(self.header, row, strict=True)
            ]
            for row in self.rows()
        ]

    def _property_titles(self) -> list[str]:
        first = 2 + (self.designs.compared_with is not None)
        return self.header[first : first + len(self.named)]

    def to_frame(self) -> pd.DataFrame:
        """One row for each molecule; headers carry the units, gaps are NaN."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=self.header)

    def to_csv(self) -> str:
        """CSV; no cell is taken for a formula by a spreadsheet."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.header)
        for row in self.printed():
            writer.writerow([runfiles.cell(value) for value in row])
        return text.getvalue()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the molecules, and what they cost."""
        return {
            "task": self.task,
            "compared_with": self.designs.compared_with,
            "smiles": self.smiles,
            "molecules": [design.to_json() for design in self],
            "yield": {
                "attempts": self.yield_.attempts,
                "kept": self.yield_.kept,
                "refused": dict(self.yield_.refused),
            },
            "notes": list(self.notes),
        }

    def _repr_html_(self) -> str:
        from molq.notebook import Picture, table

        return table(
            ["structure", *self.header],
            [[Picture(design.smiles), *row] for design, row in zip(self, self.rows(), strict=True)],
            caption=f"{self.task}: {self.yield_}",
        )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
