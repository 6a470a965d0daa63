"""A library on its way through a funnel: segment by segment, with the barriers between them.

Inside a segment molecules do not wait for each other: exact properties are looked at as rows
are drawn, and everything that is computed of a molecule goes in one job, on one geometry and
one mean field, up to the first gate that it does not pass. A barrier waits for all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from screening import scorers
from screening.candidate import Candidate
from screening.compute.dispatch import (
    Calculation,
    Task,
    evaluate_all,
    forget_checkpoint,
    not_begun,
)
from screening.compute.executor import Executor
from screening.compute.gate import Gate
from screening.funnel import barrier, predictedstage
from screening.funnel.barrier import Rows
from screening.funnel.funnel import SCORER_SECONDS, Funnel, FunnelStage, Segment, end_of
from screening.funnel.funnelsieve import PropertyGate
from screening.objective import ObjectiveSettings
from screening.scorersettings import ScorerSettings
from screening.store.journal import Journal
from screening.store.records import Cut, Result
from screening.surrogate import SurrogateSettings

if TYPE_CHECKING:
    from screening.campaign.campaignplan import CampaignPlan
    from screening.funnel.cache import Cache

KEPT = 10_000
"""Molecules whose checkpoints outlive a barrier, so that the next stage goes on from their
geometry: of more, a folder each would cost the disk more than it saves."""

_FLUSH = 500  # cuts written at a time
_MOMENT_S = 0.2


@dataclass(frozen=True)
class Way:
    """What all segments share."""

    funnel: Funnel
    calculation: Calculation
    objectives: tuple[ObjectiveSettings, ...] = ()
    surrogate: SurrogateSettings = field(default_factory=SurrogateSettings)


class LibraryFunnel:
    """Takes a library through the stages of a funnel, from wherever its journal stands.

    Args:
        journal: open for writing.
        way: what to do.
        executor: where molecules are evaluated.
        archive: of calculations that need not be done again.
        on_result: called after each new result was written.
        on_stage: called with a line about each barrier that was passed.
    """

    def __init__(
        self,
        journal: Journal,
        way: Way,
        executor: Executor,
        archive: Cache | None,
        on_result: Callable[[Result], None],
        on_stage: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._way = way
        self._executor = executor
        self._archive = archive
        self._on_result = on_result
        self._on_stage = on_stage
        self._seconds: dict[str, float] = dict(json.loads(journal.marked(SCORER_SECONDS) or "{}"))

    def run(self, library: Iterator[Candidate | None]) -> int:
        """Go on to the end, or to where calculations wait for a remote device.

        Args:
            library: molecules as they are taken in; None when a moment has passed without one.

        Returns:
            the number of calculations that wait.
        """
        stages = self._way.funnel.stages
        number = -1  # of the barrier
        for place, segment in enumerate(self._way.funnel.segments()):
            if segment.barrier is not None:
                number = stages.index(segment.barrier)
                decided = barrier.verdict(self._journal, number)
                if decided is not None and decided.done:
                    continue
                if decided is not None:  # interrupted while it cut
                    self._pass(segment.barrier, number)
                    continue
            waiting = self._evaluate(self._tasks(segment, library if place == 0 else None))
            if waiting:
                return waiting
            if segment.barrier is None:
                return 0
            waiting = self._before(segment.barrier, number)
            if waiting:
                return waiting
            self._pass(segment.barrier, number)
        return 0

    def _evaluate(self, tasks: Iterator[Task | None]) -> int:
        return evaluate_all(
            tasks,
            journal=self._journal,
            executor=self._executor,
            calculation=self._way.calculation,
            on_result=self._on_result,
            archive=self._archive,
        )

    def _tasks(
        self, segment: Segment, library: Iterator[Candidate | None] | None
    ) -> Iterator[Task | None]:
        """The molecules that pass the segment's exact properties, with what is computed of them.

        None comes when a moment has passed without one, so that results are looked after.
        """
        gates = [(stage, stage.gate) for stage in segment.scorers]
        cuts: list[Cut] = []
        kept = 0
        found = time.monotonic()
        for candidate in self._molecules(segment, library):
            cut = None if candidate is None else self._cut(candidate, gates)
            if cut is not None:
                cuts.append(cut)
                if len(cuts) == _FLUSH:
                    self._write(cuts)
            elif candidate is not None and segment.steps:
                goes_on = segment.barrier is not None and kept < KEPT
                kept += goes_on
                yield Task(candidate, segment.steps, continues=goes_on)
                found = time.monotonic()
                continue
            if candidate is None or time.monotonic() - found > _MOMENT_S:
                yield None
                found = time.monotonic()
        self._write(cuts)

    def _molecules(
        self, segment: Segment, library: Iterator[Candidate | None] | None
    ) -> Iterator[Candidate | None]:
        if segment.steps:
            yield from self._journal.unfinished(segment.steps)
        else:
            yield from (candidate for candidate, _ in self._journal.remaining())
        if library is not None:
            yield from library

    def _cut(
        self, candidate: Candidate, gates: list[tuple[FunnelStage, Gate | None]]
    ) -> Cut | None:
        for stage, gate in gates:
            begun = time.process_time()
            value = scorers.value(stage.stage, candidate.smiles, stage.settings)
            spent = time.process_time() - begun
            self._seconds[stage.stage] = self._seconds.get(stage.stage, 0.0) + spent
            if gate is not None and not gate.passes(value):
                reason = gate.reason(value, scorers.find(stage.stage).unit)
                return Cut(candidate.inchikey, stage.stage, value, reason)
        return None

    def _write(self, cuts: list[Cut]) -> None:
        if self._seconds:
            with self._journal.transaction():
                self._journal.add_cuts(cuts)
                seconds = {name: round(spent, 3) for name, spent in self._seconds.items()}
                self._journal.mark(SCORER_SECONDS, json.dumps(seconds))
        cuts.clear()

    # barriers

    def _before(self, stage: FunnelStage, number: int) -> int:
        """Compute what a stage has to know first; gives the calculations that wait."""
        if stage.kind != "predicted":
            return 0
        recipe = self._way.funnel.predicts(stage)
        at_hand = len(self._labels(recipe))
        drawn = predictedstage.sample(
            self._journal, stage, number, recipe, at_hand, self._way.calculation.seed
        )
        return self._evaluate(Task(candidate, (recipe,), continues=True) for candidate in drawn)

    def _labels(self, recipe: str) -> predictedstage.Labels:
        most = self._way.surrogate.max_labels
        return predictedstage.labels(self._journal, recipe, self._archive, most)

    def _pass(self, stage: FunnelStage, number: int) -> None:
        """Cut what a barrier does not let go on."""
        journal, funnel = self._journal, self._way.funnel
        end = end_of(stage, funnel, self._way.objectives) if stage.ranks else None
        note = ""
        if stage.kind == "recipe":
            self._fail_behind(stage.stage)
            values: barrier.Values = _recorded
            recipe, unit = stage.stage, _unit(stage.stage, self._way.calculation.sources)
        elif stage.kind == "scorer":
            values, recipe = exact(stage), ""
            unit = scorers.find(stage.stage).unit
        else:
            recipe = funnel.predicts(stage)
            known = self._labels(recipe)
            values = predictedstage.values(known, stage, self._way.surrogate, end)
            unit = _unit(recipe, self._way.calculation.sources)
            note = f", learned from {len(known)} results of {recipe}"
        decided = barrier.sift(
            journal,
            stage,
            number,
            values,
            recipe=recipe,
            end=end,
            unit=unit,
            on_cut=self._forget,
        )
        cut = journal.cut_counts().get(stage.stage, 0)
        line = f"{stage.stage} ({stage.cut}): {cut} of {decided.judged} molecules cut{note}"
        journal.log("funnel", line)
        self._on_stage(line)

    def _forget(self, inchikey: str) -> None:
        if self._executor.limits.checkpoints is not None:
            forget_checkpoint(self._journal, self._executor, inchikey)

    def _fail_behind(self, stage: str) -> None:
        """Write that what failed at a stage is not computed by the recipes behind it either."""
        steps = self._way.funnel.steps
        behind = steps[steps.index(stage) + 1 :]
        for result in self._journal.failed_at(stage):
            with self._journal.transaction():
                for one in not_begun(result, behind):
                    if not self._journal.has_result(one.candidate.inchikey, one.recipe):
                        self._journal.record(one)
                        self._on_result(one)
            self._forget(result.candidate.inchikey)


def exact_gates(journal: Journal, plan: CampaignPlan) -> dict[str, PropertyGate]:
    """Cut the library of a campaign by the funnel's exact properties.

    Args:
        journal: open for writing, with the library taken in.
        plan: of the campaign.

    Returns:
        what the properties of the generator's molecules have to be, by scorer: a stage that
        keeps the best of the library takes of these what is as good as the last it kept.

    Raises:
        JournalError: the journal cannot be written.
        ValueError: a stage does not say which end is the best.
    """
    funnel = plan.way
    gates = {}
    for stage in funnel.scorers:
        decided = barrier.sift(
            journal,
            stage,
            funnel.stages.index(stage),
            exact(stage),
            end=end_of(stage, funnel, plan.objectives) if stage.ranks else None,
            unit=scorers.find(stage.stage).unit,
        )
        gate = Gate(decided.at_least, decided.at_most)
        gates[stage.stage] = PropertyGate(gate, stage.settings)
    return gates


def _recorded(rows: Rows) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for _, value in rows], dtype=np.float64)


def exact(stage: FunnelStage) -> barrier.Values:
    """The exact property of a stage, of each molecule, in its unit."""
    scorer = scorers.find(stage.stage, stage.settings or ScorerSettings())

    def valued(rows: Rows) -> NDArray[np.float64]:
        from screening.intake.standardise import molecule

        # not remembered: a library is looked at once
        return np.array([scorer.score(molecule(c.smiles)) for c, _ in rows], dtype=np.float64)

    return valued


def _unit(recipe: str, sources: Mapping[str, str]) -> str:
    from screening.compute.evaluation import resolve

    return resolve(recipe, sources.get(recipe)).unit
