"""One measure of quality for all arms.

Arms compute the same quantities by different solvers, and a sampled energy may make a
molecule look better than it is. Every score of an active-space recipe carries the exact
value (CASCI) in the same space, so each molecule of each arm is judged by the utility
of its exact values, at no further cost. A score without an active space counts as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from screening.objective import ObjectiveSettings, utilities
from screening.ranking import Lead
from simulation.score import Score


def exact(score: Score) -> float:
    """The value by exact diagonalisation in the score's own space, in its unit."""
    return score.value if score.casci_value is None else score.casci_value


def judged(lead: Lead, objectives: Sequence[ObjectiveSettings]) -> float:
    """The utility of a lead by its exact values, 0 to 1."""
    wanted = {objective.name for objective in objectives}
    values: Mapping[str, float] = {
        **lead.properties,
        **{name: exact(score) for name, score in lead.scores.items()},
    }
    return float(utilities({k: v for k, v in values.items() if k in wanted}, objectives))
