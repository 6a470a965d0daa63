"""The surrogate Protocol and what a prediction is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from screening.surrogate.settings import SurrogateSettings

if TYPE_CHECKING:
    from screening.surrogate.featurestore import FeatureStore

_State = TypeVar("_State")


@dataclass(frozen=True)
class Prediction:
    """What a new value of each molecule is expected to be, in the labels' unit."""

    mean: NDArray[np.float64]  # shape: (molecules,)
    std: NDArray[np.float64]  # shape: (molecules,); of a new value, noise included


class Surrogate(Protocol):
    """A regression with uncertainty. The same labels give the same model."""

    def fit(
        self,
        smiles: Sequence[str],
        values: ArrayLike,
        *,
        fidelities: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        """Learn from labelled molecules, replacing what was learnt before.

        Args:
            smiles: canonical, at least one.
            values: shape (molecules,), finite; nan for a molecule of which only cheap values
                are known.
            fidelities: cheap values by name, shape (molecules,) each, in whatever unit, nan
                where not known. A model without use for them leaves them, and molecules
                without a value, out.

        Raises:
            ValueError: no label, another number of values, or one infinite.
        """
        ...

    def predict(self, smiles: Sequence[str]) -> Prediction:
        """Mean and standard deviation of a new value of each molecule.

        Raises:
            ValueError: not fitted yet, or a SMILES is not valid.
        """
        ...

    def sample(self, smiles: Sequence[str], n: int, seed: int) -> NDArray[np.float64]:
        """Draws of the noise-free values, joint over the molecules.

        Returns:
            shape (n, molecules), in the labels' unit.

        Raises:
            ValueError: not fitted yet, or a SMILES is not valid.
        """
        ...

    def conditioned(self, smiles: Sequence[str], values: ArrayLike) -> Surrogate:
        """A surrogate that knows further values too, its hyper-parameters the same.

        Cheap: for results that came within a round, and for values believed of molecules
        that are still being computed. This surrogate stays as it is.

        Args:
            smiles: canonical; may be empty.
            values: shape (molecules,), finite.

        Raises:
            ValueError: not fitted yet, another number of values, or one not finite.
        """
        ...


def create(
    settings: SurrogateSettings | None = None, *, store: FeatureStore | None = None
) -> Surrogate:
    """A new, unfitted surrogate.

    Args:
        settings: which, and how it learns.
        store: where a Gaussian process keeps the features of large pools.
    """
    # settings are read by commands that need no model, and torch takes seconds to import
    settings = settings or SurrogateSettings()
    if settings.kind == "random-forest":
        from screening.surrogate.randomforest import RandomForest

        return RandomForest(settings)
    if settings.kind == "d-mpnn":
        from screening.surrogate.messagepassing import MessagePassingEnsemble

        return MessagePassingEnsemble(settings)
    from screening.surrogate.gaussianprocess import GaussianProcess

    return GaussianProcess(settings, store=store)


def labelled(
    smiles: Sequence[str], values: ArrayLike
) -> tuple[list[str], NDArray[np.float64], NDArray[np.int64]]:
    """The molecules that have a value, their values and their places, in the order given.

    Raises:
        ValueError: no label, another number of values, or one infinite.
    """
    y = _of_each(smiles, values)
    places = np.flatnonzero(~np.isnan(y))
    if len(places) == 0:
        raise ValueError(f"none of {len(smiles)} molecules has a value; give at least one")
    _check_finite(y[places])
    return [smiles[i] for i in places], y[places], places


def in_one_order(smiles: Sequence[str], values: ArrayLike) -> tuple[list[str], NDArray[np.float64]]:
    """The molecules that have a value and their values, sorted.

    Random draws go by the place of a label; sorted, the same labels give the same model in
    whatever order they came.

    Raises:
        ValueError: no label, another number of values, or one infinite.
    """
    known, y, _ = labelled(smiles, values)
    order = sorted(range(len(y)), key=lambda i: (known[i], y[i]))
    return [known[i] for i in order], y[order]


def further(smiles: Sequence[str], values: ArrayLike) -> NDArray[np.float64]:
    """The values that a surrogate is conditioned on, shape (molecules,); there may be none.

    Raises:
        ValueError: another number of values, or one not finite.
    """
    y = _of_each(smiles, values)
    _check_finite(y)
    return y


def fitted(state: _State | None) -> _State:
    """What a fit left behind.

    Raises:
        ValueError: there was none.
    """
    if state is None:
        raise ValueError("the surrogate is not fitted yet; call fit first")
    return state


def _of_each(smiles: Sequence[str], values: ArrayLike) -> NDArray[np.float64]:
    y = np.asarray(values, dtype=np.float64)
    if y.shape != (len(smiles),):
        raise ValueError(
            f"{len(smiles)} molecules and values of shape {y.shape}; give one value for each"
        )
    return y


def _check_finite(values: NDArray[np.float64]) -> None:
    if not np.isfinite(values).all():
        raise ValueError("a label is not finite; leave molecules without a value out")
