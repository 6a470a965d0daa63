"""What a round learns from the results so far: its surrogates, and how far to trust them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from screening import surrogate
from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.knowledge import Knowledge, Label
from screening.store.journalview import JournalView
from screening.store.records import SelectionRecord
from screening.surrogate import Surrogate
from screening.surrogate.conformal import Calibrated, Conformal

if TYPE_CHECKING:
    from screening.surrogate.featurestore import FeatureStore
    from screening.surrogate.outcome import OutcomeModel

FEATURES = "features.sqlite"
"""In the folder of a run with a large library: a cache, gone when the run is finished."""

CONFORMAL = "conformal"
"""The round's fact that holds the factor of each recipe's standard deviations."""


@dataclass(frozen=True)
class Learned:
    """What a round knows how to predict. Its hyper-parameters stay for the whole round."""

    surrogates: Mapping[str, Surrogate]  # by recipe; those with two labels at least
    factors: Mapping[str, float]  # recipe -> what its standard deviations were multiplied by
    outcomes: OutcomeModel | None  # None before the first calculation with a known cost
    known: int  # id of the last result it was learned from, 0 for none
    note: str  # one line

    def conditioned(self, knowledge: Knowledge) -> dict[str, Surrogate]:
        """The surrogates, told what came since as well.

        Args:
            knowledge: of this moment; it has grown from the one that was learned from.
        """
        models = {}
        for recipe, model in self.surrogates.items():
            later = [x for x in knowledge.labels(recipe, after=self.known) if x.value == x.value]
            models[recipe] = (
                model.conditioned([x.candidate.smiles for x in later], [x.value for x in later])
                if later
                else model
            )
        return models


def learn(
    knowledge: Knowledge,
    plan: CampaignPlan,
    chosen: Sequence[SelectionRecord],
    factors: Mapping[int, Mapping[str, float]],
    store: FeatureStore | None = None,
) -> Learned:
    """Fit what a round predicts with.

    Args:
        knowledge: of the round's beginning.
        plan: of the campaign.
        chosen: what earlier rounds chose and how it was predicted; later rounds are passed
            over where their results are not known.
        factors: for each round, the factors by which its predictions were corrected.
        store: where the features of a large pool are kept.
    """
    models: dict[str, Surrogate] = {}
    corrections: dict[str, float] = {}
    notes = []
    for recipe in plan.recipes:
        labels = [label for label in knowledge.labels(recipe) if not label.failed]
        usable = sum(label.value == label.value for label in labels)
        note = f"{recipe}: {usable} labels"
        if usable >= 2:
            conformal = _conformal(recipe, labels, chosen, factors)
            model = surrogate.create(plan.surrogate, store=store)
            model.fit(
                [label.candidate.smiles for label in labels],
                [label.value for label in labels],
                fidelities=_fidelities(labels),
            )
            models[recipe] = Calibrated(model, conformal)
            corrections[recipe] = conformal.factor
            if conformal.corrects:
                note += f", deviations times {conformal.factor:.2f} by {conformal.n} earlier errors"
        notes.append(note)
    return Learned(
        surrogates=models,
        factors=corrections,
        outcomes=_outcomes(knowledge),
        known=knowledge.known,
        note="; ".join(notes) or "no recipe to predict",
    )


def feature_store(journal: JournalView, plan: CampaignPlan) -> FeatureStore | None:
    """Where a large library's features are kept from one decision to the next.

    Args:
        journal: open for writing, with its library taken in.
        plan: of the campaign.

    Returns:
        None where the features have room in memory, or the surrogate takes others.

    Raises:
        ValueError: the file cannot be opened, or is none.
    """
    if plan.surrogate.kind != "gp":
        return None
    from screening.surrogate.features import REMEMBERED
    from screening.surrogate.featurestore import FeatureStore

    if journal.library_counts()["passed"] <= REMEMBERED:
        return None
    return FeatureStore(journal.directory / FEATURES)


def _fidelities(labels: Sequence[Label]) -> dict[str, list[float]]:
    """The cheap values that came with the scores, nan where one lacks."""
    names = sorted({name for label in labels for name in label.cheap})
    return {name: [label.cheap.get(name, float("nan")) for label in labels] for name in names}


def _conformal(
    recipe: str,
    labels: Sequence[Label],
    chosen: Sequence[SelectionRecord],
    factors: Mapping[int, Mapping[str, float]],
) -> Conformal:
    """How much too sure the surrogate was of what it had chosen, corrections undone."""
    values = {x.candidate.inchikey: x.value for x in labels if x.value == x.value}
    errors = []
    for record in chosen:
        value = values.get(record.candidate.inchikey)
        if value is None or recipe not in record.predicted:
            continue
        mean, std = record.predicted[recipe]
        if std > 0:
            errors.append((mean, std / factors.get(record.round, {}).get(recipe, 1.0), value))
    means, stds, found = np.array(errors, dtype=np.float64).reshape(-1, 3).T
    return Conformal.of(means, stds, found)


def _outcomes(knowledge: Knowledge) -> OutcomeModel | None:
    from screening.surrogate.outcome import OutcomeModel

    smiles, failed, seconds = knowledge.calculations()
    if not np.isfinite(np.array(seconds)).any():
        return None
    return OutcomeModel.fit(smiles, failed, seconds)
