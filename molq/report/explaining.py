"""The explanations of the leads, as the report shows them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from molq import depiction, explanations
from molq.leadtable import called, label, site_of
from molq.report.contents import (
    ExplanationCard,
    Explanations,
    ForecastCard,
    NeighbourRow,
    Share,
)
from molq.uncertainty import PLUS_MINUS
from screening.explanation import Explanation, Forecast

EXACT = (
    "Each value is predicted by a surrogate that knows all other scores and not this one. "
    "The prediction is taken apart without a rest: the baseline is what a molecule would get "
    "that shares no substructure with a scored one and has their average properties; each "
    "atom's colour is what the substructures on it add (Aumann-Shapley shares of the Gaussian "
    "process's kernels); properties of the molecule as a whole are counted against the average. "
    "They say what the model has learned from these scores, not what causes a value."
)
COVERED = (
    "Each value is predicted by a surrogate that knows all other scores and not this one. An "
    "atom's colour is how far the prediction falls when the atom is covered, and the baseline "
    "is the prediction with every atom covered; such differences do not add up, and what is "
    "left stands as a term of its own. They say what the model has learned, not what causes "
    "a value."
)


def cards(found: Sequence[Explanation]) -> Explanations | None:
    """The explanations of leads, in their order; None where there is none.

    The colours of all drawings of one recipe are on one scale.
    """
    if not found:
        return None
    full: dict[str, float] = {}
    for recipe in {forecast.recipe for one in found for forecast in one.forecasts}:
        same = [f for one in found for f in one.forecasts if f.recipe == recipe]
        full[recipe] = explanations.full_share(same)
    methods = {f.attribution.method for one in found for f in one.forecasts}
    return Explanations(
        cards=tuple(_card(one, full) for one in found),
        colours=depiction.scale_colours(),
        method=COVERED if "occlusion" in methods else EXACT if methods else "",
    )


def _card(one: Explanation, full: dict[str, float]) -> ExplanationCard:
    (restraint,) = explanations.restraint_lines(one)
    choice, *_ = (*explanations.choice_lines(one), "")
    return ExplanationCard(
        rank=one.lead.rank,
        label=label(one.lead),
        is_named=bool(one.lead.candidate.name),
        restraint=_sentence(restraint),
        choice=_sentence(choice),
        facts=tuple(explanations.facts(one)),
        forecasts=tuple(_forecast(one, f, full[f.recipe]) for f in one.forecasts),
        unexplained=tuple(
            f"{recipe} is not explained: {why}." for recipe, why in one.unexplained.items()
        ),
    )


def _forecast(one: Explanation, forecast: Forecast, full: float) -> ForecastCard:
    parts = forecast.attribution
    score = one.lead.scores[forecast.recipe]
    same = score.smiles == parts.smiles
    return ForecastCard(
        recipe=forecast.recipe,
        unit=forecast.unit,
        says=_sentence(explanations.forecast_words(forecast)),
        verdict=_verdict(forecast),
        drawing=depiction.shares_svg(
            parts.smiles, parts.atoms, full=full, site=site_of(one.lead) if same else ()
        ),
        alternative=_in_words(one, forecast),
        full=full,
        digits=explanations.share_digits(forecast),
        baseline=parts.baseline,
        shares=_bars(forecast),
        prediction=parts.total,
        neighbours=tuple(
            NeighbourRow(called(near.candidate), near.candidate.smiles, near.similarity, near.value)
            for near in forecast.neighbours
        ),
    )


def _verdict(forecast: Forecast) -> str:
    low, high = forecast.interval
    where = "inside" if low <= forecast.computed <= high else "outside"
    shift = abs(forecast.attribution.prediction - forecast.attribution.baseline)
    text = f"The computed value lies {where} the interval."
    if shift < forecast.std:
        text += (
            " The parts move the prediction by less than its own uncertainty: they are hints, "
            "no more."
        )
    return text


def _in_words(one: Explanation, forecast: Forecast) -> str:
    terms = [line for line in explanations.terms(forecast) if line.kind == "atoms"]
    digits = explanations.share_digits(forecast)
    told = ", ".join(f"{line.name} {line.share:+.{digits}f}" for line in terms)
    return f"{label(one.lead)}, what its atoms add to {forecast.recipe}: {told} {forecast.unit}"


def _bars(forecast: Forecast) -> tuple[Share, ...]:
    """The terms behind the baseline, each bar beginning where the one before ended."""
    lines = [line for line in explanations.terms(forecast) if line.kind != "baseline"]
    ends = list(accumulate((line.share for line in lines), initial=0.0))
    low, high = min(ends), max(ends)
    scale = 100 / (high - low) if high > low else 0.0
    return tuple(
        Share(
            line.name,
            line.kind,
            line.share,
            round((min(begin, end) - low) * scale, 2),
            round(abs(end - begin) * scale, 2),
            rises=line.share > 0,
        )
        for line, begin, end in zip(lines, ends, ends[1:], strict=False)
    )


def _sentence(text: str) -> str:
    """A line of plain text as the page writes it."""
    if not text:
        return ""
    text = text.replace("+-", PLUS_MINUS).replace(" -", " \N{MINUS SIGN}")
    return f"{text[0].upper()}{text[1:]}."
