"""``molq reproduce``: sampled scores of a run computed again, and how far they come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from molq.errors import CallError, MolqError
from molq.leadtable import called
from molq.reading import journal_of, settings_of
from molq.verifying import other_versions
from screening.compute import machine
from screening.compute.executor import MOST_PER_JOB_MB, Limits
from screening.failure import Failure
from screening.store.reproduction import Reproduced, draw, reproduce
from simulation.settings import is_simulated

SAMPLE, TOLERANCE = 5, 1e-3

Verdict = Literal["same value", "same exact value", "differs", "failed"]
"""Within the tolerance; only by exact diagonalisation, and the solver within its own
target of it both times; neither; no value."""


@dataclass(frozen=True)
class ReproducedScore:
    """A recorded value beside the one computed from the same inputs now."""

    molecule: str
    smiles: str
    inchikey: str
    recipe: str
    unit: str
    seed: int
    recorded: float  # in ``unit``
    value: float | None  # in ``unit``, computed now; None where that failed
    difference: float | None  # in ``unit``; None where it failed
    exact_difference: float | None  # in ``unit``, of exact diagonalisation; None without one
    verdict: Verdict
    failure: str  # why there is none, "" where there is one
    versions: tuple[str, ...]  # packages that are others than those of the record
    cpu_seconds: float  # s, of the calculation now


@dataclass(frozen=True)
class Reproduction:
    """What came of computing some of a run's scores again."""

    directory: str
    seed: int  # of the choice
    tolerance: float  # in the unit of each score
    scores: tuple[ReproducedScore, ...]
    left_out: int  # drawn, but computed on a remote device

    @property
    def largest(self) -> ReproducedScore | None:
        """The one that came out farthest, None where none came out."""
        found = [score for score in self.scores if score.difference is not None]
        return max(found, key=lambda score: abs(score.difference or 0.0), default=None)

    @property
    def holds(self) -> bool:
        """Whether each came out within the tolerance, by its value or by its exact value."""
        return all(score.verdict in ("same value", "same exact value") for score in self.scores)

    @property
    def largest_exact(self) -> ReproducedScore | None:
        """The one whose exact diagonalisation came out farthest, None without one."""
        found = [score for score in self.scores if score.exact_difference is not None]
        return max(found, key=lambda score: abs(score.exact_difference or 0.0), default=None)

    @property
    def versions(self) -> tuple[str, ...]:
        """Packages of which another version computed a score than is installed here."""
        return tuple(dict.fromkeys(line for score in self.scores for line in score.versions))

    def rows(self) -> list[list[str]]:
        """The cells of a table: molecule, recipe, both values, the differences, the seed."""
        return [
            [
                score.molecule,
                score.recipe,
                f"{score.recorded:.6f}",
                "–" if score.value is None else f"{score.value:.6f}",
                _small(score.difference),
                _small(score.exact_difference),
                score.unit,
                str(score.seed),
                score.failure,
            ]
            for score in self.scores
        ]

    def conclusion(self) -> list[str]:
        """What it comes to, in lines."""
        lines = []
        if not self.scores:
            lines.append("no score to compute again")
        failed = sum(score.difference is None for score in self.scores)
        if failed:
            lines.append(f"{failed} of {len(self.scores)} could not be computed again")
        largest = self.largest
        if largest is not None:
            lines.append(
                f"largest difference {abs(largest.difference or 0.0):.1e} {largest.unit} "
                f"({largest.molecule}, {largest.recipe}); tolerance {self.tolerance:.1e}"
            )
        exact = self.largest_exact
        if exact is not None:
            lines.append(
                "largest difference of exact diagonalisation "
                f"{abs(exact.exact_difference or 0.0):.1e} {exact.unit} ({exact.molecule})"
            )
        by_exact = sum(score.verdict == "same exact value" for score in self.scores)
        if by_exact:
            lines.append(
                f"by more than the tolerance {by_exact} of {len(self.scores)} differ, whose exact "
                "diagonalisation agrees: the trial state ends anywhere within target_error_mha "
                "of that energy, and did both times"
            )
        if self.left_out:
            lines.append(f"{self.left_out} drawn of a remote device were left out")
        if self.versions:
            lines.append(f"other versions here: {', '.join(self.versions)}")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "directory": self.directory,
            "seed": self.seed,
            "tolerance": self.tolerance,
            "holds": self.holds,
            "largest": None if self.largest is None else self.largest.difference,
            "versions": list(self.versions),
            "left_out": self.left_out,
            "scores": [vars(score) for score in self.scores],
        }

    def _repr_html_(self) -> str:
        from molq.notebook import table

        header = [
            "molecule",
            "recipe",
            "recorded",
            "now",
            "difference",
            "exact",
            "unit",
            "seed",
            "",
        ]
        return table(header, self.rows())


def reproduced(
    directory: Path,
    sample: int = SAMPLE,
    *,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    on_score: Callable[[ReproducedScore], None] | None = None,
) -> Reproduction:
    """Compute some of a run's scores again.

    Args:
        directory: of the run, which may be going on; nothing is written there.
        sample: how many, drawn at random.
        seed: of the choice.
        tolerance: by how much a value may differ, in its unit. One that differs by more still
            holds where exact diagonalisation agrees so far and the solver was within its
            ``target_error_mha`` both times.
        on_score: called with each as it is computed.

    Raises:
        CallError: there is no run, or a number makes no sense.
        MolqError: the journal is damaged, or no process can be started.
    """
    if sample < 1 or not tolerance >= 0:
        raise CallError("reproduce: give a sample of 1 at least and a tolerance of 0 or more")
    with journal_of(directory) as journal:
        file = settings_of(journal)
        drawn = draw(journal, file.recipes, sample, seed=seed)
        here = [r for r in drawn if r.score and is_simulated(r.score.backend)]
        largest = machine.memory_mb()
        limits = Limits(
            file.compute.time_limit_s,
            file.compute.memory_limit_mb or min(MOST_PER_JOB_MB, largest),
            largest,
        )
        found = []
        try:
            for one in reproduce(
                journal,
                here,
                limits=limits,
                max_attempts=file.compute.max_attempts,
                docking=file.simulation.docking,
            ):
                found.append(_stated(one, tolerance))
                if on_score is not None:
                    on_score(found[-1])
        except (OSError, ValueError) as error:
            raise MolqError(f"{directory}: {' '.join(str(error).split())}") from error
    return Reproduction(str(directory), seed, tolerance, tuple(found), len(drawn) - len(here))


def _small(difference: float | None) -> str:
    return "–" if difference is None else f"{difference:+.1e}"


def _verdict(one: Reproduced, tolerance: float) -> Verdict:
    if one.difference is None:
        return "failed"
    if abs(one.difference) <= tolerance:
        return "same value"
    exact = one.exact_difference
    if exact is not None and abs(exact) <= tolerance and one.is_within_solver:
        return "same exact value"
    return "differs"


def _stated(one: Reproduced, tolerance: float) -> ReproducedScore:
    outcome, candidate = one.outcome, one.result.candidate
    return ReproducedScore(
        molecule=called(candidate),
        smiles=candidate.smiles,
        inchikey=candidate.inchikey,
        recipe=one.result.recipe,
        unit=one.score.unit,
        seed=one.score.provenance.seed,
        recorded=one.score.value,
        value=None if isinstance(outcome, Failure) else outcome.value,
        difference=one.difference,
        exact_difference=one.exact_difference,
        verdict=_verdict(one, tolerance),
        failure=outcome.message if isinstance(outcome, Failure) else "",
        versions=tuple(other_versions(one.score.provenance.versions)),
        cpu_seconds=one.cpu_seconds,
    )
