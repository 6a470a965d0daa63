"""Where a run stands, read from its journal; also while it goes on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from screening.funnel.funneltable import StageFigures
from screening.store.runlock import in_use

if TYPE_CHECKING:
    from screening.store.journal import Journal

State = Literal["running", "finished", "interrupted"]

RECENT_EVENTS = 5


@dataclass(frozen=True)
class RunStatus:
    """A run's state and its counts."""

    directory: str
    name: str
    kind: str  # "campaign", "screen"
    state: State
    round: int | None  # the round at work or last finished; None in a screen
    rounds: int | None  # asked for; None in a screen
    rows: int  # of the library
    dropped: int  # rows of the library that were not taken
    scored: int
    failed: int
    waiting: int  # molecules chosen (screen: taken in) and not finished
    best_value: float | None  # screen: of the recipe; campaign: utility
    best_label: str | None
    not_ranked: str  # how many sampled scores are left out of the ranking; "" for none
    cpu_seconds: float  # s, of all finished calculations
    created: str  # UTC, ISO 8601
    events: tuple[tuple[str, str], ...]  # time and message, newest last
    reused: dict[str, int] = field(default_factory=dict)  # folder of a run -> scores taken over
    funnel: tuple[StageFigures, ...] = ()  # empty for a run without one
    for_approval: int = 0  # chosen molecules that wait for a reviewer
    reviews: int = 0  # what reviewers have said so far

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @property
    def age(self) -> str:
        """How long ago the run was created, in words."""
        begun = datetime.fromisoformat(self.created)
        return duration((datetime.now(UTC) - begun).total_seconds())

    def lines(self) -> list[tuple[str, str]]:
        """Label and text of each fact, for a table."""
        facts = [
            ("run", f"{self.name} ({self.kind})"),
            ("state", self.state),
        ]
        if self.rounds is not None:
            facts.append(("round", f"{self.round or 0} of {self.rounds}"))
        facts += [
            ("scored", str(self.scored)),
            ("failed", str(self.failed)),
            ("waiting", str(self.waiting)),
            ("library rows", f"{self.rows}, {self.dropped} dropped or duplicate"),
        ]
        if self.for_approval:
            wait = "molecule waits" if self.for_approval == 1 else "molecules wait"
            line = f"{self.for_approval} {wait} for approval: molq review {self.directory}"
            facts.append(("review", line))
        elif self.reviews:
            facts.append(("reviews", str(self.reviews)))
        if self.best_value is not None:
            facts.append(("best", f"{self.best_value:.3f} ({self.best_label})"))
        if self.not_ranked:
            facts.append(("not ranked", self.not_ranked))
        facts.append(("CPU time", duration(self.cpu_seconds)))
        facts += [("taken over", f"{n} scores of {folder}") for folder, n in self.reused.items()]
        facts += [("funnel", in_words(row)) for row in self.funnel]
        facts.append(("begun", f"{self.age} ago"))
        facts += [("log", f"{time[:19]} {message}") for time, message in self.events]
        return facts

    def _repr_html_(self) -> str:
        from molq.notebook import table

        return table(["", ""], self.lines())


def in_words(row: StageFigures) -> str:
    """A stage of a funnel on one line."""
    rule = f" {row.cut_rule}" if row.cut_rule else ""
    waiting = f", {row.waiting} waiting" if row.waiting else ""
    return (
        f"{row.stage}{rule}: {row.entered} in, {row.cut} cut, {row.failed} failed{waiting}, "
        f"{row.passed} out; {duration(row.core_seconds)} of CPU time"
    )


def duration(seconds: float) -> str:
    """Seconds in the unit people would use."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.1f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.1f} d"


def state_of(journal: Journal) -> State:
    """Finished when its journal says so, running while its writer lives, interrupted else."""
    if journal.finished:
        return "finished"
    return "running" if in_use(journal.directory) else "interrupted"
