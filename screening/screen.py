"""A screen: every molecule of a library evaluated once, every row answered for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from screening import leadfiles, resultfile
from screening.dispatch import STOPPED, Calculation, Task, evaluate_all, waiting_note
from screening.executor import Executor
from screening.filters import FilterSettings
from screening.intake import COMPLETE, Sieve, take_in
from screening.journal import Journal
from screening.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.progress import Listener, MoleculeDone
from screening.ranking import RankingSettings
from screening.records import Result
from screening.standing import leads
from simulation.settings import SimulationSettings


@dataclass(frozen=True)
class ScreenPlan:
    """All settings of a screen."""

    library: LibrarySettings
    recipes: tuple[str, ...]
    seed: int = 0
    objectives: tuple[ObjectiveSettings, ...] = ()  # for ranking; empty for no leads files
    filters: FilterSettings = field(default_factory=FilterSettings)
    simulation: SimulationSettings = field(default_factory=SimulationSettings)
    ranking: RankingSettings = field(default_factory=RankingSettings)
    max_attempts: int = 3


def run_screen(
    *,
    journal: Journal,
    plan: ScreenPlan,
    executor: Executor,
    on_event: Listener | None = None,
    sources: dict[str, str] | None = None,
) -> None:
    """Run a screen from wherever its journal stands to its end.

    Rows are read as workers come free, so a library may be larger than memory.
    ``results.csv`` (and the leads' files when there are objectives) is written at
    the end, also at an early one, with the rows then still pending. Where calculations
    wait for a remote device the journal stays unfinished, and its log says so.

    Args:
        journal: open for writing; new, or of an interrupted run.
        plan: what the screen was told; the same at each session.
        executor: where molecules are evaluated.
        on_event: called with each ``progress.Event``.
        sources: ``module:attribute`` of recipes that are not installed.

    Raises:
        JournalError: the journal cannot be written.
        LibraryError: the library cannot be read.
        KeyboardInterrupt: stopped by the user; the journal is whole.
    """
    if journal.finished:
        write_files(journal, plan)
        return
    tell = on_event or (lambda event: None)
    counts = journal.counts()
    done = counts["scored"] + counts["failed"]
    total: int | None = None

    def tasks() -> Iterator[Task]:
        sieve = Sieve((), plan.filters, sources or {})
        for candidate in chain(
            journal.unfinished(plan.recipes), take_in(journal, plan.library, sieve, tell)
        ):
            if candidate is not None:
                yield Task(candidate, plan.recipes)

    def count(result: Result) -> None:
        nonlocal done, total
        done += 1
        if total is None and journal.marked(COMPLETE) is not None:
            total = journal.counts()["candidates"] * len(plan.recipes)
        tell(MoleculeDone(result, done, total, None))

    try:
        waiting = evaluate_all(
            tasks(),
            journal=journal,
            executor=executor,
            calculation=Calculation(
                plan.seed, plan.simulation, plan.max_attempts, dict(sources or {})
            ),
            on_result=count,
        )
    except (KeyboardInterrupt, SystemExit):
        journal.log("run", STOPPED)
        write_files(journal, plan)
        raise
    if waiting:
        journal.log("run", waiting_note(waiting))
    else:
        journal.finish()
    write_files(journal, plan)


def write_files(journal: Journal, plan: ScreenPlan) -> None:
    """Write ``results.csv``, and the leads' files when there are objectives.

    Raises:
        JournalError: the folder cannot be written, or a record is damaged.
    """
    resultfile.write(journal, plan.recipes)
    if plan.objectives:
        ranked = leads(journal, plan.objectives, plan.filters, plan.ranking)
        leadfiles.write(journal.directory, ranked, plan.objectives)
