"""ADMET-AI in an environment of its own.

Its package chemprop pins an RDKit other than molq's, so it runs in a child process, by the
Python that ``MOLQ_ADMET_PYTHON`` names, or by this one where admet-ai is installed beside
molq. The weights are those in its wheel; nothing is fetched.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from screening.childprocess import ErrorLog, bury
from simulation.errors import InputError, ResourceError, StochasticError

PYTHON = "MOLQ_ADMET_PYTHON"
"""Environment variable: the Python of the environment that holds admet-ai."""

STEP = "admet"
START_LIMIT_S = 300.0
ANSWER_LIMIT_S = 120.0
VERSIONS_LIMIT_S = 60.0
_REMEMBERED = 10_000

_REMEDY = (
    "python -m venv admet, admet/bin/pip install admet-ai, then set "
    f"{PYTHON}=$PWD/admet/bin/python (or pip install 'molq[admet]', which takes an older RDKit)"
)

Values = dict[str, float]  # property -> value


def python() -> str:
    """The Python that runs ADMET-AI.

    Raises:
        InputError: none is named and admet-ai is not installed here, or what is named is no
            program by its whole path.
    """
    named = os.environ.get(PYTHON, "")
    if named:
        if not Path(named).is_absolute():
            # each worker has a folder of its own, from which a relative path leads elsewhere
            raise InputError(
                STEP, f"{PYTHON}={named} is a relative path; give the whole one: $PWD/{named}"
            )
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise InputError(STEP, f"{PYTHON}={named} is no program; name the python of a venv")
        return named
    if find_spec("admet_ai") is None:
        raise InputError(STEP, f"admet needs ADMET-AI: {_REMEDY}")
    return sys.executable


@cache
def installed(program: str) -> dict[str, str]:
    """The versions of ADMET-AI and what it rests on in an environment, without the model.

    Args:
        program: of the environment's Python.

    Raises:
        InputError: there is no ADMET-AI.
    """
    try:
        asked = subprocess.run(
            [*_call(program), "--versions"],
            capture_output=True,
            check=False,
            timeout=VERSIONS_LIMIT_S,
            env=_environment(),
        )
        answer = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise InputError(
            STEP, f"{program} does not run ADMET-AI: {type(error).__name__}: {error}; {_REMEDY}"
        ) from error
    if "versions" not in answer:
        raise InputError(STEP, f"{program} holds no ADMET-AI: {answer.get('error')}; {_REMEDY}")
    return {str(name): str(version) for name, version in answer["versions"].items()}


def _call(program: str) -> list[str]:
    # -I: no PYTHONPATH and no user packages, which are another environment's
    return [program, "-I", str(Path(__file__).with_name("program.py"))]


class Predictor:
    """A child process that holds the model; started when first asked, started anew when it died.

    Args:
        program: of the environment's Python.
        start_limit_s: s, for the model to load.
        answer_limit_s: s, for one request; the process is killed at it.
    """

    def __init__(
        self,
        program: str,
        *,
        start_limit_s: float = START_LIMIT_S,
        answer_limit_s: float = ANSWER_LIMIT_S,
    ) -> None:
        self._program = program
        self._start_limit_s, self._answer_limit_s = start_limit_s, answer_limit_s
        self._child: subprocess.Popen[bytes] | None = None
        self._log: ErrorLog | None = None
        self._received = b""
        self._known: dict[str, Values | None] = {}
        self.versions: dict[str, str] = {}  # of the packages, once it runs

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the child, None while there is none."""
        return None if self._child is None else self._child.pid

    def predict(self, smiles: Sequence[str]) -> list[Values | None]:
        """All properties of each molecule, None for one that ADMET-AI cannot read.

        Raises:
            InputError: there is no ADMET-AI in that environment.
            ResourceError: no answer within the limit.
            StochasticError: the process ended.
        """
        unknown = [one for one in dict.fromkeys(smiles) if one not in self._known]
        if unknown:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._start()
            answer = self._ask({"smiles": unknown})
            self._known.update(zip(unknown, answer, strict=True))
        return [self._known.get(one) for one in smiles]

    def close(self) -> None:
        """End the child."""
        child, self._child, self._received = self._child, None, b""
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            bury(child)
        if self._log is not None:
            self._log.close()
            self._log = None

    def _start(self) -> None:
        if self._child is not None and self._child.poll() is None:
            return
        self.close()
        self._log = ErrorLog()
        try:
            self._child = subprocess.Popen(
                _call(self._program),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log.file,
                env=_environment(),
            )
        except OSError as error:
            raise InputError(STEP, f"{self._program} does not start: {error.strerror}") from error
        ready = self._read(self._start_limit_s)
        if not ready.get("ready"):
            self.close()
            raise InputError(
                STEP, f"{self._program} does not run ADMET-AI: {ready.get('error')}; {_REMEDY}"
            )
        self.versions = {str(k): str(v) for k, v in dict(ready["versions"]).items()}

    def _ask(self, request: dict[str, object]) -> list[Values | None]:
        assert self._child is not None
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps(request).encode() + b"\n")
            self._child.stdin.flush()
        except BrokenPipeError as error:
            raise self._ended() from error
        answer = self._read(self._answer_limit_s)
        if "values" not in answer:
            raise StochasticError(STEP, f"ADMET-AI: {answer.get('error', 'no answer')}")
        values: list[Values | None] = answer["values"]
        return values

    def _read(self, limit_s: float) -> dict[str, Any]:
        """One line of the child within the limit; it is killed at it."""
        assert self._child is not None
        assert self._child.stdout is not None
        stream = self._child.stdout.fileno()
        deadline = time.monotonic() + limit_s
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            if left <= 0:
                self.close()
                raise ResourceError(STEP, f"ADMET-AI gave no answer within {limit_s:g} s")
            if select.select([stream], [], [], left)[0]:
                chunk = os.read(stream, 1 << 16)
                if not chunk:
                    raise self._ended()
                self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError as error:
            self.close()
            raise StochasticError(STEP, f"ADMET-AI: an answer that is no JSON: {error}") from error
        return answer if isinstance(answer, dict) else {"error": "an answer of another form"}

    def _ended(self) -> StochasticError:
        """The child is gone: why, as far as it said."""
        words = self._log.last_words() if self._log is not None else ""
        self.close()
        return StochasticError(STEP, f"the process of ADMET-AI ended: {words or 'no last words'}")


def _environment() -> dict[str, str]:
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    for name in ("OMP", "MKL", "OPENBLAS"):
        variables[f"{name}_NUM_THREADS"] = "1"
    return variables


@cache
def predictor(program: str) -> Predictor:
    """The process of this environment, one for each Python that is named."""
    return Predictor(program)
