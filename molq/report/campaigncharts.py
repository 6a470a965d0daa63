"""All charts of a run's report, from its journal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from molq import depiction
from molq.campaignfile import RunFile
from molq.leadtable import LeadTable, called, label
from molq.report import spending, technical
from molq.report.charts import added, calibration, failures, front, rounds
from molq.report.charts.chemicalspace import Spot, chemical_space
from molq.report.charts.figure import Figure, labelled, spread
from molq.report.chemicalspace import chemical_map
from molq.report.evidence import EXACT, spearman
from molq.report.scaffoldtree import Member, ScaffoldTree, scaffold_tree
from molq.report.words import baseline_words
from screening import pareto
from screening.ranking import Lead
from screening.scorecolumns import circuit_of
from screening.store.journal import Journal
from screening.store.records import Result, RoundRecord, SelectionRecord

ON_MAP = 600  # computed molecules on the map
COLOURED = 4  # recipes that the map can be coloured by
GREY = 200  # molecules on the map that were not computed
DRAWN = 120  # structures that a chart brings along, of molecules that are no shown lead
FAILURES_READ = 5000  # of each kind


@dataclass(frozen=True)
class RunCharts:
    """What the report shows as charts, trees and tables of cost."""

    figures: tuple[Figure, ...]  # in the order of the page; ``section`` says where
    scaffolds: ScaffoldTree | None  # None where nothing is scored
    spending: spending.RunSpending
    technical: technical.TechnicalSummary

    def of(self, section: str) -> tuple[Figure, ...]:
        """The charts of a section."""
        return tuple(figure for figure in self.figures if figure.section == section)


def run_charts(
    journal: Journal,
    file: RunFile,
    table: LeadTable,
    scored: Sequence[Result],
    *,
    shown: Iterable[str] = (),
) -> RunCharts:
    """The charts of a run as it stands.

    Args:
        journal: open for reading.
        file: the run's settings.
        table: the leads so far, all of them or the first of many.
        scored: results with a score, of a large run a part that is spread evenly.
        shown: InChIKeys of the molecules that the page has drawings of.

    Raises:
        MolqError: a technical file in the run's folder is damaged.
    """
    records = journal.rounds()
    hits = None
    if file.objective and table.ranked is None:
        hits = sum(lead.utility >= file.report.hit_utility for lead in table)
    samplings = technical.samplings_of(journal.directory)
    admitted = [r for r in scored if r.score is not None and file.ranking.admits(r.score)]
    spent = spending.spent(
        journal, scored, records, samplings, file.simulation, recipes=file.recipes, hits=hits
    )
    circuits = technical.technical(scored, samplings)
    worth = "utility" if file.objective or not table.objectives else "standing by value"
    return RunCharts(
        figures=(
            *_progress(records, table, file),
            *_wishes(records, table),
            *_space(journal, table, scored, worth, frozenset(shown)),
            *_foreseen(journal.selections(), scored),
            *_failures(journal, file.recipes),
            *spent.figures,
            *_added(admitted, scored),
            *circuits.figures,
        ),
        scaffolds=_scaffolds(table, worth),
        spending=spent,
        technical=circuits,
    )


def _progress(
    records: Sequence[RoundRecord], table: LeadTable, file: RunFile
) -> tuple[Figure, ...]:
    numbers = [record.round for record in records]
    if not numbers:
        return ()
    leads = [lead for lead in table if lead.round is not None]
    best, hits = [], []
    for current in numbers:
        so_far = [lead.utility for lead in leads if (lead.round or 0) <= current]
        best.append((current, max(so_far, default=0.0)))
        hits.append((current, sum(value >= file.report.hit_utility for value in so_far)))
    marks = [
        (lead.round or 0, lead.utility, label(lead), lead.candidate.origin, lead.candidate.inchikey)
        for lead in spread(leads)
    ]
    definition = f"A hit has a utility of at least {file.report.hit_utility:g}."
    return (rounds.utility_by_round(best, marks), rounds.hits_by_round(hits, definition))


def _wishes(records: Sequence[RoundRecord], table: LeadTable) -> tuple[Figure, ...]:
    found = []
    volumes = [
        (record.round, float(record.summary["hypervolume"]))
        for record in records
        if record.summary.get("hypervolume") is not None
    ]
    names = [objective.name for objective in table.objectives]
    if 2 <= len(names) <= front.MOST_WISHES and len(table) > 1:
        points = np.array([[lead.desirabilities[name] for name in names] for lead in table])
        on_front = set(pareto.front(points).tolist())
        standing = [
            front.Standing(
                lead.candidate.inchikey, label(lead), tuple(map(float, point)), place in on_front
            )
            for place, (lead, point) in enumerate(zip(table, points, strict=True))
        ]
        kept = [m for m in standing if m.is_on_front]
        behind = [m for m in standing if not m.is_on_front]
        found.append(front.front([*kept, *spread(behind)], names))
    if volumes:
        found.append(rounds.hypervolume_by_round(volumes))
    return tuple(found)


def _space(
    journal: Journal,
    table: LeadTable,
    scored: Sequence[Result],
    worth: str,
    shown: frozenset[str],
) -> tuple[Figure, ...]:
    """The map of what was computed, the leads first, and some of what was not."""
    leads = list(table)
    best = leads[: ON_MAP // 2]
    chosen = [*best, *spread(leads[len(best) :], ON_MAP - len(best))]
    if len(chosen) < 3:
        return ()
    known = {result.candidate.inchikey for result in scored}
    known |= {lead.candidate.inchikey for lead in leads}
    others = spread(
        [c for c in islice(journal.iterate_candidates(), 20 * GREY) if c.inchikey not in known],
        GREY,
    )
    spots = [_spot(lead) for lead in chosen]
    spots += [Spot(c.inchikey, called(c), c.smiles, c.origin, None, None) for c in others]
    without = [spot for spot in spots if spot.inchikey not in shown]
    drawings = {
        spot.inchikey: depiction.svg(spot.smiles, width=150, height=94) or ""
        for spot in without[:DRAWN]
    }
    return (
        chemical_space(
            spots,
            chemical_map([spot.smiles for spot in spots]),
            worth=worth,
            left_out=(table.ranked or len(leads)) - len(chosen),
            drawings=drawings,
        ),
    )


def _spot(lead: Lead) -> Spot:
    return Spot(
        lead.candidate.inchikey,
        label(lead),
        lead.candidate.smiles,
        lead.candidate.origin,
        lead.round,
        lead.utility,
        {
            labelled(name, score.unit): score.value
            for name, score in list(lead.scores.items())[:COLOURED]
        },
    )


def _foreseen(
    selections: Sequence[SelectionRecord], scored: Sequence[Result]
) -> tuple[Figure, ...]:
    values = {(r.candidate.inchikey, r.recipe): r.score for r in scored if r.score is not None}
    points: dict[str, list[calibration.Foreseen]] = {}
    for selection in selections:
        candidate = selection.candidate
        for recipe, (mean, std) in selection.predicted.items():
            score = values.get((candidate.inchikey, recipe))
            if score is not None and std > 0 and math.isfinite(mean):
                points.setdefault(recipe, []).append(
                    calibration.Foreseen(
                        candidate.inchikey, called(candidate), selection.round,
                        float(mean), float(std), score.value,
                    )
                )  # fmt: skip
    if not points:
        return ()
    units = {r.recipe: r.score.unit for r in scored if r.score is not None}
    drawn = {recipe: spread(of) for recipe, of in points.items()}
    return calibration.foreseen(drawn, units), calibration.reliability(points)


def _failures(journal: Journal, recipes: Sequence[str]) -> tuple[Figure, ...]:
    final: Counter[failures.Reason] = Counter()
    attempts: Counter[failures.Reason] = Counter()
    examples: dict[failures.Reason, str] = {}
    for number, listed in journal.failed(recipes, FAILURES_READ).values():
        steps: Counter[failures.Reason] = Counter()
        for result in listed:
            if result.failure is not None:
                reason = failures.Reason(result.failure.kind, result.failure.step)
                steps[reason] += 1
                examples.setdefault(reason, result.failure.message)
        # of more failures than are read the steps have the shares of those that are
        final.update({reason: round(n * number / len(listed)) for reason, n in steps.items()})
    if journal.counts()["attempts"] <= spending.MOST_ATTEMPTS:
        for attempt in journal.iterate_attempts():
            if attempt.failure is not None:
                reason = failures.Reason(attempt.failure.kind, attempt.failure.step)
                attempts[reason] += 1
                examples.setdefault(reason, attempt.failure.message)
    if not final and not attempts:
        return ()
    return (failures.by_reason(final, attempts or final, examples),)


def _added(admitted: Sequence[Result], scored: Sequence[Result]) -> tuple[Figure, ...]:
    groups: dict[tuple[str, str, str, str], list[added.Beside]] = {}
    for result in admitted:
        score = result.score
        if score is None:
            continue
        for name, baseline in score.baselines.items():
            key = (result.recipe, name, score.unit, baseline.unit)
            groups.setdefault(key, []).append(
                added.Beside(
                    result.candidate.inchikey, called(result.candidate), score.value, baseline.value
                )
            )
    pairings = []
    for (recipe, name, unit, baseline_unit), points in groups.items():
        order = spearman([p.score for p in points], [p.baseline for p in points])
        pairings.append(
            added.Pairing(
                recipe, baseline_words(name), unit, baseline_unit, order,
                tuple(spread(points)),
            )
        )  # fmt: skip
    pairings.sort(key=lambda pairing: -abs(pairing.spearman or 0.0))
    deviations = []
    for result in scored:
        score = result.score
        if score is None or score.casci_deviation_mha is None or score.solver == EXACT:
            continue
        cost = circuit_of(score)
        deviations.append(
            added.Deviation(
                result.candidate.inchikey, called(result.candidate), result.recipe,
                score.casci_deviation_mha, cost.two_qubit_gates if cost is not None else None,
            )
        )  # fmt: skip
    found = [added.beside_baselines(pairings)] if pairings else []
    if deviations:
        found.append(added.deviations(spread(deviations)))
    return tuple(found)


def _scaffolds(table: LeadTable, worth: str) -> ScaffoldTree | None:
    members = [
        Member(lead.candidate.inchikey, label(lead), lead.candidate.smiles, lead.utility)
        for lead in table
    ]
    return scaffold_tree(members, worth=worth) if members else None
