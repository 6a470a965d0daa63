"""A thiolate adds to the beta carbon of a Michael acceptor: the adduct of every conformer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from simulation import thiolate
from simulation.atomicunits import BOHR, HARTREE_KCAL
from simulation.errors import ConvergenceError, InputError
from simulation.geometry import Geometry
from simulation.michaelacceptor import MichaelAcceptor
from simulation.thiolate import Point, Restraint
from simulation.xtb import GFN2

Vector = NDArray[np.float64]  # shape: (3,)

ADDUCT_BOND = 1.85  # Angstrom, C-S where the optimisation starts
_AMMONIUM_BOND = 1.04  # Angstrom, N-H
_HELD_BOND = 1.90  # Angstrom, C-S of relaxed adducts
_LEAN = 0.3  # of the attack away from the double bond (Buergi and Dunitz), against the normal


@dataclass(frozen=True)
class Addition:
    """The most stable adduct and what it was compared with."""

    acceptor: MichaelAcceptor
    energy: float  # kcal/mol, lowest adduct minus lowest acceptor minus thiolate
    paired: tuple[float | None, ...]  # kcal/mol, of each conformer with its own adduct
    point: Point  # the lowest adduct
    adduct: Chem.Mol  # with hydrogens, in the order of the point's coordinates
    started: int
    kept: int
    held: bool  # no free adduct settled; C-S and the N-H of ammonium groups were held

    @property
    def spread(self) -> float:
        """How far the conformers' own addition energies lie apart, kcal/mol."""
        found = [e for e in self.paired if e is not None]
        return max(found) - min(found)


def add(
    geometries: Sequence[Geometry],
    acceptor: MichaelAcceptor,
    thiolate_energy: float,
    *,
    solvent: str | None,
) -> Addition:
    """Add methanethiolate to both faces of every conformer, and relax each adduct.

    Args:
        geometries: conformers of the acceptor, lowest first.
        acceptor: where to add; its indices are the geometries'.
        thiolate_energy: of methanethiolate by the same method, Hartree.
        solvent: ALPB solvent, or None.

    Raises:
        ConvergenceError: no adduct settles, neither free nor with its bonds held.
    """
    adduct = carbanion(geometries[0].molecule, acceptor)
    held: tuple[Restraint, ...] = ()
    own = [_adducts(g, acceptor, adduct, held, solvent) for g in geometries]
    if not any(own):
        # Beside an ammonium group the sulfur or the proton goes over to the other before
        # the carbon has turned tetrahedral; a crowded carbon lets go of the sulfur, too.
        held = _held(geometries[0], acceptor)
        own = [_adducts(g, acceptor, adduct, held, solvent) for g in geometries]
    found = [point for points in own for point in points]
    started = 2 * len(geometries)
    if not found:
        raise ConvergenceError(
            "recipe",
            f"{acceptor.name}: none of {started} adducts with methanethiolate is a minimum of "
            "GFN2-xTB with the bonds of an adduct, free or held",
        )
    paired = tuple(
        (min(p.energy for p in points) - g.energy - thiolate_energy) * HARTREE_KCAL
        if points
        else None
        for points, g in zip(own, geometries, strict=True)
    )
    best = min(found, key=lambda p: p.energy)
    return Addition(
        acceptor=acceptor,
        energy=(best.energy - geometries[0].energy - thiolate_energy) * HARTREE_KCAL,
        paired=paired,
        point=best,
        adduct=adduct,
        started=started,
        kept=len(found),
        held=bool(held),
    )


def _adducts(
    geometry: Geometry,
    acceptor: MichaelAcceptor,
    adduct: Chem.Mol,
    held: Sequence[Restraint],
    solvent: str | None,
) -> list[Point]:
    """The adducts of one conformer, from both faces, that settled as adducts."""
    places = geometry.coordinates
    points = []
    for direction in attacks(geometry, acceptor):
        start = thiolate.attached(
            places, acceptor.beta, direction, ADDUCT_BOND, over=places[acceptor.activators[0]]
        )
        point = thiolate.relaxed(
            adduct,
            np.vstack([places, start]),
            charge=geometry.charge - 1,
            solvent=solvent,
            restraints=held,
        )
        if point is not None:
            points.append(point)
    return points


def _held(geometry: Geometry, acceptor: MichaelAcceptor) -> tuple[Restraint, ...]:
    """The new bond and the N-H bonds of positive nitrogens, held at their lengths."""
    sulfur = len(geometry.symbols)
    protons = tuple(
        Restraint((atom.GetIdx(), neighbour.GetIdx()), _AMMONIUM_BOND)
        for atom in geometry.molecule.GetAtoms()
        if atom.GetAtomicNum() == 7 and atom.GetFormalCharge() > 0
        for neighbour in atom.GetNeighbors()
        if neighbour.GetAtomicNum() == 1
    )
    return (Restraint((acceptor.beta, sulfur), _HELD_BOND), *protons)


def carbanion(molecule: Chem.Mol, acceptor: MichaelAcceptor) -> Chem.Mol:
    """The adduct with its charge written on the alpha carbon; methanethiolate's atoms last.

    Args:
        molecule: the acceptor with hydrogens.
        acceptor: where the sulfur is bonded.
    """
    edited = thiolate.with_thiolate(molecule, acceptor.beta)
    bond = edited.GetBondBetweenAtoms(acceptor.beta, acceptor.alpha)
    bond.SetBondType(Chem.BondType.DOUBLE if acceptor.alkyne else Chem.BondType.SINGLE)
    bond.SetStereo(Chem.BondStereo.STEREONONE)
    alpha = edited.GetAtomWithIdx(acceptor.alpha)
    alpha.SetFormalCharge(alpha.GetFormalCharge() - 1)
    alpha.SetNoImplicit(True)
    made = edited.GetMol()
    made.ClearComputedProps()
    return made


def attacks(geometry: Geometry, acceptor: MichaelAcceptor) -> tuple[Vector, Vector]:
    """The two directions from which a nucleophile comes to the beta carbon.

    Both are across the plane of the conjugated pi system: of the alkene's own
    atoms, and at an alkyne that of the activating group. They lean away from
    the multiple bond.
    """
    places = geometry.coordinates
    beta, alpha = acceptor.beta, acceptor.alpha
    axis = places[beta] - places[alpha]
    axis = axis / np.linalg.norm(axis)
    normal = _normal(geometry, beta if not acceptor.alkyne else acceptor.activators[0], axis)
    return normal + _LEAN * axis, -normal + _LEAN * axis


def _normal(geometry: Geometry, atom: int, axis: Vector) -> Vector:
    """Of the plane through an atom's neighbours, at right angles to ``axis``."""
    around = geometry.molecule.GetAtomWithIdx(atom).GetNeighbors()
    bonds = [geometry.coordinates[n.GetIdx()] - geometry.coordinates[atom] for n in around]
    unit = [b / np.linalg.norm(b) for b in bonds]
    if len(unit) >= 3:
        normal = np.cross(unit[1] - unit[0], unit[2] - unit[0])
    else:
        normal = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    normal = normal - (normal @ axis) * axis
    if float(np.linalg.norm(normal)) < 1e-3:
        normal = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    result: Vector = normal / np.linalg.norm(normal)
    return result


def density_functional_energy(
    addition: Addition,
    acceptor: Geometry,
    nucleophile: Geometry,
    functional: str,
    *,
    solvent: str | None,
) -> float:
    """The addition energy by density functional theory at the GFN2-xTB geometries, kcal/mol.

    Kohn-Sham energies in def2-SVP, with def2-SVPD on sulfur and oxygen that
    carry the charge, in vacuum; the solvation free energy is ALPB's.

    Args:
        addition: the adduct.
        acceptor: its lowest conformer.
        nucleophile: methanethiolate.
        functional: as PySCF names it, e.g. ``r2scan``.
        solvent: ALPB solvent, or None.

    Raises:
        InputError: PySCF does not know the functional.
        ConvergenceError: a calculation did not converge.
    """
    symbols = tuple(a.GetSymbol() for a in addition.adduct.GetAtoms())
    energies = [
        _density_functional(atoms, places, charge, functional)
        + (0.0 if solvent is None else _solvation(atoms, places, charge, solvent))
        for atoms, places, charge in (
            (symbols, addition.point.coordinates, acceptor.charge - 1),
            (acceptor.symbols, acceptor.coordinates, acceptor.charge),
            (nucleophile.symbols, nucleophile.coordinates, nucleophile.charge),
        )
    ]
    return (energies[0] - energies[1] - energies[2]) * HARTREE_KCAL


def _solvation(
    symbols: Sequence[str], places: NDArray[np.float64], charge: int, solvent: str
) -> float:
    table = Chem.GetPeriodicTable()
    numbers = np.array([table.GetAtomicNumber(symbol) for symbol in symbols])
    start = places / BOHR
    wet, dry = (
        GFN2(numbers, start, charge=charge, solvent=medium)(start)[0] for medium in (solvent, None)
    )
    return wet - dry


def _density_functional(
    symbols: Sequence[str], places: NDArray[np.float64], charge: int, functional: str
) -> float:
    from pyscf import dft, gto

    try:
        dft.libxc.parse_xc(functional)
    except (KeyError, ValueError) as error:
        raise InputError(
            "recipe", f"PySCF knows no functional {functional!r}; use for example r2scan or b3lyp"
        ) from error
    heavy = {"I", "Te"} & set(symbols)
    molecule = gto.M(
        atom=list(zip(symbols, places.tolist(), strict=True)),
        basis={"default": "def2-svp", **{s: "def2-svpd" for s in ("S", "O") if s in symbols}},
        ecp=dict.fromkeys(heavy, "def2-svp"),
        charge=charge,
        verbose=0,
    )
    field = dft.RKS(molecule, xc=functional).density_fit()
    field.grids.level = 2
    energy = field.kernel()
    if not field.converged:
        raise ConvergenceError("recipe", f"{functional}: the density did not converge")
    return float(energy)
