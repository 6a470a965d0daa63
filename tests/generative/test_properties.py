"""Properties of drugs beside what their own pages say, and the ranges made of them."""

from __future__ import annotations

import pytest
from rdkit import Chem

from generative import properties
from generative.constraints import Constraints, PropertyRange, rings_beyond

OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc1nccc(n1)-c1cn(C)c2ccccc12"
PACRITINIB = "C1CCN(C1)CCOc1ccc2cc1COC/C=C/COCc1cccc(c1)-c1ccnc(n1)N2"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("molecular-weight", 499.6),  # g/mol, the label of the drug
        ("heavy-atoms", 37),
        ("rings", 4),
        ("aromatic-rings", 4),
        ("hbd", 2),
        ("formal-charge", 0),
        ("rotatable-bonds", 10),
        ("fsp3", 7 / 28),  # C28H33N7O2 with seven sp3 carbons
    ],
)
def test_osimertinib_has_its_known_numbers(name: str, expected: float) -> None:
    assert properties.value(name, Chem.MolFromSmiles(OSIMERTINIB)) == pytest.approx(
        expected, abs=0.02
    )


def test_hard_molecules_have_the_higher_sa_score() -> None:
    aspirin = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
    morphine = Chem.MolFromSmiles("CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5")
    assert 1 <= properties.value("sa-score", aspirin) < 2
    assert 4 < properties.value("sa-score", morphine) < 10


def test_every_name_has_a_value_and_a_meaning() -> None:
    mol = Chem.MolFromSmiles(OSIMERTINIB)
    for name in properties.NAMES:
        assert isinstance(properties.value(name, mol), float)
        assert properties.find(name).meaning


def test_an_unknown_property_is_one_line_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'logp'"):
        properties.value("logP", Chem.MolFromSmiles("C"))


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Constraints(), None),
        (Constraints(max_heavy_atoms=36), "more than 36 heavy atoms"),
        (Constraints(required=("C=CC(=O)N", "[U]")), "required SMARTS [U]"),
        (Constraints(forbidden=("C=CC(=O)N",)), "forbidden SMARTS C=CC(=O)N"),
        (Constraints(ranges=(PropertyRange("rings", 4, 4),)), None),
        (Constraints(ranges=(PropertyRange("rings", None, 3),)), "rings out of range"),
        (Constraints(ranges=(PropertyRange("molecular-weight", 500),)),
         "molecular-weight out of range"),
        (Constraints(max_ring_size=5), "a ring of more than 5 atoms"),
    ],
)  # fmt: skip
def test_a_molecule_is_refused_with_the_reason(limits: Constraints, reason: str | None) -> None:
    read = limits.read()
    mol = Chem.MolFromSmiles(OSIMERTINIB)
    assert read.refusal(mol) == reason
    assert read.met(mol) == (reason is None)


def test_a_kept_macrocycle_is_no_reason_for_refusal() -> None:
    mol = Chem.MolFromSmiles(PACRITINIB)
    read = Constraints(max_ring_size=8).read()
    assert rings_beyond(mol, 8) == 1
    assert read.refusal(mol) == "a ring of more than 8 atoms"
    assert read.refusal(mol, own_rings=1) is None


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Constraints(ranges=(PropertyRange("logd", 1, 2),)), "unknown property 'logd'"),
        (Constraints(ranges=(PropertyRange("logp", 3, 2),)), "ends below its beginning"),
        (Constraints(ranges=(PropertyRange("logp"),)), "needs a lower or an upper end"),
        (Constraints(ranges=(PropertyRange("logp", float("nan")),)), "a number"),
        (Constraints(required=("C1C",)), "not a valid SMARTS: 'C1C'"),
        (Constraints(max_ring_size=2), "fewer than 3 atoms"),
    ],
)
def test_a_constraint_that_means_nothing_is_one_line(limits: Constraints, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        limits.read()
    assert "\n" not in str(caught.value)
