"""How many molecules of a run will be leads, and what one of them costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from molq.campaignfile import RunFile
from molq.comparison.prices import Prices
from molq.planning.estimate import Estimate
from molq.planning.experience import Experience
from molq.planning.funnelforecast import Share, Work
from molq.planning.plan import Hits

ASSUMED = (1.0, 9.0)
"""A tenth, and hardly more is known: the two parameters of a beta distribution."""


def forecast(
    file: RunFile,
    runs: Sequence[Experience],
    work: Work,
    prices: Prices,
    *,
    given: float | None,
    device_money: float,
    unpriced: tuple[str, ...] = (),
    seed: int,
) -> Hits | None:
    """The leads of a run; None where nothing says what is wanted.

    Args:
        file: the run's settings.
        runs: learned from, where their objectives are the same.
        work: what is computed.
        prices: of cores.
        given: share of the molecules that will be leads, where it is known.
        device_money: what the run spends on devices, in the prices' currency.
        unpriced: devices that the run uses and no price is known of.
        seed: of drawing the share.
    """
    if not file.objective:
        return None
    same = [
        run.hits
        for run in runs
        if run.hits is not None
        and run.objectives == file.objective
        and run.hit_utility == file.report.hit_utility
    ]
    hits, ranked = (sum(pair[k] for pair in same) for k in (0, 1))
    if given is not None:
        share = Share(
            1e6 * given,
            1e6 * (1 - given),
            f"{100 * given:g} % of the molecules, as given",
        )
    elif ranked:
        said = f"{hits} of {ranked} were leads in the runs learned from"
        share = Share(hits + 0.5, ranked - hits + 0.5, said)
    else:
        share = Share(
            *ASSUMED,
            "one molecule in ten is assumed to be one; --learn-from or --hit-share say better",
        )
    shares = share.drawn(np.random.default_rng(seed + 1))
    leads = shares * work.evaluated
    each = work.core_seconds / np.maximum(leads, 0.5)
    return Hits(
        share=Estimate.of(shares),
        source=share.source,
        leads=Estimate.of(leads),
        core_seconds_each=Estimate.of(each),
        money_each=Estimate.of(each * prices.cores(1.0) + device_money / np.maximum(leads, 0.5)),
        unpriced=unpriced,
    )
