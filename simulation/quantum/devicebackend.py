"""Any Qiskit ``BackendV2`` as a backend: a device, or a simulator of one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from qiskit.primitives import BackendSamplerV2, BaseSamplerV2
from qiskit.providers import BackendV2
from qiskit.transpiler import PassManager, generate_preset_pass_manager

from simulation.quantum.calibration import Calibration, snapshot

OPTIMISATION = 3  # layouts by the devices' own error rates


class DeviceBackend:
    """A device that Qiskit knows.

    Args:
        name: as the backend is asked for.
        device: compiled for, and run on unless ``executor`` is given.
        summary: one line; the device's own description where it is empty.
        cost: of its use, in words.
        max_shots: of one circuit; None where nothing limits them.
        executor: makes what circuits run on in place of ``device`` from a seed.
    """

    exact = False
    optimisation_level = OPTIMISATION

    def __init__(
        self,
        name: str,
        device: BackendV2,
        *,
        summary: str = "",
        cost: str = "as its provider says",
        max_shots: int | None = None,
        executor: Callable[[], BackendV2] | None = None,
    ) -> None:
        self.name = name
        self.device = device
        self.summary = summary or device.description or f"Qiskit backend {device.name}"
        self.cost = cost
        self.max_shots = max_shots
        self._make_executor = executor

    @property
    def qubits(self) -> int | None:
        """How many the device has."""
        return int(self.device.num_qubits)

    @property
    def version(self) -> str:
        """The device's name and version."""
        return f"{self.device.name} {self.device.backend_version or ''}".strip()

    def pass_manager(self, seed: int = 0) -> PassManager:
        """For the device's gates and couplings; qubits are chosen by their errors."""
        return generate_preset_pass_manager(
            optimization_level=self.optimisation_level, backend=self.device, seed_transpiler=seed
        )

    def completion(self) -> PassManager:
        """The device's gates, every qubit where it is."""
        return generate_preset_pass_manager(
            optimization_level=0,
            backend=self.device,
            layout_method="trivial",
            routing_method="none",
            seed_transpiler=0,
        )

    def sampler(self, seed: int) -> BaseSamplerV2:
        """Qiskit's BackendSamplerV2; devices that are not simulated ignore the seed."""
        return BackendSamplerV2(backend=self._executor, options={"seed_simulator": seed})

    def calibration(self) -> Calibration | None:
        """From the device's target and properties."""
        return self._calibration

    @cached_property
    def _calibration(self) -> Calibration:
        return snapshot(self.device)

    @cached_property
    def _executor(self) -> BackendV2:
        return self._make_executor() if self._make_executor is not None else self.device
