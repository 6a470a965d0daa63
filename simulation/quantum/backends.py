"""Where a circuit runs.

A backend says what its circuits must be compiled to and hands out an
EstimatorV2; nothing else of it is used, so a device or another simulator is
added from outside by an object with these attributes under the entry-point
group ``molq.backends``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from qiskit.primitives import BaseEstimatorV2
from qiskit.transpiler import PassManager

from simulation import register

GROUP = "molq.backends"

_BASIS = ("rz", "sx", "x", "cx")  # of the simulators: what superconducting devices count in
_AER_PRECISION = 2.0**-8  # standard error of one Pauli term: 65,536 shots a setting
_OPTIMISATION = 1


class Backend(Protocol):
    """A place where circuits run."""

    name: str
    summary: str  # one line
    exact: bool  # expectation values without a statistical error

    def pass_manager(self) -> PassManager:
        """Compiles circuits to what the backend executes."""
        ...

    def estimator(self, seed: int) -> BaseEstimatorV2:
        """Measures expectation values of compiled circuits.

        Args:
            seed: of the sampling; the same seed gives the same values.
        """
        ...


@dataclass(frozen=True)
class ExactBackend:
    """Statevector simulation: the expectation value itself."""

    name: str = "exact"
    summary: str = "statevector simulation, no noise, no statistical error"
    exact: bool = True

    def pass_manager(self) -> PassManager:
        """All-to-all connected, rz, sx, x and cx."""
        return _preset()

    def estimator(self, seed: int) -> BaseEstimatorV2:
        """Qiskit's StatevectorEstimator; ``seed`` has no effect on exact values."""
        from qiskit.primitives import StatevectorEstimator

        return StatevectorEstimator(default_precision=0.0, seed=seed)


@dataclass(frozen=True)
class AerBackend:
    """Shot-based simulation with qiskit-aer: a device without noise.

    Every group of qubit-wise commuting Pauli terms is sampled with 1 /
    precision^2 shots. The standard error of an observable is the sum over its
    terms, an upper bound, as terms of one group are correlated.
    """

    name: str = "aer"
    summary: str = "shot-based simulation with qiskit-aer, no noise"
    exact: bool = False
    precision: float = _AER_PRECISION  # standard error of one Pauli term, no unit

    def pass_manager(self) -> PassManager:
        """All-to-all connected, rz, sx, x and cx."""
        return _preset()

    def estimator(self, seed: int) -> BaseEstimatorV2:
        """Qiskit's BackendEstimatorV2 over qiskit-aer's simulator."""
        from qiskit.primitives import BackendEstimatorV2
        from qiskit_aer import AerSimulator

        return BackendEstimatorV2(
            backend=AerSimulator(method="statevector", max_parallel_threads=1),
            options={"default_precision": self.precision, "seed_simulator": seed},
        )


def _preset() -> PassManager:
    from qiskit.transpiler import generate_preset_pass_manager

    return generate_preset_pass_manager(
        optimization_level=_OPTIMISATION, basis_gates=list(_BASIS), seed_transpiler=0
    )


exact = ExactBackend()
aer = AerBackend()


def names() -> tuple[str, ...]:
    """The installed backends, in alphabetical order."""
    return register.names(GROUP)


def find(name: str) -> Backend:
    """The backend of that name.

    Raises:
        InputError: no installed package provides it.
    """
    backend: Backend = register.load(GROUP, name, kind="backend", step="solver")
    return backend
