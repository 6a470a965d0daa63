"""Bit strings measured on simulators and devices, and what is told of it."""

from __future__ import annotations

from typing import Any

import jsonschema
import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm3
from qiskit.primitives import BackendSamplerV2
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from qiskit_ibm_runtime.fake_provider.local_service import QiskitRuntimeLocalService

from simulation.errors import InputError, ResourceError
from simulation.quantum import backends, bitstrings, ibm, technicalfile
from simulation.quantum.bitstrings import BitStrings

SHOTS = 20_000


def circuit() -> QuantumCircuit:
    """Four qubits, entangled along a chain; no two of its bit strings are equally likely."""
    made = QuantumCircuit(4, name="a name that nobody needs to know", metadata={"of": "a secret"})
    for qubit, angle in enumerate((0.4, 1.1, 2.0, 0.8)):
        made.ry(angle, qubit)
    for qubit in range(3):
        made.cz(qubit, qubit + 1)
    for qubit, angle in enumerate((0.3, -0.7, 1.9, 0.2)):
        made.rz(angle, qubit)
        made.ry(2 * angle, qubit)
    return made


def measured(name: str, shots: int = SHOTS, seed: int = 3) -> BitStrings:
    return bitstrings.measure(
        circuit(),
        backends.find(name),
        shots=shots,
        seed=seed,
        form="a chain",
        queue_limit_s=0,
    )


@pytest.fixture(scope="module")
def ideal() -> np.ndarray:
    return Statevector(circuit()).probabilities()


@pytest.mark.parametrize("name", ["exact", "aer"])
def test_a_simulator_without_noise_gives_the_ideal_frequencies(name, ideal) -> None:
    words = measured(name).words
    assert len(words) == SHOTS
    counts = np.bincount(words, minlength=16)
    # chi-squared with 15 degrees of freedom exceeds 50 once in a hundred thousand
    assert ((counts - SHOTS * ideal) ** 2 / (SHOTS * ideal)).sum() < 50
    np.testing.assert_array_equal(words, measured(name).words)
    assert (words != measured(name, seed=4).words).any()


def test_a_noisy_device_puts_every_qubit_where_it_was(ideal) -> None:
    counts = np.bincount(measured("fake:manila").words, minlength=16)
    off = np.abs(counts / SHOTS - ideal).sum() / 2
    assert 0.01 < off < 0.15
    exchanged = ideal.reshape((2,) * 4).transpose(3, 2, 1, 0).ravel()
    assert np.abs(ideal - exchanged).sum() / 2 > 0.3  # another order would be seen


@pytest.mark.parametrize("name", ["exact", "aer", "fake:manila"])
def test_the_record_is_valid_and_gives_the_circuit_back(name, ideal, tmp_path) -> None:
    sampling = measured(name, 500).record
    record = technicalfile.TechnicalFile(
        created=technicalfile.now(), evaluations=(), samplings=(sampling,)
    )
    technicalfile.write(record, tmp_path / "out.json")
    jsonschema.validate(record.model_dump(mode="json"), technicalfile.schema())
    assert technicalfile.read(tmp_path / "out.json") == record
    assert (sampling.shots, sum(sampling.counts.values())) == (500, 500)
    assert all(len(bits) == 4 for bits in sampling.counts)
    assert sampling.compiled.two_qubit_gates >= 3
    assert (sampling.calibration is not None) == name.startswith("fake")

    free = qasm3.loads(sampling.circuit.qasm3)
    values = {p.name: p.value for p in sampling.circuit.parameters}
    assert len(values) == 12
    bound = free.assign_parameters({p: values[p.name] for p in free.parameters})
    np.testing.assert_allclose(Statevector(bound).probabilities(), ideal, atol=1e-12)
    text = (tmp_path / "out.json").read_text()
    assert "nobody needs" not in text
    assert "secret" not in text


def test_old_technical_files_are_read(tmp_path) -> None:
    path = tmp_path / "old.json"
    path.write_text(
        '{"format": "molq technical file 1", "created": "2026-01-01T00:00:00+00:00",'
        ' "evaluations": []}'
    )
    assert technicalfile.read(path).samplings == ()


def test_what_does_not_fit_is_said_before_it_runs() -> None:
    with pytest.raises(InputError, match="12 qubits does not fit fake:manila, which has 5"):
        bitstrings.check(backends.find("fake:manila"), 12, 100)
    bitstrings.check(backends.exact, 16, 10**6)


class Sent:
    """A job of the runtime that runs when it is asked for its result."""

    def __init__(self, pubs: list[Any], tags: list[str]) -> None:
        self.pubs, self.tags, self.state = pubs, tags, "QUEUED"

    def job_id(self) -> str:
        return "job-0"

    def status(self) -> str:
        return self.state

    def result(self) -> Any:
        sampler = BackendSamplerV2(backend=AerSimulator(), options={"seed_simulator": 1})
        return sampler.run([(p.circuit, None, p.shots) for p in self.pubs]).result()


class Service:
    """What ``QiskitRuntimeService`` does, on this machine."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.device = FakeManilaV2()

    def backend(self, name: str) -> Any:
        return self.device

    def jobs(self, *, backend_name: str, job_tags: list[str], limit: int | None) -> list[Sent]:
        return [job for job in self.sent if set(job_tags) <= set(job.tags)]

    def job(self, job_id: str) -> Sent:
        return self.sent[0]


@pytest.fixture
def service(monkeypatch) -> Service:
    found = Service()

    def accept(self, program_id: str, inputs: dict, options: dict, **_: Any) -> Sent:
        found.sent.append(Sent(inputs["pubs"], list(options["job_tags"])))
        return found.sent[-1]

    monkeypatch.setattr(QiskitRuntimeLocalService, "_run", accept)
    monkeypatch.setattr(ibm, "FAMILY", ibm.IBMFamily(connect=lambda: found))
    return found


def test_a_remote_job_is_found_again_and_carries_the_circuit_alone(service, ideal) -> None:
    with pytest.raises(ResourceError, match="has not run yet"):
        measured("ibm:manila")
    (job,) = service.sent
    job.state = "DONE"
    found = measured("ibm:manila")
    assert len(service.sent) == 1
    assert (found.record.backend.job, found.record.backend.found) == ("job-0", True)
    counts = np.bincount(found.words, minlength=16)
    assert ((counts - SHOTS * ideal) ** 2 / (SHOTS * ideal)).sum() < 50  # a simulator answered
    (pub,) = job.pubs
    assert pub.shots == SHOTS
    assert (pub.circuit.name, pub.circuit.metadata) == ("circuit", {})
    assert not pub.circuit.parameters
    (tag,) = job.tags
    assert set(tag.removeprefix("molq-")) <= set("0123456789abcdef")
