import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from scipy.special import stdtrit

from screening.candidate import Candidate
from screening.compute import costmodel
from screening.compute.capacity import Machine, ahead, limits, places
from screening.compute.costmodel import (
    MEMORY,
    CostModel,
    Demand,
    Observed,
    PowerLaw,
    Prior,
    heavy_atoms,
)
from screening.compute.dispatch import Calculation, Task, evaluate_all
from screening.compute.evaluation import Evaluated, Usage
from screening.compute.executor import Completed, Limits
from screening.failure import Failure
from screening.settings import ComputeSettings
from screening.store.journal import Journal

DRUGS = {
    "CC(=O)Oc1ccccc1C(=O)O": 13,  # aspirin
    "CN1C=NC2=C1C(=O)N(C)C(=O)N2C": 14,  # caffeine
    "C=CC(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1OCCCN1CCOCC1": 34,  # canertinib
    "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(-c2cn(C)c3ccccc23)n1": 37,  # osimertinib
}
ODD = ["[2H]C([2H])O", "[13CH3]C", "[Hg]C", "C[Si](C)C", "C[N+](=O)[O-]", "c1cc[nH]c1", "BrCI"]


@pytest.mark.parametrize("smiles", [*DRUGS, *ODD])
def test_heavy_atoms_are_those_that_a_parser_counts(smiles):
    assert heavy_atoms(smiles) == Chem.MolFromSmiles(smiles).GetNumHeavyAtoms()


def test_the_quantile_is_that_of_students_t():
    for freedom in (4, 6, 10, 40, 400):
        assert costmodel._quantile(freedom) == pytest.approx(stdtrit(freedom, 0.95), abs=3e-3)


def test_the_law_is_that_of_a_bayesian_regression():
    """Against the textbook's formulae, in matrices."""
    rng = np.random.default_rng(3)
    atoms = rng.integers(5, 40, 12)
    values = 900 * (atoms / 20) ** 1.4 * np.exp(rng.normal(0, 0.2, 12))
    law = PowerLaw(MEMORY)
    for n, value in zip(atoms, values, strict=True):
        law.add(int(n), float(value))
    x = np.column_stack([np.ones(12), np.log(atoms / 20)])
    y = np.log(values)
    prior = np.eye(2) * (MEMORY.noise / MEMORY.doubt) ** 2
    m0 = np.array([np.log(MEMORY.value), MEMORY.power])
    precision = prior + x.T @ x
    mean = np.linalg.solve(precision, prior @ m0 + x.T @ y)
    shape = 2 + 6
    rest = 2 * MEMORY.noise**2 + 0.5 * (y @ y + m0 @ prior @ m0 - mean @ precision @ mean)
    new = np.array([1.0, np.log(30 / 20)])
    scale = np.sqrt(rest / shape * (1 + new @ np.linalg.solve(precision, new)))
    assert law.median(30) == pytest.approx(np.exp(new @ mean))
    upper = np.exp(new @ mean + stdtrit(2 * shape, 0.95) * scale)
    assert law.upper(30) == pytest.approx(upper, rel=1e-3)


def test_the_posterior_holds_the_law_it_was_taught():
    rng = np.random.default_rng(4)
    law = PowerLaw(Prior(100.0, 1.0, doubt=1.0, noise=0.3, power_doubt=0.5))
    for n in rng.integers(5, 40, 400):
        law.add(int(n), float(900 * (n / 20) ** 1.4 * np.exp(rng.normal(0, 0.2))))
    known = law.posterior
    assert known.centre[0] == pytest.approx(np.log(900), abs=4 * known.spread[0] ** 0.5)
    assert known.centre[1] == pytest.approx(1.4, abs=0.1)
    assert (known.rate / known.shape) ** 0.5 == pytest.approx(0.2, rel=0.15)
    assert np.exp(known.centre[0]) == pytest.approx(law.median(20))


def test_what_is_known_of_the_power_may_differ_from_what_is_known_of_the_value():
    sure = PowerLaw(Prior(100.0, 2.0, doubt=1.0, noise=0.3, power_doubt=0.01))
    unsure = PowerLaw(Prior(100.0, 2.0, doubt=1.0, noise=0.3))
    for law in (sure, unsure):
        law.add(10, 100.0)
    assert sure.posterior.centre[1] == pytest.approx(2.0, abs=0.01)
    assert unsure.posterior.centre[1] < 1.8


def test_nineteen_of_twenty_calculations_take_less_than_the_upper_bound():
    rng = np.random.default_rng(11)

    def value(n):
        return float(300 * (n / 20) ** 2.2 * np.exp(rng.normal(0, 0.3)))

    law = PowerLaw(MEMORY)
    for n in rng.integers(5, 40, 60):
        law.add(int(n), value(n))
    below = np.mean([value(n) <= law.upper(int(n)) for n in rng.integers(5, 40, 2000)])
    assert 0.92 <= below <= 0.985


def test_before_data_the_reservation_is_large_and_with_data_it_is_what_is_needed():
    model = CostModel()
    drug = next(s for s, n in DRUGS.items() if n == 34)

    def reserved(recipe="warhead-ea", limit=8000):
        return model.demand(drug, (recipe,), threads=1, memory_limit_mb=limit).memory_mb

    assert reserved() == 8000
    assert reserved(limit=2500) == 2500  # it is killed there
    for n in range(5, 35):
        model.learn(Observed("C" * n, "warhead-ea", Usage(40.0, 40.0, 20.0 * n)))
    assert reserved() == 1024
    assert reserved("another") == 8000
    together = model.demand(drug, ("warhead-ea", "another"), threads=2, memory_limit_mb=8000)
    assert together == Demand(2.0, 8000)


def test_what_was_not_measured_teaches_nothing():
    model = CostModel([Observed("CCO", "a", Usage())] * 50)
    assert model.memory_mb("CCO", ("a",)) == CostModel().memory_mb("CCO", ("a",))
    assert model.core_share(("a",)) == 1.0


def test_cpu_time_grows_as_it_did():
    model = CostModel(Observed("C" * n, "a", Usage(1.0, 0.01 * n**3, 100.0)) for n in range(5, 40))
    assert model.cpu_seconds("C" * 30, ("a",)) == pytest.approx(270, rel=0.1)
    assert model.cpu_seconds("C" * 30, ("a", "a")) == pytest.approx(540, rel=0.1)


def test_a_core_is_reserved_for_the_share_of_the_time_that_it_is_used():
    model = CostModel()
    waits = dict.fromkeys(["waits"], True)
    for computes, share in ((1000.0, 1.0), (300.0, 0.5), (10.0, 1 / 16)):
        model = CostModel([Observed("CCO", "a", Usage(1000.0, computes, 300.0))] * 5)
        assert model.demand("CCO", ("a",), threads=1, memory_limit_mb=2000, **waits).cores == share
        assert model.demand("CCO", ("a",), threads=1, memory_limit_mb=2000).cores == 1.0
    few = CostModel([Observed("CCO", "a", Usage(1000.0, 1.0, 300.0))] * 4)
    assert few.demand("CCO", ("a",), threads=4, memory_limit_mb=2000, **waits).cores == 4.0
    # Ray takes parts of one core, and whole ones beyond it
    half = CostModel([Observed("CCO", "a", Usage(1000.0, 300.0, 300.0))] * 5)
    assert half.demand("CCO", ("a",), threads=3, memory_limit_mb=2000, **waits).cores == 2.0


@given(
    st.lists(st.tuples(st.integers(1, 80), st.floats(1.0, 60_000.0)), max_size=30),
    st.integers(1, 80),
    st.integers(64, 64_000),
)
def test_a_reservation_is_one_of_few_and_never_above_the_limit(seen, atoms, limit):
    model = CostModel(Observed("C" * n, "a", Usage(1.0, 1.0, mb)) for n, mb in seen)
    memory = model.demand("C" * atoms, ("a",), threads=1, memory_limit_mb=limit).memory_mb
    assert memory == limit or memory in costmodel._CLASSES_MB
    assert memory <= limit
    assert memory == limit or memory >= model.memory_mb("C" * atoms, ("a",))


class Notes:
    """An executor that only writes down what it is given; every job fails in one way."""

    capacity = 1

    def __init__(self, kind="resource"):
        self.limits = Limits(10.0, 8000, 16_000)
        self.jobs = []
        self._kind = kind

    def submit(self, job):
        self.jobs.append(job)

    def wait(self, timeout_s):
        job = self.jobs[-1]
        outcome = Failure(self._kind, "process", "reached the memory limit")
        return [Completed(job, (Evaluated("a", outcome, Usage(1.0, 1.0, 200.0)),), "here")]

    def cancel(self):
        pass


def test_a_run_learns_from_its_journal_and_a_retry_reserves_its_limit(tmp_path):
    tasks = [Task(Candidate(s, s, "", "library", 1), ("a",)) for s in ("CCO", "CCCO", "CCCCO")]
    with Journal.create(tmp_path, kind="screen", settings={}, environment={}) as journal:
        first = Notes()
        evaluate_all(tasks, journal=journal, executor=first, calculation=Calculation(1))
        reserved = [job.reserved_mb for job in first.jobs]
        assert [job.memory_limit_mb for job in first.jobs] == [8000, 16_000] * 3
        assert reserved[1::2] == [16_000] * 3
        assert reserved[0] == 2048  # three heavy atoms, nothing known
        assert reserved[4] < reserved[0]  # four attempts later
        assert {a.node for a in journal.attempts()} == {"here"}
    again = [Task(Candidate("CCN", "CCN", "", "library", 1), ("a",))]
    with Journal.open(tmp_path) as journal:
        second = Notes()
        evaluate_all(again, journal=journal, executor=second, calculation=Calculation(1))
        assert second.jobs[0].reserved_mb <= reserved[4]


def test_what_failed_by_its_input_says_nothing_of_those_that_do_not(tmp_path):
    smiles = [f"{'C' * n}O" for n in range(1, 12)]
    tasks = [Task(Candidate(s, s, "", "library", 1), ("a",)) for s in smiles]
    reserved = set()
    for part in (tasks[:-1], tasks[-1:]):  # the second session reads the journal of the first
        executor = Notes("input")
        new = not (tmp_path / "journal.sqlite").exists()
        with (
            Journal.create(tmp_path, kind="screen", settings={}, environment={})
            if new
            else Journal.open(tmp_path)
        ) as journal:
            evaluate_all(part, journal=journal, executor=executor, calculation=Calculation(1))
        reserved |= {(job.reserved_mb, job.smiles) for job in executor.jobs}
    unlearned = CostModel()
    for memory, molecule in reserved:
        demand = unlearned.demand(molecule, ("a",), threads=1, memory_limit_mb=8000)
        assert memory == demand.memory_mb


def test_places_and_jobs_ahead():
    machines = [Machine("a", 4, 8000), Machine("b", 64, 8000)]
    assert places(machines, Demand(1, 2000)) == 8
    assert places(machines, Demand(2, 500)) == 2 + 16
    assert places(machines, Demand(1 / 16, 100)) == 64 + 80
    assert ahead(2, None) == 2
    assert ahead(1000, 60.0) == 17
    assert ahead(1000, 600.0) == 8
    assert ahead(2, 0.05) == 40
    assert ahead(2, 0.0) == 64
    assert ahead(4000, 0.05) == 4096


def test_limits_are_what_the_settings_say_or_what_machines_have():
    machines = [Machine("a", 8, 16_000), Machine("b", 2, 12_000)]
    assert limits(ComputeSettings(), machines, 1).memory_limit_mb == 6000
    assert limits(ComputeSettings(memory_limit_mb=3000), machines, 1).memory_limit_mb == 3000
    assert limits(ComputeSettings(), machines, 16) is None
    with pytest.raises(ValueError, match="memory_limit_mb = 20000 is more than any machine has"):
        limits(ComputeSettings(memory_limit_mb=20_000), machines, 1)
    assert str(limits(ComputeSettings(), machines, 1).checkpoints) == "checkpoints"
    assert limits(ComputeSettings(checkpoints=False), machines, 1).checkpoints is None
