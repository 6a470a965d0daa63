"""A campaign whose molecules start where a Born machine says."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from faultyrecipe import SOURCE
from qiskit import qpy
from qiskit.primitives import BackendSamplerV2
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import RuntimeEncoder
from qiskit_ibm_runtime.fake_provider import FakeGuadalupeV2
from qiskit_ibm_runtime.fake_provider.local_service import QiskitRuntimeLocalService

from generative.bornmachine import BornLearner
from generative.codemodel import total_variation
from generative.settings import GeneratorSettings, TrainingSettings
from generative.start import StartError
from generative.startprior import StartPrior
from generative.training import train
from screening.acquisition import AcquisitionSettings
from screening.campaign import circuitrecords, quantumprior
from screening.campaign.loop import CampaignPlan, run_campaign
from screening.compute.executor import Inline
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.progress import RoundFinished
from screening.settings import CampaignSettings
from screening.store.journal import Journal
from simulation.quantum import backends, ibm, technicalfile

MOLECULES = Path(__file__).parents[1] / "generative" / "molecules.smi"
LIBRARY = ["Cc1ccccc1", "CC(=O)Nc1ccccc1", "O=C(Nc1ccccc1)C1CCNCC1", "COc1ccc(F)cc1"]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that knows little, and that in two seconds."""
    folder = tmp_path_factory.mktemp("network")
    return train(
        TrainingSettings(
            name="little",
            data=str(MOLECULES),
            output=folder / "little.safetensors",
            run=folder / "run",
            cache=folder / "cache",
            min_acyclic=3,
            min_unit=2,
            min_environment=3,
            width=16,
            layers=1,
            tail_width=8,
            head_actions=100,
            named_motifs=50,
            epochs=1,
            batch=64,
            warmup=2,
            validation=20,
        )
    )


def settings(network: Path, **changes: Any) -> GeneratorSettings:
    return GeneratorSettings(
        **{"prior": "qcbm", "base": str(network), "qubits": 8, "layers": 2, "shots": 500}
        | {"pool": 24}
        | changes
    )


@pytest.fixture
def plan(tmp_path: Path, network: Path) -> CampaignPlan:
    path = tmp_path / "library.smi"
    path.write_text("".join(f"{smiles}\n" for smiles in LIBRARY))
    return CampaignPlan(
        objectives=(ObjectiveSettings(name="faulty", transform="window", low=-5.0, high=-4.0),),
        library=LibrarySettings(path=path),
        campaign=CampaignSettings(seed=11, rounds=2, batch=4, barrier=True),
        generator=settings(network, backend="aer"),
        acquisition=AcquisitionSettings(samples=32),
    )


def run(folder: Path, plan: CampaignPlan, listener: Any = None) -> list[tuple[Any, ...]]:
    opened = (
        Journal.open(folder)
        if folder.exists()
        else Journal.create(folder, kind="campaign", settings={}, environment={})
    )
    with opened as journal:
        found = run_campaign(
            journal=journal,
            plan=plan,
            generator=quantumprior.find(plan.generator, folder),
            executor=Inline(),
            on_event=listener,
            sources={"faulty": SOURCE},
        )
    return [(lead.rank, lead.candidate, lead.utility, lead.round) for lead in found]


def samplings(folder: Path) -> tuple[technicalfile.Sampling, ...]:
    return technicalfile.read(folder / circuitrecords.PRIOR).samplings


def test_a_campaign_samples_its_circuit_each_round_and_resumes_to_the_same(
    plan: CampaignPlan, tmp_path: Path
) -> None:
    whole = run(tmp_path / "whole", plan)
    proposed = [lead for lead in whole if lead[1].origin == "generator"]
    assert len(proposed) >= 4

    def stop(event: Any) -> None:
        if isinstance(event, RoundFinished):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", plan, stop)
    assert run(tmp_path / "cut", plan) == whole

    first, second = samplings(tmp_path / "whole")
    assert first.circuit != second.circuit  # what it learned, before any lead and from leads
    for sampling in (first, second):
        assert (sampling.shots, sampling.backend.name) == (500, "aer")
        assert sampling.compiled.two_qubit_gates == 2 * 7
    resumed = samplings(tmp_path / "cut")
    assert [s.counts for s in resumed] == [first.counts, second.counts]

    text = (tmp_path / "whole" / circuitrecords.PRIOR).read_text()
    jsonschema.validate(json.loads(text), technicalfile.schema())
    for lead in whole:
        assert lead[1].inchikey not in text
        assert lead[1].smiles not in text


def test_the_backend_gives_what_the_ideal_circuit_gives() -> None:
    target = np.random.default_rng(1).dirichlet(np.full(64, 0.3))
    machine = BornLearner(layers=2, steps=40).fit(target, seed=1)
    ideal = machine.probabilities()

    def off(backend: str, shots: int) -> float:
        sampler = quantumprior.BackendSampler(backends.find(backend), queue_limit_s=0)
        words = replace(machine, sampler=sampler).sample(shots, seed=2)
        assert len(words) == shots
        return total_variation(np.bincount(words, minlength=64) / shots, ideal)

    # sum sqrt(p (1 - p) / (2 pi n)) over 64 words is 0.022 at most for 20,000 shots
    assert off("exact", 20_000) < 0.03
    assert off("aer", 20_000) < 0.03
    assert off("fake:guadalupe", 2000) > 0.05


def test_settings_that_mean_nothing_together_are_named(network: Path) -> None:
    for changes, said in (
        ({"prior": "zinc250k", "base": "zinc250k"}, "qubits = 8 means nothing"),
        ({"prior": "rbm", "backend": "aer"}, "backend = 'aer' means nothing with prior = 'rbm'"),
        ({"prior": "empirical"}, "layers = 2 means nothing"),
        ({"backend": "fake:manila"}, "8 qubits does not fit fake:manila"),
        ({"backend": "aether"}, "unknown backend 'aether'"),
        ({"base": "rbm"}, "base 'rbm' is no trained network"),
        ({"base": "nowhere"}, "unknown generator 'nowhere'"),
    ):
        with pytest.raises(ValueError, match=said):
            quantumprior.find(settings(network, **changes))
    assert quantumprior.find(GeneratorSettings(prior=str(network))).name == "little"


def test_a_technical_file_of_another_kind_is_not_overwritten(network: Path, tmp_path: Path) -> None:
    (tmp_path / circuitrecords.PRIOR).write_text("{}")
    generator = quantumprior.find(settings(network), tmp_path)
    with pytest.raises(StartError, match="is not a technical file"):
        generator.sample(1, seed=1)
    assert (tmp_path / circuitrecords.PRIOR).read_text() == "{}"


class Sent:
    """A job of the runtime, answered by a simulator."""

    def __init__(self, inputs: dict[str, Any], tags: list[str]) -> None:
        self.inputs, self.tags, self.state = inputs, tags, "QUEUED"

    def job_id(self) -> str:
        return "job-0"

    def status(self) -> str:
        return self.state

    def result(self) -> Any:
        sampler = BackendSamplerV2(backend=AerSimulator(), options={"seed_simulator": 1})
        return sampler.run([(p.circuit, None, p.shots) for p in self.inputs["pubs"]]).result()


class Service:
    """What ``QiskitRuntimeService`` does, on this machine."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.options: list[dict[str, Any]] = []
        self.device = FakeGuadalupeV2()

    def backend(self, name: str) -> Any:
        return self.device

    def jobs(self, *, backend_name: str, job_tags: list[str], limit: int | None) -> list[Sent]:
        return [job for job in self.sent if set(job_tags) <= set(job.tags)]

    def job(self, job_id: str) -> Sent:
        return self.sent[0]


def test_nothing_but_the_circuit_leaves_for_a_device(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service()

    def accept(self: Any, program_id: str, inputs: dict, options: dict, **_: Any) -> Sent:
        service.sent.append(Sent(inputs, list(options["job_tags"])))
        service.options.append(options)
        return service.sent[-1]

    monkeypatch.setattr(QiskitRuntimeLocalService, "_run", accept)
    monkeypatch.setattr(ibm, "FAMILY", ibm.IBMFamily(connect=lambda: service))
    wanted = settings(network, backend="ibm:guadalupe", queue_limit_s=0)
    prior = quantumprior.find(wanted)
    taught = prior.finetuned(LIBRARY, [1.0] * len(LIBRARY), seed=5)
    with pytest.raises(StartError, match="has not run yet"):
        taught.sample(3, seed=1)
    (job,) = service.sent
    job.state = "DONE"
    assert len(taught.sample(3, seed=1)) == 3
    assert len(service.sent) == 1

    assert isinstance(taught, StartPrior)
    words = {core.name for core in taught.coded.code.cores} | set(LIBRARY)
    words |= {"little", "molq-prior", "qcbm", "benzene", "heterocycle", "alkyl", "library"}
    payload = json.dumps(job.inputs, cls=RuntimeEncoder)
    (pub,) = json.loads(payload)["pubs"]
    packed = zlib.decompress(base64.b64decode(pub[0]["__value__"]))
    for text in (payload, packed.decode("latin-1"), repr(service.options)):
        for word in words:
            assert word not in text
    (circuit,) = qpy.load(BytesIO(packed))
    assert (circuit.name, circuit.metadata) == ("circuit", {})
    assert set(circuit.count_ops()) <= {"rz", "sx", "x", "cx", "measure", "barrier"}
    assert circuit.num_clbits == 8


@pytest.mark.parametrize("prior", ["rbm", "empirical"])
def test_the_classical_priors_grow_molecules_without_a_circuit(
    network: Path, tmp_path: Path, prior: str
) -> None:
    layers = 2 if prior == "rbm" else 6  # counts have no layers
    generator = quantumprior.find(settings(network, prior=prior, layers=layers), tmp_path)
    molecules = generator.sample(8, seed=2)
    assert len(set(molecules)) == 8
    assert generator.sample(8, seed=2) == molecules
    assert generator.sample(8, seed=3) != molecules
    assert generator.name == prior
    assert list(tmp_path.iterdir()) == []
