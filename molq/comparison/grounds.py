"""What a lead rests on: where its value comes from, and what chose it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from molq.leadtable import label
from molq.report.words import small, solver_words
from molq.uncertainty import stated
from screening.explanation import Explanation
from simulation.score import Score

Chosen = Literal["surrogate", "structure", "chance"]

CHOSEN: dict[Chosen, str] = {
    "surrogate": "the surrogate's prediction",
    "structure": "distance from the rest of the first batch",
    "chance": "chance",
}


@dataclass(frozen=True)
class Grounds:
    """One lead of one run."""

    rank: int  # in its own run
    inchikey: str
    smiles: str
    label: str
    utility: float  # by the run's own scores, 0..1
    judged: float  # by the common yardstick, 0..1
    value: str  # what the value rests on, one line
    chosen: Chosen  # what chose it
    reason: str  # why, in the words of its round
    explanation: str  # what its explanation rests on, one line


def of(explanation: Explanation, judged: float, *, random: bool) -> Grounds:
    """What a lead rests on.

    Args:
        explanation: of the lead in its run.
        judged: by the common yardstick.
        random: whether the run chooses at random.
    """
    lead, selection = explanation.lead, explanation.selection
    chosen: Chosen = "structure"
    if random:
        chosen = "chance"
    elif selection is not None and selection.predicted:
        chosen = "surrogate"
    return Grounds(
        rank=lead.rank,
        inchikey=lead.candidate.inchikey,
        smiles=lead.candidate.smiles,
        label=label(lead),
        utility=lead.utility,
        judged=judged,
        value="; ".join(value_basis(score) for score in lead.scores.values()) or "exact properties",
        chosen=chosen,
        reason=selection.reason if selection is not None else "",
        explanation=explanation.rests_on,
    )


def value_basis(score: Score) -> str:
    """What a score's value rests on, in one line."""
    parts = [_energies(score)]
    quantum = [abs(t.contribution) for t in score.contributions if t.kind == "quantum"]
    if score.contributions:
        everything = sum(abs(t.contribution) for t in score.contributions)
        share = 100 * sum(quantum) / everything if everything else 0.0
        parts.append(f"{share:.0f} % of its terms are quantum")
    return f"{score.recipe}: {', '.join(parts)}"


def _energies(score: Score) -> str:
    if score.active_space is None or score.casci_value is None:
        return "no active space is solved"
    space = f"({score.active_space.electrons}e, {score.active_space.orbitals}o)"
    if score.solver == "casci":
        return f"exact diagonalisation of {space}"
    solver = f"{solver_words(score.solver)} of {space}"
    if score.standard_error is not None:
        error = stated(score.value, score.standard_error)
        where = f" on {score.backend}" if score.backend != "exact" else ""
        return f"{solver} sampled{where}, {error} {score.unit}"
    deviation = small(abs(score.casci_deviation_mha or 0.0), 3)
    return f"{solver} without noise, {deviation} mHa from exact"


def summary(leads: Sequence[Grounds], runs: int = 1) -> str:
    """What the leads of one arm rest on together.

    Args:
        leads: the best of each run.
        runs: how many they come from.
    """
    if not leads:
        return "no lead"
    counts = Counter(lead.chosen for lead in leads)
    by = ", ".join(f"{number} by {CHOSEN[name]}" for name, number in counts.most_common())
    whose = f" of {runs} runs" if runs > 1 else ""
    return f"best {len(leads)}{whose} chosen: {by}"
