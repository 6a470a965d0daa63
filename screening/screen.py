"""A screen: every molecule of a library evaluated once, every row answered for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from screening import leadfiles, resultfile
from screening.compute.dispatch import STOPPED, Calculation, waiting_note
from screening.compute.executor import Executor
from screening.filters import FilterSettings
from screening.funnel.funnel import Funnel, FunnelStage
from screening.funnel.libraryfunnel import LibraryFunnel, Way
from screening.intake.intake import COMPLETE, Sieve, take_in
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.progress import Listener, MoleculeDone, StagePassed
from screening.ranking import RankingSettings
from screening.standing import REVIEWED, EveryLead
from screening.store.journal import Journal
from screening.store.records import Result
from screening.surrogate import SurrogateSettings
from simulation.settings import SimulationSettings

if TYPE_CHECKING:
    from screening.funnel.cache import Cache


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
    funnel: tuple[FunnelStage, ...] = ()
    surrogate: SurrogateSettings = field(default_factory=SurrogateSettings)  # of the funnel's

    @property
    def way(self) -> Funnel:
        """The stages of the funnel, and the recipes at its end."""
        return Funnel(self.funnel, self.recipes)


def run_screen(
    *,
    journal: Journal,
    plan: ScreenPlan,
    executor: Executor,
    on_event: Listener | None = None,
    sources: dict[str, str] | None = None,
    archive: Cache | None = None,
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
        archive: of calculations that need not be done again.

    Raises:
        JournalError: the journal cannot be written.
        LibraryError: the library cannot be read.
        KeyboardInterrupt: stopped by the user; the journal is whole.
    """
    if journal.finished:
        write_files(journal, plan)
        return
    tell = on_event or (lambda event: None)
    recipes = set(plan.recipes)
    counts = journal.counts(plan.recipes)
    done = counts["scored"] + counts["failed"]
    total: int | None = None

    def count(result: Result) -> None:
        nonlocal done, total
        done += result.recipe in recipes
        # how much a funnel lets through is known at its end alone
        if not plan.funnel and total is None and journal.marked(COMPLETE) is not None:
            total = journal.counts()["candidates"] * len(plan.recipes)
        tell(MoleculeDone(result, done, total, None))

    funnel = LibraryFunnel(
        journal,
        Way(
            plan.way,
            Calculation(
                plan.seed,
                plan.simulation,
                plan.max_attempts,
                dict(sources or {}),
                plan.way.gates,
            ),
            plan.objectives,
            plan.surrogate,
        ),
        executor,
        archive,
        count,
        lambda line: tell(StagePassed(line)),
    )
    sieve = Sieve((), plan.filters, sources or {})
    try:
        waiting = funnel.run(take_in(journal, plan.library, sieve, tell))
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
    resultfile.write(journal, plan.recipes, stages=plan.way.steps)
    if plan.objectives:
        reviewed = journal.last_review()
        journal.mark(REVIEWED, str(reviewed))
        ranked = EveryLead(
            journal, plan.objectives, plan.filters, plan.ranking, plan.recipes, reviewed
        )
        leadfiles.write(journal.directory, ranked, plan.objectives)
