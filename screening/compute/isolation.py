"""Each molecule in a child process with a hard limit of time and memory.

The child is kept warm: its imports cost seconds and one molecule may cost less.
It is killed with its process group at a limit and replaced, dies with its
parent, and is recycled before leaks add up.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import psutil

from screening import childprocess
from screening.childprocess import ErrorLog
from screening.compute.evaluation import LOST_WORKER, Job, Usage, encode, one_line
from screening.compute.scratchfolder import ScratchFolder
from screening.failure import Failure

_MB = 2**20
_START_LIMIT_S = 300.0
_POLL_S = 0.1
_FAMILY_EVERY = 10  # polls between looks at the child's own children

FOLDER = "molq-calculation-"
"""Prefix of the folders in which calculations keep their temporary files."""


@dataclass(frozen=True)
class Answer:
    """What came of a recipe of a job, still as text: ``evaluation.decode`` reads it."""

    recipe: str
    outcome: str  # JSON
    usage: Usage
    last: bool = False  # the molecule does not pass a gate; what is behind was not begun


class Isolation:
    """One warm child process that computes one job at a time.

    Args:
        threads: of one calculation, set before the child imports anything.
        max_jobs: jobs after which the child is replaced.
    """

    def __init__(self, *, threads: int = 1, max_jobs: int = 1000) -> None:
        self._threads = threads
        self._max_jobs = max_jobs
        self._child: subprocess.Popen[bytes] | None = None
        self._process: psutil.Process | None = None  # the child, to be watched
        self._log: ErrorLog | None = None
        self._scratch: ScratchFolder | None = None
        self._served = 0
        self._number = 0  # of the last request: tells what is left of an earlier one
        self._fresh_mb = 0.0  # MB, of the child after its first job

    def __enter__(self) -> Isolation:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is no child."""
        return None if self._child is None else self._child.pid

    def run(self, job: Job) -> tuple[Answer, ...]:
        """Compute the job; never raises for what the calculation does to its process.

        Returns:
            An answer for each recipe up to the one at which the process ended, in the
            job's order. The recipes behind that one were not begun and have none.

        Raises:
            OSError: the machine cannot start a process.
        """
        begun = time.monotonic()
        try:
            answers = self._run(job, begun)
            if answers is None:
                answers = self._run(job, begun)
            if answers is None:  # a fresh child always answers for itself
                raise OSError("the calculation's process cannot be started")
        except BaseException:
            self.close()
            raise
        self._served += 1
        if self._child is not None and self._is_worn(job.memory_limit_mb):
            self.close()
        return tuple(answers)

    def close(self) -> None:
        """End the child and all processes it started."""
        child, self._child, self._process = self._child, None, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            childprocess.bury(child)
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None

    def _run(self, job: Job, begun: float) -> list[Answer] | None:
        """One try; None when a child that had served before was gone before it began."""
        child = self._living_child()
        reused = self._served > 0
        watch = _Watch(self._process, begun)
        answers: list[Answer] = []
        self._number += 1
        request = json.dumps({"number": self._number, "job": vars(job)}).encode() + b"\n"
        try:
            _write_all(child, request)
        except BrokenPipeError:
            return self._gone(job.recipes[0], watch, excused=reused)
        assert child.stdout is not None
        stream = child.stdout.fileno()
        received = b""
        deadline = begun + _START_LIMIT_S
        started = False
        while len(answers) < len(job.recipes) and not (answers and answers[-1].last):
            recipe = job.recipes[len(answers)]  # at work, or about to be
            left = deadline - time.monotonic()
            ready, _, _ = select.select([stream], [], [], max(0.0, min(_POLL_S, left)))
            if ready:
                chunk = os.read(stream, 1 << 16)
                if not chunk:
                    end = self._gone(recipe, watch, excused=reused and not started)
                    return None if end is None else [*answers, *end]
                *lines, received = (received + chunk).split(b"\n")
                for line in lines:
                    answer = self._read(line, job, len(answers), watch)
                    if answer is None:
                        return [*answers, self._garbled(recipe, watch)]
                    started = True
                    answers += answer
                    deadline = time.monotonic() + job.time_limit_s
                continue
            if watch.memory_mb() > job.memory_limit_mb:
                text = (
                    f"reached the memory limit of {job.memory_limit_mb} MB; "
                    "raise [compute] memory_limit_mb or leave the molecule out"
                )
                return [*answers, self._killed(recipe, text, watch)]
            if time.monotonic() >= deadline:
                text = (
                    f"reached the time limit of {job.time_limit_s:g} s; "
                    "raise [compute] time_limit_s or leave the molecule out"
                    if started
                    else f"the calculation's process did not start within {_START_LIMIT_S:g} s"
                )
                return [*answers, self._killed(recipe, text, watch)]
        if received or select.select([stream], [], [], 0)[0]:
            self.close()  # what else it says belongs to no job
        return answers

    def _read(self, line: bytes, job: Job, answered: int, watch: _Watch) -> list[Answer] | None:
        """The answer in a message, none in that of a start; None for what is no message."""
        try:
            message = json.loads(line)
            if message["number"] != self._number:
                return None
            if message.get("started"):
                return []
            if message["recipe"] != job.recipes[answered]:
                return None
            return [watch.answer(message["recipe"], message)]
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            return None

    def _living_child(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self.close()
        if self._child is None:
            self._child = self._start()
            with contextlib.suppress(psutil.Error):  # it has ended already, and will be found so
                self._process = psutil.Process(self._child.pid)
            self._served = 0
        return self._child

    def _start(self) -> subprocess.Popen[bytes]:
        environment = childprocess.environment(self._threads)
        # A killed calculation leaves its scratch files; they go with this folder.
        self._scratch = ScratchFolder(FOLDER)
        environment["TMPDIR"] = environment["PYSCF_TMPDIR"] = str(self._scratch.path)
        self._log = ErrorLog()
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "screening.compute.calculator", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log.file,
            env=environment,
            start_new_session=True,
        )

    def _is_worn(self, memory_limit_mb: int) -> bool:
        assert self._child is not None
        if self._log is not None:
            self._log.shorten()
        if self._served >= self._max_jobs:
            return True
        idle = 0.0
        with contextlib.suppress(psutil.Error):
            idle = 0.0 if self._process is None else self._process.memory_info().rss / _MB
        if self._served == 1:
            self._fresh_mb = idle
        return idle - self._fresh_mb > memory_limit_mb / 4

    def _killed(self, recipe: str, reason: str, watch: _Watch) -> Answer:
        usage = watch.usage()
        self.close()
        return Answer(recipe, encode(Failure("resource", "process", reason)), usage)

    def _garbled(self, recipe: str, watch: _Watch) -> Answer:
        usage = watch.usage()
        self.close()
        text = "the worker's calculation sent a message that cannot be read"
        return Answer(recipe, encode(Failure("random", LOST_WORKER, text)), usage)

    def _gone(self, recipe: str, watch: _Watch, *, excused: bool) -> list[Answer] | None:
        if excused:  # it died idle, of something that is not this job's doing
            self.close()
            return None
        return [self._crashed(recipe, watch)]

    def _crashed(self, recipe: str, watch: _Watch) -> Answer:
        usage = watch.usage()
        child = self._child
        assert child is not None
        # A closed pipe comes a moment before the exit status does.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=5.0)
        status = child.returncode
        last = "" if self._log is None else self._log.last_words()
        self.close()
        if status == -signal.SIGKILL:
            text = "killed by the system, most likely because the machine ran out of memory"
            return Answer(recipe, encode(Failure("resource", "process", text)), usage)
        if status is not None and status < 0:
            text = f"crashed with {signal.Signals(-status).name}"
        else:
            text = f"the calculation's process ended with status {status}: {last}"
        return Answer(recipe, encode(Failure("random", "process", one_line(text))), usage)


class _Watch:
    """Memory and CPU time of a child since a moment, as last seen."""

    def __init__(self, process: psutil.Process | None, begun: float) -> None:
        self._process = process
        self._begun = begun
        self._looks = 0
        self._family: list[psutil.Process] = []
        self._peak_mb = 0.0
        self._cpu_seconds = 0.0
        self._cpu_before = 0.0
        with contextlib.suppress(psutil.Error):
            if process is not None:
                self._cpu_before = sum(process.cpu_times()[:4])

    def memory_mb(self) -> float:
        """Resident memory of the child and the processes it started, in MB."""
        if self._process is None:
            return 0.0
        total = 0.0
        try:
            if self._looks % _FAMILY_EVERY == _FAMILY_EVERY - 1:
                self._family = self._process.children(recursive=True)
            self._looks += 1
            total = float(self._process.memory_info().rss)
            self._cpu_seconds = sum(self._process.cpu_times()[:4]) - self._cpu_before
        except psutil.Error:
            return 0.0  # it has just ended; the pipe will tell
        for member in self._family:
            with contextlib.suppress(psutil.Error):
                total += member.memory_info().rss
        self._peak_mb = max(self._peak_mb, total / _MB)
        return total / _MB

    def usage(self) -> Usage:
        """What was taken since the last answer, as far as it was seen."""
        self.memory_mb()
        return Usage(time.monotonic() - self._begun, self._cpu_seconds, self._peak_mb)

    def answer(self, recipe: str, message: dict[str, Any]) -> Answer:
        """What the child says of a recipe; the next one's share is counted from here."""
        now = time.monotonic()
        usage = Usage(
            now - self._begun, float(message["cpu_seconds"]), float(message["peak_memory_mb"])
        )
        self._begun, self._peak_mb = now, 0.0
        self._cpu_before += float(message["cpu_seconds"])
        return Answer(recipe, str(message["outcome"]), usage, bool(message.get("last")))


def _write_all(child: subprocess.Popen[bytes], request: bytes) -> None:
    assert child.stdin is not None
    child.stdin.write(request)
    child.stdin.flush()
