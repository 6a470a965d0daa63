"""What stands behind one lead: the forecast of its value, its wishes, its choice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from screening.explanation.forecast import Forecast, Label, conformal_factor, forecasts
from screening.objective import ObjectiveSettings, recipe_names
from screening.ranking import Lead, RankingSettings
from screening.store.records import Result, RoundRecord, SelectionRecord
from screening.surrogate import SurrogateSettings


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
            "forecasts": [forecast.to_json() for forecast in self.forecasts],
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
    labels: dict[str, list[Label]] = {recipe: [] for recipe in recipe_names(objectives)}
    admits = (ranking or RankingSettings()).admits
    for result in results:
        score = result.score
        if score is not None and result.recipe in labels and admits(score):
            cheap = {name: baseline.value for name, baseline in score.baselines.items()}
            labels[result.recipe].append(Label(result.candidate, score.value, score.unit, cheap))
    known: dict[str, dict[str, Forecast | str]] = {}  # InChIKey -> recipe -> forecast
    for recipe, scored in labels.items():
        factor = conformal_factor(rounds, recipe)
        molecules = [lead.candidate for lead in leads]
        found = forecasts(molecules, recipe, scored, settings, factor)
        for key, forecast in found.items():
            known.setdefault(key, {})[recipe] = forecast
    return [
        Explanation(
            lead,
            tuple(f for f in said.values() if isinstance(f, Forecast)),
            {recipe: f for recipe, f in said.items() if isinstance(f, str)},
            restraints(lead, objectives),
            chosen.get(lead.candidate.inchikey),
        )
        for lead in leads
        for said in [known.get(lead.candidate.inchikey, {})]
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


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
