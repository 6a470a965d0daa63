"""What is wanted of a molecule: desirabilities from 0 to 1, and one utility.

Each value is turned into a desirability d in 0..1, and the utility is their
weighted geometric mean (Derringer and Suich, J. Qual. Technol. 12 (1980) 214):

    U = prod_i d_i^(w_i / sum w)

so that a molecule that fails one wish altogether cannot buy it back with another.
Two shapes of d are used, both smooth and strictly monotonic where they are not 1,
so that two molecules outside the wanted range still compare:

maximize, minimize
    the logistic curve of REINVENT (Olivecrona et al., J. Cheminform. 9 (2017) 48,
    and its successors) with d(low) = 0.05 and d(high) = 0.95, or the reverse:
    d = 1 / (1 + 19^(-t)),  t = (2 x - low - high) / (high - low)
window, at_least, at_most
    1 inside, and outside at a distance delta from the nearer limit
    d = 1 / (1 + (delta / softness)^2)
    a two-sided desirability (Harrington 1965) with tails that never reach zero;
    at one softness outside it is 0.5.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from screening.scorersettings import ScorerSettings

Transform = Literal["window", "maximize", "minimize", "at_least", "at_most"]
Kind = Literal["recipe", "scorer"]

_NEEDS: dict[str, tuple[bool, bool]] = {  # transform -> needs low, needs high
    "window": (True, True),
    "maximize": (True, True),
    "minimize": (True, True),
    "at_least": (True, False),
    "at_most": (False, True),
}


class ObjectiveSettings(BaseModel):
    """One wish: an ``[[objective]]`` table of a campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="a recipe or a scorer by name")
    transform: Transform = Field(description="window, maximize, minimize, at_least or at_most")
    low: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="lower limit (window, at_least), or where the curve begins, "
        "in the property's unit",
    )
    high: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="upper limit (window, at_most), or where the curve ends, "
        "in the property's unit",
    )
    softness: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="distance outside a limit at which the desirability is 0.5; null for a "
        "quarter of the window, or a tenth of the limit",
    )
    weight: float = Field(
        default=1.0, gt=0, allow_inf_nan=False, description="exponent in the utility"
    )
    hard: bool = Field(
        default=False, description="molecules outside the limits are no leads at all"
    )
    settings: ScorerSettings | None = Field(
        default=None,
        description="of a scorer that has to be told something: "
        '{ known = "patents.smi" } for novelty',
    )

    @model_validator(mode="after")
    def _complete(self) -> ObjectiveSettings:
        needs_low, needs_high = _NEEDS[self.transform]
        for key, value, needed in (("low", self.low, needs_low), ("high", self.high, needs_high)):
            if needed and value is None:
                raise ValueError(f"objective {self.name!r}: {self.transform} needs {key}")
            if not needed and value is not None:
                raise ValueError(f"objective {self.name!r}: {self.transform} takes no {key}")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(
                f"objective {self.name!r}: low {self.low:g} must be below high {self.high:g}"
            )
        if self.transform in ("maximize", "minimize"):
            for key, given in (("softness", self.softness is not None), ("hard", self.hard)):
                if given:
                    raise ValueError(
                        f"objective {self.name!r}: {self.transform} has no limits, "
                        f"so {key} does not apply; use at_least, at_most or window"
                    )
        return self

    @property
    def limits(self) -> tuple[float, float]:
        """Lower and upper limit in the property's unit, infinite where there is none."""
        return (
            -math.inf if self.low is None else self.low,
            math.inf if self.high is None else self.high,
        )

    @property
    def scale(self) -> float:
        """The softness in use, in the property's unit."""
        if self.softness is not None:
            return self.softness
        low, high = self.limits
        if math.isfinite(high - low):
            return (high - low) / 4
        limit = low if math.isfinite(low) else high
        return 0.1 * abs(limit) or 1.0


def desirability(values: ArrayLike, objective: ObjectiveSettings) -> NDArray[np.float64]:
    """How well values meet one wish.

    Args:
        values: in the property's unit, any shape.
        objective: the wish.

    Returns:
        0..1, the shape of ``values``.

    Raises:
        ValueError: a value is not finite.
    """
    x = np.asarray(values, dtype=np.float64)
    if not np.isfinite(x).all():
        raise ValueError(f"objective {objective.name!r}: a value is not finite")
    low, high = objective.limits
    if objective.transform in ("maximize", "minimize"):
        t = (2 * x - low - high) / (high - low)
        if objective.transform == "minimize":
            t = -t
        # tanh form of the logistic: no overflow far outside
        return np.asarray(0.5 * (1 + np.tanh(0.5 * math.log(19) * t)))
    outside = np.maximum(np.maximum(low - x, x - high), 0.0)
    distance = np.minimum(outside / objective.scale, 1e100)  # its square must not overflow
    return np.asarray(1 / (1 + distance**2))


def utility(
    desirabilities: Sequence[ArrayLike] | NDArray[np.float64], weights: Sequence[float]
) -> NDArray[np.float64]:
    """Weighted geometric mean over the first axis.

    Args:
        desirabilities: shape (objectives, ...), 0..1.
        weights: shape (objectives,), positive; they need not sum to one.

    Returns:
        shape (...), 0..1; 0 where any desirability is 0.

    Raises:
        ValueError: no objective, another number of weights, or one not positive.
    """
    if len(desirabilities) == 0 or len(desirabilities) != len(weights):
        raise ValueError(
            f"{len(desirabilities)} desirabilities and {len(weights)} weights; "
            "give one weight for each, and at least one"
        )
    exponents = np.asarray(weights, dtype=np.float64)
    if not (exponents > 0).all():
        raise ValueError("weights must be positive")
    d = np.stack(np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in desirabilities)))
    with np.errstate(divide="ignore"):
        logs = np.log(d)
    return np.asarray(np.exp(np.tensordot(exponents / exponents.sum(), logs, axes=1)))


def utilities(
    values: Mapping[str, ArrayLike], objectives: Sequence[ObjectiveSettings]
) -> NDArray[np.float64]:
    """Utility of raw values.

    Args:
        values: one entry for each objective's name, in its unit, shapes that broadcast.
        objectives: the wishes.

    Raises:
        ValueError: a value is missing or not finite.
    """
    missing = [o.name for o in objectives if o.name not in values]
    if missing:
        raise ValueError(f"no value for objective {missing[0]!r}")
    return utility(
        [desirability(values[o.name], o) for o in objectives], [o.weight for o in objectives]
    )


def violations(
    values: Mapping[str, float], objectives: Sequence[ObjectiveSettings]
) -> tuple[str, ...]:
    """One line for each hard limit that the given values break; names not given are skipped."""
    found = []
    for objective in objectives:
        if not objective.hard or objective.name not in values:
            continue
        value = values[objective.name]
        low, high = objective.limits
        if value < low:
            found.append(f"{objective.name} {value:.4g} is below the limit {low:g}")
        elif value > high:
            found.append(f"{objective.name} {value:.4g} is above the limit {high:g}")
    return tuple(found)


def kind(name: str) -> Kind:
    """Whether a name is a scorer (exact and free) or a recipe (computed at a cost)."""
    from screening import scorers

    return "scorer" if scorers.is_scorer(name) else "recipe"


def recipe_names(objectives: Sequence[ObjectiveSettings]) -> tuple[str, ...]:
    """The recipes that must be computed, in the order given."""
    return tuple(o.name for o in objectives if kind(o.name) == "recipe")


def scorer_names(objectives: Sequence[ObjectiveSettings]) -> tuple[str, ...]:
    """The exact properties, in the order given."""
    return tuple(o.name for o in objectives if kind(o.name) == "scorer")


def validate(objectives: Sequence[ObjectiveSettings]) -> None:
    """Check a list of wishes against what is installed.

    Raises:
        ValueError: the list is empty, a name is given twice, nothing of that name is
            installed (the message names the nearest), or a scorer cannot be asked.
    """
    from screening import scorers
    from simulation.errors import InputError
    from simulation.recipes import recipe

    if not objectives:
        raise ValueError("no objective is given; add an [[objective]] table")
    known = (*recipe.names(), *scorers.names())
    seen: set[str] = set()
    for objective in objectives:
        if objective.name in seen:
            raise ValueError(
                f"objective {objective.name!r} is given twice; use a window for two limits"
            )
        seen.add(objective.name)
        if scorers.is_scorer(objective.name):
            try:
                scorers.check(objective.name, objective.settings)
            except ValueError as error:
                raise ValueError(f"objective {objective.name!r}: {error}") from error
            continue
        if objective.settings is not None:
            raise ValueError(
                f"objective {objective.name!r} is a recipe: its settings are those of "
                "[simulation]; leave settings out"
            )
        if not recipe.is_installed(objective.name):
            near = difflib.get_close_matches(objective.name, known, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"installed: {', '.join(known)}"
            raise ValueError(f"unknown objective {objective.name!r}; {remedy}")
        try:
            recipe.check(objective.name)
        except InputError as error:
            raise ValueError(f"objective {objective.name!r}: {error.message}") from error
