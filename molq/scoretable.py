"""Results of scoring molecules, one by one or as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from molq.uncertainty import stated
from screening.failure import Failure
from screening.scorecolumns import circuit_of

if TYPE_CHECKING:
    import pandas as pd

    from simulation.score import Score


@dataclass(frozen=True)
class ScoredMolecule:
    """A molecule with its score, or with the reason why it has none."""

    text: str  # the SMILES as it was given
    recipe: str
    score: Score | None
    failure: Failure | None

    @property
    def smiles(self) -> str:
        """The SMILES as computed, or as given where nothing was computed."""
        return self.score.smiles if self.score is not None else self.text

    @property
    def status(self) -> str:
        """``scored`` or ``failed``."""
        return "scored" if self.score is not None else "failed"

    @property
    def value(self) -> float:
        """The score's value in its unit; NaN where there is none."""
        return self.score.value if self.score is not None else float("nan")

    @property
    def unit(self) -> str:
        """The unit of ``value``, "" where there is none."""
        return self.score.unit if self.score is not None else ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the whole score, or the failure."""
        if self.score is not None:
            data = self.score.to_json()
            leading = ("smiles", "inchikey", "recipe", "value", "unit")
            return {
                **{key: data[key] for key in leading},
                "status": self.status,
                "input": self.text,
                **{key: value for key, value in data.items() if key not in leading},
            }
        assert self.failure is not None
        return {
            "smiles": self.text,
            "recipe": self.recipe,
            "status": self.status,
            "failure": {
                "kind": self.failure.kind,
                "step": self.failure.step,
                "message": self.failure.message,
            },
        }

    def _repr_html_(self) -> str:
        return ScoreTable((self,))._repr_html_()


@dataclass(frozen=True)
class ScoreTable(Sequence[ScoredMolecule]):
    """Scored molecules, in the order they were given."""

    molecules: tuple[ScoredMolecule, ...]

    @overload
    def __getitem__(self, index: int) -> ScoredMolecule: ...
    @overload
    def __getitem__(self, index: slice) -> ScoreTable: ...
    def __getitem__(self, index: int | slice) -> ScoredMolecule | ScoreTable:
        if isinstance(index, slice):
            return ScoreTable(self.molecules[index])
        return self.molecules[index]

    def __len__(self) -> int:
        return len(self.molecules)

    def __iter__(self) -> Iterator[ScoredMolecule]:
        return iter(self.molecules)

    @property
    def failed(self) -> tuple[ScoredMolecule, ...]:
        """The molecules without a score."""
        return tuple(item for item in self.molecules if item.failure is not None)

    def of(self, recipe: str) -> tuple[ScoredMolecule, ...]:
        """What one recipe gave, molecule by molecule."""
        return tuple(item for item in self.molecules if item.recipe == recipe)

    def baselines(self) -> dict[str, str]:
        """Every baseline that occurs, with its unit, in the order of first use."""
        found: dict[str, str] = {}
        for item in self.molecules:
            if item.score is not None:
                for name, baseline in item.score.baselines.items():
                    found.setdefault(name, baseline.unit)
        return found

    def to_frame(self) -> pd.DataFrame:
        """One row for each molecule; headers carry the units, gaps are NaN."""
        import pandas as pd

        return pd.DataFrame(
            [self._record(item) for item in self.molecules], columns=self._headers()
        )

    def _headers(self) -> list[str]:
        return [
            "smiles", "inchikey", "recipe", "status", "value", "unit", "standard_error",
            "interval_low", "interval_high", "casci_deviation (mHa)", "circuit_parameters",
            "qubits", "two_qubit_gates", "circuit_depth",
            *(f"{name} ({unit})" for name, unit in self.baselines().items()), "flags", "failure",
        ]  # fmt: skip

    def _record(self, item: ScoredMolecule) -> list[Any]:
        score = item.score
        if score is None:
            failure = item.failure
            reason = f"{failure.step}: {failure.message}" if failure else ""
            gaps = [float("nan")] * (8 + len(self.baselines()))
            return [item.smiles, "", item.recipe, item.status, item.value, "", *gaps, "", reason]
        cost = circuit_of(score)
        return [
            item.smiles,
            score.inchikey,
            item.recipe,
            item.status,
            item.value,
            item.unit,
            *(
                float("nan") if figure is None else figure
                for figure in (
                    score.standard_error,
                    *(score.interval or (None, None)),
                    score.casci_deviation_mha,
                    *(
                        (None,) * 4
                        if cost is None
                        else (cost.parameters, cost.qubits, cost.two_qubit_gates, cost.depth)
                    ),
                )
            ),
            *(
                score.baselines[name].value if name in score.baselines else float("nan")
                for name in self.baselines()
            ),
            "; ".join(score.flags),
            "",
        ]

    def _repr_html_(self) -> str:
        from molq.notebook import CellValue, Picture, table

        baselines = self.baselines()
        recipes = list(dict.fromkeys(item.recipe for item in self.molecules))
        rows: list[list[CellValue]] = []
        for item in self.molecules:
            score = item.score
            which: list[CellValue] = [item.recipe] if len(recipes) > 1 else []
            if score is None:
                reason = f"failed: {item.failure.message}" if item.failure else "failed"
                gaps: list[CellValue] = [None, None, *(None for _ in baselines)]
                rows.append([Picture(item.text), item.text, *which, *gaps, reason])
                continue
            rows.append(
                [
                    Picture(score.smiles, score.sites[0].atoms if score.sites else ()),
                    score.smiles,
                    *which,
                    f"{stated(score.value, score.standard_error)} {score.unit}",
                    score.casci_deviation_mha,
                    *(
                        score.baselines[name].value if name in score.baselines else None
                        for name in baselines
                    ),
                    "; ".join(score.flags) or None,
                ]
            )
        headers = [
            "structure", "SMILES",
            *(["recipe", "value"] if len(recipes) > 1 else recipes or ["score"]),
            "CASCI deviation (mHa)",
            *(f"{name} ({unit})" for name, unit in baselines.items()), "flags",
        ]  # fmt: skip
        return table(headers, rows)
