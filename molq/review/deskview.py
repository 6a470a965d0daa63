"""What the review page shows: the run's molecules that people may judge, as plain JSON types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from molq.campaignfile import CampaignFile, RunFile
from molq.leadtable import called, made_by, site_of
from molq.reading import leads_of
from molq.runstatus import state_of
from screening.campaign.reviewing import kept
from screening.candidate import Candidate
from screening.intake.standardise import molecule
from screening.ranking import Lead
from screening.review.opinions import Opinion, Opinions
from screening.store.journal import Journal
from screening.store.records import Review, SelectionRecord

MOST_LEADS = 200
MOST_OFFERS = 100
"""Molecules of a list that the page holds at most; it says how many there are."""


@dataclass(frozen=True)
class Stamp:
    """What has to change for the page to change."""

    review: int
    result: int
    selections: int
    attempt: int
    drop: int
    round: int
    state: str

    @classmethod
    def of(cls, journal: Journal) -> Stamp:
        """Of this moment."""
        return cls(
            journal.last_review(),
            journal.last_result(),
            journal.selected() + journal.dropped(),
            journal.last_attempt(),
            journal.last_drop(),
            journal.last_round(),
            state_of(journal),
        )

    def __str__(self) -> str:
        return "-".join(str(part) for part in vars(self).values())


class DeskView:
    """What the page shows of a run, read anew only where the run went on.

    Args:
        reviewer: whose page it is.
    """

    def __init__(self, reviewer: str) -> None:
        self._reviewer = reviewer
        self._leads: tuple[tuple[int, int], list[Lead], int] | None = None  # as of result, review
        self._recipe = ""  # the first one that is computed
        self._smiles: dict[str, str] = {}  # by InChIKey, of what the page shows
        self._sites: dict[str, tuple[str, tuple[int, ...]]] = {}  # SMILES, site by InChIKey

    def state(self, journal: Journal, file: RunFile) -> dict[str, Any]:
        """All of it.

        Raises:
            JournalError: a record is damaged.
        """
        stamp = Stamp.of(journal)
        self._recipe = file.recipes[0] if file.recipes else ""
        opinions = Opinions.of(journal)
        units = {recipe: journal.columns(recipe).unit for recipe in file.recipes}
        proposals = self._proposals(journal, file, opinions, units)
        chosen = {entry["key"] for entry in proposals}
        leads, ranked = self._lead_entries(journal, file, opinions)
        ideas = self._ideas(journal, opinions)
        offers, offered = self._offers(journal, opinions)
        rejected = self._rejected(journal, file, opinions)
        waiting = [x for x in proposals if x["status"] == "waits for approval"]
        state = state_of(journal)
        return {
            "stamp": str(stamp),
            "reviewer": self._reviewer,
            "run": {
                "name": file.name,
                "directory": str(journal.directory),
                "kind": journal.kind,
                "state": state,
                "round": journal.last_round() if journal.kind == "campaign" else None,
                "rounds": file.campaign.rounds if isinstance(file, CampaignFile) else None,
                "required": isinstance(file, CampaignFile) and file.review.required,
                "takes_ideas": isinstance(file, CampaignFile) and state != "finished",
            },
            "counts": {
                "proposals": len(proposals),
                "waiting": len(waiting),
                "leads": ranked,
                "ideas": len(ideas),
                "offers": offered,
                "rejected": len(rejected),
            },
            "lists": {
                "proposals": proposals,
                "leads": leads,
                "ideas": ideas,
                "offers": [entry for entry in offers if entry["key"] not in chosen],
                "rejected": rejected,
            },
        }

    def structure(self, journal: Journal, inchikey: str) -> tuple[str, tuple[int, ...]] | None:
        """SMILES and highlighted atoms of a molecule of the page; None for one that is none."""
        if inchikey in self._sites:
            return self._sites[inchikey]
        smiles = self._smiles.get(inchikey)
        if smiles is None:
            known = journal.candidate(inchikey)
            said = [] if known is not None else journal.reviews_of(inchikey)
            smiles = known.smiles if known is not None else said[0].smiles if said else None
        if smiles is None:
            return None
        self._sites[inchikey] = (smiles, self._foreseen_site(smiles))
        return self._sites[inchikey]

    def _foreseen_site(self, smiles: str) -> tuple[int, ...]:
        """Heavy atoms of the place that the first recipe would look at; none where it has none."""
        from screening.compute.evaluation import resolve
        from simulation.errors import SimulationError

        if not self._recipe:
            return ()
        try:
            sites = resolve(self._recipe).sites(molecule(smiles))
        except (SimulationError, ValueError):
            return ()  # the drawing is of use without it
        return sites[0].atoms if sites else ()

    def _proposals(
        self, journal: Journal, file: RunFile, opinions: Opinions, units: dict[str, str]
    ) -> list[dict[str, Any]]:
        """What rounds chose and is not computed: what waits first."""
        is_running = state_of(journal) == "running"
        required = isinstance(file, CampaignFile) and file.review.required
        entries = []
        for record in kept(journal.selections(), journal.drops()):
            key = record.candidate.inchikey
            if all(journal.has_result(key, recipe) for recipe in file.recipes):
                continue
            if journal.is_cut(key):
                continue
            opinion = opinions[key]
            if opinion.is_rejected:
                status = "will be left out"
            elif required and not opinion.is_approved:
                status = "waits for approval"
            elif is_running and journal.is_begun(key):
                status = "being computed"
            else:
                status = "waits for a worker"
            if status == "will be left out" and is_running and journal.is_begun(key):
                status = "being computed"
            entries.append(
                {
                    **self._entry(record.candidate, opinions),
                    "list": "proposals",
                    "status": status,
                    "round": record.round,
                    "position": record.position,
                    "reason": record.reason,
                    "predicted": _predicted(record, units),
                    "utility": record.utility_mean,
                    "utility_std": record.utility_std,
                    "has_forecast": bool(record.predicted),
                }
            )
        order = ["waits for approval", "waits for a worker", "being computed", "will be left out"]
        entries.sort(key=lambda x: (order.index(x["status"]), x["round"], x["position"]))
        return entries

    def _lead_entries(
        self, journal: Journal, file: RunFile, opinions: Opinions
    ) -> tuple[list[dict[str, Any]], int]:
        stamp = (journal.last_result(), opinions.known)
        if self._leads is None or self._leads[0] != stamp:
            table = leads_of(journal, file, MOST_LEADS)
            ranked = len(table) if len(table) < MOST_LEADS else journal.outcomes(file.recipes)[0]
            self._leads = (stamp, list(table), ranked)
        _, leads, ranked = self._leads
        entries = []
        for lead in leads:
            score = next(iter(lead.scores.values()), None)
            if score is not None:
                self._sites[lead.candidate.inchikey] = (score.smiles, site_of(lead))
            entries.append(
                {
                    **self._entry(lead.candidate, opinions),
                    "list": "leads",
                    "status": f"rank {lead.rank}",
                    "rank": lead.rank,
                    "round": lead.round,
                    "utility": lead.utility,
                    "alerts": list(lead.alerts),
                    "scores": [_score(name, score) for name, score in lead.scores.items()],
                    "properties": [
                        {"name": name, "value": value, "wish": lead.desirabilities.get(name)}
                        for name, value in lead.properties.items()
                    ],
                    "wishes": [
                        {"name": name, "value": value}
                        for name, value in lead.desirabilities.items()
                    ],
                }
            )
        return entries, ranked

    def _ideas(self, journal: Journal, opinions: Opinions) -> list[dict[str, Any]]:
        """Ideas that no round has chosen yet, and what became of the others."""
        chosen = _rounds(journal)
        entries = []
        for key in opinions.molecules:
            opinion = opinions[key]
            if not opinion.ideas:
                continue
            if opinion.is_rejected:
                status = "rejected"
            elif key in chosen:
                status = f"in round {chosen[key]}"
            elif journal.finished:
                status = "came too late"
            else:
                status = "joins the next batch"
            of = _meant(journal, opinions.said(key), opinion)
            entries.append({**self._entry(of, opinions), "list": "ideas", "status": status})
        return entries

    def _rejected(
        self, journal: Journal, file: RunFile, opinions: Opinions
    ) -> list[dict[str, Any]]:
        """What somebody rejects, and what a round left out for it: the latest first."""
        chosen = _rounds(journal)
        left = {drop.inchikey: drop for drop in journal.drops()}
        keys = [key for key in opinions.molecules if opinions[key].is_rejected or key in left]
        entries = []
        for key in sorted(keys, key=lambda key: -opinions.said(key)[-1].id):
            opinion, drop = opinions[key], left.get(key)
            if any(journal.has_result(key, recipe) for recipe in file.recipes):
                status = "computed"
            elif key in chosen:
                status = f"chosen by round {chosen[key]}"
            elif drop is not None:
                status = f"left out of round {drop.round}"
            else:
                status = "not chosen"
            if not opinion.is_rejected:
                if key in chosen:
                    continue  # it is where all others are again
                status += "" if journal.finished else "; it may be chosen again"
            of = _meant(journal, opinions.said(key), opinion)
            entries.append({**self._entry(of, opinions), "list": "rejected", "status": status})
        return entries

    def _offers(self, journal: Journal, opinions: Opinions) -> tuple[list[dict[str, Any]], int]:
        """What the generator offered the last round, while the round may choose from it."""
        if journal.kind != "campaign" or journal.finished or not journal.last_round():
            return [], 0
        taken = {x.candidate.inchikey for x in journal.selections()}
        found = [c for c in journal.offers(journal.last_round()) if c.inchikey not in taken]
        entries = [
            {
                **self._entry(candidate, opinions),
                "list": "offers",
                "status": "rejected" if opinions[candidate.inchikey].is_rejected else "not chosen",
                "round": journal.last_round(),
            }
            for candidate in found[:MOST_OFFERS]
        ]
        return entries, len(found)

    def _entry(self, candidate: Candidate, opinions: Opinions) -> dict[str, Any]:
        key = candidate.inchikey
        self._smiles[key] = candidate.smiles
        opinion = opinions[key]
        by_hand = candidate.origin == "reviewer"
        return {
            "key": key,
            "smiles": candidate.smiles,
            "label": called(candidate),
            "origin": f"idea of {candidate.hand}" if by_hand else candidate.origin,
            "made_by": "" if by_hand else made_by(candidate, {}),
            "verdict": opinion.verdict,
            "rating": opinion.rating,
            "said": [_said(review) for review in opinions.said(key)],
            "mine": self._mine(opinion),
        }

    def _mine(self, opinion: Opinion) -> dict[str, Any]:
        """What stands of this reviewer's own words."""

        def own(reviews: tuple[Review, ...]) -> list[Review]:
            return [review for review in reviews if review.reviewer == self._reviewer]

        verdicts = own((*opinion.approvals, *opinion.rejections))
        ratings = own(opinion.ratings)
        standing = [*verdicts, *ratings, *own(opinion.comments), *own(opinion.ideas)]
        return {
            "verdict": verdicts[-1].kind if verdicts else "",
            "rating": ratings[-1].rating if ratings else None,
            "standing": sorted(review.id for review in standing),
        }


def _rounds(journal: Journal) -> dict[str, int]:
    """By InChIKey, the round that chose a molecule and did not leave it out."""
    return {x.candidate.inchikey: x.round for x in kept(journal.selections(), journal.drops())}


def _meant(journal: Journal, said: Sequence[Review], opinion: Opinion) -> Candidate:
    """The molecule of which something was said: the run's own where it has it."""
    ideas = [*opinion.ideas, *(review for review in said if review.kind == "idea")]
    idea = ideas[0] if ideas else None  # one that stands, else one that was taken back
    known = journal.candidate(said[0].inchikey)
    if known is None and idea is not None:
        known = Candidate(idea.inchikey, idea.smiles, idea.text, "reviewer", hand=idea.reviewer)
    of = known or Candidate(said[0].inchikey, said[0].smiles, "", "generator")
    return replace(of, name=idea.text) if idea is not None and not of.name else of


def _predicted(record: SelectionRecord, units: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "mean": mean, "std": std, "unit": units.get(name, "")}
        for name, (mean, std) in record.predicted.items()
    ]


def _score(name: str, score: Any) -> dict[str, Any]:
    return {
        "name": name,
        "value": score.value,
        "unit": score.unit,
        "standard_error": score.standard_error,
        "flags": list(score.flags),
        "baselines": [
            {"name": label, "value": baseline.value, "unit": baseline.unit}
            for label, baseline in score.baselines.items()
        ],
    }


def _said(review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "time": review.time,
        "reviewer": review.reviewer,
        "kind": review.kind,
        "rating": review.rating,
        "text": review.text,
        "withdraws": review.withdraws,
    }
