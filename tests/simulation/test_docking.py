"""Docking by Vina into the pocket of Abl kinase (PDB 1IEP)."""

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from rdkit import Chem
from rdkit.Chem import rdMolAlign
from scipy.spatial import cKDTree

from simulation.docking import pose
from simulation.docking.receptor import receptor
from simulation.docking.settings import DockingSettings
from simulation.errors import InputError
from simulation.recipes import recipe
from simulation.recipes.docking import docked
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

DATA = Path(__file__).parents[2] / "configs" / "receptors"
POCKET, LIGAND = DATA / "abl_pocket.pdb", DATA / "imatinib_pose.sdf"
SMALL_BOX = {"center": (17.0, 55.5, 14.0), "size": (16.0, 16.0, 16.0)}
PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"
AMINE = "NCCc1ccccc1"
IMATINIB = "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1"


def settings(**changes):
    table = {"receptor": POCKET, "exhaustiveness": 1, **SMALL_BOX, **changes}
    return SimulationSettings(docking=DockingSettings(**table))


def score(smiles, seed=5, **changes):
    return recipe.find("docking").score(Workup(smiles, settings(**changes), seed=seed))


@pytest.fixture(scope="module")
def amine():
    return score(AMINE)


def test_a_search_shorter_than_vinas_own_is_flagged(amine):
    assert any("short search: exhaustiveness 1, below" in flag for flag in amine.flags)
    # methane: eight searches of nothing but its place
    assert not any("short search" in flag for flag in score("C", exhaustiveness=8).flags)


def test_the_dominant_form_is_docked_and_stated(amine):
    assert amine.unit == "kcal/mol"
    assert amine.solver == "none"
    assert -9 < amine.value < -4
    stated = amine.provenance.convergence
    assert stated["form"] == "[NH3+]CCc1ccccc1"
    assert stated["protonation"] == ["N1 protonated (primary amine, pKa 9.9)"]
    assert amine.provenance.charge == 1
    assert amine.smiles == AMINE
    assert sum(c.contribution for c in amine.contributions) == pytest.approx(amine.value, abs=0.01)
    assert amine.baselines["ligand_efficiency"].value == pytest.approx(amine.value / 9)
    assert Score.from_json(amine.to_json()) == amine


def test_the_pose_lies_in_the_pocket_with_its_bonds(amine):
    found = docked(amine)
    assert Chem.MolToSmiles(Chem.RemoveHs(found)) == "[NH3+]CCc1ccccc1"
    places = found.GetConformer().GetPositions()
    middle, edges = np.array(SMALL_BOX["center"]), np.array(SMALL_BOX["size"])
    assert (abs(places - middle) < edges / 2 + 1.5).all()
    protein = np.array(
        [
            [float(line[30:38]), float(line[38:46]), float(line[46:54])]
            for line in POCKET.read_text().splitlines()
            if line.startswith("ATOM") and line[76:78].strip() != "H"
        ]
    )
    heavy = places[[a.GetIdx() for a in found.GetAtoms() if a.GetAtomicNum() > 1]]
    nearest = np.linalg.norm(heavy[:, None] - protein[None], axis=-1).min()
    assert 2.3 < nearest < 4.5  # Angstrom: in contact, no clash
    lengths = [
        np.linalg.norm(places[b.GetBeginAtomIdx()] - places[b.GetEndAtomIdx()])
        for b in found.GetBonds()
    ]
    assert 0.9 < min(lengths) < max(lengths) < 1.7


def test_the_same_seed_gives_the_same_pose(amine):
    again = score(AMINE)
    assert again.value == amine.value
    assert again.provenance.geometry == amine.provenance.geometry


def test_without_a_ph_the_molecule_stays_as_it_is(amine):
    neutral = score(AMINE, ph=None)
    assert neutral.provenance.convergence["form"] == AMINE
    assert neutral.provenance.charge == 0
    # Vina's function knows no charges: what counts is where hydrogen bonds can be
    assert neutral.value == pytest.approx(amine.value, abs=1.0)


def test_an_open_stereocentre_is_flagged():
    found = score("CC(O)c1ccccc1")
    assert any("one stereoisomer was docked" in flag and "C2" in flag for flag in found.flags)


def test_the_box_encloses_the_reference_ligand():
    by_ligand = DockingSettings(receptor=POCKET, ligand=LIGAND, padding=4)
    found = receptor(by_ligand)
    mol = Chem.MolFromMolFile(str(LIGAND), removeHs=False)
    places = mol.GetConformer().GetPositions()
    low, high = places.min(axis=0), places.max(axis=0)
    assert found.center == pytest.approx((low + high) / 2, abs=0.001)
    assert found.size == pytest.approx(np.maximum(high - low + 8, 15), abs=0.001)


def test_pdbqt_is_taken_as_it_is_and_a_ligand_in_any_format(tmp_path):
    prepared = receptor(DockingSettings(receptor=POCKET, **SMALL_BOX)).pdbqt
    (tmp_path / "abl.pdbqt").write_text(prepared)
    atoms = [line for line in prepared.splitlines() if line.startswith("ATOM")][:10]
    (tmp_path / "ligand.pdb").write_text("\n".join(atoms))
    found = receptor(
        DockingSettings(receptor=tmp_path / "abl.pdbqt", ligand=tmp_path / "ligand.pdb")
    )
    assert found.pdbqt == prepared
    assert min(found.size) >= 15


def test_the_address_of_a_score_follows_the_contents_not_the_path(tmp_path):
    docking = recipe.find("docking")
    one = docking.content(settings())
    copy = tmp_path / "elsewhere.pdb"
    copy.write_bytes(POCKET.read_bytes())
    assert docking.content(settings(receptor=copy)) == one
    copy.write_text(POCKET.read_text().replace("REMARK   Abl", "REMARK   abl"))
    assert docking.content(settings(receptor=copy)) != one
    assert docking.content(settings(exhaustiveness=2)) != one


@pytest.mark.parametrize(
    ("smiles", "words"),
    [
        ("OB(O)c1ccccc1", "Vina does not dock this molecule: .*Atom type B"),
        ("C[Se]C", "meeko does not prepare this molecule"),
        ("O", r"nothing matches \[#6\]"),
    ],
)
def test_what_vina_cannot_dock_says_why(smiles, words):
    with pytest.raises(InputError, match=words):
        score(smiles)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"receptor": "nowhere.pdb"}, "docking.receptor: nowhere.pdb cannot be read: No such file"),
        ({"receptor": LIGAND}, r"imatinib_pose.sdf is neither .pdb nor .pdbqt"),
        (
            {"ligand": POCKET, "center": None, "size": None, "padding": 20},
            r"the box around abl_pocket.pdb is \d+ Angstrom long, and 60 is the most",
        ),
        ({"ligand": "nowhere.sdf", "center": None, "size": None}, "docking.ligand: nowhere.sdf"),
    ],
)
def test_missing_files_are_named(changes, words):
    with pytest.raises(InputError, match=words):
        recipe.find("docking").ready(settings(**changes))


def test_a_receptor_that_meeko_refuses_is_named(tmp_path):
    path = tmp_path / "odd.pdb"
    path.write_text(
        "HETATM    1  XX  UNK A   1       0.000   0.000   0.000  1.00  0.00          XX\n"
    )
    with pytest.raises(InputError, match=r"odd.pdb is not prepared by meeko: .*PDBQT"):
        recipe.find("docking").ready(settings(receptor=path))


@pytest.mark.parametrize(
    "text",
    [
        "ATOM      1  N   LEU A 248      18.630  64.773   9.241  1.00 58.44     0.000 XX\n",
        "ROOT\nATOM      1  N   LEU A 248      18.630  64.773   9.241  1.00 0.00     0.000 N \n",
    ],
)
def test_a_receptor_that_vina_refuses_is_named_before_any_molecule(tmp_path, text):
    path = tmp_path / "odd.pdbqt"
    path.write_text(text)
    with pytest.raises(InputError, match=r"Vina does not read odd.pdbqt: PDBQT parsing error"):
        recipe.find("docking").ready(settings(receptor=path))


def test_the_sum_of_a_receptor_is_that_of_its_bytes(tmp_path):
    path = tmp_path / "windows.pdb"
    path.write_bytes(POCKET.read_bytes().replace(b"\n", b"\r\n"))
    found = receptor(settings(receptor=path).docking)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.pdbqt == receptor(settings().docking).pdbqt


def test_polar_hydrogens_are_those_that_vina_turned(monkeypatch):
    """A hydroxyl's direction is found by the search, and no rule knows it."""
    placed = []
    ordered = pose._ordered
    monkeypatch.setattr(pose, "_ordered", lambda *of: placed.append(of[0]) or ordered(*of))
    found = docked(score(PARACETAMOL))
    was = placed[0].GetConformer().GetPositions()
    for atom in found.GetAtoms():
        if atom.GetAtomicNum() == 1 and atom.GetNeighbors()[0].GetSymbol() in "NO":
            place = found.GetConformer().GetPositions()[atom.GetIdx()]
            hydrogens = [a.GetIdx() for a in placed[0].GetAtoms() if a.GetAtomicNum() == 1]
            assert np.linalg.norm(was[hydrogens] - place, axis=1).min() < 1e-3
    places = found.GetConformer().GetPositions()
    lengths = [
        np.linalg.norm(places[b.GetBeginAtomIdx()] - places[b.GetEndAtomIdx()])
        for b in found.GetBonds()
    ]
    assert 0.9 < min(lengths) < max(lengths) < 1.7


def test_the_campaigns_box_ends_where_the_cut_pocket_does():
    """Of the shipped campaign's box at most a tenth lies away from every atom that is kept."""
    table = tomllib.loads((DATA.parent / "kinase_pocket.toml").read_text())["simulation"]["docking"]
    found = receptor(
        DockingSettings(receptor=POCKET, ligand=LIGAND, padding=table.get("padding", 5.0))
    )
    axes = [
        c + np.arange(-e / 2, e / 2, 0.5) for c, e in zip(found.center, found.size, strict=True)
    ]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 3)  # shape: (points, 3)
    atoms = [line for line in POCKET.read_text().splitlines() if line.startswith("ATOM")]
    assert not [line for line in atoms if line[76:78].strip() == "H"]
    places = [[float(line[at : at + 8]) for at in (30, 38, 46)] for line in atoms]
    distances, _ = cKDTree(places).query(grid)
    assert (distances > 3.5).mean() < 0.1


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "no box: give ligand"),
        ({"ligand": LIGAND, **SMALL_BOX}, "the box is given twice"),
        ({"center": (0, 0, 0), "size": (0, 10, 10)}, "edges above 0"),
        ({"center": (0, 0, 0), "size": (10, 10)}, "size"),
        ({**SMALL_BOX, "exhaustivness": 3}, "exhaustivness"),
    ],
)
def test_settings_that_make_no_box_are_refused(table, words):
    with pytest.raises(ValidationError, match=words):
        DockingSettings(receptor=POCKET, **table)


def test_a_missing_receptor_or_package_names_the_remedy(monkeypatch):
    docking = recipe.find("docking")
    with pytest.raises(InputError, match=r"add \[simulation.docking\] with receptor"):
        docking.ready(SimulationSettings())
    monkeypatch.setitem(sys.modules, "vina", None)
    monkeypatch.setattr("simulation.recipes.docking.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"needs vina and meeko: pip install 'molq\[docking\]'"):
        docking.ready(settings())


@pytest.mark.slow
def test_imatinib_finds_its_place_again():
    """Redocked from a new conformer, it must lie within 2 Angstrom of the crystal's pose."""
    table = {"ligand": LIGAND, "center": None, "size": None, "padding": 1}
    found = score(IMATINIB, seed=1, exhaustiveness=8, **table)
    assert found.value < -11
    crystal = Chem.RemoveHs(Chem.MolFromMolFile(str(LIGAND)))
    again = Chem.RemoveHs(docked(found))
    assert Chem.MolToSmiles(again) == Chem.MolToSmiles(crystal)
    assert rdMolAlign.CalcRMS(again, crystal) < 2.0


def test_rdkit_speaks_where_it_did_before():
    """In a process of its own: where RDKit's messages go is one setting of the whole process."""
    program = (
        "from simulation.docking.meekopackage import meeko; meeko(); "
        "from rdkit import Chem; Chem.MolFromSmiles('not a smiles')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    lines = done.stderr.splitlines()
    assert any("SMILES Parse Error" in line for line in lines)
    assert not any(line.startswith("[RDKit]") for line in lines)  # meeko's own logging
