"""``molq review``: a local page on which people judge what a run proposes and found."""

from __future__ import annotations

from typing import Annotated

import typer

from molq.cli import options
from molq.cli.console import note

NAME = "review"
EPILOG = "Example: molq review runs/first --reviewer 'Ann Lee'"


def command(
    directory: options.RunFolder,
    reviewer: Annotated[
        str | None,
        typer.Option(
            "--reviewer",
            metavar="NAME",
            help="Whose words they are; your login name by default.",
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help="Port to serve on; 0 for any that is free."),
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the link and open no browser.")
    ] = False,
) -> None:
    """Approve, reject, rate, comment and add ideas, also while the run goes on.

    The page is served on 127.0.0.1 alone and opens by the printed link, once. What is said
    there stands in the run's journal; the run obeys it. Several reviewers each start their own.
    """
    from molq.review import session

    session.hold(
        directory,
        reviewer=reviewer or session.whoever(),
        port=port,
        browser=not no_browser,
        on_line=note,
        on_link=typer.echo,  # a note has its secrets taken out
    )
