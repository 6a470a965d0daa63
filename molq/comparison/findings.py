"""What a comparison says, in plain words: also where an arm adds nothing."""

from __future__ import annotations

from molq.comparison.arms import Arm
from molq.comparison.comparison import ArmRow, Comparison
from molq.report.evidence import ALIKE, CHEMICAL_ACCURACY, FEW
from molq.report.numerals import number

ENOUGH = 5  # seeds from which a difference may mean something
SAME = 0.005  # utility below which two arms are called equal


def sentences(comparison: Comparison) -> tuple[str, ...]:
    """The findings, one sentence or two each."""
    parts = [_unfinished(comparison), _best(comparison)]
    parts += [_added_by_quantum(comparison), _added_by_choice(comparison)]
    parts += [_devices(comparison), _baseline(comparison), _few(comparison)]
    return tuple(part for part in parts if part)


def _unfinished(comparison: Comparison) -> str:
    if comparison.is_finished:
        return ""
    wanted = len(comparison.seeds)
    open_ = [f"{row.arm} {row.finished} of {wanted}" for row in comparison.rows
             if row.finished < wanted]  # fmt: skip
    return f"Not all runs are finished ({', '.join(open_)}): the figures will change."


def _best(comparison: Comparison) -> str:
    known = [row for row in comparison.rows if row.best is not None]
    if not known:
        return "No arm has a lead."
    told = ", ".join(f"{row.arm} {_utility(row)}" for row in known)
    return (
        f"Of at most {comparison.molecules} molecules a run, the best that each arm ranks first "
        f"has a utility of: {told}. All are judged by exact values (CASCI) in their own active "
        "space."
    )


def _utility(row: ArmRow) -> str:
    return "none" if row.best is None else row.best.text(3)


def _added_by_quantum(comparison: Comparison) -> str:
    """Hybrid against classical: what the quantum solver itself added."""
    said = _difference(
        comparison,
        "hybrid",
        "classical",
        "The hybrid arm differs from the classical one in its quantum steps alone",
    )
    if not said:
        return ""
    shared = both = 0
    theirs = {run.seed: run for run in comparison.of("classical")}
    for run in comparison.of("hybrid"):
        if run.seed in theirs:
            found = {lead.inchikey for lead in theirs[run.seed].leads}
            both += len(run.leads)
            shared += sum(lead.inchikey in found for lead in run.leads)
    said += f" {shared} of its {both} best leads are the classical arm's too."
    sizes = [x.deviation_mha for x in comparison.of("hybrid") if x.deviation_mha is not None]
    if sizes and max(sizes) <= CHEMICAL_ACCURACY:
        said += (
            f" Its energies stop within {number(max(max(sizes), 0.001), 3)} mHa of exact ones: "
            "where the two arms part, shifts of that size or the order in which results came "
            "tipped a choice; better values did not."
        )
    return said


def _added_by_choice(comparison: Comparison) -> str:
    """Hybrid against quantum: what learning and choosing added."""
    return _difference(
        comparison,
        "hybrid",
        "quantum",
        "The hybrid arm differs from the quantum one in what chooses the molecules",
    )


def _difference(comparison: Comparison, ours: Arm, theirs: Arm, opening: str) -> str:
    first, second = comparison.row(ours), comparison.row(theirs)
    if first.top_mean is None or second.top_mean is None:
        return ""
    gain = first.top_mean.mean - second.top_mean.mean
    runs = min(first.top_mean.runs, second.top_mean.runs)
    spreads = [f.spread for f in (first.top_mean, second.top_mean) if f.spread is not None]
    if abs(gain) < SAME:
        said = "the mean of the best leads is the same"
    else:
        way = "higher" if gain > 0 else "lower"
        said = f"the mean of its best leads is {number(abs(gain), 3)} {way}"
        if spreads and abs(gain) < max(spreads):
            said += ", less than the spread between seeds"
    times = "" if runs > 1 else " (one seed: chance is not ruled out)"
    return f"{opening}: {said}{times}{_cost(first, second)}."


def _cost(first: ArmRow, second: ArmRow) -> str:
    if first.core_seconds is None or second.core_seconds is None or not second.core_seconds.mean:
        return ""
    ratio = first.core_seconds.mean / second.core_seconds.mean
    return f"; the core time is {number(ratio, 2)} times that of the {second.arm} arm"


def _devices(comparison: Comparison) -> str:
    uses = {use.backend: use for run in comparison.runs for use in run.spending.devices}
    if any(not use.is_simulator for use in uses.values()):
        return (
            "Device seconds are estimated from jobs and shots as the prices file says, for the "
            "measurements that were kept; those of failed attempts are not known."
        )
    if uses:
        return (
            f"{', '.join(sorted(uses))} is simulated: its shots cost core time and no device, so "
            "the device columns are zero."
        )
    return "No quantum device was used: circuits were computed exactly, at the cost of core time."


def _baseline(comparison: Comparison) -> str:
    known = [row for row in comparison.agreement if row.spearman is not None]
    if not known:
        return ""
    best = known[0]
    assert best.spearman is not None
    text = (
        f"Over all molecules that any arm computed, the baseline {best.baseline} orders them most "
        f"like the score (Spearman {number(best.spearman, 2)} on {best.molecules})"
    )
    if best.molecules < FEW:
        return f"{text}, too few to judge by."
    if abs(best.spearman) >= ALIKE:
        return f"{text}: an order by it alone comes close to the score's."
    return f"{text}."


def _few(comparison: Comparison) -> str:
    seeds = len(comparison.seeds)
    if seeds >= ENOUGH:
        return ""
    show = "One seed shows" if seeds == 1 else f"{seeds} seeds show"
    return f"{show} how the arms work, not which is better: give --seeds {ENOUGH} for that."
