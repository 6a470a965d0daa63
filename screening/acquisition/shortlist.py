"""What is left of a pool before a batch is chosen from it.

The pool is looked at in a stream: what is kept of each molecule is its value alone, so that a
million of them take no more memory than their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from screening.acquisition import rules
from screening.acquisition.outlook import Basis
from screening.acquisition.pool import Pool
from screening.acquisition.settings import AcquisitionSettings
from screening.objective import utilities

JOINT_LIMIT = 2000  # molecules a batch is chosen from; of more the most promising
FRONT_LIMIT = 500  # the same where the growth of the Pareto front decides, which is dear
SPREAD_LIMIT = 20_000  # the same before the first label, when structures are compared
FAVOUR = 5.0  # weight of a favoured wish against 1 of each other
_SHORTEST = 500  # molecules a batch is chosen from at least, or ten times its places
_STREAMED = 64  # draws of each molecule while the pool is streamed
_CHUNK = 4096  # molecules predicted at a time


def size(n: int, *, front: bool = False) -> int:
    """Of how many molecules a batch of ``n`` is chosen, if there are so many.

    Args:
        n: places of the batch.
        front: whether the growth of the Pareto front decides.
    """
    return max(2 * n, min(FRONT_LIMIT if front else JOINT_LIMIT, max(_SHORTEST, 10 * n)))


def shortlist(
    pool: Pool, basis: Basis, best_utility: float, settings: AcquisitionSettings, n: int
) -> NDArray[np.int64]:
    """The molecules most promising alone, from the safest to the boldest view of them.

    Where a Pareto front is to grow, they are also looked at with each wish favoured in turn,
    so that both its ends are among them.
    """
    front = settings.kind == "qnehvi"
    most = size(n, front=front)
    if len(pool) <= most:
        return np.arange(len(pool))
    betas: tuple[float, ...] = (settings.beta,)
    if settings.kind == "ucb" and settings.beta_decades > 0:
        reach = 10**settings.beta_decades
        betas = (settings.beta, settings.beta / reach, settings.beta * reach)
    elif settings.kind == "thompson":
        betas = (0.0, 1.0, 2.0)
    favoured = range(len(basis.objectives)) if front else ()
    views = streamed(pool, basis, best_utility, settings, betas, favoured)
    return kept(views, pool.proposed, most)


def streamed(
    pool: Pool,
    basis: Basis,
    best_utility: float,
    settings: AcquisitionSettings,
    betas: Sequence[float],
    favoured: Sequence[int] = (),
) -> NDArray[np.float64]:
    """The value of each molecule alone.

    Args:
        pool: distinct molecules.
        basis: what foresees them.
        best_utility: of the molecules computed so far.
        settings: the criterion.
        betas: weights of the uncertainty, a view for each.
        favoured: places of wishes, a view for each, in which that wish weighs most.

    Returns:
        shape (views, molecules)
    """
    found = np.empty((len(betas) + len(favoured), len(pool)))
    for start in range(0, len(pool), _CHUNK):
        part = slice(start, start + _CHUNK)
        outlook = basis.alone(pool[part], _STREAMED)
        values = [rules.value_alone(outlook, best_utility, settings, beta) for beta in betas]
        for wish in favoured:
            weights = np.where(np.arange(len(basis.objectives)) == wish, FAVOUR, 1.0)
            values.append(outlook.weighing(weights.tolist()).bound(settings.beta))
        for view, value in zip(found, values, strict=True):
            view[part] = rules.for_its_price(value, outlook, settings)
    return found


def kept(views: NDArray[np.float64], proposed: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """The ``most`` molecules that stand highest in any view, half of them proposals if there are.

    Args:
        views: values, shape (views, molecules).
        proposed: which come from the generator, shape (molecules,).
        most: how many are kept.
    """
    if len(proposed) <= most:
        return np.arange(len(proposed))
    places = np.full(len(proposed), len(proposed))
    for view in views:
        order = np.argsort(-view, kind="stable")
        places[order] = np.minimum(places[order], np.arange(len(order)))
    order = np.lexsort((-views[0], places))
    generator, library = order[proposed[order]], order[~proposed[order]]
    n_generator = min(len(generator), max(most // 2, most - len(library)))
    return np.sort(np.concatenate([generator[:n_generator], library[: most - n_generator]]))


def sampled(pool: Pool, basis: Basis, rng: np.random.Generator) -> NDArray[np.int64]:
    """Of a large pool a part, drawn with odds by the utility of the exact properties."""
    if len(pool) <= SPREAD_LIMIT:
        return np.arange(len(pool))
    keys = np.log(rng.random(len(pool))) / np.maximum(known_utility(pool, basis), 1e-9)
    return kept(keys[np.newaxis], pool.proposed, SPREAD_LIMIT)  # Efraimidis and Spirakis 2006


def known_utility(pool: Pool, basis: Basis) -> NDArray[np.float64]:
    """Of the exact properties; 1 where there is none. Shape (molecules,)."""
    exact = [o for o in basis.objectives if o.name in pool.exact]
    return utilities(pool.exact, exact) if exact else np.ones(len(pool))
