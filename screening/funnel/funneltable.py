"""The funnel in figures: what came to each stage, what it cut, what went on, what it cost."""

from __future__ import annotations

import json
from dataclasses import dataclass

from screening.funnel import barrier
from screening.funnel.funnel import SCORER_SECONDS, Funnel, FunnelStage
from screening.store.journalview import JournalView


@dataclass(frozen=True)
class StageFigures:
    """One stage, or a recipe at the funnel's end. ``entered`` is the sum of the next four."""

    stage: str
    cut_rule: str  # in words; "" for a recipe at the end
    entered: int  # molecules
    cut: int
    failed: int
    passed: int  # at the end: scored
    waiting: int  # not come so far
    core_seconds: float  # CPU time of all attempts, or in the driver, s


def figures(journal: JournalView, funnel: Funnel) -> tuple[StageFigures, ...]:
    """The stages of a run in their order, and its recipes.

    In a campaign the library meets the exact properties, and the computed stages begin with
    the molecules that were chosen, proposals among them.

    Args:
        journal: open; the run may be going on.
        funnel: of the run.
    """
    if not funnel.stages:
        return ()
    outcomes, seconds = journal.outcome_counts(), journal.core_seconds()
    cuts = journal.cut_counts()
    exact: dict[str, float] = json.loads(journal.marked(SCORER_SECONDS) or "{}")
    entered = journal.library_counts()["passed"]
    chooses = journal.kind == "campaign"
    lost = 0  # failed at a stage, and with it at all behind
    rows = []
    for number, stage in enumerate(funnel.stages):
        if chooses and stage.kind == "recipe":
            entered, chooses = journal.selected(), False
        cut, failed, waiting = cuts.get(stage.stage, 0), 0, 0
        decided = barrier.verdict(journal, number)
        if stage.kind == "recipe":
            scored, all_failed = outcomes.get(stage.stage, (0, 0))
            failed = max(0, all_failed - lost)
            lost += failed
            waiting = max(0, entered - scored - failed)
            spent = seconds.get(stage.stage, 0.0)
        else:
            spent = exact.get(stage.stage, 0.0) + (decided.core_seconds if decided else 0.0)
        if _waits_for_all(stage) and (decided is None or not decided.done):
            waiting = entered - cut - failed
        passed = max(0, entered - cut - failed - waiting)
        rows.append(
            StageFigures(stage.stage, stage.cut, entered, cut, failed, passed, waiting, spent)
        )
        entered = passed
    if chooses:
        entered = journal.selected()
    for recipe in funnel.recipes:
        scored, all_failed = outcomes.get(recipe, (0, 0))
        failed = max(0, all_failed - lost)
        waiting = max(0, entered - scored - failed)
        spent = seconds.get(recipe, 0.0)
        rows.append(StageFigures(recipe, "", entered, 0, failed, scored, waiting, spent))
    return tuple(rows)


def _waits_for_all(stage: FunnelStage) -> bool:
    return stage.ranks or stage.kind == "predicted"
