import importlib
import inspect
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from rdkit import Chem

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def pmo():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield importlib.import_module("pmo")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def history(pmo):
    return importlib.import_module("pmo_history")


@pytest.fixture(scope="module")
def oracles(pmo):
    return importlib.import_module("pmo_oracles")


def ticking():
    """A clock that moves by one second each time it is read."""
    now = iter(range(10**6))
    return lambda: float(next(now))


def carbons(smiles):
    return Chem.MolFromSmiles(smiles).GetNumAtoms() / 100


class Asker:
    """Asks for alkanes in order; remembers what it was told."""

    batch = 7

    def __init__(self, length=1):
        self.length = length
        self.told = []

    def ask(self, n):
        asked = ["C" * (self.length + i) for i in range(n)]
        self.length += n
        return asked

    def tell(self, molecules, values):
        self.told += zip(molecules, values, strict=True)


def test_area_of_a_hand_made_curve(history):
    values = [0.0] * 100 + [1.0] * 100 + [0.5] * 50
    # the best: 0 at 100 calls, 1 at 200, 1 at 250; then kept to 400
    area = 100 * (0 + 0) / 2 + 100 * (0 + 1) / 2 + 50 * (1 + 1) / 2 + 150 * 1
    assert history.auc(values, 1, 400) == pytest.approx(area / 400)
    assert history.auc(values, 1, 250) == pytest.approx((area - 150) / 250)


def test_area_takes_the_mean_of_the_k_best_so_far(history):
    values = [0.1 * (i % 5) for i in range(200)]
    mean = sum(sorted(values[:100])[-30:]) / 30, sum(sorted(values)[-30:]) / 30
    expected = (100 * mean[0] / 2 + 100 * sum(mean) / 2) / 200
    assert history.auc(values, 30, 200) == pytest.approx(expected)


def test_calls_beyond_the_budget_do_not_count(history):
    assert history.auc([0.2] * 150 + [1.0], 1, 150) == history.auc([0.2] * 150, 1, 150)
    with pytest.raises(ValueError, match="at least one value"):
        history.auc([], 1, 10)


def test_distinct_molecules_are_counted_and_the_budget_is_kept(history):
    asked = []

    def objective(smiles):
        asked.append(smiles)
        return carbons(smiles)

    oracle = history.CountedOracle(objective, 2, clock=ticking())
    assert oracle("OCC") == oracle("CCO") == pytest.approx(0.03)
    assert oracle.calls == 1
    oracle("CC")
    with pytest.raises(history.BudgetError, match="budget of 2 calls is spent"):
        oracle("C")
    assert oracle("C(O)C") == pytest.approx(0.03)  # known, so it costs nothing
    assert asked == ["CCO", "CC"]
    with pytest.raises(ValueError, match="not a molecule"):
        oracle("C1CC")


def test_the_optimiser_is_told_a_seed_and_the_values_it_asked_for(pmo, history):
    assert list(inspect.signature(pmo.optimiser).parameters) == ["seed"]
    seen = []
    oracle = history.CountedOracle(
        lambda smiles: seen.append(smiles) or carbons(smiles), 20, clock=ticking()
    )
    asker = Asker()
    assert pmo.optimise(asker, oracle, patience=100) == "the budget is spent"
    assert oracle.calls == 20
    assert seen == [smiles for smiles, _ in asker.told]  # nothing else was scored
    assert [value for _, value in asker.told] == oracle.values


def test_it_ends_when_nothing_rises_any_more(pmo, history):
    falling = history.CountedOracle(lambda smiles: 1 / len(smiles), 500, clock=ticking())
    assert "no rise in 21 calls" in pmo.optimise(Asker(), falling, patience=21)
    assert falling.calls == 28
    flat = history.CountedOracle(lambda smiles: 0.5, 60, clock=ticking())
    assert pmo.optimise(Asker(), flat, patience=21) == "the budget is spent"
    perfect = history.CountedOracle(lambda smiles: 1.0, 500, clock=ticking())
    assert "reached" in pmo.optimise(Asker(), perfect, patience=400)
    assert perfect.calls == 14


@pytest.fixture
def job(pmo, tmp_path, monkeypatch):
    monkeypatch.setattr(pmo, "optimiser", lambda seed: Asker(length=1))
    missing = tmp_path / "missing"
    return pmo.Job("perindopril_mpo", 0, 30, 100, tmp_path, missing, missing)


def test_every_call_is_on_file_and_a_task_goes_on_from_there(pmo, history, job, monkeypatch):
    assert pmo.run(job).calls == 30
    calls = history.read(job.history)
    assert [call.smiles for call in calls] == ["C" * i for i in range(1, 31)]
    assert json.loads(job.finished.read_text())["reason"] == "the budget is spent"
    # the last line was cut off: the task goes on after the one before
    job.history.write_text("".join(map(history.line, calls[:10])) + "CCCCC,0.1,3.")
    monkeypatch.setattr(pmo, "optimiser", lambda seed: Asker(length=11))
    assert pmo.run(job).calls == 30
    again = history.read(job.history)
    assert [(c.smiles, c.value) for c in again] == [(c.smiles, c.value) for c in calls]
    assert all(a.cpu_s >= b.cpu_s for a, b in zip(again[1:], again[:-1], strict=True))


def test_a_larger_budget_goes_on_where_a_smaller_one_ended(pmo, history, job, monkeypatch):
    pmo.run(job)
    assert job.done
    larger = replace(job, calls=40)
    assert not larger.done
    monkeypatch.setattr(pmo, "optimiser", lambda seed: Asker(length=31))
    assert pmo.run(larger).calls == 40
    assert larger.done
    assert history.read(job.history)[29].smiles == "C" * 30


def test_a_task_that_fails_is_told_and_the_others_go_on(pmo, job, monkeypatch, capsys):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr(pmo, "ProcessPoolExecutor", lambda count, **_: ThreadPoolExecutor(count))
    assert not pmo.run_all([replace(job, task="jnk3"), job], processes=1)
    shown = capsys.readouterr()
    assert "jnk3 seed 0 failed" in shown.err
    assert "perindopril_mpo seed 0: 30 calls" in shown.out
    assert pmo.run_all([job], processes=1)  # it is done


def test_the_last_rise_of_a_history(pmo):
    assert pmo.last_rise([]) == (-1.0, 0)
    mean, risen = pmo.last_rise([0.1] * 12 + [0.3] + [0.1] * 5)
    assert (mean, risen) == (pytest.approx((0.3 + 9 * 0.1) / 10), 13)


def test_table_of_a_folder(pmo, job, tmp_path):
    pmo.run(job)
    table = importlib.import_module("pmo_table")
    anchors = tmp_path / "anchors"
    anchors.write_text("task,tanimoto_gp_bo,f_rag_prescreened\nperindopril_mpo,.658,.9\n")
    text = table.table(tmp_path, anchors, budget=30, markdown=True)
    assert "| perindopril_mpo |" in text
    assert "0.658 | 0.658 |" in text  # the prescreened one is not compared with
    assert "perindopril_mpo (unfinished)" in table.table(tmp_path, anchors, budget=31)
    assert "sum of 1" in table.table(tmp_path, tmp_path / "none")
    with pytest.raises(ValueError, match="no PMO history"):
        table.table(tmp_path / "empty", anchors)


def test_oracles_of_known_molecules(oracles, tmp_path):
    def value(task, smiles):
        return oracles.oracle(task, data=tmp_path, molscore=tmp_path / "none")(smiles)

    assert value("celecoxib_rediscovery", oracles.CELECOXIB) == pytest.approx(1.0)
    assert value("albuterol_similarity", oracles.ALBUTEROL) == pytest.approx(1.0)
    assert value("isomers_c7h8n2o2", "COc1ccc(N)nc1C=O") == pytest.approx(1.0)
    assert value("isomers_c7h8n2o2", "CC") < 0.05
    # perindopril itself has no aromatic ring: sqrt(1 * exp(-1/2 (2/.5)^2))
    assert value("perindopril_mpo", oracles.PERINDOPRIL) == pytest.approx(0.0183156, rel=1e-4)
    assert value("valsartan_smarts", oracles.SITAGLIPTIN) == 0.0
    # its own pharmacophore, its decoration, but also the scaffold that is to go: 2 of 3
    assert value("scaffold_hop", oracles.HOPPED) == pytest.approx(2 / 3)
    assert value("qed", "no molecule") == 0.0


def test_what_is_missing_or_wrong_is_said(oracles, tmp_path):
    with pytest.raises(ValueError, match="no PMO task 'penalised_logp'"):
        oracles.oracle("penalised_logp", data=tmp_path, molscore=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"jnk3_current\.npz is missing"):
        oracles.oracle("jnk3", data=tmp_path, molscore=tmp_path)
    with pytest.raises(FileNotFoundError, match="pip download molscore"):
        oracles.oracle("drd2", data=tmp_path, molscore=tmp_path / "molscore.whl")


def test_a_forest_is_walked_by_the_bits(oracles, tmp_path):
    import numpy as np
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    bit = int(np.flatnonzero(generator.GetFingerprintAsNumPy(Chem.MolFromSmiles("CCO")))[0])
    np.savez(
        tmp_path / "jnk3_current.npz",
        f=np.array([bit, -2, -2, -2], np.int16),
        l=np.array([1, -1, -1, -1], np.int32),
        r=np.array([2, -1, -1, -1], np.int32),
        v=np.array([0.5, 0.1, 0.9, 0.4], np.float32),
        off=np.array([0, 3, 4]),
    )
    oracle = oracles.oracle("jnk3", data=tmp_path, molscore=tmp_path)
    assert oracle("CCO") == pytest.approx((0.9 + 0.4) / 2)
    assert oracle("[Na+].[Cl-]") == pytest.approx((0.1 + 0.4) / 2)
