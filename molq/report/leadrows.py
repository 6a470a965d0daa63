"""The leads as rows of the report's table, with their drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rdkit import Chem

from molq import alignment, depiction, explanations
from molq.campaignfile import CampaignFile, RunFile
from molq.leadtable import LeadColumn, LeadTable, label, leading_score, made_by, site_of
from molq.report.contents import Cell, Column, LeadRow, ScaffoldRow, ShareScale
from molq.report.moleculegraph import graph
from molq.report.words import baseline_words
from molq.uncertainty import digits_for
from screening import leadfiles
from screening.explanation import Explanation
from screening.ranking import Lead

WIDTH, HEIGHT = 208, 130  # of a drawing, px


def rows(
    leads: LeadTable,
    columns: Sequence[LeadColumn],
    places: alignment.Aligned,
    told: Mapping[str, Explanation],
    scale: ShareScale | None,
    details: Sequence[Mapping[str, Any]],
    file: RunFile,
) -> tuple[LeadRow, ...]:
    """A row for each lead, in their order.

    Args:
        leads: those that are shown.
        columns: that are shown.
        places: the leads on paper.
        told: explanations by InChIKey; of leads without one no contributions are drawn.
        scale: of the contributions.
        details: what each lead's own page shows.
        file: the run's settings.
    """
    sheet = leadfiles.table(leads.leads, leads.objectives)[1]
    return tuple(
        _row(
            lead,
            tuple(_cell(lead, each, has_objectives=bool(file.objective)) for each in columns),
            drawing=_drawing(lead, layout, told.get(lead.candidate.inchikey), scale),
            graph=None if layout is None else graph(layout),
            made=made_by(lead.candidate, leads.names),
            scaffold=scaffold,
            exported=tuple(exported),
            detail=detail,
        )
        for lead, layout, scaffold, exported, detail in zip(
            leads, places.layouts, places.groups, sheet, details, strict=True
        )
    )


def column(each: LeadColumn) -> Column:
    """How a column is headed."""
    header = each.header
    if each.kind == "utility":
        header = "Utility"
    if each.kind == "property":
        header = "SA score"
    if each.kind == "baseline":
        header = baseline_words(header)
    return Column(header, each.unit, min(each.digits, 3), each.meaning, each.kind)


def layouts(leads: Sequence[Lead], file: RunFile) -> alignment.Aligned:
    """The leads on paper, each as its score was computed: the site's atoms are counted there."""
    core = file.generator.scaffold if isinstance(file, CampaignFile) else None
    return alignment.aligned(
        [alignment.Drawable(_drawn_smiles(lead), site_of(lead)) for lead in leads], core=core
    )


def share_scale(explained: Sequence[Explanation]) -> ShareScale | None:
    """One scale for all drawings: that of the first recipe that has forecasts."""
    first = next((forecast for one in explained for forecast in one.forecasts), None)
    if first is None:
        return None
    same = [f for one in explained for f in one.forecasts if f.recipe == first.recipe]
    return ShareScale(
        first.recipe, first.unit, explanations.full_share(same), depiction.scale_colours()
    )


def scaffolds(places: alignment.Aligned) -> tuple[ScaffoldRow, ...]:
    """The scaffolds of the leads that are shown, the most frequent first."""
    return tuple(
        ScaffoldRow(
            one.smiles, depiction.layered_svg(one.layout, width=WIDTH, height=HEIGHT), one.count
        )
        for one in places.scaffolds
    )


def _row(
    lead: Lead,
    cells: tuple[Cell, ...],
    *,
    drawing: str | None,
    graph: Mapping[str, Any] | None,
    made: str,
    scaffold: int | None,
    exported: tuple[object, ...],
    detail: Mapping[str, Any],
) -> LeadRow:
    score = leading_score(lead)
    found = f"round {lead.round}" if lead.round is not None else ""
    if lead.candidate.row is not None:
        found = f"{found}, row {lead.candidate.row}" if found else f"row {lead.candidate.row}"
    highlighted = f", {score.sites[0].name} highlighted" if score and score.sites else ""
    return LeadRow(
        rank=lead.rank,
        label=label(lead),
        is_named=bool(lead.candidate.name),
        smiles=_drawn_smiles(lead),
        inchikey=lead.candidate.inchikey,
        drawing=drawing,
        graph=graph,
        alternative=f"Structure of {label(lead)}{highlighted}",
        cells=cells,
        origin=lead.candidate.origin,
        found=found,
        notes=tuple(alert.replace("_", " ") for alert in lead.alerts),
        flags=tuple(dict.fromkeys(f for each in lead.scores.values() for f in each.flags)),
        made=made,
        scaffold=scaffold,
        exported=exported,
        review=_review(lead),
        detail=detail,
    )


def _review(lead: Lead) -> dict[str, Any] | None:
    """What reviewers said of a lead, None where nobody said anything."""
    said = lead.review
    if said is None:
        return None
    return {"verdict": said.verdict, "rating": said.rating, "words": said.in_words()}


def _cell(lead: Lead, column: LeadColumn, *, has_objectives: bool) -> Cell:
    wanted = interval = None
    if column.kind in ("objective", "recipe"):
        wanted = lead.desirabilities.get(column.header) if has_objectives else None
        score = lead.scores.get(column.header)
        interval = score.interval if score is not None else None
    error = column.error(lead)
    digits = min(column.digits, 3) if error is None else digits_for(error)
    return Cell(column.cell(lead), digits, error, interval, wanted)


def _drawing(
    lead: Lead,
    layout: Chem.Mol | None,
    explanation: Explanation | None,
    scale: ShareScale | None,
) -> str | None:
    if layout is None:
        return None
    forecasts = explanation.forecasts if explanation is not None and scale is not None else ()
    shares = next(
        (
            forecast.attribution.atoms
            for forecast in forecasts
            if scale is not None
            and forecast.recipe == scale.recipe
            and forecast.attribution.smiles == _drawn_smiles(lead)
        ),
        None,
    )
    return depiction.layered_svg(
        layout,
        site=site_of(lead),
        shares=shares,
        full=1.0 if scale is None else scale.full,
        width=WIDTH,
        height=HEIGHT,
        placed=True,
    )


def _drawn_smiles(lead: Lead) -> str:
    score = leading_score(lead)
    return score.smiles if score is not None else lead.candidate.smiles
