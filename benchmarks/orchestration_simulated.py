"""Thousands of workers on a virtual clock, under the loop and the journal that a run has.

The driver is real: what it computes, decodes and writes is done, and its CPU time moves the
clock. Workers are not: a task takes its time on the clock alone. What a real run has besides
is added as figures that were measured: the time of Ray's client for each task
(``--client-ms``), the time between a worker's end of a task and its next begin
(``--gap-ms``), and that of the disk for each commit (measured here).
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import resource
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import orchestrationrecipe as timed

from screening.compute import capacity
from screening.compute.dispatch import Calculation, Task, evaluate_all
from screening.compute.evaluation import Evaluated, Job, Usage, decode, encode
from screening.compute.executor import Completed, Limits
from screening.store.journal import Journal

HELP = "up to thousands of workers on a virtual clock: where the driver saturates"

_COMMITS_A_ROUND = 2  # of the loop: what landed, and what is begun
_SPREAD = 0.2  # of the tasks' lengths, so that workers are not in step


@dataclass(frozen=True)
class Record:
    """One run on the virtual clock."""

    workers: int
    seconds: float  # of one task
    commit_ms: float  # of the disk
    tasks: int
    lost: int
    twice: int
    efficiency: float  # in the steady part
    tasks_per_s: float  # in the steady part
    driver_ms: float  # CPU time of the driver for one task, without Ray's client
    driver_busy: float  # share of the time
    most_in_flight: int
    peak_rss_mb: float


class VirtualCluster:
    """An ``Executor`` of workers that take their time on a clock of its own.

    Args:
        workers: tasks at a time.
        seconds: that a task takes.
        client_s: of Ray's client for each task, half when sent and half when taken back.
        gap_s: between two tasks of a worker.
        commit_s: that the disk takes for a commit.
    """

    def __init__(
        self, workers: int, seconds: float, *, client_s: float, gap_s: float, commit_s: float
    ) -> None:
        self.capacity = workers + capacity.ahead(workers, seconds)
        self.limits = Limits(3600.0, 2000, 2000)
        self.now = 0.0
        self.busy = 0.0  # s of the driver
        self.spans: list[tuple[float, float]] = []  # of the tasks, as they were sent
        self.sent = 0.0  # the last one
        self.most_in_flight = 0
        self._workers = workers
        self._seconds, self._client_s = seconds, client_s
        self._gap_s, self._commit_s = gap_s, commit_s
        self._free = [0.0] * workers
        self._flying: list[tuple[float, int, Job]] = []
        self._answer = encode(timed.score_of("CCO", 1))
        self._random = random.Random(7)
        self._cpu = time.process_time()

    def submit(self, job: Job) -> None:
        """Give it to the worker that is free first."""
        self._charge(self._client_s / 2)
        free = max(heapq.heappop(self._free), self.now)
        length = self._seconds * self._random.uniform(1 - _SPREAD, 1 + _SPREAD)
        heapq.heappush(self._free, free + length + self._gap_s)
        heapq.heappush(self._flying, (free + length, job.id, job))
        self.spans.append((free, free + length))
        self.sent = self.now
        self.most_in_flight = max(self.most_in_flight, len(self._flying))

    def wait(self, timeout_s: float) -> list[Completed]:
        """What is done by the clock, which moves on to the first that is."""
        self._charge(_COMMITS_A_ROUND * self._commit_s)
        if not self._flying:
            return []
        self.now = max(self.now, min(self._flying[0][0], self.now + timeout_s))
        done = []
        while self._flying and self._flying[0][0] <= self.now:
            _, _, job = heapq.heappop(self._flying)
            usage = Usage(self._seconds, self._seconds, 700.0)
            outcomes = (Evaluated(job.recipes[0], decode(self._answer), usage),)
            done.append(Completed(job, outcomes, "node"))
            self._charge(self._client_s / 2)
        return done

    def cancel(self) -> None:
        """Forget all."""
        self._flying.clear()

    def _charge(self, seconds: float) -> None:
        """Move the clock by what the driver computed, and by so much more."""
        cpu = time.process_time()
        passed, self._cpu = cpu - self._cpu + seconds, cpu
        self.now += passed
        self.busy += passed


def run(workers: int, seconds: float, tasks: int, figures: dict[str, float]) -> Record:
    """One campaign of so many tasks."""
    with tempfile.TemporaryDirectory() as folder:
        commit_s = commit_seconds(folder)
        cluster = VirtualCluster(workers, seconds, commit_s=commit_s, **figures)
        with Journal.create(folder, kind="screen", settings={}, environment={}) as journal:
            cpu = time.process_time()
            evaluate_all(
                (Task(molecule, (timed.NAME,)) for molecule in timed.candidates(tasks)),
                journal=journal,
                executor=cluster,
                calculation=Calculation(1),
            )
            cpu = time.process_time() - cpu
            results = [result.candidate.inchikey for result in journal.iterate_results()]
    # From when all workers were given work until there was no more to give.
    first, last = cluster.spans[workers - 1][0], cluster.sent
    worked = sum(max(0.0, min(end, last) - max(begin, first)) for begin, end in cluster.spans)
    efficiency = worked / (workers * (last - first))
    return Record(
        workers=workers,
        seconds=seconds,
        commit_ms=round(1000 * commit_s, 2),
        tasks=tasks,
        lost=tasks - len(set(results)),
        twice=len(results) - len(set(results)),
        efficiency=round(efficiency, 4),
        tasks_per_s=round(efficiency * workers / seconds, 1),
        driver_ms=round(1000 * cpu / tasks, 3),
        driver_busy=round(min(1.0, cluster.busy / cluster.now), 3),
        most_in_flight=cluster.most_in_flight,
        peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )


def commit_seconds(folder: str) -> float:
    """That a page takes to reach the disk, as a rule."""
    spent = []
    with Path(folder, "page").open("wb") as file:
        for _ in range(20):
            file.write(b"0" * 4096)
            file.flush()
            begun = time.monotonic()
            os.fsync(file.fileno())
            spent.append(time.monotonic() - begun)
    return statistics.median(spent)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of this part of the benchmark."""
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 10, 100, 1000, 4000])
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.05, 0.5, 2, 10, 60])
    parser.add_argument("--generations", type=int, default=4, help="tasks for each worker")
    parser.add_argument("--client-ms", type=float, default=1.1, help="of Ray's client, a task")
    parser.add_argument("--gap-ms", type=float, default=2.5, help="between a worker's tasks")
    parser.add_argument("--json", action="store_true", help="records instead of a table")


def main(args: argparse.Namespace) -> int:
    """Print the table, or the records."""
    figures = {"client_s": args.client_ms / 1000, "gap_s": args.gap_ms / 1000}
    records = []
    if not args.json:
        print(
            "| workers | task (s) | efficiency | tasks/s | driver busy | driver (ms a task) ",
            end="",
        )
        print("| most in flight | peak RSS (MB) | lost | twice |")
        print("|---" * 10 + "|")
    for workers in args.workers:
        for seconds in args.seconds:
            enough = workers + capacity.ahead(workers, seconds)
            tasks = max(400, args.generations * workers, 3 * enough)
            record = run(workers, seconds, tasks, figures)
            records.append(asdict(record))
            if not args.json:
                print(
                    f"| {record.workers} | {record.seconds:g} | {record.efficiency:.3f} "
                    f"| {record.tasks_per_s:.0f} | {record.driver_busy:.2f} "
                    f"| {record.driver_ms:.2f} | {record.most_in_flight} "
                    f"| {record.peak_rss_mb:.0f} | {record.lost} | {record.twice} |",
                    flush=True,
                )
    if args.json:
        print(json.dumps({"figures": figures, "runs": records}))
    return 1 if any(record["lost"] or record["twice"] for record in records) else 0
