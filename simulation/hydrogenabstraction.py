"""C-H bonds of a molecule, the radicals that they leave, and a balanced space for one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pyscf import gto
from rdkit import Chem

from simulation import balance
from simulation.activeorbitals import natural_orbitals
from simulation.atomicunits import HARTREE_EV, HARTREE_KCAL
from simulation.casci import ground_state
from simulation.checkpoint import Checkpoint
from simulation.errors import ConvergenceError
from simulation.geometry import Geometry, optimise_all
from simulation.hamiltonian import Hamiltonian
from simulation.integrals import active_hamiltonian
from simulation.meanfield import MeanField, solve
from simulation.score import OrbitalSet, SolverRecord
from simulation.settings import SimulationSettings
from simulation.solver import Solver, records
from simulation.xtb import GFN2


@dataclass(frozen=True)
class Bond:
    """One C-H bond of a set of equivalent ones."""

    carbon: int  # heavy-atom index in the canonical SMILES
    hydrogens: tuple[int, ...]  # indices with hydrogens of all equivalent bonds, the first is taken
    carbons: tuple[int, ...]  # of all equivalent bonds


def bonds(molecule: Chem.Mol) -> tuple[Bond, ...]:
    """The C-H bonds of a molecule, equivalent carbons together.

    Args:
        molecule: with hydrogens after the heavy atoms.

    Returns:
        in the order of the first carbon.
    """
    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False))
    groups: dict[int, list[Chem.Atom]] = {}
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() == 6 and any(n.GetAtomicNum() == 1 for n in atom.GetNeighbors()):
            groups.setdefault(ranks[atom.GetIdx()], []).append(atom)
    found = []
    for atoms in groups.values():
        hydrogens = [
            n.GetIdx() for atom in atoms for n in atom.GetNeighbors() if n.GetAtomicNum() == 1
        ]
        found.append(
            Bond(
                carbon=atoms[0].GetIdx(),
                hydrogens=tuple(hydrogens),
                carbons=tuple(sorted({a.GetIdx() for a in atoms})),
            )
        )
    return tuple(sorted(found, key=lambda bond: bond.carbon))


def radical(
    geometry: Geometry,
    bond: Bond,
    settings: SimulationSettings,
    *,
    checkpoint: Checkpoint | None = None,
) -> Geometry:
    """The carbon radical, optimised with GFN2-xTB from the molecule's own conformer.

    The atoms before the hydrogen keep their indices.

    Args:
        geometry: of the molecule.
        bond: that is broken.
        settings: of the calculation.
        checkpoint: where its geometry is kept and found again.

    Raises:
        ConvergenceError: the optimisation failed, or ended with other bonds.
    """
    leaving = bond.hydrogens[0]
    editable = Chem.RWMol(geometry.molecule)
    editable.RemoveAtom(leaving)
    carbon = editable.GetAtomWithIdx(bond.carbon)
    carbon.SetNumRadicalElectrons(1)
    carbon.SetNoImplicit(True)
    carbon.SetNumExplicitHs(0)
    made = editable.GetMol()
    Chem.SanitizeMol(made)
    conformer = Chem.Conformer(made.GetNumAtoms())
    conformer.SetPositions(np.ascontiguousarray(np.delete(geometry.coordinates, leaving, axis=0)))
    made.AddConformer(conformer)
    return optimise_all(
        made, settings, charge=geometry.charge, multiplicity=2, checkpoint=checkpoint
    )[0]


def hydrogen_energy() -> float:
    """GFN2-xTB energy (Hartree) of a hydrogen atom, without solvent."""
    atom = GFN2(np.array([1]), np.zeros((1, 3)), charge=0, solvent=None, multiplicity=2)
    return atom(np.zeros(3))[0]


@dataclass(frozen=True)
class Dissociation:
    """E(R) + E(H) - E(RH), two electrons of the broken bond correlated on both sides."""

    value: float  # kcal/mol, by the solver
    casci_value: float  # kcal/mol
    mean_field: float  # kcal/mol, the same difference of restricted Hartree-Fock energies
    solution: SolverRecord  # of the bond
    weights: tuple[float, float]  # of sigma and sigma* on the bond's two functions
    occupations: tuple[float, float]  # natural, of the bond
    triplet: float  # eV, vertical, in the bond's space
    orbitals: OrbitalSet  # of the bond, natural


def dissociation(
    field: MeanField,
    geometry: Geometry,
    fragment: Geometry,
    bond: Bond,
    settings: SimulationSettings,
    solver: Solver,
    *,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> Dissociation:
    """The bond as (2e,2o) against the radical and the hydrogen atom, (1e,1o) each.

    The bond's orbitals are those that AVAS finds for the hydrogen's 1s and the
    carbon's hybrid along the bond. One electron in one orbital is the restricted
    open-shell determinant itself, so the fragments need no solver.

    Args:
        field: of the molecule.
        geometry: of the molecule.
        fragment: the radical's.
        bond: that is broken.
        settings: of the calculation.
        solver: of the bond's two electrons.
        seed: of everything random in it.
        checkpoint: where the radical's mean field is kept and found again.

    Raises:
        InputError: the sides would not be balanced.
        ConvergenceError: a mean field or the solver did not converge, or there
            is no bond orbital.
    """
    labels = (f"C{bond.carbon + 1} hybrid", f"H on C{bond.carbon + 1} 1s")
    balance.check(
        balance.Side("molecule", (balance.Correlated("molecule", 2, 2, labels),)),
        balance.Side(
            "radicals",
            (
                balance.Correlated("carbon radical", 1, 1, labels[:1]),
                balance.Correlated("hydrogen atom", 1, 1, labels[1:]),
            ),
        ),
    )
    orbitals, weights = _bond_orbitals(field, geometry, bond)
    hamiltonian = active_hamiltonian(field, orbitals, 1)
    (solution,) = records(solver, hamiltonian, ((1, 1),), seed=seed)
    left = solve(fragment, settings, multiplicity=2, checkpoint=checkpoint)
    atom = replace(
        fragment,
        symbols=("H",),
        coordinates=np.zeros((1, 3)),
        charge=0,
    )
    hydrogen = solve(atom, settings, multiplicity=2)
    apart = left.energy + hydrogen.energy
    exact = ground_state(hamiltonian, 1, 1)
    occupations = exact.natural_occupations()
    return Dissociation(
        value=(apart - solution.energy) * HARTREE_KCAL,
        casci_value=(apart - solution.casci_energy) * HARTREE_KCAL,
        mean_field=(apart - field.energy) * HARTREE_KCAL,
        solution=solution,
        weights=weights,
        occupations=(float(occupations[0]), float(occupations[1])),
        triplet=(ground_state(hamiltonian, 2, 0).energy - solution.casci_energy) * HARTREE_EV,
        orbitals=natural_orbitals(field.molecule, orbitals, exact),
    )


def bond_hamiltonian(field: MeanField, geometry: Geometry, bond: Bond) -> Hamiltonian:
    """The (2e,2o) Hamiltonian of a bond, in which ``dissociation`` solves it.

    Args:
        field: of the molecule.
        geometry: of the molecule.
        bond: that would be broken.

    Raises:
        ConvergenceError: there is no bond orbital.
    """
    orbitals, _ = _bond_orbitals(field, geometry, bond)
    return active_hamiltonian(field, orbitals, 1)


def _bond_orbitals(
    field: MeanField, geometry: Geometry, bond: Bond
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Sigma and sigma* of a bond, and their weights; # shape: (nao, 2)"""
    carbon, hydrogen = bond.carbon, bond.hydrogens[0]
    places = geometry.coordinates
    direction = places[hydrogen] - places[carbon]
    direction = direction / np.linalg.norm(direction)
    reference = gto.M(
        atom=[("C", places[carbon].tolist()), ("H", places[hydrogen].tolist())],
        basis="minao",
        spin=None,
        verbose=0,
    )
    functions = np.zeros((reference.nao, 2))
    # the hybrid opposite to the other bonds: as much s as their number leaves
    neighbours = geometry.molecule.GetAtomWithIdx(carbon).GetDegree()
    s_share = 1 / neighbours
    (index,) = reference.search_ao_label("^0 .* 2s")
    functions[index, 0] = np.sqrt(s_share)
    for component, letter in zip(direction, "xyz", strict=True):
        (index,) = reference.search_ao_label(f"^0 .* 2p{letter}")
        functions[index, 0] = np.sqrt(1 - s_share) * component
    (index,) = reference.search_ao_label("^1 .* 1s")
    functions[index, 1] = 1.0
    overlap = functions.T @ reference.intor_symmetric("int1e_ovlp") @ functions
    cross = functions.T @ gto.intor_cross("int1e_ovlp", reference, field.molecule)
    cross = cross @ field.coefficients
    projector = cross.T @ np.linalg.solve(overlap, cross)
    found, weights = [], []
    for block in (slice(0, field.occupied), slice(field.occupied, None)):
        values, vectors = np.linalg.eigh(projector[block, block])
        vector = vectors[:, -1] * np.sign(vectors[np.abs(vectors[:, -1]).argmax(), -1])
        found.append(field.coefficients[:, block] @ vector)
        weights.append(float(values[-1]))
    if min(weights) < 0.5:
        raise ConvergenceError(
            "activespace",
            f"no orbital of the bond C{carbon + 1}-H: weights {weights[0]:.2f} (sigma) and "
            f"{weights[1]:.2f} (sigma*)",
        )
    return np.column_stack(found), (weights[0], weights[1])
