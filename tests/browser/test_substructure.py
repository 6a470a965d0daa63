"""The page's substructure search beside RDKit: the same molecules for the same fragment."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from rdkit import Chem, rdBase

from molq.report.moleculegraph import graph

MOLECULES = tuple(
    Chem.MolFromSmiles(smiles)
    for smiles in (
        # acrylamides and other warheads
        "C=CC(N)=O", "C=CC(=O)Nc1ccccc1", "C/C=C/C(=O)Nc1ccc(F)cc1", "C=CC(=O)N1CCOCC1",
        "C=CC(=O)Nc1cc(Cl)c2ccc(Br)nc2c1", "C=CC(=O)N1CCC(n2nc(-c3ccccc3)c3c(N)ncnc32)C1",
        "N#CC(=Cc1ccccc1)C(N)=O", "C#CCNC(C)=O", "C=CS(C)(=O)=O", "O=C(CCl)Nc1ccccc1",
        "O=C1C=CC(=O)N1c1ccccc1", "CC(=O)C=C", "COC(=O)C=C", "C1CO1", "CC1CN1",
        # drugs and metabolites
        "CC(=O)Oc1ccccc1C(=O)O", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "CN1CCC[C@H]1c1cccnc1",
        "CC(C)(C)OC(=O)N[C@@H](Cc1ccccc1)C(=O)O", "Nc1ncnc2[nH]cnc12", "NC(N)=[NH2+]",
        # rings, also fused and without aromaticity where one might see some
        "c1ccc2cccc-2cc1", "c1ccc2[nH]ccc2c1", "c1ccc2ccccc2c1", "c1ccc2c(c1)ccc1ccccc12",
        "O=c1cccc[nH]1", "Oc1ccccn1", "O=c1cc[nH]c(=O)[nH]1", "c1ccsc1", "c1ccoc1", "c1c[se]cc1",
        "Cn1ccnc1", "c1nnn[nH]1", "O=C1NC(=O)c2ccccc12", "O=C1c2ccccc2C(=O)c2ccccc21",
        "CC1=C(C)C(=O)C=CC1=O", "O=c1cccccc1", "C1=CCC=CC1", "C1CC2CCC1CC2",
        "C12C3C4C1C5C2C3C45", "C1CCC2(CC1)OCCO2", "c1ccc(-c2ccccc2)cc1",
        "c1ccc2c(c1)[nH]c1ccccc12", "c1ccc2c(c1)oc1ccccc12", "C1=CC2=C(CC1)NC1=C2CCC=C1",
        # halogens, charges, isotopes, elements
        "FC(F)(F)c1ccc(Br)cc1I", "ClC(Cl)Cl", "C[N+](C)(C)CC([O-])=O", "CC(=O)[O-].[Na+]",
        "[O-][N+](=O)c1ccc(Cl)cc1", "C[n+]1ccccc1", "[O-][n+]1ccccc1", "CN=[N+]=[N-]",
        "C[S+](C)[O-]", "NS(=O)(=O)c1ccccc1", "CP(=O)(O)O", "OB(O)c1ccccc1", "C[Si](C)(C)C",
        "[2H]C([2H])([2H])O", "C[13CH3]", "[Ra+2]", "[No]", "F[U](F)F", "[Fl]",
    )
)  # fmt: skip
SMARTS = (
    "C", "c", "C=CC(=O)N", "C=CC(=O)[NX3;H1]", "C(=O)N", "NC=O", "C=CC=O", "C=C[C,S]=O",
    "[Cl]CC=O", "N#CC=C", "C#C", "S(=O)(=O)N", "c1ccccc1", "c1ccncc1", "c1ccsc1", "[nH]", "n",
    "c1nc2c(n1)ncnc2", "c1ccc2ccccc2c1", "c1ccccc1-c1ccccc1", "O=c1cccc[nH]1", "C1COCCN1",
    "C1CN1", "C1CC1", "C%10CO%10", "C-1CO1", "[#6]1~[#6]~[#6]~[#6]~[#6]~[#6]1",
    "F", "Cl", "[F,Cl,Br,I]", "C(F)(F)F", "cBr", "[Si]", "B(O)O", "[Se]", "[se]", "[#15]",
    "[No]", "[Ra]", "[U]", "[Fl]",
    "[+]", "[-]", "[N+]", "[n+]", "[O-]", "[N+](=O)[O-]", "[OX1-]", "C(=O)[O-]", "[+0]",
    "C(=O)[OH]", "[OX2H]", "[NX3;H2;!$(NC=O)]", "[NX3;H1,H2;!$(N-C=O);!$(N-S=O)]", "[#7;!H0]",
    "[!#6;!#1]", "[CX4]", "[CX3]=[OX1]", "[CH3]", "[#6H3]", "[C&!R]", "[C;R2]", "[R1]", "[R]",
    "[!R]!@[!R]", "[r3]", "[r5]", "[r6]", "[x3]", "[x]", "[D4]", "[D]", "[v5]", "[X2]",
    "*@*", "*!@*", "a-a", "a!:a", "C=,#C", "C-,=N", "C-;!@C", "C~N", "C.N", "C.[Na+]",
    "[$(C=O)]", "[$([#6]=O),$(c-Cl)]", "[!$(c)]", "[$(*~[#8])]~C", "[C,!N]", "[!!C]", "[2H]",
    "[13C]", "[13CH3]", "C[C@H](N)C", "[C@@H]", "C/C=C/C", "F\\C=C\\F", "[C:1][N:2]", "**", "A",
)  # fmt: skip
DRAWN = (  # SMILES as drawing programs write them: rings with alternating double bonds
    "C1=CC=CC=C1", "C1=CC=NC=C1", "C1=CNC=C1", "CN1C=CN=C1", "C1=COC=C1", "C1=CN=CN1",
    "C1=CC=C2C=CC=CC2=C1", "C1=CC2=CC=CC=C2C=C1", "C1=CC=C2NC=CC2=C1", "C1=CC=C2C=CC=C2C=C1",
    "C1=NC2=C(N1)N=CN=C2", "O=C1C=CC=CN1", "O=C1C=CC=CC=C1", "O=C1NC(=O)C2=CC=CC=C12",
    "O=C1C=CC(=O)N1", "O=C1C=CC(=O)C=C1", "C=CC(=O)NC1=CC=CC=C1", "C[N+]1=CC=CC=C1",
    "O=[N+]([O-])C1=CC=CC=C1", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C", "C1=CCC=CC1", "C1=CCCCC1",
    "C1=CC=C2C(=C1)C3=CC=CC=C3N2", "C1=CC=C2C(=C1)NC1=CC=CC=C12", "C1=CC=C2C(=C1)OC1=CC=CC=C12",
)  # fmt: skip
REFUSED = {  # what no toolkit reads, and what this page does not answer
    "C1CC": "ring 1 is opened and not closed (position 2)",
    "C(C": '"(" is not closed (position 2)', "C)": '")" without "("', "C(": "not closed",
    "C=": "an atom is missing at the end", "": "an atom is missing at the end",
    "C..C": '"." where an atom is due', "C11": "where there is a bond already",
    "C=1CC-1": "closed by another bond", "[C": '"[" is not closed', "[]": "is due",
    "[C;]": "is due", "Si": "[Si]", "acrylamide": "is no atom", "[Q]": '"Q" is not understood',
    "[M]": '"M" is not understood', "C C": "a space", "CC>>CC": "reactions", "C->N": "reactions",
    "(C).(O)": "parentheses of its own", "C%1": "two digits", "C/=C": "stand for themselves",
    "[H]N": "hydrogens are no atoms", "[#6,#1]": "hydrogens are no atoms", "H": "[NH2]",
    "[h1]": "H counts all", "[Nh]": "H counts all", "[Mc]": '"M" is not',
    "[^2]": "hybridisation", "[D{2-3}]": "a range", "[C@TH1]": "@ and @@",
    "[$(C.O)]": "inside", "[$(C]": "not closed", "[$(C1=CC=CC=C1)]": "small letters",
    "C" * 301: "at most 300",
    "C1=CC=CC=C1" * 6: "small letters",
}  # fmt: skip
ASK = """([graphs, fragments]) => {
    const molecules = graphs.map(molqSubstructure.molecule);
    return fragments.map((text) => {
        try {
            const fragment = molqSubstructure.fragment(text);
            const places = molecules.map((molecule) => fragment.in(molecule));
            return { found: places.map((one) => one && [...one.atoms].sort((a, b) => a - b)),
                bonds: places.map((one) => one && one.bonds.size), notes: fragment.notes };
        } catch (error) {
            if (!(error instanceof molqSubstructure.Unreadable)) throw error;
            return { refused: error.message };
        }
    });
}"""


@pytest.fixture(scope="module")
def search(browser: Browser) -> Page:
    """A page with nothing but the search."""
    page = browser.new_page()
    for name in ("smarts.js", "substructure.js"):
        page.add_script_tag(content=files("molq.report").joinpath(name).read_text("utf-8"))
    return page


def asked(search: Page, *fragments: str) -> list[dict[str, Any]]:
    graphs = [graph(molecule) for molecule in MOLECULES]
    answers: list[dict[str, Any]] = search.evaluate(ASK, [graphs, list(fragments)])
    return answers


def by_rdkit(pattern: Chem.Mol) -> list[list[int] | None]:
    """The atoms of all matches in each molecule, as far as the page marks them."""
    found = []
    for molecule in MOLECULES:
        places = molecule.GetSubstructMatches(pattern, uniquify=False, maxMatches=10_000)
        found.append(sorted({atom for place in places for atom in place}) or None)
    return found


def test_patterns_find_what_rdkit_finds(search: Page) -> None:
    for text, answer in zip(SMARTS, asked(search, *SMARTS), strict=True):
        pattern = Chem.MolFromSmarts(text)
        assert "refused" not in answer, (text, answer)
        assert answer["found"] == by_rdkit(pattern), text
        assert [b for b in answer["bonds"] if b is not None and b < pattern.GetNumBonds()] == []


def test_rings_with_alternating_double_bonds_find_aromatic_ones(search: Page) -> None:
    answers = dict(zip(DRAWN, asked(search, *DRAWN), strict=True))
    for text, answer in answers.items():
        assert answer["found"] == by_rdkit(Chem.MolFromSmiles(text)), text
    assert "aromatic" in answers["C1=CC=CC=C1"]["notes"][0]
    assert answers["C1=CCC=CC1"]["notes"] == []  # no ring that could be aromatic


def test_fragments_of_the_molecules_are_found_in_them(search: Page) -> None:
    texts = [Chem.MolToSmarts(molecule) for molecule in MOLECULES]
    heavy = [place for place, text in enumerate(texts) if "[2H]" not in text]
    for place, answer in zip(heavy, asked(search, *[texts[i] for i in heavy]), strict=True):
        molecule = MOLECULES[place]
        assert answer["found"][place] == list(range(molecule.GetNumAtoms())), texts[place]
        assert answer["bonds"][place] == molecule.GetNumBonds()


def test_what_cannot_be_answered_is_refused_in_words(search: Page) -> None:
    for (text, why), answer in zip(REFUSED.items(), asked(search, *REFUSED), strict=True):
        assert why in answer.get("refused", ""), (text, answer)


def test_handedness_is_read_and_said_not_to_count(search: Page) -> None:
    left, right, plain = asked(search, "C[C@H](N)C", "C[C@@H](N)C", "C[CH](N)C")
    assert left["found"] == right["found"] == plain["found"]
    assert left["notes"] == ["Handedness and E/Z are not compared."]
    assert plain["notes"] == []


def test_a_fragment_without_end_is_given_up(search: Page) -> None:
    # 30 of any kind in a cage of 60: as many ways as there are self-avoiding walks
    with rdBase.BlockLogs():
        cage = Chem.MolFromSmiles(
            "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10"
            "c5c5c1c1c6c6c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41"
        )
    assert cage.GetNumAtoms() == 60
    refused = search.evaluate(
        """([graph, text]) => {
            try {
                molqSubstructure.fragment(text).in(molqSubstructure.molecule(graph));
            } catch (error) {
                return error.message;
            }
        }""",
        [graph(cage), "*" + "~*" * 28 + "~[Cl]"],
    )
    assert "too long" in refused
