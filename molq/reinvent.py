"""What REINVENT 4 asks of a program that scores for it.

Its scoring component ``ExternalProcess`` starts the program once a step, writes the molecules'
SMILES to its standard input, one a line, and reads one JSON document from its standard output:

    {"version": 1, "payload": {"predictions": [0.91, NaN], ...}}

A list a key, a place a molecule. ``params.property`` of an endpoint names the key that is the
score (always ``predictions`` in its first versions), the other keys become columns of its CSV
file. A score that could not be had is NaN, never 0 (``ComponentResults``). NaN is left out of
REINVENT's weighted mean, so a molecule that a recipe is not for would be judged by the other
components alone: see ``outside`` and ``utilities``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from molq.batchscoring import Answered
from screening.candidate import Candidate
from screening.failure import Failure
from screening.filters import FilterSettings
from screening.objective import ObjectiveSettings, desirability
from screening.ranking import RankingSettings, exclusions, rank

VERSION = 1
PREDICTIONS = "predictions"
"""The key that the first versions of the component read."""

UTILITY = "utility"
DESIRABILITY = "desirability"
FAILURE = "failure"

Payload = dict[str, list[Any]]


def raw(answers: Sequence[Answered], names: Sequence[str], outside: float = math.nan) -> Payload:
    """The values as they are, a key for each recipe and scorer.

    Args:
        answers: of the molecules, in their order.
        names: recipes and scorers; the first one's values are ``predictions`` as well.
        outside: what stands for a molecule that a recipe is not for, in the recipe's unit,
            e.g. one that the transform turns into 0; NaN for nothing.
    """
    payload: Payload = {name: [_value(one, name, outside) for one in answers] for name in names}
    payload[PREDICTIONS] = list(payload[names[0]])
    payload[FAILURE] = [_failures(one, names) for one in answers]
    return payload


def utilities(
    answers: Sequence[Answered],
    objectives: Sequence[ObjectiveSettings],
    filters: FilterSettings,
    ranking: RankingSettings,
) -> Payload:
    """The utility that a campaign gives each molecule, 0 to 1, and what it is made of.

    It needs no transform in REINVENT. A molecule that breaks a hard limit or a filter of the
    campaign, or that a recipe is not for, has the utility 0, as it is no lead; one whose
    calculation failed has NaN, as nothing is known of it.

    Args:
        answers: of the molecules, in their order.
        objectives: the wishes.
        filters: of the campaign.
        ranking: of the campaign.
    """
    payload: Payload = {UTILITY: []}
    for wish in objectives:
        payload[wish.name] = [one.value(wish.name) for one in answers]
        payload[f"{wish.name} {DESIRABILITY}"] = [_desirability(one, wish) for one in answers]
    judged = [_judged(one, objectives, filters, ranking) for one in answers]
    payload[UTILITY] = [value for value, _ in judged]
    payload[FAILURE] = [reason for _, reason in judged]
    payload[PREDICTIONS] = list(payload[UTILITY])
    return payload


def document(payload: Payload) -> str:
    """The one line that REINVENT reads; NaN as Python's JSON writes and reads it."""
    return json.dumps({"version": VERSION, "payload": payload})


def _value(answer: Answered, name: str, outside: float) -> float:
    failure = answer.failures.get(name)
    if failure is not None:
        return outside if failure.kind == "input" else math.nan
    return answer.value(name)


def _failures(answer: Answered, names: Sequence[str]) -> str:
    found = {name: answer.failures[name] for name in names if name in answer.failures}
    if answer.parent is None:
        return next(iter(found.values())).message if found else ""
    return "; ".join(f"{name}: {failure.message}" for name, failure in found.items())


def _desirability(answer: Answered, wish: ObjectiveSettings) -> float:
    failure = answer.failures.get(wish.name)
    if failure is not None:
        return _without_value(failure)
    return float(desirability(answer.value(wish.name), wish))


def _without_value(failure: Failure) -> float:
    return 0.0 if failure.kind == "input" else math.nan


def _judged(
    answer: Answered,
    objectives: Sequence[ObjectiveSettings],
    filters: FilterSettings,
    ranking: RankingSettings,
) -> tuple[float, str]:
    """The utility, and why there is none or it is 0; "" for neither."""
    names = [wish.name for wish in objectives]
    missing = [_without_value(answer.failures[name]) for name in names if name in answer.failures]
    if missing:
        return (0.0 if 0.0 in missing else math.nan), _failures(answer, names)
    assert answer.parent is not None
    parent = answer.parent
    candidate = Candidate(parent.inchikey, parent.smiles, "", "generator")
    result = [(candidate, dict(answer.scores), None)]
    for lead in rank(result, objectives, filters, ranking):
        return lead.utility, ""
    (excluded,) = exclusions(result, objectives, filters, ranking)
    return 0.0, excluded.reason
