"""What the commands write: tables and JSON on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molq.errors import CallError, MolqError
from molq.terminaltext import shown
from simulation.redaction import redacted


def write_json(value: Any) -> None:
    """The value as indented JSON on stdout; numbers JSON lacks become null."""
    from molq.jsontext import dumps

    sys.stdout.write(dumps(value))


def note(text: str) -> None:
    """One line for the person at the terminal, on stderr; what is no text is left out of it."""
    sys.stderr.write(shown(redacted(text)) + "\n")
    sys.stderr.flush()


def write_output(data: str | bytes, output: Path | None) -> None:
    """Text or bytes into a file, or on stdout where no file is named.

    Raises:
        CallError: the file has the name of a run's journal.
        MolqError: it cannot be written.
    """
    if output is None and isinstance(data, str) and sys.stdout.isatty():
        data = shown(data)
    raw = data.encode("utf-8") if isinstance(data, str) else data
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
        return
    from screening.runfiles import refuse_journal
    from screening.store.database import JournalError

    try:
        refuse_journal(output)
        output.write_bytes(raw)
    except JournalError as error:
        raise CallError(str(error)) from error
    except OSError as error:
        raise MolqError(f"{output}: cannot be written ({error.strerror})") from error
    note(f"wrote {output}")


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    header: str
    unit: str = ""  # stands under the header
    is_number: bool = False  # aligned right, never broken
    is_optional: bool = False  # left out, last first, where a terminal is too narrow


PIPE_WIDTH = 200  # characters: a pipe gets whole lines, whatever somebody's terminal is
_LEAST_TEXT = 18  # characters to which a text column may be folded
_PADDING = 2
_GAP = _PADDING + 1  # and the table's own separator
_EDGES = 2


def write_table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], *, width: int | None = None
) -> None:
    """A table on stdout.

    Args:
        columns: of the table.
        rows: the cells, as text; they are never read as markup.
        width: in characters; None for the terminal's.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = [list(row) for row in rows]
    if width is None and not sys.stdout.isatty():
        width = PIPE_WIDTH
    console = Console(width=width, highlight=False)
    kept = _fitting(columns, lines, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _PADDING, 0, 0),
                  header_style="bold", show_header=any(c.header for c in columns))  # fmt: skip
    for index in kept:
        column = columns[index]
        title = Text(column.header + (f"\n({column.unit})" if column.unit else ""))
        table.add_column(
            title,
            justify="right" if column.is_number else "left",
            no_wrap=column.is_number,
            overflow="fold",
        )
    for line in lines:
        table.add_row(*(Text(shown(line[index])) for index in kept))
    console.print(table)
    left_out = [column.header for index, column in enumerate(columns) if index not in kept]
    if left_out:
        note(f"left out for the terminal's width: {', '.join(left_out)} (--json has all)")


def _fitting(columns: Sequence[Column], lines: Sequence[Sequence[str]], width: int) -> list[int]:
    """The columns that fit, by their places."""
    needs = []
    for index, column in enumerate(columns):
        longest = max((len(line[index]) for line in lines), default=0)
        if not column.is_number:
            longest = min(longest, _LEAST_TEXT)
        unit = len(column.unit) + 2 if column.unit else 0
        needs.append(max(longest, len(column.header), unit) + _GAP)
    kept = list(range(len(columns)))
    for index in reversed(range(len(columns))):
        if sum(needs[i] for i in kept) + _EDGES > width and columns[index].is_optional:
            kept.remove(index)
    return kept
