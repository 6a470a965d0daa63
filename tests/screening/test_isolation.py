import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import faultyrecipe
import psutil
import pytest
from faultyrecipe import PLANS, SOURCE, TRACE, number_score

from screening.compute import isolation as isolation_module
from screening.compute.evaluation import LOST_WORKER, Job, decode
from screening.compute.isolation import Isolation
from screening.failure import Failure

TROUBLE = {
    "C": "crash",
    "CC": "killed",
    "CCC": "exit",
    "CCCC": "hang",
    "CCCCC": "hog",
    "CCCCCC": "print",
    "CCCCCCC": "convergence",
    "CCCCCCCC": "leak",
    "CF": "garble",
    "CCF": "unreadable",
    "CCCF": "half",
}


def job(smiles, **changes):
    fields = {
        "id": 1,
        "inchikey": "KEY",
        "smiles": smiles,
        "recipes": ("faulty",),
        "settings": {},
        "seed": 5,
        "time_limit_s": 30.0,
        "memory_limit_mb": 600,
        "sources": {"faulty": SOURCE},
    }
    return Job(**{**fields, **changes})


@pytest.fixture(scope="module")
def isolation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("isolation")
    (folder / "plans.json").write_text(json.dumps({s: {"mode": m} for s, m in TROUBLE.items()}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PLANS, str(folder / "plans.json"))
        patch.setenv(TRACE, str(folder / "trace"))
        with Isolation(threads=1) as isolation:
            yield isolation


def answer(isolation, smiles, **changes):
    (only,) = isolation.run(job(smiles, **changes))
    return only


def outcome(isolation, smiles, **changes):
    return decode(answer(isolation, smiles, **changes).outcome)


def test_one_warm_child_serves_many_molecules(isolation):
    first = answer(isolation, "CCO")
    pid = isolation.pid
    assert decode(first.outcome) == number_score("CCO", 5)
    assert first.usage.wall_seconds > 0
    assert 10 < first.usage.peak_memory_mb < 600
    assert outcome(isolation, "CCN") == number_score("CCN", 5)
    assert isolation.pid == pid


@pytest.mark.parametrize("smiles", ["CF", "CCF"])
def test_a_stray_message_is_no_answer_of_this_molecule_and_none_of_the_next(isolation, smiles):
    outcome(isolation, "CCO")
    assert outcome(isolation, smiles) == Failure(
        "random", LOST_WORKER, "the worker's calculation sent a message that cannot be read"
    )
    assert isolation.pid is None
    assert outcome(isolation, "CCO") == number_score("CCO", 5)


def test_half_an_answer_is_none(isolation):
    assert outcome(isolation, "CCCF").step == "process"
    assert outcome(isolation, "CCO") == number_score("CCO", 5)


def test_an_answer_of_an_earlier_request_or_another_recipe_is_not_taken(isolation):
    outcome(isolation, "CCO")
    watch = isolation_module._Watch(None, 0.0)
    number = isolation._number
    fields = {"recipe": "faulty", "outcome": "{}", "cpu_seconds": 1.0, "peak_memory_mb": 2.0}

    def read(**message):
        return isolation._read(json.dumps(message).encode(), job("CCO"), 0, watch)

    assert read(number=number, **fields)[0].recipe == "faulty"
    assert read(number=number, started=True) == []
    assert read(number=number - 1, **fields) is None
    assert read(number=number - 1, started=True) is None
    assert read(number=number, **{**fields, "recipe": "frail"}) is None
    assert read(**fields) is None
    assert isolation._read(b"[1]", job("CCO"), 0, watch) is None
    assert isolation._read(b"\xff", job("CCO"), 0, watch) is None


def test_a_crash_is_a_random_failure_and_the_next_molecule_gets_a_new_child(isolation):
    outcome(isolation, "CCO")
    pid = isolation.pid
    failure = outcome(isolation, "C")
    assert failure == Failure("random", "process", "crashed with SIGSEGV")
    assert not psutil.pid_exists(pid)
    assert outcome(isolation, "CCO") == number_score("CCO", 5)


def test_a_process_the_system_killed_ran_out_of_memory(isolation):
    failure = outcome(isolation, "CC")
    assert (failure.kind, failure.step) == ("resource", "process")
    assert "ran out of memory" in failure.message


def test_a_process_that_leaves_says_its_last_words(isolation):
    failure = outcome(isolation, "CCC")
    assert failure.kind == "random"
    assert "status 3: no more of this" in failure.message


def test_a_hung_calculation_is_killed_at_its_time_limit(isolation):
    hung = answer(isolation, "CCCC", time_limit_s=0.7)
    failure = decode(hung.outcome)
    assert (failure.kind, failure.step) == ("resource", "process")
    assert "time limit of 0.7 s" in failure.message
    assert hung.usage.wall_seconds >= 0.7
    assert isolation.pid is None


def test_a_memory_hog_is_killed_at_its_memory_limit(isolation):
    hog = answer(isolation, "CCCCC", memory_limit_mb=300)
    failure = decode(hog.outcome)
    assert failure.kind == "resource"
    assert "memory limit of 300 MB" in failure.message
    assert 300 < hog.usage.peak_memory_mb < 3000


def test_what_a_library_prints_is_not_taken_for_an_answer(isolation):
    for _ in range(12):  # more than the log may hold
        assert outcome(isolation, "CCCCCC") == number_score("CCCCCC", 5)


def test_a_typed_error_keeps_its_kind_on_the_way_out(isolation):
    failure = outcome(isolation, "CCCCCCC")
    assert failure == Failure("convergence", "meanfield", "did not converge on any rung")


def test_an_unknown_recipe_is_said_and_the_child_lives_on(isolation):
    failure = outcome(isolation, "CCO", sources={"faulty": "nonesuch:RECIPE"})
    assert (failure.kind, failure.step) == ("input", "recipe")
    assert outcome(isolation, "CCO") == number_score("CCO", 5)


def test_a_child_killed_between_two_molecules_is_replaced(isolation):
    outcome(isolation, "CCO")
    os.killpg(isolation.pid, signal.SIGKILL)
    assert outcome(isolation, "CCO") == number_score("CCO", 5)


def test_threads_are_set_before_the_imports(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with Isolation(threads=3) as isolation:
        outcome(isolation, "CCO")
        environment = psutil.Process(isolation.pid).environ()
    for name in ("OMP", "MKL", "OPENBLAS", "NUMBA"):
        assert environment[f"{name}_NUM_THREADS"] == "3"


def test_a_child_is_recycled():
    with Isolation(max_jobs=2) as isolation:
        outcome(isolation, "CCO")
        first = isolation.pid
        outcome(isolation, "CCO")
        outcome(isolation, "CCO")
        assert isolation.pid != first


PARENT = """
import sys
sys.path.insert(0, sys.argv[1])
from screening.compute.evaluation import Job
from screening.compute.isolation import Isolation
isolation = Isolation()
SOURCES = {"faulty": "faultyrecipe:RECIPE"}
isolation.run(Job(1, "KEY", "CCO", ("faulty",), {}, 1, 60.0, 600, SOURCES))
print(isolation.pid, flush=True)
isolation.run(Job(1, "KEY", "CCCC", ("faulty",), {}, 1, 600.0, 600, SOURCES))
"""


def test_a_calculation_does_not_outlive_its_parent(isolation):
    folder = str(Path(faultyrecipe.__file__).parent)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, folder], stdout=subprocess.PIPE, text=True
    )
    with parent:
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    deadline = time.monotonic() + 20
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child still runs"
        time.sleep(0.05)


def test_scratch_files_go_with_the_child_that_was_killed():
    with Isolation() as isolation:
        outcome(isolation, "CCO")
        environment = psutil.Process(isolation.pid).environ()
        scratch = Path(environment["TMPDIR"])
        assert environment["PYSCF_TMPDIR"] == str(scratch)
        (scratch / "integrals").write_bytes(b"left behind")
        os.killpg(isolation.pid, signal.SIGKILL)
        assert outcome(isolation, "CCO") == number_score("CCO", 5)
        assert not scratch.exists()


def test_a_child_that_leaks_is_replaced(isolation):
    with Isolation() as leaky:
        outcome(leaky, "CCO")
        pid = leaky.pid
        outcome(leaky, "CCO")
        assert leaky.pid == pid
        for _ in range(8):
            assert outcome(leaky, "CCCCCCCC") == number_score("CCCCCCCC", 5)
            if leaky.pid != pid:
                break
        else:
            raise AssertionError("the child leaks for ever")
