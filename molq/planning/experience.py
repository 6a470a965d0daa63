"""What runs of before teach: their journals, read for what a plan wants to know."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from molq.campaignfile import CampaignFile, RunFile
from molq.reading import journal_of, leads_of, settings_of
from screening.objective import ObjectiveSettings
from screening.store.database import FILE
from screening.store.journal import Journal
from simulation.settings import SimulationSettings

MOST_USAGES = 20_000
"""Latest attempts of a run that are learned from."""

MOST_RANKED = 5_000
"""Results beyond which a run's hits are not counted: every score would be read."""

COST_KEYS = (
    "conformers", "conformer_search", "solvent", "basis", "density_fit", "solver", "ansatz",
    "layers", "target_error_mha", "backend", "precision_mha", "threads",
)  # fmt: skip
"""Settings of a calculation that decide what it takes."""


@dataclass(frozen=True)
class Usage:
    """What one attempt took."""

    smiles: str
    recipe: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float


@dataclass(frozen=True)
class CircuitSeen:
    """The circuit of one energy of a score."""

    orbitals: int
    n_alpha: int
    n_beta: int
    qubits: int
    two_qubit_gates: int
    depth: int


@dataclass(frozen=True)
class Experience:
    """One finished or unfinished run."""

    directory: str
    name: str
    processor: str | None
    simulation: SimulationSettings
    steps: tuple[str, ...]  # computed of a molecule, in order
    objectives: tuple[ObjectiveSettings, ...]
    hit_utility: float
    usages: tuple[Usage, ...]
    attempts: int
    results: int
    failed: int
    passed: dict[str, tuple[int, int]]  # stage -> molecules that went on, and that were cut
    hits: tuple[int, int] | None  # molecules that count as hits, of those ranked
    round_seconds: float | None  # wall clock, between rounds; None where there were not two
    result_bytes: float | None  # of the journal; None for a run of few results
    circuits: tuple[CircuitSeen, ...]


_FEW = 20  # results from which a journal's size says what one takes
_MOST_SCORES = 300  # read for their circuits


def read(directory: Path) -> Experience:
    """What a run teaches.

    Raises:
        CallError: there is no run.
        MolqError: its journal is damaged, or of another version.
    """
    with journal_of(directory) as journal:
        file = settings_of(journal)
        steps = file.way.steps
        counts = journal.counts(steps)
        size = (directory / FILE).stat().st_size
        results = counts["scored"] + counts["failed"]
        return Experience(
            directory=str(directory),
            name=file.name,
            processor=journal.environment().get("processor"),
            simulation=file.simulation,
            steps=steps,
            objectives=file.objective,
            hit_utility=file.report.hit_utility,
            usages=tuple(Usage(*usage) for usage in journal.usages(MOST_USAGES)),
            attempts=counts["attempts"],
            results=results,
            failed=counts["failed"],
            passed=_passed(journal, file),
            hits=_hits(journal, file, results),
            round_seconds=_round_seconds(journal),
            result_bytes=size / results if results >= _FEW else None,
            circuits=tuple(_circuits(journal, file)),
        )


def differing(one: SimulationSettings, other: SimulationSettings) -> list[str]:
    """The settings that decide what a calculation takes and differ."""
    return [key for key in COST_KEYS if getattr(one, key) != getattr(other, key)]


def _passed(journal: Journal, file: RunFile) -> dict[str, tuple[int, int]]:
    cuts = journal.cut_counts()
    outcomes = journal.outcome_counts()
    found = {}
    for stage in file.funnel:
        if stage.kind == "recipe" and stage.stage in outcomes:
            scored = outcomes[stage.stage][0]
            cut = cuts.get(stage.stage, 0)
            found[f"{stage.stage} {stage.cut}"] = (max(0, scored - cut), cut)
    return found


def _hits(journal: Journal, file: RunFile, results: int) -> tuple[int, int] | None:
    if not file.objective or not 0 < results <= MOST_RANKED:
        return None
    leads = leads_of(journal, file).leads
    if not leads:
        return None
    hits = sum(lead.utility >= file.report.hit_utility for lead in leads)
    # what failed was computed as well, and is no hit
    return hits, max(len(leads), results // max(1, len(file.recipes)))


def _round_seconds(journal: Journal) -> float | None:
    """Wall-clock seconds from the end of a round to the beginning of the next one."""
    rounds = [r for r in journal.rounds() if r.finished is not None]
    gaps = []
    for before, after in itertools.pairwise(rounds):
        assert before.finished is not None
        gap = _time(after.started) - _time(before.finished)
        if 0 <= gap < 3600:  # an interrupted run stood still
            gaps.append(gap)
    return statistics.median(gaps) if gaps else None


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _circuits(journal: Journal, file: RunFile) -> Iterator[CircuitSeen]:
    if not isinstance(file, CampaignFile) and not file.recipes:
        return
    ids = journal.scored_ids(file.recipes)[:_MOST_SCORES]
    for result in journal.results_by_id(ids):
        if result.score is None:
            continue
        for site in result.score.sites:
            space = site.active_space
            for solved in site.solutions:
                if solved.circuit is None or space is None or solved.reduced is not None:
                    continue
                yield CircuitSeen(
                    space.orbitals,
                    solved.n_alpha,
                    solved.n_beta,
                    solved.circuit.qubits,
                    solved.circuit.two_qubit_gates,
                    solved.circuit.depth,
                )


def of_the_same(
    experiences: Sequence[Experience], simulation: SimulationSettings
) -> tuple[list[Experience], list[str]]:
    """The runs whose calculations were of the same kind, and a line for each other one."""
    kept, notes = [], []
    for one in experiences:
        other = differing(one.simulation, simulation)
        if other:
            shown = ", ".join(
                f"{key} {getattr(one.simulation, key)} instead of {getattr(simulation, key)}"
                for key in other
            )
            notes.append(f"{one.directory} is not learned from: it computed with {shown}")
        else:
            kept.append(one)
    return kept, notes
