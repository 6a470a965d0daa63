"""What became of a disturbed run, judged beside an undisturbed one of the same molecules."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import disturbedrun
from disturbedrun import RUN, WISHES, Disturbed
from faultyrecipe import PLANS, TRACE

from screening.compute.executor import Inline
from screening.standing import leads
from screening.store.journal import Journal, Result


@dataclass(frozen=True)
class FaultRecord:
    """A fault and its outcome: a row of the table."""

    fault: str
    injected: str  # how, and what stands in for the real thing
    times: int
    molecules: int  # that the undisturbed run evaluates
    scored: int
    failed: dict[str, int]  # "kind/step" of a final failure -> molecules
    again: int  # calculations begun beyond one a molecule: interrupted, or tried again
    twice: int  # calculations begun of molecules whose final result was journalled already
    lost: int  # molecules without an outcome, or with one that was journalled and is gone
    ranking_equal: bool  # to the undisturbed run's, without the molecules that failed
    seconds: float  # s, wall clock, start of Ray or nodes included where the fault needs its own
    note: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether every molecule ended once, in a score or a typed failure, ranked as it should."""
        ended = self.scored + sum(self.failed.values())
        return ended == self.molecules and not self.twice and not self.lost and self.ranking_equal


@dataclass
class Ledger:
    """What was seen of a run in a folder while it went on.

    Args:
        folder: prepared by ``disturbedrun.prepare``.
        trace: of the calculations begun; ``FOLDER/trace`` unless told.
    """

    folder: Path
    trace: Path | None = None
    begun: float = field(default_factory=time.monotonic)
    _settled: dict[str, tuple[Result, int]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """SMILES of the calculations begun, in order."""
        path = self.trace or self.folder / "trace"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def settle(self, results: Sequence[Result]) -> None:
        """Note what is journalled by now: from here on nothing may compute it again."""
        # A calculation's line is written before its result: this many may be of earlier ones.
        position = len(self.lines())
        for result in results:
            self._settled.setdefault(result.candidate.inchikey, (result, position))

    def settle_journal(self) -> list[Result]:
        """``settle`` all that the journal holds, and give it."""
        if not (self.folder / RUN / "journal.sqlite").exists():
            return []
        with Journal.open(self.folder / RUN, readonly=True) as journal:
            found = journal.results()
        self.settle(found)
        return found

    def record(
        self, undisturbed: Sequence[tuple[str, float]], *, fault: str, injected: str, times: int,
        note: str = "",
    ) -> FaultRecord:  # fmt: skip
        """What stands in the journal at the end, beside the ranking of the undisturbed run."""
        with Journal.open(self.folder / RUN, readonly=True) as journal:
            results = {r.candidate.inchikey: r for r in journal.results()}
            scored_attempts = Counter(
                a.inchikey for a in journal.attempts() if a.outcome == "scored"
            )
            ranked = ranking(journal)
        lines = self.lines()
        changed = [k for k, (result, _) in self._settled.items() if results.get(k) != result]
        after = sum(
            smiles == result.candidate.smiles
            for result, position in self._settled.values()
            for smiles in lines[position:]
        )
        expected = [key for key, _ in undisturbed]
        missing = [key for key in expected if key not in results]
        failures = [r.failure for r in results.values() if r.failure is not None]
        failed = {key for key, r in results.items() if r.failure is not None}
        return FaultRecord(
            fault=fault,
            injected=injected,
            times=times,
            molecules=len(expected),
            scored=len(results) - len(failed),
            failed=dict(sorted(Counter(f"{f.kind}/{f.step}" for f in failures).items())),
            again=len(lines) - len(expected),
            twice=after + sum(n - 1 for n in scored_attempts.values()),
            lost=len(set(changed) | set(missing)),
            ranking_equal=ranked == [lead for lead in undisturbed if lead[0] not in failed],
            seconds=time.monotonic() - self.begun,
            note=note,
        )


def ranking(journal: Journal) -> list[tuple[str, float]]:
    """InChIKeys and utilities of a run's leads, best first."""
    return [(lead.candidate.inchikey, lead.utility) for lead in leads(journal, WISHES)]


def undisturbed(folder: Path, plan: Disturbed) -> list[tuple[str, float]]:
    """The ranking of the same run in this process, with no fault planned."""
    disturbedrun.prepare(folder, plan)
    outside = {name: os.environ.pop(name) for name in (PLANS, TRACE) if name in os.environ}
    try:
        disturbedrun.perform(folder, Inline(capacity=4))
    finally:
        os.environ.update(outside)
    with Journal.open(folder / RUN, readonly=True) as journal:
        return ranking(journal)


def together(records: Sequence[FaultRecord], note: str) -> FaultRecord:
    """Records of one fault, added up."""
    failed: Counter[str] = Counter()
    for record in records:
        failed.update(record.failed)
    return FaultRecord(
        fault=records[0].fault,
        injected=records[0].injected,
        times=sum(record.times for record in records),
        molecules=sum(record.molecules for record in records),
        scored=sum(record.scored for record in records),
        failed=dict(sorted(failed.items())),
        again=sum(record.again for record in records),
        twice=sum(record.twice for record in records),
        lost=sum(record.lost for record in records),
        ranking_equal=all(record.ranking_equal for record in records),
        seconds=sum(record.seconds for record in records),
        note=note,
    )


def table(records: Sequence[FaultRecord]) -> str:
    """The records as a Markdown table."""
    lines = [
        "| fault | how it was injected | times | molecules | scored | failed, by kind "
        "| begun again | computed twice | lost | ranking | seconds |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in records:
        failed = ", ".join(f"{n} {kind}" for kind, n in r.failed.items()) or "0"
        lines.append(
            f"| {r.fault} | {r.injected}{f' ({r.note})' if r.note else ''} | {r.times} "
            f"| {r.molecules} | {r.scored} | {failed} | {r.again} | {r.twice} | {r.lost} "
            f"| {'equal' if r.ranking_equal else 'DIFFERS'} | {r.seconds:.0f} |"
        )
    return "\n".join(lines)
