"""A run's journal into the contents of its report; also while the run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from molq import explanations
from molq.campaignfile import CampaignFile, RunFile
from molq.leadtable import (
    LeadTable,
    called,
    label,
)
from molq.report import decisions, explaining, leadrows, leadview
from molq.report.campaigncharts import run_charts
from molq.report.contents import (
    CalibrationRow,
    Contents,
    DroppedRow,
    Explanations,
    Fact,
    FailureGroup,
    FailureRow,
    ObjectiveRow,
    Provenance,
)
from molq.report.evidence import agreement, deviations, sentences
from molq.report.numerals import number
from molq.report.words import small
from molq.runstatus import RunStatus, duration
from screening import leadfiles
from screening.campaign.proposals import NARROWED
from screening.campaign.reviewing import kept
from screening.funnel.funneltable import figures
from screening.objective import ObjectiveSettings
from screening.store.journal import Journal
from screening.store.records import Result, RoundRecord, SelectionRecord
from screening.surrogate import Prediction, calibration

MAX_LISTED = 200  # rows of a table of failures or dropped rows
MAX_READ = 5000  # results that are read whole
MAX_CARDS = 6  # explanations that stand in the page itself, also on paper
MAX_EXPLAINED = 50  # leads of a large run: each one's forecast is fitted without it
ALL_EXPLAINED = 500  # scores, up to which every lead that is shown is explained

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
        explanations.of_leads(journal, file, table, best.leads[: _explained(file, len(scored))])
        if rounds
        else []
    )
    told = {one.lead.candidate.inchikey: one for one in explained}
    details = leadview.details(best.leads, told, found, table.objectives)
    scale = leadrows.share_scale(explained)
    layouts = leadrows.layouts(best.leads, file)
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
        columns=tuple(leadrows.column(each) for each in shown),
        leads=leadrows.rows(best, shown, layouts, told, scale, details.leads, file),
        leads_total=len(table) if table.ranked is None else table.ranked,
        agreement=found,
        explanations=_first(explaining.cards(explained)),
        charts=run_charts(
            journal,
            file,
            table,
            scored,
            shown=[lead.candidate.inchikey for lead in best],
        ),
        decisions=decisions.rows(rounds, ruled=_ruled(file)),
        calibration=_calibration(kept(journal.selections(), journal.drops()), scored, rounds),
        failures=_failures(journal, file.recipes),
        dropped=dropped,
        dropped_total=dropped_total,
        provenance=_provenance(journal, file, scored),
        funnel=figures(journal, file.way),
        scaffolds=leadrows.scaffolds(layouts),
        explained=len(explained),
        scale=scale,
        exported=tuple(leadfiles.LeadColumns.of(best.leads, table.objectives).header()),
        shared=details.shared,
    )


def _explained(file: RunFile, scores: int) -> int | None:
    """How many leads are explained, None for all: what one takes grows with the scores."""
    learns = file.surrogate if isinstance(file, CampaignFile) else None
    quick = learns is None or (learns.kind == "gp" and not learns.quantum_kernel)
    return None if quick and scores <= ALL_EXPLAINED else MAX_EXPLAINED


def _first(cards: Explanations | None) -> Explanations | None:
    """Those that stand in the page itself, on the scale of all."""
    return None if cards is None else replace(cards, cards=cards.cards[:MAX_CARDS])


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
