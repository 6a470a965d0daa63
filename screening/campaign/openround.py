"""A round of a campaign while it lasts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.decision import Deliberation
from screening.campaign.reviewing import KNOWN_DROP, kept
from screening.compute.dispatch import Task
from screening.store.journalview import JournalView
from screening.store.records import Drop, RoundRecord, SelectionRecord


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


def taken_up(journal: JournalView, plan: CampaignPlan) -> list[OpenRound]:
    """The rounds that a journal has begun and not finished, in order.

    Raises:
        JournalError: a record does not match its checksum.
    """
    records, selections, drops = journal.rounds(), journal.selections(), journal.drops()
    begun = max((record.round for record in records), default=0)
    found = []
    for record in records:
        if record.finished is not None:
            continue
        own = [x for x in selections if x.round == record.round]
        chosen = kept(own, drops)
        found.append(
            OpenRound(
                record,
                places(plan, record, selections, drops),
                chosen,
                missing(journal, plan, chosen),
                deliberation=None,
                closed=record.round < begun,
                left_out=len(own) - len(chosen),
            )
        )
    return found


def places(
    plan: CampaignPlan,
    record: RoundRecord,
    selections: Iterable[SelectionRecord],
    drops: Sequence[Drop],
) -> int:
    """Molecules that the last round begun evaluates at most.

    They are those it began with, and as many as were left out of earlier rounds since.

    Args:
        plan: of the campaign.
        record: of the round.
        selections: of all rounds.
        drops: of all rounds.
    """
    earlier = [x for x in selections if x.round < record.round]
    known = int(record.facts.get(KNOWN_DROP, 0))
    before = len(kept(earlier, [drop for drop in drops if drop.id <= known]))
    return plan.places(record.round, before) + before - len(kept(earlier, drops))


def missing(
    journal: JournalView, plan: CampaignPlan, chosen: Iterable[SelectionRecord]
) -> set[tuple[str, str]]:
    """InChIKey and recipe of what chosen molecules lack."""
    way = plan.way
    return {
        (record.candidate.inchikey, step)
        for record in chosen
        if not (way.gates and journal.is_cut(record.candidate.inchikey))
        for step in way.steps
        if not journal.has_result(record.candidate.inchikey, step)
    }
