"""The funnel's stage ``predicted``: a surrogate of the results at hand, over a whole library.

It learns from the scores of the run itself and of runs named as cache that were computed by
the same method. Where there are fewer than the stage's ``sample``, molecules drawn at random
are computed first. A molecule that has its value already is not judged by a prediction.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from screening import surrogate
from screening.candidate import Candidate
from screening.funnel.barrier import Rows
from screening.funnel.funnel import End, FunnelStage
from screening.store.journal import Journal
from screening.store.journalview import JournalView
from screening.surrogate import Prediction, Surrogate, SurrogateSettings

if TYPE_CHECKING:
    from screening.funnel.cache import Cache

_LEAST = 2  # labels of a surrogate
_SAMPLED = "funnel_sample_{}"  # mark of the journal: molecules to be computed first


@dataclass(frozen=True)
class Labels:
    """What a surrogate learns from."""

    smiles: tuple[str, ...]
    values: tuple[float, ...]  # in the recipe's unit

    def __len__(self) -> int:
        return len(self.smiles)


def labels(journal: JournalView, recipe: str, cache: Cache | None, most: int) -> Labels:
    """The scores at hand of a recipe, each molecule once, the run's own first.

    Args:
        journal: of the run.
        recipe: by name.
        cache: of earlier runs.
        most: labels that are taken.
    """
    found: dict[str, tuple[str, float]] = {}
    for inchikey, smiles, value in chain(
        journal.labelled(recipe), () if cache is None else cache.values(recipe)
    ):
        if len(found) == most:
            break
        found.setdefault(inchikey, (smiles, value))
    ordered = [found[key] for key in sorted(found)]
    return Labels(tuple(s for s, _ in ordered), tuple(v for _, v in ordered))


def sample(
    journal: Journal, stage: FunnelStage, number: int, recipe: str, at_hand: int, seed: int
) -> list[Candidate]:
    """The molecules to be computed before anything can be predicted, none where enough is known.

    Drawn at random among those still in the funnel: the lowest digests of the run's seed and
    the InChIKey. Whether there is a sample is decided once in the life of a run.

    Args:
        journal: open for writing.
        stage: of the funnel.
        number: its place, counted from 0.
        recipe: that is predicted.
        at_hand: labels known when the stage was reached.
        seed: of the run.
    """
    mark = _SAMPLED.format(number)
    wanted = journal.marked(mark)
    if wanted is None:
        wanted = str(stage.sample if at_hand < stage.sample else 0)
        journal.mark(mark, wanted)
    if wanted == "0":
        return []

    def order(candidate: Candidate) -> bytes:
        return hashlib.sha256(f"{seed}:sample:{candidate.inchikey}".encode()).digest()

    # with those that failed since: a run that was interrupted has the sample of one that was not
    open_ = (candidate for candidate, _ in journal.remaining(recipe, failed=True))
    drawn = heapq.nsmallest(int(wanted), open_, key=order)
    return sorted(drawn, key=lambda candidate: candidate.inchikey)


def values(
    known: Labels,
    stage: FunnelStage,
    settings: SurrogateSettings,
    end: End | None,
) -> Callable[[Rows], NDArray[np.float64]]:
    """What the stage takes each molecule's value to be; nan where it does not judge.

    Args:
        known: what the surrogate learns from.
        stage: of the funnel.
        settings: of the surrogate.
        end: of the scale that is kept, where the stage keeps the best.
    """
    model: Surrogate | None = None
    if len(known) >= _LEAST:
        model = surrogate.create(settings)
        model.fit(list(known.smiles), list(known.values))

    def valued(rows: Rows) -> NDArray[np.float64]:
        found = np.full(len(rows), np.nan)
        open_ = [place for place, (_, value) in enumerate(rows) if value is None]
        if model is not None and open_:
            predicted = model.predict([rows[place][0].smiles for place in open_])
            found[open_] = favoured(predicted, stage, end)
        return found

    return valued


def favoured(predicted: Prediction, stage: FunnelStage, end: End | None) -> NDArray[np.float64]:
    """Predictions moved to the good by as many standard deviations as the stage allows.

    Args:
        predicted: means and standard deviations, shape (molecules,) each.
        stage: its limits, where it has any, are what is good.
        end: of the scale that is good, where it has none.

    Returns:
        shape (molecules,)
    """
    mean, reach = predicted.mean, stage.deviations * predicted.std
    if end is not None:
        return np.asarray(mean + reach if end == "higher" else mean - reach)
    low = -np.inf if stage.at_least is None else stage.at_least
    high = np.inf if stage.at_most is None else stage.at_most
    better = np.where(mean < low, np.minimum(mean + reach, low), mean)
    return np.asarray(np.where(mean > high, np.maximum(mean - reach, high), better))
