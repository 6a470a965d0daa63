"""The table of a folder of PMO histories beside published values."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pmo_history import SPENT, auc, read
from pmo_oracles import TASKS

PEERS = ("tanimoto_gp_bo", "genetic_gfn", "invirtuogen_noprescreen")
SHORT = 1000  # the small budget, taken from the first calls of a longer run


@dataclass(frozen=True)
class Row:
    """One task, the mean over its seeds."""

    task: str
    seeds: int
    finished: bool
    calls: float
    short: tuple[float, float, float]  # AUC of the 1, 10 and 100 best at SHORT calls
    full: tuple[float, float, float]  # the same at the full budget
    cpu_s: float  # without the oracle
    oracle_s: float
    short_cpu_s: float  # of the first SHORT calls, without the oracle


def rows(folder: Path, budget: int) -> list[Row]:
    """The tasks that have begun, judged at the full budget.

    Raises:
        ValueError: the folder holds no history.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*.csv")):
        found[path.stem.rpartition("-")[0]].append(path)
    made = []
    for task in TASKS:
        histories = [(path, read(path)) for path in found.get(task, ())]
        histories = [(path, calls) for path, calls in histories if calls]
        if not histories:
            continue
        n = len(histories)
        short, full = [], []
        for _, calls in histories:
            values = [call.value for call in calls]
            short.append([auc(values, k, min(SHORT, budget)) for k in (1, 10, 100)])
            full.append([auc(values, k, budget) for k in (1, 10, 100)])
        begun = [calls[: min(SHORT, len(calls))][-1] for _, calls in histories]
        made.append(
            Row(
                task,
                n,
                all(_ended(path, len(calls), budget) for path, calls in histories),
                sum(len(calls) for _, calls in histories) / n,
                _mean(short),
                _mean(full),
                sum(calls[-1].cpu_s - calls[-1].oracle_s for _, calls in histories) / n,
                sum(calls[-1].oracle_s for _, calls in histories) / n,
                sum(call.cpu_s - call.oracle_s for call in begun) / n,
            )
        )
    if not made:
        raise ValueError(f"{folder} holds no PMO history (TASK-SEED.csv)")
    return made


def _ended(history: Path, calls: int, budget: int) -> bool:
    """Whether a task has ended at this budget, early or with all of its calls."""
    path = history.with_suffix(".json")
    if not path.is_file():
        return False
    return calls >= budget or json.loads(path.read_text(encoding="utf-8"))["reason"] != SPENT


def _mean(lines: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    first, second, third = (sum(column) / len(lines) for column in zip(*lines, strict=True))
    return first, second, third


def published(path: Path) -> dict[str, dict[str, float]]:
    """AUC top-10 at 10,000 calls by task and method; empty when the file is missing."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {
            line["task"]: {k: float(v) for k, v in line.items() if k != "task"}
            for line in csv.DictReader(file)
        }


def table(folder: Path, anchors: Path, *, budget: int = 10_000, markdown: bool = False) -> str:
    """AUC at the small and at the full budget beside published values, and the costs."""
    made = rows(folder, budget)
    peers = published(anchors)
    names = [p for p in PEERS if any(p in values for values in peers.values())]
    header = ["task", f"{SHORT}: top-10", f"{budget}: top-1", "top-10", "top-100", *names]
    if peers:
        header.append("best published")
    header += ["calls", f"CPU s at {SHORT}", "CPU s", "oracle s"]
    lines = []
    for row in made:
        known = peers.get(row.task, {})
        own = [v for k, v in known.items() if not k.endswith("_prescreened")]
        cells = [row.task + ("" if row.finished else " (unfinished)")]
        cells += [f"{x:.3f}" for x in (row.short[1], *row.full)]
        cells += [f"{known[n]:.3f}" if n in known else "-" for n in names]
        if peers:
            cells.append(f"{max(own):.3f}" if own else "-")
        cells += [f"{row.calls:.0f}", f"{row.short_cpu_s:.0f}"]
        cells += [f"{row.cpu_s:.0f}", f"{row.oracle_s:.0f}"]
        lines.append(cells)
    shown = [row.task for row in made]
    total = [f"sum of {len(made)}", f"{sum(r.short[1] for r in made):.3f}"]
    total += [f"{sum(r.full[i] for r in made):.3f}" for i in range(3)]
    total += [f"{sum(peers[t][n] for t in shown if t in peers):.3f}" for n in names]
    if peers:
        best = [
            max(v for k, v in peers[t].items() if not k.endswith("_prescreened"))
            for t in shown
            if t in peers
        ]
        total.append(f"{sum(best):.3f}")
    total += [f"{sum(r.calls for r in made):.0f}", f"{sum(r.short_cpu_s for r in made):.0f}"]
    total += [f"{sum(r.cpu_s for r in made):.0f}", f"{sum(r.oracle_s for r in made):.0f}"]
    lines.append(total)
    return _markdown(header, lines) if markdown else _plain(header, lines)


def _markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *lines))


def _plain(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    width = [max(len(cells[i]) for cells in (header, *lines)) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(cells, width, strict=True))
        )
        for cells in (header, *lines)
    )
