"""When a campaign has found what it will find at a sensible price.

Two rules, each only where it is set. The first is myopic: a batch is worth its cost while the
rise of the best utility that it promises, for each core-hour, is not below a threshold. The
second looks back: so many rounds in a row without a rise of the best utility. What was
decided is stated with its figures whether the campaign goes on or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RISE = 1e-3  # of the best utility that counts as one


@dataclass(frozen=True)
class Stopping:
    """A decision to stop or to go on, and what it rests on."""

    stop: bool
    reason: str  # one sentence
    gain: float  # expected rise of the best utility by the next batch, 0..1
    per_core_hour: float | None  # the same for each core-hour; None where cost is not known
    threshold: float | None  # least gain for each core-hour; None where no rule is set


def decide(
    *,
    gain: float,
    per_core_hour: float | None,
    best: Sequence[float],
    threshold: float | None = None,
    patience: int | None = None,
) -> Stopping:
    """Whether the next batch should be computed.

    Args:
        gain: expected rise of the best utility by the next batch, as ``Choice.gain``.
        per_core_hour: as ``Choice.gain_per_core_hour``.
        best: the best utility after each finished round, the first round first.
        threshold: least expected gain for each core-hour; None for no such rule.
        patience: rounds without a rise of the best utility after which to stop; None for
            no such rule. The first round has nothing to rise over and does not count.

    Raises:
        ValueError: a threshold below 0 or a patience below 1.
    """
    if threshold is not None and threshold < 0:
        raise ValueError(f"threshold {threshold:g} is negative; give a gain per core-hour, or none")
    if patience is not None and patience < 1:
        raise ValueError(
            f"patience {patience} is below one round; give a number of rounds, or none"
        )

    def decision(stop: bool, reason: str) -> Stopping:
        return Stopping(stop, reason, gain, per_core_hour, threshold)

    still = rounds_without_rise(best)
    expected = f"the next batch is expected to raise the best utility by {gain:.2g}"
    if threshold is not None and per_core_hour is not None and per_core_hour < threshold:
        return decision(
            True,
            f"{expected}, {per_core_hour:.2g} a core-hour, "
            f"less than the {threshold:.2g} that is asked for",
        )
    if patience is not None and still >= patience:
        return decision(
            True, f"the best utility has not risen by {RISE:g} for {_rounds(still)}; {expected}"
        )
    facts = [expected]
    if threshold is not None:
        facts.append(
            "what a core-hour gives is not known yet"
            if per_core_hour is None
            else f"{per_core_hour:.2g} a core-hour, no less than the {threshold:.2g} asked for"
        )
    if patience is not None:
        facts.append(f"{_rounds(still)} without a rise, of {patience} allowed")
    return decision(False, ", ".join(facts))


def rounds_without_rise(best: Sequence[float]) -> int:
    """Rounds since the best utility last rose by ``RISE``; 0 for no round or one.

    Args:
        best: the best utility after each finished round, the first round first.
    """
    still, reached = 0, None
    for value in best:
        if reached is None or value >= reached + RISE:
            still, reached = 0, value
        else:
            still += 1
    return still


def _rounds(n: int) -> str:
    return f"{n} round" if n == 1 else f"{n} rounds"
