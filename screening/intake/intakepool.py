"""The chemistry of an intake in child processes: in order, bounded, and no row ends the run.

A list of rows whose process ends is gone through again row by row. A row is blamed only
when it ends a process that works on it alone, twice: what killed the first one may have
come from outside.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from screening import childprocess
from screening.childprocess import ErrorLog
from screening.failure import Failure
from screening.intake import verdict
from screening.intake.libraryerror import LibraryError
from screening.intake.sieve import Sieve
from screening.intake.structure import Structure
from screening.intake.verdict import Verdict

ROW_LIMIT_S = 5.0
"""CPU time that one row may take; the largest molecules that are screened take 0.02 s."""

_MEMORY_LIMIT_MB = 8192  # of address space, which counts far more than is used
_SILENCE_LIMIT_S = 300.0  # s of waiting for a process that takes no CPU time either
_START_LIMIT_S = 300.0


class IntakePool:
    """Child processes that standardise and sift; use as a context manager.

    Args:
        processes: how many; each starts with the first work for it.
        max_heavy_atoms: larger molecules are refused.
        sieve: what every molecule passes.
        row_limit_s: CPU time of one row.
        silence_limit_s: time without an answer after which a process counts as hung.
    """

    def __init__(
        self,
        processes: int,
        max_heavy_atoms: int,
        sieve: Sieve,
        *,
        row_limit_s: float = ROW_LIMIT_S,
        silence_limit_s: float = _SILENCE_LIMIT_S,
    ) -> None:
        self.processes = processes
        shared = {
            "max_heavy_atoms": max_heavy_atoms,
            "sieve": sieve.settings(),
            "row_limit_s": row_limit_s,
            "memory_limit_mb": _MEMORY_LIMIT_MB,
        }
        self._children = [_Child(shared, silence_limit_s) for _ in range(processes)]
        self._idle: queue.SimpleQueue[_Child] = queue.SimpleQueue()
        for child in self._children:
            self._idle.put(child)
        # a thread a child: it waits for the child and turns text into records
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="intake")

    def __enter__(self) -> IntakePool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Of the child processes that run now."""
        return [child.pid for child in self._children if child.pid is not None]

    def submit(self, structures: Sequence[Structure]) -> Future[list[Verdict]]:
        """Have structures judged; their verdicts come in the same order.

        The future raises ``LibraryError`` when no process can be started.
        """
        return self._threads.submit(self._judge, structures)

    def close(self) -> None:
        """Give up what is not answered yet and end the processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._children:
            child.abandon()
        self._threads.shutdown(wait=True)
        for child in self._children:
            child.end()

    def _judge(self, structures: Sequence[Structure]) -> list[Verdict]:
        child = self._idle.get()
        try:
            found = child.ask(structures)
            return found if found is not None else [child.ask_alone(x) for x in structures]
        finally:
            self._idle.put(child)


class _Child:
    """One process, started when it is needed and again when it has ended."""

    def __init__(self, shared: dict[str, Any], silence_limit_s: float) -> None:
        self._shared = shared
        self._silence_limit_s = silence_limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._log: ErrorLog | None = None
        self._received = b""
        self._abandoned = False
        self._overran = False  # the last process ended at the limit of CPU time
        self._end = ""  # of the last process: what it did

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def ask(self, structures: Sequence[Structure]) -> list[Verdict] | None:
        """The verdicts on the structures, None when the process ended over them."""
        if self._process is None:
            self._start()
        self._overran = False
        answer = self._exchange([(x.text, x.is_block) for x in structures], self._silence_limit_s)
        return None if answer is None else [verdict.read(fields) for fields in answer]

    def ask_alone(self, structure: Structure) -> Verdict:
        """The verdict on a structure, which may be that it cannot be read."""
        for _ in range(2):
            found = self.ask([structure])
            if found is not None:
                return found[0]
            if self._overran:
                break  # nothing from outside ends a process so
        message = f"the process that read this structure {self._end}; leave the row out"
        return Verdict(Failure("input", "library", message))

    def abandon(self) -> None:
        """End the process from another thread; none is started any more."""
        self._abandoned = True
        process = self._process
        if process is not None:
            process.kill()

    def end(self) -> None:
        """End the process and forget what it said."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            childprocess.bury(process)
        if self._log is not None:
            self._log.close()
            self._log = None
        self._received = b""

    def _start(self) -> None:
        if self._abandoned:
            raise LibraryError("the intake was stopped")
        self._log = ErrorLog()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "screening.intake.intakeworker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log.file,
                env=childprocess.environment(1),
                start_new_session=True,
            )
        except OSError as error:
            raise LibraryError(
                f"no process can be started to read molecules: {error.strerror}; free some "
                "memory or raise the limit of processes, then resume"
            ) from error
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        if self._exchange(self._shared, _START_LIMIT_S) != {"ready": True}:
            raise LibraryError(f"the process that reads molecules {self._end} before its first one")

    def _exchange(self, message: Any, limit_s: float) -> Any:
        """The answer to a message, None when the process ended instead."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        request, stream = process.stdin.fileno(), process.stdout.fileno()
        unsent = memoryview(json.dumps(message).encode() + b"\n")
        deadline = time.monotonic() + limit_s
        while b"\n" not in self._received:
            left = max(0.0, deadline - time.monotonic())
            readable, writable, _ = select.select([stream], [request] if unsent else [], [], left)
            if readable:
                chunk = os.read(stream, 1 << 16)
                if not chunk:
                    return self._ended()
                self._received += chunk
            elif writable:
                try:
                    unsent = unsent[os.write(request, unsent) :]
                except BrokenPipeError:
                    return self._ended()
            else:
                self.end()
                self._end = f"gave no answer in {limit_s:g} s"
                return None
        line, _, self._received = self._received.partition(b"\n")
        if self._log is not None:
            self._log.shorten()
        return json.loads(line)

    def _ended(self) -> None:
        process = self._process
        assert process is not None
        # a closed pipe comes a moment before the exit status does
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5.0)
        status = process.returncode
        if status == -signal.SIGPROF:
            self._overran = True
            self._end = f"took more than {self._shared['row_limit_s']:g} s of CPU time"
        elif status is not None and status < 0:
            self._end = f"crashed with {signal.Signals(-status).name}"
        else:
            words = "" if self._log is None else self._log.last_words()[:300]
            self._end = f"ended with status {status} ({words or 'no reason'})"
        self.end()
