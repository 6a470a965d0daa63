import numpy as np
import pytest
from pyscf import scf
from rdkit import Chem

from simulation import densityfitting, meanfield
from simulation.errors import ConvergenceError, ResourceError
from simulation.geometry import Geometry
from simulation.meanfield import LADDER, Rung, solve
from simulation.score import ConformerRecord
from simulation.settings import SimulationSettings

EXACT = SimulationSettings(basis="sto-3g", density_fit=False)


def _geometry(symbols: tuple[str, ...], places: list[list[float]], charge: int = 0) -> Geometry:
    return Geometry(
        molecule=Chem.Mol(),
        symbols=symbols,
        coordinates=np.array(places),
        charge=charge,
        energy=0.0,
        lumo=0.0,
        method="given",
        conformers=ConformerRecord(1, 1, 1, 1, 0.0, "given"),
    )


def _diatomic(one: str, other: str, distance: float, charge: int = 0) -> Geometry:
    return _geometry((one, other), [[0, 0, 0], [0, 0, distance]], charge)


H2 = _diatomic("H", "H", 0.735)
HF = _diatomic("H", "F", 0.917)


def test_published_energies() -> None:
    assert solve(H2, EXACT).energy == pytest.approx(-1.116998997, abs=1e-8)
    settings = SimulationSettings(basis="cc-pvdz", density_fit=False)
    assert solve(HF, settings).energy == pytest.approx(-100.019411269, abs=1e-7)


def test_density_fitting_changes_little_and_minimal_bases_are_not_fitted() -> None:
    fitted = solve(HF, SimulationSettings(basis="cc-pvdz"))
    assert fitted.method == "DF-RHF/cc-pvdz"
    assert fitted.energy == pytest.approx(-100.019411269, abs=1e-4)
    minimal = solve(H2, SimulationSettings(basis="STO-3G", density_fit=True))
    assert minimal.factors is None
    assert minimal.method == "RHF/STO-3G"


def test_fitted_result_is_pyscfs() -> None:
    field = solve(HF, SimulationSettings())
    reference = scf.RHF(field.molecule).density_fit()
    reference.conv_tol = 1e-11
    reference.kernel()
    assert field.energy == pytest.approx(reference.e_tot, abs=1e-8)
    assert field.orbital_energies == pytest.approx(reference.mo_energy, abs=1e-5)


@pytest.mark.parametrize("density_fit", [True, False])
def test_fock_energy_and_orbitals_belong_together(density_fit: bool) -> None:
    field = solve(HF, SimulationSettings(density_fit=density_fit))
    in_orbitals = field.coefficients.T @ field.fock @ field.coefficients
    assert in_orbitals == pytest.approx(np.diag(field.orbital_energies), abs=1e-5)
    half = field.coefficients[:, : field.occupied]
    core = field.molecule.intor("int1e_kin") + field.molecule.intor("int1e_nuc")
    electronic = np.sum((half @ half.T) * (core + field.fock))
    assert field.energy == pytest.approx(electronic + field.molecule.energy_nuc(), abs=1e-9)
    assert field.gradient_norm < 1e-4


def test_an_unconverged_mean_field_is_an_error_that_says_what_was_tried() -> None:
    ladder = (Rung("diis", max_cycles=2), Rung("newton", max_cycles=1, second_order=True))
    with pytest.raises(ConvergenceError, match=r"diis \(2 cycles\), then newton \(1 cycles\)") as e:
        solve(HF, SimulationSettings(), ladder=ladder)
    assert e.value.step == "meanfield"


@pytest.mark.parametrize("rung", LADDER[1:], ids=lambda rung: rung.name)
def test_the_next_rung_takes_over_and_reaches_the_same_energy(rung: Rung) -> None:
    field = solve(HF, SimulationSettings(), ladder=(Rung("diis", max_cycles=2), rung))
    assert field.rung == rung.name
    assert field.energy == pytest.approx(solve(HF, SimulationSettings()).energy, abs=1e-8)


@pytest.mark.parametrize("rung", LADDER, ids=lambda rung: rung.name)
def test_single_precision_reaches_the_same_on_every_rung(
    rung: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = solve(HF, SimulationSettings())
    assert double.factors is not None
    assert not double.factors.single_precision
    monkeypatch.setattr(densityfitting, "SINGLE_PRECISION_ABOVE", 0)
    field = solve(HF, SimulationSettings(), ladder=(rung,))
    assert field.factors is not None
    assert field.factors.single_precision
    assert field.energy == pytest.approx(double.energy, abs=1e-5)
    assert field.orbital_energies == pytest.approx(double.orbital_energies, abs=1e-5)


def test_a_hard_case_climbs_the_ladder_or_converges() -> None:
    # stretched N2 has a small gap and several solutions; whatever is returned is stationary
    field = solve(_diatomic("N", "N", 2.2), SimulationSettings())
    assert field.gradient_norm < 1e-4


def test_a_flag_of_convergence_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    iterate = meanfield._iterate

    def pretend(iteration, *arguments):  # type: ignore[no-untyped-def]
        cycles = iterate(iteration, *arguments)
        iteration.converged = True
        return cycles

    monkeypatch.setattr(meanfield, "_iterate", pretend)
    with pytest.raises(ConvergenceError):
        solve(HF, SimulationSettings(), ladder=(Rung("diis", max_cycles=2),))


def test_out_of_memory_is_a_resource_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(meanfield, "_iterate", full)
    with pytest.raises(ResourceError, match="memory"):
        solve(HF, SimulationSettings())


def test_ions_are_closed_shells_of_their_charge() -> None:
    field = solve(_diatomic("O", "H", 0.97, charge=-1), EXACT)
    assert field.occupied == 5
    assert field.singly == 0
