"""What the reactivity of an alpha-halo carbonyl compound is described by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rdkit import Chem

from simulation.modelcompound import truncate
from simulation.sn2warhead import SN2Warhead
from simulation.workup import Workup

if TYPE_CHECKING:  # tblite is loaded when a molecule is computed
    from simulation.displacement import Displacement

WINDOW = 3.0  # kcal/mol above the lowest conformer
MOST_CONFORMERS = 1

_NITROGEN = Chem.MolFromSmarts("[CX3](=[OX1])[NX3]")


@dataclass(frozen=True)
class Described:
    """One warhead: its descriptors by name and what they were computed from."""

    model: Workup  # the model compound, or the molecule
    warhead: SN2Warhead  # in the model compound
    displacement: Displacement
    values: dict[str, float]


def describe(work: Workup, warhead: SN2Warhead) -> Described:
    """Compute the descriptors of one warhead.

    Raises:
        StochasticError: no conformer was found with this seed.
        ConvergenceError: no conformer or no point near the transition state.
    """
    from simulation import thiolate
    from simulation.displacement import backside_burial, displace

    molecule, site = truncate(work.molecule, warhead.atoms)
    whole = molecule is work.molecule
    model = work if whole else work.species(molecule, name="model compound")
    inside = SN2Warhead(warhead.kind, *site)
    ensemble = model.ensemble
    reference = thiolate.reference(work)
    geometries = ensemble.within(WINDOW).geometries[:MOST_CONFORMERS]
    with work.clock.step("displacement"):
        displacement = displace(geometries, inside, reference, solvent=work.settings.solvent)
    nitrogen = _amide_nitrogen(model.molecule, inside)
    values = {
        "point": displacement.energy,
        "gfn2_lumo": ensemble.average([g.lumo for g in ensemble.geometries]),
        "buried": ensemble.average([backside_burial(g, inside) for g in ensemble.geometries]),
        "tertiary_amide": float(nitrogen is not None and not nitrogen.GetTotalNumHs()),
        "n_aryl": float(
            nitrogen is not None and any(n.GetIsAromatic() for n in nitrogen.GetNeighbors())
        ),
        "n_hetero": float(
            nitrogen is not None and any(n.GetAtomicNum() != 6 for n in nitrogen.GetNeighbors())
        ),
    }
    return Described(model, inside, displacement, values)


def _amide_nitrogen(molecule: Chem.Mol, warhead: SN2Warhead) -> Chem.Atom | None:
    for carbonyl, _, nitrogen in molecule.GetSubstructMatches(_NITROGEN):
        if carbonyl == warhead.carbonyl:
            return molecule.GetAtomWithIdx(nitrogen)
    return None
