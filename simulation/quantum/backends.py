"""Where a circuit runs.

A backend says what its circuits must be compiled to and hands out a SamplerV2;
nothing else of it is used to measure. It is found by name under the entry-point
group ``molq.backends``, where an entry names one of three things: an object with
the attributes of ``Backend``; a Qiskit ``BackendV2``, or a callable without
arguments that returns one, which is wrapped; or a ``Family`` of devices, whose
members are called ``family:device``.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from simulation import register
from simulation.errors import InputError, SimulationError
from simulation.quantum import simulators

if TYPE_CHECKING:  # qiskit is loaded when a backend is used
    from qiskit import QuantumCircuit
    from qiskit.primitives import BaseSamplerV2, BitArray
    from qiskit.transpiler import PassManager

    from simulation.quantum.calibration import Calibration

GROUP = "molq.backends"
STEP = "backend"
FREE = simulators.FREE

exact = simulators.EXACT
aer = simulators.AER


@runtime_checkable
class Backend(Protocol):
    """A place where circuits run."""

    @property
    def name(self) -> str:
        """As it is asked for: ``aer``, ``fake:manila``."""
        ...

    @property
    def summary(self) -> str:
        """One line: what it is."""
        ...

    @property
    def exact(self) -> bool:
        """Expectation values are computed, without a statistical error."""
        ...

    @property
    def qubits(self) -> int | None:
        """How many it has; None where only memory limits them."""
        ...

    @property
    def max_shots(self) -> int | None:
        """Of one circuit; None where nothing limits them."""
        ...

    @property
    def version(self) -> str:
        """Of the device or the simulator."""
        ...

    @property
    def cost(self) -> str:
        """In words: what its use costs."""
        ...

    @property
    def optimisation_level(self) -> int:
        """Of ``pass_manager``, in Qiskit's counting."""
        ...

    def pass_manager(self, seed: int = 0) -> PassManager:
        """Compiles circuits to what the backend executes.

        Args:
            seed: of the search for a layout and a routing.
        """
        ...

    def completion(self) -> PassManager:
        """Compiles gates appended to a circuit that is laid out already; moves no qubit."""
        ...

    def sampler(self, seed: int) -> BaseSamplerV2:
        """Samples compiled circuits.

        Args:
            seed: of the sampling, where the backend can be seeded; the same seed
                then gives the same samples.
        """
        ...

    def calibration(self) -> Calibration | None:
        """The device's properties as they stand; None where there is no device."""
        ...


@dataclass(frozen=True)
class Sample:
    """A compiled circuit with its measurements, and how often it is run."""

    circuit: QuantumCircuit  # one classical register, ``meas``
    shots: int


@dataclass(frozen=True)
class Job:
    """Samples that are sent together."""

    samples: tuple[Sample, ...]
    digest: str  # of the measurement that was asked for, 32 hexadecimal digits


@dataclass(frozen=True)
class PendingMeasurement:
    """A job that a device has accepted."""

    backend: str
    job_id: str
    digest: str  # of the job
    found: bool  # submitted by an earlier calculation


@runtime_checkable
class QueuedBackend(Backend, Protocol):
    """A backend with a queue: what is submitted is collected later."""

    def submit(self, jobs: Sequence[Job]) -> tuple[PendingMeasurement, ...]:
        """Send jobs, without waiting for any.

        A job that was sent before, by this process or another, is found again by
        its digest instead of being sent, and paid for, twice.

        Raises:
            simulation.errors.SimulationError: the device refuses them.
        """
        ...

    def collect(self, pending: PendingMeasurement) -> tuple[BitArray, ...] | None:
        """The bits of each sample; None while the job waits or runs.

        Raises:
            simulation.errors.SimulationError: the job failed or was cancelled.
        """
        ...


@runtime_checkable
class Family(Protocol):
    """Devices that are named ``family:device``."""

    @property
    def summary(self) -> str:
        """One line: what they are."""
        ...

    @property
    def cost(self) -> str:
        """In words: what their use costs."""
        ...

    def device(self, name: str) -> Backend:
        """The device of that name.

        Raises:
            InputError: there is none, or what it needs is missing; says the remedy.
        """
        ...


@dataclass(frozen=True)
class Listing:
    """An installed backend or family, as ``molq backends`` shows it."""

    name: str  # ``aer``; ``fake:<device>`` for a family
    summary: str
    qubits: int | None  # None where only memory limits them, and for families
    devices: dict[str, int]  # of a family, with their qubits; empty where asking costs a network
    cost: str  # in words
    credentials: bool | None  # whether an account is there; None where none is needed
    problem: str  # why it cannot be used, "" where it can
    provider: str  # the distribution it comes with


def names() -> tuple[str, ...]:
    """The installed backends and families, in alphabetical order. Loads nothing."""
    return register.names(GROUP)


def check(name: str) -> None:
    """Make sure that a name can be looked up, without loading the backend.

    Raises:
        InputError: no installed package provides the backend or the family, or a
            family was named without a device or the other way round.
    """
    family, colon, device = name.partition(":")
    installed = names()
    if family not in installed:
        near = difflib.get_close_matches(family, installed, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"installed: {', '.join(installed)}"
        raise InputError(STEP, f"unknown backend {name!r}; {hint}")
    if colon and not device:
        raise InputError(STEP, f"backend {name!r} lacks the device: write {family}:DEVICE")


def find(name: str) -> Backend:
    """The backend of that name.

    Raises:
        InputError: no installed package provides it, or what it needs is missing.
    """
    check(name)
    family, _, device = name.partition(":")
    found = register.load(GROUP, family, kind="backend", step=STEP)
    if isinstance(found, Family) and not isinstance(found, type):
        if not device:
            raise InputError(STEP, f"backend {name!r} needs a device: write {family}:DEVICE")
        return found.device(device)
    if device:
        raise InputError(STEP, f"backend {family!r} has no devices: write {family}")
    return wrapped(found, family)


def wrapped(found: Any, name: str) -> Backend:
    """What an entry point names, as a backend.

    Args:
        found: a backend, a ``BackendV2`` or a callable that returns either.
        name: of the entry point.

    Raises:
        InputError: it is neither.
    """
    from qiskit.providers import BackendV2

    from simulation.quantum.devicebackend import DeviceBackend

    # a class has the attributes of its instances: make one before asking for them
    if isinstance(found, type) or (callable(found) and not isinstance(found, BackendV2 | Backend)):
        found = found()
    if isinstance(found, BackendV2):
        return DeviceBackend(name, found)
    if isinstance(found, Backend):
        return found
    raise InputError(
        STEP,
        f"the entry point {name!r} of {GROUP} gives a {type(found).__name__}, neither a backend "
        "of molq nor a Qiskit BackendV2",
    )


def providers() -> dict[str, str]:
    """Installed backends and families with the distribution that brings each."""
    return {
        entry.name: entry.dist.name if entry.dist is not None else "unknown"
        for entry in entry_points(group=GROUP)
    }


def roomier(name: str, qubits: int) -> str | None:
    """The smallest device of the same family with so many qubits; None where none is known.

    Args:
        name: of a backend, e.g. ``fake:manila``.
        qubits: that are needed.
    """
    family, colon, _ = name.partition(":")
    found = register.load(GROUP, family, kind="backend", step=STEP) if colon else None
    devices: dict[str, int] = getattr(found, "devices", dict)()
    fitting = [(size, device) for device, size in devices.items() if size >= qubits]
    return f"{family}:{min(fitting)[1]}" if fitting else None


def listing() -> tuple[Listing, ...]:
    """Every installed backend and family. Nothing is asked of a network by molq's own."""
    return tuple(_listed(name, provider) for name, provider in sorted(providers().items()))


def _listed(name: str, provider: str) -> Listing:
    label, summary, cost = name, "", ""
    qubits: int | None = None
    devices: dict[str, int] = {}
    credentials: bool | None = None
    problem = ""
    try:
        found = register.load(GROUP, name, kind="backend", step=STEP)
        if isinstance(found, Family) and not isinstance(found, type):
            label, summary, cost = f"{name}:<device>", found.summary, found.cost
            devices = getattr(found, "devices", dict)()
            asked = getattr(found, "has_credentials", None)
            credentials = asked() if asked is not None else None
        else:
            backend = wrapped(found, name)
            summary, cost, qubits = backend.summary, backend.cost, backend.qubits
    except Exception as error:
        # whatever a backend from outside does, the others are still listed
        problem = error.message if isinstance(error, SimulationError) else repr(error)
    return Listing(label, summary, qubits, devices, cost, credentials, problem, provider)
