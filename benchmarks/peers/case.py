"""What every engine is given, and what it has to say. Runs in the engines' own environments.

A case file holds ``one_body`` (norb, norb), ``two_body`` (norb,) * 4 in
chemists' notation, ``core`` (Hartree), ``n_alpha`` and ``n_beta``, and molq's
one-layer UCCSD: ``emptied`` and ``filled`` (excitations, 2), spin orbitals in
block order with -1 where a single has none, ``group`` (excitations,), the
parameter of each, and ``start`` (parameters,), rad.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_REPEATS = 100
_ENOUGH = 1.0  # CPU seconds of repeats


@dataclass(frozen=True)
class Case:
    """Integrals of a closed shell, and the ansatz."""

    one_body: np.ndarray  # shape: (norb, norb), Hartree
    two_body: np.ndarray  # shape: (norb,) * 4, chemists' (pq|rs), Hartree
    core: float  # Hartree
    n_alpha: int
    n_beta: int
    excitations: list[tuple[tuple[int, ...], tuple[int, ...]]]  # emptied, filled; block order
    group: np.ndarray  # shape: (excitations,)
    start: np.ndarray  # shape: (parameters,), rad

    @property
    def norb(self) -> int:
        """Number of spatial orbitals."""
        return len(self.one_body)


def arguments() -> argparse.Namespace:
    """The command line of every peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("case", type=Path)
    parser.add_argument("--limit", type=int, default=120, help="CPU seconds of one optimisation")
    parser.add_argument("--backend", default="", help="of an engine that has several")
    parser.add_argument(
        "--own-criterion", action="store_true", help="end where the engine would by itself"
    )
    return parser.parse_args()


def read(path: Path) -> Case:
    """The case in a file."""
    with np.load(path) as data:
        excitations = [
            tuple(tuple(int(q) for q in side if q >= 0) for side in pair)
            for pair in zip(data["emptied"], data["filled"], strict=True)
        ]
        return Case(
            one_body=data["one_body"],
            two_body=data["two_body"],
            core=float(data["core"]),
            n_alpha=int(data["n_alpha"]),
            n_beta=int(data["n_beta"]),
            excitations=excitations,
            group=data["group"],
            start=data["start"],
        )


@dataclass(frozen=True)
class Optimised:
    """The end of an optimisation."""

    energy: float  # Hartree, total
    parameters: int
    evaluations: int


def measure(run: Callable[[], Optimised], limit: int, **notes: object) -> None:
    """Run an optimisation and print one line of JSON.

    The first run is ``cold_seconds``. The mean of the further ones, repeated for
    a second, is ``cpu_seconds``; a first run of more than half the limit is not
    repeated. Past the limit the process is ended by SIGXCPU.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + limit + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, soft + 10))
    start = time.process_time()
    found = run()
    cold = warm = time.process_time() - start
    if cold < limit / 2:
        count, start = 0, time.process_time()
        while count < _REPEATS and time.process_time() - start < _ENOUGH:
            run()
            count += 1
        warm = (time.process_time() - start) / count
    print(
        json.dumps(
            {
                "energy": found.energy,
                "parameters": found.parameters,
                "evaluations": found.evaluations,
                "cpu_seconds": warm,
                "cold_seconds": cold,
                **notes,
            }
        )
    )
