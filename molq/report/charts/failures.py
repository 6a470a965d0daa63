"""Why molecules have no score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from molq.report.charts.figure import Figure, Table, View, axis

KINDS = {  # in the order of the bars
    "input": "@sky",
    "convergence": "@amber",
    "resource": "@vermillion",
    "random": "@rose",
}
_BAR = 30  # px


@dataclass(frozen=True)
class Reason:
    """What failed, where."""

    kind: str  # of ``KINDS``
    step: str


def by_reason(
    final: Mapping[Reason, int], attempts: Mapping[Reason, int], examples: Mapping[Reason, str]
) -> Figure:
    """Failures by the step at which they happened, coloured by kind.

    Args:
        final: molecules and recipes without a score, with every attempt spent.
        attempts: attempts that failed, those that a retry made good included.
        examples: one message of each.
    """
    steps = _steps(final, attempts)
    kinds = [k for k in (*KINDS, *sorted({r.kind for r in attempts} - set(KINDS))) if any(
        reason.kind == k for reason in (*final, *attempts)
    )]  # fmt: skip
    views = tuple(
        View(
            name,
            tuple(
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": kind,
                    "y": list(steps),
                    "x": [counts.get(Reason(kind, step), 0) for step in steps],
                    "text": [
                        f"{step}: {counts.get(Reason(kind, step), 0)} by {kind}" for step in steps
                    ],
                    "textposition": "none",
                    "marker": {"color": KINDS.get(kind, "@faint")},
                }
                for kind in kinds
            ),
        )
        for name, counts in (("without a score", final), ("failed attempts", attempts))
    )
    saved = sum(attempts.values()) - sum(final.values())
    said = f"{sum(final.values())} calculations ended without a score"
    if saved > 0:
        said += f"; {saved} more attempts failed and were repeated"
    return Figure(
        id="failures-by-reason",
        section="failures",
        title="Failures by reason",
        description=f"{said}. Bars stand at the step that failed.",
        alt=f"Failures by step and kind. {said}. {_listed(final)}",
        data=views[0].data,
        layout={
            "barmode": "stack",
            "xaxis": axis("number", rangemode="tozero", tickformat="d"),
            "yaxis": {"automargin": True, "autorange": "reversed", "type": "category"},
        },
        table=Table.of(
            ("Step", "Kind", "Without a score", "Failed attempts", "For example"),
            [
                (r.step, r.kind, final.get(r, 0), attempts.get(r, 0), examples.get(r, ""))
                for r in sorted({*final, *attempts}, key=lambda r: (steps.index(r.step), r.kind))
            ],
        ),
        views=views,
        height=110 + _BAR * len(steps),
    )


def _steps(*counts: Mapping[Reason, int]) -> Sequence[str]:
    total: Counter[str] = Counter()
    for found in counts:
        for reason, number in found.items():
            total[reason.step] += number
    return [step for step, _ in total.most_common()]


def _listed(final: Mapping[Reason, int]) -> str:
    ordered = sorted(final.items(), key=lambda item: -item[1])
    return "; ".join(f"{r.step}, {r.kind}: {number}" for r, number in ordered)
