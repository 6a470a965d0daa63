"""A campaign on ``faultyrecipe`` in this process, with a generator of amines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faultyrecipe import SOURCE

from screening.campaign.loop import CampaignPlan, run_campaign
from screening.compute.executor import Executor, Inline
from screening.objective import ObjectiveSettings
from screening.progress import Listener
from screening.ranking import Lead
from screening.store.journal import Journal

SOURCES = {"faulty": SOURCE}
WISHES = (
    ObjectiveSettings(name="faulty", transform="window", low=-5.0, high=-4.0),
    ObjectiveSettings(name="logp", transform="at_most", high=4.0, weight=0.5),
)


class Amines:
    """A generator of secondary amines that grows on what it was taught."""

    name = "amines"

    def __init__(self, taught: Sequence[str] = ()) -> None:
        self.taught = tuple(taught)

    def sample(
        self, n: int, *, seed: int, scaffold: Any = None, constraints: Any = None
    ) -> list[str]:
        rng = np.random.default_rng(seed)
        made = [f"{'C' * rng.integers(1, 7)}N{'C' * rng.integers(1, 7)}" for _ in range(n)]
        grown = [f"F{smiles}" for smiles in self.taught if smiles.startswith("C")]
        return [*dict.fromkeys([*made, *grown])][:n]

    def finetuned(
        self, smiles: Sequence[str], weights: Sequence[float], *, seed: int, kl: float = 0.5
    ) -> Amines:
        assert len(smiles) == len(weights)
        assert kl > 0
        assert min(weights) > 0
        assert self.taught == (), "taught from the prior, not from what was taught before"
        return Amines(smiles)


def start(folder: Path) -> Journal:
    return Journal.create(folder, kind="campaign", settings={}, environment={})


def run(
    journal: Journal,
    plan: CampaignPlan,
    listener: Listener | None = None,
    executor: Executor | None = None,
) -> list[Lead]:
    return run_campaign(
        journal=journal,
        plan=plan,
        generator=Amines(),
        executor=executor or Inline(capacity=3),
        on_event=listener,
        sources=SOURCES,
    )


def essence(leads: Sequence[Lead]) -> list[tuple[Any, ...]]:
    """What two runs of one campaign have in common."""
    return [(lead.rank, lead.candidate, lead.utility, lead.round) for lead in leads]
