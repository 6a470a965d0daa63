"""Batches by QAOA: whole where they fit a circuit, part by part where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from screening.batchqubo import BatchProblem, solve
from screening.batchqubo.decomposition import MOST_PARTS, improved, part
from screening.batchqubo.exact import exact
from screening.batchqubo.greedy import greedy
from screening.batchqubo.quantum import qaoa
from simulation.errors import InputError
from simulation.quantum import backends
from simulation.quantum.fixedweight import words
from simulation.quantum.qubo import QUBO, Samples, gathered, unpacked

AER = backends.find("aer")


def points(n: int, k: int, seed: int, diversity: float = 1.0) -> BatchProblem:
    """Points of a square, alike as far as they are near."""
    rng = np.random.default_rng(seed)
    places = rng.random((n, 2))
    distances = np.linalg.norm(places[:, np.newaxis] - places, axis=2)
    return BatchProblem(rng.random(n), 1 - distances / np.sqrt(2), k, diversity)


def test_a_part_has_the_value_of_the_whole() -> None:
    problem = points(9, 4, 0)
    qubo = part(problem, [2, 5, 7, 8], [0, 3])
    bits = np.array([1, 0, 0, 1])
    assert qubo.energy(bits) == pytest.approx(-problem.value([0, 2, 3, 8]))
    assert part(problem, list(range(9)), []).energy(problem.bits([1, 2, 3, 4])) == pytest.approx(
        -problem.value([1, 2, 3, 4])
    )


def test_a_small_problem_is_sampled_whole_to_its_best() -> None:
    problem = points(10, 4, 3)
    worst = sorted(range(10), key=lambda i: problem.quality[i])[:4]
    found = qaoa(problem, AER, seed=1, start=worst)
    assert (len(found.records), found.qubits, found.kept) == (1, 10, 1.0)
    assert problem.value(found.indices) == pytest.approx(exact(problem).bound)
    assert found.improved


def test_a_large_problem_is_improved_part_by_part() -> None:
    problem = points(40, 6, 4, diversity=3.0)
    start = list(range(6))
    found = qaoa(problem, AER, seed=1, start=start, block=8)
    assert 2 < len(found.records) <= MOST_PARTS
    assert found.qubits == 8
    best = exact(problem).bound
    reached, began = problem.value(found.indices), problem.value(start)
    assert reached <= best + 1e-9
    assert best - reached < 0.1 * (best - began)
    again = qaoa(problem, AER, seed=1, start=start, block=8)
    assert again.indices == found.indices


def test_parts_solved_exactly_end_where_no_part_can_be_better() -> None:
    problem = points(60, 8, 7, diversity=3.0)
    seen = []

    def best(qubo: QUBO, weight: int) -> Samples:
        seen.append((qubo.variables, weight))
        every = unpacked(words(qubo.variables, weight), qubo.variables)
        return gathered(qubo, every)

    found = improved(problem, best, start=list(range(8)), seed=0, whole=20, block=12)
    assert set(seen) == {(12, 6), (12, 2)}
    assert exact(problem).bound - problem.value(found) < 0.01
    nothing = improved(
        problem,
        lambda qubo, _: gathered(qubo, np.empty((0, qubo.variables), dtype=np.int8)),
        start=list(range(8)),
        seed=0,
        whole=20,
        block=12,
    )
    assert nothing == list(range(8))


def test_a_small_device_takes_small_parts() -> None:
    problem = points(12, 3, 5)
    start = [0, 1, 2]
    found = qaoa(problem, backends.find("fake:manila"), seed=1, start=start, shots=200)
    assert found.qubits == 5
    assert found.kept < 1
    assert all(r.compiled.qubits == 5 for r in found.records)
    assert problem.value(found.indices) > problem.value(start)


def test_solving_by_qaoa_says_what_it_did() -> None:
    problem = points(8, 3, 6)
    choice = solve(problem, solver="qaoa", backend="aer", seed=2)
    assert choice.solver == "qaoa"
    assert "QAOA on aer (circuits: 1, the largest of 8 qubits)" in choice.note
    assert choice.value >= problem.value(greedy(problem))
    assert choice.value == pytest.approx(problem.value(choice.indices))
    (record,) = choice.records
    assert record.circuit.qubits == 8


def test_everything_chosen_needs_no_circuit() -> None:
    choice = solve(points(4, 4, 0), solver="qaoa")
    assert sorted(choice.indices) == [0, 1, 2, 3]
    assert choice.records == ()
    assert "circuits: 0" in choice.note


def test_an_unknown_backend_is_told() -> None:
    with pytest.raises(InputError, match="unknown backend 'aerr'"):
        solve(points(8, 3, 6), solver="qaoa", backend="aerr")
