"""The run of a submitted job, on the cluster: begun, or gone on with where it stands."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from molq import companions, execution, fetching, reading
from molq.campaignfile import RunFile
from molq.documentpaths import WEIGHTS_SUFFIX
from molq.errors import CallError
from molq.submission import Order
from screening.progress import Listener
from screening.store.database import FILE

_FREE = ("compute", "report")
"""Tables that may differ between a run and a job that goes on with it."""


def settled(file: RunFile, order: Order, *, passing: Path) -> RunFile:
    """The settings with the inputs that came with the job in the run's folder.

    Args:
        file: the settings that came with the job.
        order: where the run is to be.
        passing: the job's working directory, which Ray deletes before the driver ends.

    Raises:
        CallError: the folder holds another run, or the settings do not work here.
        MolqError: the folder cannot be written.
    """
    if (order.run / FILE).is_file():
        check_same(file, order.run)
        return file
    execution.check_free(order.run)
    _check_here(file)
    return fetching.kept(file, order.run, passing=passing)


def carry(
    file: RunFile,
    order: Order,
    *,
    on_event: Listener | None = None,
    on_notice: Callable[[str], None] | None = None,
) -> None:
    """Begin the run, or go on with it when its folder holds it already.

    Args:
        file: the settings, ``settled``.
        order: where the run is.
        on_event: called with each ``screening.progress.Event``.
        on_notice: called with a line for each thing that is not as it was.

    Raises:
        MolqError: Ray or the journal failed, or another process works on the run.
        KeyboardInterrupt: the job was stopped; the journal is whole.
    """
    if on_notice is not None and order.molq != (here := version("molq")):
        on_notice(f"submitted by molq {order.molq}; the cluster computes with molq {here}")
    if (order.run / FILE).is_file():
        execution.go_on(order.run, on_event=on_event, on_notice=on_notice)
    else:
        execution.begin(file, order.run, source=order.source, on_event=on_event)


def check_same(file: RunFile, directory: Path) -> None:
    """That the folder's run is the one of these settings, but for where it computes.

    Raises:
        CallError: it is another.
    """
    with reading.journal_of(directory) as journal:
        before = reading.settings_of(journal)
    if type(before) is not type(file):
        kind = "campaign" if hasattr(before, "campaign") else "screen"
        raise CallError(f"{directory} holds a {kind}: choose another --out")
    key = _difference(_document(before), _document(file))
    if key:
        raise CallError(
            f"{directory} holds a run of other settings ({key} differs): choose another --out, "
            f"or go on with it as it was begun by `molq resume {directory}` on the cluster"
        )


def _check_here(file: RunFile) -> None:
    try:
        execution.check(file)
    except CallError as error:
        library = file.library
        absent = library is not None and isinstance(library.path, Path)
        if not absent or library is None or Path(library.path).exists():
            raise
        raise CallError(
            f"library {library.path} is not on the cluster's head node: give a path or URI "
            "that the cluster can read, or submit with --data upload"
        ) from error


def _document(file: RunFile) -> dict[str, Any]:
    """The settings that decide a run's results, without the places of its inputs."""
    file = companions.changed(file, lambda path: Path(path.name))
    document = file.model_dump(mode="json", exclude=set(_FREE))
    if isinstance(document.get("library"), dict):
        del document["library"]["path"]
    for key in fetching.WEIGHTS:
        named = document.get("generator", {}).get(key, "")
        if named.endswith(WEIGHTS_SUFFIX):
            document["generator"][key] = "a file"
    return document


def _difference(before: Any, now: Any, key: str = "") -> str:
    """The first key at which two documents differ, "" for none."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted({*before, *now}):
            found = _difference(before.get(name), now.get(name), f"{key}.{name}".strip("."))
            if found:
                return found
        return ""
    return "" if before == now else key
