"""What a calculation will take, learned from those that were made.

Memory and CPU time of a recipe follow a power law in the molecule's heavy atoms ``n``,

    ln y = c + p ln(n / 20) + noise,

with the conjugate prior of a Bayesian linear regression (normal, inverse gamma; Gelman
et al., Bayesian Data Analysis, 3rd ed., ch. 14): what is foretold is a Student t
distribution of ``ln y``, wide before there are data, and updated by each calculation in
constant time and memory. The prior's centre was measured: 308 calculations of warhead-ea
at 5 to 40 heavy atoms took 1.2 GB (n/20)^1.0 and 23 CPU s (n/20)^2.5.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from screening.compute.evaluation import Usage

REFERENCE_ATOMS = 20.0
"""Heavy atoms at which a law's value is stated."""

UPPER = 0.95
"""Share of calculations that take no more than the upper bound foretold."""

_NORMAL_QUANTILE = NormalDist().inv_cdf(UPPER)
_CLASSES_MB = tuple(256 * 2**k for k in range(12))
_LEAST_SHARE = 1 / 16
_KNOWN_SHARES = 5  # calculations before a share of CPU time is believed
_SHARE_MARGIN = 1.5
_ATOM = re.compile(r"\[(?:\d+)?H(?![a-z])[^\]]*\]|(\[[^\]]*\]|Br|Cl|[BCNOPSFIbcnops])")


@dataclass(frozen=True)
class Demand:
    """What a job reserves of a machine."""

    cores: float
    memory_mb: int


@dataclass(frozen=True)
class Prior:
    """Of a power law, before any calculation was seen."""

    value: float  # at 20 heavy atoms: MB or s
    power: float  # of the number of heavy atoms
    doubt: float = 0.5  # standard deviation of ln(value) and of the power
    noise: float = 0.25  # of ln y around the law
    power_doubt: float | None = None  # standard deviation of the power; None for ``doubt``


@dataclass(frozen=True)
class Posterior:
    """What is known of a law: ln y = c + p x + noise, x = ln(atoms / 20).

    The variance of the noise is inverse gamma distributed; given it, (c, p) is normal with
    that variance times ``spread``.
    """

    centre: tuple[float, float]  # of c and p
    spread: tuple[float, float, float]  # variances of c and p, and covariance last
    shape: float
    rate: float


MEMORY = Prior(1200.0, 1.0)  # MB
CPU_TIME = Prior(23.0, 2.5)  # s


class PowerLaw:
    """A quantity of one recipe as a function of the number of heavy atoms."""

    def __init__(self, prior: Prior) -> None:
        precision = (prior.noise / prior.doubt) ** 2
        slope = (prior.noise / (prior.power_doubt or prior.doubt)) ** 2
        self.count = 0
        # Precision matrix (11, 12, 22) over the noise's variance, and precision times mean.
        self._p11, self._p12, self._p22 = precision, 0.0, slope
        self._r1 = precision * math.log(prior.value)
        self._r2 = slope * prior.power
        self._shape = 2.0
        self._square = 2 * self._shape * prior.noise**2 + (
            precision * math.log(prior.value) ** 2 + slope * prior.power**2
        )

    def add(self, atoms: int, value: float) -> None:
        """Learn from a calculation of so many heavy atoms; the value is positive."""
        x, y = math.log(max(1, atoms) / REFERENCE_ATOMS), math.log(value)
        self.count += 1
        self._p11 += 1.0
        self._p12 += x
        self._p22 += x * x
        self._r1 += y
        self._r2 += x * y
        self._shape += 0.5
        self._square += y * y

    def median(self, atoms: int) -> float:
        """Half of the calculations of so many heavy atoms take less."""
        return math.exp(self._law(atoms)[0])

    def upper(self, atoms: int) -> float:
        """The share ``UPPER`` of the calculations of so many heavy atoms take less."""
        centre, scale = self._law(atoms)
        return math.exp(centre + _quantile(2 * self._shape) * scale)

    @property
    def posterior(self) -> Posterior:
        """What the calculations so far leave known, for whoever foretells a sum of many."""
        determinant = self._p11 * self._p22 - self._p12**2
        v11, v12, v22 = (
            self._p22 / determinant,
            -self._p12 / determinant,
            self._p11 / determinant,
        )
        c = v11 * self._r1 + v12 * self._r2
        p = v12 * self._r1 + v22 * self._r2
        rest = max(1e-6, 0.5 * (self._square - c * self._r1 - p * self._r2))
        return Posterior((c, p), (v11, v22, v12), self._shape, rest)

    def _law(self, atoms: int) -> tuple[float, float]:
        """Centre and scale of the Student t distribution of ln y."""
        x = math.log(max(1, atoms) / REFERENCE_ATOMS)
        known = self.posterior
        (c, p), (v11, v22, v12) = known.centre, known.spread
        variance = known.rate / known.shape * (1 + v11 + 2 * x * v12 + x * x * v22)
        return c + p * x, math.sqrt(variance)


@dataclass(frozen=True)
class Observed:
    """A calculation that was made."""

    smiles: str
    recipe: str
    usage: Usage


class CostModel:
    """Memory, CPU time and share of a core, by recipe.

    Args:
        observed: calculations to learn from at once.
    """

    def __init__(self, observed: Iterable[Observed] = ()) -> None:
        self._memory: dict[str, PowerLaw] = {}
        self._cpu: dict[str, PowerLaw] = {}
        self._shares: dict[str, _Share] = {}
        for one in observed:
            self.learn(one)

    def learn(self, observed: Observed) -> None:
        """Learn from one calculation.

        One that was killed at its limit had reached that much and teaches it. What was
        not measured, as in the driver's own process, teaches nothing.
        """
        recipe, usage = observed.recipe, observed.usage
        atoms = heavy_atoms(observed.smiles)
        if usage.peak_memory_mb > 0:
            law = self._memory.setdefault(recipe, PowerLaw(MEMORY))
            law.add(atoms, usage.peak_memory_mb)
        if usage.cpu_seconds > 0:
            law = self._cpu.setdefault(recipe, PowerLaw(CPU_TIME))
            law.add(atoms, usage.cpu_seconds)
        if usage.wall_seconds > 0:
            share = self._shares.get(recipe, _Share())
            self._shares[recipe] = share.with_one(usage)

    def memory_mb(self, smiles: str, recipes: Sequence[str]) -> float:
        """What a job of these recipes hardly takes more than, in MB."""
        atoms = heavy_atoms(smiles)
        return max(self._memory.get(r, _UNSEEN_MEMORY).upper(atoms) for r in recipes)

    def cpu_seconds(self, smiles: str, recipes: Sequence[str]) -> float:
        """What a job of these recipes takes as a rule, in CPU seconds."""
        atoms = heavy_atoms(smiles)
        return sum(self._cpu.get(r, _UNSEEN_CPU).median(atoms) for r in recipes)

    def core_share(self, recipes: Sequence[str]) -> float:
        """Share of its wall-clock time that a job computes; 1 before it is known."""
        shares = [self._shares.get(recipe, _Share()) for recipe in recipes]
        if min(share.count for share in shares) < _KNOWN_SHARES:
            return 1.0
        wall = sum(share.wall_seconds / share.count for share in shares)
        cpu = sum(share.cpu_seconds / share.count for share in shares)
        return min(1.0, cpu / wall) if wall > 0 else 1.0

    def demand(
        self,
        smiles: str,
        recipes: Sequence[str],
        *,
        threads: int,
        memory_limit_mb: int,
        waits: bool = False,
    ) -> Demand:
        """What a job reserves, in few classes: each new one costs Ray a new lease.

        Args:
            smiles: of the molecule.
            recipes: of the job.
            threads: of the calculation.
            memory_limit_mb: at which it is killed; it never needs more.
            waits: for something outside of this machine, as a remote device; a core is
                then reserved for the share of the time that it is used.
        """
        wanted = self.memory_mb(smiles, recipes)
        memory = next((size for size in _CLASSES_MB if size >= wanted), memory_limit_mb)
        cores = float(threads)
        if waits:
            share = 1.0
            needed = max(_LEAST_SHARE, _SHARE_MARGIN * self.core_share(recipes))
            while share / 2 >= needed:
                share /= 2
            cores *= share
            cores = float(math.ceil(cores)) if cores > 1 else cores  # Ray splits one core alone
        return Demand(cores, min(memory, memory_limit_mb))


@dataclass(frozen=True)
class _Share:
    """CPU and wall-clock time of a recipe, summed."""

    count: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0

    def with_one(self, usage: Usage) -> _Share:
        return _Share(
            self.count + 1,
            self.cpu_seconds + usage.cpu_seconds,
            self.wall_seconds + usage.wall_seconds,
        )


def heavy_atoms(smiles: str) -> int:
    """Atoms other than hydrogen, counted in the text: a hundredth of a parser's time."""
    return sum(1 for atom in _ATOM.findall(smiles) if atom)


def _quantile(freedom: float) -> float:
    """Of Student's t distribution, at ``UPPER`` (Abramowitz and Stegun, 26.7.5)."""
    z = _NORMAL_QUANTILE
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


_UNSEEN_MEMORY = PowerLaw(MEMORY)
_UNSEEN_CPU = PowerLaw(CPU_TIME)
