"""The local simulators without noise: ``exact`` and ``aer``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # qiskit is loaded when a circuit runs
    from qiskit.primitives import BaseSamplerV2
    from qiskit.transpiler import PassManager

    from simulation.quantum.calibration import Calibration

_BASIS = ("rz", "sx", "x", "cx")  # what superconducting devices count in
_OPTIMISATION = 1
FREE = "free, on this machine"


@dataclass(frozen=True)
class _Simulator:
    """What simulators without a device have in common."""

    qubits: int | None = None
    max_shots: int | None = None
    optimisation_level: int = _OPTIMISATION
    cost: str = FREE

    def pass_manager(self, seed: int = 0) -> PassManager:
        """All-to-all connected, rz, sx, x and cx."""
        return _preset(self.optimisation_level, seed)

    def completion(self) -> PassManager:
        """The same gates, nothing moved."""
        return _preset(0, 0)

    def calibration(self) -> Calibration | None:
        """None: there is no device."""
        return None


@dataclass(frozen=True)
class ExactBackend(_Simulator):
    """Statevector simulation: the expectation value itself."""

    name: str = "exact"
    summary: str = "statevector simulation, no noise, no statistical error"
    exact: bool = True

    @property
    def version(self) -> str:
        """Of qiskit."""
        return f"qiskit {installed_version('qiskit')}"

    def sampler(self, seed: int) -> BaseSamplerV2:
        """Qiskit's StatevectorSampler."""
        from qiskit.primitives import StatevectorSampler

        return StatevectorSampler(seed=seed)


@dataclass(frozen=True)
class AerBackend(_Simulator):
    """Shot-based simulation with qiskit-aer: a device without noise."""

    name: str = "aer"
    summary: str = "shot-based simulation with qiskit-aer, no noise"
    exact: bool = False

    @property
    def version(self) -> str:
        """Of qiskit-aer."""
        return f"qiskit-aer {installed_version('qiskit-aer')}"

    def sampler(self, seed: int) -> BaseSamplerV2:
        """Qiskit's BackendSamplerV2 over qiskit-aer's statevector simulator."""
        from qiskit.primitives import BackendSamplerV2
        from qiskit_aer import AerSimulator

        return BackendSamplerV2(
            backend=AerSimulator(method="statevector", max_parallel_threads=1),
            options={"seed_simulator": seed},
        )


def _preset(level: int, seed: int) -> PassManager:
    from qiskit.transpiler import generate_preset_pass_manager

    return generate_preset_pass_manager(
        optimization_level=level, basis_gates=list(_BASIS), seed_transpiler=seed
    )


EXACT = ExactBackend()
AER = AerBackend()
