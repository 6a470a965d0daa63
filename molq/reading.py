"""What a run's journal says: its settings, its leads, its status, its report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from generative.start import StartError
from molq.campaignfile import CampaignFile, RunFile, ScreenFile
from molq.errors import CallError, MolqError
from molq.leadtable import LeadTable, label
from molq.runstatus import RECENT_EVENTS, RunStatus, State, state_of
from screening import runfiles
from screening.compute.scheduler import SchedulerError
from screening.funnel.funneltable import figures
from screening.intake.library import LibraryError
from screening.objective import ObjectiveSettings, Transform, recipe_names
from screening.ranking import RankingSettings
from screening.review.opinions import Opinions
from screening.standing import EveryLead, leads
from screening.store.database import FILE, JournalError
from screening.store.journal import Journal

REPORT = "report.html"

MOST_READ = 5000
"""Results of a screen beyond which its report does not read every lead."""

LISTED = 100
"""Leads that it reads then."""

# What a text raises that is not what it was when it was written: a molecule that is none, JSON
# without a key. RDKit's violated invariants are RuntimeErrors.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)


def check_run(directory: Path) -> None:
    """That the folder holds a run.

    Raises:
        CallError: it does not.
    """
    if not (directory / FILE).is_file():
        what = "is not a run's folder" if directory.exists() else "does not exist"
        raise CallError(f"{directory} {what}: give the --out of a `molq run` or `molq screen`")


def is_finished(directory: Path) -> bool:
    """Whether the run has come to its end.

    Raises:
        CallError: there is no run.
        MolqError: the journal is damaged.
    """
    with journal_of(directory) as journal:
        return journal.finished


@contextmanager
def journal_of(directory: Path) -> Iterator[Journal]:
    """The journal of a run, for reading; the run may be going on.

    Raises:
        CallError: there is no run.
        MolqError: the journal is damaged, or of another version.
    """
    check_run(directory)
    with (
        one_line_errors(),
        Journal.open(directory, readonly=True) as journal,
        understood(directory),
    ):
        yield journal


@contextmanager
def understood(directory: Path) -> Iterator[None]:
    """What a record of a journal raises that is not what was written, as one line.

    Raises:
        MolqError: a record was damaged, or written by somebody else.
    """
    try:
        yield
    except MolqError:
        raise
    except _UNREADABLE as error:
        reason = " ".join(str(error).split())[:200]
        raise MolqError(
            f"{directory}: a record of the journal cannot be understood "
            f"({type(error).__name__}: {reason}); `molq verify {directory}` names what is damaged"
        ) from error


def settings_of(journal: Journal) -> RunFile:
    """The settings a run was begun with.

    Raises:
        MolqError: they are not valid for this version of molq.
    """
    model: type[CampaignFile] | type[ScreenFile] = (
        CampaignFile if journal.kind == "campaign" else ScreenFile
    )
    document = dict(journal.settings())
    if "campaign" in document:
        # a campaign that was begun before there was a choice had a barrier
        document["campaign"] = {"barrier": True, **document["campaign"]}
    try:
        return model.from_document(
            document, folder=journal.directory.resolve(), source="the journal's settings"
        )
    except CallError as error:
        raise MolqError("; ".join(error.problems)) from error


def leads_of(journal: Journal, file: RunFile, top: int | None = None) -> LeadTable:
    """The ranked leads of a journal, or the first of them without reading every score."""
    objectives = objectives_of(journal, file)
    ranked = recipe_names(objectives) or file.recipes[:1]
    left_out = 0 if file.ranking.sampled else journal.sampled(ranked)
    if not objectives:
        return LeadTable((), objectives, left_out)
    found = leads(journal, objectives, file.filters, file.ranking, top=top, recipes=file.recipes)
    return LeadTable(tuple(found), objectives, left_out)


def every_lead(journal: Journal, file: RunFile) -> EveryLead:
    """The leads of ``leads_of`` for runs that do not fit in memory; the journal stays open."""
    objectives = objectives_of(journal, file)
    return EveryLead(journal, objectives, file.filters, file.ranking, recipes=file.recipes)


def objectives_of(journal: Journal, file: RunFile) -> tuple[ObjectiveSettings, ...]:
    """What leads are ranked by.

    A screen without objectives is ranked by the value of its first recipe, from the end
    of the scale that the recipe calls better: the utility places a molecule between the
    lowest and the highest value of the screen.
    """
    if isinstance(file, ScreenFile) and not file.objective:
        return _by_value(journal, file.recipes[0], file.ranking)
    return file.objective


def _by_value(
    journal: Journal, recipe: str, ranking: RankingSettings
) -> tuple[ObjectiveSettings, ...]:
    extremes = journal.extremes(recipe, sampled=ranking.sampled)
    if extremes is None:
        return ()
    from simulation.recipes.recipe import better_end

    low, high = extremes
    if low == high:
        low, high = low - 0.5, high + 0.5
    transform: Transform = "maximize" if better_end(recipe) == "higher" else "minimize"
    return (ObjectiveSettings(name=recipe, transform=transform, low=low, high=high),)


def status_of(
    journal: Journal, file: RunFile, table: LeadTable, state: State | None = None
) -> RunStatus:
    """Where a run stands; ``state`` where the caller knows it better than the lock."""
    (scored, failed), library = journal.outcomes(file.recipes), journal.library_counts()
    finished = scored + failed
    # a molecule that was cut is waited for no more, whatever it was asked before
    finished -= journal.results_of_cut(file.recipes)
    if isinstance(file, ScreenFile):
        begun, rounds, asked = None, None, library["passed"] - journal.cut_molecules()
    else:
        begun, rounds = journal.last_round(), file.campaign.rounds
        asked = journal.selected() - journal.cut_selections()
    best = table[0] if table.leads else None
    return RunStatus(
        directory=str(journal.directory),
        name=file.name,
        kind=journal.kind,
        state=state or state_of(journal),
        round=begun,
        rounds=rounds,
        rows=library["rows"],
        dropped=library["dropped"] + library["duplicates"],
        scored=scored,
        failed=failed,
        waiting=max(0, asked * len(file.recipes) - finished),
        best_value=best.utility if best is not None else None,
        best_label=label(best) if best is not None else None,
        not_ranked=table.notice,
        cpu_seconds=journal.cpu_seconds(),
        created=journal.created,
        events=tuple((e.time, e.message) for e in journal.recent_events(RECENT_EVENTS)),
        reused=journal.sources() if file.compute.cache else {},
        funnel=figures(journal, file.way),
        for_approval=_for_approval(journal, file),
        reviews=journal.last_review(),
    )


def _for_approval(journal: Journal, file: RunFile) -> int:
    """Chosen molecules that nothing but a reviewer's word keeps from being computed."""
    if not isinstance(file, CampaignFile) or not file.review.required or journal.finished:
        return 0
    opinions = Opinions.of(journal)
    out = {(drop.round, drop.position) for drop in journal.drops()}
    return sum(
        (record.round, record.position) not in out
        and not opinions[record.candidate.inchikey].verdict
        and not journal.is_begun(record.candidate.inchikey)
        and not all(journal.has_result(record.candidate.inchikey, r) for r in file.recipes)
        for record in journal.selections()
    )


def write_report(journal: Journal, file: RunFile, path: Path, state: State | None = None) -> None:
    """Write the report of a journal into a file, whole or not at all.

    Args:
        journal: open.
        file: the run's settings.
        path: of the report.
        state: of the run, where the caller knows it better than the lock.

    Raises:
        JournalError: the file cannot be written.
    """
    from molq.report.gathering import contents
    from molq.report.page import html

    status = status_of(journal, file, leads_of(journal, file, top=1), state)
    if isinstance(file, ScreenFile) and status.scored > MOST_READ:
        found = leads_of(journal, file, max(file.report.top, LISTED))
        table = replace(found, ranked=status.scored)
    else:
        table = leads_of(journal, file)
    page = html(contents(journal, file, table, status, top=file.report.top))
    with runfiles.replaced(path) as handle:
        handle.write(page)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """The packages' own one-line errors as molq's."""
    try:
        yield
    except (JournalError, SchedulerError, LibraryError, StartError) as error:
        raise MolqError(str(error)) from error
