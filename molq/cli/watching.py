"""A run's events as progress lines, and its end as a few facts."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from molq.cli.console import note
from molq.cli.progress import Tracker
from molq.uncertainty import stated

if TYPE_CHECKING:
    from molq.run import Run
    from screening.progress import Event, Listener, MoleculeDone, RoundFinished, RoundStarted


def listener(tracker: Tracker) -> Listener:
    """What a run calls with each event."""
    from screening.progress import (
        LibraryRead,
        MoleculeDone,
        ReviewWanted,
        RoundFinished,
        RoundStarted,
        StagePassed,
        Stopped,
    )

    def tell(event: Event) -> None:
        if isinstance(event, LibraryRead):
            tracker.say(
                f"library: {event.rows} rows, {event.candidates} molecules, "
                f"{event.dropped} dropped, {event.duplicates} duplicates"
            )
        elif isinstance(event, RoundStarted):
            tracker.say(_begun(event))
        elif isinstance(event, MoleculeDone):
            tracker.update(event.done, event.total, _molecule(event))
        elif isinstance(event, RoundFinished):
            best = event.summary.get("best_utility")
            reached = f", best utility {best:.3f}" if best is not None else ""
            tracker.say(f"round {event.round} of {event.rounds} finished{reached}")
            for line in _judged(event):
                tracker.say(f"  {line}")
        elif isinstance(event, StagePassed | ReviewWanted):
            tracker.say(event.line)
        elif isinstance(event, Stopped):
            tracker.say(f"stopped after round {event.round}: {event.decision['reason']}")

    return tell


def _begun(event: RoundStarted) -> str:
    number = _counted(event.selected, "molecule")
    later = event.places - event.selected
    rest = f", {later} more as workers come free" if later else ""
    library = event.selected - event.proposed - event.ideas
    sources = [
        _counted(event.proposed, "proposal") if event.proposed else "",
        f"{library} from the library" if library else "",
        f"{_counted(event.ideas, 'idea')} of reviewers" if event.ideas else "",
    ]
    told = ", ".join(source for source in sources if source)
    return (
        f"round {event.round} of {event.rounds}: {number} chosen from {event.pool}"
        f"{f' ({told})' if told else ''}{rest}"
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _judged(event: RoundFinished) -> list[str]:
    """How good a round's predictions were, and what was expected of it."""
    from simulation.recipes import recipe as register

    lines = []
    for recipe, figures in event.summary.get("calibration", {}).items():
        unit = register.find(recipe).unit
        line = (
            f"{recipe}: {figures['n']} predicted, rmse {figures['rmse']:.3g} {unit}, "
            f"{100 * figures['coverage_95']:.0f} % within their 95 % interval, "
            f"NLPD {figures['nlpd']:.2f} nats a molecule"
        )
        if figures["conformal_factor"] != 1.0:
            line += f", deviations times {figures['conformal_factor']:.2f}"
        lines.append(line)
    decision = event.summary.get("stopping")
    if decision is not None and decision["threshold"] is not None:
        lines.append(f"begun because {decision['reason']}")
    return lines


def _molecule(event: MoleculeDone) -> str:
    result = event.result
    called = result.candidate.name or result.candidate.smiles
    if result.score is not None:
        score = result.score
        outcome = f"{stated(score.value, score.standard_error)} {score.unit}"
    else:
        assert result.failure is not None
        outcome = f"failed ({result.failure.kind}): {result.failure.message}"
    return f"{called}  {result.recipe} {outcome}  {result.wall_seconds:.1f} s"


def resume_command(directory: Path) -> str:
    """The exact command that goes on with the run, also where molq is not on the PATH."""
    program = "molq"
    if shutil.which(program) is None:
        called = sys.argv[0]  # "-c" or "-m" where there is no script
        is_script = not called.startswith("-") and not called.endswith(".py")
        program = shlex.quote(called) if is_script else f"{shlex.quote(sys.executable)} -m molq"
    return f"{program} resume {shlex.quote(str(directory))}"


@contextlib.contextmanager
def resumable(directory: Path) -> Iterator[None]:
    """Say how to go on with the run when it is interrupted in here.

    A batch system's SIGTERM is an interruption like Ctrl-C: the journal is whole.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as error:
        # Ray has SIGTERM end the process that called it
        if isinstance(error, SystemExit) and error.code != signal.SIGTERM:
            raise
        note(f"molq: interrupted; go on with: {resume_command(directory)}")
        raise KeyboardInterrupt from error
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    # once: what writes the last results is not to be interrupted again
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def announce(directory: Path) -> None:
    """Say how to go on with the run, before it begins."""
    note(f"If it is interrupted, go on with: {resume_command(directory)}")
    note("Starting the workers (seconds; up to a minute on a busy machine) ...")


def conclude(run: Run) -> int:
    """Say where the results are; the exit code, 1 where the run stopped before its end."""
    note(f"leads and report: {run.directory / 'leads.csv'}, {run.directory / 'report.html'}")
    from molq.reading import journal_of

    with journal_of(run.directory) as journal:
        if journal.finished:
            return 0
        events = journal.events()
    reason = events[-1].message if events else "the run stopped before its end"
    note(f"molq: {reason}: {resume_command(run.directory)}")
    return 1
