"""What each step of a molecule's calculation takes: laws from the shipped table and from runs.

A molecule's recipes share its geometry and its mean field, which the first recipe that needs
them pays for. So a step's law is that of its own part and of whatever it needs that no step
before it has paid for. The shipped table gives each law its prior; the runs that are learned
from update it by Bayes' rule, as the scheduler's own cost model does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from molq.planning.experience import Experience, differing
from molq.planning.measuredtables import CostRow, CostTable
from screening.compute.costmodel import CPU_TIME, MEMORY, PowerLaw, Prior, heavy_atoms
from simulation.settings import SimulationSettings

GEOMETRY, MEANFIELD = "geometry", "meanfield"

SAME_PROCESSOR = 0.15
"""Standard deviation of ln(CPU time) between runs on one kind of processor: what else runs."""

OTHER_PROCESSOR = 0.40
"""The same between processors of different kinds: a factor of two either way."""

_OTHER_SETTINGS = 0.7  # ln, where a calculation is told what nobody has measured
_UNSEEN = Prior(CPU_TIME.value, CPU_TIME.power, doubt=1.2, noise=0.5)
_VAGUE = 3.0  # ln, before the rows of the table are seen
_SIZES = (8, 35)  # heavy atoms between which a sum of laws is taken for one
_FEWEST = 1  # rows from which a step counts as measured; few leave a wide interval
_LEAST_SECONDS = 1e-3

_SHARES: dict[str, tuple[str, ...]] = {
    "warhead-ea": (GEOMETRY, MEANFIELD),
    "warhead-st": (GEOMETRY, MEANFIELD),
    "photo-st-gap": (GEOMETRY, MEANFIELD),
    "ch-bde": (GEOMETRY, MEANFIELD),
    "redox": (GEOMETRY,),
    "tautomer-de": (GEOMETRY,),
}
"""What a recipe shares with others; the rest work on species of their own."""

_AXES: dict[str, object] = {
    "basis": "6-31g*",
    "density_fit": True,
    "conformer_search": "etkdg",
}


@dataclass
class StepLaw:
    """What one step takes beyond what the steps before it have paid for."""

    step: str
    cpu: PowerLaw  # s
    memory: PowerLaw  # MB, of the process
    measured: int  # calculations behind the law, of table and runs
    learned: int  # of them, of the runs that were learned from


@dataclass
class CostLaws:
    """The laws of a plan's steps.

    Args:
        table: the shipped one.
        simulation: settings of the calculations that are planned.
        runs: that computed in the same way.
        processor: of this machine.
    """

    table: CostTable
    simulation: SimulationSettings
    runs: Sequence[Experience] = ()
    processor: str | None = None
    notes: list[str] = field(default_factory=list)

    def of(self, steps: Sequence[str]) -> list[StepLaw]:
        """The laws of the steps of a molecule, in their order."""
        paid: set[str] = set()
        found = []
        for place, step in enumerate(steps):
            needs = [part for part in _needs(step) if part not in paid]
            found.append(self._law(step, needs, tuple(steps[:place])))
            paid.update(needs)
        return found

    @property
    def run_doubt(self) -> float:
        """Standard deviation of ln(CPU time) of a whole run, which no calculation averages out."""
        known = [run.processor for run in self.runs] or [self.table.processor]
        same = self.processor is not None and all(one == self.processor for one in known)
        return SAME_PROCESSOR if same else OTHER_PROCESSOR

    @property
    def wall_share(self) -> float:
        """Wall-clock seconds of a calculation for each CPU second."""
        pairs = [(u.wall_seconds, u.cpu_seconds) for run in self.runs for u in run.usages]
        if not pairs:
            return self.table.run.wall_share
        cpu = sum(pair[1] for pair in pairs)
        # more threads share the CPU time between them, as far as they are busy
        return max(1.0, sum(pair[0] for pair in pairs) / cpu) if cpu > 0 else 1.0

    def _law(self, step: str, needs: Sequence[str], before: tuple[str, ...]) -> StepLaw:
        parts = [self._part(part) for part in needs]
        own = self._own(step)
        if own is not None:
            parts.append(own)
        rows = min((part.count for part in parts), default=0)  # the scarcest part decides
        law = StepLaw(
            step,
            PowerLaw(_sum_of(parts) if parts else _UNSEEN),
            PowerLaw(self._memory(step, needs)),
            rows,
            0,
        )
        for run in self.runs:
            if run.steps[: len(before) + 1] != (*before, step):
                continue
            for usage in run.usages:
                if usage.recipe == step and usage.cpu_seconds > 0:
                    atoms = heavy_atoms(usage.smiles)
                    law.cpu.add(atoms, max(usage.cpu_seconds, _LEAST_SECONDS))
                    law.memory.add(atoms, usage.peak_memory_mb)
                    law.learned += 1
        law.measured += law.learned
        return law

    def _part(self, part: str) -> _Part:
        rows = [r for r in self._rows(part) if r.conformers == _standard()]
        doubt = 0.0
        scale = 1.0
        if part == GEOMETRY:
            # the search takes as many optimisations as it is allowed conformers
            scale = (self.simulation.conformers / _standard()) ** self._conformer_power()
            if self.simulation.conformer_search != _AXES["conformer_search"]:
                doubt = _OTHER_SETTINGS
        elif any(getattr(self.simulation, key) != _AXES[key] for key in ("basis", "density_fit")):
            doubt = _OTHER_SETTINGS
        return _Part.fitted(rows, scale, doubt)

    def _own(self, step: str) -> _Part | None:
        """A recipe's own part; None for a stage that ends with a shared one."""
        if "/" in step:
            return None if _reach(step) is not None else _Part(_UNSEEN, 0)
        rows = [r for r in self._rows(step) if r.conformers == _standard()]
        if len(rows) < _FEWEST:
            self._note(f"{step}: no measured cost; a general law with a wide interval is taken")
            return _Part(_UNSEEN, 0)
        told = differing(self.simulation, SimulationSettings())
        return _Part.fitted(rows, 1.0, _OTHER_SETTINGS if set(told) - {"conformers"} else 0.0)

    def _memory(self, step: str, needs: Sequence[str]) -> Prior:
        names = {step, *_needs(step), *needs}
        # the peak of a molecule's process is that of its largest step
        peaks: dict[str, tuple[int, float]] = {}
        for row in self.table.rows:
            if row.step in names and row.failure is None and row.conformers == _standard():
                before = peaks.get(row.smiles, (row.heavy_atoms, 0.0))[1]
                peaks[row.smiles] = (row.heavy_atoms, max(before, row.peak_memory_mb))
        if len(peaks) < _FEWEST:
            return MEMORY
        return _Part.of_pairs(list(peaks.values()), 1.0, 0.0).prior

    def _rows(self, step: str) -> list[CostRow]:
        return [r for r in self.table.rows if r.step == step and r.failure is None]

    def _conformer_power(self) -> float:
        """ln(time) by ln(conformers), of molecules whose search was measured at both numbers."""
        times: dict[str, dict[int, float]] = {}
        for row in self._rows(GEOMETRY):
            times.setdefault(row.smiles, {})[row.conformers] = row.cpu_seconds
        slopes = []
        for by_number in times.values():
            if len(by_number) > 1:
                few, many = min(by_number), max(by_number)
                slopes.append(math.log(by_number[many] / by_number[few]) / math.log(many / few))
        return float(np.median(slopes)) if slopes else 1.0

    def _note(self, line: str) -> None:
        if line not in self.notes:
            self.notes.append(line)


@dataclass(frozen=True)
class _Part:
    prior: Prior
    count: int

    @staticmethod
    def fitted(rows: Sequence[CostRow], scale: float, doubt: float) -> _Part:
        pairs = [(row.heavy_atoms, max(row.cpu_seconds, _LEAST_SECONDS)) for row in rows]
        return _Part.of_pairs(pairs, scale, doubt)

    @staticmethod
    def of_pairs(pairs: Sequence[tuple[int, float]], scale: float, doubt: float) -> _Part:
        """From sizes and values; ``doubt`` widens what is not known of the value."""
        if len(pairs) < _FEWEST:
            return _Part(_UNSEEN, len(pairs))
        law = PowerLaw(Prior(CPU_TIME.value, 2.0, doubt=_VAGUE, noise=0.3, power_doubt=1.0))
        for atoms, value in pairs:
            law.add(atoms, value)
        known = law.posterior
        noise = math.sqrt(known.rate / known.shape)
        return _Part(
            Prior(
                math.exp(known.centre[0]) * scale,
                known.centre[1],
                doubt=math.hypot(noise * math.sqrt(known.spread[0]), doubt),
                noise=noise,
                power_doubt=noise * math.sqrt(known.spread[1]),
            ),
            len(pairs),
        )


def _sum_of(parts: Sequence[_Part]) -> Prior:
    """One law for the sum of several, whose deviations are taken to go together."""
    priors = [part.prior for part in parts]
    at = {n: [p.value * (n / 20) ** p.power for p in priors] for n in (*_SIZES, 20)}
    shares = [value / sum(at[20]) for value in at[20]]
    low, high = _SIZES
    power = math.log(sum(at[high]) / sum(at[low])) / math.log(high / low)

    def weighted(values: Iterable[float]) -> float:
        return sum(share * value for share, value in zip(shares, values, strict=True))

    return Prior(
        sum(at[20]),
        power,
        doubt=weighted(p.doubt for p in priors),
        noise=weighted(p.noise for p in priors),
        power_doubt=weighted(p.power_doubt or p.doubt for p in priors),
    )


def _needs(step: str) -> tuple[str, ...]:
    if "/" not in step:
        return _SHARES.get(step, ())
    reach = _reach(step)
    if reach == "meanfield":
        return (GEOMETRY, MEANFIELD)
    return (GEOMETRY,)


def _reach(step: str) -> str | None:
    """Where a cheap stage ends; None for one with a mean field of its own, as in water."""
    from simulation.recipes import recipe

    if step.partition("/")[0] == "redox":
        return None
    return getattr(recipe.find(step), "reach", None)


def _standard() -> int:
    return SimulationSettings().conformers
