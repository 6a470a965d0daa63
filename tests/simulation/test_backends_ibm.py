"""IBM's devices: queue, jobs found again, and what leaves for them. No network."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import zlib
from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from qiskit import qpy
from qiskit.primitives import BackendSamplerV2
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import RuntimeEncoder
from qiskit_ibm_runtime.exceptions import IBMRuntimeError
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from qiskit_ibm_runtime.fake_provider.local_service import QiskitRuntimeLocalService

from simulation import solver
from simulation.errors import InputError, ResourceError, StochasticError
from simulation.quantum import backends, ibm, queue
from simulation.quantum.backends import QueuedBackend
from simulation.settings import SimulationSettings
from simulation.vqe.circuit import CircuitVQESolver

SMILES, KEY, NAME = "C=CC(N)=O", "HRPVXLWXLXDGHG-UHFFFAOYSA-N", "acrylamide"


class Job:
    """A job as the runtime gives it; runs when it is asked for the result."""

    def __init__(self, number: int, inputs: dict[str, Any], tags: list[str]) -> None:
        self.number = number
        self.inputs = inputs
        self.tags = tags
        self.state = "QUEUED"

    def job_id(self) -> str:
        return f"job-{self.number}"

    def status(self) -> str:
        return self.state

    def error_message(self) -> str:
        return "the cryostat warmed up"

    def result(self) -> Any:
        sampler = BackendSamplerV2(backend=AerSimulator(), options={"seed_simulator": self.number})
        return sampler.run([(p.circuit, None, p.shots) for p in self.inputs["pubs"]]).result()


class Service:
    """What ``QiskitRuntimeService`` does, on this machine."""

    def __init__(self) -> None:
        self.sent: list[Job] = []
        self.device = FakeManilaV2()
        self.first_state = "DONE"
        self.options: list[dict[str, Any]] = []

    def backend(self, name: str) -> Any:
        if name != "ibm_manila":
            raise QiskitBackendNotFoundError("no such backend")
        return self.device

    def backends(self) -> list[Any]:
        return [SimpleNamespace(name="ibm_manila"), SimpleNamespace(name="ibm_torino")]

    def jobs(self, *, backend_name: str, job_tags: list[str], limit: int | None) -> list[Job]:
        assert backend_name == self.device.name
        return [job for job in self.sent if set(job_tags) <= set(job.tags)]

    def job(self, job_id: str) -> Job:
        return next(job for job in self.sent if job.job_id() == job_id)

    def accept(self, program_id: str, inputs: dict, options: dict, **_: Any) -> Job:
        job = Job(len(self.sent), inputs, list(options["job_tags"]))
        job.state = self.first_state
        self.sent.append(job)
        self.options.append(options)
        return job


@pytest.fixture
def service(monkeypatch) -> Iterator[Service]:
    """A service in place of IBM's; all that would be sent goes to it."""
    found = Service()
    monkeypatch.setattr(
        QiskitRuntimeLocalService, "_run", lambda self, *a, **k: found.accept(*a, **k)
    )
    monkeypatch.setattr(ibm, "FAMILY", ibm.IBMFamily(connect=lambda: found))
    return found


def settings(**changes: Any) -> SimulationSettings:
    return SimulationSettings(
        **{"backend": "ibm:manila", "max_shots": 2000, "mapping": "parity", **changes}
    )


def test_an_energy_comes_from_a_device(service, active_space):
    h = active_space("H2", 2, 2)
    found = solver.find(settings(max_shots=20_000, mitigation=("readout",)))
    assert isinstance(found, CircuitVQESolver)
    assert isinstance(found.backend, QueuedBackend)
    solution = found.solve(h, 1, 1)
    assert solution.standard_error is not None
    assert abs(solution.energy + 1.1373060) < 5 * solution.standard_error
    (job,) = service.sent
    assert sum(pub.shots for pub in job.inputs["pubs"]) <= 20_000


def test_all_sectors_are_submitted_before_one_is_waited_for(service, active_space, monkeypatch):
    h = active_space("H2", 2, 2)
    seen: list[int] = []
    collect = ibm.IBMBackend.collect

    def counted(self, pending):  # type: ignore[no-untyped-def]
        seen.append(len(service.sent))
        return collect(self, pending)

    monkeypatch.setattr(ibm.IBMBackend, "collect", counted)
    solver.solve_sectors(solver.find(settings()), h, [(1, 1), (2, 1)], seed=1)
    assert seen == [2, 2]
    sessions = {options.get("session_id") for options in service.options}
    assert len(sessions) == 1


def test_the_queue_has_a_limit_and_the_job_is_found_again(service, active_space):
    h = active_space("H2", 2, 2)
    service.first_state = "QUEUED"
    started = time.monotonic()
    with pytest.raises(ResourceError, match=r"job job-\d on ibm:manila has not run yet") as waited:
        solver.solve_sectors(solver.find(settings(queue_limit_s=0)), h, [(1, 1), (2, 1)], seed=1)
    assert waited.value.kind == "resource"
    assert time.monotonic() - started < 60
    assert len(service.sent) == 2
    for job in service.sent:
        job.state = "DONE"
    again = solver.find(settings(queue_limit_s=0, technical_file=True))
    solutions = solver.solve_sectors(again, h, [(1, 1), (2, 1)], seed=1)
    assert len(service.sent) == 2
    assert [s.technical["backend"]["job"] for s in solutions] == ["job-0", "job-1"]  # type: ignore[index]
    assert all(s.technical["backend"]["found"] for s in solutions)  # type: ignore[index]
    # another seed asks for another measurement
    service.first_state = "DONE"
    solver.solve_sectors(again, h, [(1, 1)], seed=2)
    assert len(service.sent) == 3


def test_a_failed_job_is_sent_again_and_a_cancelled_one_is_not(service, active_space):
    h = active_space("H2", 2, 2)
    service.first_state = "ERROR"
    with pytest.raises(StochasticError, match="the cryostat warmed up"):
        solver.find(settings()).solve(h, 1, 1)
    service.first_state = "CANCELLED"
    with pytest.raises(InputError, match="job job-1 on ibm:manila was cancelled"):
        solver.find(settings()).solve(h, 1, 1)
    assert len(service.sent) == 2


def test_a_service_out_of_order_is_a_resource_failure(service, active_space, monkeypatch):
    def unreachable(*_: Any, **__: Any) -> None:
        raise IBMRuntimeError("gateway timeout")

    monkeypatch.setattr(service, "jobs", unreachable)
    with pytest.raises(ResourceError, match=r"did not take the job: .*gateway timeout"):
        solver.find(settings()).solve(active_space("H2", 2, 2), 1, 1)


def test_a_plan_without_sessions_sends_single_jobs(service, active_space, monkeypatch):
    import qiskit_ibm_runtime

    def refused(*_: Any, **__: Any) -> None:
        raise IBMRuntimeError("You are not authorized to run a session when using the open plan")

    monkeypatch.setattr(qiskit_ibm_runtime, "Session", refused)
    solver.find(settings()).solve(active_space("H2", 2, 2), 1, 1)
    assert len(service.sent) == 1


def test_a_loop_can_wait_for_something_else_meanwhile(service, active_space, monkeypatch):
    found = ibm.FAMILY.device("manila")
    pending = backends.PendingMeasurement("ibm:manila", "job-0", "0" * 32, found=False)
    answers = iter([None, None, ("bits",)])
    monkeypatch.setattr(found, "collect", lambda _: next(answers))

    async def both() -> tuple[Any, int]:
        turns = 0
        waiting = asyncio.create_task(
            queue.collected(found, pending, deadline=time.monotonic() + 60, poll_s=0.01)  # type: ignore[arg-type]
        )
        while not waiting.done():
            turns += 1
            await asyncio.sleep(0.002)
        return await waiting, turns

    bits, turns = asyncio.run(both())
    assert bits == ("bits",)
    assert turns > 3


def test_jobs_are_collected_inside_a_running_loop_too(service, monkeypatch):
    found = ibm.FAMILY.device("manila")
    pending = backends.PendingMeasurement("ibm:manila", "job-0", "0" * 32, found=False)
    monkeypatch.setattr(found, "collect", lambda _: ("bits",))

    async def notebook() -> Any:
        return queue.collect_all(found, [pending, pending], limit_s=1)  # type: ignore[arg-type]

    assert asyncio.run(notebook()) == (("bits",), ("bits",))


def test_an_unknown_device_is_refused_with_those_there_are(service):
    with pytest.raises(InputError, match="'ibm_perth' for this account; it has: manila, torino"):
        backends.find("ibm:perth")
    assert backends.find("ibm:ibm_manila").qubits == 5


def test_missing_credentials_are_one_line_with_the_remedy(monkeypatch, tmp_path):
    from qiskit_ibm_runtime.accounts import management

    for variable in ("QISKIT_IBM_TOKEN", "QISKIT_IBM_CHANNEL", "QISKIT_IBM_INSTANCE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(
        management, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(tmp_path / "accounts.json")
    )
    assert ibm.FAMILY.has_credentials() is False
    with pytest.raises(InputError, match="no account for IBM Quantum: set QISKIT_IBM_TOKEN") as no:
        backends.find("ibm:torino")
    assert "\n" not in no.value.message
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "not-a-token-but-secret")
    assert ibm.FAMILY.has_credentials() is True
    assert "secret" not in repr(backends.listing())


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from _strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value)
    elif isinstance(node, str):
        yield node


def _payload(job: Job, options: dict[str, Any]) -> tuple[bytes, list[bytes]]:
    """What the runtime would send: the JSON text, and every binary block in it unpacked."""
    words = {key: value for key, value in options.items() if key != "backend"}
    text = json.dumps({"params": job.inputs, "options": words}, cls=RuntimeEncoder)
    blocks = []
    for word in _strings(json.loads(text)):
        try:
            raw = base64.standard_b64decode(word)
            blocks.append(zlib.decompress(raw))
        except (ValueError, zlib.error):
            continue
    return text.encode(), blocks


def test_what_leaves_for_a_device_does_not_say_which_molecule_it_is(service):
    from simulation.recipes import recipe
    from simulation.workup import Workup

    score = recipe.find("warhead-ea").score(
        Workup(
            SMILES,
            settings(
                basis="sto-3g",
                density_fit=False,
                conformers=1,
                mapping="auto",
                mitigation=("readout", "zne"),
                technical_file=True,
                max_shots=5000,
            ),
            seed=3,
        )
    )
    assert (score.smiles, score.inchikey) == (SMILES, KEY)
    assert len(service.sent) == 2
    circuits = 0
    for job, options in zip(service.sent, service.options, strict=True):
        text, blocks = _payload(job, options)
        assert len(blocks) >= len(job.inputs["pubs"])
        for content in (text, *blocks):
            small = content.lower()
            for word in (SMILES, "NC(=O)C=C", KEY, KEY.split("-")[0], NAME, "warhead", "c3h5no"):
                assert word.lower().encode() not in small
        (tag,) = job.tags
        assert tag.removeprefix("molq-").isalnum()
        for content in blocks:
            if not content.startswith(b"QISKIT"):
                continue
            for circuit in qpy.load(BytesIO(content)):
                circuits += 1
                assert circuit.name == "circuit"
                assert not circuit.metadata
                assert {r.name for r in circuit.qregs} <= {"q"}
                assert [r.name for r in circuit.cregs] == ["meas"]
                assert not circuit.parameters
    assert circuits == sum(len(job.inputs["pubs"]) for job in service.sent)
    kept = json.dumps([s.technical for site in score.sites for s in site.solutions]).lower()
    for word in (SMILES, KEY, NAME):
        assert word.lower() not in kept
