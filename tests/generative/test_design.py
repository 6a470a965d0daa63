"""Design tasks on drugs: what is kept stays, what is grown meets its limits."""

from __future__ import annotations

import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from generative.constraints import Constraints, PropertyRange
from generative.design import analogues, attaching, keeping, rgroups, tasks, warheads
from generative.design.designs import Design, Designs
from generative.design.growing import Window
from generative.sampling import MotifGenerator

IBRUTINIB = "C=CC(=O)N1CCC[C@H](C1)n1nc(-c2ccc(Oc3ccccc3)cc2)c2c(N)ncnc12"
OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(n1)-c1cn(C)c2ccccc12"
AFATINIB = "CN(C)C/C=C/C(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1O[C@H]1CCOC1"
LORLATINIB = "C[C@@H]1c2cc(F)ccc2C(=O)N(C)Cc2nn(C)c(C#N)c2-c2cnc(N)c(c2)O1"
PACRITINIB = "C1CCN(C1)CCOc1ccc2cc1COC/C=C/COCc1cccc(c1)-c1ccnc(n1)N2"
PYRIDINE, BENZAMIDE = "c1ccncc1[*]", "O=C(Nc1ccccc1F)[*]"


def mols(designs: Designs) -> list[Chem.Mol]:
    """The molecules, each checked: valid, canonical, distinct, in one piece."""
    assert len(set(designs.smiles)) == len(designs.smiles)
    found = [Chem.MolFromSmiles(smiles) for smiles in designs.smiles]
    for mol, smiles in zip(found, designs.smiles, strict=True):
        assert mol is not None
        assert Chem.MolToSmiles(mol) == smiles
        assert "." not in smiles
        assert "*" not in smiles
    return found


def check_yield(designs: Designs) -> None:
    told = designs.yield_
    assert told.kept == len(designs.molecules)
    assert told.attempts == told.kept + sum(told.refused.values())


def canonical(smiles: str) -> str:
    return Chem.MolToSmiles(Chem.MolFromSmiles(smiles))


def heavy(designs: Designs) -> list[int]:
    return [mol.GetNumHeavyAtoms() for mol in mols(designs)]


def linker_of(design: Design) -> tuple[int, int]:
    """Heavy atoms of a grown linker, and atoms on its shortest path."""
    mol = Chem.MolFromSmiles(design.change)
    ends = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    assert len(ends) == 2
    return mol.GetNumHeavyAtoms(), int(Chem.GetDistanceMatrix(mol)[ends[0], ends[1]]) - 1


def test_a_linker_joins_both_fragments_within_its_limits(shipped: MotifGenerator) -> None:
    designs = tasks.linker(
        shipped, PYRIDINE, BENZAMIDE, 25, seed=1, atoms=Window(3, 8), length=Window(2, 4)
    )
    pyridine = Chem.MolFromSmarts("c1ccncc1-[!#1]")
    benzamide = Chem.MolFromSmarts("[!#1]-C(=O)[NH]c1ccccc1F")
    assert len(designs.molecules) == 25
    check_yield(designs)
    for mol, design in zip(mols(designs), designs.molecules, strict=True):
        assert mol.HasSubstructMatch(pyridine)
        assert mol.HasSubstructMatch(benzamide)
        atoms, length = linker_of(design)
        assert 3 <= atoms <= 8
        assert 2 <= length <= 4
        assert mol.GetNumHeavyAtoms() == 6 + 10 + atoms


def test_limits_of_a_linker_refuse_nothing(shipped: MotifGenerator) -> None:
    designs = tasks.linker(
        shipped, PYRIDINE, BENZAMIDE, 40, seed=3, atoms=Window(5, 5), length=Window(5, 5)
    )
    assert {linker_of(design) for design in designs.molecules} == {(5, 5)}
    assert set(designs.yield_.refused) <= {"duplicate"}


def test_a_linker_of_no_atoms_binds_the_fragments(shipped: MotifGenerator) -> None:
    designs = tasks.linker(shipped, PYRIDINE, BENZAMIDE, 5, seed=1, atoms=Window(0, 0))
    assert designs.smiles == [canonical("O=C(Nc1ccccc1F)c1cccnc1")]
    assert designs.molecules[0].change == ""


def test_a_macrocycle_closes_the_ring_that_was_asked_for(shipped: MotifGenerator) -> None:
    open_form = "[*]c1cccc(Nc2nccc(n2)-c2cccc([*])c2)c1"
    designs = tasks.macrocycle(shipped, open_form, 12, seed=1, ring=Window(13, 16))
    kept = Chem.MolFromSmarts("c1cccc([NH]c2nccc(n2)-c2cccc(-[!#1])c2)c1")
    for mol in mols(designs):
        assert mol.HasSubstructMatch(kept)
        large = [len(ring) for ring in mol.GetRingInfo().AtomRings() if len(ring) >= 12]
        assert large
        assert all(13 <= size <= 16 for size in large)
    assert len(designs.molecules) == 12


@pytest.mark.parametrize("fragment", ["c1ccncc1", "c1ccncc1[*]", "C[C@H](N[*])C(=O)O"])
def test_a_fragment_grows_into_its_window(shipped: MotifGenerator, fragment: str) -> None:
    designs = tasks.grow(shipped, fragment, 20, seed=2, size=Window(17, 19))
    plain = Chem.MolFromSmiles(fragment.replace("[*]", ""))
    assert len(designs.molecules) == 20
    assert all(17 <= n <= 19 for n in heavy(designs))
    assert all(mol.HasSubstructMatch(plain, useChirality=True) for mol in mols(designs))
    assert set(designs.yield_.refused) <= {"duplicate", "the kept part is lost"}
    assert all(0 <= (design.similarity or 0) < 1 for design in designs.molecules)


def test_an_r_group_is_exchanged_and_the_rest_stays(shipped: MotifGenerator) -> None:
    core = "[*]c1nn([C@@H]2CCCN(C(=O)C=C)C2)c2ncnc(N)c12"
    designs = rgroups.rgroup(shipped, IBRUTINIB, 20, seed=1, core=core)
    kept = Chem.MolFromSmiles("C=CC(=O)N1CCC[C@H](C1)n1ncc2c(N)ncnc12")
    lead = Chem.MolFromSmiles(IBRUTINIB)
    assert len(designs.molecules) == 20
    for mol in mols(designs):
        assert mol.HasSubstructMatch(kept, useChirality=True)
        assert abs(mol.GetNumHeavyAtoms() - lead.GetNumHeavyAtoms()) <= rgroups.TOLERANCE
    assert canonical(IBRUTINIB) not in designs.smiles
    check_yield(designs)


def test_core_part_and_marked_bond_say_the_same(shipped: MotifGenerator) -> None:
    marked = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1ncc[c:1](n1)-[c:2]1cn(C)c2ccccc12"
    indole = "c1cn(C)c2ccccc12"
    ways = [
        rgroups.rgroup(shipped, marked, 15, seed=4),
        rgroups.rgroup(shipped, OSIMERTINIB, 15, seed=4, exchange=indole),
        rgroups.rgroup(
            shipped, OSIMERTINIB, 15, seed=4,
            core="COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(n1)[*]",
        ),
    ]  # fmt: skip
    assert set(ways[0].smiles) == set(ways[1].smiles) == set(ways[2].smiles)
    assert all(way.compared_with == canonical(OSIMERTINIB) for way in ways)


def test_a_part_in_the_middle_becomes_a_linker(shipped: MotifGenerator) -> None:
    designs = rgroups.rgroup(shipped, OSIMERTINIB, 10, seed=1, exchange="[NH]c1nccc(n1)")
    indole = Chem.MolFromSmarts("[!#1]-c1cn(C)c2ccccc12")
    aniline = Chem.MolFromSmarts("COc1cc(N(C)CCN(C)C)c([NH]C(=O)C=C)cc1-[!#1]")
    for mol in mols(designs):
        assert mol.HasSubstructMatch(indole)
        assert mol.HasSubstructMatch(aniline)
    assert "linker" in designs.notes[0]


@pytest.mark.parametrize("lead", [IBRUTINIB, OSIMERTINIB, LORLATINIB])
def test_analogues_are_as_similar_as_asked(shipped: MotifGenerator, lead: str) -> None:
    designs = analogues.analogues(shipped, lead, 15, seed=1, similarity=(0.5, 0.8))
    prints = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    own = prints.GetFingerprint(Chem.MolFromSmiles(lead))
    assert len(designs.molecules) == 15
    for mol, design in zip(mols(designs), designs.molecules, strict=True):
        value = DataStructs.TanimotoSimilarity(own, prints.GetFingerprint(mol))
        assert design.similarity == pytest.approx(value)
        assert 0.5 <= value <= 0.8
    check_yield(designs)


def test_more_analogues_begin_with_the_fewer(shipped: MotifGenerator) -> None:
    few = analogues.analogues(shipped, IBRUTINIB, 5, seed=7)
    many = analogues.analogues(shipped, IBRUTINIB, 20, seed=7)
    assert many.smiles[:5] == few.smiles
    assert analogues.analogues(shipped, IBRUTINIB, 5, seed=8).smiles != few.smiles


def test_a_required_pattern_of_the_lead_is_kept_not_found_again(shipped: MotifGenerator) -> None:
    limits = Constraints(required=("C=CC(=O)N",), forbidden=("[Br,I]",))
    designs = analogues.analogues(shipped, IBRUTINIB, 20, seed=1, constraints=limits)
    acrylamide = Chem.MolFromSmarts("C=CC(=O)N")
    assert all(mol.HasSubstructMatch(acrylamide) for mol in mols(designs))
    assert designs.yield_.refused.get("required SMARTS C=CC(=O)N", 0) <= 2


@pytest.mark.parametrize("lead", [LORLATINIB, PACRITINIB])
def test_no_task_cuts_or_loses_a_macrocycle(shipped: MotifGenerator, lead: str) -> None:
    whole = Chem.MolFromSmiles(lead)
    ring = Chem.MolFromSmiles(
        Chem.MolToSmiles(keeping.pieces(whole, keeping.macrocyclic_atoms(whole))[0]).replace(
            "*", "[H]"
        )
    )
    limits = Constraints(max_ring_size=8)
    results = [
        analogues.analogues(shipped, lead, 10, seed=1, similarity=(0.2, 0.9), constraints=limits),
        rgroups.rgroup(shipped, lead, 5, seed=1, core="c1ccccc1", constraints=limits),
        tasks.grow(shipped, lead, 5, seed=1, constraints=limits),
    ]
    for designs in results:
        assert designs.molecules
        for mol in mols(designs):
            assert mol.HasSubstructMatch(ring)
            assert sum(len(r) > 8 for r in mol.GetRingInfo().AtomRings()) == 1


def test_large_rings_do_not_grow_where_they_are_not_wanted(shipped: MotifGenerator) -> None:
    limits = Constraints(max_ring_size=5)
    designs = tasks.grow(shipped, "CN[*]", 40, seed=1, size=Window(12, 20), constraints=limits)
    assert set(designs.yield_.refused) <= {"duplicate", "the kept part is lost"}
    for mol in mols(designs):
        assert all(len(ring) <= 5 for ring in mol.GetRingInfo().AtomRings())


def test_what_adds_up_is_masked_not_refused(shipped: MotifGenerator) -> None:
    limits = Constraints(
        ranges=(
            PropertyRange("hbd", None, 1),
            PropertyRange("rings", None, 3),
            PropertyRange("molecular-weight", None, 340),
            PropertyRange("heavy-atoms", 19, 23),
        )
    )
    designs = [
        tasks.grow(shipped, "c1ccncc1[*]", 20, seed=1, size=Window(16, 24), constraints=limits),
        tasks.linker(shipped, PYRIDINE, BENZAMIDE, 20, seed=1, constraints=limits),
    ]
    for one in designs:
        assert len(one.molecules) == 20
        assert set(one.yield_.refused) <= {"duplicate"}
        assert all(19 <= n <= 23 for n in heavy(one))


def test_constraints_hold_and_their_reasons_are_counted(shipped: MotifGenerator) -> None:
    limits = Constraints(
        max_heavy_atoms=26,
        required=("[#16]",),
        forbidden=("[F,Cl,Br,I]",),
        ranges=(PropertyRange("logp", 1, 3),),
    )
    designs = tasks.linker(
        shipped, PYRIDINE, "CS(=O)(=O)N1CCN([*])CC1", 15, seed=1, constraints=limits,
        named=("logp", "tpsa"),
    )  # fmt: skip
    halogen = Chem.MolFromSmarts("[F,Cl,Br,I]")
    for mol, design in zip(mols(designs), designs.molecules, strict=True):
        assert mol.GetNumHeavyAtoms() <= 26
        assert not mol.HasSubstructMatch(halogen)
        assert 1 <= design.properties["logp"] <= 3
        assert set(design.properties) == {"logp", "tpsa"}
    assert "logp out of range" in designs.yield_.refused
    check_yield(designs)


def test_the_same_seed_gives_the_same_designs(shipped: MotifGenerator) -> None:
    first = tasks.linker(shipped, PYRIDINE, BENZAMIDE, 12, seed=5)
    assert tasks.linker(shipped, PYRIDINE, BENZAMIDE, 12, seed=5) == first
    assert tasks.linker(shipped, PYRIDINE, BENZAMIDE, 12, seed=6).smiles != first.smiles


def test_known_molecules_have_a_likelihood_and_others_none(shipped: MotifGenerator) -> None:
    known = rgroups.rgroup(shipped, "CCOc1ccccc1", 3, seed=1, core="c1ccccc1")
    assert all((design.log_likelihood or 0) < -5 for design in known.molecules)
    assert all(1 <= design.sa_score <= 10 for design in known.molecules)
    unknown = rgroups.rgroup(shipped, LORLATINIB, 3, seed=1, core="c1ccccc1")
    assert all(design.log_likelihood is None for design in unknown.molecules)


@pytest.mark.parametrize(
    ("amine", "warhead", "drug"),
    [
        ("Nc1ncnc2c1c(nn2[C@@H]1CCCNC1)-c1ccc(Oc2ccccc2)cc1", "acrylamide", IBRUTINIB),
        ("COc1cc(N(C)CCN(C)C)c(N)cc1Nc1nccc(n1)-c1cn(C)c2ccccc12", "acrylamide", OSIMERTINIB),
        (
            "Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1O[C@H]1CCOC1",
            "4-dimethylaminocrotonamide",
            AFATINIB,
        ),
        (
            "Nc1nccn2c1c(-c1ccc(C(=O)Nc3ccccn3)cc1)nc2[C@@H]1CCCN1",
            "but-2-ynamide",
            "CC#CC(=O)N1CCC[C@H]1c1nc(-c2ccc(C(=O)Nc3ccccn3)cc2)c2c(N)nccn12",  # acalabrutinib
        ),
    ],
)
def test_a_warhead_makes_the_drug_of_its_amine(
    shipped: MotifGenerator, amine: str, warhead: str, drug: str
) -> None:
    designs = attaching.warhead(shipped, [warhead], 10, seed=0, lead=amine)
    assert designs.smiles == [canonical(drug)]


def test_a_carried_warhead_is_exchanged(shipped: MotifGenerator) -> None:
    designs = attaching.warhead(
        shipped, ["acrylamide", "but-2-ynamide"], 10, seed=0, lead=IBRUTINIB
    )
    (only,) = designs.molecules
    assert only.smiles == canonical(IBRUTINIB.replace("C=CC(=O)", "CC#CC(=O)"))
    assert only.change == "but-2-ynamide in place of acrylamide"
    assert designs.yield_.refused == {"the lead itself": 1}


def test_a_marked_position_is_the_only_one(shipped: MotifGenerator) -> None:
    designs = attaching.warhead(shipped, ["sulfonyl fluoride"], 10, seed=0, lead="[*]c1ccc(N)cc1")
    assert designs.smiles == [canonical("FS(=O)(=O)c1ccc(N)cc1")]


@pytest.mark.parametrize("name", warheads.WARHEADS)
def test_every_warhead_grows_a_molecule_that_has_it(shipped: MotifGenerator, name: str) -> None:
    entry = warheads.WARHEADS[name]
    pattern = Chem.MolFromSmarts(entry.smarts)
    designs = attaching.warhead(shipped, [name], 3, seed=1)
    assert len(designs.molecules) == 3
    for mol in mols(designs):
        assert mol.HasSubstructMatch(pattern)
    assert entry.residues
    assert entry.reference


@pytest.mark.parametrize("name", warheads.WARHEADS)
def test_every_warhead_is_found_by_its_own_pattern_where_it_is_attached(name: str) -> None:
    entry = warheads.WARHEADS[name]
    lead = Chem.MolFromSmiles("CC(=O)NCc1cc(O)cnc1CC(N)C1CCNCC1")
    products = list(attaching.attach(lead, entry))
    if entry.site.smarts is None:
        assert not products
        return
    assert products
    pattern = Chem.MolFromSmarts(entry.smarts)
    assert all(product.HasSubstructMatch(pattern) for product, _ in products)


@pytest.mark.parametrize(
    ("lead", "count"),
    [
        ("Nc1ccccc1", 1),
        ("CNC", 1),
        ("NCCN", 1),  # equivalent ones once
        ("NCCNC", 2),
        ("CC(=O)Nc1ccccc1", 0),  # an amide
        ("CS(=O)(=O)NC", 0),
        ("Nc1ncccn1", 0),  # an aminoazine
        ("c1ccc(cc1)Nc1ccccc1", 0),  # a diarylamine
        ("c1cc[nH]c1", 0),
        ("NC(=N)N", 0),
    ],
)
def test_acyl_warheads_sit_on_amines_that_can_be_acylated(lead: str, count: int) -> None:
    mol = Chem.MolFromSmiles(lead)
    assert len(list(attaching.attach(mol, warheads.find("acrylamide")))) == count


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda g: tasks.linker(g, "c1ccccc1", PYRIDINE, 1, seed=0), "exactly one attachment"),
        (lambda g: tasks.linker(g, "[*]C[*]", PYRIDINE, 1, seed=0), "exactly one attachment"),
        (lambda g: tasks.linker(g, "[*]=C", PYRIDINE, 1, seed=0), "single bond"),
        (lambda g: tasks.linker(g, "C(", PYRIDINE, 1, seed=0), "not a valid SMILES"),
        (lambda g: tasks.linker(g, PYRIDINE, BENZAMIDE, 1, seed=0, atoms=Window(5, 3)),
         "no window"),
        (lambda g: tasks.linker(g, PYRIDINE, BENZAMIDE, 1, seed=0, atoms=Window(1, 3),
                                length=Window(5, 6)), "never 5 atoms long"),
        (lambda g: tasks.linker(g, PYRIDINE, BENZAMIDE, 1, seed=0,
                                constraints=Constraints(max_heavy_atoms=12)), "at least 17"),
        (lambda g: tasks.macrocycle(g, "[*]CCCCCCCCCCCCC[*]", 1, seed=0, ring=Window(8, 10)),
         "no ring of 8 to 10 atoms"),
        (lambda g: tasks.grow(g, "c1ccncc1[*]", 1, seed=0, size=Window(3, 6)), "needs at least"),
        (lambda g: tasks.grow(g, "FC(F)(F)F", 1, seed=0), "no free position"),
        (lambda g: rgroups.rgroup(g, IBRUTINIB, 1, seed=0), "map numbers 1"),
        (lambda g: rgroups.rgroup(g, IBRUTINIB, 1, seed=0, core="C", exchange="N"), "contradict"),
        (lambda g: rgroups.rgroup(g, IBRUTINIB, 1, seed=0, core="[U]"), "not in the lead"),
        (lambda g: rgroups.rgroup(g, IBRUTINIB, 1, seed=0, core="C1("), "not a valid SMARTS"),
        (lambda g: rgroups.rgroup(g, "c1ccccc1", 1, seed=0, core="c1ccccc1"), "nothing is left"),
        (lambda g: rgroups.rgroup(g, "[CH3:1][CH:2]=C", 1, seed=0, core=None), None),
        (lambda g: rgroups.rgroup(g, "C[CH:1]=[CH2:2]", 1, seed=0), "acyclic single bond"),
        (lambda g: rgroups.rgroup(g, PACRITINIB, 1, seed=0, exchange="c1ccccc1"), "shares a ring"),
        (lambda g: rgroups.rgroup(g, PACRITINIB, 1, seed=0, core="N1CCCC1"), "macrocycle"),
        (lambda g: analogues.analogues(g, IBRUTINIB, 1, seed=0, similarity=(0.9, 0.4)),
         "no window"),
        (lambda g: analogues.analogues(g, "C[*]", 1, seed=0), "attachment points"),
        (lambda g: analogues.analogues(g, PACRITINIB, 1, seed=0,
                                       constraints=Constraints(max_heavy_atoms=20)),
         "more than the limit of 20"),
        (lambda g: attaching.warhead(g, ["acrylamyde"], 1, seed=0), "did you mean 'acrylamide'"),
        (lambda g: attaching.warhead(g, ["acrylamide"], 1, seed=0, lead="CCO"), "no position"),
        (lambda g: attaching.warhead(g, ["acrylamide"], 1, seed=0, lead="CN.CN"), "components"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_clear_line(shipped: MotifGenerator, call, said) -> None:  # type: ignore[no-untyped-def]
    if said is None:
        assert call(shipped).molecules
        return
    with pytest.raises(ValueError, match=said) as caught:
        call(shipped)
    assert "\n" not in str(caught.value)
