"""What speaks against an active space: signs that it is not the intended one."""

from __future__ import annotations

from simulation.activespace import FOLLOWED, ActiveSpace
from simulation.errors import ConvergenceError

LARGEST_TWIST = 35.0  # degrees
DOUBTFUL_WEIGHT = 0.75  # of the weakest orbital on the pi functions
DOUBTFUL_GAP = 0.3  # in AVAS weight between orbitals in and outside the space
INERT = 0.01  # deviation of a natural occupation from 2 or 0
REFUSED_WEIGHT = 0.5
REFUSED_BELOW, REFUSED_ABOVE = 1.7, 3.2  # eV, triplet energy outside the window


def doubts(
    space: ActiveSpace,
    triplet: float,
    occupations: tuple[float, ...],
    window: tuple[float, float],
    *,
    lone_pairs: bool = False,
) -> tuple[str, ...]:
    """Why a space may not be the intended one; empty when nothing speaks against it.

    A swapped orbital (a sigma bond, a lone pair, another ring's pi orbital)
    shows in the weights, in a natural occupation of 2 or 0, or in a triplet
    energy far from that of the chromophore.

    Args:
        space: the selected orbitals.
        triplet: vertical triplet energy in the space, eV.
        occupations: natural occupations of the singlet. # shape: (n,)
        window: the triplet energies of groups of this kind, eV.
        lone_pairs: the space is meant to hold some, which correlate with nothing.

    Raises:
        ConvergenceError: the space is certainly not the intended one.
    """
    low, high = window
    gap = space.separation
    weakest = min(space.weights)
    inert = not lone_pairs and (occupations[0] > 2 - INERT or occupations[-1] < INERT)
    numbers = (
        f"weights {', '.join(f'{w:.2f}' for w in space.weights)}, separation {gap:.2f}, "
        f"triplet {triplet:.2f} eV, natural occupations "
        f"{', '.join(f'{n:.3f}' for n in occupations)}"
    )
    if weakest < REFUSED_WEIGHT or not low - REFUSED_BELOW < triplet < high + REFUSED_ABOVE:
        raise ConvergenceError(
            "activespace", f"the orbitals are not the group's pi system: {numbers}"
        )
    found = []
    if space.twist > LARGEST_TWIST:
        found.append(
            f"twisted: the pi axes of bonded atoms are {space.twist:.0f} degrees apart, "
            "the group is not one conjugated system"
        )
    if weakest < DOUBTFUL_WEIGHT:
        found.append(f"an orbital has only {weakest:.2f} of its weight on the pi functions")
    if gap < DOUBTFUL_GAP:
        found.append(f"orbitals in and outside the space are separated by only {gap:.2f} in weight")
    if min(space.followed, default=1.0) < FOLLOWED:
        found.append(
            "a frontier orbital is shared with a substituent "
            f"(overlap {min(space.followed):.2f}); the substituent was left out of it"
        )
    if not low < triplet < high:
        found.append(f"triplet energy {triplet:.2f} eV is outside {low}-{high} eV")
    if inert:
        found.append("an orbital takes no part in the correlation; it may be a swapped one")
    return tuple(found)
