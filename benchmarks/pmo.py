"""The PMO benchmark (Gao et al., NeurIPS 2022): 23 objectives, few calls of the oracle each.

    OMP_NUM_THREADS=1 python benchmarks/pmo.py --out DIR [--tasks qed,drd2] [--calls 10000]
        [--seeds 0,1,2] [--jobs 2]
    python benchmarks/pmo.py --table DIR [--calls 10000] [--markdown]
    python benchmarks/pmo.py --check

Every call is written down as it is made, in DIR/TASK-SEED.csv; a task that was interrupted
goes on from its calls, also with a larger budget, and one that is finished is not run again.
(One that goes on asks for other molecules than one that was never interrupted: it knows
the values, but draws anew.) The optimiser gets the seed and the values of the molecules it
asks for, nothing else: not the name of the task, no number of calls, no library scored
beforehand. What it does at a call does not depend on how many follow, so the first 1,000
calls of a longer run are a run of 1,000 calls.

A task ends early when the mean of its ten best reaches 0.9999, or has not risen for
``--patience`` calls while values differ; the calls left are then not used, and the curve
keeps its last value.

``--check`` compares the oracles with guacamol's own objects
(`pip install --no-deps guacamol==0.5.5`) and with known values.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from pmo_history import SPENT, Call, CountedOracle, best_mean, line, read

SHARED = Path(__file__).parents[2] / "shared"
DATA = SHARED / "data"
ANCHORS = SHARED / "anchors" / "pmo.csv"
MOLSCORE = Path("molscore-1.9.5-py3-none-any.whl")
REACHED = 0.9999  # mean of the ten best at which nothing is left to gain
PATIENCE = 2000  # calls without a rise of that mean
# Dear oracles first, so that no long task is left to run alone.
DEAR = ("deco_hop", "scaffold_hop", "drd2", "valsartan_smarts", "qed", "sitagliptin_mpo")


@dataclass(frozen=True)
class Job:
    """One task with one seed."""

    task: str
    seed: int
    calls: int
    patience: int
    out: Path
    data: Path
    molscore: Path

    @property
    def history(self) -> Path:
        """Every call, as it is made."""
        return self.out / f"{self.task}-{self.seed}.csv"

    @property
    def finished(self) -> Path:
        """Written at the end."""
        return self.out / f"{self.task}-{self.seed}.json"

    @property
    def done(self) -> bool:
        """Whether it has ended, and not for a smaller budget than this one."""
        if not self.finished.is_file():
            return False
        finish = json.loads(self.finished.read_text(encoding="utf-8"))
        return finish["reason"] != SPENT or finish["budget"] >= self.calls


@dataclass(frozen=True)
class Finish:
    """How a task ended."""

    task: str
    seed: int
    budget: int
    calls: int
    reason: str
    cpu_s: float  # oracle included
    oracle_s: float


def optimiser(seed: int):  # type: ignore[no-untyped-def]
    """What is benchmarked; it is told nothing but a seed."""
    from screening.search import Search

    return Search.with_prior("zinc250k", seed=seed)


def optimise(search, oracle: CountedOracle, patience: int) -> str:  # type: ignore[no-untyped-def]
    """Ask and tell until the budget is spent or no rise is to be expected; the reason."""
    mean, risen = last_rise(oracle.values)
    while oracle.left > 0:
        molecules = search.ask(min(search.batch, oracle.left))
        search.tell(molecules, [oracle(smiles) for smiles in molecules])
        now = best_mean(oracle.values, 10)
        if now > mean + 1e-9:
            mean, risen = now, oracle.calls
        if mean >= REACHED and oracle.calls >= 10:
            return f"the ten best reached {REACHED}"
        # while nothing has told two molecules apart, there is nothing to give up
        if oracle.calls - risen >= patience and max(oracle.values) > min(oracle.values):
            return f"no rise in {patience} calls"
    return SPENT


def last_rise(values: Sequence[float]) -> tuple[float, int]:
    """The mean of the ten best, and after how many values it last rose."""
    ten: list[float] = []
    risen = 0
    for call, value in enumerate(values, 1):
        if len(ten) < 10:
            heapq.heappush(ten, value)
            risen = call
        elif value > ten[0]:
            heapq.heapreplace(ten, value)
            risen = call
    return (sum(ten) / len(ten) if ten else -1.0), risen


def run(job: Job) -> Finish:
    """One task, from its last call on."""
    from pmo_oracles import oracle
    from rdkit import RDLogger

    RDLogger.DisableLog("rdApp.*")
    calls = read(job.history)
    search = optimiser(job.seed)
    if calls:
        search.tell([call.smiles for call in calls], [call.value for call in calls])
    job.history.write_text("".join(map(line, calls)), encoding="utf-8")
    with job.history.open("a", encoding="utf-8") as file:

        def written(call: Call) -> None:
            file.write(line(call))
            file.flush()

        counted = CountedOracle(
            oracle(job.task, data=job.data, molscore=job.molscore),
            job.calls,
            clock=time.process_time,
            history=calls,
            written=written,
        )
        reason = optimise(search, counted, job.patience)
    last = read(job.history)[-1]
    finish = Finish(job.task, job.seed, job.calls, counted.calls, reason, last.cpu_s, last.oracle_s)
    job.finished.write_text(json.dumps(asdict(finish)) + "\n", encoding="utf-8")
    return finish


def run_all(jobs: Sequence[Job], processes: int) -> bool:
    """Every job that is not finished, so many at a time; whether none failed."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # read by each process when its libraries load
    waiting = [job for job in jobs if not job.done]
    waiting.sort(key=lambda job: DEAR.index(job.task) if job.task in DEAR else len(DEAR))
    failed = 0
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        running = {pool.submit(run, job): job for job in waiting}
        for future in as_completed(running):
            job = running[future]
            try:
                finish = future.result()
            except Exception as error:
                # the other tasks go on; this one resumes with the same command
                print(f"{job.task} seed {job.seed} failed: {error!r}", file=sys.stderr, flush=True)
                failed += 1
                continue
            print(
                f"{finish.task} seed {finish.seed}: {finish.calls} calls, {finish.reason}; "
                f"{finish.cpu_s:.0f} s CPU, {finish.oracle_s:.0f} s of them the oracle",
                flush=True,
            )
    return not failed


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="folder of the histories")
    parser.add_argument("--tasks", default="", help="names with commas between; all by default")
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--patience", type=int, default=PATIENCE)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the random forests")
    parser.add_argument("--molscore", type=Path, default=MOLSCORE, help="wheel of molscore 1.9.5")
    parser.add_argument("--anchors", type=Path, default=ANCHORS, help="published values, CSV")
    parser.add_argument("--table", type=Path, help="print the table of a folder")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--check", action="store_true", help="compare the oracles with guacamol's")
    arguments = parser.parse_args()

    from pmo_oracles import TASKS

    if arguments.check:
        from pmo_check import check

        sys.exit(0 if check(arguments.data, arguments.molscore) else 1)
    if arguments.table:
        from pmo_table import table

        budget, markdown = arguments.calls, arguments.markdown
        print(table(arguments.table, arguments.anchors, budget=budget, markdown=markdown))
        return
    if arguments.out is None:
        parser.error("give --out DIR to run, --table DIR to print, or --check")
    tasks = [task for task in arguments.tasks.split(",") if task] or list(TASKS)
    unknown = [task for task in tasks if task not in TASKS]
    if unknown:
        parser.error(f"no PMO task {', '.join(unknown)}; there are {', '.join(TASKS)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    succeeded = run_all(
        [
            Job(
                task,
                int(seed),
                arguments.calls,
                arguments.patience,
                arguments.out,
                arguments.data,
                arguments.molscore,
            )
            for seed in arguments.seeds.split(",")
            for task in tasks
        ],
        arguments.jobs,
    )
    sys.exit(0 if succeeded else 1)


if __name__ == "__main__":
    main()
