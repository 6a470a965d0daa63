"""What the page's scripts read: the leads with all that is known of each, as one JSON text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from molq.report.contents import Cell, Contents, LeadRow

VERSION = 1


def payload(contents: Contents) -> dict[str, Any]:
    """The leads, their columns and scaffolds, and the figures; plain JSON types.

    A number that is none (not a number, infinite) is null.
    """
    data: dict[str, Any] = {
        "version": VERSION,
        "run": {
            "name": contents.title,
            "kind": contents.kind,
            "written": contents.written,
            "molq": version("molq"),
            "leads_total": contents.leads_total,
            "has_objectives": contents.has_objectives,
        },
        "columns": [
            {
                "key": f"c{place}",
                "header": column.header,
                "unit": column.unit,
                "digits": column.digits,
                "meaning": column.meaning,
                "kind": column.kind,
                "shown": column.kind != "deviation" or len(contents.columns) <= _MOST_SHOWN,
            }
            for place, column in enumerate(contents.columns)
        ],
        "exported": list(contents.exported),
        "leads": [_lead(lead) for lead in contents.leads],
        "scaffolds": [
            {"smiles": one.smiles, "svg": one.drawing, "count": one.count}
            for one in contents.scaffolds
        ],
        "scale": None
        if contents.scale is None
        else {
            "recipe": contents.scale.recipe,
            "unit": contents.scale.unit,
            "full": contents.scale.full,
            "colours": list(contents.scale.colours),
        },
        "shared": contents.shared,
        "charts": [figure.to_json() for figure in contents.charts.figures],
        "tree": None if contents.charts.scaffolds is None else contents.charts.scaffolds.to_json(),
    }
    plain: dict[str, Any] = _plain(data)
    return plain


_MOST_SHOWN = 7  # number columns that stand side by side before the reader chooses


def text(contents: Contents) -> str:
    """The payload as compact JSON."""
    return json.dumps(payload(contents), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _lead(lead: LeadRow) -> dict[str, Any]:
    return {
        "rank": lead.rank,
        "label": lead.label,
        "named": lead.is_named,
        "smiles": lead.smiles,
        "inchikey": lead.inchikey,
        "svg": lead.drawing,
        "graph": lead.graph,
        "alt": lead.alternative,
        "cells": [_cell(cell) for cell in lead.cells],
        "origin": lead.origin,
        "found": lead.found,
        "made": lead.made,
        "flags": list(lead.flags),
        "notes": list(lead.notes),
        "scaffold": lead.scaffold,
        "exported": list(lead.exported),
        "review": lead.review,
        "detail": lead.detail,
    }


def _cell(cell: Cell) -> list[Any]:
    return [
        cell.value,
        cell.digits,
        cell.error,
        None if cell.interval is None else list(cell.interval),
        cell.desirability,
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
