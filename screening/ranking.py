"""From scores to ranked leads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, Field

from screening import scorers
from screening.candidate import Candidate
from screening.filters import FilterSettings, alerts, check
from screening.objective import (
    ObjectiveSettings,
    desirability,
    kind,
    recipe_names,
    utility,
    violations,
)
from screening.review.opinions import Opinion
from simulation.score import Score

Result = tuple[Candidate, Mapping[str, Score], int | None]  # molecule, recipe -> score, round


class RankingSettings(BaseModel):
    """Which scores are compared with each other: the ``[ranking]`` table of a campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sampled: bool = Field(
        default=False,
        description="rank and learn from sampled energies (noisy backends, the solver sqd), which "
        "carry a standard error, as if they were exact",
    )

    def admits(self, score: Score) -> bool:
        """Whether a score may stand beside others: an exact one always, a sampled one if asked."""
        return self.sampled or score.standard_error is None


@dataclass(frozen=True)
class Lead:
    """A ranked molecule that passed."""

    rank: int  # counted from 1
    candidate: Candidate
    utility: float  # 0..1
    desirabilities: dict[str, float]  # objective -> 0..1
    scores: dict[str, Score]  # recipe -> score, those of the objectives first
    properties: dict[str, float]  # scorer -> value in its unit
    round: int | None  # in which it was computed; None outside a campaign
    filters: FilterSettings = field(default_factory=FilterSettings, repr=False)
    review: Opinion | None = None  # what stands of reviewers' words; None where nobody said any

    @property
    def alerts(self) -> tuple[str, ...]:
        """Structural alerts, e.g. ``PAINS: catechol_A(92)``; matched when asked for."""
        return alerts(self.candidate.smiles, self.filters)


@dataclass(frozen=True)
class Exclusion:
    """A computed molecule that is no lead, and why."""

    candidate: Candidate
    reason: str  # one line


def rank(
    results: Iterable[Result],
    objectives: Sequence[ObjectiveSettings],
    filters: FilterSettings | None = None,
    ranking: RankingSettings | None = None,
) -> list[Lead]:
    """Leads by falling utility; equal ones by InChIKey.

    A molecule is no lead when a recipe of the objectives has no finite score for
    it, or a sampled one that is not to be ranked, a hard limit is broken, or the
    filters exclude it (``exclusions`` says why). A score with flags stays a score and
    carries them.

    Args:
        results: molecule, its scores by recipe and the round; of several results
            with one InChIKey the first counts.
        objectives: the wishes.
        filters: limits and alert catalogues; ``None`` for no limits and both
            catalogues flagged.
        ranking: which scores are compared; ``None`` for exact ones alone.

    Raises:
        ValueError: no objective is given.
    """
    judged = _judged(results, objectives, filters, ranking)
    leads = [entry for entry in judged if isinstance(entry, Lead)]
    leads.sort(key=lambda lead: (-lead.utility, lead.candidate.inchikey))
    return [replace(lead, rank=position) for position, lead in enumerate(leads, 1)]


def exclusions(
    results: Iterable[Result],
    objectives: Sequence[ObjectiveSettings],
    filters: FilterSettings | None = None,
    ranking: RankingSettings | None = None,
) -> list[Exclusion]:
    """The molecules that ``rank`` leaves out, in the order of the results."""
    judged = _judged(results, objectives, filters, ranking)
    return [entry for entry in judged if isinstance(entry, Exclusion)]


def _judged(
    results: Iterable[Result],
    objectives: Sequence[ObjectiveSettings],
    filters: FilterSettings | None,
    ranking: RankingSettings | None,
) -> list[Lead | Exclusion]:
    if not objectives:
        raise ValueError("no objective is given; add an [[objective]] table")
    settings, comparable = filters or FilterSettings(), ranking or RankingSettings()
    judged: dict[str, Lead | Exclusion] = {}
    for candidate, scores, round_ in results:
        if candidate.inchikey not in judged:
            judged[candidate.inchikey] = _judge(
                candidate, scores, round_, objectives, settings, comparable
            )
    return list(judged.values())


def _judge(
    candidate: Candidate,
    scores: Mapping[str, Score],
    round_: int | None,
    objectives: Sequence[ObjectiveSettings],
    filters: FilterSettings,
    ranking: RankingSettings,
) -> Lead | Exclusion:
    for name in recipe_names(objectives):
        if name not in scores:
            return Exclusion(candidate, f"no score by the recipe {name}")
        if not math.isfinite(scores[name].value):
            return Exclusion(candidate, f"the score by the recipe {name} is not finite")
        if not ranking.admits(scores[name]):
            reason = "is sampled; [ranking] sampled = true ranks it"
            return Exclusion(candidate, f"the score by the recipe {name} {reason}")
    properties = {
        o.name: scorers.value(o.name, candidate.smiles, o.settings)
        for o in objectives
        if kind(o.name) == "scorer"
    }
    values = {**properties, **{name: scores[name].value for name in recipe_names(objectives)}}
    broken = violations(values, objectives)
    if broken:
        return Exclusion(candidate, "; ".join(broken))
    refused = check(candidate, filters)
    if refused is not None:
        return Exclusion(candidate, refused.message)
    desirabilities = {o.name: float(desirability(values[o.name], o)) for o in objectives}
    return Lead(
        rank=0,
        candidate=candidate,
        utility=float(utility(list(desirabilities.values()), [o.weight for o in objectives])),
        desirabilities=desirabilities,
        scores={**{name: scores[name] for name in recipe_names(objectives)}, **scores},
        properties=properties,
        round=round_,
        filters=filters,
    )
