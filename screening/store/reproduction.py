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
from simulation.atomicunits import HARTREE_EV, HARTREE_KCAL
from simulation.docking.settings import DockingSettings
from simulation.score import Score
from simulation.settings import SimulationSettings

_GROWING = ("vqe", "vqe-circuit")  # solvers whose ansatz may be one that is grown
_ROUNDING_MHA = 1e-6  # mHa, of energies of thousands of Hartree
_HARTREE_IN = {"eV": HARTREE_EV, "V": HARTREE_EV, "kcal/mol": HARTREE_KCAL}


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

    @property
    def exact_difference(self) -> float | None:
        """The same of exact diagonalisation in the active space; None where there is none."""
        if isinstance(self.outcome, Failure):
            return None
        exact, recorded = self.outcome.casci_value, self.score.casci_value
        return None if exact is None or recorded is None else exact - recorded

    @property
    def is_within_solver(self) -> bool:
        """Whether both values are as near to the exact one as the solver was asked to come.

        A trial state that is grown stops at ``target_error_mha`` above the exact energy at
        most; where below that, the last digits of the integrals decide. A score is a
        difference of two such energies, so two of them lie apart by twice that at most.
        """
        if self.difference is None or isinstance(self.outcome, Failure):
            return False
        settings = SimulationSettings.model_validate(self.score.provenance.settings)
        hartree = _HARTREE_IN.get(self.score.unit)
        if settings.solver not in _GROWING or settings.ansatz == "uccsd" or hartree is None:
            return False
        target = settings.target_error_mha + _ROUNDING_MHA
        deviations = [self.score.casci_deviation_mha, self.outcome.casci_deviation_mha]
        return (
            all(deviation is not None and abs(deviation) <= target for deviation in deviations)
            and abs(self.difference) <= 2e-3 * target * hartree
        )


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
