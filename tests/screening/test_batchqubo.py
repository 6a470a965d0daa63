"""Batches as a quadratic binary problem: one value, several ways to the best of it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.batchqubo import SOLVERS, BatchProblem, compare, solve
from screening.batchqubo.annealing import annealing
from screening.batchqubo.exact import divided, exact
from screening.batchqubo.greedy import GUARANTEE, exchanged, greedy
from screening.fingerprint import morgan, similarities
from simulation.quantum.qubo import lowest

ACRYLAMIDES_AND_OTHERS = (
    "C=CC(=O)Nc1ccccc1",
    "C=CC(=O)Nc1ccccc1C",
    "C=CC(=O)Nc1cccc(Cl)c1",
    "C=CC(=O)N1CCCCC1",
    "C=CC(=O)NCc1ccccc1",
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "c1ccc2[nH]ccc2c1",
    "OCC1OC(O)C(O)C(O)C1O",
)
QUALITY = np.array([0.95, 0.94, 0.93, 0.9, 0.88, 0.5, 0.7, 0.6, 0.4, 0.2])


def tanimoto(smiles: tuple[str, ...]) -> np.ndarray:
    prints = [morgan(s) for s in smiles]
    return np.array([similarities(p, prints) for p in prints])


def problem(k: int = 3, diversity: float = 1.0) -> BatchProblem:
    return BatchProblem(QUALITY, tanimoto(ACRYLAMIDES_AND_OTHERS), k, diversity)


def of_sets(n: int, k: int, diversity: float, seed: int) -> BatchProblem:
    """Qualities at random and the Tanimoto similarities of random sets."""
    rng = np.random.default_rng(seed)
    sets = rng.random((n, 12)) < rng.uniform(0.2, 0.8)
    common = sets.astype(float) @ sets.T
    sizes = sets.sum(axis=1)
    either = sizes[:, None] + sizes - common
    return BatchProblem(
        rng.normal(size=n),
        np.where(either > 0, common / np.maximum(either, 1), 1.0),
        k,
        diversity,
    )


def enumerated(one: BatchProblem) -> tuple[float, tuple[int, ...]]:
    return max((one.value(c), c) for c in combinations(range(one.n), one.k))


def test_the_value_is_mean_quality_less_mean_similarity() -> None:
    one = problem(diversity=0.5)
    s = one.similarity
    expected = (0.95 + 0.9 + 0.7) / 3 - 0.5 * (s[0, 3] + s[0, 6] + s[3, 6]) / 3
    assert one.value([6, 0, 3]) == pytest.approx(expected)
    z = one.bits([0, 3, 6]).astype(float)
    assert one.linear @ z + z @ one.pairs @ z / 2 == pytest.approx(expected)
    assert one.crowding([0, 3, 6]) == pytest.approx((s[0, 3] + s[0, 6] + s[3, 6]) / 3)
    assert one.dispersion([0, 3, 6]) == pytest.approx(expected - 0.2 + 0.5)
    assert problem(k=1).value([4]) == pytest.approx(0.88)


def test_diversity_parts_analogues() -> None:
    """The three best are anilides alike; with a price on similarity one of them stays."""
    assert set(solve(problem(diversity=0.0), solver="exact").indices) == {0, 1, 2}
    chosen = solve(problem(diversity=1.0), solver="exact")
    assert len({0, 1, 2} & set(chosen.indices)) == 1
    assert problem().crowding(chosen.indices) < problem().crowding([0, 1, 2]) / 2


@given(
    n=st.integers(1, 9),
    k=st.integers(1, 9),
    diversity=st.sampled_from([0.0, 0.3, 1.0, 4.0]),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_exact_is_the_best_and_greedy_keeps_its_promise(
    n: int, k: int, diversity: float, seed: int
) -> None:
    one = of_sets(n, min(k, n), diversity, seed)
    best, batch = enumerated(one)
    found = exact(one)
    assert found.proven
    assert one.value(found.indices) == pytest.approx(best, abs=1e-9)
    assert found.bound == pytest.approx(best, abs=1e-9)
    promised = GUARANTEE * one.dispersion(batch)
    assert one.dispersion(greedy(one)) >= promised - 1e-9
    assert one.value(greedy(one)) - 1e-12 <= one.value(annealing(one, seed=seed)) <= best + 1e-9


def test_greedy_falls_short_where_it_commits_too_early() -> None:
    """Two at distance 1 from each other, and one that is a little better and near both."""
    similarity = np.array([[1.0, 0.4, 0.4], [0.4, 1.0, 0.0], [0.4, 0.0, 1.0]])
    one = BatchProblem(np.array([0.1, 0.0, 0.0]), similarity, 2, 1.0)
    assert sorted(greedy(one)) == [0, 1]
    assert exact(one).indices == [1, 2]
    assert exchanged(one, greedy(one)) in ([2, 1], [1, 2])
    assert one.dispersion([0, 1]) >= GUARANTEE * one.dispersion([1, 2])


@pytest.mark.parametrize("seed", range(3))
def test_the_tree_finds_what_its_start_has_missed(seed: int) -> None:
    """Without a good start the search still ends at the enumeration's best."""
    from screening.batchqubo.branching import search

    one = of_sets(12, 5, 2.0, seed)
    best, batch = enumerated(one)
    bound, split = divided(one, best)
    assert bound >= best - 1e-12
    np.testing.assert_allclose(split + split.T, one.pairs, atol=1e-12)
    order = np.argsort(-split, axis=1, kind="stable")
    value, found, nodes, finished = search(
        one.linear, one.pairs, split, order, one.k, -np.inf, 0.0, 10**6
    )
    assert finished
    assert value == pytest.approx(best)
    assert one.value(found) == pytest.approx(best)
    assert tuple(sorted(found)) == batch
    assert nodes < 12 * 11 * 10  # far fewer than the 95,040 orders of choosing


def test_a_search_that_is_stopped_proves_no_more_than_its_bound() -> None:
    rng = np.random.default_rng(5)
    noise = np.triu(rng.random((24, 24)), 1)
    hard = BatchProblem(rng.normal(size=24) * 0.05, noise + noise.T, 8, 1.0)
    stopped = exact(hard, nodes=5)
    assert not stopped.proven
    assert stopped.nodes == 5
    assert stopped.bound > hard.value(stopped.indices)
    finished = exact(hard)
    assert finished.proven
    assert hard.value(stopped.indices) <= finished.bound <= stopped.bound


def test_annealing_reaches_the_best_from_anywhere_and_again() -> None:
    one = of_sets(40, 8, 2.0, 1)
    best = exact(one)
    assert best.proven
    assert one.value(annealing(one, seed=7)) == pytest.approx(best.bound)
    assert annealing(one, seed=7) == annealing(one, seed=7)


def test_the_penalised_qubo_has_the_same_best_batch() -> None:
    one = problem(k=4)
    found = lowest(one.qubo(), 1)
    value, batch = enumerated(one)
    assert tuple(np.flatnonzero(found.bits[0])) == batch
    assert found.energies[0] == pytest.approx(-value)


@pytest.mark.parametrize("penalty", [0.0, 3.0])
def test_the_penalty_vanishes_at_k(penalty: float) -> None:
    one = problem(k=4)
    energy = one.qubo(penalty=penalty).energy(one.bits([0, 3, 5, 9]))
    assert energy == pytest.approx(-one.value([0, 3, 5, 9]))
    five = one.bits([0, 3, 5, 9])
    five[1] = 1
    gap = one.qubo(penalty=penalty).energy(five) - one.qubo(penalty=0.0).energy(five)
    assert gap == pytest.approx(penalty)


def test_molecules_beside_those_that_run_already_keep_their_distance() -> None:
    everything = tanimoto(ACRYLAMIDES_AND_OTHERS)
    one = problem(k=2)
    assert {0, 1, 2} & set(exact(one).indices)
    assert not {0, 1, 2} & set(exact(one.beside(everything[:, [1]])).indices)
    assert one.beside(np.empty((10, 0))) is one


@pytest.mark.parametrize("k", [1, 2, 4])
def test_beside_others_differs_from_one_batch_by_a_constant(k: int) -> None:
    """Of the whole batch, with the others' qualities and pairs left out."""
    everything = tanimoto(ACRYLAMIDES_AND_OTHERS)
    others = [1, 7]
    beside = problem(k=k).beside(everything[:, others])
    together = problem(k=k + 2)
    free = [i for i in range(10) if i not in others]
    moved = [
        beside.value(batch) - (k + 2) / k * together.value([*batch, *others])
        for batch in combinations(free, k)
    ]
    np.testing.assert_allclose(moved, moved[0])


def test_scaled_qualities_do_not_depend_on_their_unit() -> None:
    similarity = tanimoto(ACRYLAMIDES_AND_OTHERS)
    one = BatchProblem.scaled(QUALITY, similarity, 3)
    other = BatchProblem.scaled(1000 * QUALITY - 7, similarity, 3)
    assert (one.quality.min(), one.quality.max()) == (0.0, 1.0)
    assert one.value([0, 4, 8]) == pytest.approx(other.value([0, 4, 8]))
    # however small their unit is
    tiny = BatchProblem(1e-12 * QUALITY, similarity, 3, 1e-12)
    assert exact(tiny).indices == exact(problem()).indices
    assert annealing(tiny, seed=0) == annealing(problem(), seed=0)
    assert not BatchProblem.scaled(np.full(10, 5.0), similarity, 3).quality.any()


def test_every_solver_is_told_by_the_same_value() -> None:
    one = problem(k=4)
    choices = compare(one)
    assert [c.solver for c in choices] == list(SOLVERS)
    for choice in choices:
        assert len(set(choice.indices)) == 4
        assert choice.value == pytest.approx(one.value(choice.indices))
        assert choice.note
        assert solve(one, solver=choice.solver).indices == choice.indices
    by_name = {c.solver: c for c in choices}
    assert by_name["exact"].bound == pytest.approx(by_name["exact"].value)
    assert max(c.value for c in choices) == by_name["exact"].value


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"similarity": np.eye(9)}, r"\(n, n\)"),
        ({"quality": np.full(10, np.nan)}, "not finite"),
        ({"k": 11}, "batch of 11 cannot be chosen from 10"),
        ({"k": 0}, "batch of 0"),
        ({"diversity": -1.0}, "0 or more"),
        ({"similarity": np.full((10, 10), 1.5)}, "between 0 and 1"),
        ({"similarity": np.triu(np.full((10, 10), 0.5))}, "not symmetric"),
    ],
)
def test_what_makes_no_problem_is_refused(changed: dict, reason: str) -> None:
    given_ = {"quality": QUALITY, "similarity": np.eye(10), "k": 3, "diversity": 1.0}
    with pytest.raises(ValueError, match=reason):
        BatchProblem(**(given_ | changed))


def test_what_is_no_batch_has_no_value() -> None:
    for wrong in ([0, 1], [0, 1, 1], [0, 1, 10], [-1, 0, 1]):
        with pytest.raises(ValueError, match="3 different molecules of 10"):
            problem().value(wrong)
    with pytest.raises(ValueError, match="unknown solver 'gready'"):
        solve(problem(), solver="gready")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="others"):
        problem().beside(np.zeros(3))
