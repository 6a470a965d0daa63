"""Scores of a run computed again, from what their records say they were computed from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from screening.compute.evaluation import Job, decode, next_attempt
from screening.compute.executor import Limits
from screening.compute.isolation import Isolation
from screening.failure import Failure
from screening.store.journal import Journal
from screening.store.records import Result
from simulation.docking.settings import DockingSettings
from simulation.score import Score
from simulation.settings import SimulationSettings


@dataclass(frozen=True)
class Reproduced:
    """A score and what came of computing it again."""

    result: Result  # as journalled
    score: Score
    outcome: Score | Failure  # of the second calculation
    cpu_seconds: float  # s, of the second calculation

    @property
    def difference(self) -> float | None:
        """The second value minus the first, in the score's unit; None where it failed."""
        if isinstance(self.outcome, Failure):
            return None
        return self.outcome.value - self.score.value


def draw(journal: Journal, recipes: Sequence[str], number: int, *, seed: int) -> list[Result]:
    """So many of a run's scores at random, each as likely, in the order they were recorded.

    Args:
        journal: open.
        recipes: whose scores are drawn from.
        number: at most.
        seed: of the choice.

    Raises:
        JournalError: a record does not match its checksum.
    """
    ids = np.array(journal.scored_ids(recipes), dtype=np.int64)
    chosen = np.random.default_rng(seed).permutation(len(ids))[:number]
    return list(journal.results_by_id(sorted(int(ids[index]) for index in chosen)))


def reproduce(
    journal: Journal,
    results: Sequence[Result],
    *,
    limits: Limits,
    max_attempts: int,
    sources: Mapping[str, str] | None = None,
    docking: DockingSettings | None = None,
) -> Iterator[Reproduced]:
    """Compute scores again, one by one, each in a child process with the run's limits.

    Molecule, settings and seed are those that the score's record states. Limits are doubled
    where they were for the attempt that gave it. Nothing is written into the run's folder.

    Args:
        journal: they come from.
        results: with scores.
        limits: of one calculation, before any retry.
        max_attempts: of the run.
        sources: ``module:attribute`` of recipes that are not installed.
        docking: of the run, for where its receptor lies now: the folder may have been moved.

    Raises:
        OSError: the machine cannot start a process.
    """
    isolation: Isolation | None = None
    threads = 0
    try:
        for result in results:
            score = result.score
            if score is None:
                continue
            settings = SimulationSettings.model_validate(score.provenance.settings)
            if docking is not None and settings.docking is not None:
                places = {"receptor": docking.receptor, "ligand": docking.ligand}
                there = settings.docking.model_copy(update=places)
                settings = settings.model_copy(update={"docking": there})
            if isolation is None or settings.threads != threads:
                if isolation is not None:
                    isolation.close()
                threads = settings.threads
                isolation = Isolation(threads=threads)
            earlier = journal.failures(result.candidate.inchikey, result.recipe)
            retry = next_attempt(earlier, max_attempts=max_attempts)
            factor = 1 if retry is None else retry.resource_factor
            job = Job(
                id=1,
                inchikey=result.candidate.inchikey,
                smiles=result.candidate.smiles,
                recipes=(result.recipe,),
                settings=settings.model_dump(mode="json"),
                seed=score.provenance.seed,
                time_limit_s=limits.time_limit_s * factor,
                memory_limit_mb=min(limits.memory_limit_mb * factor, limits.largest_memory_mb),
                sources={k: v for k, v in (sources or {}).items() if k == result.recipe},
            )
            (answer,) = isolation.run(job)
            yield Reproduced(result, score, decode(answer.outcome), answer.usage.cpu_seconds)
    finally:
        if isolation is not None:
            isolation.close()
