"""A review session: the server while somebody looks, and the run's files behind it."""

from __future__ import annotations

import asyncio
import getpass
import html
import signal
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from molq.reading import REPORT, check_run, every_lead, one_line_errors, settings_of, write_report
from molq.review.server import Server
from screening import leadfiles
from screening.standing import REVIEWED
from screening.store.journal import Journal
from screening.store.reviewbook import ReviewBook
from screening.store.runlock import in_use


def whoever() -> str:
    """The name of who is at the machine, as it knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "reviewer"


def hold(
    directory: Path,
    *,
    reviewer: str,
    port: int,
    browser: bool,
    on_line: Callable[[str], None],
    on_link: Callable[[str], None],
) -> None:
    """Serve the page until the user or the system stops it.

    Args:
        directory: of the run.
        reviewer: whose words they are.
        port: to listen on; 0 for any that is free.
        browser: open the page there.
        on_line: called with each line for the terminal.
        on_link: called with each link that opens the page once; it holds a secret, so it
            belongs on the reader's terminal and into no log.

    Raises:
        CallError: there is no run, or the port is taken.
        MolqError: the journal is damaged or cannot be written.
    """
    check_run(directory)
    with one_line_errors():
        ReviewBook.open(directory).close()  # what would hinder a review shows now
    before = _said(directory)
    asyncio.run(_serve(directory, reviewer, port, browser, on_line, on_link))
    if _said(directory) != before and refreshed(directory):
        on_line(f"{directory}: leads and report are written anew with what was said")


async def _serve(
    directory: Path,
    reviewer: str,
    port: int,
    browser: bool,
    on_line: Callable[[str], None],
    on_link: Callable[[str], None],
) -> None:
    def again(link: str) -> None:
        on_line("the link was used already; here is a new one")
        on_link(link)

    server = Server(directory, reviewer, again)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    link = await server.start(port)
    on_line(f"review of {directory} by {reviewer}; end it with Ctrl-C")
    on_line("this link opens the page once, in a browser of this machine:")
    on_link(link)
    try:
        with _opened(link) if browser else nullcontext():
            await stopped.wait()
    finally:
        await server.stop()


@contextmanager
def _opened(link: str) -> Iterator[None]:
    """A browser with the page, by a file that nobody else can read.

    The command line of a browser can be read by everybody on the machine, and the link holds
    a secret.
    """
    with tempfile.TemporaryDirectory(prefix="molq-review-") as folder:  # of mode 0700
        way = Path(folder) / "review.html"
        way.touch(mode=0o600)
        target = html.escape(link)
        way.write_text(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Review</title>'
            '<meta name="referrer" content="no-referrer">'
            f'<meta http-equiv="refresh" content="0;url={target}"></head>'
            f'<body><a href="{target}">Open the review page</a></body></html>',
            encoding="utf-8",
        )
        webbrowser.open(way.as_uri())
        yield


def _said(directory: Path) -> int:
    with one_line_errors(), Journal.open(directory, readonly=True) as journal:
        return journal.last_review()


def refreshed(directory: Path) -> bool:
    """Write leads and report of a finished run anew, with what was said of them.

    A run that is not over does so itself.

    Returns:
        Whether it was done.

    Raises:
        MolqError: the folder cannot be written.
    """
    with one_line_errors():
        with Journal.open(directory, readonly=True) as journal:
            if not journal.finished or in_use(directory):
                return False
        with Journal.open(directory) as journal:
            file = settings_of(journal)
            reviewed = journal.last_review()
            journal.mark(REVIEWED, str(reviewed))
            found = replace(every_lead(journal, file), reviewed=reviewed)
            leadfiles.write(directory, found, found.objectives)
            write_report(journal, file, directory / REPORT, "finished")
    return True
