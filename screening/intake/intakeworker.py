"""The program of the intake's child processes: reads structures, writes verdicts.

``python -m screening.intake.intakeworker``, started by ``intakepool``. One JSON line a
message. First in: what all rows share. First out: ``{"ready": true}``. Then in: a list of
``[text, is_block]``; out: the list of their verdicts.

A row may take so much CPU time and no more: the kernel then ends the process, also inside
RDKit. It is CPU time so that a busy machine makes no row a slow one.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from typing import IO, TYPE_CHECKING, Any

from screening.childprocess import take_stdout
from screening.failure import Failure
from screening.intake.structure import Structure
from screening.intake.verdict import Verdict, judged, written

if TYPE_CHECKING:
    from screening.intake.sieve import Sieve


def main() -> int:
    """Serve lists of structures until the pipe closes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = take_stdout()
    shared = json.loads(sys.stdin.buffer.readline())
    sieve = None
    if shared["sieve"] is not None:
        from screening.intake.sieve import Sieve  # its filters are slow to import

        sieve = Sieve.from_settings(shared["sieve"])
        sieve.prepare()
    _limit_memory(int(shared["memory_limit_mb"]) << 20)
    _write(answers, {"ready": True})
    for line in sys.stdin.buffer:
        verdicts = []
        for text, is_block in json.loads(line):
            signal.setitimer(signal.ITIMER_PROF, shared["row_limit_s"])
            structure = Structure(text, is_block)
            verdicts.append(written(_judged(structure, shared["max_heavy_atoms"], sieve)))
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        _write(answers, verdicts)
    return 0


def _judged(structure: Structure, max_heavy_atoms: int, sieve: Sieve | None) -> Verdict:
    try:
        return judged(structure, max_heavy_atoms, sieve)
    except MemoryError:
        reason = "the process that read this structure ran out of memory; leave the row out"
        return Verdict(Failure("input", "library", reason))


def _limit_memory(size: int) -> None:
    """Bound the address space, in bytes, where it is not bounded closer already."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or size < soft:
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def _write(answers: IO[str], message: Any) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
