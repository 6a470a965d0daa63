"""What a run keeps of circuits that belong to no score: technical files in its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from screening.store.database import JournalError

if TYPE_CHECKING:  # qiskit is loaded when a circuit is kept
    from simulation.quantum.technicalfile import Sampling

PRIOR = "quantum-prior.json"  # circuits of a Born machine
BATCHES = "quantum-batches.json"  # circuits that chose batches


def add(samplings: Sequence[Sampling], path: Path) -> None:
    """Add samplings to a technical file; one that is there already gives way to its repetition.

    A resumed round samples the circuits of the interrupted one again.

    Raises:
        ValueError: the file is not a technical file.
        OSError: it cannot be read or written.
    """
    from simulation.quantum import technicalfile

    try:
        before = technicalfile.read(path).samplings if path.exists() else ()
    except ValidationError as error:
        raise ValueError(
            f"{path} is not a technical file of this version of molq; move it away"
        ) from error
    new = {(sampling.circuit, sampling.seed) for sampling in samplings}
    kept = [sampling for sampling in before if (sampling.circuit, sampling.seed) not in new]
    technicalfile.write(
        technicalfile.TechnicalFile(
            created=technicalfile.now(), evaluations=(), samplings=(*kept, *samplings)
        ),
        path,
    )


def add_batch(samplings: Sequence[Sampling], folder: Path) -> None:
    """Keep the circuits that chose a batch, where any did, in the run's folder.

    Raises:
        JournalError: the file is damaged, or cannot be read or written.
    """
    if not samplings:
        return
    path = folder / BATCHES
    try:
        add(samplings, path)
    except ValueError as error:
        raise JournalError(str(error)) from error
    except OSError as error:
        raise JournalError(f"{path} cannot be kept: {error.strerror or error}") from error
