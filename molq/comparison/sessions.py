"""When each run of a comparison was worked on, and what its driver took.

A run's journal holds what every calculation took. What it took to teach the generator,
fit the surrogates and choose is the driver's own time, which only the driver knows; and
a run that was interrupted stood still for a while. One line of JSON for each session,
written when it begins and again when it ends, keeps both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from molq.errors import MolqError

FILE = "sessions.jsonl"


@dataclass(frozen=True)
class Session:
    """One stretch of work on one run."""

    run: str  # name of its folder
    begun: str  # UTC, ISO 8601
    ended: str | None  # None where it was killed, or goes on
    driver_seconds: float | None  # s CPU of the driver; None likewise


def read(path: Path) -> list[Session]:
    """The sessions so far, oldest first; one that was ended takes the place of its beginning.

    Raises:
        MolqError: a line is not one, other than the last, which a kill may have cut.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    found: dict[tuple[str, str], Session] = {}
    for number, line in enumerate(lines, 1):
        try:
            session = Session(**json.loads(line))
        except (ValueError, TypeError) as error:
            if number == len(lines):
                break
            raise MolqError(
                f"{path} line {number} is not a session; restore the file from a copy, or delete "
                "it and lose the driver's times"
            ) from error
        found[session.run, session.begun] = session
    return sorted(found.values(), key=lambda session: session.begun)


def begin(path: Path, run: str, cpu: Callable[[], float]) -> Callable[[], None]:
    """Write down that a session begins.

    Args:
        path: of the file.
        run: name of the run's folder.
        cpu: the driver's CPU time so far, in s.

    Returns:
        what writes down that it ended.
    """
    begun, before = _now(), cpu()
    _add(path, Session(run, begun, None, None))

    def end() -> None:
        _add(path, Session(run, begun, _now(), max(0.0, cpu() - before)))

    return end


def worked(sessions: Sequence[Session], until: str) -> float:
    """Seconds of wall clock worked on a run up to a moment.

    A session without an end lasts until the next one begins, or that moment.

    Args:
        sessions: of the run, oldest first.
        until: UTC, ISO 8601.
    """
    limit = datetime.fromisoformat(until)
    total = 0.0
    for session, following in zip(sessions, [*sessions[1:], None], strict=True):
        begun = datetime.fromisoformat(session.begun)
        ended = limit
        if session.ended is not None:
            ended = datetime.fromisoformat(session.ended)
        elif following is not None:
            ended = datetime.fromisoformat(following.begun)
        total += max(0.0, (min(ended, limit) - begun).total_seconds())
    return total


def _add(path: Path, session: Session) -> None:
    cut = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    try:
        with path.open("a", encoding="utf-8") as file:
            # what a kill cut off must not swallow the next line
            file.write(("\n" if cut else "") + json.dumps(asdict(session)) + "\n")
    except OSError as error:
        raise MolqError(f"{path} cannot be written ({error.strerror})") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
