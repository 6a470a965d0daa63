"""What each round decided and expected, from its figures in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from molq.report.contents import DecisionRow
from molq.report.numerals import number
from screening.store.records import RoundRecord


def rows(rounds: Sequence[RoundRecord], *, ruled: bool) -> tuple[DecisionRow, ...]:
    """One row for each finished round; none where no round says more than what it scored.

    Runs of earlier versions lack most of the figures.

    Args:
        rounds: of the run.
        ruled: whether a stopping rule is set; without one its words say nothing new.
    """
    found = tuple(_row(record, ruled) for record in rounds if record.summary)
    told = [
        row
        for row in found
        if row.solvers
        or row.stopping
        or any(x is not None for x in (row.gain, row.hypervolume, row.expected_failures))
    ]
    return found if told else ()


def stopped(rounds: Sequence[RoundRecord]) -> tuple[str, ...]:
    """A sentence where a rule stopped the run, with its figures."""
    for record in reversed(rounds):
        decision = record.summary.get("stopping") or {}
        if decision.get("stop"):
            return (f"The run stopped after round {record.round}: {decision.get('reason', '')}.",)
    return ()


def factor(record: RoundRecord, recipe: str) -> float | None:
    """The conformal factor by which a round's deviations had been multiplied, if it says."""
    figures = (record.summary.get("calibration") or {}).get(recipe) or {}
    return _number(figures.get("conformal_factor"))


def _row(record: RoundRecord, ruled: bool) -> DecisionRow:
    summary = record.summary
    stopping = summary.get("stopping") or {}
    outcomes = summary.get("outcomes") or {}
    chosen = int(summary.get("evaluated", 0))
    gain, price = _number(stopping.get("gain")), _number(stopping.get("per_core_hour"))
    success = _number(outcomes.get("expected_success"))
    return DecisionRow(
        round=record.round,
        chosen=chosen,
        gain=None if gain == 0 and price is None else gain,  # of a first batch nothing is known
        per_core_hour=price,
        hypervolume=_number(summary.get("hypervolume")),
        failed=outcomes.get("failed"),
        expected_failures=None if success is None else chosen * (1 - success),
        solvers=", ".join(
            f"{batch['solver']} {number(batch['value'], 4)}"
            for batch in summary.get("batches") or []
        ),
        stopping=str(stopping.get("reason") or "") if ruled or stopping.get("stop") else "",
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
