"""The elements, charges and open shells of drugs, each in a real molecule."""

from dataclasses import replace

import pytest
from pyscf import gto, scf
from rdkit import Chem

from simulation.atomicunits import HARTREE_EV, HARTREE_KCAL
from simulation.basisset import check_basis
from simulation.meanfield import MeanField, solve
from simulation.recipes.recipe import find
from simulation.settings import SimulationSettings
from simulation.workup import Workup

SETTINGS = SimulationSettings(conformers=1, solver="casci")

# vertical ionisation energies, eV, from photoelectron spectra (NIST Chemistry WebBook)
MEASURED = {
    "boron: trimethylborane": ("CB(C)C", 10.7),
    "silicon: tetramethylsilane": ("C[Si](C)(C)C", 10.6),
    "phosphorus: trimethylphosphine": ("CP(C)C", 8.6),
    "sulfur: dimethyl sulfide": ("CSC", 8.7),
    "chlorine: vinyl chloride": ("C=CCl", 10.2),
    "bromine: vinyl bromide": ("C=CBr", 9.9),
    "iodine: vinyl iodide": ("C=CI", 9.3),
    "fluorine: vinyl fluoride": ("C=CF", 10.6),
}


def _field(smiles: str, settings: SimulationSettings = SETTINGS) -> MeanField:
    return Workup(smiles, settings, seed=1).field


@pytest.mark.parametrize(("smiles", "measured"), MEASURED.values(), ids=list(MEASURED))
def test_the_highest_orbital_is_the_ionisation_energy(smiles: str, measured: float) -> None:
    field = _field(smiles)
    homo = float(field.orbital_energies[field.occupied - 1]) * HARTREE_EV
    assert -homo == pytest.approx(measured, abs=1.3)  # Koopmans' theorem does no better
    substituted = "I" in smiles
    assert field.method == "DF-RHF/6-31g*" + (" with def2-svp on I" if substituted else "")
    assert bool(field.flags) == substituted


def test_a_mixed_basis_is_fitted_as_well_as_a_single_one() -> None:
    field = _field("C=CI")
    exact = scf.RHF(field.molecule).run(conv_tol=1e-10).e_tot
    assert field.energy == pytest.approx(exact, abs=3e-4)
    assert field.molecule.nelectron == 6 * 2 + 3 + 53 - 28


def test_an_iodinated_warhead_is_scored_and_says_how() -> None:
    # the fragment of an inhibitor with iodine on its ring, cut to the methyl
    work = Workup("C=CC(=O)NCI", SETTINGS, seed=1)
    score = find("warhead-ea").score(work)
    assert -6.5 < score.value < -4
    assert score.baselines["hf_lumo"].method == "DF-RHF/6-31g* with def2-svp on I LUMO"
    assert "6-31g* has no functions for I: def2-svp was taken there" in " ".join(score.flags)
    everywhere = SETTINGS.model_copy(update={"basis": "def2-svp"})
    other = Workup("C=CC(=O)NCI", everywhere, seed=1)
    # the basis of the other atoms moves the affinity less than a substituent does
    assert score.value == pytest.approx(find("warhead-ea").score(other).value, abs=0.3)


@pytest.mark.parametrize(
    ("smiles", "charge", "electrons"), [("C[NH3+]", 1, 18), ("CC(=O)[O-]", -1, 32)]
)
def test_charged_groups_are_closed_shells(smiles: str, charge: int, electrons: int) -> None:
    field = _field(smiles)
    assert (field.molecule.charge, field.molecule.nelectron) == (charge, electrons)
    assert field.singly == 0
    peer = gto.M(
        atom=field.molecule.atom, basis="6-31g*", charge=charge, unit=field.molecule.unit, verbose=0
    )
    peer_energy = scf.RHF(peer).density_fit().run(conv_tol=1e-11).e_tot
    assert field.energy == pytest.approx(peer_energy, abs=1e-7)


def test_a_carbon_radical_is_an_open_shell() -> None:
    # CH3-H bond dissociation: 105 kcal/mol; Hartree-Fock misses the pair's correlation, 20-25
    geometry = Workup("C", SETTINGS, seed=1).geometry
    methyl = replace(
        geometry, symbols=geometry.symbols[:4], coordinates=geometry.coordinates[:4], multiplicity=2
    )
    field = solve(methyl, SETTINGS)
    assert (field.singly, field.method) == (1, "DF-ROHF/6-31g*")
    hydrogen = -0.498233  # Hartree, of the atom in 6-31G*
    dissociation = (field.energy + hydrogen - solve(geometry, SETTINGS).energy) * HARTREE_KCAL
    assert 75 < dissociation < 105


def test_every_element_that_a_molecule_may_hold_has_functions() -> None:
    from simulation.molecule import SUPPORTED_ELEMENTS

    for symbol in sorted(SUPPORTED_ELEMENTS):
        check_basis(Chem.MolFromSmiles(f"[{symbol}]"), "6-31g*")
