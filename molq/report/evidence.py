"""What the quantum step added, and what the cheap numbers say: the report's honest part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from molq.leadtable import LeadTable, label, leading_score
from molq.report.contents import AgreementRow
from molq.report.page import number
from molq.report.words import baseline_words, small, solver_words
from screening.records import Result

EXACT = "casci"
CHEMICAL_ACCURACY = 1.6  # mHa
ALIKE = 0.9  # rank correlation from which two orders are called nearly the same
RELATED = 0.6  # and from which they are called related
FEW = 5  # molecules below which a rank correlation says little
TOP = 10  # leads that the summary speaks of


def deviations(scored: Sequence[Result]) -> list[float]:
    """Solver minus CASCI of every active-space score that CASCI itself did not give, in mHa."""
    return [
        r.score.casci_deviation_mha
        for r in scored
        if r.score is not None
        and r.score.casci_deviation_mha is not None
        and r.score.solver != EXACT
    ]


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Rank correlation; None for fewer than three values or constant ones."""
    x, y = rankdata(first), rankdata(second)
    if len(x) < 3 or x.std() == 0 or y.std() == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def agreement(scored: Sequence[Result]) -> tuple[AgreementRow, ...]:
    """Rank agreement of each baseline with its score, the strongest first."""
    series: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for result in scored:
        if result.score is not None:
            for name, baseline in result.score.baselines.items():
                key = (result.recipe, name, baseline.unit)
                series.setdefault(key, []).append((result.score.value, baseline.value))
    many = len({recipe for recipe, _, _ in series}) > 1
    rows = [
        AgreementRow(
            f"{recipe}: {baseline_words(name)}" if many else baseline_words(name),
            unit,
            spearman([score for score, _ in pairs], [value for _, value in pairs]),
            len(pairs),
        )
        for (recipe, name, unit), pairs in series.items()
    ]
    return tuple(sorted(rows, key=lambda row: -abs(row.spearman or 0.0)))


def sentences(
    scored: Sequence[Result], table: LeadTable, found: Sequence[AgreementRow], *, by_value: bool
) -> tuple[str, ...]:
    """The report's summary, in plain words and numbers.

    Args:
        scored: the results that are scores.
        table: the leads.
        found: from ``agreement``.
        by_value: whether the leads stand by falling value alone.
    """
    parts = (_best(table, by_value), _quantum(scored), _baselines(found), _doubts(table))
    return tuple(part for part in parts if part)


def _best(table: LeadTable, by_value: bool) -> str:
    if not table.leads:
        return ""
    best = table[0]
    if by_value:
        score = leading_score(best)
        assert score is not None
        return f"{label(best)} has the highest value, {number(score.value, 3)} {score.unit}."
    text = f"The best molecule is {label(best)}, with a utility of {number(best.utility, 3)}"
    proposed = sum(lead.candidate.origin == "generator" for lead in table[:TOP])
    if proposed:
        shown = min(TOP, len(table))
        return f"{text}; {proposed} of the first {shown} leads came from the generator."
    return f"{text}."


def _quantum(scored: Sequence[Result]) -> str:
    scores = [r.score for r in scored if r.score is not None]
    if not scores:
        return ""
    solved = [(s, s.casci_value) for s in scores if s.casci_value is not None]
    if not solved:
        return "No active space was solved: no quantum step was taken."
    if all(score.solver == EXACT for score, _ in solved):
        return (
            "The active-space energies are exact (CASCI): no quantum step was taken, and none "
            "would have changed a value."
        )
    sizes = np.abs(deviations(scored))
    worst, middle = float(sizes.max()), float(np.median(sizes))
    shift = max(abs(s.value - exact) for s, exact in solved if s.solver != EXACT)
    order = spearman([s.value for s, _ in solved], [exact for _, exact in solved])
    solver = next(s.solver for s, _ in solved if s.solver != EXACT)
    unit = solved[0][0].unit
    text = (
        f"{solver_words(solver)} ended within {number(max(worst, 0.001), 3)} mHa (median "
        f"{small(middle, 3)}) of "
        f"exact diagonalisation in the same active space, which moves no score by more than "
        f"{number(max(shift, 0.0001), 4)} {unit}"
    )
    if order is not None:
        text += f" and keeps the order at a Spearman of {number(order, 3)}"
    if worst <= CHEMICAL_ACCURACY:
        return (
            f"{text}. So the quantum step reproduced CASCI to chemical accuracy and added nothing "
            "to the ranking that CASCI does not give at lower cost."
        )
    return (
        f"{text}. That is beyond chemical accuracy ({CHEMICAL_ACCURACY} mHa): trust the CASCI "
        "values where the two differ."
    )


def _baselines(found: Sequence[AgreementRow]) -> str:
    known = [row for row in found if row.spearman is not None]
    if not known:
        return ""
    best = known[0]
    assert best.spearman is not None
    text = (
        f"Of the baselines {best.baseline} orders the molecules most like the score "
        f"(Spearman {number(best.spearman, 2)} on {best.molecules} molecules)"
    )
    if best.molecules < FEW:
        return f"{text}, too few to judge by."
    if abs(best.spearman) >= ALIKE:
        return (
            f"{text}: it would have chosen nearly the same ones without a correlated calculation."
        )
    if abs(best.spearman) >= RELATED:
        return f"{text}: related, but not the same choice of molecules."
    return f"{text}: no baseline could stand in for the score here."


def _doubts(table: LeadTable) -> str:
    shown = table[:TOP]
    doubtful = sum(any(score.flags for score in lead.scores.values()) for lead in shown)
    if not doubtful:
        return ""
    carry = "carries" if doubtful == 1 else "carry"
    return (
        f"{doubtful} of the first {len(shown)} leads {carry} a flag that doubts the score; "
        "read it before acting on the value."
    )
