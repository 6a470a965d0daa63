"""A run's journal into the contents of its report; also while the run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from rdkit import Chem

from molq import alignment, depiction, explanations
from molq.campaignfile import CampaignFile, RunFile
from molq.leadtable import (
    LeadColumn,
    LeadTable,
    called,
    label,
    leading_score,
    made_by,
    site_of,
)
from molq.report import decisions, explaining, leadview
from molq.report.campaigncharts import run_charts
from molq.report.contents import (
    CalibrationRow,
    Cell,
    Column,
    Contents,
    DroppedRow,
    Fact,
    FailureGroup,
    FailureRow,
    LeadRow,
    ObjectiveRow,
    Provenance,
    ScaffoldRow,
    ShareScale,
)
from molq.report.evidence import agreement, deviations, sentences
from molq.report.numerals import number
from molq.report.words import baseline_words, small, solver_words
from molq.runstatus import RunStatus, duration
from molq.uncertainty import digits_for
from screening import leadfiles
from screening.campaign.proposals import NARROWED
from screening.explanation import Explanation
from screening.funnel.funneltable import figures
from screening.objective import ObjectiveSettings
from screening.ranking import Lead
from screening.store.journal import Journal
from screening.store.records import Result, RoundRecord, SelectionRecord
from screening.surrogate import Prediction, calibration

MAX_LISTED = 200  # rows of a table of failures or dropped rows
MAX_READ = 5000  # results that are read whole
MAX_CARDS = 6  # explanations that stand in the page itself, also on paper
MAX_EXPLAINED = 50  # leads: each one's forecast is fitted without it
WIDTH, HEIGHT = 208, 130  # of a drawing, px

_FAILURE_MEANING = {
    "input": "The molecule is outside what the recipe or the method describes; never retried.",
    "convergence": "An iteration did not reach its criterion, on any rung of the ladder.",
    "resource": "A limit of time or memory was reached, also when doubled once.",
    "random": "A random step failed with every seed that was tried, or the worker was lost.",
}


def contents(
    journal: Journal, file: RunFile, table: LeadTable, status: RunStatus, *, top: int
) -> Contents:
    """The report of a run as it stands.

    Args:
        journal: open for reading.
        file: the run's settings.
        table: the leads so far.
        status: of the run.
        top: leads that are shown.
    """
    results, reading = _read(journal, file)
    scored = [result for result in results if result.score is not None]
    # noise would make a baseline look worse than it is
    found = agreement([r for r in scored if r.score and file.ranking.admits(r.score)])
    rounds = journal.rounds()
    dropped, dropped_total = _dropped(journal)
    # ranked by value alone, a utility would say less than the value beside it
    shown = [c for c in table.number_columns if c.kind != "utility" or file.objective]
    best = table[:top]
    explained = (
        explanations.of_leads(journal, file, table, best.leads[:MAX_EXPLAINED]) if rounds else []
    )
    told = {one.lead.candidate.inchikey: one for one in explained}
    details = leadview.details(best.leads, told, found)
    exported, sheet = leadfiles.table(best.leads, table.objectives)
    scale = _scale(explained)
    layouts = _layouts(best.leads, file)
    return Contents(
        title=status.name,
        kind=status.kind.capitalize(),
        state=status.state,
        state_note=_state_note(status),
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        facts=_facts(status, table, scored, file),
        summary=(
            *sentences(
                scored,
                table,
                found,
                by_value=not file.objective,
                cut=journal.cut_molecules(),
            ),
            *_narrowings(journal),
            *decisions.stopped(rounds),
            *reading,
        ),
        notice=table.notice,
        terms=any(score.contributions for lead in best for score in lead.scores.values()),
        objectives=_objectives(table, file),
        has_objectives=bool(file.objective),
        columns=tuple(_column(column, scored) for column in shown),
        leads=tuple(
            replace(
                _lead_row(
                    lead,
                    shown,
                    made_by(lead.candidate, table.names),
                    has_objectives=bool(file.objective),
                ),
                drawing=_drawing(lead, layout, told.get(lead.candidate.inchikey), scale),
                scaffold=scaffold,
                exported=tuple(row),
                detail=detail,
            )
            for lead, layout, scaffold, row, detail in zip(
                best, layouts.layouts, layouts.groups, sheet, details.leads, strict=True
            )
        ),
        leads_total=len(table) if table.ranked is None else table.ranked,
        agreement=found,
        explanations=explaining.cards(explained[:MAX_CARDS]),
        charts=run_charts(
            journal,
            file,
            table,
            scored,
            shown=[lead.candidate.inchikey for lead in best],
        ),
        decisions=decisions.rows(rounds, ruled=_ruled(file)),
        calibration=_calibration(journal.selections(), scored, rounds),
        failures=_failures(journal, file.recipes),
        dropped=dropped,
        dropped_total=dropped_total,
        provenance=_provenance(journal, file, scored),
        funnel=figures(journal, file.way),
        scaffolds=tuple(
            ScaffoldRow(
                one.smiles,
                depiction.layered_svg(one.layout, width=WIDTH, height=HEIGHT),
                one.count,
            )
            for one in layouts.scaffolds
        ),
        explained=len(explained),
        scale=scale,
        exported=tuple(exported),
        shared=details.shared,
    )


def _layouts(leads: Sequence[Lead], file: RunFile) -> alignment.Aligned:
    """The leads on paper, each as its score was computed: the site's atoms are counted there."""
    core = file.generator.scaffold if isinstance(file, CampaignFile) else None
    return alignment.aligned(
        [alignment.Drawable(_drawn_smiles(lead), site_of(lead)) for lead in leads], core=core
    )


def _drawn_smiles(lead: Lead) -> str:
    score = leading_score(lead)
    return score.smiles if score is not None else lead.candidate.smiles


def _scale(explained: Sequence[Explanation]) -> ShareScale | None:
    """One scale for all drawings: that of the first recipe that has forecasts."""
    first = next((forecast for one in explained for forecast in one.forecasts), None)
    if first is None:
        return None
    same = [f for one in explained for f in one.forecasts if f.recipe == first.recipe]
    return ShareScale(
        first.recipe, first.unit, explanations.full_share(same), depiction.scale_colours()
    )


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
    )


def _read(journal: Journal, file: RunFile) -> tuple[list[Result], tuple[str, ...]]:
    """The results that figures about all molecules come from, and a sentence where not all."""
    ids = journal.result_ids(recipes=file.recipes)
    if len(ids) <= MAX_READ:
        return list(journal.results_by_id(ids)), ()
    spread = np.linspace(0, len(ids) - 1, MAX_READ).round().astype(int)
    note = (
        f"Figures and charts about all molecules come from {MAX_READ:,} of the {len(ids):,} "
        "results, spread evenly; leads, counts and failures are those of all."
    )
    return list(journal.results_by_id([ids[place] for place in spread])), (note,)


def _narrowings(journal: Journal) -> tuple[str, ...]:
    rounds = [event for event in journal.events() if event.kind == NARROWED]
    if not rounds:
        return ()
    times = "one round" if len(rounds) == 1 else f"{len(rounds)} rounds"
    return (
        f"Before {times} the proposals had narrowed and were widened again; the rounds' notes "
        "under the settings say how.",
    )


def _state_note(status: RunStatus) -> str:
    done = f"{status.scored} scored, {status.failed} failed, {status.waiting} waiting"
    if cut := sum(stage.cut for stage in status.funnel):
        done += f", {cut} cut by the funnel"
    if status.rounds is None:
        return f"{done}."
    return f"Round {status.round or 0} of {status.rounds}: {done}."


def _facts(
    status: RunStatus, table: LeadTable, scored: Sequence[Result], file: RunFile
) -> tuple[Fact, ...]:
    recipes = len(file.recipes)
    scores = Fact("Molecules scored", str(status.scored))
    if recipes > 1:
        scores = Fact("Scores", str(status.scored), f"by {recipes} recipes")
    facts = [scores, Fact("Failures", str(status.failed))]
    if table.leads and file.objective and table.ranked is None:
        hits = sum(lead.utility >= file.report.hit_utility for lead in table)
        facts.append(Fact("Hits", str(hits), f"utility at least {file.report.hit_utility:g}"))
    if table.leads and file.objective:
        facts.append(Fact("Best utility", number(table[0].utility, 3), label(table[0])))
    worst = max((abs(value) for value in deviations(scored)), default=None)
    if worst is not None:
        facts.append(Fact("Largest deviation from CASCI", f"{small(worst, 3)} mHa"))
    facts.append(Fact("CPU time", duration(status.cpu_seconds)))
    if status.reused:
        runs = "run" if len(status.reused) == 1 else "runs"
        note = f"computed by {len(status.reused)} earlier {runs}"
        facts.append(Fact("Scores taken over", str(sum(status.reused.values())), note))
    return tuple(facts)


def _objectives(table: LeadTable, file: RunFile) -> tuple[ObjectiveRow, ...]:
    rows = tuple(_objective(objective, table) for objective in table.objectives)
    if file.objective:
        return rows
    return tuple(
        replace(row, transform=f"by {order} value; no objective was given")
        for row, order in zip(rows, (_order(o) for o in table.objectives), strict=True)
    )


def _order(objective: ObjectiveSettings) -> str:
    return "rising" if objective.transform == "minimize" else "falling"


def _objective(objective: ObjectiveSettings, table: LeadTable) -> ObjectiveRow:
    column = next(c for c in table.number_columns if c.header == objective.name)
    low, high = (None if v is None else f"{v:g}".replace("-", "\N{MINUS SIGN}")
                 for v in (objective.low, objective.high))  # fmt: skip
    unit = f" {column.unit}" if column.unit else ""
    text = {
        "window": f"within {low} to {high}{unit}",
        "maximize": f"high, rising from {low} to {high}{unit}",
        "minimize": f"low, falling from {high} to {low}{unit}",
        "at_least": f"at least {low}{unit}",
        "at_most": f"at most {high}{unit}",
    }[objective.transform]
    return ObjectiveRow(objective.name, column.unit, text, f"{objective.weight:g}", column.meaning)


def _column(column: LeadColumn, scored: Iterable[Result]) -> Column:
    header = column.header
    if column.kind == "utility":
        header = "Utility"
    if column.kind == "property":
        header = "SA score"
    if column.kind == "baseline":
        header = baseline_words(header)
    if column.kind == "deviation":
        solvers = (r.score.solver for r in scored if r.score and r.score.casci_value is not None)
        solver = next(solvers, "solver")
        header = header.replace("solver - casci", f"{solver_words(solver)} \N{MINUS SIGN} CASCI")
    return Column(header, column.unit, min(column.digits, 3), column.meaning, column.kind)


def _lead_row(
    lead: Lead, columns: Sequence[LeadColumn], made: str, *, has_objectives: bool
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
        drawing=None,
        alternative=f"Structure of {label(lead)}{highlighted}",
        cells=tuple(_cell(lead, column, has_objectives=has_objectives) for column in columns),
        origin=lead.candidate.origin,
        found=found,
        made=made,
        notes=tuple(alert.replace("_", " ") for alert in lead.alerts),
        flags=tuple(dict.fromkeys(f for score in lead.scores.values() for f in score.flags)),
    )


def _cell(lead: Lead, column: LeadColumn, *, has_objectives: bool) -> Cell:
    wanted = interval = None
    if column.kind in ("objective", "recipe"):
        wanted = lead.desirabilities.get(column.header) if has_objectives else None
        score = lead.scores.get(column.header)
        interval = score.interval if score is not None else None
    error = column.error(lead)
    digits = min(column.digits, 3) if error is None else digits_for(error)
    return Cell(column.cell(lead), digits, error, interval, wanted)


def _calibration(
    selections: Sequence[SelectionRecord],
    scored: Sequence[Result],
    records: Sequence[RoundRecord],
) -> tuple[CalibrationRow, ...]:
    """What was predicted when a molecule was chosen, against what came."""
    values = {(r.candidate.inchikey, r.recipe): r for r in scored}
    groups: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    for selection in selections:
        for recipe, (mean, std) in selection.predicted.items():
            result = values.get((selection.candidate.inchikey, recipe))
            if result is not None and result.score is not None and std > 0:
                point = (float(mean), float(std), result.score.value)
                groups.setdefault((selection.round, recipe), []).append(point)
    units = {r.recipe: r.score.unit for r in scored if r.score is not None}
    factors = {(r.round, name): decisions.factor(r, name) for r in records for name in units}
    rows = []
    for (round_number, recipe), points in sorted(groups.items()):
        figures = np.array(points)  # shape: (molecules, 3)
        judged = calibration(Prediction(figures[:, 0], figures[:, 1]), figures[:, 2])
        rows.append(
            CalibrationRow(
                round_number, recipe, units[recipe], judged.n, judged.rmse,
                _known(judged.spearman), judged.coverage_95, judged.nlpd,
                _known(judged.error_vs_std), factors.get((round_number, recipe)),
            )
        )  # fmt: skip
    return tuple(rows)


def _ruled(file: RunFile) -> bool:
    """Whether the run may stop by a rule."""
    if not isinstance(file, CampaignFile):
        return False
    return file.campaign.stop_below is not None or file.campaign.patience is not None


def _known(value: float) -> float | None:
    return value if value == value else None


def _instant(text: str | None) -> str:
    return f"{text[:19].replace('T', ' ')} UTC" if text else "not yet"


def _failures(journal: Journal, recipes: Sequence[str]) -> tuple[FailureGroup, ...]:
    """Failures by kind, with the recipe of each where there are several."""
    return tuple(
        FailureGroup(
            kind,
            _FAILURE_MEANING[kind],
            tuple(_failure(result, named=len(recipes) > 1) for result in listed),
            max(0, count - len(listed)),
        )
        for kind, (count, listed) in journal.failed(recipes, MAX_LISTED).items()
    )


def _failure(result: Result, *, named: bool) -> FailureRow:
    failure, candidate = result.failure, result.candidate
    assert failure is not None
    where = [f"round {result.round}"] if result.round is not None else []
    where += [f"row {candidate.row}"] if candidate.row is not None else []
    return FailureRow(
        called(candidate),
        candidate.smiles,
        failure.step,
        f"{result.recipe}: {failure.message}" if named else failure.message,
        ", ".join(where) or candidate.origin,
    )


def _dropped(journal: Journal) -> tuple[tuple[DroppedRow, ...], int]:
    counts = journal.library_counts()
    listed = [
        DroppedRow(
            row.row,
            row.name,
            row.text,
            f"the same molecule as row {row.duplicate_of}"
            if row.failure is None
            else row.failure.message,
        )
        for row in journal.refused_rows(MAX_LISTED)
    ]
    return tuple(listed), counts["rows"] - counts["passed"]


def _provenance(journal: Journal, file: RunFile, scored: Sequence[Result]) -> Provenance:
    environment = journal.environment()
    versions = dict(environment.get("versions", {}))
    steps: Counter[str] = Counter()
    seeds = set()
    for result in scored:
        if result.score is not None:
            steps.update(result.score.provenance.timings)
            seeds.add(result.score.provenance.seed)
            versions = {**versions, **result.score.provenance.versions}
    facts = [
        ("Run", f"{journal.kind} {file.name}"),
        ("Begun", _instant(journal.created)),
        ("Finished", _instant(journal.marked("finished"))),
        ("Seed of the run", str(file.seed)),
        ("Seeds of the calculations", f"{len(seeds)} of their own, one a molecule"),
        ("Library", str(file.library.path) if file.library is not None else "none"),
    ]
    facts += [
        (str(key).replace("_", " ").capitalize(), str(value))
        for key, value in environment.items()
        if key not in ("versions", "packages")
    ]
    for record in journal.rounds():
        notes = "; ".join(n for n in (record.surrogate_note, record.generator_note) if n)
        facts.append((f"Round {record.round}", f"seed {record.seed}; {notes}"))
    return Provenance(
        settings=file.to_toml(),
        facts=tuple(facts),
        versions=tuple(sorted((str(k), str(v)) for k, v in versions.items())),
        timings=tuple((step, duration(seconds)) for step, seconds in steps.most_common()),
    )
