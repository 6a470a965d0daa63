"""Short tasks through real Ray, real child processes and a real journal."""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import orchestrationrecipe as timed

HELP = "many short tasks on a few workers: what is left of the workers' time, what the driver takes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of this part of the benchmark."""
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.05, help="of one task")
    parser.add_argument("--busy", action="store_true", help="tasks hold a core instead of waiting")
    parser.add_argument("--bare", type=int, default=400, help="tasks of Ray alone, to compare")
    parser.add_argument("--profile", type=Path, help="file for the driver's cProfile")
    parser.add_argument("--json", action="store_true", help="a record instead of a table")


def main(args: argparse.Namespace) -> int:
    """Print the table, or the record."""
    record = measured(args)
    if args.json:
        print(json.dumps(record))
        return 0
    print("| " + " | ".join(record) + " |")
    print("|---" * len(record) + "|")
    print("| " + " | ".join(str(value) for value in record.values()) + " |")
    return 0


def measured(args: argparse.Namespace) -> dict[str, float | int | bool]:
    """Efficiency, and CPU time and memory of the driver."""
    from screening.compute.dispatch import Calculation, Task, evaluate_all
    from screening.compute.scheduler import Scheduler
    from screening.settings import ComputeSettings
    from screening.store.journal import Journal

    _tell_workers(args.seconds, args.busy)
    compute = ComputeSettings(workers=args.workers, memory_limit_mb=1000)
    calculation = Calculation(1, sources={timed.NAME: timed.SOURCE})

    def evaluate(journal: Journal, first: int, count: int) -> None:
        molecules = list(timed.candidates(first + count))[first:]
        evaluate_all(
            (Task(molecule, (timed.NAME,)) for molecule in molecules),
            journal=journal,
            executor=scheduler,
            calculation=calculation,
        )

    with (
        tempfile.TemporaryDirectory() as folder,
        Scheduler(compute) as scheduler,
        Journal.create(folder, kind="screen", settings={}, environment={}) as journal,
    ):
        warm = 10 * args.workers
        evaluate(journal, 0, warm)  # imports of the workers and of their children
        profiler = _profiler(args.profile)
        begun, cpu = time.monotonic(), time.process_time()
        evaluate(journal, warm, args.tasks)
        wall, cpu = time.monotonic() - begun, time.process_time() - cpu
        if profiler is not None:
            profiler.disable()
            profiler.dump_stats(args.profile)
        scored = journal.counts()["scored"] - warm
        bare_wall, bare_cpu = _bare(args.bare, args.workers, args.seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "tasks": args.tasks,
        "scored": scored,
        "workers": args.workers,
        "seconds": args.seconds,
        "busy": args.busy,
        "wall_s": round(wall, 2),
        "efficiency": round(args.tasks * args.seconds / args.workers / wall, 4),
        "tasks_per_s": round(args.tasks / wall, 1),
        "driver_cpu_s": round(cpu, 2),
        "driver_ms_per_task": round(1000 * cpu / args.tasks, 3),
        "driver_peak_rss_mb": round(peak, 1),
        "bare_ray_efficiency": round(args.bare * args.seconds / args.workers / bare_wall, 4),
        "bare_ray_client_ms_per_task": round(1000 * bare_cpu / args.bare, 3),
        "load_average": round(os.getloadavg()[0], 1),
    }


def _bare(tasks: int, workers: int, seconds: float) -> tuple[float, float]:
    """Wall-clock and CPU time of tasks that only wait, on Ray and nothing else."""
    import ray

    wait = ray.remote(_sleep).options(max_retries=0)
    flying = [wait.remote(seconds) for _ in range(2 * workers)]
    left = tasks
    begun, cpu = time.monotonic(), time.process_time()
    while left:
        done, flying = ray.wait(flying, num_returns=1)
        ray.get(done)
        left -= len(done)
        flying += [wait.remote(seconds) for _ in done]
    wall, cpu = time.monotonic() - begun, time.process_time() - cpu
    ray.get(flying)
    return wall, cpu


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _tell_workers(seconds: float, busy: bool) -> None:
    """What workers and their children inherit."""
    os.environ[timed.SECONDS] = str(seconds)
    os.environ[timed.BUSY] = "1" if busy else ""
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])


def _profiler(path: Path | None):
    if path is None:
        return None
    import cProfile

    profiler = cProfile.Profile()
    profiler.enable()
    return profiler
