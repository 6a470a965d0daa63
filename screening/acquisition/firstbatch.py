"""The batch before the first label: structures far apart.

MaxMin (Ashton et al., Quant. Struct.-Act. Relat. 21 (2002) 598), the distance weighted with
the utility of the exact properties.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from screening.acquisition import reasons
from screening.acquisition.outlook import Basis
from screening.acquisition.pool import Pool
from screening.acquisition.selection import Selection
from screening.acquisition.settings import AcquisitionSettings
from screening.acquisition.shortlist import known_utility
from screening.batch import Pick, fill


def spread(
    pool: Pool,
    n: int,
    n_generator: int | None,
    basis: Basis,
    settings: AcquisitionSettings,
    beside: Sequence[str],
) -> list[Selection]:
    """Choose the first batch.

    Args:
        pool: distinct molecules.
        n: size of the batch.
        n_generator: proposals in it, None to choose whatever the origin.
        basis: the wishes; those that are exact count.
        settings: what a near-duplicate is.
        beside: SMILES of molecules that are being computed.
    """
    utility = known_utility(pool, basis)
    picks = fill(
        pool.candidates,
        n=n,
        n_generator=n_generator,
        values=lambda _, nearest: np.asarray((1 - nearest) * utility),
        similarity_limit=settings.diversity,
        beside=beside,
    )

    def reason(place: int, pick: Pick) -> str:
        where = (
            f"nearest of the batch at Tanimoto similarity {pick.nearest:.2f}"
            if place or beside
            else "the first of the batch"
        )
        known = f", utility of the exact properties {utility[pick.index]:.2f}"
        return (
            f"no scores yet, so the batch is spread over structures: {where}"
            f"{known if basis.objectives else ''}"
            f"{reasons.circumstances(pick, pool.candidates[pick.index])}"
        )

    return [
        Selection(
            pool.candidates[pick.index],
            place + 1,
            {},
            float(utility[pick.index]),
            0.0,  # exact properties do not vary
            pick.value,
            reason(place, pick),
            {"pending": float(len(beside))} if beside else {},
        )
        for place, pick in enumerate(picks)
    ]
