"""The register of backends and what each promises."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from simulation.errors import InputError
from simulation.quantum import backends
from simulation.settings import SimulationSettings
from simulation.vqe.circuit import CircuitVQESolver


def test_the_built_in_ones_are_registered():
    assert {"aer", "exact"} <= set(backends.names())
    for name in backends.names():
        backend = backends.find(name)
        assert backend.name == name
        assert backend.summary


def test_unknown_backends_are_refused():
    with pytest.raises(InputError, match="unknown backend 'ibm_perth'; installed: aer, exact"):
        backends.find("ibm_perth")
    with pytest.raises(InputError, match="unknown backend"):
        CircuitVQESolver.from_settings(SimulationSettings(backend="nowhere"))


def turned() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    return circuit


def test_exact_expectation_values_have_no_error():
    compiled = backends.exact.pass_manager().run(turned())
    observable = SparsePauliOp(["ZZ", "ZI", "XX"]).apply_layout(compiled.layout)
    data = backends.exact.estimator(0).run([(compiled, observable)]).result()[0].data
    assert data.evs == pytest.approx(1 + np.cos(0.7) + np.sin(0.7))
    assert data.stds == 0


def test_samples_scatter_as_their_standard_error_says():
    compiled = backends.aer.pass_manager().run(turned())
    observable = SparsePauliOp("ZI").apply_layout(compiled.layout)
    runs = [
        backends.aer.estimator(seed).run([(compiled, observable)]).result()[0].data
        for seed in range(30)
    ]
    deviations = [(run.evs - np.cos(0.7)) / run.stds for run in runs]
    assert 0.6 < np.std(deviations) < 1.5
    assert runs[0].stds < backends.aer.precision * 1.01


def test_circuits_are_compiled_to_the_native_gates():
    for name in ("exact", "aer"):
        compiled = backends.find(name).pass_manager().run(turned())
        assert set(compiled.count_ops()) <= {"rz", "sx", "x", "cx"}
