"""What all other scores say of a lead's value.

A lead has been computed, so a surrogate that knows its value would explain that value by
itself. Each lead is therefore explained by a surrogate that knows all scores but its own:
the hyper-parameters come from the labels outside a group of leads, and the labels of the
rest of the group are added to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from screening import surrogate
from screening.candidate import Candidate
from screening.explanation.attribution import Attribution, attribution
from screening.store.records import RoundRecord
from screening.surrogate import Surrogate, SurrogateSettings
from screening.surrogate.countprints import CountPrints, Index, row

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

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        parts = self.attribution
        return {
            "recipe": self.recipe,
            "unit": self.unit,
            "computed": self.computed,
            "predicted": parts.prediction,
            "std": self.std,
            "interval_95": list(self.interval),
            "conformal_factor": self.conformal_factor,
            "labels": self.labels,
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
                for near in self.neighbours
            ],
        }


@dataclass(frozen=True)
class Label:
    """What a score teaches, without the score's long record."""

    candidate: Candidate
    value: float  # in ``unit``
    unit: str
    cheap: Mapping[str, float]  # baseline -> value in its unit


def conformal_factor(rounds: Sequence[RoundRecord], recipe: str) -> float:
    """By how much past rounds' errors widen deviations: of the last that says, else 1."""
    for record in reversed(rounds):
        figures = record.summary.get("calibration", {}).get(recipe, {})
        factor = figures.get("conformal_factor")
        if factor is not None:
            return float(factor)
    return 1.0


def forecasts(
    molecules: Iterable[Candidate],
    recipe: str,
    scored: Sequence[Label],
    settings: SurrogateSettings | None,
    factor: float,
) -> dict[str, Forecast | str]:
    """What all other scores say of molecules, or one line why they say nothing.

    Args:
        molecules: those without a label are left out.
        recipe: by name.
        scored: all labels of the recipe.
        settings: of the surrogate; None for the default.
        factor: conformal, of the deviations.

    Returns:
        by InChIKey.

    Raises:
        ValueError: a forecast's parts do not sum to it.
    """
    places = {label.candidate.inchikey: i for i, label in enumerate(scored)}
    # in the order of the results: a group that depended on values would tell of them
    wanted = {places[x.inchikey] for x in molecules if x.inchikey in places}
    found: dict[str, Forecast | str] = {}
    if not wanted:
        return found
    index = Index(CountPrints.of([row(label.candidate.smiles) for label in scored]))
    # groups of all labels, so that a lead's forecast does not depend on who else is asked for
    groups = math.ceil(len(scored) / max(1, len(scored) // _GROUP))
    for group in (range(start, len(scored), groups) for start in range(groups)):
        if wanted.isdisjoint(group):
            continue
        held = set(group)
        rest = [label for i, label in enumerate(scored) if i not in held]
        if len(rest) < 2:
            why = f"{len(scored) - 1} other scores; a forecast needs two"
            found |= {scored[i].candidate.inchikey: why for i in sorted(wanted.intersection(group))}
            continue
        model = surrogate.create(settings)
        model.fit(
            [label.candidate.smiles for label in rest],
            [label.value for label in rest],
            fidelities=_fidelities(rest),
        )
        for i in sorted(wanted.intersection(group)):
            told = _told(model, [scored[other] for other in group if other != i])
            found[scored[i].candidate.inchikey] = _forecast(told, recipe, scored, i, index, factor)
    return found


def _told(model: Surrogate, more: Sequence[Label]) -> Surrogate:
    if not more:
        return model
    return model.conditioned([x.candidate.smiles for x in more], [x.value for x in more])


def _fidelities(labels: Sequence[Label]) -> dict[str, list[float]]:
    names = sorted({name for label in labels for name in label.cheap})
    return {name: [label.cheap.get(name, math.nan) for label in labels] for name in names}


def _forecast(
    model: Surrogate,
    recipe: str,
    scored: Sequence[Label],
    place: int,
    index: Index,
    factor: float,
) -> Forecast:
    label = scored[place]
    smiles = label.candidate.smiles
    alike = index.similarities(CountPrints.of([row(smiles)]))[0, 0]
    order = [int(i) for i in np.argsort(-alike, kind="stable") if i != place]
    return Forecast(
        recipe=recipe,
        unit=label.unit,
        computed=label.value,
        attribution=attribution(model, smiles),
        std=float(model.predict([smiles]).std[0]),
        conformal_factor=factor,
        labels=len(scored) - 1,
        neighbours=tuple(
            Neighbour(scored[i].candidate, float(alike[i]), scored[i].value)
            for i in order[:NEIGHBOURS]
        ),
    )
