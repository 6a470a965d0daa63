"""The localised space of a group of pi functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyscf import gto
from rdkit import Chem

from simulation.atomicunits import HARTREE_EV
from simulation.errors import ConvergenceError
from simulation.geometry import Geometry
from simulation.meanfield import MeanField
from simulation.pisystem import alternating_axes, normal

# AVAS thresholds in the order they are tried: its own default, then outwards.
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.1, 0.05)

MINAO = "minao"
_LAST_WITH_MINAO = 36  # Kr

# Of an orbital on the valence functions of the substituents; below it the orbital
# is a remainder of no group in particular.
_SUBSTITUENT_WEIGHT = 0.3
# Overlap (squared) below which a frontier orbital has no counterpart that takes in
# the substituents: two orbitals share it, and neither is it.
FOLLOWED = 0.5


@dataclass(frozen=True)
class ActiveSpace:
    """As many orbitals as pi functions: those the mean field occupies, and virtual ones.

    Each block is semi-canonical (diagonal in the Fock operator), lowest first.
    """

    atoms: tuple[int, ...]  # the atoms the pi functions stand on
    electrons: int
    coefficients: NDArray[np.float64]  # shape: (nao, n)
    energies: NDArray[np.float64]  # shape: (n,), Hartree
    weights: tuple[float, ...]  # shape: (n,); of each orbital on the targets, 0..1
    occupied_spectrum: tuple[float, ...]  # AVAS weights of the occupied block, highest first
    virtual_spectrum: tuple[float, ...]  # AVAS weights of the virtual block, highest first
    threshold: float  # AVAS threshold at which exactly this space came out
    labels: tuple[str, ...]  # e.g. "C1 2pz"
    planarity: float  # Angstrom, rms distance of the atoms from their plane
    twist: float  # degrees, the largest angle between the pi axes of two bonded atoms
    followed: tuple[float, ...] = ()  # overlap (squared) of the frontier orbitals, highest
    # occupied and lowest virtual, with themselves before substituents were mixed in

    @property
    def occupied(self) -> int:
        """Orbitals that the mean field occupies doubly."""
        return self.electrons // 2

    @property
    def separation(self) -> float:
        """AVAS weight between the last orbital inside and the first outside, of the worse block."""
        gaps = []
        sizes = (self.occupied, len(self.atoms) - self.occupied)
        for spectrum, size in zip(
            (self.occupied_spectrum, self.virtual_spectrum), sizes, strict=True
        ):
            outside = spectrum[size] if size < len(spectrum) else 0.0
            gaps.append(spectrum[size - 1] - outside)
        return min(gaps)

    @property
    def pi_star(self) -> float:
        """Energy of the lowest virtual orbital of the space, eV."""
        return float(self.energies[self.occupied]) * HARTREE_EV


def pi_axes(geometry: Geometry, atoms: tuple[int, ...]) -> NDArray[np.float64]:
    """The direction of the pi system on each atom of a warhead, in the order of ``atoms``.

    At an atom with three neighbours it is the normal of the plane through them
    (the pi-orbital axis vector of Haddon, Acc. Chem. Res. 21, 243 (1988)); the
    oxygen takes its carbon's. At the carbons of a triple bond it is the
    direction across the bond nearest to the carbonyl's: of the two pi systems
    the one conjugated with it. For a planar group all four are its normal,
    which is the same as turning the plane onto xy and taking 2pz.

    Args:
        geometry: where the atoms are.
        atoms: beta, alpha, carbonyl carbon and oxygen; beta, alpha, nitrile
            carbon and nitrogen; or beta and alpha alone.

    Returns:
        unit vectors. # shape: (n, 3)
    """
    if len(atoms) == 2:
        return alternating_axes(geometry, atoms)
    places = geometry.coordinates
    beta, alpha, carbon, end = atoms
    across = normal(geometry, carbon)
    if across is None:
        if geometry.molecule.GetAtomWithIdx(end).GetSymbol() != "N":
            raise ValueError(f"atom {carbon} is not a carbonyl carbon")
        return alternating_axes(geometry, atoms)
    bond = places[alpha] - places[beta]
    bond /= np.linalg.norm(bond)
    axes = []
    for atom in (beta, alpha):
        axis = normal(geometry, atom)
        if axis is None:
            axis = across - (across @ bond) * bond
            axis /= np.linalg.norm(axis)
        axes.append(axis if axis @ across >= 0 else -axis)
    return np.array([*axes, across, across])


def substituents(geometry: Geometry, bond: tuple[int, ...]) -> tuple[int, ...]:
    """Saturated groups on a multiple bond whose valence functions hyperconjugate with it.

    An alkyl carbon, a halogen, an amine or ether, each with its hydrogens and
    halogens, and a sulfonyl group with its oxygens. A further pi system (a ring,
    a nitrile, another carbonyl) is none: it would share the frontier orbitals.

    Args:
        geometry: of the molecule.
        bond: the carbons of the multiple bond.

    Returns:
        atoms, in order.
    """
    found = set()
    for carbon in bond:
        for atom in geometry.molecule.GetAtomWithIdx(carbon).GetNeighbors():
            if atom.GetAtomicNum() == 1 or atom.GetIdx() in bond:
                continue
            saturated = all(b.GetBondType() == Chem.BondType.SINGLE for b in atom.GetBonds())
            sulfonyl = atom.GetSymbol() == "S" and atom.GetDegree() == 4
            if not saturated and not sulfonyl:
                continue
            found.add(atom.GetIdx())
            for other in atom.GetNeighbors():
                light = other.GetDegree() == 1 and other.GetIdx() not in bond
                if light:
                    found.add(other.GetIdx())
    return tuple(
        sorted(
            i
            for i in found
            if geometry.molecule.GetAtomWithIdx(i).GetAtomicNum() <= _LAST_WITH_MINAO
        )
    )


def _planarity(geometry: Geometry, atoms: tuple[int, ...]) -> float:
    around = set(atoms)
    if len(atoms) < 4:
        for i in atoms:
            around |= {n.GetIdx() for n in geometry.molecule.GetAtomWithIdx(i).GetNeighbors()}
    places = geometry.coordinates[sorted(around)]
    centred = places - places.mean(axis=0)
    return float(np.linalg.svd(centred, compute_uv=False)[2] / np.sqrt(len(places)))


def _twist(geometry: Geometry, atoms: tuple[int, ...], axes: NDArray[np.float64]) -> float:
    angles = [0.0]
    for first, i in enumerate(atoms):
        for second, j in enumerate(atoms[:first]):
            if geometry.molecule.GetBondBetweenAtoms(i, j) is not None:
                cosine = np.clip(abs(axes[first] @ axes[second]), 0, 1)
                angles.append(float(np.degrees(np.arccos(cosine))))
    return max(angles)


def _minimal(geometry: Geometry, atoms: tuple[int, ...]) -> gto.Mole:
    return gto.M(
        atom=[(geometry.symbols[i], geometry.coordinates[i].tolist()) for i in atoms],
        basis=MINAO,
        spin=None,
        verbose=0,
    )


def _projector(
    field: MeanField, geometry: Geometry, atoms: tuple[int, ...], axes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The AVAS projector onto the pi functions, between the molecular orbitals.

    Returns:
        shape (nmo, nmo); eigenvalues 0..1.
    """
    reference = _minimal(geometry, atoms)
    functions = np.zeros((reference.nao, len(atoms)))
    for place, axis in enumerate(axes):
        shell = _valence_shell(geometry.molecule.GetAtomWithIdx(atoms[place]).GetAtomicNum())
        for component, letter in zip(axis, "xyz", strict=True):
            (index,) = reference.search_ao_label(f"^{place} .* {shell}p{letter}")
            functions[index, place] = component
    return _onto(field, reference, functions)


def _valence_projector(
    field: MeanField, geometry: Geometry, atoms: tuple[int, ...]
) -> NDArray[np.float64]:
    """The projector onto all valence functions of these atoms; shape (nmo, nmo)."""
    reference = _minimal(geometry, atoms)
    valence = []
    for index, (atom, _, shell, _) in enumerate(reference.ao_labels(fmt=None)):
        number = geometry.molecule.GetAtomWithIdx(atoms[atom]).GetAtomicNum()
        if int(shell[0]) == _valence_shell(number) and shell[1] in "sp":
            valence.append(index)
    return _onto(field, reference, np.eye(reference.nao)[:, valence])


def _valence_shell(number: int) -> int:
    """The principal quantum number of an element's valence s and p functions."""
    return Chem.GetPeriodicTable().GetRow(number)


def _label(geometry: Geometry, atom: int) -> str:
    number = geometry.molecule.GetAtomWithIdx(atom).GetAtomicNum()
    return f"{geometry.symbols[atom]}{atom + 1} {_valence_shell(number)}pz"


def _onto(
    field: MeanField, reference: gto.Mole, functions: NDArray[np.float64]
) -> NDArray[np.float64]:
    overlap = functions.T @ reference.intor_symmetric("int1e_ovlp") @ functions
    cross = functions.T @ gto.intor_cross("int1e_ovlp", reference, field.molecule)
    cross = cross @ field.coefficients
    return np.asarray(cross.T @ np.linalg.solve(overlap, cross))


def _semicanonical(
    level: NDArray[np.float64], vectors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vectors that are diagonal in the Fock operator, lowest first, and their energies."""
    energy, rotation = np.linalg.eigh(vectors.T @ (level[:, None] * vectors))
    return vectors @ rotation, energy


def _followed(
    chosen: NDArray[np.float64],
    level: NDArray[np.float64],
    groups: NDArray[np.float64],
    frontier: int,
) -> tuple[NDArray[np.float64], float]:
    """The space with its frontier orbital mixed with the substituents, and the overlap.

    The orbitals that AVAS picks hold as little of the substituents as they can.
    The mean field's frontier orbital does hold some: an electron in it, or a
    hole, spreads onto an alkyl group, and a space that cannot follow puts the
    electron affinity too low and the triplet too high (0.15-0.3 eV and 0.3-0.8 eV
    for one or two methyl groups). So the frontier orbital is taken from the
    Fock operator's eigenvectors in the space of both, by its overlap with
    what AVAS found; the others stay, orthogonal to it.

    Args:
        chosen: semi-canonical orbitals of one block. # shape: (block, n)
        level: energies of the block's canonical orbitals, Hartree. # shape: (block,)
        groups: projector onto the substituents in the block. # shape: (block, block)
        frontier: column of ``chosen``.
    """
    outside = np.eye(len(level)) - chosen @ chosen.T
    values, vectors = np.linalg.eigh(outside @ groups @ outside)
    both = np.hstack([chosen, vectors[:, values > _SUBSTITUENT_WEIGHT]])
    mixed, _ = _semicanonical(level, both)
    overlaps = (chosen[:, frontier] @ mixed) ** 2
    best = int(overlaps.argmax())
    if overlaps[best] < FOLLOWED:
        return chosen, float(overlaps[best])
    orbital = mixed[:, [best]]
    rest = chosen - orbital @ (orbital.T @ chosen)
    kept = np.linalg.svd(rest, full_matrices=False)[0][:, : chosen.shape[1] - 1]
    return np.hstack([orbital, kept]), float(overlaps[best])


def select(
    field: MeanField,
    geometry: Geometry,
    atoms: tuple[int, ...],
    *,
    axes: NDArray[np.float64] | None = None,
    electrons: int | None = None,
    groups: tuple[int, ...] | None = None,
) -> ActiveSpace:
    """The space of a group of pi functions by atomic valence active spaces.

    Sayfutyarova et al., J. Chem. Theory Comput. 13, 4063 (2017): the occupied
    and the virtual orbitals are rotated each among themselves to separate those
    that overlap with the 2p functions along ``axes`` from the rest. The frontier
    orbitals then take in the saturated substituents, see ``substituents``.

    Args:
        field: the converged closed-shell mean field at ``geometry``.
        geometry: the same as the mean field's.
        atoms: which carry a pi function; of a warhead beta and alpha come first.
        axes: of the functions; ``pi_axes`` where None. # shape: (n, 3)
        electrons: in the space; as many as functions where None.
        groups: atoms of the substituents; those of the first two atoms where None.

    Raises:
        ConvergenceError: no threshold gives the wanted number of occupied and
            virtual orbitals; says the weights.
    """
    axes = pi_axes(geometry, atoms) if axes is None else axes
    electrons = len(atoms) if electrons is None else electrons
    groups = substituents(geometry, atoms[:2]) if groups is None else groups
    sizes = (electrons // 2, len(atoms) - electrons // 2)
    projector = _projector(field, geometry, atoms, axes)
    around = _valence_projector(field, geometry, groups) if groups else None
    blocks = (slice(0, field.occupied), slice(field.occupied, None))
    orbitals, energies, weights, spectra, followed = [], [], [], [], []
    for block, size, frontier in zip(blocks, sizes, (sizes[0] - 1, 0), strict=True):
        values, vectors = np.linalg.eigh(projector[block, block])
        spectra.append(values[::-1][: len(atoms)])
        level = field.orbital_energies[block]
        chosen, _ = _semicanonical(level, vectors[:, ::-1][:, :size])
        if around is not None:
            chosen, overlap = _followed(chosen, level, around[block, block], frontier)
            followed.append(overlap)
        chosen, energy = _semicanonical(level, chosen)
        # The sign of an eigenvector is arbitrary; fix it, so that a run repeats bit for bit.
        chosen *= np.sign(chosen[np.abs(chosen).argmax(axis=0), range(size)])
        orbitals.append(field.coefficients[:, block] @ chosen)
        energies.append(energy)
        weights.append(np.einsum("pi,pq,qi->i", chosen, projector[block, block], chosen))
    return ActiveSpace(
        atoms=atoms,
        electrons=electrons,
        coefficients=np.hstack(orbitals),
        energies=np.concatenate(energies),
        weights=tuple(float(w) for w in np.concatenate(weights)),
        occupied_spectrum=tuple(float(w) for w in spectra[0]),
        virtual_spectrum=tuple(float(w) for w in spectra[1]),
        threshold=_threshold(spectra[0], spectra[1], sizes),
        labels=tuple(_label(geometry, i) for i in atoms),
        planarity=_planarity(geometry, atoms),
        twist=_twist(geometry, atoms, axes),
        followed=tuple(followed),
    )


def _threshold(
    occupied: NDArray[np.float64], virtual: NDArray[np.float64], sizes: tuple[int, int]
) -> float:
    """The first threshold of the scan that leaves just the wanted orbitals of both blocks."""
    for threshold in THRESHOLDS:
        counts = tuple(int((block > threshold).sum()) for block in (occupied, virtual))
        if counts == sizes:
            return threshold
    shown = " and ".join(
        f"{name} {', '.join(f'{w:.2f}' for w in block)}"
        for name, block in (("occupied", occupied), ("virtual", virtual))
    )
    raise ConvergenceError(
        "activespace",
        f"no AVAS threshold between {min(THRESHOLDS)} and {max(THRESHOLDS)} gives "
        f"({2 * sizes[0]}e,{sum(sizes)}o): weights {shown}",
    )
