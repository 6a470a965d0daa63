"""The application: its verbs, and how an error leaves it."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from molq.cli import (
    backends,
    compare,
    doctor,
    export,
    job,
    leads,
    logs,
    plan,
    recipes,
    report,
    reproduce,
    resume,
    review,
    run,
    sample,
    score,
    screen,
    status,
    stop,
    submit,
    train,
    validate,
    verify,
)
from molq.cli.console import note
from molq.errors import CallError, MolqError

FAILED, WRONG_CALL, INTERRUPTED = 1, 2, 130


def _flowing(command: Callable[..., object]) -> str:
    """The docstring as paragraphs: where a source line ends says nothing to a terminal."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


app = typer.Typer(
    name="molq",
    help=(
        "Drug-discovery molecular design: a graph generator, VQE scores beside classical "
        "baselines, and a closed loop."
    ),
    epilog="Example: molq score 'C=CC(=O)Nc1ccccc1' --recipe warhead-ea",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PANELS = {
    "Score and design": (score, screen, plan, run, resume, sample, train),
    "Look, judge, take away": (status, leads, report, review, export),
    "Clusters": (submit, logs, stop),
    "Prove": (verify, reproduce, compare),
    "What there is": (recipes, backends, doctor),
}
for _panel, _verbs in _PANELS.items():
    for _verb in _verbs:
        app.command(
            _verb.NAME, help=_flowing(_verb.command), epilog=_verb.EPILOG, rich_help_panel=_panel
        )(_verb.command)
app.command(job.NAME, epilog=job.EPILOG, hidden=True)(job.command)
app.add_typer(validate.app, name=validate.NAME, rich_help_panel="Prove")


@app.callback()
def application(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Take the options that stand before the verb."""


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    arguments = sys.argv[1:]
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    debug = "--debug" in own
    if debug:
        arguments.remove("--debug")
    if own[:1] == ["--version"]:
        from importlib.metadata import version

        sys.stdout.write(f"molq {version('molq')}\n")
        raise SystemExit(0)
    raise SystemExit(run_arguments(arguments, debug=debug))


def run_arguments(arguments: list[str], *, debug: bool = False) -> int:
    """Run one call and say its exit code; an error becomes one line on stderr."""
    try:
        code = app(args=arguments, prog_name="molq", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except CallError as error:
        if debug:
            raise
        for problem in error.problems:
            note(f"molq: {problem}")
        return WRONG_CALL
    except MolqError as error:
        if debug:
            raise
        note(f"molq: {error}")
        return FAILED
    except (KeyboardInterrupt, typer.Abort):
        if debug:
            raise
        note("molq: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # the reader of a pipe had enough; what Python flushes at exit goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        # typer carries click's usage errors, from version to version under
        # another module's name
        message = getattr(error, "format_message", None)
        if callable(message):
            text = " ".join(str(message()).split()).rstrip(".").replace("Value error, ", "")
            if text:
                note(f"molq: {text}; see {_help_of(error)}")
            return WRONG_CALL
        note(
            f"molq: {type(error).__name__}: {' '.join(str(error).split())} "
            "(run again with --debug to see where)"
        )
        return FAILED


def _help_of(error: Exception) -> str:
    path = getattr(getattr(error, "ctx", None), "command_path", "molq")
    return f"`{path} --help`"
