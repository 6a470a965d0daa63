"""What a report says, as data; ``page`` turns it into HTML.

Every text here is text: the page escapes it. The one exception is a ``drawing``, SVG made
by ``molq.depiction``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from screening.funnel.funneltable import StageFigures

if TYPE_CHECKING:
    from molq.report.campaigncharts import RunCharts


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
class LeadRow:
    """A ranked molecule."""

    rank: int
    label: str
    is_named: bool  # else the label is a part of the InChIKey
    smiles: str
    inchikey: str
    drawing: str | None  # SVG with layers
    alternative: str  # the drawing in words
    cells: tuple[Cell, ...]  # one for each column
    origin: str  # "library", "generator"
    found: str  # "round 2", "row 17"
    notes: tuple[str, ...]  # structural alerts
    flags: tuple[str, ...]  # doubts about the score
    made: str = ""  # "crossover of m1 and m2"; nothing for a molecule of the library
    scaffold: int | None = None  # place among the report's scaffolds, None without a ring
    exported: tuple[object, ...] = ()  # the cells of leads.csv
    review: Mapping[str, Any] | None = None  # what reviewers decided
    detail: Mapping[str, Any] = field(default_factory=dict)  # what its own page shows
    graph: Mapping[str, Any] | None = None  # for the page's substructure search


@dataclass(frozen=True)
class ScaffoldRow:
    """A scaffold of the leads that are shown."""

    smiles: str
    drawing: str  # SVG
    count: int  # leads


@dataclass(frozen=True)
class ShareScale:
    """What the colours of the atoms' contributions mean."""

    recipe: str  # whose value they add to
    unit: str
    full: float  # share of an atom in full colour
    colours: tuple[str, ...]  # from lowering to raising


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
    density: float | None = None  # negative log predictive density, nats a molecule
    announced: float | None = None  # Spearman of the errors' sizes and the deviations
    factor: float | None = None  # conformal, by which the deviations had been multiplied


@dataclass(frozen=True)
class Share:
    """One term of a forecast, and its bar."""

    name: str
    kind: str  # "atoms", "whole"
    share: float  # in the forecast's unit
    start: float  # %, left end of the bar
    width: float  # %
    rises: bool


@dataclass(frozen=True)
class NeighbourRow:
    """A scored molecule that is like the explained one."""

    label: str
    smiles: str
    similarity: float  # 0..1
    value: float  # in the forecast's unit


@dataclass(frozen=True)
class ForecastCard:
    """What all other scores say of one value of a lead, and how that comes about."""

    recipe: str
    unit: str
    says: str  # one sentence
    verdict: str  # one sentence: how it compares with what was computed
    drawing: str | None  # SVG
    alternative: str  # the drawing in words
    full: float  # share of an atom in full colour, in ``unit``
    digits: int  # after the point, of shares
    baseline: float
    shares: tuple[Share, ...]  # with the baseline they sum to ``prediction``
    prediction: float
    neighbours: tuple[NeighbourRow, ...]


@dataclass(frozen=True)
class ExplanationCard:
    """Why a molecule is a lead."""

    rank: int
    label: str
    is_named: bool
    restraint: str  # which wish holds it back
    choice: str  # why its round chose it
    facts: tuple[tuple[str, str], ...]  # of the choice
    forecasts: tuple[ForecastCard, ...]
    unexplained: tuple[str, ...]  # recipes without a forecast, and why


@dataclass(frozen=True)
class Explanations:
    """All cards and what they have in common."""

    cards: tuple[ExplanationCard, ...]
    colours: tuple[str, ...]  # of the drawings, from lowering to raising
    method: str  # how predictions are taken apart, one paragraph


@dataclass(frozen=True)
class DecisionRow:
    """What a round decided and expected."""

    round: int
    chosen: int
    gain: float | None  # expected rise of the best utility
    per_core_hour: float | None
    hypervolume: float | None
    failed: int | None  # molecules
    expected_failures: float | None  # molecules
    solvers: str  # objective value of each batch solver, "" where none was asked
    stopping: str  # the stopping rule's words, "" where none is set


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
    timings: tuple[tuple[str, str], ...]  # step, CPU time by all scores' records


@dataclass(frozen=True)
class Contents:
    """A report."""

    title: str
    kind: str  # "Campaign", "Screen"
    state: str  # "finished", "running", "interrupted", ...
    state_note: str
    written: str
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
    explanations: Explanations | None  # of the first leads; None in a screen
    charts: RunCharts
    decisions: tuple[DecisionRow, ...]
    calibration: tuple[CalibrationRow, ...]
    failures: tuple[FailureGroup, ...]
    dropped: tuple[DroppedRow, ...]
    dropped_total: int
    provenance: Provenance
    funnel: tuple[StageFigures, ...] = ()  # empty for a run without one
    scaffolds: tuple[ScaffoldRow, ...] = ()  # of the leads shown, the most frequent first
    explained: int = 0  # leads whose own page explains them
    scale: ShareScale | None = None  # None where no lead has contributions of atoms
    exported: tuple[str, ...] = ()  # the headers of leads.csv
    shared: Mapping[str, Any] = field(default_factory=dict)  # what all leads' pages need
