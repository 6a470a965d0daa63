"""The columns of a comparison, the same on the terminal, in the page and in the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from molq.comparison.armrun import TOP, ArmRun
from molq.comparison.comparison import ArmRow, Comparison, Figure
from screening.runfiles import Cell

NOTHING = "–"


@dataclass(frozen=True)
class Column:
    """One column over the arms."""

    header: str
    unit: str
    digits: int  # after the point
    meaning: str  # one line
    figure: Callable[[ArmRow], Figure | None]

    def cell(self, row: ArmRow) -> str:
        """An arm's figure as text; where only some of its runs have one, how many."""
        figure = self.figure(row)
        if figure is None:
            return NOTHING
        text = figure.text(self.digits)
        return text if figure.runs == row.runs else f"{text} ({figure.runs} of {row.runs} runs)"


def columns(currency: str) -> tuple[Column, ...]:
    """Every column, in order."""
    return (
        Column("best", "utility", 3, "of the molecule that the arm ranks first, by exact values",
               lambda row: row.best),
        Column(f"mean of best {TOP}", "utility", 3,
               f"of the {TOP} that the arm ranks first, by exact values",
               lambda row: row.top_mean),
        Column("evaluated", "molecules", 0, "with a result for every recipe",
               lambda row: row.evaluations),
        Column("failed", "molecules", 0, "of these, without a score", lambda row: row.failures),
        Column("scoring", "core s", 1, "CPU time of every calculation, failed attempts too",
               lambda row: row.scoring_seconds),
        Column("choosing", "core s", 1, "CPU time of the driver: proposing, learning, choosing",
               lambda row: row.choosing_seconds),
        Column("device", "s", 1, "estimated use of quantum devices; simulators are none",
               lambda row: row.device_seconds),
        Column("cost", currency, 4, "of cores and devices, at the prices below",
               lambda row: row.money),
        Column("first hit", "s", 1, "wall clock to the first molecule of hit utility",
               lambda row: row.hit_seconds),
    )  # fmt: skip


HEADER = (
    "arm", "seed", "state", "best utility", f"mean utility of best {TOP}",
    "molecules evaluated", "molecules failed", "calculations begun", "scoring [core s]",
    "choosing [core s]", "shots", "device [s]", "cost", "currency", "worked [s]",
    "first hit [s]", "folder",
)  # fmt: skip


def lines(comparison: Comparison) -> list[Sequence[Cell]]:
    """One line for each run, under ``HEADER``."""
    return [_line(run, comparison.prices.currency) for run in comparison.runs]


def _line(run: ArmRun, currency: str) -> Sequence[Cell]:
    spent = run.spending
    return (
        run.arm, run.seed, run.state, run.best, run.top_mean, run.evaluations, run.failures,
        run.attempts, spent.scoring_seconds, spent.choosing_seconds,
        sum(use.shots for use in spent.devices), spent.device_seconds, spent.money, currency,
        run.worked_seconds, run.hit_seconds, run.folder,
    )  # fmt: skip
