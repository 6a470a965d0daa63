"""The register of backends, what each promises, and devices from outside."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import CXGate, Measure, RXGate, RZGate
from qiskit.providers import BackendV2, Options
from qiskit.quantum_info import Statevector
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer import AerSimulator

from simulation import register
from simulation.errors import InputError
from simulation.quantum import backends
from simulation.quantum.backends import Backend, QueuedBackend
from simulation.quantum.fake import FAMILY
from simulation.quantum.simulators import AerBackend
from simulation.settings import SimulationSettings
from simulation.vqe.circuit import CircuitVQESolver


class IonTrap(BackendV2):
    """A device of another maker: other gates, no properties, run by qiskit-aer."""

    def __init__(self) -> None:
        super().__init__(name="trap", description="three ions", backend_version="7")
        from qiskit.circuit import Parameter

        self._target = Target(num_qubits=3)
        pairs = {(a, b): InstructionProperties(error=0.01) for a in range(3) for b in range(3)}
        one = {(q,): InstructionProperties(error=0.001) for q in range(3)}
        self._target.add_instruction(RXGate(Parameter("t")), one)
        self._target.add_instruction(RZGate(Parameter("t")), one)
        self._target.add_instruction(CXGate(), {k: v for k, v in pairs.items() if k[0] != k[1]})
        self._target.add_instruction(Measure(), {(q,): None for q in range(3)})

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> int | None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def run(self, run_input, **options):  # type: ignore[no-untyped-def]
        return AerSimulator().run(run_input, **options)


@dataclass
class Entry:
    """What ``importlib.metadata`` gives for an entry point."""

    name: str
    value: object
    dist: object = None

    def load(self) -> object:
        return self.value


@pytest.fixture
def installed(monkeypatch):
    """``installed(name=object, ...)`` makes these the only entry points."""

    def install(**found: object) -> None:
        entries = [Entry(name, value) for name, value in found.items()]
        for module in (register, backends):
            monkeypatch.setattr(module, "entry_points", lambda group: entries)

    return install


def turned() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    return circuit


def test_the_built_in_ones_are_registered():
    assert set(backends.names()) >= {"aer", "exact", "fake", "ibm"}
    for name in ("aer", "exact", "fake:manila"):
        backend = backends.find(name)
        assert backend.name == name
        assert backend.summary
        assert backend.cost == backends.FREE
        assert isinstance(backend, Backend)
        assert not isinstance(backend, QueuedBackend)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ibm_perth", "unknown backend 'ibm_perth'; did you mean 'ibm'"),
        ("nowhere", "installed: aer, exact, fake, ibm"),
        ("fake", "write fake:DEVICE"),
        ("fake:", "write fake:DEVICE"),
        ("aer:5", "has no devices: write aer"),
        ("fake:manilla", "unknown device 'fake:manilla'; the nearest are manila"),
        ("fake:x", "`molq backends` lists all of them"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(name, said):
    with pytest.raises(InputError, match=said) as refused:
        backends.find(name)
    assert "\n" not in refused.value.message


def test_a_solver_on_an_unknown_backend_is_refused():
    with pytest.raises(InputError, match="unknown backend"):
        CircuitVQESolver.from_settings(SimulationSettings(backend="nowhere"))


def test_a_name_is_checked_without_loading_anything(installed):
    class Heavy:
        def __getattr__(self, name: str) -> object:
            raise AssertionError("loaded")

    installed(heavy=Heavy())
    backends.check("heavy")
    backends.check("heavy:device")
    with pytest.raises(InputError, match="did you mean 'heavy'"):
        backends.check("haevy")


@pytest.mark.parametrize("name", ["exact", "aer"])
def test_circuits_are_compiled_to_the_native_gates(name):
    compiled = backends.find(name).pass_manager().run(turned())
    assert set(compiled.count_ops()) <= {"rz", "sx", "x", "cx"}


def test_circuits_for_a_device_keep_to_its_couplings():
    backend = backends.find("fake:manila")
    circuit = QuantumCircuit(4)
    circuit.h(0)
    for other in (1, 2, 3):
        circuit.cx(0, other)
    compiled = backend.pass_manager(seed=2).run(circuit)
    coupled = {(a, b) for a, b in backend.device.coupling_map.get_edges()}  # type: ignore[attr-defined]
    for instruction in compiled.data:
        if len(instruction.qubits) == 2:
            assert tuple(compiled.find_bit(q).index for q in instruction.qubits) in coupled
    assert compiled == backend.pass_manager(seed=2).run(circuit)


@pytest.mark.parametrize("name", ["exact", "aer", "fake:manila"])
def test_samplers_repeat_themselves_and_follow_the_state(name):
    backend = backends.find(name)
    circuit = turned()
    circuit.measure_all()
    compiled = backend.pass_manager().run(circuit)

    def counts(seed: int) -> dict[str, int]:
        return backend.sampler(seed).run([compiled], shots=4000).result()[0].data.meas.get_counts()

    first = counts(1)
    assert first == counts(1)
    assert first != counts(2)
    tolerance = 0.08 if name == "fake:manila" else 0.03
    assert first["11"] / 4000 == pytest.approx(np.sin(0.35) ** 2, abs=tolerance)


def test_a_fake_device_has_the_noise_of_the_real_one():
    backend = backends.find("fake:manila")
    calibration = backend.calibration()
    assert calibration is not None
    assert calibration.date is not None
    assert calibration.date.startswith("2024-05-27")
    assert len(calibration.qubits) == backend.qubits == 5
    assert all(10 < q.t1_us < 1000 and 0 < q.readout_error < 0.2 for q in calibration.qubits)  # type: ignore[operator]
    pair = next(g for g in calibration.gates if g.gate == "cx" and g.qubits == (0, 1))
    assert 0.001 < pair.error < 0.05  # type: ignore[operator]
    near = calibration.of({0, 1})
    assert {q.qubit for q in near.qubits} == {0, 1}
    assert all(set(g.qubits) <= {0, 1} for g in near.gates)
    circuit = QuantumCircuit(5)
    circuit.cx(0, 1)
    once, thrice = (calibration.survival(circuit, two_qubit_factor=f) for f in (1, 3))
    assert once == pytest.approx(1 - pair.error)  # type: ignore[operator]
    assert thrice == pytest.approx(once**3)
    flips = calibration.flips((0, 4))
    assert flips.shape == (2, 2)
    assert flips[0, 1] == calibration.qubits[0].readout_1_as_0


def test_fake_devices_are_listed_with_their_qubits():
    devices = FAMILY.devices()
    assert len(devices) > 50
    assert (devices["manila"], devices["nairobi"], devices["brisbane"]) == (5, 7, 127)
    assert backends.roomier("fake:manila", 6) == "fake:casablanca"
    assert backends.roomier("fake:manila", 5000) is None
    assert backends.roomier("aer", 6) is None


@pytest.mark.parametrize("given", [IonTrap(), IonTrap, lambda: IonTrap()])
def test_any_qiskit_backend_is_wrapped(installed, active_space, given):
    installed(trap=given)
    backend = backends.find("trap")
    assert (backend.name, backend.qubits, backend.version) == ("trap", 3, "trap 7")
    assert backend.summary == "three ions"
    compiled = backend.pass_manager().run(turned())
    assert set(compiled.count_ops()) <= {"rx", "rz", "cx"}
    calibration = backend.calibration()
    assert calibration is not None
    assert calibration.date is None
    # without an entry for the readout no bit counts as flipped
    assert not calibration.flips((0, 1, 2)).any()


def test_a_wrapped_backend_measures_energies(installed, active_space):
    installed(trap=IonTrap())
    h = active_space("H2", 2, 2)
    settings = SimulationSettings(backend="trap", max_shots=4000, mapping="parity")
    solution = CircuitVQESolver.from_settings(settings).solve(h, 1, 1)
    assert solution.standard_error is not None
    # the simulator behind it has no noise
    assert abs(solution.energy + 1.1373060) < 5 * solution.standard_error


def test_a_backend_of_molqs_own_kind_is_used_as_it_is(installed):
    installed(one=backends.aer, two=AerBackend, three=lambda: backends.aer)
    for name in ("one", "two", "three"):
        assert backends.find(name) == backends.aer


def test_what_is_no_backend_is_refused(installed):
    installed(spoon=SimpleNamespace(name="spoon"))
    with pytest.raises(InputError, match="neither a backend of molq nor a Qiskit BackendV2"):
        backends.find("spoon")


def test_a_broken_backend_does_not_hide_the_others(installed):
    def broken() -> None:
        raise RuntimeError("no such socket")

    class Unreadable:
        summary = "devices of a broken account"
        cost = "much"

        def device(self, name: str) -> None: ...

        def devices(self) -> None:
            raise ValueError("not JSON")

    installed(broken=broken, far=Unreadable(), trap=IonTrap)
    first, far, second = backends.listing()
    assert "no such socket" in first.problem
    assert (far.name, far.summary) == ("far:<device>", "devices of a broken account")
    assert "not JSON" in far.problem
    assert (second.name, second.qubits, second.problem) == ("trap", 3, "")


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    from simulation.quantum import fake

    fake._classes.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "qiskit_ibm_runtime", None)
    with pytest.raises(InputError, match=r'pip install "molq\[ibm\]"'):
        backends.find("fake:manila")
    with pytest.raises(InputError, match=r'pip install "molq\[ibm\]"'):
        backends.find("ibm:torino")
    unusable = {item.name: item.problem for item in backends.listing()}
    assert 'pip install "molq[ibm]"' in unusable["fake:<device>"]
    assert 'pip install "molq[ibm]"' in unusable["ibm:<device>"]
    assert unusable["aer"] == ""


def test_the_completion_moves_no_qubit():
    backend = backends.find("fake:manila")
    tail = QuantumCircuit(5)
    tail.h(3)
    tail.sdg(1)
    compiled = backend.completion().run(tail)
    moved = {compiled.find_bit(q).index for i in compiled.data for q in i.qubits}
    assert moved == {1, 3}
    assert Statevector(compiled).equiv(Statevector(tail))
