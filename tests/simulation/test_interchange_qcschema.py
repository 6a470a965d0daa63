"""Energies and integrals as QCSchema records."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from qiskit_nature.second_q.formats import qcschema_to_problem
from qiskit_nature.second_q.mappers import JordanWignerMapper

from simulation.casci import CASCISolver
from simulation.errors import InputError
from simulation.interchange import (
    from_qcschema,
    hamiltonian_record,
    read_qcschema,
    score_records,
    write_qcschema,
)
from simulation.score import (
    ActiveSpaceRecord,
    ConformerRecord,
    Provenance,
    Score,
    SiteScore,
    SolverRecord,
    SpeciesRecord,
)

LIH = (("Li", (0.0, 0.0, 0.0)), ("H", (0.0, 0.0, 1.6)))


def solved(sector: str, n_alpha: int, n_beta: int, energy: float) -> SolverRecord:
    return SolverRecord(
        sector=sector,
        n_alpha=n_alpha,
        n_beta=n_beta,
        energy=energy,
        casci_energy=energy - 1e-6,
        parameters=3,
        evaluations=9,
        gradient_norm=1e-7,
        converged=True,
    )


@pytest.fixture
def score() -> Score:
    space = ActiveSpaceRecord(
        electrons=2,
        orbitals=3,
        atoms=(0,),
        orbital_labels=("Li 2s",),
        threshold=0.1,
        weights=(0.9, 0.8, 0.7),
        natural_occupations=(1.9, 0.1, 0.0),
        planarity=0.0,
        triplet_energy=3.0,
    )
    site = SiteScore(
        name="lithium hydride",
        atoms=(0,),
        value=-1.0,
        casci_value=-1.0,
        casci_deviation_mha=0.001,
        ionisation_potential=8.0,
        active_space=space,
        solutions=(solved("2e", 1, 1, -7.86), solved("3e", 2, 1, -7.85)),
    )
    return Score(
        smiles="[LiH]",
        inchikey="SIAPCJWMELPYOE-UHFFFAOYSA-N",
        recipe="lithium",
        value=-1.0,
        unit="eV",
        solver="vqe",
        backend="exact",
        casci_value=-1.0,
        casci_deviation_mha=0.001,
        baselines={},
        active_space=space,
        sites=(site,),
        conformers=ConformerRecord(1, 1, 1, 1, 0.0, "none"),
        provenance=Provenance(
            charge=0,
            multiplicity=1,
            basis="sto-3g",
            seed=7,
            settings={"solvent": None},
            versions={},
            timings={},
            wall_seconds=0.1,
            convergence={},
            geometry="2\n[LiH]\nLi 0.0 0.0 0.0\nH 0.0 0.0 1.6\n",
        ),
        species=(
            SpeciesRecord("cation", "[LiH+]", 1, 2, -7.5, "GFN2-xTB", "1\n\nLi 0.0 0.0 0.5\n"),
        ),
    )


def test_a_score_is_one_record_for_each_energy(score, tmp_path):
    neutral, anion, cation = score_records(score)
    for record, energy, charge, multiplicity in (
        (neutral, -7.86, 0, 1),
        (anion, -7.85, -1, 2),
        (cation, -7.5, 1, 2),
    ):
        write_qcschema(record, tmp_path / "record.json")
        read = read_qcschema(tmp_path / "record.json")
        assert read == record
        assert read.return_result == read.properties.return_energy == energy
        assert read.molecule.molecular_charge == charge
        assert read.molecule.molecular_multiplicity == multiplicity
        assert read.schema_name == "qcschema_output"
    assert neutral.model.method == "vqe"
    assert neutral.model.basis == "sto-3g"
    assert neutral.keywords["casci_energy"] == pytest.approx(-7.860001)
    assert neutral.keywords["active_orbitals"] == 3
    # Bohr: 1.6 Angstrom is 3.0236.
    assert neutral.molecule.geometry == pytest.approx([0, 0, 0, 0, 0, 3.02356], abs=1e-5)
    assert cation.model.method == "GFN2-xTB"
    assert cation.molecule.symbols == ["Li"]


def test_a_score_without_energies_is_refused(score):
    bare = dataclasses.replace(score, sites=(), species=())
    with pytest.raises(InputError, match="lithium keeps no total energies"):
        score_records(bare)


def test_integrals_travel_in_a_record(active_space, tmp_path):
    h = active_space("LiH", 2, 3)
    energy = CASCISolver().solve(h, 1, 1).energy
    record = hamiltonian_record(h, 1, 1, LIH, method="casci", energy=energy, basis="sto-3g")
    write_qcschema(record, tmp_path / "lih.json")
    read = read_qcschema(tmp_path / "lih.json")
    again, n_alpha, n_beta = from_qcschema(read)
    assert (n_alpha, n_beta) == (1, 1)
    assert again.one_body == pytest.approx(h.one_body, abs=0)
    assert again.two_body == pytest.approx(h.two_body, abs=1e-14)
    assert again.core_energy == h.core_energy
    # Qiskit Nature's own translator reads the same problem.
    problem = qcschema_to_problem(read, include_dipole=False)
    matrix = JordanWignerMapper().map(problem.hamiltonian.second_q_op()).to_matrix()
    lowest = np.linalg.eigvalsh(matrix).min() + problem.nuclear_repulsion_energy
    assert lowest == pytest.approx(energy, abs=1e-8)
    assert energy == pytest.approx(-7.86291934, abs=1e-8)
    with pytest.raises(InputError, match="do not fit"):
        hamiltonian_record(h, 4, 1, LIH, method="casci", energy=energy, basis="sto-3g")


def test_what_other_programs_add_to_a_record_does_not_stop_it(score, tmp_path):
    path = tmp_path / "record.json"
    record = score_records(score)[0]
    path.write_text(json.dumps({**record.to_dict(), "id": "7", "extras": {"a": 1}}))
    assert read_qcschema(path) == record


def test_bad_records_are_refused(score, tmp_path):
    path = tmp_path / "record.json"
    record = score_records(score)[0]
    with pytest.raises(InputError, match=r"cannot read .*record.json"):
        read_qcschema(path)
    for content in ("[1, 2]", "{}", "no json", json.dumps({"molecule": {"symbols": ["H"]}})):
        path.write_text(content)
        with pytest.raises(InputError, match=r"record.json is not a QCSchema AtomicResult"):
            read_qcschema(path)
    data = record.to_dict()
    path.write_text(json.dumps({**data, "return_result": None}))
    with pytest.raises(InputError, match="no return_result"):
        read_qcschema(path)
    with pytest.raises(InputError, match="cannot write"):
        write_qcschema(record, tmp_path / "no" / "folder.json")
    with pytest.raises(InputError, match="has no integrals"):
        from_qcschema(record)
