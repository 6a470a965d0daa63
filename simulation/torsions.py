"""Rotatable bonds, and the energy of a molecule over a grid of their torsions.

Two atoms change their distance with the torsions that have them on opposite
sides, neither on the axis. Their force-field interaction belongs to the own term
of one torsion, to the pair term of two, and, averaged over the middle one, to the
outer pair of three. That is exact for rigid rotation up to two torsions; what
depends on more than three is left to the relaxation that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

# Rigid rotation exaggerates contacts that a few degrees of relaxation relieve, those
# of hydrogen bonds above all: a repelling pair of atoms counts this much at most.
WALL = 2.0  # kcal/mol
CLASH = 10.0  # kcal/mol, all pairs of one term together
WINDOW = 5.0  # kcal/mol, of the states of one bond above its best
MOST_STATES = 4
_SCAN = 36  # angles of one bond's scan
_MOST_TORSIONS = 3  # between two atoms whose interaction still counts

# Single bonds between atoms with other neighbours, outside rings; not those of
# esters and secondary amides, amidines or triple bonds, whose form is given.
_ROTATABLE = Chem.MolFromSmarts(
    "[!$([D1]);!$(*#*)]-&!@[!$([D1]);!$(*#*)]",
)
_FIXED = Chem.MolFromSmarts("[CX3](=[O,S])-!@[OX2H0,NX3H1,NX3H2]")


@dataclass(frozen=True)
class Torsion:
    """A rotatable bond with the angles that its own energy prefers."""

    atoms: tuple[int, int, int, int]
    moved: NDArray[np.int64]  # shape: (m,), the atoms behind the bond
    states: NDArray[np.float64]  # shape: (k,), degrees


@dataclass(frozen=True)
class TorsionGrid:
    """The energy of one ring conformation of a molecule over its torsions' states."""

    positions: NDArray[np.float64]  # shape: (natoms, 3), Angstrom; the rings are as here
    torsions: tuple[Torsion, ...]
    own: tuple[NDArray[np.float64], ...]  # each of shape (k,), kcal/mol
    pairs: dict[tuple[int, int], NDArray[np.float64]]  # i < j: shape (k_i, k_j), kcal/mol

    def energy(self, states: Sequence[int]) -> float:
        """The model's energy of one state for each torsion, kcal/mol."""
        alone = sum(float(own[s]) for own, s in zip(self.own, states, strict=True))
        return alone + sum(float(e[states[i], states[j]]) for (i, j), e in self.pairs.items())

    def built(self, states: Sequence[int]) -> NDArray[np.float64]:
        """The molecule with its torsions in these states, Angstrom. # shape: (natoms, 3)"""
        positions = self.positions
        for torsion, state in zip(self.torsions, states, strict=True):
            positions = turned(positions, torsion, float(torsion.states[state]))
        return positions


def rotatable(molecule: Chem.Mol) -> tuple[tuple[int, int, int, int], ...]:
    """The bonds that a search turns, each as the four atoms of its torsion.

    Left out are ends that look the same after a third of a turn (methyl,
    trifluoromethyl, tert-butyl, ammonium).

    Args:
        molecule: with hydrogens.
    """
    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False))
    given = {frozenset((m[0], m[2])) for m in molecule.GetSubstructMatches(_FIXED)}
    found = []
    for b, c in sorted(tuple(sorted(m)) for m in molecule.GetSubstructMatches(_ROTATABLE)):
        if frozenset((b, c)) in given:
            continue
        ends = []
        for middle, other in ((b, c), (c, b)):
            atom = molecule.GetAtomWithIdx(middle)
            beside = sorted(n.GetIdx() for n in atom.GetNeighbors() if n.GetIdx() != other)
            alike = len({ranks[n] for n in beside}) == 1
            if not beside or (alike and len(beside) == 3):
                break
            # heavy neighbours say best where the end points
            ends.append(
                min(beside, key=lambda n: (molecule.GetAtomWithIdx(n).GetAtomicNum() == 1, n))
            )
        else:
            found.append((ends[0], b, c, ends[1]))
    return tuple(found)


def grid(molecule: Chem.Mol, conformer: int = -1) -> TorsionGrid:
    """The torsion grid of one conformer.

    Torsion energies are those of MMFF94, or of UFF where MMFF94 has no
    parameters. Bonds with one preferred angle are set to it and left out.

    Args:
        molecule: with hydrogens and conformers.
        conformer: whose rings, bond lengths and angles are taken.
    """
    model = _Interactions(molecule)
    positions = np.array(molecule.GetConformer(conformer).GetPositions())
    bare = [
        Torsion(bond, _behind(molecule, bond[1], bond[2]), np.empty(0))
        for bond in rotatable(molecule)
    ]
    groups = _interacting(molecule, bare)
    angles = np.linspace(0.0, 360.0, _SCAN, endpoint=False)

    torsions: list[Torsion] = []
    own: list[NDArray[np.float64]] = []
    kept: dict[int, int] = {}
    for number, torsion in enumerate(bare):
        scan = np.empty(_SCAN)
        for place, angle in enumerate(angles):
            there = turned(positions, torsion, float(angle))
            scan[place] = model.bonded(there)
            if (number,) in groups:
                scan[place] += model.between(there, groups[number,])
        chosen = _minima(scan, _order_of_symmetry(molecule, torsion))
        if len(chosen) == 1:
            positions = turned(positions, torsion, float(angles[chosen[0]]))
            continue
        kept[number] = len(torsions)
        states = np.array([float(angles[i]) for i in chosen])
        torsions.append(Torsion(torsion.atoms, torsion.moved, states))
        own.append(scan[chosen] - scan[chosen].min())

    pairs: dict[tuple[int, int], NDArray[np.float64]] = {}
    for key, atoms in groups.items():
        turning = [kept[n] for n in key if n in kept]
        if len(key) < 2 or not turning:
            continue
        table = _interaction(model, positions, [torsions[t] for t in turning], atoms)
        if len(turning) == 1:
            own[turning[0]] = own[turning[0]] + table
            continue
        if len(turning) == 3:
            table = table.mean(axis=1)
        ends = (min(turning[0], turning[-1]), max(turning[0], turning[-1]))
        table = table if turning[0] < turning[-1] else table.T
        pairs[ends] = pairs.get(ends, np.zeros_like(table)) + table
    return TorsionGrid(positions, tuple(torsions), tuple(own), pairs)


def _interacting(
    molecule: Chem.Mol, torsions: Sequence[Torsion]
) -> dict[tuple[int, ...], NDArray[np.int64]]:
    """Pairs of atoms by the torsions that change their distance, in order along the chain.

    Returns:
        for each set of up to three torsions the pairs. # shape: (m, 2)
    """
    natoms = molecule.GetNumAtoms()
    side = np.zeros((len(torsions), natoms), dtype=int)  # 0 for the axis
    for number, torsion in enumerate(torsions):
        side[number] = -1
        side[number, torsion.moved] = 1
        side[number, list(torsion.atoms[1:3])] = 0
    apart = Chem.GetDistanceMatrix(molecule)
    found: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for x in range(natoms):
        for y in range(x):
            between = np.flatnonzero(side[:, x] * side[:, y] == -1)
            if 0 < len(between) <= _MOST_TORSIONS and apart[x, y] >= 3:
                near = sorted(between, key=lambda t: apart[x, list(torsions[t].atoms[1:3])].min())
                key = tuple(int(t) for t in near)
                key = min(key, key[::-1])
                found.setdefault(key, []).append((x, y))
    return {key: np.array(atoms, dtype=np.int64) for key, atoms in sorted(found.items())}


def turned(positions: NDArray[np.float64], torsion: Torsion, degrees: float) -> NDArray[np.float64]:
    """A copy with this torsion at ``degrees``, the moved side turned rigidly."""
    a, b, c, d = (positions[i] for i in torsion.atoms)
    axis = (c - b) / np.linalg.norm(c - b)
    out, along = np.cross(axis, np.cross(b - a, axis)), np.cross(axis, np.cross(d - c, axis))
    now = np.arctan2(np.cross(-out, along) @ axis, -out @ along)
    angle = np.radians(degrees) - now
    arm = positions[torsion.moved] - c
    parallel = np.outer(arm @ axis, axis)
    moved = positions.copy()
    moved[torsion.moved] = (
        c + parallel + np.cos(angle) * (arm - parallel) + np.sin(angle) * np.cross(axis, arm)
    )
    return moved


def _interaction(
    model: _Interactions,
    positions: NDArray[np.float64],
    torsions: Sequence[Torsion],
    atoms: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Energy of these pairs of atoms over the states of the torsions, kcal/mol."""
    table = np.empty([len(t.states) for t in torsions])
    for states in product(*(range(k) for k in table.shape)):
        there = positions
        for torsion, state in zip(torsions, states, strict=True):
            there = turned(there, torsion, float(torsion.states[state]))
        table[states] = model.between(there, atoms)
    return table


def _minima(scan: NDArray[np.float64], symmetry: int) -> list[int]:
    """Places of the lowest local minima of a periodic scan, within one symmetric part."""
    count = len(scan) // symmetry
    part = scan[:count]
    low = [
        i for i in range(count) if part[i] <= part[i - 1] and part[i] < part[(i + 1) % count]
    ] or [int(part.argmin())]
    low = [i for i in low if part[i] - part.min() <= WINDOW]
    return sorted(sorted(low, key=lambda i: (part[i], i))[:MOST_STATES])


def _order_of_symmetry(molecule: Chem.Mol, torsion: Torsion) -> int:
    """2 where an end looks the same after half a turn (phenyl, nitro, carboxylate), else 1."""
    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False))
    for middle, other in (torsion.atoms[1:3], torsion.atoms[2:0:-1]):
        atom = molecule.GetAtomWithIdx(middle)
        beside = [n.GetIdx() for n in atom.GetNeighbors() if n.GetIdx() != other]
        flat = atom.GetHybridization() == Chem.HybridizationType.SP2
        if flat and len(beside) == 2 and ranks[beside[0]] == ranks[beside[1]]:
            return 2
    return 1


def _behind(molecule: Chem.Mol, b: int, c: int) -> NDArray[np.int64]:
    """The atoms on c's side of the bond b-c, without c."""
    reached, front = {b, c}, [c]
    while front:
        atom = molecule.GetAtomWithIdx(front.pop())
        for neighbour in (n.GetIdx() for n in atom.GetNeighbors()):
            if neighbour not in reached:
                reached.add(neighbour)
                front.append(neighbour)
    return np.array(sorted(reached - {b, c}), dtype=np.int64)


class _Interactions:
    """Force-field terms that change when rigid fragments turn against each other."""

    def __init__(self, molecule: Chem.Mol) -> None:
        natoms = molecule.GetNumAtoms()
        self._apart = Chem.GetDistanceMatrix(molecule)
        self._depth = np.zeros((natoms, natoms))
        self._reach = np.ones((natoms, natoms))
        self._charges = np.zeros(natoms)
        self._mmff = rdForceFieldHelpers.MMFFHasAllMoleculeParams(molecule)
        self._field = None
        if self._mmff:
            properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
            self._charges = np.array([properties.GetMMFFPartialCharge(i) for i in range(natoms)])
            properties.SetMMFFVdWTerm(False)
            properties.SetMMFFEleTerm(False)
            self._field = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties)
        elif rdForceFieldHelpers.UFFHasAllMoleculeParams(molecule):
            self._field = rdForceFieldHelpers.UFFGetMoleculeForceField(molecule, vdwThresh=0.0)
        for i in range(natoms):
            for j in range(i):
                if self._mmff:
                    found = properties.GetMMFFVdWParams(i, j)
                    parameters = found and (found[2], found[3])
                else:
                    parameters = rdForceFieldHelpers.GetUFFVdWParams(molecule, i, j)
                if parameters:
                    self._reach[i, j] = self._reach[j, i] = parameters[0]
                    self._depth[i, j] = self._depth[j, i] = parameters[1]

    def bonded(self, positions: NDArray[np.float64]) -> float:
        """Bond, angle and torsion terms, kcal/mol."""
        if self._field is None:
            return 0.0
        return float(self._field.CalcEnergy(positions.ravel().tolist()))

    def between(self, positions: NDArray[np.float64], atoms: NDArray[np.int64]) -> float:
        """Van der Waals and electrostatic terms of pairs of atoms, kcal/mol, up to CLASH.

        For pairs three bonds apart and more, as in the force fields. The dielectric
        constant is four times the distance, for water around and between.

        Args:
            positions: Angstrom. # shape: (natoms, 3)
            atoms: pairs of indices. # shape: (m, 2)
        """
        one, other = atoms.T
        distance = np.linalg.norm(positions[one] - positions[other], axis=-1)
        distance = np.maximum(distance, 0.3)
        ratio = distance / self._reach[one, other]
        if self._mmff:  # the buffered 14-7 form: Halgren, J. Comput. Chem. 17, 520 (1996)
            shape = (1.07 / (ratio + 0.07)) ** 7 * (1.12 / (ratio**7 + 0.12) - 2)
        else:
            shape = ratio**-12 - 2 * ratio**-6
        waals = self._depth[one, other] * shape
        waals = np.where(waals > 0, waals / (1 + waals / WALL), waals)
        charges = self._charges[one] * self._charges[other]
        electrostatic = 332.0716 * charges / (4 * distance * (distance + 0.05))
        electrostatic *= np.where(self._apart[one, other] == 3, 0.75, 1.0)
        return float(min((waals + electrostatic).sum(), CLASH))
