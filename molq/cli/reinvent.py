"""``molq score --reinvent``: one JSON document for REINVENT 4, and nothing else on stdout."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from molq.errors import CallError

if TYPE_CHECKING:
    from molq.campaignfile import CampaignFile


@dataclass(frozen=True)
class Request:
    """What REINVENT's configuration asks for, as it was given."""

    recipes: Sequence[str]
    scorers: Sequence[str]
    told: Mapping[str, Any]  # scorer -> its settings
    campaign: Path | None  # whose objectives, filters, settings and seed are taken
    seed: int
    workers: int
    outside: float | None  # in the recipe's unit
    time_limit_s: float  # s


def molecules() -> list[str]:
    """What REINVENT writes: a SMILES a line, the last one without an end of line."""
    lines = sys.stdin.read().split("\n")
    if lines[-1] == "":
        del lines[-1]
    # an empty line is a molecule that has no score: every place is answered
    return [line.split()[0] if line.split() else "" for line in lines]


def answer(request: Request, smiles: Sequence[str], changes: dict[str, Any]) -> None:
    """Score the molecules and write the document.

    Args:
        request: what is wanted.
        smiles: the molecules, in REINVENT's order.
        changes: keys of the ``[simulation]`` table, of the campaign's where there is one.

    Raises:
        CallError: what is asked for cannot be.
        MolqError: no process can be started.
    """
    from molq import reinvent
    from molq.batchscoring import answered
    from molq.scorer import asked_of
    from molq.scoring import (
        DEFAULT_RECIPE,
        check_ready,
        check_simulation,
        simulation_settings,
    )

    if request.outside is not None and request.campaign is not None:
        raise CallError("--outside is for raw values: with --objectives such molecules have 0")
    campaign = None if request.campaign is None else _campaign(request.campaign)
    told = dict(request.told)
    names = [*request.recipes, *request.scorers]
    if campaign is not None:
        wished = [objective.name for objective in campaign.objective]
        names = [*wished, *(name for name in names if name not in wished)]
        told |= {
            objective.name: objective.settings.values
            for objective in campaign.objective
            if objective.settings is not None
        }
    names = names or [DEFAULT_RECIPE]
    asked = asked_of(names, told)
    known = {} if campaign is None else campaign.simulation.model_dump(mode="json")
    simulation = simulation_settings({**known, **changes})
    check_simulation(simulation)
    check_ready(asked.recipes, simulation)
    # what a library prints must not stand before the document
    with _answers() as answers:
        found = answered(
            smiles,
            asked,
            simulation,
            seed=campaign.campaign.seed if campaign is not None else request.seed,
            workers=request.workers,
            time_limit_s=request.time_limit_s,
        )
        if campaign is None:
            outside = math.nan if request.outside is None else request.outside
            payload = reinvent.raw(found, names, outside)
        else:
            payload = reinvent.utilities(
                found, campaign.objective, campaign.filters, campaign.ranking
            )
            beside = [name for name in names if name not in payload]
            payload |= {name: [one.value(name) for one in found] for name in beside}
        answers.write(reinvent.document(payload) + "\n")


@contextmanager
def _answers() -> Iterator[IO[str]]:
    """Standard output for the document alone; what libraries print there goes to stderr."""
    from screening.childprocess import take_stdout

    with take_stdout() as answers:
        try:
            yield answers
            answers.flush()
        finally:
            os.dup2(answers.fileno(), 1)


def _campaign(path: Path) -> CampaignFile:
    from molq.campaignfile import CampaignFile

    return CampaignFile.from_toml(path)
