"""The Hamiltonian as other programs read it."""

from __future__ import annotations

import numpy as np
import pytest
from openfermion import MolecularData, get_sparse_operator, jw_number_restrict_operator
from openfermion.linalg import get_ground_state
from openfermionpyscf import run_pyscf
from pyscf.tools import fcidump
from qiskit_nature.second_q.mappers import JordanWignerMapper

from simulation.casci import CASCISolver
from simulation.errors import InputError
from simulation.interchange import (
    electronic_structure_problem,
    from_molecular_data,
    interaction_operator,
    read_fcidump,
    write_fcidump,
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
