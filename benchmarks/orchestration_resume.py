"""A journal of a million records: how soon it answers, and how soon a resumed run computes.

The screen's journal holds a library of so many rows, each with its candidate, its attempt and
its result; the record is that of one real calculation, with other molecules and values. The
last rows have no result yet. The campaign's holds the same library and is in the middle of
its first round. Each question is asked in a fresh process; its memory is the largest resident
size of that process.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HELP = "questions to a journal of a million records, and its resume"

PARTS = ("CC", "C(C)", "C(O)", "C(F)", "CO", "CN(C)", "C(OC)", "C(=O)N", "C(C#N)", "CSC")
RECIPE = "warhead-ea"
BASIS = {"basis": "sto-3g", "density_fit": False, "conformers": 1}
LEFT = 2000  # molecules without a result
CHUNK = 2000  # molecules of a transaction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of this part of the benchmark."""
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the journals are made and left")
    parser.add_argument("--json", action="store_true", help="a record instead of a table")
    parser.add_argument("--ask", nargs=2, metavar=("QUESTION", "DIR"), help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Print the table, or the record."""
    if args.ask:
        print(json.dumps(QUESTIONS[args.ask[0]](Path(args.ask[1]))))
        return 0
    with contextlib.ExitStack() as stack:
        if args.folder is None:
            name = stack.enter_context(tempfile.TemporaryDirectory(prefix="molq-resume-"))
        folder = args.folder or Path(name)
        screen, campaign = folder / "screen", folder / "campaign"
        if not screen.exists():
            make_screen(screen, args.records)
        if not campaign.exists():
            make_campaign(campaign, args.records)
        answers = {
            question: asked(question, campaign if question.startswith("campaign") else screen)
            for question in QUESTIONS
        }
        size = (screen / "journal.sqlite").stat().st_size / 2**30
    record = {"records": args.records, "journal_gib": round(size, 2), "answers": answers}
    if args.json:
        print(json.dumps(record, indent=1))
        return 0
    print(f"{args.records:,} results, a journal of {size:.1f} GiB\n")
    print("| question | wall [s] | CPU [s] | memory [MB] |\n|---|---|---|---|")
    for question, found in answers.items():
        shown = f"{found['wall_s']:.2f} | {found['cpu_s']:.2f} | {found['memory_mb']:.0f}"
        print(f"| {question} | {shown} |")
    return 0


def asked(question: str, directory: Path) -> dict[str, float]:
    """A question's answer from a fresh process."""
    command = [sys.executable, __file__, "--ask", question, str(directory)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@dataclass
class Stopwatch:
    """Times from here on, imports left out."""

    wall: float
    cpu: float

    @classmethod
    def start(cls) -> Stopwatch:
        """From now."""
        return cls(time.perf_counter(), time.process_time())

    def read(self) -> dict[str, float]:
        """Seconds so far, and the most memory that the process has taken."""
        return {
            "wall_s": round(time.perf_counter() - self.wall, 3),
            "cpu_s": round(time.process_time() - self.cpu, 3),
            "memory_mb": round(_most_memory_mb(), 1),
        }


def _most_memory_mb() -> float:
    # what getrusage says of a child includes its parent's at the fork
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status has no VmHWM")


def status(directory: Path) -> dict[str, float]:
    """What ``molq status`` does."""
    from molq.run import Run

    watch = Stopwatch.start()
    found = Run.open(directory).status()
    assert found.scored > 0
    return watch.read()


def leads(directory: Path) -> dict[str, float]:
    """What ``molq leads --top 10`` does."""
    from molq.run import Run

    watch = Stopwatch.start()
    assert len(Run.open(directory).leads(10)) == 10
    return watch.read()


def report(directory: Path) -> dict[str, float]:
    """What ``molq report`` does."""
    from molq.run import Run

    with tempfile.TemporaryDirectory() as folder:
        watch = Stopwatch.start()
        Run.open(directory).report(Path(folder) / "report.html")
        return watch.read()


def resume(directory: Path) -> dict[str, float]:
    """From the call of ``molq resume`` to the first task that is handed out."""
    from molq import execution
    from screening.compute.executor import Inline

    class First(Inline):
        def submit(self, job: Any) -> None:
            print(json.dumps(watch.read()), flush=True)
            os._exit(0)

    watch = Stopwatch.start()
    execution.go_on(directory, executor=First())
    raise AssertionError("nothing was left to compute")


QUESTIONS = {
    "status": status,
    "leads --top 10": leads,
    "report": report,
    "resume to the first task": resume,
    "campaign status": status,
    "campaign resume to the first task": resume,
}


def make_screen(directory: Path, records: int) -> None:
    """The journal of an interrupted screen."""
    from molq.environment import environment
    from molq.libraryscreen import screen_file
    from screening.intake.intake import COMPLETE
    from screening.store.journal import Journal

    directory.mkdir(parents=True)
    library = directory / "library.smi"
    _write_library(library, records + LEFT)
    changes = {f"simulation.{key}": value for key, value in BASIS.items()}
    file = screen_file(library, RECIPE, workers=1, seed=0, changes=changes)
    with Journal.create(
        directory,
        kind="screen",
        settings=file.model_dump(mode="json"),
        environment=environment(),
    ) as journal:
        _fill_library(journal, records + LEFT)
        _fill_results(journal, records)
        journal.mark(COMPLETE, "yes")
        journal.log("run", "stopped before its end")


def make_campaign(directory: Path, records: int) -> None:
    """The journal of a campaign in its first round."""
    from molq.campaignfile import CampaignFile
    from molq.environment import environment
    from screening.acquisition import Selection
    from screening.intake.intake import COMPLETE
    from screening.store.journal import Journal

    directory.mkdir(parents=True)
    library = directory / "library.smi"
    _write_library(library, records)
    document = {
        "campaign": {"rounds": 3, "batch": 64},
        "library": {"path": str(library)},
        "generator": {"share": 0.0},
        "objective": [{"name": RECIPE, "transform": "at_least", "low": -7.0}],
        "simulation": BASIS,
    }
    file = CampaignFile.from_document(document, folder=directory, source="benchmark")
    with Journal.create(
        directory,
        kind="campaign",
        settings=file.model_dump(mode="json"),
        environment=environment(),
    ) as journal:
        _fill_library(journal, records)
        journal.mark(COMPLETE, "yes")
        journal.begin_round(
            1, seed=1, pool_size=records, generator_note="", surrogate_note="nothing is known"
        )
        chosen = [candidate for candidate, _ in zip(_candidates(records), range(64), strict=False)]
        journal.add_selections(
            1,
            [
                Selection(candidate, position, {}, 0.5, 0.1, 0.1, "diverse")
                for position, candidate in enumerate(chosen, 1)
            ],
        )
        _fill_results(journal, 32, round=1)


def _smiles(number: int) -> str:
    """A molecule of its own for each number."""
    chain = "".join(PARTS[int(digit)] for digit in f"{number:07d}")
    return f"C=CC(=O)N{chain}C"


def _key(number: int) -> str:
    """In the form of an InChIKey, which would take longest of all to compute."""
    letters = hashlib.md5(str(number).encode()).hexdigest().upper()
    text = letters.translate(str.maketrans("0123456789", "GHIJKLMNOP"))
    return f"{text[:14]}-{text[14:22]}SA-N"


def _candidates(records: int) -> Iterator[Any]:
    from screening.candidate import Candidate

    for number in range(1, records + 1):
        yield Candidate(_key(number), _smiles(number), f"m{number}", "library", number)


def _write_library(path: Path, records: int) -> None:
    with path.open("w") as file:
        for number in range(1, records + 1):
            file.write(f"{_smiles(number)} m{number}\n")


def _fill_library(journal: Any, records: int) -> None:
    from screening.intake.library import LibraryRow

    rows = []
    for candidate in _candidates(records):
        rows.append(
            LibraryRow(candidate.row, candidate.smiles, candidate.name, candidate=candidate)
        )
        if len(rows) == CHUNK or candidate.row == records:
            journal.add_library(rows)
            rows = []


def _fill_results(journal: Any, records: int, round: int | None = None) -> None:
    """Attempts and results as the journal writes them, without decoding a score each."""
    from screening.compute.evaluation import encode
    from screening.store import schema
    from screening.store.checksum import digest, result_checksum

    score = _score()
    form = encode(score)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    attempts = _statement("attempts", ("checksum",), schema.CHECKED["attempts"])
    covered = (
        *("inchikey", "recipe", "outcome", "value", "round", "attempt", "wall_seconds"),
        *("cpu_seconds", "peak_memory_mb", "record"),
    )
    results = _statement("results", ("checksum", "recorded", "standard_error", "seal"), covered)
    for begin in range(1, records + 1, CHUNK):
        with journal.transaction():
            for number in range(begin, min(begin + CHUNK, records + 1)):
                key, value = _key(number), -9.0 + 4.0 * (number * 0.6180339887498949 % 1.0)
                record = form.replace(score.inchikey, key).replace(score.smiles, _smiles(number))
                record = record.replace(f'"value": {score.value!r}', f'"value": {value!r}')
                attempt = (number, key, RECIPE, 1, now, now, "scored", None, None, None)
                attempt = (*attempt, 21.5, 20.25, 812.5, "node")
                journal._db.write(attempts, *attempt, digest(*attempt))
                fields = (key, RECIPE, "scored", value, round, 1, 21.5, 20.25, 812.5, record)
                behind = (result_checksum(fields), now, None)
                journal._db.write(results, *fields, *behind, digest(key, RECIPE, *behind))


def _statement(table: str, more: tuple[str, ...], columns: tuple[str, ...]) -> str:
    names = (*columns, *more)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


def _score() -> Any:
    """Of one real calculation."""
    from screening.compute.evaluation import Evaluation
    from simulation.score import Score
    from simulation.settings import SimulationSettings

    with contextlib.redirect_stdout(io.StringIO()):
        found = Evaluation("C=CC(=O)NC", SimulationSettings(**BASIS), 0).outcome(RECIPE)
    assert isinstance(found, Score), found
    return found


if __name__ == "__main__":
    own = argparse.ArgumentParser()
    add_arguments(own)
    sys.exit(main(own.parse_args()))
