import pytest
from rdkit import Chem

from screening import scorers
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


@pytest.mark.parametrize(
    ("name", "smiles", "value"),
    [
        # weight and polar surface area also stand in PubChem's entry 2244
        ("molecular-weight", "CC(=O)Oc1ccccc1C(=O)O", 180.16),
        ("tpsa", "CC(=O)Oc1ccccc1C(=O)O", 63.6),
        ("logp", "CC(=O)Oc1ccccc1C(=O)O", 1.31),
        ("heavy-atoms", "CC(=O)Oc1ccccc1C(=O)O", 13),
        ("rotatable-bonds", "CC(=O)Oc1ccccc1C(=O)O", 2),
        ("qed", "CC(=O)Oc1ccccc1C(=O)O", 0.55),
        ("sa-score", "CC(=O)Oc1ccccc1C(=O)O", 1.58),
    ],
)
def test_scorers_on_aspirin(name, smiles, value):
    assert scorers.value(name, smiles) == pytest.approx(value, abs=0.006 * max(1, abs(value) / 2))
    scorer = scorers.find(name)
    assert scorer.name == name
    assert scorer.summary


def test_sa_score_puts_a_hard_molecule_above_an_easy_one():
    taxane = "CC1=C2C(C(=O)C3(C(CC4C(C3C(C(C2(C)C)(CC1O)O)OC(=O)c1ccccc1)(CO4)OC(C)=O)O)C)OC(C)=O"
    assert scorers.value("sa-score", taxane) > 4 > scorers.value("sa-score", "CCO")


def test_every_entry_point_loads():
    assert set(scorers.names()) >= {
        "heavy-atoms",
        "logp",
        "molecular-weight",
        "qed",
        "rotatable-bonds",
        "sa-score",
        "tpsa",
    }
    mol = Chem.MolFromSmiles(ACRYLANILIDE)
    for name in scorers.names():
        assert isinstance(scorers.find(name).score(mol), float)


def test_unknown_scorer_is_named():
    with pytest.raises(ValueError, match=r"unknown scorer 'clogp'; installed: .*logp"):
        scorers.find("clogp")
