"""Open shells, vertical ions and a solvent around them."""

from dataclasses import replace

import numpy as np
import pytest
from pyscf import gto, mcscf, scf
from rdkit import Chem

from simulation.atomicunits import HARTREE_EV
from simulation.casci import CASCISolver
from simulation.errors import ConvergenceError, InputError
from simulation.geometry import Geometry
from simulation.integrals import active_hamiltonian
from simulation.meanfield import Rung, solve
from simulation.score import ConformerRecord
from simulation.settings import SimulationSettings

SETTINGS = SimulationSettings()
EXACT = SimulationSettings(basis="sto-3g", density_fit=False)


def _geometry(symbols: tuple[str, ...], places: list[list[float]], charge: int = 0) -> Geometry:
    return Geometry(
        molecule=Chem.Mol(),
        symbols=symbols,
        coordinates=np.array(places, dtype=float),
        charge=charge,
        energy=0.0,
        lumo=0.0,
        method="given",
        conformers=ConformerRecord(1, 1, 1, 1, 0.0, "given"),
    )


OH = _geometry(("O", "H"), [[0, 0, 0], [0, 0, 0.9697]])
O2 = _geometry(("O", "O"), [[0, 0, 0], [0, 0, 1.2075]])
WATER = _geometry(("O", "H", "H"), [[0, 0, 0], [0, 0.757, 0.587], [0, -0.757, 0.587]])


@pytest.mark.parametrize("density_fit", [True, False])
@pytest.mark.parametrize("solvent", [True, False])
def test_a_radical_is_pyscfs(density_fit: bool, solvent: bool) -> None:
    settings = SimulationSettings(density_fit=density_fit)
    field = solve(OH, settings, solvent=solvent)
    peer = scf.ROHF(field.molecule)
    if density_fit:
        peer = peer.density_fit()
    if solvent:
        peer = peer.ddCOSMO()
        peer.with_solvent.eps = 78.3553
    peer.conv_tol = 1e-11
    # in the solvent's cavity the direction of the hole in the degenerate pair matters
    assert field.energy == pytest.approx(peer.kernel(), abs=1e-6 if solvent else 1e-8)
    assert (field.occupied, field.singly) == (4, 1)
    expected = ("DF-" if density_fit else "") + "ROHF/6-31g*"
    assert field.method == expected + (" ddCOSMO(water)" if solvent else "")


def test_the_lowest_multiplicity_is_the_default() -> None:
    assert solve(OH, EXACT).singly == 1
    assert solve(OH, EXACT, charge=1).singly == 0
    assert solve(OH, EXACT, charge=-1).singly == 0


def test_the_geometry_says_the_multiplicity() -> None:
    triplet = replace(O2, multiplicity=3)
    assert solve(triplet, EXACT).singly == 2
    assert solve(triplet, EXACT, charge=1).singly == 1  # the geometry's is impossible there
    assert solve(triplet, EXACT, multiplicity=1).singly == 0


def test_a_triplet_lies_below_the_singlet_of_oxygen() -> None:
    singlet, triplet = (solve(O2, SETTINGS, multiplicity=m) for m in (1, 3))
    assert triplet.singly == 2
    assert 0.5 < (singlet.energy - triplet.energy) * HARTREE_EV < 3


@pytest.mark.parametrize(
    ("charge", "multiplicity", "message"),
    [
        (0, 3, r"9 electrons \(charge \+0\) cannot have multiplicity 3; give an even one"),
        (1, 2, r"8 electrons \(charge \+1\) cannot have multiplicity 2; give an odd one"),
        (0, 12, "of at most 10"),
        (0, 0, "multiplicity 0"),
        (9, None, "leaves no electron"),
    ],
)
def test_impossible_electrons_are_refused(
    charge: int, multiplicity: int | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        solve(OH, SETTINGS, charge=charge, multiplicity=multiplicity)


def test_vertical_ionisation_of_water() -> None:
    # Delta-SCF: 11.1 eV in this basis by PySCF; the experiment has 12.6
    neutral, cation = solve(WATER, SETTINGS), solve(WATER, SETTINGS, charge=1)
    peer = scf.ROHF(cation.molecule).density_fit().run(conv_tol=1e-11)
    assert cation.energy == pytest.approx(peer.e_tot, abs=1e-8)
    assert 10 < (cation.energy - neutral.energy) * HARTREE_EV < 12


def test_water_stabilises_an_ion_by_its_born_energy() -> None:
    hydroxide = [solve(OH, SETTINGS, charge=-1, solvent=s).energy for s in (False, True)]
    stabilised = (hydroxide[0] - hydroxide[1]) * HARTREE_EV
    assert 3 < stabilised < 5.5  # Born, 14.4 eV A / 2r, for the 1.5 to 2 A of a hydroxide
    water = [solve(WATER, SETTINGS, solvent=s).energy for s in (False, True)]
    assert 0 < (water[0] - water[1]) * HARTREE_EV < 1


@pytest.mark.parametrize("density_fit", [True, False])
def test_an_active_space_with_open_shells_is_pyscfs(density_fit: bool) -> None:
    field = solve(OH, SimulationSettings(density_fit=density_fit))
    active = field.coefficients[:, field.occupied - 2 : field.occupied + 3]
    ours = CASCISolver().solve(active_hamiltonian(field, active, 2), 3, 2).energy
    peer = scf.ROHF(field.molecule)
    peer = peer.density_fit() if density_fit else peer
    peer.run(conv_tol=1e-12)
    # the doubly occupied orbitals are canonical in another Fock matrix there: hand them over
    space = mcscf.CASCI(peer, 5, (3, 2))
    assert ours == pytest.approx(space.kernel(field.coefficients)[0], abs=1e-8)


def test_the_determinant_of_the_active_space_has_the_energy_of_the_field() -> None:
    for solvent in (False, True):
        field = solve(O2, SETTINGS, multiplicity=3, solvent=solvent)
        active = field.coefficients[:, field.occupied : field.occupied + 2]
        energy = CASCISolver().solve(active_hamiltonian(field, active, 0), 2, 0).energy
        assert energy == pytest.approx(field.energy, abs=1e-8)


def test_open_shells_left_out_of_the_active_space_are_an_error() -> None:
    field = solve(O2, EXACT, multiplicity=3)
    with pytest.raises(ValueError, match="all singly occupied ones belong"):
        active_hamiltonian(field, field.coefficients[:, :2], 1)


def test_open_shells_climb_the_same_ladder() -> None:
    ladder = (Rung("diis", max_cycles=2), Rung("newton", max_cycles=30, second_order=True))
    field = solve(OH, SETTINGS, ladder=ladder)
    assert field.rung == "newton"
    assert field.energy == pytest.approx(solve(OH, SETTINGS).energy, abs=1e-8)
    with pytest.raises(ConvergenceError, match=r"diis \(2 cycles\)"):
        solve(OH, SETTINGS, ladder=ladder[:1])


def test_an_open_shell_core_potential_of_iodine() -> None:
    iodine = _geometry(("I",), [[0, 0, 0]])
    field = solve(iodine, SETTINGS)
    assert field.singly == 1
    assert field.method == "DF-ROHF/6-31g* with def2-svp on I"
    peer = gto.M(atom="I", basis="def2-svp", ecp="def2-svp", spin=1, verbose=0)
    assert field.energy == pytest.approx(scf.ROHF(peer).density_fit().kernel(), abs=1e-6)
