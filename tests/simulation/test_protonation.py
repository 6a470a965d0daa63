import pytest
from rdkit import Chem

from simulation.ionisation import ACIDS, BASES, SHIFTS, compiled
from simulation.molecule import parse
from simulation.protonation import at_ph
from simulation.settings import SimulationSettings
from simulation.workup import Workup

# name, SMILES, net charge of the dominant form at pH 7.4 (by measured pKa values)
KNOWN = [
    ("osimertinib", "C=CC(=O)Nc1cc(Nc2nccc(n2)-c2cn(C)c3ccccc23)c(OC)cc1N(C)CCN(C)C", 1),
    ("afatinib", "CN(C)C/C=C/C(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1O[C@H]1CCOC1", 1),
    ("ibrutinib", "C=CC(=O)N1CCCC(C1)n1nc(-c2ccc(Oc3ccccc3)cc2)c2c(N)ncnc12", 0),
    ("neratinib", "CCOc1cc2ncc(C#N)c(Nc3ccc(OCc4ccccn4)c(Cl)c3)c2cc1NC(=O)/C=C/CN(C)C", 1),
    ("dacomitinib", "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1NC(=O)/C=C/CN1CCCCC1", 1),
    ("olmutinib", "CN1CCN(CC1)c1ccc(Nc2nc(Oc3cccc(NC(=O)C=C)c3)c3sccc3n2)cc1", 1),
    ("spebrutinib", "C=CC(=O)Nc1cccc(Nc2nc(Nc3ccc(OCCOC)cc3)ncc2F)c1", 0),
    ("imatinib", "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(n1)-c1cccnc1", 1),
    ("gefitinib", "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1", 0),
    ("lapatinib", "CS(=O)(=O)CCNCc1ccc(o1)-c1ccc2ncnc(Nc3ccc(OCc4cccc(F)c4)c(Cl)c3)c2c1", 0),
    ("ibuprofen", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", -1),
    ("paracetamol", "CC(=O)Nc1ccc(O)cc1", 0),
    ("warfarin", "CC(=O)CC(c1ccccc1)C1=C(O)c2ccccc2OC1=O", -1),
    ("metformin", "CN(C)C(=N)NC(N)=N", 1),
    ("propranolol", "CC(C)NCC(O)COc1cccc2ccccc12", 1),
    ("fluoxetine", "CNCCC(Oc1ccc(cc1)C(F)(F)F)c1ccccc1", 1),
    ("diazepam", "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc12", 0),
    ("lidocaine", "CCN(CC)CC(=O)Nc1c(C)cccc1C", 1),
    ("losartan", "CCCCc1nc(Cl)c(CO)n1Cc1ccc(cc1)-c1ccccc1-c1nn[nH]n1", -1),
    ("valsartan", "CCCCC(=O)N(Cc1ccc(cc1)-c1ccccc1-c1nn[nH]n1)C(C(C)C)C(=O)O", -2),
    ("sulfamethoxazole", "Cc1cc(NS(=O)(=O)c2ccc(N)cc2)no1", -1),
    ("celecoxib", "Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F", 0),
    ("glibenclamide", "COc1ccc(Cl)cc1C(=O)NCCc1ccc(cc1)S(=O)(=O)NC(=O)NC1CCCCC1", -1),
    ("cimetidine", "CNC(=NCCSCc1nc[nH]c1C)NC#N", 0),
    ("benzamidine", "NC(=N)c1ccccc1", 1),
    ("histamine", "NCCc1cnc[nH]1", 1),
    ("chloroquine", "CCN(CC)CCCC(C)Nc1ccnc2cc(Cl)ccc12", 2),
    ("haloperidol", "OC1(CCN(CCCC(=O)c2ccc(F)cc2)CC1)c1ccc(Cl)cc1", 1),
    ("sildenafil", "CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1", 0),
    ("pioglitazone", "CCc1ccc(CCOc2ccc(CC3SC(=O)NC3=O)cc2)nc1", -1),
    ("penicillin G", "CC1(C)SC2C(NC(=O)Cc3ccccc3)C(=O)N2C1C(=O)O", -1),
    ("phenytoin", "O=C1NC(=O)C(N1)(c1ccccc1)c1ccccc1", 0),
    ("morphine", "CN1CCC23c4c5ccc(O)c4OC2C(O)C=CC3C1C5", 1),
    ("nicotine", "CN1CCCC1c1cccnc1", 1),
    ("phenyl phosphate", "OP(=O)(O)Oc1ccccc1", -2),
    ("arginine", "NC(CCCNC(N)=N)C(=O)O", 1),
    ("trifluoroethylamine", "NCC(F)(F)F", 0),
    ("piperazine", "C1CNCCN1", 1),
    ("morpholine", "C1COCCN1", 1),
    ("1-acetylpiperidine", "CC(=O)N1CCCCC1", 0),
    ("4-dimethylaminopyridine", "CN(C)c1ccncc1", 1),
    ("aniline", "Nc1ccccc1", 0),
    ("acetylcholine", "CC(=O)OCC[N+](C)(C)C", 1),
    ("nitrobenzene", "[O-][N+](=O)c1ccccc1", 0),
    ("pyridine N-oxide", "[O-][n+]1ccccc1", 0),
]


@pytest.mark.parametrize(("smiles", "charge"), [k[1:] for k in KNOWN], ids=[k[0] for k in KNOWN])
def test_the_dominant_form_of_known_compounds_at_ph_7(smiles: str, charge: int) -> None:
    form = at_ph(parse(smiles, max_heavy_atoms=80))
    assert Chem.GetFormalCharge(form.molecule) == charge


def test_zwitterions_carry_both_charges() -> None:
    form = at_ph(parse("NCC(=O)O", max_heavy_atoms=80))
    assert Chem.MolToSmiles(form.molecule) == "[NH3+]CC(=O)[O-]"
    assert [c.split(" (")[0] for c in form.changes] == ["N1 protonated", "O5 deprotonated"]


def test_the_form_does_not_depend_on_the_one_that_was_written() -> None:
    for forms in (
        ("NCC(=O)O", "[NH3+]CC(=O)[O-]", "NCC(=O)[O-]", "[NH3+]CC(=O)O"),
        ("c1ccccc1-c1nn[nH]n1", "c1ccccc1-c1nn[n-]n1"),
        ("Nc1ccccc1", "[NH3+]c1ccccc1"),
        ("NC(=N)c1ccccc1", "NC(=[NH2+])c1ccccc1"),
    ):
        found = {
            Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(at_ph(m).molecule)))
            for m in (parse(smiles, max_heavy_atoms=80) for smiles in forms)
        }
        assert len(found) == 1, found


def test_a_charge_that_no_group_keeps_is_undone_and_told() -> None:
    form = at_ph(parse("[NH3+]c1ccccc1", max_heavy_atoms=80))
    assert form.changes == ("N1 deprotonated (no base that keeps its charge at pH 7.4)",)


def test_more_acid_more_protons() -> None:
    # histidine: both ring and amine, the amine alone, and neither
    charges = [
        Chem.GetFormalCharge(at_ph(parse("NC(Cc1cnc[nH]1)C(=O)O", max_heavy_atoms=80), ph).molecule)
        for ph in (1.0, 5.0, 8.0, 12.0)
    ]
    assert charges == [2, 1, 0, -1]


def test_groups_near_the_ph_are_named() -> None:
    form = at_ph(parse("CN1CCN(CC1)C1=Nc2cc(Cl)ccc2Nc2ccccc12", max_heavy_atoms=80))  # clozapine
    assert any("tertiary amine" in text for text in form.borderline)
    assert at_ph(parse("C=CC(N)=O", max_heavy_atoms=80)).borderline == ()


def test_every_pattern_finds_its_own_atom_kind() -> None:
    for group in ACIDS:
        assert group.pattern.GetAtomWithIdx(0).GetAtomicNum() in (0, 7, 8, 16), group.name
    for entry in (*BASES, *SHIFTS):
        assert entry.pattern.GetAtomWithIdx(0).GetAtomicNum() == 7, entry.name
    with pytest.raises(ValueError, match="not a SMARTS"):
        compiled("[N")


def test_the_workup_of_the_protonated_form_keeps_the_atom_order() -> None:
    work = Workup("C=CC(=O)NCCN(C)C", SimulationSettings(conformers=1), seed=1)
    form = work.protonated()
    assert form.charge == 1
    assert form.name == "at pH 7.4"
    symbols = [a.GetSymbol() for a in work.molecule.GetAtoms()]
    assert [a.GetSymbol() for a in form.molecule.GetAtoms()] == symbols
    assert work.protonated() is form
    assert form.protonated() is form
    assert form.protonated(13.0).smiles == work.smiles
    neutral = Workup("C=CC(N)=O", SimulationSettings(conformers=1), seed=1)
    assert neutral.protonated() is neutral
