"""Jobs on Ray: bounded, isolated, accounted for by memory, lost to nobody.

Ray places a job, and nothing else is asked of it: limits are the child
process's (``screening.compute.isolation``), retries the journal's (``screening.compute.dispatch``).
What a machine does to a job, going away with it, is made good here and no attempt of
the molecule's; a worker that dies under a molecule is told, for it may be its doing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, NoReturn

from screening.compute.cluster import Cluster
from screening.compute.costmodel import Demand
from screening.compute.evaluation import (
    LOST_WORKER,
    Evaluated,
    Job,
    Usage,
    decode,
    one_line,
)
from screening.compute.executor import Completed, Limits
from screening.compute.flight import Flight, HeldBack
from screening.compute.pace import Pace
from screening.compute.raysession import SchedulerError
from screening.compute.rayworker import identity, work
from screening.failure import Failure
from screening.settings import ComputeSettings

__all__ = ["Scheduler", "SchedulerError"]

_MB = 2**20
_GRACE_S = 600.0
_LOOK_S = 5.0  # between looks at the machines and at what hangs
_ABSENCE_S = 900.0  # that a run waits for a cluster without machines
_MOST_MOVES = 10  # of one job, from machines that went away
_DOUBTFUL_LOSSES = 20  # without an answer between them
_PROBE_S = 60.0
_MOST_SQUEEZES = 3  # of one job, on machines whose memory ran out


class Scheduler:
    """The ``Executor`` on Ray: starts it on this machine, or joins a cluster.

    Use it as a context manager. Machines may come and go while it runs.

    Args:
        settings: the ``[compute]`` table.
        threads: of one calculation, and the cores it takes.

    Raises:
        SchedulerError: on entering, when Ray cannot be started or joined.
    """

    def __init__(self, settings: ComputeSettings | None = None, *, threads: int = 1) -> None:
        self.settings = settings or ComputeSettings()
        self._threads = threads
        self._cluster = Cluster(self.settings, threads)
        self._workers = 1
        self._shapes: dict[tuple[Demand, str], Any] = {}  # remote functions
        self._flights: dict[Any, Flight] = {}  # by Ray's reference
        self._queue: deque[Flight] = deque()  # short ones, to be sent together
        self._arrived: deque[tuple[Any, Future[Any]]] = deque()
        self._bell = threading.Event()
        self._ready: list[Completed] = []
        self._given = False  # whether the last ``wait`` gave them away
        self._held = HeldBack()
        self._pace = Pace()
        self._losses: dict[str, int] = {}  # by InChIKey
        self._lost_in_a_row = 0
        self._looked = 0.0  # monotonic time, s
        self._unclaimed: set[Any] = set()
        self._broken = False

    @property
    def workers(self) -> int:
        """Calculations at a time, as those of late are."""
        return self._workers

    @property
    def capacity(self) -> int:
        """The workers, and some jobs ahead so that none waits for the driver."""
        if self._cluster.is_capped(self._cluster.room(self._pace.demands)):
            return self._workers
        return self._workers + self._pace.ahead(self._workers)

    @property
    def limits(self) -> Limits:
        """Of one calculation."""
        return self._cluster.limits

    def __enter__(self) -> Scheduler:
        try:
            self._cluster.begin()
            self._looked = time.monotonic()
            self._count_workers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.cancel()
        finally:
            self._cluster.end()

    def submit(self, job: Job) -> None:
        """Hand the job to Ray."""
        flight = Flight(job, self._demand(job, 0), 0.0)
        if self._pace.together > 1:
            self._queue.append(flight)
        else:
            self._send(flight)

    def wait(self, timeout_s: float) -> list[Completed]:
        """What is done, waiting for the first up to so many seconds.

        Raises:
            SchedulerError: Ray is gone, or all that it was given for some time was lost.
        """
        if self._given:
            self._ready, self._given = [], False
        if self._broken:
            self._save()
        self._feed()
        if self._broken or not (self._flights or self._held or self._ready):
            self._given = True
            return self._ready
        now = time.monotonic()
        if now - self._looked > _LOOK_S:
            self._look()
        until = now + timeout_s
        while not self._ready:
            self._release()
            if self._ready:
                break
            soonest = min(until, self._held.soonest)
            if not self._arrived:
                self._bell.wait(max(0.0, soonest - time.monotonic()))
            self._bell.clear()
            while self._arrived:
                reference, future = self._arrived.popleft()
                flight = self._flights.pop(reference, None)
                if flight is not None:  # not cancelled meanwhile, and not sent again
                    self._land(flight, future)
            if time.monotonic() >= until:
                self._release()
                break
        self._feed()
        self._count_workers()
        self._given = True
        return self._ready

    def _save(self) -> None:
        """Take the answers that came before Ray broke."""
        while self._arrived:
            reference, future = self._arrived.popleft()
            flight = self._flights.pop(reference, None)
            if flight is not None and future.exception() is None:
                self._land(flight, future)

    def cancel(self) -> None:
        """Kill every job in flight."""
        import ray

        references = list(self._flights)
        self._flights, self._ready = {}, []
        self._held.clear()
        self._queue.clear()
        self._arrived.clear()
        if not ray.is_initialized():
            return
        for reference in references:
            _drop(reference)

    # on the way out

    def _demand(self, job: Job, squeezed: int) -> Demand:
        memory = job.memory_limit_mb if job.reserved_mb is None else job.reserved_mb
        memory *= 2**squeezed  # so that fewer run beside it
        largest = self._cluster.largest_mb or memory
        cores = float(self._threads) if job.cores is None else job.cores
        return Demand(cores, min(memory, largest))

    def _feed(self) -> None:
        """Send short jobs together; each worker has a load at work and another one waiting."""
        while self._queue and not self._broken:
            size = self._pace.together
            if size > 1 and len(self._flights) >= 2 * self._workers:
                return
            first = self._queue.popleft()
            shape = (first.demand, first.job.recipes)
            while self._queue and len(first.mates) + 1 < size:
                if (self._queue[0].demand, self._queue[0].job.recipes) != shape:
                    break
                first.mates.append(self._queue.popleft())
            self._send(first)

    def _send(self, flight: Flight) -> None:
        demand = flight.demand
        jobs = [flight.job, *(mate.job for mate in flight.mates)]
        limit = sum(job.time_limit_s * len(job.recipes) for job in jobs)
        # One job may have waited in the queue behind another one.
        flight.overdue = time.monotonic() + 2 * limit + _GRACE_S
        try:
            function = self._function(demand, " ".join(flight.job.recipes))
            reference = function.remote([vars(job) for job in jobs], self._threads)
        except Exception as error:  # Ray raises many kinds; each means the same here
            self._break("Ray takes no job any more", error)
        self._flights[reference] = flight
        self._pace.demands.append(demand)

        def arrived(future: Future[Any]) -> None:
            self._arrived.append((reference, future))
            self._bell.set()

        reference.future().add_done_callback(arrived)

    def _function(self, demand: Demand, name: str) -> Any:
        """The remote function of a shape, made once; its name shows no molecule."""
        import ray

        if (demand, name) not in self._shapes:
            self._shapes[demand, name] = ray.remote(work).options(
                num_cpus=demand.cores, memory=demand.memory_mb * _MB, max_retries=0, name=name
            )
        return self._shapes[demand, name]

    # on the way back

    def _land(self, flight: Flight, future: Future[Any]) -> None:
        """Take what came of a job: an answer, a loss to be told, or a job to be sent again."""
        import ray

        error = future.exception()
        if flight.mates and isinstance(error, ray.exceptions.RayError):
            for each in flight.parted():  # whose doing it was is seen when each goes alone
                self._move(each, error)
            return
        together = flight.parted()
        try:
            node, answered = future.result()
            for each, answers in zip(together, answered, strict=False):
                self._take(each, node, answers)
            self._queue.extendleft(reversed(together[len(answered) :]))  # not begun there
        except ray.exceptions.OutOfMemoryError:
            self._squeeze(flight)
        except ray.exceptions.LocalRayletDiedError as error:
            self._break("Ray's own process on this machine has died", error)
        except ray.exceptions.WorkerCrashedError as error:
            self._blame(flight, f"was lost ({_words(error)})")
        except ray.exceptions.RayError as error:
            self._move(flight, error)
        except Exception as error:  # of Ray's client, many kinds
            self._break("Ray answers no more", error)

    def _take(self, flight: Flight, node: str, answers: Sequence[Any]) -> None:
        try:
            outcomes = tuple(
                Evaluated(recipe, decode(text), Usage(*usage)) for recipe, text, *usage in answers
            )
        except (ValueError, TypeError) as error:
            self._blame(flight, f"sent an answer that cannot be read ({error})")
            return
        self._lost_in_a_row = 0
        self._losses.pop(flight.job.inchikey, None)
        self._pace.count(sum(outcome.usage.wall_seconds for outcome in outcomes))
        self._ready.append(Completed(flight.job, outcomes, node))

    def _blame(self, flight: Flight, what: str) -> None:
        """Tell a loss after a pause: what killed the worker may still be at it."""
        key = flight.job.inchikey
        self._losses[key] = self._losses.get(key, 0) + 1
        self._count_loss(None)
        failure = Failure("random", LOST_WORKER, one_line(f"the worker {what}"))
        self._held.add(_failed(flight.job, failure), self._losses[key])

    def _move(self, flight: Flight, error: Exception) -> None:
        """Send a job again that its machine took away with it: the same attempt goes on."""
        flight.moves += 1
        if flight.moves > _MOST_MOVES:
            self._blame(flight, f"was lost ({_words(error)})")
            return
        self._count_loss(error)
        self._held.add(flight, flight.moves)

    def _squeeze(self, flight: Flight) -> None:
        """Send a job again that was ended because its machine had no memory left.

        Whose doing that was is not known: it may have been beside a larger one.
        """
        flight.squeezed += 1
        if flight.squeezed > _MOST_SQUEEZES:
            reason = "the machine ran out of memory; give [compute] fewer workers"
            self._ready.append(_failed(flight.job, Failure("resource", LOST_WORKER, reason)))
            return
        self._held.add(flight, 2 + flight.squeezed)

    def _release(self) -> None:
        """Tell and send what was held back and has waited its time."""
        for what in self._held.due():
            if isinstance(what, Completed):
                self._ready.append(what)
            else:
                what.demand = self._demand(what.job, what.squeezed)
                self._send(what)

    def _count_loss(self, error: Exception | None) -> None:
        """Ask whether the cluster is well when all that it was given of late was lost."""
        import ray

        self._lost_in_a_row += 1
        if self._lost_in_a_row < max(_DOUBTFUL_LOSSES, 3 * self._workers):
            return
        self._lost_in_a_row = 0
        if isinstance(error, ray.exceptions.RayTaskError):
            self._break("the workers cannot compute; is the same molq on every machine?", error)
        try:
            ray.get(
                ray.remote(identity).options(num_cpus=0, max_retries=0).remote(), timeout=_PROBE_S
            )
        except ray.exceptions.RayError as refusal:
            self._break("Ray answers no more", refusal)

    def _break(self, what: str, error: Exception) -> NoReturn:
        """End the run, which a resume takes up: nothing is blamed on its molecules.

        Raises:
            SchedulerError: always.
        """
        self._broken = True
        raise SchedulerError(
            one_line(f"{what} ({_words(error)}): see to it, then resume the run by molq resume")
        ) from error

    # the machines

    def _look(self) -> None:
        """See which machines there are now, and what hangs."""
        elapsed, self._looked = time.monotonic() - self._looked, time.monotonic()
        try:
            self._cluster.look()
        except Exception as error:  # Ray raises many kinds; each means the same here
            self._break("Ray answers no more", error)
        largest = self._cluster.largest_mb
        if largest is None:
            if self._cluster.absence_s > _ABSENCE_S:
                absence = TimeoutError(f"none for {_ABSENCE_S:g} s")
                self._break("the cluster has no machine for a calculation any more", absence)
            for flight in self._flights.values():
                flight.overdue += elapsed
            return
        for place, (reference, flight) in enumerate(list(self._flights.items())):
            if place >= self._workers:  # it waits, for hours where most machines went away
                flight.overdue += elapsed
            if flight.demand.memory_mb > largest:  # no machine has room for it any more
                del self._flights[reference]
                _drop(reference)
                for each in flight.parted():
                    each.demand = self._demand(each.job, each.squeezed)
                    self._send(each)
            elif time.monotonic() > flight.overdue:  # the child's limit has long passed
                del self._flights[reference]
                _drop(reference)
                for each in flight.parted():
                    if each.moves:
                        self._blame(each, "gave no answer in time")
                    else:  # it may have waited behind the one that hangs
                        self._move(each, TimeoutError("no answer in time"))
        self._claim()

    def _claim(self) -> None:
        """Fetch what is there and was not delivered: an answer may die with its machine."""
        import ray

        references = list(self._flights)
        if not references:
            return
        try:
            here, _ = ray.wait(
                references, num_returns=len(references), timeout=0, fetch_local=False
            )
        except Exception as error:  # Ray raises many kinds; each means the same here
            self._break("Ray answers no more", error)
        for reference in here:
            if reference not in self._unclaimed:
                continue
            flight = self._flights.pop(reference)
            future: Future[Any] = Future()
            try:
                future.set_result(ray.get(reference, timeout=_PROBE_S))
            except ray.exceptions.RayError as error:
                future.set_exception(error)
            self._land(flight, future)
        self._unclaimed = set(here)

    def _count_workers(self) -> None:
        room = self._cluster.room(self._pace.demands)
        self._workers = min(room, self.settings.workers or room)


def _drop(reference: Any) -> None:
    import ray

    with contextlib.suppress(Exception):  # it may have ended; the cluster may be gone
        ray.cancel(reference, force=True)


def _words(error: Exception) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[-1]}" if text else type(error).__name__


def _failed(job: Job, failure: Failure) -> Completed:
    return Completed(job, tuple(Evaluated(recipe, failure, Usage()) for recipe in job.recipes))
