"""A large library into a journal: read, standardised, filtered, every row written.

The library is made of pieces of real molecules (``generatedlibrary``); ``--library`` takes
another one. The intake is stopped once, at ``--stop`` of its rows, and gone on with, as a
run that was interrupted. Rows a second and core are rows over all CPU time that was spent,
the driver's and its processes'.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import generatedlibrary
import psutil

if TYPE_CHECKING:
    from screening.store.journal import Journal

HELP = "a large library read, standardised, filtered and journalled"

_MB = 2**20
_EVERY = 10_000  # rows between two looks at memory
_LOOK = 500  # molecules between two questions how many rows are in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of this part of the benchmark."""
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0, help="of the generated library")
    parser.add_argument("--library", type=Path, help="instead of the generated one")
    parser.add_argument("--processes", type=int, default=2, help="for the chemistry")
    parser.add_argument("--stop", type=float, default=0.5, help="share of rows before the stop")
    parser.add_argument("--filtered", action="store_true", help="with limits, alerts and SMARTS")
    parser.add_argument("--folder", type=Path, help="where the journal is made and left")
    parser.add_argument("--json", action="store_true", help="a record instead of a table")


def main(args: argparse.Namespace) -> int:
    """Print the table, or the record."""
    record = measured(args)
    if args.json:
        print(json.dumps(record, indent=1))
        return 0
    print("| | |\n|---|---|")
    for name, value in record.items():
        shown = f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
        print(f"| {name.replace('_', ' ')} | {shown} |")
    return 0


def measured(args: argparse.Namespace) -> dict[str, float | int]:
    """What the intake of a library took."""
    with tempfile.TemporaryDirectory(prefix="molq-intake-") as temporary:
        library = args.library
        if library is None:
            library = Path(temporary) / "library.csv.gz"
            generatedlibrary.write(library, args.rows, args.seed)
        folder = args.folder or Path(temporary) / "run"
        return _taken_in(library, folder, args)


def _taken_in(library: Path, folder: Path, args: argparse.Namespace) -> dict[str, float | int]:
    from screening.filters import FilterSettings
    from screening.intake.intake import Sieve, take_in
    from screening.intake.library import LibrarySettings
    from screening.store.journal import Journal

    filters = FilterSettings(
        max_molecular_weight=500.0,
        max_logp=5.0,
        pains="drop",
        brenk="drop",
        forbidden=("[N;!R]-[N;!R]",),
    )
    settings = LibrarySettings(path=library, limit=args.rows)
    sieve = Sieve((), filters if args.filtered else FilterSettings(), {})
    watch = _Watch()
    begun, cpu = time.monotonic(), _cpu_seconds()
    with Journal.create(folder, kind="screen", settings={}, environment={}) as journal:
        rows = take_in(journal, settings, sieve, lambda event: None, processes=args.processes)
        with closing(rows):
            for number, _ in enumerate(rows):
                if number % _LOOK == 0 and watch.look(journal) >= args.stop * args.rows:
                    break
    stopped = time.monotonic()
    again = time.process_time()
    with Journal.open(folder) as journal:
        before = journal.last_library_row()
        rows = take_in(journal, settings, sieve, lambda event: None, processes=args.processes)
        resumed_wall, resumed_cpu = 0.0, 0.0
        for number, _ in enumerate(rows):
            if not resumed_wall and journal.last_library_row() > before:
                resumed_wall = time.monotonic() - stopped
                resumed_cpu = time.process_time() - again
            if number % _LOOK == 0:
                watch.look(journal)
        wall = time.monotonic() - begun
        counts = journal.library_counts()
    spent = [after - earlier for after, earlier in zip(_cpu_seconds(), cpu, strict=True)]
    return {
        **counts,
        "rows_a_second_and_core": counts["rows"] / sum(spent),
        "rows_a_second": counts["rows"] / wall,
        "wall_s": wall,
        "driver_cpu_s": spent[0],
        "processes_cpu_s": spent[1],
        "driver_rss_mb_at_a_tenth": watch.driver_mb(counts["rows"] / 10),
        "driver_rss_mb_at_the_end": watch.driver_mb(counts["rows"]),
        "driver_rss_mb_peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "a_process_rss_mb_at_a_tenth": watch.process_mb(counts["rows"] / 10),
        "a_process_rss_mb_at_the_end": watch.process_mb(counts["rows"]),
        "resume_to_first_new_row_s": resumed_wall,
        "resume_to_first_new_row_cpu_s": resumed_cpu,
        "journal_mb": sum(path.stat().st_size for path in folder.iterdir()) / _MB,
    }


class _Watch:
    """Resident memory by the rows that are in."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._seen = 0
        self._looks: list[tuple[int, float, float]] = []  # rows, driver MB, largest process MB

    def look(self, journal: Journal) -> int:
        """The number of rows that are in; memory is looked at now and then."""
        row = journal.last_library_row()
        if row >= self._seen + _EVERY:
            self._seen = row
            children = [child.memory_info().rss for child in self._process.children()]
            own = self._process.memory_info().rss
            self._looks.append((row, own / _MB, max(children, default=0) / _MB))
        return row

    def driver_mb(self, rows: float) -> float:
        """Of this process, when so many rows were in."""
        return max((look for look in self._looks if look[0] <= rows + _EVERY), default=(0, 0, 0))[1]

    def process_mb(self, rows: float) -> float:
        """Of the largest child process, when so many rows were in."""
        return max((look for look in self._looks if look[0] <= rows + _EVERY), default=(0, 0, 0))[2]


def _cpu_seconds() -> tuple[float, float]:
    """CPU time of this process and of the child processes that have ended."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime
