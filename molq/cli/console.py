"""What the commands write: tables and JSON on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from molq.errors import MolqError


def write_json(value: Any) -> None:
    """The value as indented JSON on stdout; numbers JSON lacks become null."""
    from molq.jsontext import dumps

    sys.stdout.write(dumps(value))


def note(text: str) -> None:
    """One line for the person at the terminal, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def write_output(data: str | bytes, output: Path | None) -> None:
    """Text or bytes into a file, or on stdout where no file is named.

    Raises:
        MolqError: the file cannot be written.
    """
    raw = data.encode("utf-8") if isinstance(data, str) else data
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(raw)
    except OSError as error:
        raise MolqError(f"{output}: cannot be written ({error.strerror})") from error
    note(f"wrote {output}")


def write_table(
    columns: Sequence[tuple[str, bool]],
    rows: Iterable[Sequence[str]],
    *,
    title: str | None = None,
) -> None:
    """A table on stdout.

    Args:
        columns: header and whether the column holds numbers (aligned right).
        rows: the cells, as text; they are never read as markup.
        title: a line above the table.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold"
    )
    for header, is_number in columns:
        table.add_column(
            Text(header),
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    terminal = sys.stdout.isatty()
    # a pipe gets whole lines, whatever the width of somebody's terminal
    Console(width=None if terminal else 200, soft_wrap=False, highlight=False).print(table)
