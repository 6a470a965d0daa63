"""The columns in which a file shows a recipe's scores; a value's unit stands in its header."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from screening.runfiles import Cell
from simulation.score import CircuitCost, Score


@dataclass(frozen=True)
class ScoreColumns:
    """Which columns the scores of a recipe fill; what none of them has is left out."""

    recipe: str
    unit: str = ""
    is_sampled: bool = False  # some have a standard error
    has_interval: bool = False
    has_active_space: bool = False
    has_circuit: bool = False
    baselines: tuple[tuple[str, str], ...] = ()  # name and unit
    contributions: tuple[str, ...] = ()  # names

    @classmethod
    def of(cls, recipe: str, scores: Iterable[Score]) -> ScoreColumns:
        """The columns that these scores of a recipe fill."""
        known = list(scores)
        baselines: dict[str, str] = {}
        for score in known:
            for name, baseline in score.baselines.items():
                baselines.setdefault(name, baseline.unit)
        return cls(
            recipe=recipe,
            unit=known[0].unit if known else "",
            is_sampled=any(score.standard_error is not None for score in known),
            has_interval=any(score.interval is not None for score in known),
            has_active_space=any(score.casci_value is not None for score in known),
            has_circuit=any(circuit_of(score) is not None for score in known),
            baselines=tuple(sorted(baselines.items())),
            contributions=tuple(sorted({c.name for score in known for c in score.contributions})),
        )

    def joined(self, other: ScoreColumns) -> ScoreColumns:
        """The columns that scores of the one or the other fill, of the same recipe."""
        return ScoreColumns(
            self.recipe,
            self.unit or other.unit,
            self.is_sampled or other.is_sampled,
            self.has_interval or other.has_interval,
            self.has_active_space or other.has_active_space,
            self.has_circuit or other.has_circuit,
            tuple(sorted({**dict(other.baselines), **dict(self.baselines)}.items())),
            tuple(sorted({*self.contributions, *other.contributions})),
        )

    def header(self) -> list[str]:
        """Titles with units."""
        recipe, unit = self.recipe, self.unit
        titles = [titled(recipe, unit)]
        if self.is_sampled:
            titles.append(titled(f"{recipe} standard error", unit))
        if self.has_interval:
            titles += [titled(f"{recipe} 95% low", unit), titled(f"{recipe} 95% high", unit)]
        if self.has_active_space:
            titles.append(f"{recipe} CASCI deviation [mHa]")
        if self.has_circuit:
            figures = ("circuit parameters", "qubits", "two-qubit gates", "circuit depth")
            titles += [f"{recipe} {figure}" for figure in figures]
        titles += [titled(f"{recipe} {name}", of) for name, of in self.baselines]
        titles += [titled(f"{recipe} from {name}", unit) for name in self.contributions]
        return [*titles, f"{recipe} flags"]

    def cells(self, score: Score | None) -> list[Cell]:
        """A score's cells under these titles, all empty where there is none."""
        if score is None:
            return [None] * len(self.header())
        cells: list[Cell] = [score.value]
        if self.is_sampled:
            cells.append(score.standard_error)
        if self.has_interval:
            cells += score.interval or (None, None)
        if self.has_active_space:
            cells.append(score.casci_deviation_mha)
        if self.has_circuit:
            cost = circuit_of(score)
            cells += (
                [None] * 4
                if cost is None
                else [cost.parameters, cost.qubits, cost.two_qubit_gates, cost.depth]
            )
        for name, _ in self.baselines:
            cells.append(score.baselines[name].value if name in score.baselines else None)
        terms = {term.name: term.contribution for term in score.contributions}
        cells += [terms.get(name) for name in self.contributions]
        return [*cells, "; ".join(score.flags)]


def circuit_of(score: Score) -> CircuitCost | None:
    """The costliest circuit of the leading site's sectors, by two-qubit gates."""
    solutions = score.sites[0].solutions if score.sites else ()
    circuits = [s.circuit for s in solutions if s.circuit is not None]
    return max(circuits, key=lambda c: (c.two_qubit_gates, c.depth), default=None)


def titled(name: str, unit: str) -> str:
    """A column's title with its unit."""
    return f"{name} [{unit}]" if unit else name
