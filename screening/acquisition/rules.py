"""The criteria by which a batch is grown, one molecule given those before.

ucb
    upper confidence bound of the utility. Where asked, each place of the batch has its own
    weight of the uncertainty, drawn log-uniformly (Tripp, Simm and Hernandez-Lobato,
    arXiv:2106.14808), so that a batch holds safe and bold molecules.
ei
    expected improvement on the best utility.
thompson
    the best molecule of one joint draw, another draw for each place.
qei
    the largest gain in Monte Carlo expected improvement of the whole batch,
    E[max(u_batch, best)] (Wilson, Hutter and Deisenroth, NeurIPS 2018). Molecules that
    would be right or wrong together bring less gain, so the batch spreads.
qnehvi
    the largest growth of the hypervolume below the Pareto front (``frontgain``).
greedy
    the mean utility.
random
    any order, for comparison.

With ucb and ei the molecules chosen before are believed to come out as predicted: the mean
stays and what resembles them is less uncertain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from screening.acquisition.outlook import Basis, Outlook
from screening.acquisition.pool import Pool
from screening.acquisition.settings import AcquisitionSettings

ALONE = 128  # draws of molecules foreseen alone
BELIEFS = 10  # times within a batch that the models are told what to believe
TIE = 1e-9  # where no draw improves on the best, the mean still tells molecules apart


class Rule(Protocol):
    """The value of choosing each molecule next."""

    @property
    def outlook(self) -> Outlook:
        """Of the pool, before anything is chosen."""
        ...

    def values(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """Given the places of those chosen so far; shape (molecules,)."""
        ...

    def beta(self, place: int) -> float | None:
        """Weight of the uncertainty at a place of the batch, counted from 0, if it has one."""
        ...


def betas(settings: AcquisitionSettings, n: int, seed: int) -> NDArray[np.float64]:
    """The weight of the uncertainty for each of ``n`` molecules, shape (n,)."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 3]))
    decades = settings.beta_decades
    return np.asarray(settings.beta * 10 ** rng.uniform(-decades, decades, n))


def value_alone(
    outlook: Outlook, best_utility: float, settings: AcquisitionSettings, beta: float
) -> NDArray[np.float64]:
    """The criterion for a batch of one, success and cost not yet counted; shape (molecules,).

    Thompson's draws and the front's growth are of molecules together; alone, a molecule
    counts with its upper bound and its expected improvement.
    """
    if settings.kind in ("ucb", "thompson"):
        return outlook.bound(beta)
    mean, _ = outlook.moments
    if settings.kind in ("ei", "qei", "qnehvi"):
        return np.asarray(outlook.improvement(best_utility) + TIE * mean)
    return mean


def often_best(outlook: Outlook, n: int) -> NDArray[np.float64]:
    """Share of the draws in which a molecule is among the best ``n``; shape (molecules,)."""
    lead = outlook.lead
    if n >= lead.shape[1]:
        return np.ones(lead.shape[1])
    least = np.partition(lead, -n, axis=1)[:, -n]
    return np.asarray((lead >= least[:, np.newaxis]).mean(axis=0))


def for_its_price(
    values: NDArray[np.float64], outlook: Outlook, settings: AcquisitionSettings
) -> NDArray[np.float64]:
    """Values counted as often as the calculation succeeds and, if asked, per core-second."""
    values = values * outlook.success
    if settings.cost_aware and outlook.core_seconds is not None:
        values = values / outlook.core_seconds
    return np.asarray(values)


class _Believing:
    """The outlook given the molecules chosen so far, looked at anew a few times a batch."""

    def __init__(self, basis: Basis, pool: Pool, n: int) -> None:
        self.first = self.now = basis.alone(pool, ALONE)
        self._basis, self._pool = replace(basis, outcomes=None), pool  # those stay as they are
        self._step = -(-n // BELIEFS)
        self._told = 0

    def given(self, chosen: Sequence[int]) -> Outlook:
        if len(chosen) - self._told >= self._step and self._basis.models:
            smiles = [self._pool.candidates[i].smiles for i in chosen[self._told :]]
            self._basis = self._basis.believing(smiles)
            self.now = self._basis.alone(self._pool, ALONE)
            self._told = len(chosen)
        return self.now


class Bound:
    """Upper confidence bound."""

    def __init__(
        self, basis: Basis, pool: Pool, settings: AcquisitionSettings, n: int, seed: int
    ) -> None:
        self._belief = _Believing(basis, pool, n)
        self._settings = settings
        self._betas = betas(settings, n, seed)
        self.outlook = self._belief.first

    def values(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """See ``Rule.values``."""
        bound = self._belief.given(chosen).bound(self._betas[len(chosen)])
        return for_its_price(bound, self.outlook, self._settings)

    def beta(self, place: int) -> float | None:
        """See ``Rule.beta``."""
        return float(self._betas[place])


@dataclass
class _Unweighted:
    outlook: Outlook
    settings: AcquisitionSettings

    def beta(self, place: int) -> float | None:
        """See ``Rule.beta``."""
        return None


class Improvement(_Unweighted):
    """Expected improvement of one molecule after the other."""

    def __init__(
        self, basis: Basis, pool: Pool, settings: AcquisitionSettings, n: int, best: float
    ) -> None:
        self._belief, self._best = _Believing(basis, pool, n), best
        super().__init__(self._belief.first, settings)

    def values(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """See ``Rule.values``."""
        outlook = self._belief.given(chosen)
        gain = outlook.improvement(self._best) + TIE * outlook.moments[0]
        return for_its_price(gain, self.outlook, self.settings)


class JointImprovement(_Unweighted):
    """Expected improvement of the batch and what is pending."""

    def __init__(
        self,
        outlook: Outlook,
        settings: AcquisitionSettings,
        best: float,
        pending: Outlook,
    ) -> None:
        """``pending`` is the outlook of what is being computed, of the same draws."""
        super().__init__(outlook, settings)
        self._lead, self._mean = outlook.lead, outlook.moments[0]
        self._reached = np.maximum(pending.lead.max(axis=1, initial=0.0), best)

    def values(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """See ``Rule.values``."""
        reached = self._reached
        if chosen:
            reached = np.maximum(reached, self._lead[:, list(chosen)].max(axis=1))
        gain = np.maximum(self._lead - reached[:, np.newaxis], 0).mean(axis=0)
        return for_its_price(gain + TIE * self._mean, self.outlook, self.settings)


class Thompson(_Unweighted):
    """A draw for each place."""

    def values(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """See ``Rule.values``."""
        draw = self.outlook.lead[len(chosen) % len(self.outlook.utility)]
        return for_its_price(draw, self.outlook, self.settings)


class FrontGrowth(_Unweighted):
    """Expected growth of the hypervolume."""

    def __init__(
        self,
        outlook: Outlook,
        settings: AcquisitionSettings,
        known: NDArray[np.float64],
        pending: Outlook,
    ) -> None:
        """Take what is known.

        Args:
            outlook: of the pool.
            settings: of the acquisition.
            known: of the molecules computed so far, shape (known, wishes).
            pending: of what is being computed, of the same draws.
        """
        from screening.acquisition.frontgain import FrontGain  # BoTorch takes seconds to import

        super().__init__(outlook, settings)
        drawn = [part.desirability * part.allowed[:, np.newaxis] for part in (outlook, pending)]
        waiting = drawn[1].shape[2]
        self._gain = FrontGain(known, np.concatenate(drawn, axis=2), waiting)
        self._mean = outlook.moments[0]

    def values(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """See ``Rule.values``."""
        gain = self._gain.values(chosen) + TIE * self._mean
        return for_its_price(gain, self.outlook, self.settings)


class Mean(_Unweighted):
    """The mean utility."""

    def values(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """See ``Rule.values``."""
        return for_its_price(self.outlook.moments[0], self.outlook, self.settings)


class Lottery(_Unweighted):
    """Any order."""

    def __init__(
        self, outlook: Outlook, settings: AcquisitionSettings, numbers: NDArray[np.float64]
    ) -> None:
        super().__init__(outlook, settings)
        self._numbers = numbers  # shape: (molecules,)

    def values(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """See ``Rule.values``."""
        return self._numbers
