"""``ibm:<device>``: IBM's quantum computers through qiskit-ibm-runtime.

Jobs are submitted without waiting. Each carries a tag made of the digest of the
measurement that was asked for, so that a calculation which gave up waiting, or
was killed, finds its job again instead of paying for a second one. Nothing is
kept on this machine for that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulation.errors import InputError, ResourceError, StochasticError
from simulation.quantum.backends import STEP, Backend, Job, PendingMeasurement
from simulation.quantum.devicebackend import DeviceBackend
from simulation.redaction import redacted

if TYPE_CHECKING:
    from qiskit.primitives import BaseSamplerV2, BitArray
    from qiskit.providers import BackendV2

TAG = "molq-"
REGISTER = "meas"  # of every circuit that is sent
TOKEN_VARIABLE = "QISKIT_IBM_TOKEN"

_PACKAGE = 'ibm:<device> needs qiskit-ibm-runtime, which is not installed: pip install "molq[ibm]"'
_ACCOUNT = (
    "no account for IBM Quantum: set QISKIT_IBM_TOKEN (and QISKIT_IBM_INSTANCE), or save one by "
    "QiskitRuntimeService.save_account(token=..., instance=...)"
)
_COST = "seconds of use of the quantum computer, at the price of your IBM Quantum plan"
_ENDED_BADLY = ("ERROR", "CANCELLED")


class IBMBackend(DeviceBackend):
    """A device of IBM; its service finds and keeps the jobs.

    Args:
        name: as the backend is asked for.
        device: from the service.
        service: a ``QiskitRuntimeService``, or what has its ``jobs`` and ``job``.
    """

    def __init__(self, name: str, device: BackendV2, service: Any) -> None:
        super().__init__(
            name,
            device,
            summary=f"IBM Quantum device of {device.num_qubits} qubits, with a queue",
            cost=_COST,
            max_shots=_most_shots(device),
        )
        self.service = service

    def sampler(self, seed: int) -> BaseSamplerV2:
        """The runtime's SamplerV2; a device cannot be seeded."""
        from qiskit_ibm_runtime import SamplerV2

        return SamplerV2(mode=self.device)

    def submit(self, jobs: Sequence[Job]) -> tuple[PendingMeasurement, ...]:
        """Send the jobs that were not sent before, in one session where the plan has sessions.

        Raises:
            ResourceError: the service cannot be reached or refuses them.
        """
        from qiskit_ibm_runtime.exceptions import IBMError

        try:
            found = [self._earlier(job) for job in jobs]
            if all(item is not None for item in found):
                return tuple(item for item in found if item is not None)
            with _session(self.device) as mode:
                return tuple(
                    earlier if earlier is not None else self._sent(job, mode)
                    for job, earlier in zip(jobs, found, strict=True)
                )
        except IBMError as error:
            raise ResourceError(
                STEP, f"{self.name} did not take the job: {redacted(error.message)}"
            ) from error

    def collect(self, pending: PendingMeasurement) -> tuple[BitArray, ...] | None:
        """The bits of each sample; None while the job waits or runs.

        Raises:
            StochasticError: the job failed on the device; it may be sent again.
            InputError: somebody cancelled the job.
            ResourceError: the service cannot be reached.
        """
        from qiskit_ibm_runtime.exceptions import IBMError

        try:
            job = self.service.job(pending.job_id)
            state = _state(job)
            if state == "CANCELLED":
                raise InputError(
                    STEP,
                    f"job {pending.job_id} on {self.name} was cancelled, and is not sent again",
                )
            if state == "ERROR":
                reason = getattr(job, "error_message", lambda: None)() or "no reason given"
                raise StochasticError(
                    STEP,
                    f"job {pending.job_id} on {self.name} failed: {redacted(str(reason))}",
                )
            if state != "DONE":
                return None
            return tuple(result.data[REGISTER] for result in job.result())
        except IBMError as error:
            raise ResourceError(
                STEP,
                f"job {pending.job_id} on {self.name} cannot be asked for: "
                f"{redacted(error.message)}",
            ) from error

    def _earlier(self, job: Job) -> PendingMeasurement | None:
        for sent in self.service.jobs(
            backend_name=self.device.name, job_tags=[TAG + job.digest], limit=None
        ):
            if _state(sent) not in _ENDED_BADLY:
                return PendingMeasurement(self.name, sent.job_id(), job.digest, found=True)
        return None

    def _sent(self, job: Job, mode: Any) -> PendingMeasurement:
        from qiskit_ibm_runtime import SamplerV2

        sampler = SamplerV2(mode=mode, options={"environment": {"job_tags": [TAG + job.digest]}})
        sent = sampler.run([(s.circuit, None, s.shots) for s in job.samples])
        return PendingMeasurement(self.name, sent.job_id(), job.digest, found=False)


@dataclass(frozen=True)
class IBMFamily:
    """IBM's devices, for whoever has an account.

    Args:
        connect: makes the service; that of qiskit-ibm-runtime unless another is given.
    """

    connect: Callable[[], Any] | None = None
    cost: str = _COST
    summary: str = "IBM's quantum computers through qiskit-ibm-runtime"

    def device(self, name: str) -> Backend:
        """The device of that name, e.g. ``ibm:torino`` or ``ibm:ibm_torino``.

        Raises:
            InputError: no account, no such device for it, or the optional package
                is missing; each with its remedy.
            ResourceError: the service cannot be reached.
        """
        service = (self.connect or _service)()
        from qiskit.providers.exceptions import QiskitBackendNotFoundError
        from qiskit_ibm_runtime.exceptions import IBMError

        full = name if name.startswith("ibm_") else f"ibm_{name}"
        try:
            device = service.backend(full)
        except QiskitBackendNotFoundError as error:
            known = ", ".join(sorted(b.name.removeprefix("ibm_") for b in service.backends()))
            raise InputError(
                STEP,
                f"IBM Quantum has no device {full!r} for this account; it has: {known or 'none'}",
            ) from error
        except IBMError as error:
            raise ResourceError(
                STEP, f"IBM Quantum cannot be asked: {redacted(error.message)}"
            ) from error
        return IBMBackend(f"ibm:{name}", device, service)

    def has_credentials(self) -> bool:
        """Whether an account is set or saved.

        Nothing is sent anywhere, and the account itself is neither kept nor shown.

        Raises:
            InputError: the optional package is missing.
        """
        try:
            from qiskit_ibm_runtime import QiskitRuntimeService
        except ImportError as error:
            raise InputError(STEP, _PACKAGE) from error
        if os.environ.get(TOKEN_VARIABLE):
            return True
        return bool(QiskitRuntimeService.saved_accounts())


def _service() -> Any:
    """The user's service, from the environment or the saved account."""
    try:
        from qiskit_ibm_runtime import QiskitRuntimeService
        from qiskit_ibm_runtime.accounts import AccountNotFoundError
        from qiskit_ibm_runtime.exceptions import IBMError
    except ImportError as error:
        raise InputError(STEP, _PACKAGE) from error
    try:
        return QiskitRuntimeService()
    except AccountNotFoundError as error:
        raise InputError(STEP, _ACCOUNT) from error
    except IBMError as error:
        raise InputError(
            STEP, f"IBM Quantum refuses the account: {redacted(error.message)}"
        ) from error
    except OSError as error:
        raise ResourceError(
            STEP, f"IBM Quantum cannot be reached: {redacted(str(error))}"
        ) from error


@contextmanager
def _session(device: BackendV2) -> Iterator[Any]:
    """A session on the device; the device itself where the account's plan has no sessions."""
    from qiskit_ibm_runtime import Session
    from qiskit_ibm_runtime.exceptions import IBMError

    try:
        session = Session(backend=device)
    except IBMError:
        yield device
        return
    # closed once all is submitted: what is queued in it still runs
    with session:
        yield session


def _most_shots(device: Any) -> int | None:
    """Of one circuit, from the device's configuration; None where it does not say."""
    configuration = getattr(device, "configuration", None)
    limit = getattr(configuration(), "max_shots", None) if configuration is not None else None
    return None if limit is None else int(limit)


def _state(job: Any) -> str:
    """The job's state as one of the runtime's words."""
    status = job.status()
    return str(getattr(status, "name", status)).upper()


FAMILY = IBMFamily()
