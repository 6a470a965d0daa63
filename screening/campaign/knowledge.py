"""What a decision of a campaign knows: the journal up to one result, and what it says.

Results come in the order in which workers end, so that two runs of one campaign may learn
of them in different orders. Everything here is a function of the *set* of results up to a
stated one: they are brought into the order of round, InChIKey and recipe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.campaign.campaignplan import CampaignPlan
from screening.candidate import Candidate
from screening.ranking import Lead, rank
from screening.store.journalview import JournalView
from screening.store.records import Result, SelectionRecord
from simulation.score import Score


@dataclass(frozen=True)
class Label:
    """What a final result teaches."""

    candidate: Candidate
    recipe: str
    round: int
    known: int  # id of a result up to which it was first read
    value: float  # in the recipe's unit; nan where it failed or is not to be learned from
    failed: bool
    cheap: Mapping[str, float]  # baseline -> value in its unit


@dataclass(frozen=True)
class Standing:
    """How a computed molecule stands among the wishes."""

    candidate: Candidate
    utility: float  # 0..1
    desirabilities: Mapping[str, float]  # objective -> 0..1


class Knowledge:
    """The results up to an id, growing as they come.

    Args:
        journal: open.
        plan: of the campaign.
    """

    def __init__(self, journal: JournalView, plan: CampaignPlan) -> None:
        self._journal = journal
        self._plan = plan
        self._labels: list[Label] = []
        self._computed: set[tuple[str, str]] = set()  # InChIKey, recipe
        self._partial: dict[str, dict[str, Score]] = {}  # InChIKey -> scores, while some lack
        self._standings: dict[str, Standing] = {}  # by InChIKey
        self._gates = plan.way.gates
        self._cut: set[str] = set()  # InChIKeys of what a stage of the funnel let go no further
        self.known = 0  # id of the last result known

    def advance(self, known: int | None = None) -> None:
        """Learn of the results up to an id.

        Args:
            known: not before the present one; None for the last that is journalled.

        Raises:
            JournalError: a record does not match its checksum.
        """
        until = self._journal.last_result() if known is None else known
        if until <= self.known:
            return
        touched: dict[str, Result] = {}
        for result in self._journal.iterate_results(after=self.known, known=until):
            key = result.candidate.inchikey
            self._computed.add((key, result.recipe))
            if result.recipe in self._plan.recipes:
                self._labels.append(self._label(result, until))
                if result.score is not None:
                    self._partial.setdefault(key, {})[result.recipe] = result.score
            if self._is_cut_by(result):
                self._cut.add(key)
                self._labels += self._cut_labels(result, until)
            touched[key] = result
        self._labels.sort(key=lambda x: (x.round, x.candidate.inchikey, x.recipe))
        done = [key for key in touched if self.has(key)]
        self._judge(
            (touched[key].candidate, self._partial.pop(key, {}), touched[key].round) for key in done
        )
        self.known = until

    def count_exact(self, chosen: Sequence[SelectionRecord]) -> None:
        """Count chosen molecules of which nothing has to be computed as known."""
        if not self._plan.recipes:
            self._judge((record.candidate, {}, record.round) for record in chosen)

    def has(self, inchikey: str) -> bool:
        """Whether every recipe has its final result for a molecule, or none will have."""
        return inchikey in self._cut or all(
            (inchikey, recipe) in self._computed for recipe in self._plan.recipes
        )

    def pending(self, chosen: Sequence[SelectionRecord]) -> list[Candidate]:
        """The chosen molecules that lack a result, in the order of choosing."""
        return [record.candidate for record in chosen if not self.has(record.candidate.inchikey)]

    def labels(self, recipe: str, *, after: int = 0) -> list[Label]:
        """What is known of a recipe, oldest round first, failures included.

        Args:
            recipe: by name.
            after: leave out what was known when the last result was this one.
        """
        return [x for x in self._labels if x.recipe == recipe and x.known > after]

    @property
    def utilities(self) -> dict[str, float]:
        """Utility of each molecule that ranks, by InChIKey."""
        return {key: standing.utility for key, standing in self._standings.items()}

    @property
    def best_utility(self) -> float:
        """The highest utility, 0 while nothing ranks."""
        return max((standing.utility for standing in self._standings.values()), default=0.0)

    @property
    def desirabilities(self) -> NDArray[np.float64]:
        """Of the molecules that rank, by InChIKey; shape (molecules, objectives), 0..1."""
        names = [objective.name for objective in self._plan.objectives]
        rows = [
            [standing.desirabilities[name] for name in names]
            for _, standing in sorted(self._standings.items())
        ]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(names))

    def calculations(self) -> tuple[list[str], list[bool], list[float]]:
        """The molecules with all results: SMILES, whether one failed, and CPU seconds.

        What a stage of the funnel cut counts as failed: it gives no score either. The time
        is that of all attempts at all recipes, failed ones included; nan where no attempt
        was made.
        """
        spent: dict[str, float] = {}
        for attempt in self._journal.attempts():
            if attempt.cpu_seconds is not None:
                earlier = spent.get(attempt.inchikey, 0.0)
                spent[attempt.inchikey] = earlier + attempt.cpu_seconds
        failed: dict[str, bool] = {}
        smiles: dict[str, str] = {}
        for label in self._labels:
            key = label.candidate.inchikey
            if self.has(key):
                failed[key] = failed.get(key, False) or label.failed or key in self._cut
                smiles[key] = label.candidate.smiles
        return (
            list(smiles.values()),
            [failed[key] for key in smiles],
            [spent.get(key, float("nan")) for key in smiles],
        )

    def _is_cut_by(self, result: Result) -> bool:
        gate = self._gates.get(result.recipe)
        return gate is not None and result.score is not None and not gate.passes(result.score.value)

    def _cut_labels(self, result: Result, known: int) -> list[Label]:
        """What a value that cut its molecule teaches of the recipes that were not computed."""
        assert result.score is not None
        owner, _, baseline = result.recipe.partition("/")
        value = result.score.value
        return [
            Label(
                candidate=result.candidate,
                recipe=recipe,
                round=result.round or 0,
                known=known,
                value=float("nan"),
                failed=False,
                cheap={baseline: value} if baseline and recipe == owner else {},
            )
            for recipe in self._plan.recipes
            if recipe != result.recipe
        ]

    def _label(self, result: Result, known: int) -> Label:
        score = result.score
        admitted = score is not None and self._plan.ranking.admits(score)
        return Label(
            candidate=result.candidate,
            recipe=result.recipe,
            round=result.round or 0,
            known=known,
            value=score.value if score is not None and admitted else float("nan"),
            failed=score is None,
            cheap={} if score is None else {k: b.value for k, b in score.baselines.items()},
        )

    def _judge(self, found: Iterable[tuple[Candidate, Mapping[str, Score], int | None]]) -> None:
        plan = self._plan
        for lead in rank(found, plan.objectives, plan.filters, plan.ranking):
            self._standings[lead.candidate.inchikey] = _standing(lead)


def _standing(lead: Lead) -> Standing:
    return Standing(lead.candidate, lead.utility, lead.desirabilities)
