"""The localised pi space of four conjugated atoms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyscf import gto

from simulation.errors import ConvergenceError
from simulation.geometry import HARTREE_EV, Geometry
from simulation.meanfield import MeanField

ELECTRONS = 4
ORBITALS = 4
_PER_BLOCK = 2  # two doubly occupied, two virtual

# AVAS thresholds in the order they are tried: its own default, then outwards.
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.1, 0.05)

MINAO = "minao"

# What the spaces of planar, conjugated groups of every kind in
# docs/recipes/warhead-ea.md keep to; twisted or contaminated ones do not.
TRIPLET_WINDOW = (4.2, 5.8)  # eV; alkene-carbonyl
TRIPLET_WINDOW_ALKYNE = (5.3, 7.2)  # eV
LARGEST_TWIST = 35.0  # degrees
DOUBTFUL_WEIGHT = 0.75  # of the weakest orbital on the four pi functions
DOUBTFUL_GAP = 0.3  # in AVAS weight between orbitals in and outside the space
INERT = 0.01  # deviation of a natural occupation from 2 or 0
REFUSED_WEIGHT = 0.5
REFUSED_TRIPLET = (2.5, 9.0)  # eV


@dataclass(frozen=True)
class ActiveSpace:
    """Four orbitals, two occupied in the mean field and two virtual.

    Each pair is semi-canonical (diagonal in the Fock operator), lowest first.
    """

    atoms: tuple[int, ...]  # the four atoms the pi functions stand on
    coefficients: NDArray[np.float64]  # shape: (nao, 4)
    energies: NDArray[np.float64]  # shape: (4,), Hartree
    weights: tuple[float, ...]  # shape: (4,); of each orbital on the targets, 0..1
    occupied_spectrum: tuple[float, ...]  # AVAS weights of the occupied block, highest first
    virtual_spectrum: tuple[float, ...]  # AVAS weights of the virtual block, highest first
    threshold: float  # AVAS threshold at which exactly (4e,4o) came out
    labels: tuple[str, ...]  # e.g. "C1 2pz"
    planarity: float  # Angstrom, rms distance of the four atoms from their plane
    twist: float  # degrees, between the pi axes on the two sides of the single bond

    @property
    def pi_star(self) -> float:
        """Energy of the lowest virtual orbital of the space, eV."""
        return float(self.energies[_PER_BLOCK]) * HARTREE_EV


def pi_axes(geometry: Geometry, atoms: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """The direction of the pi system on each atom of C=C-C=O, in the order of ``atoms``.

    At an atom with three neighbours it is the normal of the plane through them
    (the pi-orbital axis vector of Haddon, Acc. Chem. Res. 21, 243 (1988)); the
    oxygen takes its carbon's. At the carbons of a triple bond it is the
    direction across the bond nearest to the carbonyl's: of the two pi systems
    the one conjugated with it. For a planar group all four are its normal,
    which is the same as turning the plane onto xy and taking 2pz.

    Args:
        geometry: where the atoms are.
        atoms: beta, alpha, carbonyl carbon and oxygen.

    Returns:
        unit vectors. # shape: (4, 3)
    """
    places = geometry.coordinates
    beta, alpha, carbon, _ = atoms

    def normal(atom: int) -> NDArray[np.float64] | None:
        around = [n.GetIdx() for n in geometry.molecule.GetAtomWithIdx(atom).GetNeighbors()]
        if len(around) != 3:
            return None
        a, b, c = (places[i] - places[atom] for i in around)
        # unit bond vectors: a long bond must not tilt the axis
        a, b, c = (v / np.linalg.norm(v) for v in (a, b, c))
        across = np.cross(b - a, c - a)
        return np.asarray(across / np.linalg.norm(across))

    carbonyl = normal(carbon)
    if carbonyl is None:
        raise ValueError(f"atom {carbon} is not a carbonyl carbon")
    bond = places[alpha] - places[beta]
    bond /= np.linalg.norm(bond)
    axes = []
    for atom in (beta, alpha):
        axis = normal(atom)
        if axis is None:
            axis = carbonyl - (carbonyl @ bond) * bond
            axis /= np.linalg.norm(axis)
        axes.append(axis if axis @ carbonyl >= 0 else -axis)
    return np.array([*axes, carbonyl, carbonyl])


def _planarity(places: NDArray[np.float64]) -> float:
    centred = places - places.mean(axis=0)
    return float(np.linalg.svd(centred, compute_uv=False)[2] / np.sqrt(len(places)))


def _projector(
    field: MeanField, geometry: Geometry, atoms: tuple[int, ...], axes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The AVAS projector onto the pi functions, between the molecular orbitals.

    Returns:
        shape (nmo, nmo); eigenvalues 0..1.
    """
    reference = gto.M(
        atom=[(geometry.symbols[i], geometry.coordinates[i].tolist()) for i in atoms],
        basis=MINAO,
        spin=None,
        verbose=0,
    )
    functions = np.zeros((reference.nao, len(atoms)))
    for place, axis in enumerate(axes):
        for component, letter in zip(axis, "xyz", strict=True):
            (index,) = reference.search_ao_label(f"^{place} .* 2p{letter}")
            functions[index, place] = component
    overlap = functions.T @ reference.intor_symmetric("int1e_ovlp") @ functions
    cross = functions.T @ gto.intor_cross("int1e_ovlp", reference, field.molecule)
    cross = cross @ field.coefficients
    return np.asarray(cross.T @ np.linalg.solve(overlap, cross))


def select(field: MeanField, geometry: Geometry, atoms: tuple[int, int, int, int]) -> ActiveSpace:
    """The (4e,4o) space of C=C-C=O by atomic valence active spaces.

    Sayfutyarova et al., J. Chem. Theory Comput. 13, 4063 (2017): the occupied
    and the virtual orbitals are rotated each among themselves to separate those
    that overlap with the four 2p functions along ``pi_axes`` from the rest.

    Args:
        field: the converged mean field at ``geometry``.
        geometry: the same as the mean field's.
        atoms: beta, alpha, carbonyl carbon and oxygen.

    Raises:
        ConvergenceError: no threshold gives two occupied and two virtual
            orbitals; says the weights.
    """
    axes = pi_axes(geometry, atoms)
    projector = _projector(field, geometry, atoms, axes)
    blocks = (slice(0, field.occupied), slice(field.occupied, None))
    orbitals, energies, weights, spectra = [], [], [], []
    for block in blocks:
        values, vectors = np.linalg.eigh(projector[block, block])
        spectra.append(values[::-1][:ORBITALS])
        chosen = vectors[:, ::-1][:, :_PER_BLOCK]
        level = field.orbital_energies[block]
        energy, rotation = np.linalg.eigh(chosen.T @ (level[:, None] * chosen))
        chosen = chosen @ rotation
        # The sign of an eigenvector is arbitrary; fix it, so that a run repeats bit for bit.
        chosen *= np.sign(chosen[np.abs(chosen).argmax(axis=0), range(_PER_BLOCK)])
        orbitals.append(field.coefficients[:, block] @ chosen)
        energies.append(energy)
        weights.append(np.einsum("pi,pq,qi->i", chosen, projector[block, block], chosen))
    places = geometry.coordinates[list(atoms)]
    return ActiveSpace(
        atoms=atoms,
        coefficients=np.hstack(orbitals),
        energies=np.concatenate(energies),
        weights=tuple(float(w) for w in np.concatenate(weights)),
        occupied_spectrum=tuple(float(w) for w in spectra[0]),
        virtual_spectrum=tuple(float(w) for w in spectra[1]),
        threshold=_threshold(spectra[0], spectra[1]),
        labels=tuple(f"{geometry.symbols[i]}{i + 1} 2pz" for i in atoms),
        planarity=_planarity(places),
        twist=float(np.degrees(np.arccos(np.clip(axes[1] @ axes[2], -1, 1)))),
    )


def _threshold(occupied: NDArray[np.float64], virtual: NDArray[np.float64]) -> float:
    """The first threshold of the scan between the second and the third weight of both blocks."""
    for threshold in THRESHOLDS:
        if all(int((block > threshold).sum()) == _PER_BLOCK for block in (occupied, virtual)):
            return threshold
    shown = " and ".join(
        f"{name} {', '.join(f'{w:.2f}' for w in block)}"
        for name, block in (("occupied", occupied), ("virtual", virtual))
    )
    raise ConvergenceError(
        "activespace",
        f"no AVAS threshold between {min(THRESHOLDS)} and {max(THRESHOLDS)} gives (4e,4o): "
        f"weights {shown}",
    )


def doubts(
    space: ActiveSpace,
    triplet: float,
    occupations: tuple[float, ...],
    *,
    alkyne: bool,
) -> tuple[str, ...]:
    """Why a space may not be the intended one; empty when nothing speaks against it.

    A swapped orbital (a sigma bond, a lone pair, another ring's pi orbital)
    shows in the weights, in a natural occupation of 2 or 0, or in a triplet
    energy far from that of the chromophore.

    Args:
        space: the selected orbitals.
        triplet: vertical triplet energy in the space, eV.
        occupations: natural occupations of the singlet. # shape: (4,)
        alkyne: the multiple bond is a triple bond.

    Raises:
        ConvergenceError: the space is certainly not the intended one.
    """
    low, high = TRIPLET_WINDOW_ALKYNE if alkyne else TRIPLET_WINDOW
    gap = min(
        s[_PER_BLOCK - 1] - s[_PER_BLOCK] for s in (space.occupied_spectrum, space.virtual_spectrum)
    )
    weakest = min(space.weights)
    inert = occupations[0] > 2 - INERT or occupations[-1] < INERT
    numbers = (
        f"weights {', '.join(f'{w:.2f}' for w in space.weights)}, separation {gap:.2f}, "
        f"triplet {triplet:.2f} eV, natural occupations "
        f"{', '.join(f'{n:.3f}' for n in occupations)}"
    )
    if weakest < REFUSED_WEIGHT or not REFUSED_TRIPLET[0] < triplet < REFUSED_TRIPLET[1]:
        raise ConvergenceError(
            "activespace", f"the four orbitals are not the group's pi system: {numbers}"
        )
    found = []
    if space.twist > LARGEST_TWIST:
        found.append(
            f"twisted: the pi axes of alkene and carbonyl are {space.twist:.0f} degrees apart, "
            "the group is not one conjugated system"
        )
    if weakest < DOUBTFUL_WEIGHT:
        found.append(f"an orbital has only {weakest:.2f} of its weight on the four pi functions")
    if gap < DOUBTFUL_GAP:
        found.append(f"orbitals in and outside the space are separated by only {gap:.2f} in weight")
    if not low < triplet < high:
        found.append(f"triplet energy {triplet:.2f} eV is outside {low}-{high} eV")
    if inert:
        found.append("an orbital takes no part in the correlation; it may be a swapped one")
    return tuple(found)
