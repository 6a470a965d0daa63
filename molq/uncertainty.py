"""A value with its uncertainty, rounded as a reader expects it."""

from __future__ import annotations

import math

PLUS_MINUS = "\N{PLUS-MINUS SIGN}"


def digits_for(error: float) -> int:
    """Digits after the point at which an error has one significant figure, six at most."""
    if not math.isfinite(error) or error <= 0:
        return 3
    return min(6, max(0, -math.floor(math.log10(error))))


def stated(value: float, error: float | None, digits: int = 3) -> str:
    """``-4.86 ± 0.03`` where there is a standard error, ``-4.861`` where there is none.

    Args:
        value: in any unit.
        error: standard error in the same unit.
        digits: after the point, where there is no error.
    """
    if error is None:
        return f"{value:.{digits}f}"
    places = digits_for(error)
    return f"{value:.{places}f} {PLUS_MINUS} {error:.{places}f}"


def spanned(interval: tuple[float, float] | None, digits: int = 2) -> str:
    """``1.20 to 2.46``, the 95 % interval; a dash where there is none."""
    if interval is None:
        return "\N{EN DASH}"
    low, high = interval
    return f"{low:.{digits}f} to {high:.{digits}f}"
