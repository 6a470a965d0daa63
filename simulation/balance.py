"""The guard against unbalanced energy differences.

A small active space recovers a small part of the correlation energy. In a
difference that part cancels only if both sides correlate the same electrons in
orbitals that correspond to each other. Where they do not, the correlation
energy of the surplus electrons is counted on one side alone, and it is as large
as the reaction energies that chemists ask for.

The published case: Li et al. (2024) computed the C-C bond cleavage of a prodrug
with two active electrons in the reactant and six in the products. Their
complete-active-space energies put the reaction at -41.8 kcal/mol in the gas
phase, against -33.1 by Hartree-Fock: the 8.7 kcal/mol between the two are
correlation that only the products were given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulation.errors import InputError


@dataclass(frozen=True)
class Correlated:
    """The active space of one species in one particle-number sector."""

    species: str  # e.g. "methyl radical"
    electrons: int
    orbitals: int
    # which orbitals, in words that both sides share ("C1-H5 sigma"); empty where not told
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a space that cannot be.

        Raises:
            InputError: more electrons than the orbitals hold, or a label too few.
        """
        if not 0 <= self.electrons <= 2 * self.orbitals:
            raise InputError(
                "balance",
                f"{self.species}: {self.electrons} electrons do not fit into "
                f"{self.orbitals} orbitals",
            )
        if self.labels and len(self.labels) != self.orbitals:
            raise InputError(
                "balance", f"{self.species}: {len(self.labels)} labels for {self.orbitals} orbitals"
            )


@dataclass(frozen=True)
class Side:
    """One side of an energy difference: every species of it, with its active space."""

    name: str  # "reactant", "products"
    species: tuple[Correlated, ...]
    labels: Counter[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Collect the labels of all species."""
        object.__setattr__(self, "labels", Counter(k for s in self.species for k in s.labels))

    @property
    def electrons(self) -> int:
        """Correlated on this side."""
        return sum(s.electrons for s in self.species)

    @property
    def orbitals(self) -> int:
        """Active on this side."""
        return sum(s.orbitals for s in self.species)

    def __str__(self) -> str:
        parts = " + ".join(f"{s.species} ({s.electrons}e,{s.orbitals}o)" for s in self.species)
        return f"{self.name} {self.electrons} electrons in {self.orbitals} orbitals [{parts}]"


def check(left: Side, right: Side, *, transferred: int = 0) -> None:
    """Refuse a difference whose sides do not correlate alike.

    Args:
        left: one side.
        right: the other.
        transferred: electrons by which ``right`` must exceed ``left``: 1 for an
            electron affinity, -1 for an ionisation, 0 for a reaction.

    Raises:
        InputError: the sides differ in electrons, orbitals or which orbitals;
            gives the count of both and why it matters.
    """
    reasons = []
    surplus = right.electrons - left.electrons - transferred
    if surplus:
        more = right if surplus > 0 else left
        reasons.append(f"{more.name} correlates {abs(surplus)} electrons more")
    if left.orbitals != right.orbitals:
        more = right if right.orbitals > left.orbitals else left
        reasons.append(
            f"{more.name} has {abs(right.orbitals - left.orbitals)} active orbitals more"
        )
    if not reasons and left.labels and right.labels and left.labels != right.labels:
        first, second = left.labels - right.labels, right.labels - left.labels
        reasons.append(
            f"{_shown(first)} of {left.name} and {_shown(second)} of {right.name} "
            "have no counterpart"
        )
    if reasons:
        raise InputError(
            "balance",
            f"unbalanced difference: {left}, {right}; {'; '.join(reasons)}. The correlation "
            "energy of what only one side has does not cancel and would pass for a reaction "
            "energy; choose the same electrons in corresponding orbitals on both sides",
        )


def check_sectors(left: Sequence[int], right: Sequence[int], orbitals: int) -> None:
    """Refuse a difference between two sectors of one Hamiltonian that is not balanced.

    They may differ by one electron (an affinity, an ionisation) or by one spin
    that is turned round (a triplet), and by nothing else.

    Args:
        left: alpha and beta electrons.
        right: alpha and beta electrons.
        orbitals: of the Hamiltonian.

    Raises:
        InputError: gives the count of both.
    """
    change = sorted(b - a for a, b in zip(left, right, strict=True))
    if change not in ([0, 1], [-1, 0], [-1, 1]):
        raise InputError(
            "balance",
            f"unbalanced difference: {left[0]} alpha and {left[1]} beta electrons against "
            f"{right[0]} and {right[1]} in {orbitals} orbitals; the two sides may differ by one "
            "electron, or by one spin that is turned round",
        )


def _shown(labels: Counter[str]) -> str:
    return ", ".join(sorted(labels.elements())) or "nothing"
