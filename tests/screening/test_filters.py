import pytest
from rdkit import Chem

from screening.candidate import Candidate
from screening.filters import FilterSettings, alerts, check

ACRYLANILIDE = "C=CC(=O)Nc1ccccc1"


def candidate(smiles: str) -> Candidate:
    return Candidate("KEY", smiles, "", "library")


def test_alerts_name_their_catalogue():
    assert alerts("C=CC(=O)Nc1ccc(O)c(O)c1") == (
        "PAINS: catechol_A(92)",
        "BRENK: Michael_acceptor_1",
        "BRENK: catechol",
        "BRENK: hydroquinone",
    )
    assert alerts(Chem.MolFromSmiles("CCO")) == ()
    # a rhodanine, the classical PAINS
    assert any("rhod" in name for name in alerts("O=C1NC(=S)SC1=Cc1ccccc1"))


def test_alerts_obey_the_catalogues_that_are_off():
    catechol = "C=CC(=O)Nc1ccc(O)c(O)c1"
    assert alerts(catechol, FilterSettings(brenk="off")) == ("PAINS: catechol_A(92)",)
    assert alerts(catechol, FilterSettings(pains="off", brenk="off")) == ()


def test_defaults_flag_a_warhead_and_drop_nothing():
    assert "BRENK: Michael_acceptor_1" in alerts(ACRYLANILIDE)
    assert check(candidate(ACRYLANILIDE), FilterSettings()) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"brenk": "drop"}, "structural alert BRENK: Michael_acceptor_1"),
        ({"max_heavy_atoms": 10}, "11 heavy atoms, above max_heavy_atoms 10"),
        ({"max_molecular_weight": 100}, "147.2 g/mol, above max_molecular_weight 100"),
        ({"min_molecular_weight": 200}, "147.2 g/mol, below min_molecular_weight 200"),
        ({"min_logp": 3}, "logP 1.81, below min_logp 3"),
        ({"max_logp": 1}, "logP 1.81, above max_logp 1"),
        ({"required": ("C#N",)}, "required pattern C#N is missing"),
        ({"forbidden": ("C=O", "c1ccccc1")}, "forbidden pattern C=O"),
    ],
)
def test_each_limit_drops_with_its_reason(settings, words):
    failure = check(candidate(ACRYLANILIDE), FilterSettings(**settings))
    assert failure is not None
    assert (failure.kind, failure.step) == ("input", "filters")
    assert words in failure.message


def test_limits_that_hold_drop_nothing():
    settings = FilterSettings(
        max_heavy_atoms=11,
        min_molecular_weight=147,
        max_molecular_weight=148,
        min_logp=1.8,
        max_logp=1.82,
        required=("[CH2]=[CH]C(=O)N",),
        forbidden=("[N+](=O)[O-]",),
        pains="drop",
    )
    assert check(candidate(ACRYLANILIDE), settings) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"required": ("C((",)}, "'C\\(\\(' is not a valid SMARTS"),
        ({"forbidden": ("",)}, "'' is not a valid SMARTS"),
        ({"min_logp": 3, "max_logp": 1}, "min_logp 3 is above max_logp 1"),
        ({"pains": "maybe"}, "flag"),
        ({"pain": "flag"}, "Extra inputs"),
    ],
)
def test_bad_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        FilterSettings(**settings)
