"""A fitted linear model: its value, its 95 % prediction interval, the share of each term."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from simulation.errors import InputError
from simulation.score import Contribution

GLUTATHIONE = "glutathione.json"
BASELINE = "glutathione-baseline.json"
_LEVEL = 0.95
_FORMAT = "molq linear model 1"


@dataclass(frozen=True)
class Term:
    """One descriptor of the model."""

    name: str
    unit: str
    kind: Literal["quantum", "classical"]
    mean: float  # over the training molecules, in ``unit``
    scale: float  # standard deviation there, in ``unit``
    coefficient: float  # of the descriptor, centred and scaled; in the model's unit
    low: float  # smallest value among the training molecules
    high: float  # largest
    title: str = ""  # what a reader sees; the name where empty

    def contribution(self, value: float) -> float:
        """To the model's value, in the model's unit."""
        return self.coefficient * (value - self.mean) / self.scale


@dataclass(frozen=True)
class Prediction:
    """What the model says of one molecule."""

    value: float  # in the model's unit
    interval: tuple[float, float]  # 95 % prediction interval
    contributions: tuple[Contribution, ...]  # intercept first; they add up to the value
    outside: tuple[str, ...]  # descriptors beyond the training molecules', each with its range


@dataclass(frozen=True)
class LinearModel:
    """y = intercept + sum_k coefficient_k (x_k - mean_k) / scale_k.

    The interval is that of a Bayesian ridge regression: the variance of a new
    measurement is s^2 + z C z, with z = (1, (x - mean) / scale) and C the
    covariance of the coefficients, and Student's t with the model's degrees of
    freedom. s is the residual of molecules of series that were left out, not
    that of the fit.
    """

    unit: str
    intercept: float
    terms: tuple[Term, ...]
    covariance: NDArray[np.float64]  # shape: (terms + 1, terms + 1); unit^2, intercept first
    residual: float  # in ``unit``, standard deviation on molecules of series left out
    freedom: float  # degrees of freedom of ``residual``
    kinds: tuple[str, ...]  # of the acceptors among the training molecules
    largest: int  # heavy atoms of the largest training molecule
    provenance: dict[str, Any]  # data, numbers, date, command

    def __post_init__(self) -> None:
        size = len(self.terms) + 1
        if self.covariance.shape != (size, size):
            raise ValueError(f"{size - 1} terms and a covariance of {self.covariance.shape}")

    def predict(self, values: Mapping[str, float]) -> Prediction:
        """The value for descriptors by name.

        Args:
            values: one for each term, in the term's unit.

        Raises:
            KeyError: a term's descriptor is missing.
            ValueError: a descriptor is not finite.
        """
        column = [float(values[term.name]) for term in self.terms]
        if not all(np.isfinite(column)):
            raise ValueError(f"descriptors that are not finite: {dict(values)}")
        shares = [
            Contribution(
                name=term.title or term.name,
                value=value,
                unit=term.unit,
                contribution=term.contribution(value),
                kind=term.kind,
            )
            for term, value in zip(self.terms, column, strict=True)
        ]
        # math.fsum would add more exactly, but a reader adds from the left
        total = self.intercept + sum(share.contribution for share in shares)
        scaled = [(v - t.mean) / t.scale for v, t in zip(column, self.terms, strict=True)]
        row = np.array([1.0, *scaled])
        spread = float(np.sqrt(self.residual**2 + row @ self.covariance @ row))
        half = float(student.ppf(0.5 + _LEVEL / 2, self.freedom)) * spread
        intercept = Contribution("intercept", 1.0, "", self.intercept, "classical")
        return Prediction(
            value=total,
            interval=(total - half, total + half),
            contributions=(intercept, *shares),
            outside=tuple(
                f"{term.title or term.name} {value:.3g} {term.unit}".rstrip()
                + f" is outside the training molecules' {term.low:.3g} to {term.high:.3g}"
                for term, value in zip(self.terms, column, strict=True)
                if not term.low - 1e-9 <= value <= term.high + 1e-9
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; ``from_json`` reads them back."""
        return {
            "format": _FORMAT,
            "unit": self.unit,
            "intercept": self.intercept,
            "terms": [vars(term) for term in self.terms],
            "covariance": self.covariance.tolist(),
            "residual": self.residual,
            "freedom": self.freedom,
            "kinds": list(self.kinds),
            "largest": self.largest,
            "provenance": self.provenance,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> LinearModel:
        """A model from what ``to_json`` wrote.

        Raises:
            InputError: it is something else, or a part is missing.
        """
        if data.get("format") != _FORMAT:
            raise InputError(
                "recipe", f"not a fitted model: format {data.get('format')!r}, not {_FORMAT!r}"
            )
        try:
            return LinearModel(
                unit=data["unit"],
                intercept=float(data["intercept"]),
                terms=tuple(Term(**term) for term in data["terms"]),
                covariance=np.array(data["covariance"], dtype=float),
                residual=float(data["residual"]),
                freedom=float(data["freedom"]),
                kinds=tuple(data["kinds"]),
                largest=int(data["largest"]),
                provenance=dict(data["provenance"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("recipe", f"a fitted model with a broken part: {error}") from error


def shipped(name: str = GLUTATHIONE) -> LinearModel:
    """A model that comes with the package."""
    text = (files("simulation") / "models" / name).read_text(encoding="utf-8")
    return LinearModel.from_json(json.loads(text))
