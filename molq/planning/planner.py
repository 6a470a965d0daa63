"""A plan made: settings, library, experience and prices put together."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generative.settings import START_PRIORS
from molq.campaignfile import CampaignFile, RunFile, ScreenFile
from molq.comparison import prices as pricelist
from molq.errors import CallError
from molq.planning import (
    advice,
    circuitforecast,
    course,
    devices,
    leadforecast,
    measuredtables,
    population,
    samplingforecast,
)
from molq.planning.costlaws import CostLaws
from molq.planning.estimate import Estimate
from molq.planning.experience import Experience, of_the_same, read
from molq.planning.funnelforecast import Crew, Stage, Work, forecast
from molq.planning.plan import Memory, Plan
from molq.planning.population import Population
from screening.compute.machine import cores, memory_mb
from screening.store.database import FILE

DEFAULT_PRECISION_MHA = 1.6  # chemical accuracy
DEFAULT_SAMPLE = 1000
_REPORT_BYTES = 2e6
_RESERVE_BYTES = 4 * 2**20
_COST_SAMPLE = 200  # molecules whose energies are counted
_MOST_WORKERS = 100_000


@dataclass(frozen=True)
class Request:
    """What is asked of a plan beside the run's own settings."""

    learn_from: tuple[Path, ...] = ()
    backend: str | None = None  # device that all energies are priced on; None for every one
    precision_mha: float | None = None
    prices: Path | None = None
    workers: int | None = None
    sample: int = DEFAULT_SAMPLE
    hit_share: float | None = None
    seed: int = 0


def plan(
    target: str | Path | RunFile,
    recipe: str | Sequence[str] | None = None,
    *,
    learn_from: Iterable[str | Path] = (),
    backend: str | None = None,
    precision_mha: float | None = None,
    prices: str | Path | None = None,
    workers: int | None = None,
    sample: int = DEFAULT_SAMPLE,
    hit_share: float | None = None,
    seed: int = 0,
    set: Iterable[str] | Mapping[str, Any] = (),
) -> Plan:
    """What a campaign or a screen will take; nothing is computed.

    A library is read, and as many of its rows as ``sample`` are standardised and filtered;
    no geometry, mean field or circuit is made.

    Args:
        target: a campaign file (.toml), a library, or settings that were read already.
        recipe: of a library: what a screen of it would compute; warhead-ea by default.
        learn_from: folders of finished or unfinished runs, whose costs, cuts and hits are
            taken over where they were computed in the same way.
        backend: quantum device to price, as the prices file names it; None for all of them.
        precision_mha: standard error asked of an energy in mHartree; None for the campaign's
            own where it runs circuits that are sampled, and 1.6 elsewhere.
        prices: a prices file; None for the one that comes with molq.
        workers: calculations at a time; None for what the settings or this machine allow.
        sample: rows of the library that are looked at.
        hit_share: share of the computed molecules that will be wanted, where it is known.
        seed: of everything random.
        set: settings to change, e.g. ``{"campaign.rounds": 5}``.

    Raises:
        CallError: a setting is wrong, or the library or prices cannot be read.
        MolqError: a run that shall be learned from is damaged.
    """
    file = run_file(target, recipe, changes=set)
    request = Request(
        learn_from=tuple(Path(folder) for folder in learn_from),
        backend=backend,
        precision_mha=precision_mha,
        prices=None if prices is None else Path(prices),
        workers=workers,
        sample=sample,
        hit_share=hit_share,
        seed=seed,
    )
    return made(file, request)


def run_file(
    target: str | Path | RunFile,
    recipe: str | Sequence[str] | None,
    *,
    changes: Iterable[str] | Mapping[str, Any] = (),
) -> RunFile:
    """The settings that are planned for.

    Raises:
        CallError: the file is wrong, or the target is a run's folder.
    """
    from molq.libraryscreen import screen_file
    from molq.scoring import DEFAULT_RECIPE

    if isinstance(target, CampaignFile | ScreenFile):
        return target
    path = Path(target)
    if (path / FILE).exists():
        raise CallError(
            f"{path} is a run: plan its campaign.toml or screen.toml, and learn from the run by "
            f"--learn-from {path}"
        )
    if path.is_dir():
        raise CallError(f"{path} is a folder and no run: give a campaign file or a library")
    if path.suffix != ".toml":
        return screen_file(
            str(target), recipe or DEFAULT_RECIPE, workers=None, seed=0, changes=changes
        )
    if recipe is not None:
        raise CallError(f"{path} says itself what is computed: leave the recipe out")
    return _kind(path).from_toml(path, changes)


def _kind(path: Path) -> type[CampaignFile] | type[ScreenFile]:
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file).keys()
    except (OSError, ValueError):
        return CampaignFile  # whose reader says what is wrong, and where
    if "screen" in tables:
        return ScreenFile
    if not tables & CampaignFile.model_fields.keys():
        raise CallError(
            f"{path} is neither a campaign nor a screen: none of its tables is one of theirs; "
            "give a campaign file or a library"
        )
    return CampaignFile


def made(file: RunFile, request: Request) -> Plan:
    """The plan of a run's settings.

    Raises:
        CallError: a setting is wrong, or the library or prices cannot be read.
        MolqError: a run that shall be learned from is damaged.
    """
    from molq.environment import processor

    _check(request)
    _check_file(file)
    prices = pricelist.read(request.prices)
    _check_backend(request.backend, prices)
    table = measuredtables.costs()
    known = [read(folder) for folder in request.learn_from]
    runs, notes = of_the_same(known, file.simulation)
    library = population.of_library(file, request.sample, request.seed)
    proposals = (
        population.of_generator(file, request.seed)
        if isinstance(file, CampaignFile)
        else population.EMPTY
    )
    laws = CostLaws(table, file.simulation, runs, processor(), notes)
    molecules, number, rounds = course.molecules(file, library, proposals)
    sizes = [one for part in molecules for one in part.sizes] or [0]
    stages = course.stages(file, laws, runs, library, request.seed)
    workers = _workers(file, request, stages, max(sizes))
    between = [run.round_seconds for run in runs if run.round_seconds is not None]
    crew = Crew(
        workers=workers,
        wall_share=laws.wall_share,
        start_seconds=table.run.start_seconds,
        first_job_seconds=table.run.first_job_seconds,
        between_seconds=max(between, default=table.run.round_seconds) if len(rounds) > 1 else 0.0,
        rounds=rounds,
        waits=isinstance(file, CampaignFile) and file.campaign.barrier,
    )
    weights = course.weights(molecules, file)
    work = forecast(
        weights,
        number,
        stages,
        crew,
        attempts=course.first_attempts(runs),
        run_doubt=laws.run_doubt,
        exact=isinstance(file, ScreenFile) and not library.is_sampled,
        chosen=isinstance(file, CampaignFile),
        seed=request.seed,
        rows=course.rows_of(library) if isinstance(file, ScreenFile) else None,
    )
    precision, sampled = _precision(file, request)
    wanted = request.backend or (file.simulation.backend if sampled else None)
    counted = [part.some(_COST_SAMPLE, request.seed) for part in molecules]
    circuits = circuitforecast.forecast(
        file.way.steps,
        [one.smiles for part in counted for one in part],
        file.simulation,
        precision,
        measuredtables.circuits(),
        runs,
        share=course.share_of(molecules, counted),
        width=devices.width(wanted),
    )
    evaluated = Estimate.of(work.evaluated)
    energies = circuits.among(evaluated)
    simulator = wanted if wanted is not None and prices.is_simulator(wanted) else ""
    core_seconds = Estimate.of(work.core_seconds)
    priced = devices.on_devices(
        circuits.kinds,
        evaluated,
        energies,
        prices,
        wanted,
        file.simulation.max_shots if sampled else None,
    )
    samplings = (
        samplingforecast.forecast(file, rounds, library, proposals, prices, workers)
        if isinstance(file, CampaignFile)
        else ()
    )
    spent = priced[0].money.middle if sampled and wanted is not None and priced else 0.0
    spent += sum(one.money.middle for one in samplings if one.money is not None)
    unpriced = [one.backend for one in samplings if one.money is None]
    if sampled and circuits.kinds and wanted is not None and not priced and not simulator:
        unpriced.insert(0, wanted)
    found = Plan(
        name=file.name,
        kind="campaign" if isinstance(file, CampaignFile) else "screen",
        recipes=file.recipes,
        solver=file.simulation.solver,
        backend=file.simulation.backend,
        library=library,
        proposals=proposals,
        rounds=len(rounds) if isinstance(file, CampaignFile) else 0,
        stages=work.stages,
        evaluated=evaluated,
        core_seconds=core_seconds,
        core_seconds_each=work.seconds_each,
        wall_seconds=Estimate.of(work.wall_seconds),
        memory=_memory(file, stages, workers, max(sizes)),
        disk_bytes=_disk(library, number, work, file, runs),
        circuits=circuits,
        energies=energies,
        precision_mha=precision,
        devices=priced,
        samplings=samplings,
        currency=prices.currency,
        core_money=core_seconds.times(prices.cores(1.0)),
        prices_date=prices.oldest,
        hits=leadforecast.forecast(
            file,
            runs,
            work,
            prices,
            given=request.hit_share,
            device_money=spent,
            unpriced=tuple(dict.fromkeys(unpriced)),
            seed=request.seed,
        ),
        learned_from=tuple(run.directory for run in runs),
        basis=_basis(table, runs, laws),
        verdict="",
        warnings=(),
        of_circuits=(),
        notes=tuple(laws.notes),
    )
    return advice.given(found, file, prices, sampled=sampled, simulator=simulator)


def _check(request: Request) -> None:
    if request.sample < 1:
        raise CallError("sample: at least one row of the library must be looked at")
    if request.workers is not None and not 1 <= request.workers <= _MOST_WORKERS:
        raise CallError(f"workers: give a number from 1 to {_MOST_WORKERS}")
    if request.precision_mha is not None and not 0 < request.precision_mha < 1e6:
        raise CallError("precision: give a standard error in mHartree, above 0, e.g. 1.6")
    if request.hit_share is not None and not 0 < request.hit_share < 1:
        raise CallError("hit share: give a share between 0 and 1, e.g. 0.1")


def _check_file(file: RunFile) -> None:
    """What a run would be refused for; an account for a device is not needed to plan for it."""
    from molq import execution
    from molq.scoring import check_simulation

    check_simulation(file.simulation)
    here: dict[str, object] = {
        "simulation": file.simulation.model_copy(
            update={"backend": "exact", "solver": "casci", "mitigation": ()}
        )
    }
    if isinstance(file, CampaignFile):
        here["acquisition"] = file.acquisition.model_copy(update={"backend": "exact"})
        if file.generator.prior in START_PRIORS:
            here["generator"] = file.generator.model_copy(update={"backend": "exact"})
    execution.check(file.model_copy(update=here))


def _check_backend(name: str | None, prices: pricelist.Prices) -> None:
    if name is None or prices.is_simulator(name) or prices.of(name) is not None:
        return
    known = ", ".join(price.backend for price in prices.device) or "none"
    raise CallError(
        f"backend {name!r} is not in the prices file, which has {known}: add a [[device]] for it "
        "and give the file by --prices"
    )


def _workers(file: RunFile, request: Request, stages: Sequence[Stage], largest: int) -> int:
    if request.workers is not None:
        return request.workers
    from screening.compute.capacity import MEMORY_SHARE, local_share

    slots = max(1, cores() // file.simulation.threads)
    workers, _ = local_share(file.compute, slots, memory_mb())
    if file.compute.workers is not None:
        return file.compute.workers
    needed = max((s.law.memory.upper(largest) for s in stages if s.law is not None), default=1.0)
    return max(1, min(workers, int(MEMORY_SHARE * memory_mb() // max(needed, 1.0))))


def _memory(file: RunFile, stages: Sequence[Stage], workers: int, largest: int) -> Memory:
    from screening.compute.capacity import local_share

    slots = max(1, cores() // file.simulation.threads)
    _, limit = local_share(file.compute, slots, memory_mb())
    needed = max((s.law.memory.upper(largest) for s in stages if s.law is not None), default=0.0)
    return Memory(needed, limit, workers, memory_mb())


def _disk(
    library: Population, number: int, work: Work, file: RunFile, runs: Sequence[Experience]
) -> Estimate:
    table = measuredtables.costs().run
    each = max((run.result_bytes or 0.0 for run in runs), default=0.0) or table.result_bytes
    fixed = _RESERVE_BYTES + _REPORT_BYTES + library.rows * table.row_bytes
    results = Estimate.of(work.evaluated).times(each * max(1, len(file.way.steps)))
    # a record is longer the more sites and species a molecule has
    return Estimate(fixed + 0.7 * results.low, fixed + results.middle, fixed + 1.5 * results.high)


def _precision(file: RunFile, request: Request) -> tuple[float, bool]:
    """mHartree, and whether the run itself samples its energies."""
    from molq.scoring import EXACT, SAMPLING_SOLVERS

    told = file.simulation
    sampled = told.solver in SAMPLING_SOLVERS or told.backend != EXACT
    own = file.simulation.precision_mha if sampled else DEFAULT_PRECISION_MHA
    return request.precision_mha or own, sampled


def _basis(table: measuredtables.CostTable, runs: Sequence[Experience], laws: CostLaws) -> str:
    if runs:
        count = sum(len(run.usages) for run in runs)
        names = ", ".join(run.directory for run in runs)
        return f"{count} calculations of {names}, beside the table of {table.date}"
    return (
        f"the table that comes with molq: {len(table.rows)} steps measured on {table.date}, "
        f"{table.processor}"
    )
