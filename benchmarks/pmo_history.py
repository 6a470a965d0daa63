"""What an optimiser asked and was told: counted, bounded, written down, judged.

The area under the curve is that of the benchmark's own code (github.com/wenhao-gao/mol_opt,
``top_auc``): the mean of the k best after every 100 calls, joined by trapezoids from 0 at
no call, divided by the budget; a run that ends early keeps its last mean for the rest.
"""

from __future__ import annotations

import csv
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rdkit import Chem

SPENT = "the budget is spent"  # why a task ended that would have gone on
EVERY = 100  # calls between two points of the curve


class BudgetError(RuntimeError):
    """More values were asked for than the budget holds."""


@dataclass(frozen=True)
class Call:
    """One distinct molecule and its value, in the order of asking."""

    smiles: str
    value: float
    cpu_s: float  # CPU seconds of the run so far, oracle included
    oracle_s: float  # CPU seconds in the oracle so far


class CountedOracle:
    """An objective that counts distinct molecules and refuses beyond its budget.

    A molecule asked for twice is answered from memory and costs one call, as in the
    benchmark's own code.
    """

    def __init__(
        self,
        objective: Callable[[str], float],
        budget: int,
        *,
        clock: Callable[[], float],
        history: Sequence[Call] = (),
        written: Callable[[Call], None] | None = None,
    ) -> None:
        self._objective = objective
        self._budget = budget
        self._clock = clock
        self._written = written
        self._before = history[-1].cpu_s if history else 0.0
        self._oracle_s = history[-1].oracle_s if history else 0.0
        self._began = clock()
        self._known = {call.smiles: call.value for call in history}

    @property
    def calls(self) -> int:
        """Distinct molecules so far."""
        return len(self._known)

    @property
    def values(self) -> list[float]:
        """In the order of asking."""
        return list(self._known.values())

    @property
    def left(self) -> int:
        """Calls that the budget still holds."""
        return self._budget - self.calls

    def __call__(self, smiles: str) -> float:
        """The value of a molecule.

        Raises:
            BudgetError: it is a new one and the budget is spent.
            ValueError: it is no molecule.
        """
        mol = Chem.MolFromSmiles(smiles)
        if mol is None:
            raise ValueError(f"{smiles!r} is not a molecule")
        canonical = Chem.MolToSmiles(mol)
        if canonical in self._known:
            return self._known[canonical]
        if self.left <= 0:
            raise BudgetError(f"the budget of {self._budget} calls is spent")
        begin = self._clock()
        value = float(self._objective(canonical))
        end = self._clock()
        self._oracle_s += end - begin
        self._known[canonical] = value
        if self._written is not None:
            elapsed = self._before + end - self._began
            self._written(Call(canonical, value, elapsed, self._oracle_s))
        return value


def best_mean(values: Sequence[float], k: int) -> float:
    """Mean of the k best, or of all when there are fewer."""
    best = heapq.nlargest(k, values)
    return sum(best) / len(best)


def auc(values: Sequence[float], k: int, budget: int) -> float:
    """Area under the curve of the mean of the k best, 0..1 for values in 0..1.

    Args:
        values: in the order of asking; those beyond the budget do not count.
        k: how many of the best.
        budget: calls; a shorter run keeps its last mean.

    Raises:
        ValueError: no values.
    """
    taken = list(values[:budget])
    if not taken:
        raise ValueError("the area under the curve needs at least one value")
    area = before = 0.0
    called = 0
    for call in range(EVERY, len(taken), EVERY):
        now = best_mean(taken[:call], k)
        area += EVERY * (now + before) / 2
        before, called = now, call
    last = best_mean(taken, k)
    area += (len(taken) - called) * (last + before) / 2
    area += (budget - len(taken)) * last
    return area / budget


def read(path: Path) -> list[Call]:
    """The calls of a file; a line that was cut off by an interruption ends it."""
    calls: list[Call] = []
    if not path.is_file():
        return calls
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.reader(file):
            if len(line) != 4 or not line[3].endswith("s"):
                break
            calls.append(Call(line[0], float(line[1]), float(line[2]), float(line[3][:-1])))
    return calls


def line(call: Call) -> str:
    """One line of the file, closed by the unit of its last number."""
    return f"{call.smiles},{call.value!r},{call.cpu_s:.3f},{call.oracle_s:.3f}s\n"
