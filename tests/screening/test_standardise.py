import concurrent.futures

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from screening.candidate import Candidate
from screening.failure import Failure
from screening.intake import standardise as module
from screening.intake.smilessyntax import explain
from screening.intake.standardise import Parent, candidate, molecule, standardise


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("C=CC(=O)[O-].[Na+]", "C=CC(=O)O"),
        ("[NH3+]CC(=O)[O-]", "NCC(=O)O"),
        ("C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]"),
        ("C[S+]([O-])C", "CS(C)=O"),
        ("CC[S@+]([O-])C", "CC[S@@](C)=O"),
        ("C[S+2]([O-])([O-])C", "CS(C)(=O)=O"),
        ("C[P+](C)(C)[O-]", "CP(C)(C)=O"),
        ("[O-]C(C)=[NH2+]", "CC(N)=O"),
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("c1cc[n+]([O-])cc1", "[O-][n+]1ccccc1"),
        ("CN=[N+]=[N-]", "CN=[N+]=[N-]"),
        # an acrylamide smaller than its tartrate
        ("C=CC(=O)NC.OC(C(O)C(=O)O)C(=O)O", "C=CC(=O)NC"),
        ("C=CC(=O)NCCN(C)C.O=S(=O)(O)c1ccc(C)cc1", "C=CC(=O)NCCN(C)C"),
        ("C=CC(N)=O.O.O", "C=CC(N)=O"),
        ("[Zn+2].[O-]C(=O)C=C.[O-]C(=O)C=C", "C=CC(=O)O"),
        # a counter-ion alone is a molecule like any other
        ("OC(=O)C=CC(=O)O.Cl", "O=C(O)C=CC(=O)O"),
        ("C[C@H](N)C(=O)O", "C[C@H](N)C(=O)O"),
        ("F/C=C/F", "F/C=C/F"),
        ("[2H]C([2H])([2H])O", "[2H]C([2H])([2H])O"),
    ],
)
def test_standard_forms(given_, expected):
    parent = standardise(given_)
    assert isinstance(parent, Parent), parent
    assert parent.smiles == expected
    assert parent.inchikey == Chem.MolToInchiKey(Chem.MolFromSmiles(expected))
    again = standardise(parent.smiles)
    assert (again.smiles, again.inchikey) == (parent.smiles, parent.inchikey)


def test_tautomers_of_the_mobile_hydrogen_layer_are_one_molecule():
    assert standardise("CC(O)=N").inchikey == standardise("CC(N)=O").inchikey
    assert standardise("CC(=O)CC(C)=O").inchikey != standardise("CC(O)=CC(C)=O").inchikey


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ("", ["empty"]),
        ("[Na]OC", ["Na is bonded covalently", "ions"]),
        ("C[Sn](C)(C)C", ["metal Sn"]),
        ("C[As](C)C", ["As", "supported"]),
        ("[Na+].[Cl-]", ["no carbon"]),
        ("C~C", ["query bond"]),
        ("CC |Sg:n:0,1::ht|", ["polymer"]),
        ("CC>>CC", ["reaction"]),
        ("[CH2]", ["radical"]),
        ("C[N]C", ["radical at atom 2 (N)"]),
        ("CCé", ["U+00E9"]),
        ("CC |garbage", ["CXSMILES"]),
        ("C" * 81, ["81 heavy atoms", "80"]),
        ("C" * 5000, ["5000 characters"]),
    ],
)
def test_refusals_name_reason_and_remedy(given_, words):
    failure = standardise(given_)
    assert isinstance(failure, Failure), failure
    assert (failure.kind, failure.step) == ("input", "library")
    for word in words:
        assert word in failure.message


def test_candidate_of_a_proposal():
    found = candidate("NC(=O)C=C", origin="generator")
    assert found == Candidate("HRPVXLWXLXDGHG-UHFFFAOYSA-N", "C=CC(N)=O", "", "generator", None)
    assert isinstance(candidate("C(", origin="generator"), Failure)


def test_molecule_says_where_a_smiles_is_wrong():
    assert molecule("CCO").GetNumAtoms() == 3
    with pytest.raises(ValueError, match="position 2"):
        molecule("CQ")


@pytest.mark.parametrize(
    ("smiles", "words"),
    [
        ("C(C", "'(' at position 2 is never closed"),
        ("CC)", "')' at position 3 was never opened"),
        ("(C)C", "no atom before it"),
        ("C()C", "branch at position 2 is empty"),
        ("C1CC", "ring 1 opened at position 2 is never closed"),
        ("C%10CC", "ring 10 opened"),
        ("C%1CC", "two digits"),
        ("[CH4", "'[' at position 1 is never closed"),
        ("C[c,n]", "[c,n] at position 2 is a query atom"),
        ("C[Foo]", "[Foo] at position 2 is not an atom"),
        ("CX", "'X' at position 2"),
        ("C{C", "'{' at position 2 is not part of SMILES"),
        ("C==C", "two bonds in a row at position 2"),
        ("CC=", "bond '=' at the end"),
        ("C[O−]", "U+2212 (minus sign) at position 4"),
        (".CC", "grammar"),
    ],
)
def test_explanations(smiles, words):
    assert Chem.MolFromSmiles(smiles) is None
    assert words in explain(smiles)


def test_failures_do_not_mix_between_threads():
    texts = [f"{'C' * n}(" for n in range(1, 40)] * 20
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        failures = list(threads.map(standardise, texts))
    for text, failure in zip(texts, failures, strict=True):
        assert f"'(' at position {len(text)} is never closed" in failure.message


PIECES = [
    *("C", "N", "O", "S", "P", "B", "I", "Cl", ".", "=", "#", "~", "*", "(C)", "C(=O)"),
    *("c1ccccc1", "n1cccc1", "[nH]1cccc1", "s1cccc1", "C1CC1", "[C@H](C)"),
    *("[O-]", "[N+]", "[CH]", "[CH2]", "[2H]", "[Na+]", " |^1:0|", " name"),
]


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.text(alphabet="CNOcno()[]=#123+-@H/\\.FlSBrX*%~$|^:, >", max_size=30),
        st.lists(
            st.sampled_from(PIECES),
            min_size=1,
            max_size=9,
        ).map("".join),
    )
)
def test_a_bare_text_need_not_be_asked_what_it_says(text):
    found = standardise(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_is_bare", lambda smiles: False)
        assert standardise(text) == found


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="CNOcno()[]=#123+-@H/\\.FlSBrX*%", max_size=30))
def test_any_text_is_a_parent_or_a_failure(text):
    found = standardise(text)
    if isinstance(found, Parent):
        again = standardise(found.smiles)
        assert isinstance(again, Parent)
        assert again.inchikey == found.inchikey
    else:
        assert found.message
        assert "\n" not in found.message
