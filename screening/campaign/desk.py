"""Where a running campaign hears of reviews, and waits for them where it must."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from screening.campaign.openround import OpenRound
from screening.campaign.reviewing import Heard, heard
from screening.review.opinions import Opinions
from screening.review.settings import ReviewSettings
from screening.store.journal import Journal
from screening.store.journalview import JournalView
from screening.store.records import SelectionRecord

_POLL_S = 1.0  # between two looks at whether somebody said something


class Desk:
    """Where a running campaign hears of reviews.

    Args:
        journal: open for writing.
        settings: of the campaign.
        max_heavy_atoms: of a molecule that is evaluated.
    """

    def __init__(self, journal: Journal, settings: ReviewSettings, max_heavy_atoms: int) -> None:
        self._journal = journal
        self._settings = settings
        self._max_heavy_atoms = max_heavy_atoms
        self._told: set[int] = set()  # rounds whose waiting was logged in this session
        self.opinions = Opinions()
        self.drops = journal.drops()

    def listen(self, rounds: Sequence[OpenRound]) -> list[SelectionRecord]:
        """Hear what was said since; rejected molecules that no worker has are left out.

        Args:
            rounds: that are open.

        Returns:
            The molecules that were left out.
        """
        self.opinions.add(self._journal.reviews(after=self.opinions.known))
        rejected = self.opinions.rejected
        if not rejected:
            return []
        gone = [record for round in rounds for record in round.withdrawable(rejected)]
        if gone:
            self._journal.drop(
                (record, self.opinions[record.candidate.inchikey].rejections[0].id)
                for record in gone
            )
            self.drops = self._journal.drops()
            for round in rounds:
                round.leave_out(gone)
        return gone

    def heard(self, round: int) -> Heard:
        """What a decision of a round is told now."""
        return heard(
            self._journal,
            self.opinions,
            self.drops,
            round,
            max_heavy_atoms=self._max_heavy_atoms,
        )

    def held(self, rounds: Sequence[OpenRound]) -> dict[int, list[SelectionRecord]]:
        """By round, the chosen molecules that wait for an approval."""
        if not self._settings.required:
            return {}
        approved = self.opinions.approved
        found = {
            round.number: [
                record for record in round.unhanded() if record.candidate.inchikey not in approved
            ]
            for round in rounds
        }
        return {number: records for number, records in found.items() if records}

    def tell(self, held: Mapping[int, Sequence[SelectionRecord]]) -> str:
        """Log that molecules wait, once a round and session.

        Returns:
            The line; empty where it was said before.
        """
        new = {number: len(records) for number, records in held.items() if number not in self._told}
        if not new:
            return ""
        self._told |= new.keys()
        line = waiting_line(self._journal, sum(new.values()), max(new))
        self._journal.log("review", line)
        return line

    def wait(self) -> bool:
        """Wait until somebody says something; False where patience has an end and it came.

        Raises:
            KeyboardInterrupt: stopped by the user.
        """
        begun = time.monotonic()
        patience = self._settings.patience_h
        while self._journal.last_review() <= self.opinions.known:
            if patience is not None and time.monotonic() - begun >= patience * 3600:
                return False
            time.sleep(_POLL_S)
        return True


def waiting_line(journal: JournalView, molecules: int, round: int) -> str:
    """That so many chosen molecules wait, and what to do."""
    wait = "molecule waits" if molecules == 1 else "molecules wait"
    return f"round {round}: {molecules} {wait} for approval: `molq review {journal.directory}`"
