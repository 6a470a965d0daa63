"""How often each hand proposes: a bandit on what the run has scored so far.

A hand succeeds with a molecule that, when it was scored, stood among the best tenth of
all scored before it. Its rate is the mean of a beta posterior in which older molecules
count for less; its share is what the settings give it, times that rate. Shares are a
function of the scored molecules alone, so a resumed run has the same.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Mapping, Sequence

from generative.proposal import Scored
from generative.settings import HandSettings

BEST = 0.1  # of the molecules scored before
FIRST = 5  # molecules scored before any can be a success
MEMORY = 0.98  # weight of a molecule relative to the one scored after it
# The prior of the rate: as if a hand had had one success and two failures.
SUCCESSES, FAILURES = 1.0, 2.0
LEAST = 0.05  # share of a hand that the settings give one, so that it can recover


def shares(
    scored: Sequence[Scored],
    hands: HandSettings,
    available: Collection[str],
    *,
    adapt: bool = True,
) -> Mapping[str, float]:
    """The share of each hand in the next proposals; they sum to one.

    Args:
        scored: in the order they were scored.
        hands: the shares to start from.
        available: hands that can propose now.
        adapt: False keeps to the settings.

    Raises:
        ValueError: no hand that is available has a share.
    """
    given = {name: share for name, share in hands.model_dump().items() if name in available}
    if sum(given.values()) <= 0:
        raise ValueError(
            f"no hand can propose: of {', '.join(sorted(available)) or 'none'} none has a share; "
            "give generator.hands.prior one"
        )
    rates = success_rates(scored, tuple(given)) if adapt else dict.fromkeys(given, 1.0)
    weight = {name: share * rates[name] for name, share in given.items()}
    total = sum(weight.values())
    raised = {
        name: max(value / total, LEAST if given[name] > 0 else 0.0)
        for name, value in weight.items()
    }
    total = sum(raised.values())
    return {name: value / total for name, value in raised.items()}


def success_rates(scored: Sequence[Scored], hands: Sequence[str]) -> dict[str, float]:
    """Mean of the posterior of each hand's rate of success, 0..1."""
    won = dict.fromkeys(hands, 0.0)
    tried = dict.fromkeys(hands, 0.0)
    before: list[float] = []
    for molecule in scored:
        rank = len(before) - bisect.bisect_right(before, molecule.value)
        success = rank < max(1, round(BEST * len(before)))
        if molecule.hand in won and len(before) >= FIRST:
            for hand in hands:
                won[hand] *= MEMORY
                tried[hand] *= MEMORY
            tried[molecule.hand] += 1
            won[molecule.hand] += success
        bisect.insort(before, molecule.value)
    return {hand: (won[hand] + SUCCESSES) / (tried[hand] + SUCCESSES + FAILURES) for hand in hands}


def divided(n: int, parts: Mapping[str, float]) -> dict[str, int]:
    """``n`` in whole parts of these shares, by the largest remainder."""
    exact = {name: n * share for name, share in parts.items()}
    whole = {name: int(value) for name, value in exact.items()}
    left = n - sum(whole.values())
    for name in sorted(exact, key=lambda x: (whole[x] - exact[x], x))[:left]:
        whole[name] += 1
    return whole
