"""Geometries from ASE and QCSchema, scored as they stand, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from hypothesis import given, settings
from hypothesis import strategies as st
from qcelemental.models import AtomicResult, Molecule
from rdkit import Chem
from rdkit.Chem import AllChem

import molq
from simulation.errors import InputError
from simulation.givengeometry import TAKEN, GivenGeometry
from simulation.settings import SimulationSettings

SMALL = {"basis": "sto-3g", "density_fit": False, "solver": "casci"}


def embedded(smiles: str) -> Atoms:
    """A molecule of RDKit in ASE, hydrogens behind."""
    made = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert AllChem.EmbedMolecule(made, randomSeed=7) == 0  # type: ignore[attr-defined]
    symbols = [atom.GetSymbol() for atom in made.GetAtoms()]
    charge = Chem.GetFormalCharge(made)
    return Atoms(symbols, made.GetConformer().GetPositions(), info={"charge": charge})


SMILES = (
    "C=CC(N)=O", "C[C@H](F)Cl", "C/C=C/C(=O)NC", "c1ccc2[nH]ccc2c1", "C[N+](C)(C)C", "O=C([O-])C=C",
    "C#CC(=O)N1CC[C@@H](O)C1",
)  # fmt: skip


@pytest.mark.parametrize("smiles", SMILES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_atoms_in_any_order_are_the_same_molecule(smiles: str, seed: int) -> None:
    atoms = embedded(smiles)
    order = np.random.default_rng(seed).permutation(len(atoms))
    shuffled = Atoms(atoms[order].symbols, atoms[order].positions, info=atoms.info)
    structure = molq.from_ase(shuffled)
    assert structure.smiles == Chem.CanonSmiles(smiles)
    assert structure.charge == atoms.info["charge"]
    back = molq.to_ase(structure)
    # the same atoms at the same places
    key = [(s, *np.round(p, 6)) for s, p in zip(back.symbols, back.positions, strict=True)]
    assert sorted(key) == sorted(
        (s, *np.round(p, 6)) for s, p in zip(atoms.symbols, atoms.positions, strict=True)
    )
    heavy = [symbol != "H" for symbol in structure.symbols]
    assert heavy == sorted(heavy, reverse=True)


def test_bond_orders_may_be_given() -> None:
    structure = molq.from_ase(molecule("butadiene"), smiles="C=CC=C")
    assert structure.smiles == "C=CC=C"
    with pytest.raises(molq.CallError, match="check the SMILES"):
        molq.from_ase(molecule("butadiene"), smiles="CCO")
    with pytest.raises(molq.CallError, match="is no SMILES"):
        molq.from_ase(molecule("butadiene"), smiles="C(")


def test_a_charge_that_is_not_the_smiles_is_refused() -> None:
    water, ammonium = molecule("H2O"), embedded("C[NH3+]")
    with pytest.raises(molq.CallError, match=r"said to be \+1, and O has \+0"):
        molq.from_ase(water, charge=1, smiles="O")
    assert molq.from_ase(water, charge=0, smiles="O").charge == 0
    del ammonium.info["charge"]
    assert molq.from_ase(ammonium, smiles="C[NH3+]").charge == 1  # none was said
    ammonium.info["charge"] = 0
    with pytest.raises(molq.CallError, match=r"said to be \+0, and C\[NH3\+\] has \+1"):
        molq.from_ase(ammonium, smiles="C[NH3+]")
    places = ammonium.positions
    with pytest.raises(molq.CallError, match=r"said to be -1"):
        molq.Structure.of(list(ammonium.symbols), places, charge=-1, smiles="C[NH3+]")
    (record,) = molq.to_qcschema(molq.from_ase(water))
    with pytest.raises(molq.CallError, match=r"said to be \+2, and O has \+0"):
        molq.from_qcschema({**record, "molecular_charge": 2.0})


def test_what_is_no_molecule_is_one_line() -> None:
    with pytest.raises(molq.CallError, match=r"charge \+5"):
        molq.from_ase(molecule("CH4"), charge=5)
    apart = molecule("H2O") + Atoms(molecule("H2O").symbols, molecule("H2O").positions + 9)
    with pytest.raises(molq.CallError, match="several molecules"):
        molq.from_ase(apart)
    with pytest.raises(molq.CallError, match="finite coordinates"):
        molq.Structure.of(["H", "H"], [[0, 0, 0], [0, 0, float("nan")]])
    with pytest.raises(molq.CallError, match="finite coordinates"):
        molq.from_ase(Atoms())
    with pytest.raises(molq.CallError, match=r"give a molq\.Structure"):
        molq.to_ase("CCO")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scored() -> Any:
    return molq.from_ase(molecule("butadiene")).score("photo-st-gap", **SMALL)


def test_a_given_geometry_is_not_moved(scored: Any) -> None:
    given_one = molecule("butadiene")
    found = molq.to_ase(scored)
    assert scored.score.flags[0] == TAKEN
    distances = np.sort(given_one.get_all_distances().ravel())
    assert np.sort(found.get_all_distances().ravel()) == pytest.approx(distances, abs=1e-7)
    assert found.info["recipe"] == "photo-st-gap"
    assert found.info["value"] == scored.value
    assert 3 < scored.value < 5  # eV, vertical, minimal basis
    assert scored.score.conformers.method.startswith("given / GFN2-xTB")


def test_a_recorded_geometry_gives_the_recorded_value(scored: Any) -> None:
    ordinary = molq.score("C=CC(N)=O", conformers=1, **SMALL)
    structure = molq.from_ase(molq.to_ase(ordinary))
    again = structure.score(**SMALL)
    assert again.value == pytest.approx(ordinary.value, abs=1e-5)
    several = structure.score(["warhead-ea", "warhead-st"], **SMALL)
    assert [item.status for item in several] == ["scored", "scored"]
    refused = structure.score("photo-st-gap", max_heavy_atoms=2, **SMALL)
    assert refused.failure.kind == "input"
    with pytest.raises(molq.CallError, match="did you mean"):
        structure.score("warhead_ea")
    with pytest.raises(molq.CallError, match="has no score"):
        molq.to_ase(refused)


def test_qcschema_goes_both_ways(scored: Any, tmp_path: Path) -> None:
    records = molq.to_qcschema(scored)
    assert len(records) == 2
    assert [AtomicResult(**record).driver for record in records] == ["energy", "energy"]
    path = tmp_path / "record.json"
    path.write_text(json.dumps(records[0]))
    structure = molq.from_qcschema(path)
    assert structure.smiles == "C=CC=C"
    (alone,) = molq.to_qcschema(structure)
    assert Molecule(**alone).get_molecular_formula() == "C4H6"
    assert molq.from_qcschema(alone).coordinates == pytest.approx(structure.coordinates, abs=1e-9)
    foreign = Molecule.from_data("O 0 0 0\nH 0 0.76 0.59\nH 0 -0.76 0.59")
    assert molq.from_qcschema(json.loads(foreign.json())).smiles == "O"


def test_an_exported_file_is_read_again(scored: Any, tmp_path: Path) -> None:
    from molq.exports import schemafile
    from molq.exports.computed import Computed
    from screening.candidate import Candidate

    structure = molq.from_ase(molecule("butadiene"))
    alone = tmp_path / "molecule.json"
    alone.write_text(json.dumps(molq.to_qcschema(structure)))
    assert molq.from_qcschema(alone).coordinates == pytest.approx(structure.coordinates, abs=1e-9)
    assert molq.from_qcschema(molq.to_qcschema(structure)).smiles == "C=CC=C"

    exported = tmp_path / "run.qcschema.json"
    found = Candidate(scored.score.inchikey, scored.score.smiles, "butadiene", "library")
    computed = Computed("butadiene", found, {"photo-st-gap": scored.score})
    assert schemafile.write([computed], exported) == 1
    back = molq.from_qcschema(exported, index=0)
    assert back.smiles == "C=CC=C"
    assert back.coordinates == pytest.approx(molq.to_ase(scored).positions, abs=1e-6)
    with pytest.raises(molq.CallError, match=r"2 records, name one by index=: 0 \(C=CC=C, charge"):
        molq.from_qcschema(exported)
    with pytest.raises(molq.CallError, match="no index 2"):
        molq.from_qcschema(exported, index=2)
    with pytest.raises(molq.CallError, match="the list holds no record"):
        molq.from_qcschema([])
    with pytest.raises(molq.CallError, match="leave index out"):
        molq.from_qcschema(molq.to_qcschema(structure)[0], index=0)
    with pytest.raises(molq.CallError, match="0 no record, 1 no record"):
        molq.from_qcschema([1, 2])  # type: ignore[list-item]


def test_what_is_no_record_is_one_line(scored: Any, tmp_path: Path) -> None:
    triplet = molq.to_qcschema(scored)[1]
    with pytest.raises(molq.CallError, match="multiplicity 3 is no closed shell"):
        molq.from_qcschema(triplet)
    with pytest.raises(molq.CallError, match="is no QCSchema molecule"):
        molq.from_qcschema({"symbols": ["H"]})
    with pytest.raises(molq.CallError, match="cannot be read"):
        molq.from_qcschema(tmp_path / "nothing.json")
    (tmp_path / "text.json").write_text("no json")
    with pytest.raises(molq.CallError, match="is not JSON"):
        molq.from_qcschema(str(tmp_path / "text.json"))


def test_a_lead_goes_out_as_a_score_does(scored: Any) -> None:
    class Lead:
        scores = {"photo-st-gap": scored.score}  # noqa: RUF012

    assert molq.to_qcschema(Lead())[0] == molq.to_qcschema(scored)[0]  # type: ignore[arg-type]
    assert molq.to_ase(Lead()) == molq.to_ase(scored)  # type: ignore[arg-type]


def test_atoms_that_are_not_the_smiles_are_refused() -> None:
    structure = molq.from_ase(molecule("CH4"))
    with pytest.raises(InputError, match="heavy atoms first"):
        GivenGeometry("CC", structure.symbols, structure.coordinates, SimulationSettings(), seed=0)
    broken = replace(structure, coordinates=np.full_like(structure.coordinates, np.nan))
    with pytest.raises(InputError, match="not a number"):
        GivenGeometry("C", broken.symbols, broken.coordinates, SimulationSettings(), seed=0)
