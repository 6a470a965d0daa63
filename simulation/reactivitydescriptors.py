"""What the reactivity of a Michael acceptor with glutathione is described by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rdkit import Chem

from simulation.michaelacceptor import MichaelAcceptor
from simulation.modelcompound import truncate
from simulation.workup import Workup

if TYPE_CHECKING:  # tblite is loaded when a molecule is computed
    from simulation.thioladdition import Addition

WINDOW = 3.0  # kcal/mol above the lowest conformer, within which conformers get an adduct
MOST_CONFORMERS = 3
LARGE_SPREAD = 3.0  # kcal/mol, between the addition energies of different conformers

_ARYL_AMIDE = Chem.MolFromSmarts("[CX3](=O)[NX3]:,-[c,n]")
_AMIDE_NITROGEN = Chem.MolFromSmarts("[CX3](=[OX1])[NX3]")
# sp3 nitrogen that takes up a proton: no amide, sulfonamide, aniline, enamine or hydrazine
_BASIC_AMINE = Chem.MolFromSmarts("[$([NX3,NX4+]);!$(N~[!#6;!#1]);!$(NC=,#[!#6]);!$(N-a);!$(NC=C)]")


@dataclass(frozen=True)
class Substitution:
    """Counts and marks that are read from the formula."""

    beta: int  # heavy substituents on the beta carbon, the double bond's not counted
    alpha: int  # on the alpha carbon beside the activating group
    n_aryl: bool  # the acyl group's nitrogen stands on an aromatic ring
    tertiary_amide: bool  # the acyl group's nitrogen carries no hydrogen
    secondary_alkyl: bool  # the nitrogen carries a hydrogen and an sp3 carbon
    allylic_amine: bool  # a basic amine one carbon away from the alkene


def substitution(molecule: Chem.Mol, acceptor: MichaelAcceptor) -> Substitution:
    """Read the marks of one acceptor.

    Args:
        molecule: in the atom order of the acceptor, without explicit hydrogens.
    """
    beta, alpha = acceptor.beta, acceptor.alpha
    around_beta = _others(molecule, beta, {alpha})
    around_alpha = _others(molecule, alpha, {beta})
    basic = {match[0] for match in molecule.GetSubstructMatches(_BASIC_AMINE)}
    allylic = {
        second
        for first in around_beta | (around_alpha - set(acceptor.activators))
        for second in _others(molecule, first, {beta, alpha})
        if not molecule.GetAtomWithIdx(first).GetIsAromatic()
    }
    nitrogens = {
        match[2]
        for match in molecule.GetSubstructMatches(_AMIDE_NITROGEN)
        if match[0] in acceptor.activators
    }
    aryl = {
        match[2]
        for match in molecule.GetSubstructMatches(_ARYL_AMIDE)
        if match[0] in acceptor.activators
    }
    return Substitution(
        beta=len(around_beta),
        alpha=len(around_alpha) - 1,
        n_aryl=bool(aryl),
        tertiary_amide=any(not molecule.GetAtomWithIdx(n).GetTotalNumHs() for n in nitrogens),
        secondary_alkyl=bool(nitrogens - aryl)
        and all(molecule.GetAtomWithIdx(n).GetTotalNumHs() == 1 for n in nitrogens),
        allylic_amine=bool(basic & allylic),
    )


def _others(molecule: Chem.Mol, atom: int, but: set[int]) -> set[int]:
    return {n.GetIdx() for n in molecule.GetAtomWithIdx(atom).GetNeighbors()} - but


def model_compound(
    work: Workup, acceptor: MichaelAcceptor, *, ph: float | None = None
) -> tuple[Workup, MichaelAcceptor]:
    """The acceptor with its near surroundings as a species of its own, and the acceptor in it.

    The molecule itself where nothing is far away.

    Args:
        work: the molecule.
        acceptor: one of its acceptors.
        ph: protonate the molecule as it is at this pH before it is cut, so that
            an amine that the cut makes of an amide or aniline stays neutral; None
            for the molecule as it is given.
    """
    molecule = work.molecule
    if ph is not None:
        from simulation.protonation import at_ph

        form = at_ph(molecule, ph)
        if form.changes:
            molecule = form.molecule
    model, site = truncate(molecule, acceptor.atoms)
    if model is work.molecule:
        return work, acceptor
    beta, alpha, *activators = site
    inside = MichaelAcceptor(acceptor.kind, beta, alpha, tuple(sorted(activators)), acceptor.alkyne)
    return work.species(model, name="model compound"), inside


def addition(work: Workup, acceptor: MichaelAcceptor) -> Addition:
    """Add methanethiolate to the conformers of a species that lie within ``WINDOW``.

    Raises:
        StochasticError: no conformer was found with this seed.
        ConvergenceError: no conformer or no adduct could be optimised.
    """
    from simulation import thiolate
    from simulation.thioladdition import add

    ensemble = work.ensemble
    geometries = ensemble.within(WINDOW).geometries[:MOST_CONFORMERS]
    reference = thiolate.reference(work)
    with work.clock.step("adduct"):
        return add(geometries, acceptor, reference, solvent=work.settings.solvent)


def buried_at_sulfur(work: Workup, acceptor: MichaelAcceptor) -> float:
    """Boltzmann average of the buried volume where the sulfur comes, on the freer face, 0..1."""
    import numpy as np

    from simulation.stericaccess import buried_volume
    from simulation.thioladdition import attacks

    distance = 2.3  # Angstrom, about where the transition state has the sulfur
    values = []
    for geometry in work.ensemble.geometries:
        numbers = np.array([a.GetAtomicNum() for a in geometry.molecule.GetAtoms()])
        places = geometry.coordinates
        values.append(
            min(
                buried_volume(
                    numbers,
                    places,
                    places[acceptor.beta] + distance * direction / np.linalg.norm(direction),
                )
                for direction in attacks(geometry, acceptor)
            )
        )
    return work.ensemble.average(values)


def describe(
    work: Workup,
    acceptor: MichaelAcceptor,
    model: Workup,
    inside: MichaelAcceptor,
    added: Addition,
) -> dict[str, float]:
    """The descriptors of one acceptor by name.

    Args:
        work: the molecule.
        acceptor: in the molecule.
        model: its model compound.
        inside: the acceptor in the model compound.
        added: the adducts of the model compound.

    Returns:
        ``adduct`` (kcal/mol), ``gfn2_lumo`` (eV, Boltzmann average), ``buried``
        (0..1), counts ``beta`` and ``alpha``, marks (0 or 1) ``n_aryl``,
        ``tertiary_amide``, ``secondary_alkyl`` and ``allylic_amine``.
    """
    marks = substitution(work.molecule, acceptor)
    return {
        "adduct": added.energy,
        "gfn2_lumo": model.ensemble.average([g.lumo for g in model.ensemble.geometries]),
        "buried": buried_at_sulfur(model, inside),
        "beta": float(marks.beta),
        "alpha": float(marks.alpha),
        "n_aryl": float(marks.n_aryl),
        "tertiary_amide": float(marks.tertiary_amide),
        "secondary_alkyl": float(marks.secondary_alkyl),
        "allylic_amine": float(marks.allylic_amine),
    }


def adduct_doubts(work: Workup, addition: Addition) -> tuple[str, ...]:
    """Why an addition energy may be off; empty when nothing speaks against it."""
    found = []
    lost = addition.started - addition.kept
    if lost:
        found.append(
            f"{lost} of {addition.started} adducts did not settle or had other bonds than an "
            "adduct, and were left out"
        )
    if addition.held:
        found.append(
            "no free adduct settled (the sulfur left, or took a proton); C-S and the N-H of "
            "ammonium groups were held at their lengths"
        )
    if addition.spread > LARGE_SPREAD:
        found.append(
            f"the conformers' own addition energies differ by {addition.spread:.1f} kcal/mol"
        )
    if work.geometry.charge:
        found.append(
            f"charge {work.geometry.charge:+d}: the addition of an anion is favoured or hindered "
            "by the charge; compare with molecules of the same charge only"
        )
    return tuple(found)
