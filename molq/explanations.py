"""Explanations of a run's leads, as text and for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from molq import depiction
from molq.campaignfile import CampaignFile, RunFile
from molq.errors import CallError
from molq.leadtable import LeadTable, called, label
from molq.uncertainty import PLUS_MINUS, digits_for
from screening.explanation import Explanation, Forecast, explain
from screening.explanation.fragments import fragment_shares
from screening.ranking import Lead
from screening.store.journal import Journal

LEAST_SHARE = 0.05  # of the largest of all; properties that add less are summed up
_MOST_PROPERTIES = 5
_FACTS = {
    "success": "chance that it can be computed",
    "core_seconds": "expected cost in core-seconds",
    "expected_improvement": "expected rise of the best utility",
    "limiting": "objective expected to hold it back most",
    "beta": "weight of the uncertainty",
    "pending": "molecules counted as if computed",
}


@dataclass(frozen=True)
class Line:
    """One term of a forecast."""

    name: str
    share: float  # in the forecast's unit
    kind: str  # "baseline", "atoms", "whole"


@dataclass(frozen=True)
class LeadExplanation:
    """One lead's explanation, printable."""

    explanation: Explanation

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return self.explanation.to_json()

    def to_text(self) -> str:
        """As lines of plain text."""
        return "\n".join(lines(self.explanation))

    def __str__(self) -> str:
        return self.to_text()

    def drawing(self, recipe: str | None = None) -> str | None:
        """The structure with what each atom adds, as an ``<svg>`` element.

        Args:
            recipe: whose forecast; None for the first.

        Returns:
            None where there is no such forecast.
        """
        for forecast in self.explanation.forecasts:
            if recipe in (None, forecast.recipe):
                parts = forecast.attribution
                return depiction.shares_svg(parts.smiles, parts.atoms, full=full_share([forecast]))
        return None

    def _repr_html_(self) -> str:
        from markupsafe import Markup

        return str(Markup("{}<pre>{}</pre>").format(Markup(self.drawing() or ""), self.to_text()))


def of_leads(
    journal: Journal, file: RunFile, table: LeadTable, leads: Sequence[Lead]
) -> list[Explanation]:
    """Explanations of leads, in the order given.

    Args:
        journal: open for reading.
        file: the run's settings; a screen, which has no surrogate, is explained by the default.
        table: all leads of the run.
        leads: of the table, those to explain.
    """
    return explain(
        leads,
        results=journal.iterate_results(),
        selections=journal.selections(),
        rounds=journal.rounds(),
        objectives=table.objectives,
        settings=file.surrogate if isinstance(file, CampaignFile) else None,
        ranking=file.ranking,
    )


def found(table: LeadTable, which: int | str) -> Lead:
    """The lead that is meant.

    Args:
        table: all leads.
        which: its rank, also as text, or its InChIKey or the first block of it.

    Raises:
        CallError: there is no such lead, or several.
    """
    text = str(which).strip()
    if text.isdecimal():
        ranked = [lead for lead in table if lead.rank == int(text)]
    else:
        ranked = [
            lead
            for lead in table
            if text in (lead.candidate.inchikey, lead.candidate.inchikey.split("-")[0])
        ]
    if len(ranked) > 1:
        keys = ", ".join(lead.candidate.inchikey for lead in ranked)
        raise CallError(f"{text} is the beginning of several leads: give one of {keys}")
    if not ranked:
        known = f"ranks go from 1 to {len(table)}" if len(table) else "the run has no leads yet"
        raise CallError(f"no lead {text!r}: {known}; give a rank or an InChIKey")
    return ranked[0]


def full_share(forecasts: Sequence[Forecast]) -> float:
    """The largest share of an atom, which a drawing shows in full colour."""
    largest = max((float(abs(f.attribution.atoms).max()) for f in forecasts), default=0.0)
    return largest if largest > 0 else 1.0


def terms(forecast: Forecast) -> tuple[Line, ...]:
    """Baseline, fragments and properties of a forecast; they sum to the prediction."""
    parts = forecast.attribution
    shown = [Line(f.smiles, f.share, "atoms") for f in fragment_shares(parts)]
    least = LEAST_SHARE * max(abs(x) for x in [*(f.share for f in shown), parts.whole[0].share])
    named = [part for part in parts.whole if abs(part.share) >= least > 0][:_MOST_PROPERTIES]
    rest = [part for part in parts.whole[len(named) :] if part.share != 0]
    whole = [Line(part.name, part.share, "whole") for part in named]
    if rest:
        name = rest[0].name if len(rest) == 1 else f"{len(rest)} smaller terms"
        whole.append(Line(name, sum(part.share for part in rest), "whole"))
    return (Line("baseline", parts.baseline, "baseline"), *shown, *whole)


def lines(explanation: Explanation) -> list[str]:
    """An explanation as plain text."""
    lead = explanation.lead
    text = [f"#{lead.rank} {label(lead)}: {lead.candidate.smiles}", f"utility {lead.utility:.3f}"]
    text += [*choice_lines(explanation), *restraint_lines(explanation)]
    for forecast in explanation.forecasts:
        text += ["", f"{forecast.recipe}: {forecast_words(forecast)}"]
        digits = share_digits(forecast)
        width = max(len(line.name) for line in terms(forecast))
        text += [
            f"  {line.name:<{width}}  {line.share:+.{digits}f}  {line.kind}"
            for line in terms(forecast)
        ]
        text.append(f"  {'sum':<{width}}  {forecast.attribution.total:+.{digits}f}  "
                    f"(prediction {forecast.attribution.prediction:+.{digits}f})")  # fmt: skip
        text += [f"  {line}" for line in neighbour_lines(forecast)]
    text += [f"{recipe}: not explained, {why}" for recipe, why in explanation.unexplained.items()]
    return text


def share_digits(forecast: Forecast) -> int:
    """Digits after the point that tell shares from each other and from the uncertainty."""
    return min(6, digits_for(forecast.std) + 2)


def forecast_words(forecast: Forecast) -> str:
    """What all other scores say of the value, and how sure they are."""
    parts, digits = forecast.attribution, digits_for(forecast.std) + 1
    low, high = forecast.interval
    factor = forecast.conformal_factor
    widened = f", widened {factor:.2f} times by past errors" if factor != 1 else ""
    return (
        f"from the {forecast.labels} other scores {parts.prediction:.{digits}f} "
        f"{PLUS_MINUS} {forecast.std:.{digits}f} {forecast.unit}".rstrip()
        + f" (95 %: {low:.{digits}f} to {high:.{digits}f}{widened}), "
        f"computed {forecast.computed:.{digits}f}"
    )


def neighbour_lines(forecast: Forecast) -> list[str]:
    """The most similar scored molecules, a line each."""
    return [
        f"similarity {near.similarity:.2f}: {called(near.candidate)}, "
        f"{near.value:.3f} {forecast.unit}".rstrip()
        for near in forecast.neighbours
    ]


def restraint_lines(explanation: Explanation) -> list[str]:
    """Which objective holds the utility back."""
    worst = explanation.limiting
    if worst is None:
        return ["every objective is met in full"]
    line = f"held back most by {worst.objective}: desirability {worst.desirability:.3f}"
    if len(explanation.restraints) > 1:
        line += (
            f", {100 * worst.share:.0f} % of what the utility lacks; "
            f"it would be {worst.utility_if_met:.3f} were this one met in full"
        )
    return [line]


def choice_lines(explanation: Explanation) -> list[str]:
    """Why its round chose it."""
    chosen = explanation.selection
    if chosen is None:
        return []
    return [
        f"chosen in round {chosen.round} as number {chosen.position}: {chosen.reason}",
        *(f"{name}: {value}" for name, value in facts(explanation)),
    ]


def facts(explanation: Explanation) -> list[tuple[str, str]]:
    """The figures of its choice, named."""
    chosen = explanation.selection
    if chosen is None:
        return []
    return [
        (_FACTS.get(key, key.replace("_", " ")), _written(value))
        for key, value in chosen.facts.items()
        if value is not None
    ]


def _written(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
