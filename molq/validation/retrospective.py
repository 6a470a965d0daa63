"""``molq.retrospective``: how soon the loop would have found a library's best molecules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from molq import diagnosis, execution, jsontext, overrides
from molq.errors import CallError, MolqError
from molq.validation.store import Store, call_of, write
from molq.validation.trial import CURVES_HEADER, Retrospective, assembled
from screening import runfiles
from screening.acquisition import AcquisitionSettings
from screening.intake.library import LibraryError
from screening.store.database import JournalError
from screening.surrogate import SurrogateSettings
from screening.validation import labelled
from screening.validation.retrospective import POLICIES, Replay, Schedule, policy, replays

PAGE, DATA, TABLE = "retrospective.html", "retrospective.json", "retrospective.csv"


class PolicySettings(BaseModel):
    """What of a campaign file a trial can change: how it learns and how it chooses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    surrogate: SurrogateSettings = Field(default_factory=SurrogateSettings)
    acquisition: AcquisitionSettings = Field(default_factory=AcquisitionSettings)


def retrospective(
    library: str | Path,
    column: str,
    out: str | Path | None = None,
    *,
    minimize: bool = True,
    smiles_column: str | None = None,
    seeds: int = 5,
    first_seed: int = 0,
    top: int = 100,
    start: float = 0.01,
    batch: float = 0.01,
    batches: int = 5,
    top_up: int | None = None,
    policies: Sequence[str] = POLICIES,
    set: Iterable[str] | Mapping[str, Any] = (),
    progress: Callable[[int, int, Replay], None] | None = None,
) -> Retrospective:
    """Buy a labelled library anew with a campaign's own decisions and with others.

    Every policy of a seed begins with the same molecules drawn by lot, and sees no value
    that it has not bought; see ``screening.validation.retrospective``.

    Args:
        library: CSV, SMI or SDF file, may end in .gz.
        column: of the values.
        out: folder for the page, the table and the replays; an unfinished trial in it goes
            on. None to write nothing.
        minimize: whether lower values are better.
        smiles_column: None to find it.
        seeds: replays of each policy.
        first_seed: the first of them.
        top: how many of the best molecules are looked for.
        start: molecules drawn by lot; a share of the library below 1.
        batch: molecules bought in a batch; a share of the library below 1.
        batches: how many.
        top_up: molecules chosen at a time within a batch; None for all of it.
        policies: of ``screening.validation.retrospective.POLICIES``.
        set: settings of the tables ``surrogate`` and ``acquisition``, as ``molq run --set``
            takes them.
        progress: called with replays done, replays in all, and the last.

    Raises:
        CallError: the library cannot be read, a number is out of range, there is no such
            policy, or the folder holds something else.
        MolqError: a file cannot be written.
    """
    settings = _settings(set)
    execution.check_circuits(settings.acquisition)
    if seeds < 1 or first_seed < 0:
        raise CallError(f"{seeds} seeds from {first_seed}: give at least one, from 0")
    wanted = tuple(dict.fromkeys(policies)) or POLICIES
    if unknown := [name for name in wanted if name not in POLICIES]:
        raise CallError(f"no policy {unknown[0]!r}; there are: {', '.join(POLICIES)}")
    try:
        known = labelled.read(Path(library), column, minimize=minimize, smiles_column=smiles_column)
        schedule = Schedule.of(len(known), start=start, batch=batch, batches=batches, top_up=top_up)
        known.threshold(top)
    except (LibraryError, ValueError) as error:
        raise CallError(str(error)) from error
    told = settings.model_dump(mode="json")
    store = None
    if out is not None:
        store = Store(Path(out), call_of(known, schedule, top), told)
    numbers = range(first_seed, first_seed + seeds)
    done: list[Replay] = []

    def keep(replay: Replay) -> None:
        if store is not None:
            store.save(replay)
        done.append(replay)
        if progress is not None:
            progress(len(done), len(wanted) * seeds, replay)

    made = replays(
        wanted,
        known,
        schedule,
        numbers,
        top=top,
        surrogate=settings.surrogate,
        acquisition=settings.acquisition,
        kept=store.load if store is not None else lambda name, seed: None,
        keep=keep,
    )
    meanings = {
        name: policy(
            name, known, surrogate=settings.surrogate, acquisition=settings.acquisition
        ).meaning
        for name in wanted
    }
    found = assembled(known, schedule, top, numbers, made, meanings, told)
    if out is not None:
        save(found, Path(out))
    return found


def save(found: Retrospective, folder: Path) -> None:
    """Write page, table and JSON of a trial into its folder.

    Raises:
        MolqError: they cannot be written.
    """
    from molq.validation.page import html

    write(folder / DATA, jsontext.dumps(found.to_json()))
    write(folder / PAGE, html(found))
    try:
        runfiles.write_table(folder / TABLE, CURVES_HEADER, found.curves())
    except JournalError as error:
        raise MolqError(f"{folder / TABLE} cannot be written; free some space") from error


def _settings(changes: Iterable[str] | Mapping[str, Any]) -> PolicySettings:
    document = overrides.apply({}, changes)
    try:
        return PolicySettings.model_validate(document)
    except ValidationError as error:
        raise CallError(*diagnosis.problems(error, PolicySettings)) from error
