"""Why a molecule was chosen, in words and in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from screening.acquisition.outlook import Outlook
from screening.acquisition.settings import AcquisitionSettings
from screening.batch import Pick
from screening.candidate import Candidate
from screening.objective import ObjectiveSettings


def reason(
    settings: AcquisitionSettings,
    outlook: Outlook,
    place: int,
    pick: Pick,
    candidate: Candidate,
    best_utility: float,
    beta: float | None,
) -> str:
    """One sentence: what was expected, by which criterion it was chosen, and the price.

    Args:
        settings: the criterion.
        outlook: of some molecules.
        place: of the chosen one among them.
        pick: its choice.
        candidate: the molecule.
        best_utility: of the molecules computed so far.
        beta: weight of the uncertainty, if the criterion has one.
    """
    mean, std = (float(moment[place]) for moment in outlook.moments)
    text = f"predicted utility {mean:.2f} +- {std:.2f}: " + _criterion(
        settings, pick, best_utility, beta, _price(settings, outlook, place)
    )
    if settings.batch != "sequential" and settings.kind != "random":
        text += (
            f"; one of a batch chosen as a whole by {settings.batch}, "
            f"nearest of it at Tanimoto similarity {pick.nearest:.2f}"
        )
    return text + _odds(settings, outlook, place) + circumstances(pick, candidate)


def circumstances(pick: Pick, candidate: Candidate) -> str:
    """What but its value decided."""
    text = f"; for the {candidate.origin}'s share of the batch" if pick.for_share else ""
    if pick.crowded:
        text += (
            f"; nothing less similar was left (Tanimoto {pick.nearest:.2f} to a chosen molecule)"
        )
    return text


def facts(
    outlook: Outlook,
    place: int,
    *,
    objectives: Sequence[ObjectiveSettings],
    best_utility: float,
    beta: float | None,
    pending: int,
) -> Mapping[str, float | str]:
    """What the choice of one molecule rested on; see ``Selection.facts``.

    Args:
        outlook: of some molecules.
        place: of the chosen one among them.
        objectives: the wishes of the outlook, in its order.
        best_utility: of the molecules computed so far.
        beta: weight of the uncertainty, if the criterion has one.
        pending: molecules that were counted as if they were computed.
    """
    found: dict[str, float | str] = {
        "expected_improvement": float(outlook.improvement(best_utility)[place])
    }
    if objectives:
        found["limiting"] = limiting(outlook, place, objectives)
    if outlook.core_seconds is not None:
        found["success"] = float(outlook.success[place])
        found["core_seconds"] = float(outlook.core_seconds[place])
    if beta is not None:
        found["beta"] = beta
    if pending:
        found["pending"] = float(pending)
    return found


def limiting(outlook: Outlook, place: int, objectives: Sequence[ObjectiveSettings]) -> str:
    """The wish that lowers the expected logarithm of the utility most."""
    wishes = np.maximum(outlook.desirability[:, :, place], 1e-12)
    cost = -np.log(wishes).mean(axis=0) * np.array([o.weight for o in objectives])
    return objectives[int(np.argmax(cost))].name


def _criterion(
    settings: AcquisitionSettings,
    pick: Pick,
    best_utility: float,
    beta: float | None,
    price: float,
) -> str:
    value = pick.value / price if price > 0 else 0.0
    nothing = "no draw improves on the best so far, so the highest mean is taken"
    if settings.kind == "ucb":
        weight = "" if beta is None else f" (mean + {beta:.2g} std of its log-odds)"
        return f"upper confidence bound {value:.2f}{weight}"
    if settings.kind == "thompson" and settings.batch != "sequential":
        return f"in {value:.0%} of the draws from the posterior it is worth a place of the batch"
    if settings.kind == "thompson":
        return f"the best of a draw from the posterior, {value:.2f} in it"
    if settings.kind == "qnehvi":
        if value < 1e-6:
            return "no draw reaches beyond the Pareto front, so the highest mean is taken"
        return f"expected to raise the hypervolume below the Pareto front by {value:.4f}"
    if settings.kind in ("ei", "qei"):
        if value < 1e-6:
            return nothing
        jointly = settings.kind == "qei" and settings.batch == "sequential"
        what = "the best of the batch" if jointly else "the best utility"
        return f"expected to raise {what} by {value:.3f} (best so far {best_utility:.2f})"
    if settings.kind == "greedy":
        return "the highest mean left"
    return "drawn at random"


def _price(settings: AcquisitionSettings, outlook: Outlook, place: int) -> float:
    """What the criterion was multiplied with."""
    price = float(outlook.success[place])
    if settings.cost_aware and outlook.core_seconds is not None:
        price /= float(outlook.core_seconds[place])
    return price


def _odds(settings: AcquisitionSettings, outlook: Outlook, place: int) -> str:
    if outlook.core_seconds is None or settings.kind == "random":
        return ""
    per = ", valued for each of them" if settings.cost_aware else ""
    return (
        f"; succeeds with probability {outlook.success[place]:.2f} "
        f"at {outlook.core_seconds[place]:.3g} core-seconds{per}"
    )
