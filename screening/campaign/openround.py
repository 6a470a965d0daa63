"""A round of a campaign while it lasts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
    left_out: int = 0  # molecules that were chosen and that a reviewer rejected in time

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
        return 1 - len(running) / len(self.chosen) if self.chosen else 1.0

    def unhanded(self) -> list[SelectionRecord]:
        """The chosen molecules that lack a result and that no worker was given, in order."""
        waiting = {inchikey for inchikey, _ in self.missing} - self.handed
        return [x for x in self.chosen if x.candidate.inchikey in waiting]

    def tasks(self, room: int, recipes: tuple[str, ...], held: Collection[str] = ()) -> list[Task]:
        """At most so many chosen molecules that the executor was not given in this session.

        Args:
            room: so many.
            recipes: what is computed of each.
            held: InChIKeys of what waits for an approval.
        """
        waiting = [x for x in self.unhanded() if x.candidate.inchikey not in held][:room]
        self.handed.update(record.candidate.inchikey for record in waiting)
        return [Task(record.candidate, recipes, self.number) for record in waiting]

    def withdrawable(self, rejected: Collection[str]) -> list[SelectionRecord]:
        """Of these the chosen molecules that no worker was given."""
        return [x for x in self.unhanded() if x.candidate.inchikey in rejected]

    def leave_out(self, records: Iterable[SelectionRecord]) -> None:
        """Take chosen molecules out, which frees their places."""
        gone = {x.position for x in records if x.round == self.number}
        keys = {x.candidate.inchikey for x in self.chosen if x.position in gone}
        self.chosen = [x for x in self.chosen if x.position not in gone]
        self.missing = {(key, recipe) for key, recipe in self.missing if key not in keys}
        self.left_out += len(gone)

    def done(self, recipes: tuple[str, ...]) -> tuple[int, int]:
        """Results that are in, and those there will be in all."""
        chosen = len(self.chosen) * len(recipes)
        return chosen - len(self.missing), chosen + self.open_places * len(recipes)
