"""Machines that come, go and die under the scheduler: a stand-in for Ray obeys the tests."""

from concurrent.futures import Future
from dataclasses import asdict
from importlib.metadata import version

import pytest
from faultyrecipe import number_score

from screening.candidate import Candidate
from screening.compute import cluster, pace
from screening.compute import flight as held
from screening.compute import scheduler as module
from screening.compute.dispatch import Calculation, Task, evaluate_all
from screening.compute.evaluation import LOST_WORKER, MAX_LOSSES, Job, encode
from screening.compute.raysession import silence
from screening.compute.rayworker import identity
from screening.compute.scheduler import Scheduler, SchedulerError
from screening.settings import ComputeSettings
from screening.store.journal import Journal

silence()
import ray  # noqa: E402 (it reads that when it is imported)

_MB = 2**20


def node(name, cores, memory_mb, alive=True):
    resources = {"memory": memory_mb * _MB}
    if cores:
        resources["CPU"] = float(cores)
    return {"NodeID": name.encode().hex().ljust(56, "0"), "Alive": alive, "Resources": resources}


class Reference:
    def __init__(self, jobs, shape):
        self.jobs, self.job, self.shape = jobs, jobs[0], shape
        self.result = Future()

    def future(self):
        return self.result

    def succeeds(self, seconds=1.0, begun=None):
        answered = []
        for job in self.jobs[:begun]:
            answer = encode(number_score(job["smiles"], job["seed"]))
            answered.append([(r, answer, seconds, seconds, 300.0) for r in job["recipes"]])
        self.result.set_result(("node", answered))

    def fails(self, error):
        self.result.set_exception(error)


class FakeRay:
    def __init__(self):
        self.nodes_ = [node("head", 0, 4000), node("small", 2, 4000), node("large", 4, 64_000)]
        self.sent = []
        self.cancelled = []
        self.on_send = None
        self.well = True
        self.version = version("molq")

    def nodes(self):
        return self.nodes_

    def remote(self, function):
        return _Remote(self, function, {})

    def cancel(self, reference, force):
        self.cancelled.append(reference)

    def wait(self, references, **how):
        if references == ["version"] * len(references):
            return references, []
        return [r for r in references if r.result.done()], []

    def get(self, reference, timeout=None):
        if reference == "version":
            if isinstance(self.version, Exception):
                raise ray.exceptions.RayTaskError("f", "No module named 'screening'", self.version)
            return "blade", self.version
        if isinstance(reference, str):
            if not self.well:
                raise ray.exceptions.GetTimeoutError("no answer")
            return reference
        return reference.result.result()

    @property
    def open(self):
        done = [r for r in self.sent if r.result.done()]
        return [r for r in self.sent if r not in done and r not in self.cancelled]


class _Remote:
    def __init__(self, fake, function, shape):
        self.fake, self.function, self.shape = fake, function, shape

    def options(self, **shape):
        return _Remote(self.fake, self.function, shape)

    def remote(self, *words):
        if self.function is identity:
            return "version" if "scheduling_strategy" in self.shape else "well"
        reference = Reference(words[0], self.shape)
        self.fake.sent.append(reference)
        if self.fake.on_send:
            self.fake.on_send(reference)
        return reference


@pytest.fixture
def fake(monkeypatch):
    fake = FakeRay()
    for name in ("nodes", "remote", "cancel", "wait", "get"):
        monkeypatch.setattr(ray, name, getattr(fake, name))
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(held, "_FIRST_PAUSE_S", 0.002)
    monkeypatch.setattr(held, "_LONGEST_PAUSE_S", 0.01)
    monkeypatch.setattr(cluster, "_ARRIVAL_S", 0.0)
    return fake


def job(number, smiles="CCO", **changes):
    fields = {
        "id": number,
        "inchikey": smiles,
        "smiles": smiles,
        "recipes": ("faulty",),
        "settings": {},
        "seed": 5,
        "time_limit_s": 100.0,
        "memory_limit_mb": 2000,
        **changes,
    }
    return Job(**fields)


def lost():
    return ray.exceptions.WorkerCrashedError()


def gone():
    return ray.exceptions.NodeDiedError("the node is gone")


def test_places_are_counted_by_cores_and_memory_on_every_machine_that_lends_any(fake):
    with Scheduler(ComputeSettings(memory_limit_mb=3000)) as scheduler:
        assert scheduler.workers == 1 + 4  # the small one has memory for one
        assert scheduler.limits.largest_memory_mb == 64_000
        for number in range(64):
            scheduler.submit(job(number, memory_limit_mb=3000, reserved_mb=1024))
        scheduler.wait(0.0)
        assert scheduler.workers == 2 + 4  # turned out to take less
        assert {r.shape["memory"] for r in fake.sent} == {1024 * _MB}
        assert {r.shape["num_cpus"] for r in fake.sent} == {1.0}
        for number in range(64):
            scheduler.submit(job(number, reserved_mb=1024, cores=0.25))
        scheduler.wait(0.0)
        assert scheduler.workers == 3 + 16  # a remote device is waited for without a core


def test_machines_that_come_and_go_change_the_number_of_workers(fake, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_S", -1.0)
    with Scheduler(ComputeSettings(memory_limit_mb=1000)) as scheduler:
        assert scheduler.workers == 6
        scheduler.submit(job(1, reserved_mb=1000))
        fake.nodes_ = [*fake.nodes_, node("new", 8, 64_000)]
        scheduler.wait(0.0)
        assert scheduler.workers == 14
        fake.nodes_ = [node("head", 0, 4000), node("small", 2, 4000)]
        scheduler.wait(0.0)
        assert scheduler.workers == 2
        fake.nodes_ = [node("head", 0, 4000), node("large", 4, 64_000, alive=False)]
        scheduler.wait(0.0)
        assert scheduler.workers == 1  # it goes on waiting for one to come
        assert scheduler.capacity >= 1


def test_a_cap_on_workers_holds_on_a_larger_cluster(fake):
    with Scheduler(ComputeSettings(workers=3, memory_limit_mb=1000)) as scheduler:
        assert scheduler.workers == scheduler.capacity == 3


def test_a_cluster_without_a_machine_for_calculations_is_refused(fake):
    fake.nodes_ = [node("head", 0, 4000)]
    with pytest.raises(SchedulerError, match="no machine of the cluster has 1 free cores"):
        Scheduler().__enter__()


def test_a_cluster_with_another_molq_or_none_is_refused(fake):
    fake.version = "0.0.1"
    with pytest.raises(SchedulerError, match=r"blade of the cluster has molq 0\.0\.1, this"):
        Scheduler().__enter__()
    fake.version = ModuleNotFoundError("No module named 'screening'")
    with pytest.raises(SchedulerError, match=r"cannot run molq .*No module named 'screening'"):
        Scheduler().__enter__()


def test_a_job_goes_to_a_smaller_machine_when_the_only_large_one_has_left(fake, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_S", -1.0)
    with Scheduler() as scheduler:
        scheduler.submit(job(1, memory_limit_mb=16_000))
        assert fake.sent[0].shape["memory"] == 16_000 * _MB
        fake.nodes_ = fake.nodes_[:2]
        scheduler.wait(0.0)
        assert fake.cancelled == [fake.sent[0]]
        assert fake.sent[1].shape["memory"] == 4000 * _MB
        fake.sent[0].fails(gone())  # what is heard of it later is not of interest
        fake.sent[1].succeeds()
        (done,) = scheduler.wait(1.0)
        assert done.outcomes[0].outcome == number_score("CCO", 5)
        assert done.node == "node"
        assert scheduler.wait(0.0) == []


def test_a_job_whose_machine_dies_is_sent_again_and_no_attempt_is_lost(fake):
    with Scheduler() as scheduler:
        scheduler.submit(job(1))
        for error in (gone(), ray.exceptions.RaySystemError("gone"), gone()):
            fake.open[0].fails(error)
            assert scheduler.wait(0.05) == []
        fake.open[0].succeeds()
        (done,) = scheduler.wait(1.0)
        assert done.outcomes[0].outcome == number_score("CCO", 5)
        assert len(fake.sent) == 4


def test_a_worker_that_dies_is_told_after_a_pause(fake):
    with Scheduler() as scheduler:
        scheduler.submit(job(1))
        fake.sent[0].fails(lost())
        (done,) = scheduler.wait(1.0)
        failure = done.outcomes[0].outcome
        assert (failure.kind, failure.step) == ("random", LOST_WORKER)
        assert "the worker was lost (WorkerCrashedError" in failure.message
        assert len(fake.sent) == 1  # the journal counts what is sent next


def test_memory_that_ran_out_is_reserved_twice_over_before_it_is_the_molecules_fault(fake):
    with Scheduler() as scheduler:
        scheduler.submit(job(1, reserved_mb=1000))
        for _ in range(module._MOST_SQUEEZES):
            fake.open[0].fails(ray.exceptions.OutOfMemoryError("no memory"))
            assert scheduler.wait(0.05) == []
        assert [r.shape["memory"] // _MB for r in fake.sent] == [1000, 2000, 4000, 8000]
        fake.open[0].fails(ray.exceptions.OutOfMemoryError("no memory"))
        (done,) = scheduler.wait(1.0)
        assert done.outcomes[0].outcome.kind == "resource"


def test_a_job_that_hangs_is_sent_again_once_and_then_told(fake, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_S", -1.0)
    with Scheduler() as scheduler:
        scheduler.submit(job(1, recipes=("faulty", "frail")))
        (flight,) = scheduler._flights.values()
        left = flight.overdue - module.time.monotonic()
        assert left == pytest.approx(2 * 100 * 2 + module._GRACE_S, abs=1)
        assert scheduler.wait(0.0) == []
        for sent in (1, 2):
            assert len(fake.sent) == sent
            for flight in scheduler._flights.values():
                flight.overdue = 0.0
            done = scheduler.wait(0.05)
            assert len(fake.cancelled) == sent
        (told,) = done
        assert [o.outcome.step for o in told.outcomes] == [LOST_WORKER] * 2
        assert "gave no answer in time" in told.outcomes[0].outcome.message


def test_a_job_that_waits_for_a_worker_is_not_taken_for_one_that_hangs(fake, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_S", -1.0)
    fake.nodes_ = [node("large", 6, 64_000)]
    with Scheduler() as scheduler:
        for number in range(1, 9):
            scheduler.submit(job(number, reserved_mb=1000))
        fake.nodes_ = [node("small", 2, 4000)]
        assert scheduler.wait(0.0) == []
        assert scheduler.workers == 2
        now = module.time.monotonic()
        scheduler._looked = now - 1000.0
        for flight in scheduler._flights.values():
            flight.overdue = now - 500.0
        assert scheduler.wait(0.0) == []
        assert [reference.job["id"] for reference in fake.cancelled] == [1, 2]


def test_machines_with_too_few_cores_are_as_good_as_none(fake, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_S", -1.0)
    monkeypatch.setattr(module, "_ABSENCE_S", -1.0)
    with Scheduler(threads=4) as scheduler:
        scheduler.submit(job(1))
        assert scheduler.wait(0.0) == []
        fake.nodes_ = [node("small", 2, 64_000)]
        with pytest.raises(SchedulerError, match="no machine for a calculation any more"):
            scheduler.wait(0.0)


def test_an_answer_that_was_never_delivered_is_fetched(fake, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_S", -1.0)
    with Scheduler() as scheduler:
        scheduler.submit(job(1))
        reference = fake.sent[0]
        quiet = Future()
        reference.result, quiet = quiet, reference.result  # its bell never rings
        answer = ("faulty", encode(number_score("C", 5)), 1.0, 1.0, 1.0)
        reference.result.set_result(("node", [[answer]]))
        assert scheduler.wait(0.0) == []
        (done,) = scheduler.wait(0.0)  # it was there at two looks
        assert done.outcomes[0].outcome.value == number_score("C", 5).value


@pytest.mark.parametrize("kind", ["raylet", "program", "silent", "away"])
def test_a_dead_cluster_ends_the_run_and_blames_no_molecule(fake, monkeypatch, tmp_path, kind):
    def die(reference):
        if kind == "raylet":
            reference.fails(ray.exceptions.LocalRayletDiedError())
        elif kind == "program":
            error = TypeError("Job.__init__() got an unexpected keyword argument 'new'")
            reference.fails(ray.exceptions.RayTaskError("f", "", error))
        elif kind == "silent":
            fake.well = False
            reference.fails(lost())
        else:
            fake.nodes_ = []

    fake.on_send = die
    if kind == "away":
        monkeypatch.setattr(module, "_LOOK_S", -1.0)
        monkeypatch.setattr(module, "_ABSENCE_S", -1.0)
    smiles = [f"{'C' * n}O" for n in range(1, 40)]
    tasks = [Task(Candidate(s, s, "", "library", 1), ("faulty",)) for s in smiles]
    with Journal.create(tmp_path, kind="screen", settings={}, environment={}) as journal:
        with (
            Scheduler(ComputeSettings(memory_limit_mb=2000)) as scheduler,
            pytest.raises(SchedulerError, match=r"then resume the run by molq resume"),
        ):
            evaluate_all(tasks, journal=journal, executor=scheduler, calculation=Calculation(3))
        assert journal.counts()["failed"] == 0
        assert journal.counts()["scored"] == 0
        fake.on_send = Reference.succeeds
        fake.nodes_, fake.well = [node("new", 2, 8000)], True
        with Scheduler(ComputeSettings(memory_limit_mb=2000)) as scheduler:
            evaluate_all(tasks, journal=journal, executor=scheduler, calculation=Calculation(3))
        assert journal.counts()["scored"] == len(smiles)


def test_what_was_computed_before_ray_broke_is_kept(fake, tmp_path):
    def answer(reference):
        if reference.job["smiles"] == "CCCCO":
            reference.fails(ConnectionError("the client lost its server"))
        else:
            reference.succeeds()

    fake.on_send = answer
    smiles = [f"{'C' * n}O" for n in range(1, 9)]
    tasks = [Task(Candidate(s, s, "", "library", 1), ("faulty",)) for s in smiles]
    with (
        Journal.create(tmp_path, kind="screen", settings={}, environment={}) as journal,
        Scheduler(ComputeSettings(memory_limit_mb=500)) as scheduler,
    ):
        scheduler._pace.count(0.1)  # all are sent at once
        with pytest.raises(SchedulerError, match=r"Ray answers no more \(ConnectionError"):
            evaluate_all(tasks, journal=journal, executor=scheduler, calculation=Calculation(3))
        assert journal.counts()["scored"] == 7
        assert journal.counts()["failed"] == 0


def test_a_ray_that_takes_no_job_is_one_line(fake, monkeypatch):
    with Scheduler() as scheduler:
        monkeypatch.setattr(_Remote, "remote", lambda *words: 1 / 0)
        with pytest.raises(SchedulerError, match="Ray takes no job any more"):
            scheduler.submit(job(1))
        assert scheduler.wait(0.0) == []


def test_a_molecule_that_kills_its_workers_is_set_aside_and_the_others_go_on(fake, tmp_path):
    poison = ["CCCCCO", "CCN", "CCCN", "CCCCN"]

    def answer(reference):
        reference.fails(lost()) if reference.job["smiles"] in poison else reference.succeeds()

    fake.on_send = answer
    smiles = [f"{'C' * n}O" for n in range(1, 10)] + poison[1:]
    tasks = [Task(Candidate(s, s, "", "library", 1), ("faulty",)) for s in smiles]
    with (
        Journal.create(tmp_path, kind="screen", settings={}, environment={}) as journal,
        Scheduler(ComputeSettings(memory_limit_mb=2000)) as scheduler,
    ):
        evaluate_all(tasks, journal=journal, executor=scheduler, calculation=Calculation(3))
        results = {r.candidate.smiles: r for r in journal.results()}
        attempts = journal.attempts()
    assert sorted(results) == sorted(smiles)
    assert sorted(s for s, r in results.items() if r.failure) == sorted(poison)
    failure = results["CCCCCO"].failure
    assert (failure.kind, failure.step) == ("random", LOST_WORKER)
    assert failure.message.startswith("set aside: it was being computed each time")
    assert f"{MAX_LOSSES} times" in failure.message
    own = [a for a in attempts if a.inchikey == "CCCCCO"]
    assert len(own) == MAX_LOSSES
    assert all(a.failure.message.startswith("the worker was lost") for a in own)


def test_short_jobs_go_together_and_what_is_lost_with_others_is_sent_alone(fake, monkeypatch):
    monkeypatch.setattr(pace, "_SHORT_AFTER", 4)
    fake.nodes_ = [node("only", 2, 8000)]
    with Scheduler(ComputeSettings(memory_limit_mb=2000)) as scheduler:
        for number in range(4):
            scheduler.submit(job(number, f"C{'C' * number}"))
        assert [len(r.jobs) for r in fake.sent] == [1, 1, 1, 1]
        for reference in fake.open:
            reference.succeeds(seconds=0.1)
        assert len(scheduler.wait(1.0)) == 4
        assert scheduler.capacity == 2 + 20  # a second of work lies ready

        names = [f"N{'C' * number}" for number in range(33)]
        for number, smiles in enumerate(names):
            scheduler.submit(
                job(10 + number, smiles, **({"reserved_mb": 512} if number > 31 else {}))
            )
        scheduler.wait(0.0)
        loads = fake.open
        assert [len(r.jobs) for r in loads] == [5, 5, 5, 5]  # each worker has one and the next
        loads[0].succeeds(seconds=0.1)
        loads[1].succeeds(seconds=0.1, begun=2)  # the second one took long
        loads[2].fails(lost())
        done = {completed.job.smiles for completed in scheduler.wait(1.0)}
        assert done == {*names[:7]}
        computed = set(done)
        while scheduler._flights or scheduler._held or scheduler._queue:
            for reference in fake.open:
                reference.succeeds(seconds=0.1)
            for completed in scheduler.wait(0.02):
                assert completed.outcomes[0].outcome == number_score(completed.job.smiles, 5)
                assert completed.job.smiles not in computed
                computed.add(completed.job.smiles)
        assert computed == set(names)
        alone = [r.jobs[0]["smiles"] for r in fake.sent[4:] if len(r.jobs) == 1]
        assert {*names[10:15], names[32]} <= set(alone)  # the lost ones, and one of another shape


def test_what_the_job_and_its_task_show_of_themselves_names_no_molecule(fake):
    with Scheduler() as scheduler:
        scheduler.submit(job(1, smiles="CCCCO"))
        assert fake.sent[0].shape["name"] == "faulty"
        assert fake.sent[0].job == asdict(job(1, smiles="CCCCO"))
        assert fake.sent[0].shape["max_retries"] == 0
