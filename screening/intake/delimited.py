"""Records of a text table, one at a time, whatever the file contains.

A quoted field may hold line breaks, but a quote that is never closed must not
swallow the rows after it: lines are joined only when they then form one
well-formed record of the expected width, and stand alone otherwise.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

MAX_LINE = 100_000  # characters; the rest of a longer line is not kept
MAX_JOINED_LINES = 50  # lines of one record with line breaks in quotes

Delimiter = Literal[",", ";", "\t", "|", " "]  # " " is any run of white space


class DamagedFileError(ValueError):
    """A compressed file that cannot be read any further."""


@dataclass(frozen=True)
class Line:
    """One physical line without its end."""

    text: str  # at most MAX_LINE characters, valid Unicode
    cut: bool = False  # the line was longer


@dataclass(frozen=True)
class Record:
    """One row of a table."""

    fields: tuple[str, ...]
    text: str  # as it stood in the file
    cut: bool = False  # longer than MAX_LINE


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a text file, gzip or not, in UTF-8, UTF-16 (with a mark) or Latin-1.

    Bytes that are not UTF-8 make that one line Latin-1.

    Raises:
        OSError: the file cannot be opened.
        DamagedFileError: the compressed data ends early or is corrupt.
    """
    with path.open("rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        binary: BinaryIO = gzip.GzipFile(fileobj=raw) if compressed else raw  # type: ignore[assignment]
        try:
            yield from _decoded(binary)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedFileError(
                f"the compressed data is damaged or cut off here ({error}); copy the file again"
            ) from error


def _decoded(binary: BinaryIO) -> Iterator[Line]:
    buffered = io.BufferedReader(binary)  # type: ignore[type-var]
    mark = buffered.peek(4)[:4]
    if mark[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = io.TextIOWrapper(buffered, encoding="utf-16", errors="replace")
    else:
        text = io.TextIOWrapper(buffered, encoding="utf-8-sig", errors="surrogateescape")
    while line := text.readline(MAX_LINE + 1):
        cut = not line.endswith("\n") and len(line) > MAX_LINE
        rest = line if cut else "\n"
        while rest and not rest.endswith("\n"):
            rest = text.readline(MAX_LINE)
        yield Line(_unicode(line.removesuffix("\n")[:MAX_LINE]), cut)


def _unicode(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text


def records(
    lines: Iterable[Line], delimiter: Delimiter, width: int | None = None
) -> Iterator[Record]:
    """The records of a table.

    Args:
        lines: the physical lines.
        delimiter: what stands between two fields.
        width: number of fields a record of several lines must have; ``None`` for any.
    """
    source = iter(lines)
    waiting: deque[Line] = deque()
    while True:
        line = waiting.popleft() if waiting else next(source, None)
        if line is None:
            return
        if line.cut:
            yield Record((line.text,), line.text, cut=True)
        elif delimiter == " ":
            yield Record(_words(line.text), line.text)
        elif '"' not in line.text:
            yield Record(tuple(line.text.split(delimiter)), line.text)
        else:
            yield _quoted(line, source, waiting, delimiter, width)


def _quoted(
    first: Line,
    source: Iterator[Line],
    waiting: deque[Line],
    delimiter: str,
    width: int | None,
) -> Record:
    """A record that begins with a line that holds quotes; lines not used go to ``waiting``."""
    fields, is_open = _strict(first.text, delimiter)
    text, used = first.text, 0
    while is_open and used < MAX_JOINED_LINES:
        if used == len(waiting):
            line = next(source, None)
            if line is None:
                break
            waiting.append(line)
        line = waiting[used]
        if line.cut or len(text) + len(line.text) >= MAX_LINE:
            break
        used += 1
        text += "\n" + line.text
        if '"' in line.text:
            fields, is_open = _strict(text, delimiter)
    if fields is not None and (used == 0 or width is None or len(fields) == width):
        for _ in range(used):
            waiting.popleft()
        return Record(fields, text)
    # a quote that opens nothing is a character like any other
    return Record(tuple(first.text.split(delimiter)), first.text)


def _strict(text: str, delimiter: str) -> tuple[tuple[str, ...] | None, bool]:
    """The fields of one well-formed record; or ``None``, and whether a quote is still open."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        return None, "unexpected end of data" in str(error)
    return (tuple(rows[0]), False) if len(rows) == 1 else (None, False)


def _words(text: str) -> tuple[str, ...]:
    """White-space separated fields; a CXSMILES extension stays with its SMILES."""
    if "|" not in text:
        return tuple(text.split())
    return tuple(re.findall(r"\S+(?:[ \t]+\|[^|]*\|)?", text))
