"""Many molecules by recipes and scorers, a molecule a process with hard limits.

What calls from outside share (``molq.Scorer``, ``molq score --reinvent``): no journal, no Ray,
answers in the order of the molecules, each molecule computed once however often it is given.
The numbers are those of ``molq.score`` with the same seed.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from molq.errors import MolqError
from molq.scoring import MAX_ATTEMPTS
from screening import scorers
from screening.compute import evaluation, machine
from screening.compute.evaluation import Evaluation, Job, Usage
from screening.compute.executor import MOST_PER_JOB_MB
from screening.compute.isolation import Answer, Isolation
from screening.failure import Failure
from screening.intake.standardise import Parent, standardise
from screening.scorersettings import ScorerSettings
from simulation.score import Score
from simulation.settings import SimulationSettings

TIME_LIMIT_S = 3600.0
"""Wall-clock limit of one recipe of one molecule, in seconds, where none is given."""


@dataclass(frozen=True)
class Asked:
    """What is wanted of every molecule."""

    recipes: tuple[str, ...] = ()  # or stages of them, e.g. "warhead-ea/gfn2_lumo"
    scorers: tuple[str, ...] = ()
    scorer_settings: Mapping[str, ScorerSettings] = field(default_factory=dict)  # by scorer


@dataclass(frozen=True)
class Answered:
    """One of the given molecules: what it came to, by name of a recipe or scorer."""

    text: str  # as given
    parent: Parent | None  # as computed; None for what is no molecule
    scores: Mapping[str, Score]  # recipe -> score
    properties: Mapping[str, float]  # scorer -> value in its unit
    failures: Mapping[str, Failure]  # recipe or scorer -> why there is none

    def value(self, name: str) -> float:
        """The value in its unit; NaN where there is none."""
        if name in self.scores:
            return self.scores[name].value
        return self.properties.get(name, float("nan"))


class _Calculator(Protocol):
    """Where a job is computed."""

    def run(self, job: Job) -> Sequence[Answer]: ...


class _InThisProcess:
    """Without limits: nothing stands between a calculation and this process."""

    def run(self, job: Job) -> Sequence[Answer]:
        settings = SimulationSettings.model_validate(job.settings)
        molecule = Evaluation(job.smiles, settings, job.seed)
        return [
            Answer(recipe, evaluation.encode(molecule.outcome(recipe)), Usage())
            for recipe in job.recipes
        ]


def answered(
    smiles: Sequence[str],
    asked: Asked,
    settings: SimulationSettings,
    *,
    seed: int,
    workers: int,
    time_limit_s: float = TIME_LIMIT_S,
) -> list[Answered]:
    """Ask everything of every molecule.

    Args:
        smiles: the molecules; what is none is answered with its failure.
        asked: recipes and scorers, which are installed (``molq.scoring.check_recipes``).
        settings: of the calculations.
        seed: of everything random.
        workers: processes at a time, each of which takes one molecule after the other; 0
            computes in this process, where no limit is enforced.
        time_limit_s: s, wall clock, of each recipe of each molecule.

    Returns:
        An answer for each of ``smiles``, in their order.

    Raises:
        MolqError: no process can be started.
    """
    parents = [standardise(text, max_heavy_atoms=settings.max_heavy_atoms) for text in smiles]
    distinct = {p.inchikey: p for p in parents if isinstance(p, Parent)}
    limit_mb = min(MOST_PER_JOB_MB, machine.memory_mb() // max(1, workers))
    jobs = [
        _Molecule(parent, asked.recipes, settings, seed, time_limit_s, limit_mb)
        for parent in distinct.values()
    ]
    computed = _computed(jobs, workers, settings.threads) if asked.recipes else {}
    beside = {key: _properties(parent, asked) for key, parent in distinct.items()}
    names = (*asked.recipes, *asked.scorers)
    return [
        _answer(text, parent, names, computed, beside)
        for text, parent in zip(smiles, parents, strict=True)
    ]


Outcomes = dict[str, Score | Failure]
Properties = dict[str, float | Failure]


def _answer(
    text: str,
    parent: Parent | Failure,
    names: Sequence[str],
    computed: Mapping[str, Outcomes],
    beside: Mapping[str, Properties],
) -> Answered:
    if isinstance(parent, Failure):
        return Answered(text, None, {}, {}, dict.fromkeys(names, parent))
    outcomes = computed.get(parent.inchikey, {})
    figures = beside.get(parent.inchikey, {})
    return Answered(
        text,
        parent,
        {name: one for name, one in outcomes.items() if isinstance(one, Score)},
        {name: one for name, one in figures.items() if not isinstance(one, Failure)},
        {
            name: one
            for name, one in (*outcomes.items(), *figures.items())
            if isinstance(one, Failure)
        },
    )


def _properties(parent: Parent, asked: Asked) -> Properties:
    found: Properties = {}
    for name in asked.scorers:
        try:
            found[name] = scorers.value(name, parent.smiles, asked.scorer_settings.get(name))
        except Exception as error:  # a scorer of another package must not end the batch
            text = f"{type(error).__name__}: {error}"
            found[name] = Failure("input", f"scorer {name}", evaluation.one_line(text))
    return found


@dataclass(frozen=True)
class _Molecule:
    """One molecule's calculation, with the ladder of retries that a campaign has."""

    parent: Parent
    recipes: tuple[str, ...]
    settings: SimulationSettings
    seed: int
    time_limit_s: float
    memory_limit_mb: int

    def outcomes(self, calculator: _Calculator, *, is_limited: bool) -> Outcomes:
        """What came of every recipe."""
        failures: dict[str, list[Failure]] = {recipe: [] for recipe in self.recipes}
        final: Outcomes = {}
        while len(final) < len(self.recipes):
            attempts = {
                recipe: evaluation.next_attempt(failures[recipe], max_attempts=MAX_ATTEMPTS)
                for recipe in self.recipes
                if recipe not in final
            }
            given_up = [recipe for recipe, attempt in attempts.items() if attempt is None]
            final |= {recipe: evaluation.verdict(failures[recipe]) for recipe in given_up}
            if given_up:
                continue
            attempt = next(iter(attempts.values()))
            assert attempt is not None
            together = tuple(recipe for recipe, other in attempts.items() if other == attempt)
            for answer in calculator.run(self._job(together, attempt)):
                outcome = evaluation.decode(answer.outcome)
                if isinstance(outcome, Score):
                    final[answer.recipe] = outcome
                    continue
                failures[answer.recipe].append(outcome)
                is_final = evaluation.waits_for_device(outcome) or (
                    outcome.kind == "resource" and not is_limited  # there is none to double
                )
                if is_final:
                    final[answer.recipe] = outcome
        return {recipe: final[recipe] for recipe in self.recipes}

    def _job(self, recipes: tuple[str, ...], attempt: evaluation.Retry) -> Job:
        own = evaluation.molecule_seed(self.seed, self.parent.inchikey)
        return Job(
            id=0,
            inchikey=self.parent.inchikey,
            smiles=self.parent.smiles,
            recipes=recipes,
            settings=self.settings.model_dump(mode="json"),
            seed=evaluation.attempt_seed(own, attempt.rung),
            time_limit_s=self.time_limit_s * attempt.resource_factor,
            memory_limit_mb=min(
                self.memory_limit_mb * attempt.resource_factor,
                max(self.memory_limit_mb, machine.memory_mb()),
            ),
        )


def _computed(jobs: Sequence[_Molecule], workers: int, threads: int) -> dict[str, Outcomes]:
    """The outcomes of every molecule, by InChIKey."""
    waiting: queue.SimpleQueue[_Molecule] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    done: dict[str, Outcomes] = {}
    if workers == 0:
        _serve(_InThisProcess(), waiting, done, threading.Event(), is_limited=False)
        return done
    stop, troubles = threading.Event(), []

    def work(isolation: Isolation) -> None:
        try:
            _serve(isolation, waiting, done, stop, is_limited=True)
        except BaseException as error:
            troubles.append(error)
            stop.set()
        finally:
            # by the thread that started it: the child dies with that one
            isolation.close()

    with ExitStack() as cleaning:
        isolations = [Isolation(threads=threads) for _ in range(min(workers, len(jobs)))]
        children = [threading.Thread(target=work, args=(one,), daemon=True) for one in isolations]
        cleaning.callback(stop.set)
        for child in children:
            child.start()
        for child in children:
            child.join()
    if troubles:
        if isinstance(troubles[0], OSError):
            raise MolqError(f"a calculation's process: {troubles[0]}") from troubles[0]
        raise troubles[0]
    return done


def _serve(
    calculator: _Calculator,
    waiting: queue.SimpleQueue[_Molecule],
    done: dict[str, Outcomes],
    stop: threading.Event,
    *,
    is_limited: bool,
) -> None:
    while not stop.is_set():
        try:
            job = waiting.get_nowait()
        except queue.Empty:
            return
        done[job.parent.inchikey] = job.outcomes(calculator, is_limited=is_limited)
