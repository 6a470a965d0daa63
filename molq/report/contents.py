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
    kind: str  # "utility", "objective", "recipe", "baseline", "deviation"


@dataclass(frozen=True)
class Cell:
    """A lead's value in one column."""

    value: float | None
    digits: int = 3  # after the point
    error: float | None = None  # standard error, of a sampled value
    interval: tuple[float, float] | None = None  # 95 %, of a model's value
    desirability: float | None = None  # 0 to 1, of an objective


@dataclass(frozen=True)
class Term:
    """One term of a value that is a sum, and its bar in the waterfall."""

    name: str
    value: str  # of the descriptor, with its unit
    contribution: float  # in the unit of the sum
    kind: str  # "quantum", "classical"
    start: float  # %, left end of the bar
    width: float  # %


@dataclass(frozen=True)
class Basis:
    """What one recipe's value of a lead rests on."""

    recipe: str
    unit: str
    facts: tuple[tuple[str, str], ...]
    terms: tuple[Term, ...] = ()  # they sum to ``total``
    total: float | None = None


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
    basis: tuple[Basis, ...]  # what stands behind the values, a recipe each
    made: str = ""  # "crossover of m1 and m2"; nothing for a molecule of the library


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
    notice: str  # of scores that are not ranked, "" for none
    terms: bool  # some value is a sum of terms
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
