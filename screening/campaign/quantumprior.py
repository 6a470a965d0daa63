"""A campaign's generator, its Born machine sampled on a backend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from generative import generator
from generative.settings import START_PRIORS, GeneratorSettings
from generative.start import StartError
from screening.campaign import circuitrecords
from simulation.quantum import backends

if TYPE_CHECKING:  # torch and qiskit are loaded when a generator is made
    from generative.generator import Generator
    from generative.statevector import Ansatz
    from simulation.quantum.backends import Backend

_QCBM = "qcbm"
_LOOKED_AT_BY = {
    "base": START_PRIORS,
    "qubits": START_PRIORS,
    "shots": START_PRIORS,
    "layers": (_QCBM, "rbm"),
    "backend": (_QCBM,),
    "queue_limit_s": (_QCBM,),
}


@dataclass(frozen=True)
class BackendSampler:
    """Circuits sampled on a backend; implements ``generative.bornmachine.CircuitSampler``."""

    backend: Backend
    queue_limit_s: float  # to wait for a remote device at most
    record: Path | None = None  # technical file to which each sampling is added

    def words(self, ansatz: Ansatz, angles: np.ndarray, shots: int, *, seed: int) -> np.ndarray:
        """What every qubit was measured as. shape: (shots,), int64

        Raises:
            StartError: the backend failed or has not answered in time, or the technical file
                cannot be kept.
        """
        from simulation.errors import SimulationError
        from simulation.quantum import bitstrings, hardwareefficient

        try:
            measured = bitstrings.measure(
                hardwareefficient.circuit(*ansatz.split(angles)),
                self.backend,
                shots=shots,
                seed=seed,
                form=hardwareefficient.NAME,
                queue_limit_s=self.queue_limit_s,
            )
            if self.record is not None:
                circuitrecords.add([measured.record], self.record)
        except SimulationError as error:
            raise StartError(f"prior of starts: {error.message}") from error
        except ValueError as error:
            raise StartError(str(error)) from error
        except OSError as error:
            raise StartError(f"{self.record} cannot be kept: {error.strerror or error}") from error
        return measured.words


def find(settings: GeneratorSettings, folder: Path | None = None) -> Generator:
    """The generator that a campaign's settings name.

    Args:
        settings: the ``[generator]`` table.
        folder: of the run, where the technical file of a Born machine is kept; None
            keeps none.

    Raises:
        ValueError: no such generator, network or backend, or settings that mean nothing
            together.
    """
    _check(settings)
    if settings.prior not in START_PRIORS:
        return generator.find(settings.prior)
    from generative import startprior

    sampler = None
    if settings.prior == _QCBM:
        record = folder / circuitrecords.PRIOR if folder is not None else None
        sampler = BackendSampler(_backend(settings), settings.queue_limit_s, record)
    return startprior.create(
        settings.prior,
        base=settings.base,
        qubits=settings.qubits,
        layers=settings.layers,
        shots=settings.shots,
        sampler=sampler,
    )


def _backend(settings: GeneratorSettings) -> Backend:
    """The backend, large enough for the circuit."""
    from simulation.errors import SimulationError
    from simulation.quantum import bitstrings

    try:
        found = backends.find(settings.backend)
        bitstrings.check(found, settings.qubits, settings.shots)
    except SimulationError as error:
        raise ValueError(error.message) from error
    return found


def _check(settings: GeneratorSettings) -> None:
    """That no key is set which the prior does not look at."""
    for key, priors in _LOOKED_AT_BY.items():
        value = getattr(settings, key)
        if settings.prior in priors or value == GeneratorSettings.model_fields[key].default:
            continue
        wanted = " or ".join(f'"{name}"' for name in priors)
        raise ValueError(
            f"{key} = {value!r} means nothing with prior = {settings.prior!r}: it is for "
            f"prior = {wanted}"
        )
