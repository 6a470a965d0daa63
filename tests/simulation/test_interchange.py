"""The Hamiltonian as other programs read it."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openfermion import (
    InteractionOperator,
    MolecularData,
    get_sparse_operator,
    jw_number_restrict_operator,
)
from openfermion.linalg import get_ground_state
from openfermionpyscf import run_pyscf
from pyscf.tools import fcidump
from qiskit_nature.second_q.drivers import PySCFDriver
from qiskit_nature.second_q.hamiltonians import ElectronicEnergy
from qiskit_nature.second_q.mappers import JordanWignerMapper
from qiskit_nature.second_q.problems import ElectronicStructureProblem
from qiskit_nature.second_q.transformers import FreezeCoreTransformer

from simulation.casci import CASCISolver
from simulation.errors import InputError
from simulation.interchange import (
    electronic_structure_problem,
    from_interaction_operator,
    from_molecular_data,
    from_problem,
    from_qcschema,
    hamiltonian_record,
    interaction_operator,
    read_fcidump,
    read_molecular_data,
    write_fcidump,
    write_molecular_data,
)
from simulation.vqe.engine import VQESolver


def test_fcidump_keeps_every_digit(active_space, tmp_path):
    h = active_space("acrylamide", 4, 4)
    write_fcidump(h, 3, 2, tmp_path / "FCIDUMP")
    read, n_alpha, n_beta = read_fcidump(tmp_path / "FCIDUMP")
    assert (n_alpha, n_beta) == (3, 2)
    assert read.one_body == pytest.approx(h.one_body, abs=1e-15)
    assert read.two_body == pytest.approx(h.two_body, abs=1e-13)
    assert read.core_energy == h.core_energy


def test_fcidump_of_pyscf_gives_the_same_energy(active_space, tmp_path):
    h = active_space("LiH", 2, 5)
    path = tmp_path / "lih.fcidump"
    fcidump.from_integrals(str(path), h.one_body, h.two_body, 5, 2, nuc=h.core_energy, ms=0)
    read, n_alpha, n_beta = read_fcidump(path)
    energy = CASCISolver().solve(read, n_alpha, n_beta).energy
    assert energy == pytest.approx(-7.8820966, abs=1e-7)


def test_bad_fcidump_files_are_refused(active_space, tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*missing"):
        read_fcidump(tmp_path / "missing")
    (tmp_path / "broken").write_text("not a FCIDUMP file\n")
    with pytest.raises(InputError, match="broken is not a complete FCIDUMP file"):
        read_fcidump(tmp_path / "broken")
    write_fcidump(active_space("H2", 2, 2), 1, 1, tmp_path / "cut")
    lines = (tmp_path / "cut").read_text().splitlines()
    (tmp_path / "cut").write_text("\n".join(lines[:-4]) + "\n0.1 1 x 1 1\n")
    with pytest.raises(InputError, match="cut is not a complete FCIDUMP file"):
        read_fcidump(tmp_path / "cut")
    with pytest.raises(InputError, match="cannot write"):
        write_fcidump(active_space("H2", 2, 2), 1, 1, tmp_path / "no" / "folder")


@pytest.mark.parametrize("electrons", [4, 5, 3])
def test_openfermion_finds_the_casci_energy(active_space, electrons):
    h = active_space("acrylamide", 4, 4)
    sparse = get_sparse_operator(interaction_operator(h))
    lowest = get_ground_state(jw_number_restrict_operator(sparse, electrons))[0]
    n_beta = electrons // 2
    exact = CASCISolver().solve(h, electrons - n_beta, n_beta).energy
    assert exact == pytest.approx(lowest, abs=1e-8)


def test_a_molecule_of_openfermionpyscf_is_solved(tmp_path):
    molecule = MolecularData(
        [("H", (0.0, 0.0, 0.0)), ("H", (0.0, 0.0, 0.735))],
        basis="sto-3g",
        multiplicity=1,
        filename=str(tmp_path / "h2"),
    )
    with pytest.raises(InputError, match="has no integrals"):
        from_molecular_data(molecule)
    molecule = run_pyscf(molecule, run_fci=True)
    h = from_molecular_data(molecule)
    assert VQESolver().solve(h, 1, 1).energy == pytest.approx(molecule.fci_energy, abs=1e-9)
    assert molecule.fci_energy == pytest.approx(-1.1373060357, abs=1e-9)
    theirs = get_sparse_operator(molecule.get_molecular_hamiltonian())
    ours = get_sparse_operator(interaction_operator(h))
    assert abs(theirs - ours).max() < 1e-8


def test_from_molecular_data_of_a_larger_molecule(active_space, tmp_path):
    molecule = MolecularData(
        [("Li", (0.0, 0.0, 0.0)), ("H", (0.0, 0.0, 1.6))],
        basis="sto-3g",
        multiplicity=1,
        filename=str(tmp_path / "lih"),
    )
    h = from_molecular_data(run_pyscf(molecule))
    assert CASCISolver().solve(h, 2, 2).energy == pytest.approx(-7.882324379, abs=1e-8)


def test_qiskit_nature_has_the_same_operator(active_space):
    h = active_space("LiH", 2, 3)
    problem = electronic_structure_problem(h, 1, 1)
    assert problem.num_particles == (1, 1)
    assert problem.nuclear_repulsion_energy == h.core_energy
    matrix = JordanWignerMapper().map(problem.hamiltonian.second_q_op()).to_matrix()
    lowest = np.linalg.eigvalsh(matrix).min()  # the neutral is the most stable charge here
    assert lowest + h.core_energy == pytest.approx(-7.86291934, abs=1e-8)
    with pytest.raises(InputError, match="do not fit"):
        electronic_structure_problem(h, 4, 1)


def the_same(found, expected) -> None:
    assert found.core_energy == pytest.approx(expected.core_energy, abs=1e-14)
    assert found.one_body == pytest.approx(expected.one_body, abs=1e-14)
    assert found.two_body == pytest.approx(expected.two_body, abs=1e-13)


@settings(max_examples=15, deadline=None)
@given(norb=st.integers(1, 4), seed=st.integers(0, 10_000), data=st.data())
def test_every_format_gives_back_what_it_was_given(
    random_hamiltonian, tmp_path_factory, norb, seed, data
):
    h = random_hamiltonian(norb, seed)
    n_alpha = data.draw(st.integers(1, norb))
    n_beta = data.draw(st.integers(0, n_alpha))
    path = tmp_path_factory.mktemp("formats") / "file"
    write_fcidump(h, n_alpha, n_beta, path)
    for found, alpha, beta in (
        read_fcidump(path),
        from_problem(electronic_structure_problem(h, n_alpha, n_beta)),
        from_qcschema(
            hamiltonian_record(
                h, n_alpha, n_beta, [("H", (0, 0, 0))], method="none", energy=0.0, basis="none"
            )
        ),
    ):
        the_same(found, h)
        assert (alpha, beta) == (n_alpha, n_beta)
    the_same(from_interaction_operator(interaction_operator(h)), h)
    energy = CASCISolver().solve(h, n_alpha, n_beta).energy
    again = from_interaction_operator(interaction_operator(read_fcidump(path)[0]))
    assert CASCISolver().solve(again, n_alpha, n_beta).energy == pytest.approx(energy, abs=1e-10)


def test_a_fcidump_file_holds_each_integral_once(random_hamiltonian, tmp_path):
    h = random_hamiltonian(4, 1)
    write_fcidump(h, 2, 2, tmp_path / "FCIDUMP")
    lines = (tmp_path / "FCIDUMP").read_text().split("&END")[1].split("\n")[1:-1]
    pairs = 4 * 5 // 2
    assert len(lines) == pairs * (pairs + 1) // 2 + pairs + 1  # two-body, one-body, core
    indices = {tuple(line.split()[1:]) for line in lines}
    assert len(indices) == len(lines)


def test_the_operator_may_be_written_in_any_equivalent_way(active_space):
    h = active_space("LiH", 2, 3)
    operator = interaction_operator(h)
    tensor = operator.two_body_tensor
    exchanged = tensor.transpose(1, 0, 2, 3)  # p^ q^ = - q^ p^
    the_same(
        from_interaction_operator(
            InteractionOperator(operator.constant, operator.one_body_tensor, -exchanged)
        ),
        h,
    )
    antisymmetric = 0.5 * (tensor - exchanged)
    the_same(
        from_interaction_operator(
            InteractionOperator(operator.constant, operator.one_body_tensor, antisymmetric)
        ),
        h,
    )


def test_operators_of_other_things_are_refused(active_space):
    operator = interaction_operator(active_space("H2", 2, 2))
    one, two = operator.one_body_tensor, operator.two_body_tensor
    field = np.zeros_like(one)
    field[0, 0] = 0.1  # for the alpha electron alone
    with pytest.raises(InputError, match=r"spin-restricted orbitals .* differ by 1.0e-01"):
        from_interaction_operator(InteractionOperator(0.0, one + field, two))
    flip = np.zeros_like(one)
    flip[0, 1] = flip[1, 0] = 0.2
    with pytest.raises(InputError, match="spin-restricted orbitals"):
        from_interaction_operator(InteractionOperator(0.0, one + flip, two))
    lopsided = np.zeros_like(one)
    lopsided[0, 2] = lopsided[1, 3] = 0.3  # not Hermitian
    with pytest.raises(InputError, match=r"differ by 3.0e-01"):
        from_interaction_operator(InteractionOperator(0.0, one + lopsided, two))
    with pytest.raises(InputError, match="complex coefficients"):
        from_interaction_operator(InteractionOperator(0.0, one + 0.1j * field, two))
    with pytest.raises(InputError, match="3 spin orbitals"):
        from_interaction_operator(InteractionOperator(0.0, one[:3, :3], two[:3, :3, :3, :3]))


def test_an_active_space_of_a_molecule_of_openfermionpyscf(tmp_path):
    molecule = run_pyscf(
        MolecularData(
            [("Li", (0.0, 0.0, 0.0)), ("H", (0.0, 0.0, 1.6))],
            basis="sto-3g",
            multiplicity=1,
            filename=str(tmp_path / "lih"),
        )
    )
    molecule.save()
    path = tmp_path / "lih.hdf5"
    frozen, n_alpha, n_beta = read_molecular_data(path, occupied=[0])
    assert (n_alpha, n_beta) == (1, 1)
    energy = CASCISolver().solve(frozen, n_alpha, n_beta).energy
    assert energy == pytest.approx(-7.8820966, abs=1e-7)
    small = from_molecular_data(molecule, occupied=[0], active=[1, 2, 5])
    theirs = molecule.get_molecular_hamiltonian(occupied_indices=[0], active_indices=[1, 2, 5])
    the_same(from_interaction_operator(theirs), small)
    for bad in ({"occupied": [0], "active": [0, 1]}, {"active": [6]}, {"active": []}):
        with pytest.raises(InputError, match="are not different orbitals of the 6"):
            from_molecular_data(molecule, **bad)


@pytest.mark.parametrize("sector", [(2, 2), (3, 2), (3, 1)])
def test_a_molecule_file_holds_the_active_space(active_space, tmp_path, sector):
    h = active_space("acrylamide", 4, 4)
    path = tmp_path / "acrylamide.hdf5"
    written = write_molecular_data(
        h, *sector, path, geometry=[("C", (0.0, 0.0, 1.0))], basis="sto-3g", description="pi"
    )
    read, n_alpha, n_beta = read_molecular_data(path)
    the_same(read, h)
    assert (n_alpha, n_beta) == sector
    theirs = MolecularData(filename=str(path))
    assert theirs.geometry == [("C", [0.0, 0.0, 1.0])]
    assert theirs.n_qubits == 8
    the_same(from_interaction_operator(theirs.get_molecular_hamiltonian()), h)
    the_same(from_interaction_operator(written.get_molecular_hamiltonian()), h)


def test_bad_molecule_files_are_refused(active_space, tmp_path):
    h = active_space("H2", 2, 2)
    with pytest.raises(InputError, match=r"cannot read .*missing"):
        read_molecular_data(tmp_path / "missing")
    (tmp_path / "broken.hdf5").write_text("not a HDF5 file\n")
    with pytest.raises(InputError, match="broken is not a MolecularData file"):
        read_molecular_data(tmp_path / "broken")
    with h5py.File(tmp_path / "other.hdf5", "w") as file:
        file.create_dataset("spectrum", data=[1.0])
    with pytest.raises(InputError, match=r"other.hdf5 is not a MolecularData file"):
        read_molecular_data(tmp_path / "other.hdf5")
    with pytest.raises(InputError, match="exchange the spins"):
        write_molecular_data(h, 0, 1, tmp_path / "spins")
    with pytest.raises(InputError, match="there is no folder"):
        write_molecular_data(h, 1, 1, tmp_path / "no" / "folder")


def test_problems_of_other_things_are_refused(active_space):
    h = active_space("H2", 2, 2)
    problem = electronic_structure_problem(h, 1, 1)
    problem.num_particles = None
    with pytest.raises(InputError, match="names no electrons"):
        from_problem(problem)
    unrestricted = ElectronicStructureProblem(
        ElectronicEnergy.from_raw_integrals(
            h.one_body, h.two_body, h.one_body + 0.1, h.two_body, h.two_body
        )
    )
    unrestricted.num_particles = (1, 1)
    with pytest.raises(InputError, match="other orbitals for alpha than for beta"):
        from_problem(unrestricted)


def test_constants_of_a_reduced_problem_are_kept():
    problem = PySCFDriver(atom="Li 0 0 0; H 0 0 1.6", basis="sto3g").run()
    frozen = FreezeCoreTransformer().transform(problem)
    h, n_alpha, n_beta = from_problem(frozen)
    energy = CASCISolver().solve(h, n_alpha, n_beta).energy
    assert energy == pytest.approx(-7.8820966, abs=1e-7)
