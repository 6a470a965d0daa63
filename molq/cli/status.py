"""``molq status``: where a run or a submitted job stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from molq.cli import options, target
from molq.cli.console import Column, write_json, write_table

if TYPE_CHECKING:
    from molq.jobserver import JobState
    from molq.runstatus import RunStatus

NAME = "status"
EPILOG = "Example: molq status runs/first --json"


def command(of: options.Target, address: options.Address = None, json: options.Json = False) -> int:
    """Show where a run stands, also while it goes on.

    Of a submitted job its state is shown, and that of its run where this machine sees the
    run's folder.
    """
    directory = target.directory_of(of, address)
    if directory is not None:
        from molq.run import Run

        run = Run.open(directory).status()
        _show(run.to_json(), run.lines(), json=json)
        return 0
    from molq.jobserver import JobServer

    server = JobServer(address)
    state = server.state(of)
    found = _run_of(state)
    document = {**state.to_json(), "address": server.address}
    document["status"] = found.to_json() if found is not None else None
    _show(document, [*_lines(state), *(found.lines() if found is not None else ())], json=json)
    return 0


def _run_of(state: JobState) -> RunStatus | None:
    """The status of a job's run, None where its folder is not this machine's too."""
    from molq.errors import MolqError
    from molq.run import Run
    from screening.store.database import FILE

    if state.run is None or not (state.run / FILE).is_file():
        return None
    try:
        return Run(state.run).status()
    except MolqError:
        return None  # a folder of that name that is not the cluster's


def _lines(state: JobState) -> list[tuple[str, str]]:
    facts = [("job", state.id), ("job's state", state.state.lower())]
    if state.message:
        facts.append(("says", state.message))
    if state.exit_code is not None:
        facts.append(("exit code", str(state.exit_code)))
    facts.append(("entrypoint", state.entrypoint))
    if state.run is not None:
        facts.append(("run folder", str(state.run)))
    for label, instant in (("submitted", state.begun), ("ended", state.ended)):
        if instant is not None:
            facts.append((label, f"{instant:%Y-%m-%d %H:%M:%S} UTC"))
    return facts


def _show(document: dict[str, Any], lines: list[tuple[str, str]], *, json: bool) -> None:
    if json:
        write_json(document)
    else:
        write_table([Column(""), Column("")], [[name, text] for name, text in lines])
