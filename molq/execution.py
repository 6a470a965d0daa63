"""Runs: what is checked before one starts, how it is begun, gone on with and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from molq import fetching, inputs
from molq.campaignfile import CampaignFile, RunFile, ScreenFile
from molq.environment import environment
from molq.errors import CallError
from molq.reading import REPORT, check_run, every_lead, one_line_errors, settings_of, write_report
from molq.runstatus import State
from molq.scoring import check_ready, check_recipes, check_simulation, sampled_by
from screening import leadfiles, runfiles
from screening.acquisition import AcquisitionSettings
from screening.acquisition import check as check_acquisition
from screening.compute.executor import Executor, Inline
from screening.compute.scheduler import Scheduler
from screening.funnel.cache import Cache
from screening.funnel.cache import check as check_cache
from screening.funnel.funnel import check as check_funnel
from screening.intake.library import LibraryError
from screening.objective import recipe_names
from screening.objective import validate as validate_objectives
from screening.progress import Listener
from screening.standing import REVIEWED
from screening.store.database import FILE, JournalError
from screening.store.journal import Journal
from screening.store.records import Kind
from simulation.settings import is_simulated

if TYPE_CHECKING:
    from screening.campaign.campaignplan import CampaignPlan

SETTINGS = {"campaign": "campaign.toml", "screen": "screen.toml"}

_LEFTOVERS = ("journal.lock", "journal.reserve", fetching.FOLDER)


def check(file: RunFile) -> None:
    """What can be known to be wrong before anything is computed.

    Raises:
        CallError: an unknown objective, recipe, solver or generator, a scaffold or
            constraint that does not work, a library that cannot be read.
    """
    try:
        if file.objective:
            validate_objectives(file.objective)
        fetching.check(file)
        check_simulation(file.simulation)
        check_funnel(
            file.way,
            file.objective,
            campaign=isinstance(file, CampaignFile),
            library=file.library is not None,
        )
        check_cache(file.compute.cache)
        _check_queue(file)
        if isinstance(file, ScreenFile):
            check_recipes(file.screen.recipe)
            _check_wishes(file)
        else:
            _check_sampled(file)
            check_acquisition(file.acquisition, file.objective)
            check_circuits(file.acquisition)
            _check_cost(file)
            _check_generator(file)
        check_ready(file.way.steps, file.simulation)
    except (LibraryError, JournalError, ValueError) as error:
        if isinstance(error, CallError):
            raise
        raise CallError(str(error)) from error


def _check_queue(file: RunFile) -> None:
    waits = not is_simulated(file.simulation.backend)
    if waits and file.simulation.queue_limit_s >= file.compute.time_limit_s:
        raise CallError(
            f"simulation.queue_limit_s: {file.simulation.queue_limit_s} s of waiting for "
            f"{file.simulation.backend} do not fit into compute.time_limit_s, "
            f"{file.compute.time_limit_s:g} s: lower the one or raise the other"
        )


def _check_wishes(file: ScreenFile) -> None:
    others = [name for name in recipe_names(file.objective) if name not in file.recipes]
    if others:
        raise CallError(
            f"objective {others[0]!r} is not what the screen computes, which is "
            f"{', '.join(file.recipes)}: give it by --recipe, or use molq run"
        )


def _check_sampled(file: CampaignFile) -> None:
    if file.ranking.sampled or not file.recipes:
        return
    if sampler := sampled_by(file.simulation):
        raise CallError(
            f"simulation: {sampler} samples its energies, which a campaign does not rank or learn "
            'from unless it says so: set ranking.sampled = true, or solver = "vqe" and '
            'backend = "exact"'
        )


def _check_cost(file: CampaignFile) -> None:
    if file.recipes:
        return
    rules = {
        "campaign.stop_below": file.campaign.stop_below is not None,
        "acquisition.cost_aware": file.acquisition.cost_aware,
    }
    for key, asked in rules.items():
        if asked:
            raise CallError(
                f"{key}: the campaign computes nothing, so there are no core-seconds to count: "
                "leave it out, or name a recipe in an [[objective]], e.g. warhead-ea"
            )


def _check_generator(file: CampaignFile) -> None:
    if file.generator.share == 0:
        return
    from screening.campaign import quantumprior

    settings = file.generator
    try:
        # sampling nothing still reads the scaffold and the constraints
        quantumprior.find(settings).sample(
            0,
            seed=0,
            scaffold=settings.scaffold,
            constraints=settings.constraints(),
        )
    except ValueError as error:
        raise CallError(f"[generator] {error}") from error


def check_circuits(settings: AcquisitionSettings) -> None:
    """That the circuits that choose a batch have a backend to run on.

    A campaign's first batch needs none, so that what is missing would show after hours.

    Raises:
        CallError: the backend is not known, or what it needs is missing.
    """
    from simulation.errors import InputError
    from simulation.quantum import backends

    if settings.batch != "qaoa":
        return
    try:
        backends.find(settings.backend)
    except InputError as error:
        raise CallError(f"[acquisition] backend: {error.message}") from error


def check_free(directory: Path) -> None:
    """That a new run may be made there.

    Raises:
        CallError: something is there already.
    """
    if (directory / FILE).exists():
        try:
            Journal.open(directory, readonly=True).close()
        except JournalError as error:
            raise CallError(f"{error}; choose another --out") from error
        raise CallError(
            f"{directory} already holds a run: go on with it by `molq resume {directory}`, "
            "or choose another --out"
        )
    if directory.exists() and not directory.is_dir():
        raise CallError(f"{directory} is a file: choose another --out")
    if directory.is_dir() and any(p.name not in _LEFTOVERS for p in directory.iterdir()):
        raise CallError(f"{directory} is not empty: choose another --out")


def begin(
    file: RunFile,
    directory: Path,
    *,
    source: inputs.Source | None = None,
    on_event: Listener | None = None,
    executor: Executor | None = None,
) -> None:
    """Begin a run in a new folder and carry it to its end.

    Args:
        file: the settings; ``check`` them first.
        directory: must hold no run.
        source: the file they were read from, which the folder keeps; None for none.
        on_event: called with each ``screening.progress.Event``.
        executor: where molecules are evaluated; None for Ray as ``[compute]`` says.

    Raises:
        CallError: the folder is taken, or the settings do not work.
        MolqError: Ray or the journal failed.
        KeyboardInterrupt: stopped by the user; the journal is whole.
    """
    check_free(directory)
    kind: Kind = "campaign" if isinstance(file, CampaignFile) else "screen"
    with one_line_errors(), ExitStack() as stack:
        if executor is None:
            # first: where there is no Ray there is no folder either, and the call may be mended
            executor = stack.enter_context(Scheduler(file.compute, threads=file.simulation.threads))
        file, origin = fetching.into(file, directory)
        journal = stack.enter_context(
            Journal.create(
                directory,
                kind=kind,
                settings=fetching.relative(file, directory).model_dump(mode="json"),
                environment={
                    **environment(),
                    **inputs.checksums(file),
                    **origin,
                    **(source.facts() if source is not None else {}),
                },
            )
        )
        if source is not None:
            with runfiles.replaced_bytes(directory / inputs.SOURCE_FILE) as handle:
                handle.write(source.content)
        _carry_on(journal, file, on_event, executor)


def go_on(
    directory: Path,
    *,
    address: str | None = None,
    on_event: Listener | None = None,
    on_notice: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> None:
    """Go on with a run from where its journal stands.

    Args:
        directory: of the run.
        address: of the Ray cluster to go on with, or ``local`` for this machine; None for
            where the run was begun.
        on_event: called with each ``screening.progress.Event``.
        on_notice: called with a line for each thing that is no longer as it was when
            the run began; the journal's log keeps them as well.
        executor: where molecules are evaluated; None for Ray as ``[compute]`` says.

    Raises:
        CallError: there is no run, or its library is another file before all was read.
        MolqError: another process works on it, or Ray or the journal failed.
        KeyboardInterrupt: stopped by the user; the journal is whole.
    """
    check_run(directory)
    with one_line_errors(), Journal.open(directory) as journal:
        file = settings_of(journal)
        if not journal.finished:
            for line in inputs.changes(journal, file, version("molq")):
                journal.log("run", line)
                if on_notice is not None:
                    on_notice(line)
        if address is not None:
            compute = file.compute.model_copy(update={"address": address})
            file = file.model_copy(update={"compute": compute})
        _carry_on(journal, file, on_event, executor)


def _carry_on(
    journal: Journal, file: RunFile, on_event: Listener | None, executor: Executor | None
) -> None:
    written = journal.directory / SETTINGS[journal.kind]
    if not written.exists():
        with runfiles.replaced(written) as handle:
            handle.write(fetching.relative(file, journal.directory).to_toml())
    try:
        if executor is not None or journal.finished:
            _run(journal, file, on_event, executor)
        else:
            with Scheduler(file.compute, threads=file.simulation.threads) as scheduler:
                _run(journal, file, on_event, scheduler)
    finally:
        # the writer's own lock would make it look as if it still ran
        state: State = "finished" if journal.finished else "interrupted"
        write_report(journal, file, journal.directory / REPORT, state)


def _run(
    journal: Journal, file: RunFile, on_event: Listener | None, executor: Executor | None
) -> None:
    if isinstance(file, CampaignFile):
        _run_campaign(journal, file, on_event, executor)
    else:
        _run_screen(journal, file, on_event, executor)


def plan_of(file: CampaignFile) -> CampaignPlan:
    """What the loop is told, of all that a campaign's file says."""
    from screening.campaign.campaignplan import CampaignPlan

    return CampaignPlan(
        objectives=file.objective,
        library=file.library,
        campaign=file.campaign,
        generator=file.generator,
        filters=file.filters,
        simulation=file.simulation,
        surrogate=file.surrogate,
        acquisition=file.acquisition,
        ranking=file.ranking,
        review=file.review,
        max_attempts=file.compute.max_attempts,
        funnel=file.funnel,
    )


@contextmanager
def _archive(journal: Journal, file: RunFile) -> Iterator[Cache]:
    """The scores of the runs that the settings name, and the addresses of this run's own."""
    folders = []
    for folder in () if journal.finished else file.compute.cache:
        try:
            check_cache((folder,))
        except JournalError as error:
            # it was there when the run began; what it held is computed instead
            journal.log("cache", str(error))
        else:
            folders.append(folder)
    with Cache(folders, file.simulation, file.seed, seeds=file.compute.cache_seeds) as cache:
        for line in cache.notes():
            journal.log("cache", line)
        yield cache
        for line in cache.troubles():
            journal.log("cache", line)


def _run_campaign(
    journal: Journal, file: CampaignFile, on_event: Listener | None, executor: Executor | None
) -> None:
    from screening.campaign import quantumprior
    from screening.campaign.loop import run_campaign

    # a finished run proposes nothing: its prior need not be there any more
    wanted = file.generator.share > 0 and not journal.finished
    generator = quantumprior.find(file.generator, journal.directory) if wanted else None
    with _archive(journal, file) as archive:
        run_campaign(
            journal=journal,
            plan=plan_of(file),
            generator=generator,
            executor=executor or Inline(),
            on_event=on_event,
            archive=archive,
        )


def _run_screen(
    journal: Journal, file: ScreenFile, on_event: Listener | None, executor: Executor | None
) -> None:
    from screening.screen import ScreenPlan, run_screen

    with _archive(journal, file) as archive:
        run_screen(
            journal=journal,
            plan=ScreenPlan(
                library=file.library,
                recipes=file.recipes,
                seed=file.seed,
                objectives=file.objective,
                filters=file.filters,
                simulation=file.simulation,
                ranking=file.ranking,
                max_attempts=file.compute.max_attempts,
                funnel=file.funnel,
                surrogate=file.surrogate,
            ),
            executor=executor or Inline(),
            on_event=on_event,
            archive=archive,
        )
    if not file.objective:
        # ranked by value, which the run knows only at its end
        reviewed = journal.last_review()
        journal.mark(REVIEWED, str(reviewed))
        found = replace(every_lead(journal, file), reviewed=reviewed)
        leadfiles.write(journal.directory, found, found.objectives)
