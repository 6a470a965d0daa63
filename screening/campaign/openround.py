"""A round of a campaign while it lasts."""

from __future__ import annotations

from dataclasses import dataclass, field

from screening.campaign.decision import Deliberation
from screening.compute.dispatch import Task
from screening.store.records import RoundRecord, SelectionRecord


@dataclass
class OpenRound:
    """A round that is begun and not finished."""

    record: RoundRecord
    places: int  # molecules it evaluates at most
    chosen: list[SelectionRecord]  # so far, in order
    missing: set[tuple[str, str]]  # InChIKey and recipe without a result
    deliberation: Deliberation | None  # None until a resumed round decides again
    closed: bool = False  # nothing more is chosen
    handed: set[str] = field(default_factory=set)  # InChIKeys given to the executor

    @property
    def number(self) -> int:
        """Counted from 1."""
        return self.record.round

    @property
    def open_places(self) -> int:
        """Molecules it may choose yet."""
        return 0 if self.closed else max(0, self.places - len(self.chosen))

    @property
    def is_done(self) -> bool:
        """Whether it has chosen all, and all results are in."""
        return not self.missing and not self.open_places

    @property
    def known_share(self) -> float:
        """Of the chosen molecules, how many have all their results."""
        running = {inchikey for inchikey, _ in self.missing}
        return 1 - len(running) / len(self.chosen)

    def tasks(self, room: int, recipes: tuple[str, ...]) -> list[Task]:
        """At most so many chosen molecules that the executor was not given in this session."""
        running = {inchikey for inchikey, _ in self.missing}
        waiting = [x for x in self.chosen if x.candidate.inchikey in running - self.handed]
        self.handed.update(record.candidate.inchikey for record in waiting[:room])
        return [Task(record.candidate, recipes, self.number) for record in waiting[:room]]

    def done(self, recipes: tuple[str, ...]) -> tuple[int, int]:
        """Results that are in, and those there will be in all."""
        chosen = len(self.chosen) * len(recipes)
        return chosen - len(self.missing), chosen + self.open_places * len(recipes)
