"""A labelled library bought anew: how soon would a policy have found its best molecules?

A replay begins with molecules drawn by lot, the same for every policy of a seed, and
buys in batches. After each batch stands the share of the library's best ``top`` found
so far; where several molecules tie with the last of them, any of the tied counts, and the
share does not pass 1. With ``top_up`` a batch is bought a few molecules at a time, each
choice knowing the values before it, as in a campaign that does not wait for a whole batch;
hyper-parameters are learnt once a batch all the same.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.acquisition import AcquisitionSettings
from screening.surrogate import SurrogateSettings
from screening.validation.baselines import MinMaxProcess, RandomForest
from screening.validation.labelled import LabelledLibrary
from screening.validation.policies import Bought, CampaignPolicy, Policy, Random

POLICIES = (
    "molq", "greedy", "MinMax + descriptors GP", "MinMax GP", "random forest", "random",
)  # fmt: skip


CAMPAIGN_POLICIES = ("molq", "greedy")  # those that have a campaign's settings


@dataclass(frozen=True)
class Schedule:
    """When how many molecules are bought."""

    start: int  # molecules by lot
    batch: int
    batches: int
    top_up: int | None = None  # molecules bought at a time within a batch; None for all

    @staticmethod
    def of(
        size: int, *, start: float, batch: float, batches: int, top_up: int | None = None
    ) -> Schedule:
        """For a library of a size; below 1, ``start`` and ``batch`` are shares of it.

        Raises:
            ValueError: a number out of range, or more is bought than there is.
        """
        counts = {}
        for name, given in (("start", start), ("batch", batch)):
            if not 0 < given < math.inf or (given >= 1 and given != int(given)):
                raise ValueError(
                    f"{name} {given:g}: give a share between 0 and 1 or a number of molecules"
                )
            counts[name] = int(given) if given >= 1 else max(1, round(given * size))
        if batches < 1:
            raise ValueError(f"{batches} batches; give at least one")
        if top_up is not None and not 1 <= top_up <= counts["batch"]:
            raise ValueError(
                f"top-ups of {top_up} in batches of {counts['batch']}; give 1 to {counts['batch']}"
            )
        schedule = Schedule(counts["start"], counts["batch"], batches, top_up)
        if schedule.evaluations[-1] > size:
            raise ValueError(
                f"{schedule.evaluations[-1]} molecules are to be bought of {size}; "
                "lower start, batch or batches"
            )
        return schedule

    @property
    def evaluations(self) -> tuple[int, ...]:
        """Molecules bought, after the start and after each batch."""
        return tuple(self.start + i * self.batch for i in range(self.batches + 1))

    @property
    def purchases(self) -> tuple[int, ...]:
        """Molecules chosen at a time within a batch."""
        at_a_time = self.top_up or self.batch
        full, rest = divmod(self.batch, at_a_time)
        return (at_a_time,) * full + ((rest,) if rest else ())


@dataclass(frozen=True)
class Replay:
    """One policy with one seed."""

    policy: str
    seed: int
    found: tuple[float, ...]  # share of the best molecules, after the start and each batch
    best: tuple[float, ...]  # the best value bought by then, in the library's unit
    molecules: tuple[int, ...]  # bought, places in the library, in their order
    core_seconds: float  # of choosing and learning


def policy(
    name: str,
    library: LabelledLibrary,
    *,
    surrogate: SurrogateSettings | None = None,
    acquisition: AcquisitionSettings | None = None,
) -> Policy:
    """One of ``POLICIES`` by name.

    Args:
        name: of the policy.
        library: to choose from.
        surrogate: of ``molq`` and ``greedy``; the default of a campaign.
        acquisition: of ``molq``; the default of a campaign.

    Raises:
        ValueError: there is no such policy.
    """
    surrogate = surrogate or SurrogateSettings()
    acquisition = acquisition or AcquisitionSettings()
    made: dict[str, Callable[[], Policy]] = {
        "molq": lambda: CampaignPolicy(
            library, surrogate, acquisition, meaning=_policy_words(surrogate, acquisition)
        ),
        "greedy": lambda: CampaignPolicy(
            library,
            surrogate,
            acquisition.model_copy(update={"kind": "greedy"}),
            name="greedy",
            meaning=f"the same surrogate ({surrogate.kind}), highest mean",
        ),
        "random forest": lambda: RandomForest(library),
        "MinMax GP": lambda: MinMaxProcess(library, descriptors=False, beta=0.0),
        "MinMax + descriptors GP": lambda: MinMaxProcess(library, descriptors=True, beta=1.0),
        "random": lambda: Random(library),
    }
    if name not in made:
        raise ValueError(f"no policy {name!r}; there are: {', '.join(POLICIES)}")
    return made[name]()


def _policy_words(surrogate: SurrogateSettings, acquisition: AcquisitionSettings) -> str:
    return (
        f"a campaign's own decision: surrogate {surrogate.kind}, "
        f"acquisition {acquisition.kind}, batch {acquisition.batch}"
    )


def replay(
    chooser: Policy, library: LabelledLibrary, schedule: Schedule, seed: int, *, top: int
) -> Replay:
    """Buy from a library by a policy; the same seed gives the same replay.

    Args:
        chooser: who chooses.
        library: to buy from.
        schedule: how much, and when.
        seed: of the start and of all choices.
        top: how many of the best molecules are looked for.

    Raises:
        ValueError: ``top`` is more than there are.
        RuntimeError: the policy chose a molecule twice, or another number than asked for.
    """
    threshold = library.threshold(top)
    merits = library.merits
    began = time.process_time()
    start = np.random.default_rng(seed).choice(len(library), schedule.start, replace=False)
    bought = np.asarray(start, dtype=np.int64)
    found, best = [_share(merits[bought], threshold, top)], [_best(library, bought)]
    for batch in range(schedule.batches):
        for part, n in enumerate(schedule.purchases):
            drawn = np.random.SeedSequence([seed, batch, part]).generate_state(1)
            known = Bought(bought, merits[bought])
            chosen = chooser.choose(known, n, int(drawn[0]), relearn=part == 0)
            if len(chosen) != n or len(np.union1d(bought, chosen)) != len(bought) + n:
                raise RuntimeError(
                    f"{chooser.name} chose {len(chosen)} molecules, {n} new ones were asked for"
                )
            bought = np.concatenate([bought, chosen])
        found.append(_share(merits[bought], threshold, top))
        best.append(_best(library, bought))
    return Replay(
        chooser.name,
        seed,
        tuple(found),
        tuple(best),
        tuple(bought.tolist()),
        time.process_time() - began,
    )


def replays(
    names: Sequence[str],
    library: LabelledLibrary,
    schedule: Schedule,
    seeds: Iterable[int],
    *,
    top: int,
    surrogate: SurrogateSettings | None = None,
    acquisition: AcquisitionSettings | None = None,
    kept: Callable[[str, int], Replay | None],
    keep: Callable[[Replay], None],
) -> list[Replay]:
    """Several policies with several seeds.

    Args:
        names: of the policies.
        library: to buy from.
        schedule: how much, and when.
        seeds: each from 0.
        top: how many of the best molecules are looked for.
        surrogate: of the campaign's policy.
        acquisition: of the campaign's policy.
        kept: a replay of a policy and seed made before, or None.
        keep: told of each replay, as it is done or found.

    Raises:
        ValueError: no such policy, or ``top`` out of range.
    """
    made = []
    wanted = list(seeds)
    for name in names:
        chooser: Policy | None = None
        for seed in wanted:
            one = kept(name, seed)
            if one is None:
                chooser = chooser or policy(
                    name, library, surrogate=surrogate, acquisition=acquisition
                )
                one = replay(chooser, library, schedule, seed, top=top)
            keep(one)
            made.append(one)
    return made


def _share(merits: NDArray[np.float64], threshold: float, top: int) -> float:
    return min(top, int((merits >= threshold).sum())) / top


def _best(library: LabelledLibrary, bought: NDArray[np.int64]) -> float:
    values = library.values[bought]
    return float(values.min() if library.minimize else values.max())
