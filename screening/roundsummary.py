"""The figures of a finished round: what it found, and how good the predictions were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from screening.ranking import Lead
from screening.records import Result, SelectionRecord


def summarise(
    selections: Sequence[SelectionRecord], results: Sequence[Result], leads: Sequence[Lead]
) -> dict[str, Any]:
    """Plain JSON figures of a round.

    Args:
        selections: what the round chose.
        results: of this round.
        leads: of all rounds up to this one, ranked.

    Returns:
        ``evaluated`` molecules, ``scored`` and ``failed`` results, the ``best_utility``
        so far with its ``best_inchikey``, the ``mean_utility`` of the round's molecules
        that rank, the ``predicted_utility`` it was chosen for, and for each recipe the
        ``calibration`` of the predictions.
    """
    chosen = {selection.candidate.inchikey for selection in selections}
    utilities = [lead.utility for lead in leads if lead.candidate.inchikey in chosen]
    best = leads[0] if leads else None
    return {
        "evaluated": len(selections),
        "proposed": sum(1 for s in selections if s.candidate.origin == "generator"),
        "scored": sum(1 for result in results if result.score is not None),
        "failed": sum(1 for result in results if result.score is None),
        "leads": len(leads),
        "best_utility": None if best is None else best.utility,
        "best_inchikey": None if best is None else best.candidate.inchikey,
        "round_best_utility": max(utilities, default=None),
        "mean_utility": float(np.mean(utilities)) if utilities else None,
        "predicted_utility": (
            float(np.mean([s.utility_mean for s in selections])) if selections else None
        ),
        "cpu_seconds": math.fsum(result.cpu_seconds for result in results),
        "calibration": _calibration(selections, results),
    }


def _calibration(
    selections: Sequence[SelectionRecord], results: Sequence[Result]
) -> dict[str, dict[str, float]]:
    """Predicted against computed, by recipe: ``n``, ``rmse`` and ``bias`` in its unit,
    ``within_one_std`` and ``within_two_std`` (0.68 and 0.95 when calibrated)."""
    predicted = {
        (selection.candidate.inchikey, recipe): moments
        for selection in selections
        for recipe, moments in selection.predicted.items()
    }
    errors: dict[str, list[tuple[float, float]]] = {}
    for result in results:
        moments = predicted.get((result.candidate.inchikey, result.recipe))
        if moments is not None and result.score is not None:
            mean, std = moments
            errors.setdefault(result.recipe, []).append((result.score.value - mean, std))
    figures = {}
    for recipe, pairs in sorted(errors.items()):
        error, std = np.array(pairs).T
        figures[recipe] = {
            "n": len(pairs),
            "rmse": float(np.sqrt(np.mean(error**2))),
            "bias": float(np.mean(error)),
            "within_one_std": float(np.mean(np.abs(error) <= std)),
            "within_two_std": float(np.mean(np.abs(error) <= 2 * std)),
        }
    return figures
