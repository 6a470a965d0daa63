"""A virtual environment for each engine that molq is compared with.

    python benchmarks/peers/environments.py FOLDER [ENGINE ...]

None of them is a dependency of molq: each lives with pinned versions in
``FOLDER/<engine>``, is made when first asked for and kept. TenCirChem-ng is
under the Academic Public License, which allows academic use only.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

PINNED: dict[str, tuple[str, ...]] = {
    "qiskit": ("qiskit==2.6.2", "qiskit-nature==0.8.0", "scipy==1.17.1"),
    "pennylane": ("pennylane==0.45.1", "pennylane-lightning==0.45.0", "scipy==1.17.1"),
    "ffsim": ("ffsim==0.0.85",),
    "tencirchem": (
        "tencirchem-ng==2024.10",
        "tensorcircuit-ng==1.10.0",
        "jax==0.10.2",
        "jaxlib==0.10.2",
        "qiskit==2.6.2",
        "openfermion==1.8.1",
    ),
}
_STAMP = "complete"  # written last, with what was installed


class UnavailableError(Exception):
    """An environment that cannot be made here, and why in one line."""


def interpreter(engine: str, folder: Path) -> Path:
    """The Python of an engine's environment, made if it is not there.

    Args:
        engine: a key of ``PINNED``.
        folder: where the environments are kept.

    Raises:
        UnavailableError: pip could not install it.
    """
    place = folder.resolve() / engine
    python = place / "bin" / "python"
    wanted = hashlib.sha256("\n".join(PINNED[engine]).encode()).hexdigest()
    stamp = place / _STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"installing {engine} in {place}", file=sys.stderr, flush=True)
    venv.create(place, with_pip=True, clear=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *PINNED[engine]],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise UnavailableError((reasons or ["pip failed"])[-1].removeprefix("ERROR: "))
    stamp.write_text(wanted)
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description="Environments of the engines compared with.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("engines", nargs="*", default=list(PINNED), metavar="ENGINE")
    arguments = parser.parse_args()
    for engine in arguments.engines:
        if engine not in PINNED:
            parser.error(f"unknown engine {engine!r}; there are: {', '.join(PINNED)}")
        try:
            print(interpreter(engine, arguments.folder))
        except UnavailableError as error:
            print(f"{engine}: not available: {error}")


if __name__ == "__main__":
    main()
