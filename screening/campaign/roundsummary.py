"""The figures of a finished round: what it found, and how good the predictions were."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from screening import pareto
from screening.acquisition import Choice
from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.learning import CONFORMAL, Learned
from screening.campaign.stopping import Stopping
from screening.objective import ObjectiveSettings
from screening.ranking import Lead
from screening.store.journalview import JournalView
from screening.store.records import Result, RoundRecord, SelectionRecord
from screening.surrogate import Prediction, calibration


def opening(learned: Learned, choice: Choice, stopping: Stopping) -> dict[str, Any]:
    """What a round remembers of its first choice, for its summary and for later rounds.

    Returns:
        Plain JSON types: the ``conformal`` factor of each recipe, the ``choice`` in one
        line, the decision ``stopping`` by which it was begun, and the ``batches``.
    """
    return {
        CONFORMAL: dict(learned.factors),
        "choice": choice.note,
        "stopping": asdict(stopping),
        "batches": [asdict(batch) for batch in choice.batches],
    }


def closing(
    journal: JournalView,
    plan: CampaignPlan,
    record: RoundRecord,
    chosen: Sequence[SelectionRecord],
    leads: Sequence[Lead],
    left_out: int,
) -> dict[str, Any]:
    """What a round leaves in the journal as it ends: ``summarise``, and what it went without.

    Args:
        journal: open, with all results of the round.
        plan: of the campaign.
        record: of the round.
        chosen: what it chose, without what was left out.
        leads: all there are by now, ranked.
        left_out: molecules that it chose and a reviewer rejected in time.

    Raises:
        JournalError: a record does not match its checksum.
    """
    found = journal.iterate_results(recipes=plan.recipes)
    results = [result for result in found if result.round == record.round]
    summary = summarise(record, chosen, results, leads, plan.objectives)
    if plan.way.gates:
        summary["cut"] = sum(journal.is_cut(x.candidate.inchikey) for x in chosen)
    if left_out:
        summary["left_out"] = left_out
    return summary


def summarise(
    record: RoundRecord,
    selections: Sequence[SelectionRecord],
    results: Sequence[Result],
    leads: Sequence[Lead],
    objectives: Sequence[ObjectiveSettings],
) -> dict[str, Any]:
    """Plain JSON figures of a round.

    Args:
        record: of the round.
        selections: what it chose.
        results: of this round.
        leads: all there are by now, ranked.
        objectives: the wishes.

    Returns:
        ``evaluated`` molecules, ``scored`` and ``failed`` results, the ``best_utility``
        so far with its ``best_inchikey``, the ``mean_utility`` of the round's molecules
        that rank, the ``predicted_utility`` it was chosen for, for each recipe the
        ``calibration`` of the predictions, the ``decisions`` it was chosen by, of its
        ``outcomes`` the molecules that ``failed`` and the mean ``expected_success``, the
        ``hypervolume`` below the leads' desirabilities (None for more wishes than
        ``pareto.MOST_WISHES``), the leads on the ``pareto`` front by InChIKey, the decision
        ``stopping`` by which the round was begun, and the ``batches`` that the solvers of
        its first choice reached.
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
        "calibration": _calibration(selections, results, record.facts.get(CONFORMAL, {})),
        "decisions": len({selection.decision for selection in selections}),
        "outcomes": _outcomes(selections, results),
        **_front(leads, objectives),
        "stopping": record.facts.get("stopping"),
        "batches": record.facts.get("batches", []),
    }


def _front(leads: Sequence[Lead], objectives: Sequence[ObjectiveSettings]) -> dict[str, Any]:
    names = [objective.name for objective in objectives]
    points = np.array(
        [[lead.desirabilities[name] for name in names] for lead in leads], dtype=np.float64
    ).reshape(len(leads), len(names))
    few = len(names) <= pareto.MOST_WISHES
    return {
        "hypervolume": pareto.hypervolume(points) if few else None,
        "pareto": [leads[place].candidate.inchikey for place in pareto.front(points)],
    }


def _outcomes(selections: Sequence[SelectionRecord], results: Sequence[Result]) -> dict[str, Any]:
    expected = [s.facts["success"] for s in selections if "success" in s.facts]
    return {
        "failed": len({r.candidate.inchikey for r in results if r.score is None}),
        "expected_success": float(np.mean(expected)) if expected else None,
    }


def _calibration(
    selections: Sequence[SelectionRecord],
    results: Sequence[Result],
    factors: Mapping[str, float],
) -> dict[str, dict[str, float | None]]:
    """Predicted against computed, by recipe; see ``surrogate.Calibration``. ``conformal_factor``
    is what the standard deviations judged here had been multiplied by."""
    predicted = {
        (selection.candidate.inchikey, recipe): moments
        for selection in selections
        for recipe, moments in selection.predicted.items()
    }
    pairs: dict[str, list[tuple[float, float, float]]] = {}
    for result in results:
        moments = predicted.get((result.candidate.inchikey, result.recipe))
        if moments is not None and moments[1] > 0 and result.score is not None:
            pairs.setdefault(result.recipe, []).append((*moments, result.score.value))
    figures = {}
    for recipe, found in sorted(pairs.items()):
        mean, std, value = np.array(found).T
        judged = asdict(calibration(Prediction(mean, std), value))
        figures[recipe] = {
            **{name: x if math.isfinite(x) else None for name, x in judged.items()},
            "conformal_factor": factors.get(recipe, 1.0),
        }
    return figures
