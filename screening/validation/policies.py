"""Who chooses in a retrospective trial: a campaign's own decision, or chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from screening import acquisition
from screening.acquisition import AcquisitionSettings
from screening.objective import ObjectiveSettings, utilities
from screening.surrogate import Surrogate, SurrogateSettings, create
from screening.validation.labelled import LabelledLibrary

# the wish is on a value from a file, which no scorer may be taken for
WISH = "value of the library"
WIDTH = 6.0  # standard deviations of the labels to either end of the wish


@dataclass(frozen=True)
class Bought:
    """What a policy may know: the molecules whose values it has paid for."""

    molecules: NDArray[np.int64]  # shape: (bought,), places in the library, oldest first
    merits: NDArray[np.float64]  # shape: (bought,), larger is better


class Policy(Protocol):
    """Chooses molecules of a library; sees no value but those it has bought."""

    @property
    def name(self) -> str:
        """As the table calls it."""
        ...

    @property
    def meaning(self) -> str:
        """What it is, in one line."""
        ...

    def choose(self, bought: Bought, n: int, seed: int, *, relearn: bool) -> NDArray[np.int64]:
        """The next molecules to buy.

        Args:
            bought: what is known.
            n: how many, at most as many as are left.
            seed: of everything random.
            relearn: whether hyper-parameters are due to be learnt anew; where they are
                not, a model may keep them and only take the new values in.

        Returns:
            places in the library, distinct and none of them bought, shape (n,).
        """
        ...


class Random:
    """Buys by lot."""

    name = "random"
    meaning = "by lot"

    def __init__(self, library: LabelledLibrary) -> None:
        self._size = len(library)

    def choose(self, bought: Bought, n: int, seed: int, *, relearn: bool) -> NDArray[np.int64]:
        """See ``Policy.choose``."""
        rest = np.setdiff1d(np.arange(self._size), bought.molecules)
        return np.asarray(np.random.default_rng(seed).choice(rest, n, replace=False))


@dataclass
class CampaignPolicy:
    """A campaign's decision: its surrogate and ``acquisition.choose``."""

    library: LabelledLibrary
    surrogate: SurrogateSettings
    acquisition: AcquisitionSettings
    name: str = "molq"
    meaning: str = "a campaign's own surrogate and acquisition"
    _model: Surrogate | None = field(default=None, repr=False)
    _known: int = field(default=0, repr=False)  # labels that the model has

    def choose(self, bought: Bought, n: int, seed: int, *, relearn: bool) -> NDArray[np.int64]:
        """See ``Policy.choose``; with nothing bought yet, the first batch of a campaign."""
        candidates = self.library.candidates
        model = self._taught(bought, relearn=relearn) if len(bought.molecules) else None
        taken = set(bought.molecules.tolist())
        pool = [c for i, c in enumerate(candidates) if i not in taken]
        wish = _wish(bought.merits)
        best = float(bought.merits.max()) if len(bought.merits) else 0.0
        choice = acquisition.choose(
            pool,
            n=n,
            n_generator=None,
            surrogates={} if model is None else {WISH: model},
            objectives=[wish],
            best_utility=float(utilities({WISH: best}, [wish])) if model is not None else 0.0,
            settings=self.acquisition,
            seed=seed,
            desirabilities=utilities({WISH: bought.merits}, [wish])[:, np.newaxis],
        )
        place = {candidate.inchikey: i for i, candidate in enumerate(candidates)}
        return np.array([place[s.candidate.inchikey] for s in choice.selections], dtype=np.int64)

    def _taught(self, bought: Bought, *, relearn: bool) -> Surrogate:
        smiles = [self.library.candidates[i].smiles for i in bought.molecules]
        if self._model is None or relearn or self._known > len(smiles):
            self._model = create(self.surrogate)
            self._model.fit(smiles, bought.merits)
        elif self._known < len(smiles):
            self._model = self._model.conditioned(
                smiles[self._known :], bought.merits[self._known :]
            )
        self._known = len(smiles)
        return self._model


def _wish(merits: NDArray[np.float64]) -> ObjectiveSettings:
    """As much as possible, on a curve so wide that it bends nowhere near the labels.

    Its middle is the best value bought: what is foreseen there decides.
    """
    best = float(merits.max()) if len(merits) else 0.0
    spread = float(merits.std()) if len(merits) else 0.0
    width = WIDTH * (spread if spread > 1e-9 * max(1.0, abs(best)) else 1.0)
    return ObjectiveSettings(name=WISH, transform="maximize", low=best - width, high=best + width)
