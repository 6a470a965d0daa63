"""A kernel that joins the Gaussian process's sum, with a weight learned beside the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from numpy.typing import NDArray


class Summand(Protocol):
    """A positive semidefinite kernel of molecules with k(x, x) = 1.

    Its own parameters are tuned once a fit, by ``fitted``; the process then learns only its
    weight. Immutable: the same features give the same covariances.
    """

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    def fitted(self, smiles: Sequence[str], labels: NDArray) -> Summand:
        """The same kernel with its scaling and bandwidth tuned on labelled molecules.

        Args:
            smiles: canonical, at least two.
            labels: standardised, shape (molecules,).
        """
        ...

    def features(self, smiles: Sequence[str]) -> NDArray:
        """What the kernel compares, shape (molecules, d), float64.

        Raises:
            ValueError: a SMILES is not valid.
        """
        ...

    def covariance(self, a: NDArray, b: NDArray) -> NDArray:
        """k of features, shape (len(a), len(b))."""
        ...
