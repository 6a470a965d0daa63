"""What a report says, as data; ``page`` turns it into HTML.

Every text here is text: the page escapes it. The one exception is a lead's
``drawing``, SVG made by ``molq.depiction``.
"""

from __future__ import annotations

from dataclasses import dataclass

from molq.report.chart import Chart


@dataclass(frozen=True)
class Fact:
    """One number of the header."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Column:
    """A sortable column of the leads."""

    header: str
    unit: str  # "" for a pure number
    digits: int  # after the point
    meaning: str  # one line, shown on the header
    kind: str  # "utility", "objective", "baseline", "deviation"


@dataclass(frozen=True)
class Cell:
    """A lead's value in one column."""

    value: float | None
    desirability: float | None = None  # 0 to 1, of an objective


@dataclass(frozen=True)
class LeadRow:
    """A ranked molecule."""

    rank: int
    label: str
    is_named: bool  # else the label is a part of the InChIKey
    smiles: str
    inchikey: str
    drawing: str | None  # SVG
    alternative: str  # the drawing in words
    cells: tuple[Cell, ...]  # one for each column
    origin: str  # "library", "generator"
    found: str  # "round 2", "row 17"
    notes: tuple[str, ...]  # structural alerts
    flags: tuple[str, ...]  # doubts about the score
    details: tuple[tuple[str, str], ...]  # what stands behind the value


@dataclass(frozen=True)
class ObjectiveRow:
    """What was asked for."""

    name: str
    unit: str
    transform: str
    weight: str
    meaning: str


@dataclass(frozen=True)
class AgreementRow:
    """How far a baseline ranks the molecules as the score does."""

    baseline: str
    unit: str
    spearman: float | None
    molecules: int


@dataclass(frozen=True)
class CalibrationRow:
    """How well the surrogate foresaw one round."""

    round: int
    quantity: str
    unit: str
    molecules: int
    error: float  # root mean square, in ``unit``
    spearman: float | None  # of predicted and computed values
    coverage: float  # share of values inside the 95 % interval


@dataclass(frozen=True)
class FailureRow:
    """A molecule without a score."""

    label: str
    smiles: str
    step: str
    message: str
    where: str  # "round 2", "row 17"


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one kind."""

    kind: str
    meaning: str
    rows: tuple[FailureRow, ...]
    more: int = 0  # left out of ``rows``


@dataclass(frozen=True)
class DroppedRow:
    """A row of the library that was not taken, and why."""

    row: int
    name: str
    text: str
    reason: str


@dataclass(frozen=True)
class Provenance:
    """What is needed to get the same numbers again."""

    settings: str  # the campaign file with every default
    facts: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    timings: tuple[tuple[str, str], ...]  # step, CPU time of all molecules


@dataclass(frozen=True)
class Contents:
    """A report."""

    title: str
    kind: str  # "Campaign", "Screen"
    state: str  # "finished", "running", "interrupted", ...
    state_note: str
    written: str
    molq_version: str
    facts: tuple[Fact, ...]
    summary: tuple[str, ...]
    objectives: tuple[ObjectiveRow, ...]
    has_objectives: bool  # False: a screen ranked by value alone
    columns: tuple[Column, ...]
    leads: tuple[LeadRow, ...]
    leads_total: int
    agreement: tuple[AgreementRow, ...]
    charts: tuple[Chart, ...]
    calibration: tuple[CalibrationRow, ...]
    calibration_chart: Chart | None
    failures: tuple[FailureGroup, ...]
    dropped: tuple[DroppedRow, ...]
    dropped_total: int
    provenance: Provenance
