"""``fake:<device>``: the noise of a real device, as it was on one day, on this machine.

qiskit-ibm-runtime carries snapshots of IBM's devices; qiskit-aer runs circuits
with the noise model made from them.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulation.errors import InputError
from simulation.quantum.backends import FREE, STEP, Backend

if TYPE_CHECKING:
    from qiskit.providers import BackendV2

_NEAREST = 3


@dataclass(frozen=True)
class FakeFamily:
    """The snapshots of devices in qiskit-ibm-runtime."""

    cost: str = FREE
    summary: str = "a device's noise model from qiskit-ibm-runtime, simulated by qiskit-aer"

    def devices(self) -> dict[str, int]:
        """Every device with its number of qubits.

        Raises:
            InputError: the optional package is missing.
        """
        return {name: _qubits(kind) for name, kind in sorted(_classes().items())}

    def device(self, name: str) -> Backend:
        """The device of that name, e.g. ``manila``.

        Raises:
            InputError: there is none, with the nearest names; or the optional
                package is missing.
        """
        from simulation.quantum.devicebackend import DeviceBackend

        classes = _classes()
        if name not in classes:
            near = difflib.get_close_matches(name, classes, n=_NEAREST, cutoff=0.5)
            hint = (
                f"the nearest are {', '.join(near)}"
                if near
                else "`molq backends` lists all of them"
            )
            raise InputError(STEP, f"unknown device {'fake:' + name!r}; {hint}")
        device = classes[name]()

        def noisy() -> BackendV2:
            from qiskit_aer import AerSimulator

            return AerSimulator.from_backend(device, max_parallel_threads=1)

        return DeviceBackend(
            f"fake:{name}",
            device,
            summary=f"noise model of {name} ({device.num_qubits} qubits), simulated by qiskit-aer",
            cost=self.cost,
            executor=noisy,
        )


@cache
def _classes() -> dict[str, Any]:
    """Short name -> class of qiskit-ibm-runtime's fake provider."""
    try:
        from qiskit_ibm_runtime import fake_provider
        from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2
    except ImportError as error:
        raise InputError(
            STEP,
            "fake:<device> needs qiskit-ibm-runtime, which is not installed: "
            'pip install "molq[ibm]"',
        ) from error
    found = {}
    for value in vars(fake_provider).values():
        if isinstance(value, type) and issubclass(value, FakeBackendV2):
            name = getattr(value, "backend_name", None)
            if isinstance(name, str) and name.startswith("fake_"):
                found[name.removeprefix("fake_")] = value
    return found


def _qubits(kind: Any) -> int:
    """From the device's configuration file: making the object reads megabytes."""
    path = Path(kind.dirname) / kind.conf_filename
    return int(json.loads(path.read_text(encoding="utf-8"))["n_qubits"])


FAMILY = FakeFamily()
