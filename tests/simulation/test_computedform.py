"""What is said of the form that a score was computed for."""

import pytest

from simulation.computedform import form_of


@pytest.mark.parametrize(
    ("smiles", "dominant", "charge"),
    [
        ("CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)[O-]", 0),  # aspirin, pKa 3.5
        ("NCCc1ccccc1", "[NH3+]CCc1ccccc1", 0),  # phenethylamine, pKa 9.8
        ("[NH3+]CCc1ccccc1", "[NH3+]CCc1ccccc1", 1),
        ("C=CC(=O)Nc1ccccc1", "C=CC(=O)Nc1ccccc1", 0),
    ],
)
def test_the_dominant_form_stands_beside_the_computed_one(smiles, dominant, charge):
    form = form_of(smiles)
    assert (form.dominant, form.charge) == (dominant, charge)
    assert form.is_dominant == (smiles == dominant)
    first, _ = form.lines()
    if form.is_dominant:
        assert first.endswith("which dominates at pH 7.4.")
    else:
        assert f"at pH 7.4 {dominant} dominates: {form.changes[0]}" in first


def test_another_ph_gives_another_form():
    assert form_of("CC(=O)O", 2.0).is_dominant
    assert not form_of("CC(=O)O", 7.4).is_dominant


def test_a_group_near_its_pka_is_named():
    assert any("imidazole" in one for one in form_of("Cc1c[nH]cn1").borderline)
    assert "both forms are frequent" in form_of("Cc1c[nH]cn1").lines()[0]


def test_tautomers_are_told_from_the_one_computed():
    drawn, preferred = form_of("Oc1ccccn1"), form_of("O=c1cccc[nH]1")
    assert "O=c1cccc[nH]1" in drawn.tautomers
    assert not drawn.is_preferred
    assert "(O=c1cccc[nH]1 is)" in drawn.lines()[1]
    assert preferred.is_preferred
    assert form_of("c1ccccc1").lines()[1] == "No other tautomer by RDKit's rules."


def test_what_is_no_molecule_is_refused():
    with pytest.raises(ValueError, match="not a valid SMILES"):
        form_of("CC(")
