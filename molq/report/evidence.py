"""What the quantum step added, and what the cheap numbers say: the report's honest part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from molq.leadtable import LeadTable, label, leading_score
from molq.report.contents import AgreementRow
from molq.report.numerals import number
from molq.report.words import baseline_words, small, solver_words
from molq.uncertainty import digits_for, stated
from screening.store.records import Result
from simulation.score import Score

EXACT = "casci"
CHEMICAL_ACCURACY = 1.6  # mHa
ALIKE = 0.9  # rank correlation from which two orders are called nearly the same
RELATED = 0.6  # and from which they are called related
FEW = 10  # molecules below which a rank correlation says little
_KINDS = ("quantum", "classical")
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
    scored: Sequence[Result],
    table: LeadTable,
    found: Sequence[AgreementRow],
    *,
    by_value: bool,
    cut: int = 0,
) -> tuple[str, ...]:
    """The report's summary, in plain words and numbers.

    Args:
        scored: the results that are scores.
        table: the leads.
        found: from ``agreement``.
        by_value: whether the leads stand by their value alone.
        cut: molecules that cheap stages cut before they had a score.
    """
    recipes = list(dict.fromkeys(result.recipe for result in scored))
    by_recipe = {
        name: [r.score for r in scored if r.recipe == name and r.score is not None]
        for name in recipes
    }
    prefix = len(recipes) > 1
    parts = [_best(table, by_value)]
    for name, scores in by_recipe.items():
        said = [_quantum(scores), _sampled(scores), _terms(scores)]
        text = " ".join(part for part in said if part)
        parts.append(f"{name}: {text}" if prefix and text else text)
    parts += [_baselines(found, cut), _doubts(table), table.notice and f"{table.notice}."]
    return tuple(part for part in parts if part)


def _best(table: LeadTable, by_value: bool) -> str:
    if not table.leads:
        return ""
    best = table[0]
    if by_value:
        score = leading_score(best)
        assert score is not None
        value = stated(score.value, score.standard_error).replace("-", "\N{MINUS SIGN}")
        end = "lowest" if table.objectives[0].transform == "minimize" else "highest"
        return f"{label(best)} has the {end} value, {value} {score.unit}."
    text = f"The best molecule is {label(best)}, with a utility of {number(best.utility, 3)}"
    proposed = sum(lead.candidate.origin == "generator" for lead in table[:TOP])
    if proposed:
        shown = min(TOP, len(table))
        return f"{text}; {proposed} of the first {shown} leads came from the generator."
    return f"{text}."


def _quantum(scores: Sequence[Score]) -> str:
    """How far the solver stopped from exact diagonalisation, where it did not sample."""
    solved = [(s, s.casci_value) for s in scores if s.casci_value is not None]
    if not solved and any(term.kind == "quantum" for s in scores for term in s.contributions):
        return ""  # its terms say what the quantum step added
    if not solved:
        return "No active space is solved: no quantum step was taken."
    if all(score.solver == EXACT for score, _ in solved):
        return (
            "The active-space energies are exact (CASCI): no quantum step was taken, and none "
            "would have changed a value."
        )
    exact = [pair for pair in solved if pair[0].standard_error is None and pair[0].solver != EXACT]
    if not exact:
        return ""
    sizes = np.abs([s.casci_deviation_mha or 0.0 for s, _ in exact])
    worst, middle = float(sizes.max()), float(np.median(sizes))
    shift = max(abs(s.value - value) for s, value in exact)
    order = spearman([s.value for s, _ in exact], [value for _, value in exact])
    text = (
        f"{solver_words(exact[0][0].solver)} ended within {number(max(worst, 0.001), 3)} mHa "
        f"(median {small(middle, 3)}) of "
        f"exact diagonalisation in the same active space, which moves no score by more than "
        f"{number(max(shift, 0.0001), 4)} {exact[0][0].unit}"
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


def _sampled(scores: Sequence[Score]) -> str:
    """How large the noise is, where energies were sampled."""
    sampled = [(s, s.standard_error) for s in scores if s.standard_error is not None]
    if not sampled:
        return ""
    middle = float(np.median([error for _, error in sampled]))
    first = sampled[0][0]
    where = (
        f"by {solver_words(first.solver)}" if first.backend == "exact" else f"on {first.backend}"
    )
    text = (
        f"{len(sampled)} {'score was' if len(sampled) == 1 else 'scores were'} sampled "
        f"{where} with a standard error of "
        f"{number(middle, digits_for(middle))} {first.unit} (median)"
    )
    values = [s.value for s, _ in sampled]
    if len(values) >= 3 and np.std(values) <= 2 * middle:
        return f"{text}: as large as the spread of the values, which it hides."
    return f"{text}: differences below twice that are noise."


def _terms(scores: Sequence[Score]) -> str:
    """How much of what tells the molecules apart comes from quantum terms."""
    sums = [
        [sum(t.contribution for t in s.contributions if t.kind == kind) for kind in _KINDS]
        for s in scores
        if s.contributions
    ]
    if len(sums) < 2:
        return ""
    names = {t.name for s in scores for t in s.contributions if t.kind == "quantum"}
    if not names:
        return "All terms of the value are classical."
    quantum, classical = np.std(np.array(sums), axis=0)
    unit = scores[0].unit
    return (
        f"From molecule to molecule its quantum terms ({', '.join(sorted(names))}) differ by "
        f"{number(quantum, 3)} {unit} and its classical ones by {number(classical, 3)} {unit} "
        "(standard deviations)."
    )


def _baselines(found: Sequence[AgreementRow], cut: int) -> str:
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
    if cut:
        # of a range that a cheap number has narrowed its own correlation says little
        return (
            f"{text}. The funnel cut {cut} others before they had a score: among the molecules "
            "that are left a baseline orders worse than among all, so this is no verdict on it."
        )
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
