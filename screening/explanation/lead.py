"""What stands behind one lead: the prediction, its neighbours, its wishes, its choice.

A lead has been computed, so a surrogate that knows its value would explain that value by
itself. Each lead is therefore explained by a surrogate that knows all scores but its own:
the hyper-parameters come from the labels outside a group of leads, and the labels of the
rest of the group are added to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from screening import surrogate
from screening.candidate import Candidate
from screening.explanation.attribution import Attribution, attribution
from screening.objective import ObjectiveSettings, recipe_names
from screening.ranking import Lead, RankingSettings
from screening.records import Result, RoundRecord, SelectionRecord
from screening.surrogate import Surrogate, SurrogateSettings
from screening.surrogate.countprints import CountPrints, Index, row
from simulation.score import Score

NEIGHBOURS = 3
LEVEL = 1.959964  # standard deviations of a 95 % interval
_GROUP = 5  # a group holds at most this part of the labels


@dataclass(frozen=True)
class Neighbour:
    """A scored molecule that is like the explained one."""

    candidate: Candidate
    similarity: float  # MinMax of counted Morgan environments of radius 2, 0..1
    value: float  # in the recipe's unit


@dataclass(frozen=True)
class Forecast:
    """What all other scores say of a lead's value, all in the recipe's unit."""

    recipe: str
    unit: str
    computed: float
    attribution: Attribution
    std: float  # of a new value, as the surrogate has it
    conformal_factor: float  # by which past errors widen it; 1 where too few are known
    labels: int  # other scores it rests on
    neighbours: tuple[Neighbour, ...]  # the most similar first

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, corrected by the conformal factor."""
        half = LEVEL * self.conformal_factor * self.std
        return self.attribution.prediction - half, self.attribution.prediction + half


@dataclass(frozen=True)
class Restraint:
    """How far one wish holds a lead's utility below 1."""

    objective: str
    desirability: float  # 0..1
    share: float  # of the utility's logarithm, 0..1; they sum to 1 where the utility is below 1
    utility_if_met: float  # with this desirability 1 and the others as they are


@dataclass(frozen=True)
class Explanation:
    """Everything that is known about why a molecule is a lead."""

    lead: Lead
    forecasts: tuple[Forecast, ...]  # one for each recipe of the objectives that has one
    unexplained: Mapping[str, str]  # recipe without a forecast -> why, one line
    restraints: tuple[Restraint, ...]  # the one that holds it back most first
    selection: SelectionRecord | None  # why its round chose it; None outside a campaign

    @property
    def limiting(self) -> Restraint | None:
        """The wish that holds it back most, None where all are met in full."""
        first = self.restraints[0] if self.restraints else None
        return first if first is not None and first.share > 0 else None

    @property
    def rests_on(self) -> str:
        """One line: how many scores the forecasts rest on, and how near they are."""
        lines = []
        for forecast in self.forecasts:
            near = forecast.neighbours[0].similarity
            lines.append(
                f"{forecast.recipe}: {forecast.labels} other scores, the nearest at "
                f"similarity {near:.2f}"
            )
        lines += [f"{recipe}: {reason}" for recipe, reason in self.unexplained.items()]
        return "; ".join(lines) or "exact properties alone"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        chosen = self.selection
        return {
            "rank": self.lead.rank,
            "name": self.lead.candidate.name,
            "smiles": self.lead.candidate.smiles,
            "inchikey": self.lead.candidate.inchikey,
            "utility": self.lead.utility,
            "forecasts": [_forecast_json(forecast) for forecast in self.forecasts],
            "unexplained": dict(self.unexplained),
            "objectives": [
                {key: _finite(value) for key, value in asdict(restraint).items()}
                for restraint in self.restraints
            ],
            "limiting": None if self.limiting is None else self.limiting.objective,
            "choice": None if chosen is None else _choice_json(chosen),
        }


def explain(
    leads: Sequence[Lead],
    *,
    results: Iterable[Result],
    selections: Iterable[SelectionRecord],
    rounds: Sequence[RoundRecord],
    objectives: Sequence[ObjectiveSettings],
    settings: SurrogateSettings | None = None,
    ranking: RankingSettings | None = None,
) -> list[Explanation]:
    """Explain leads, in the order given.

    Args:
        leads: to explain.
        results: all of the run.
        selections: all of the run; empty for a screen.
        rounds: all of the run; empty for a screen.
        objectives: the wishes.
        settings: of the surrogate; None for the default.
        ranking: which scores may be learned from; None for exact ones alone.

    Raises:
        ValueError: a forecast's parts do not sum to it.
    """
    chosen = {record.candidate.inchikey: record for record in selections}
    scores: dict[str, list[tuple[Candidate, Score]]] = {}
    admits = (ranking or RankingSettings()).admits
    for result in results:
        if result.score is not None and admits(result.score):
            scores.setdefault(result.recipe, []).append((result.candidate, result.score))
    forecasts: dict[str, dict[str, Forecast | str]] = {}  # InChIKey -> recipe -> forecast
    for recipe in recipe_names(objectives):
        factor = conformal_factor(rounds, recipe)
        found = _forecasts(leads, recipe, scores.get(recipe, []), settings, factor)
        for key, forecast in found.items():
            forecasts.setdefault(key, {})[recipe] = forecast
    return [
        Explanation(
            lead,
            tuple(f for f in known.values() if isinstance(f, Forecast)),
            {recipe: f for recipe, f in known.items() if isinstance(f, str)},
            restraints(lead, objectives),
            chosen.get(lead.candidate.inchikey),
        )
        for lead in leads
        for known in [forecasts.get(lead.candidate.inchikey, {})]
    ]


def restraints(lead: Lead, objectives: Sequence[ObjectiveSettings]) -> tuple[Restraint, ...]:
    """How far each wish holds a lead back, the most first.

    The utility is prod_i d_i^(w_i / sum w), so that -w_i ln d_i is what wish i costs.
    """
    weights = {o.name: o.weight / sum(o.weight for o in objectives) for o in objectives}
    met = lead.desirabilities
    costs = {
        name: -weight * math.log(met[name]) if met[name] > 0 else math.inf
        for name, weight in weights.items()
    }
    failed = sum(math.isinf(cost) for cost in costs.values())
    total = sum(costs.values())
    found = []
    for name, cost in costs.items():
        if failed:
            share = 1 / failed if math.isinf(cost) else 0.0
        else:
            share = cost / total if total > 0 else 0.0
        rest = sum(other for key, other in costs.items() if key != name)
        found.append(Restraint(name, met[name], share, math.exp(-rest)))
    return tuple(sorted(found, key=lambda restraint: -restraint.share))


def conformal_factor(rounds: Sequence[RoundRecord], recipe: str) -> float:
    """By how much past rounds' errors widen deviations: of the last that says, else 1."""
    for record in reversed(rounds):
        figures = record.summary.get("calibration", {}).get(recipe, {})
        factor = figures.get("conformal_factor")
        if factor is not None:
            return float(factor)
    return 1.0


def _forecasts(
    leads: Sequence[Lead],
    recipe: str,
    scored: Sequence[tuple[Candidate, Score]],
    settings: SurrogateSettings | None,
    factor: float,
) -> dict[str, Forecast | str]:
    """By InChIKey: what all other scores say, or why they say nothing."""
    places = {candidate.inchikey: i for i, (candidate, _) in enumerate(scored)}
    # in the order of the results: a group that depended on values would tell of them
    wanted = sorted(places[x.candidate.inchikey] for x in leads if x.candidate.inchikey in places)
    found: dict[str, Forecast | str] = {}
    if not wanted:
        return found
    index = Index(CountPrints.of([row(candidate.smiles) for candidate, _ in scored]))
    groups = math.ceil(len(wanted) / max(1, len(scored) // _GROUP))
    for group in (wanted[start::groups] for start in range(groups)):
        rest = [i for i in range(len(scored)) if i not in set(group)]
        if len(rest) < 2:
            for i in group:
                found[scored[i][0].inchikey] = (
                    f"{len(scored) - 1} other scores; a forecast needs two"
                )
            continue
        model = surrogate.create(settings)
        model.fit(
            [scored[i][0].smiles for i in rest],
            [scored[i][1].value for i in rest],
            fidelities=_fidelities([scored[i][1] for i in rest]),
        )
        for i in group:
            told = _told(model, [scored[j] for j in group if j != i])
            found[scored[i][0].inchikey] = _forecast(told, recipe, scored, i, index, factor)
    return found


def _told(model: Surrogate, more: Sequence[tuple[Candidate, Score]]) -> Surrogate:
    if not more:
        return model
    return model.conditioned([c.smiles for c, _ in more], [score.value for _, score in more])


def _fidelities(scores: Sequence[Score]) -> dict[str, list[float]]:
    names = sorted({name for score in scores for name in score.baselines})
    return {
        name: [s.baselines[name].value if name in s.baselines else math.nan for s in scores]
        for name in names
    }


def _forecast(
    model: Surrogate,
    recipe: str,
    scored: Sequence[tuple[Candidate, Score]],
    place: int,
    index: Index,
    factor: float,
) -> Forecast:
    candidate, score = scored[place]
    alike = index.similarities(CountPrints.of([row(candidate.smiles)]))[0, 0]
    order = [int(i) for i in np.argsort(-alike, kind="stable") if i != place]
    return Forecast(
        recipe=recipe,
        unit=score.unit,
        computed=score.value,
        attribution=attribution(model, candidate.smiles),
        std=float(model.predict([candidate.smiles]).std[0]),
        conformal_factor=factor,
        labels=len(scored) - 1,
        neighbours=tuple(
            Neighbour(scored[i][0], float(alike[i]), scored[i][1].value) for i in order[:NEIGHBOURS]
        ),
    )


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _forecast_json(forecast: Forecast) -> dict[str, Any]:
    parts = forecast.attribution
    return {
        "recipe": forecast.recipe,
        "unit": forecast.unit,
        "computed": forecast.computed,
        "predicted": parts.prediction,
        "std": forecast.std,
        "interval_95": list(forecast.interval),
        "conformal_factor": forecast.conformal_factor,
        "labels": forecast.labels,
        "attribution": {
            "method": parts.method,
            "smiles": parts.smiles,
            "baseline": parts.baseline,
            "atoms": [float(share) for share in parts.atoms],
            "whole": {part.name: part.share for part in parts.whole},
            "sum": parts.total,
        },
        "neighbours": [
            {
                "inchikey": near.candidate.inchikey,
                "name": near.candidate.name,
                "smiles": near.candidate.smiles,
                "similarity": near.similarity,
                "value": near.value,
            }
            for near in forecast.neighbours
        ],
    }


def _choice_json(chosen: SelectionRecord) -> dict[str, Any]:
    return {
        "round": chosen.round,
        "position": chosen.position,
        "reason": chosen.reason,
        "predicted": {
            recipe: {"mean": mean, "std": std} for recipe, (mean, std) in chosen.predicted.items()
        },
        "utility_mean": chosen.utility_mean,
        "utility_std": chosen.utility_std,
        "facts": {key: _finite(value) for key, value in chosen.facts.items()},
    }
