"""``molq validate``: trials of the way molecules are chosen."""

from __future__ import annotations

import typer

from molq.cli import retrospective, silent

NAME = "validate"

app = typer.Typer(
    help="Try the way molecules are chosen: on known values, or beside a run.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _verb in (retrospective, silent):
    app.command(_verb.NAME, epilog=_verb.EPILOG)(_verb.command)
