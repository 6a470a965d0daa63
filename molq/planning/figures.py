"""Numbers of a plan as they are read: two significant digits, since nobody knows more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # arrays are loaded when something is estimated
    from molq.planning.estimate import Estimate

_UNITS = (
    (0.1, "ms", 1e-3),
    (180.0, "s", 1.0),
    (10_800.0, "min", 60.0),
    (300_000.0, "h", 3600.0),
)  # seconds up to which a unit is used, and its size


def number(value: float) -> str:
    """Two significant digits, whole numbers written out up to ten million."""
    written = f"{value:.1e}"
    rounded = float(written)  # 99.6 is written as 100 is
    if rounded == 0:
        return "0"
    if abs(rounded) >= 1e7 or abs(rounded) < 1e-3:
        return written.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    if abs(rounded) >= 100:
        return f"{rounded:,.0f}"
    return f"{rounded:.2g}"


def span(estimate: Estimate) -> str:
    """The middle and the interval."""
    if estimate.is_known:
        return number(estimate.middle)
    return f"{number(estimate.middle)} ({number(estimate.low)}-{number(estimate.high)})"


def count(estimate: Estimate) -> str:
    """The same of whole things."""
    low, middle, high = (round(x) for x in (estimate.low, estimate.middle, estimate.high))
    return f"{middle:,}" if low == high else f"{middle:,} ({low:,}-{high:,})"


def duration(seconds: Estimate) -> str:
    """In the unit that suits the middle."""
    unit, size = _unit(seconds.middle)
    return f"{span(seconds.times(1 / size))} {unit}"


def seconds(value: float) -> str:
    """A time without an interval."""
    unit, size = _unit(value)
    return f"{number(value / size)} {unit}"


def _unit(value: float) -> tuple[str, float]:
    for limit, unit, size in _UNITS:
        if value < limit:
            return unit, size
    return "days", 86_400.0
