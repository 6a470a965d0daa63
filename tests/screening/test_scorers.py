"""Scorers by name: properties, rules, alerts, filters of companies, nearest known compounds."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem, RDConfig

from screening import scorers
from screening.fingerprint import morgan, similarities
from screening.objective import ObjectiveSettings, kind, validate
from screening.scorers import lilly, nibr
from screening.scorersettings import ScorerSettings

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
ACRYLANILIDE = "C=CC(=O)Nc1ccccc1"
QUINONE = "O=C1C=CC(=O)C=C1"
ATORVASTATIN = "CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CC[C@@H](O)C[C@@H](O)CC(=O)O"
NEEDS_MORE = {"lilly-demerits", "nearest-known", "novelty"}


@pytest.mark.parametrize(
    ("name", "smiles", "value"),
    [
        # weight and polar surface area also stand in PubChem's entry 2244
        ("molecular-weight", ASPIRIN, 180.16),
        ("tpsa", ASPIRIN, 63.6),
        ("logp", ASPIRIN, 1.31),
        ("heavy-atoms", ASPIRIN, 13),
        ("rotatable-bonds", ASPIRIN, 2),
        ("qed", ASPIRIN, 0.55),
        ("sa-score", ASPIRIN, 1.58),
        ("hbd", ASPIRIN, 1),
        ("aromatic-rings", ASPIRIN, 1),
        ("fsp3", ASPIRIN, 0.11),
        # atorvastatin, a drug taken by mouth, breaks two of Lipinski's and one of Veber's
        ("lipinski-violations", ATORVASTATIN, 2),
        ("veber-violations", ATORVASTATIN, 1),
        ("lipinski-violations", ASPIRIN, 0),
        ("pains-alerts", QUINONE, 1),
        ("pains-alerts", ASPIRIN, 0),
        ("brenk-alerts", ACRYLANILIDE, 1),
        ("nih-alerts", QUINONE, 2),
        ("nibr-severity", ASPIRIN, 0),
        ("nibr-severity", QUINONE, nibr.EXCLUDED),
    ],
)
def test_known_values(name, smiles, value):
    assert scorers.value(name, smiles) == pytest.approx(value, abs=0.006 * max(1, abs(value) / 2))
    scorer = scorers.find(name)
    assert scorer.name == name
    assert scorer.summary


def test_sa_score_puts_a_hard_molecule_above_an_easy_one():
    taxane = "CC1=C2C(C(=O)C3(C(CC4C(C3C(C(C2(C)C)(CC1O)O)OC(=O)c1ccccc1)(CO4)OC(C)=O)O)C)OC(C)=O"
    assert scorers.value("sa-score", taxane) > 4 > scorers.value("sa-score", "CCO")


def test_every_entry_point_loads_and_says_what_it_is():
    assert set(scorers.names()) >= {*scorers.PROFILE, *NEEDS_MORE, "logp", "tpsa", "heavy-atoms"}
    mol = Chem.MolFromSmiles(ACRYLANILIDE)
    for name in set(scorers.names()) - NEEDS_MORE:
        assert isinstance(scorers.find(name).score(mol), float)
    for name in scorers.names():
        assert scorers.find(name).name == name
        assert "\n" not in scorers.find(name).summary


@given(st.sampled_from([ASPIRIN, ACRYLANILIDE, QUINONE, ATORVASTATIN, "CCO", "c1ccncc1"]))
def test_a_value_of_alerts_or_rules_is_the_number_of_reasons(smiles):
    for name in ("pains-alerts", "brenk-alerts", "nih-alerts", "lipinski-violations"):
        reasons = [r for r in scorers.note(name, smiles).split("; ") if r]
        assert len(reasons) == scorers.value(name, smiles)


def test_notes_say_why():
    assert scorers.note("brenk-alerts", ACRYLANILIDE) == "BRENK: Michael_acceptor_1"
    assert scorers.note("nibr-severity", QUINONE) == "quinone_1_4 (exclusion, covalent)"
    assert scorers.note("lipinski-violations", ATORVASTATIN) == (
        "molecular weight 558.7 g/mol is above 500; logP 6.314 is above 5"
    )
    assert scorers.note("qed", ASPIRIN) == ""


def test_nibr_holds_the_published_filters():
    # Schuffenhauer et al. 2020: 444 filters
    assert len(nibr.filters()) == 444
    assert all(one.pattern is not None and one.least >= 1 for one in nibr.filters())
    assert {one.severity for one in nibr.filters()} == {0, 1, 2}


def test_nibr_agrees_with_the_script_of_its_authors():
    path = Path(RDConfig.RDContribDir) / "NIBRSubstructureFilters" / "assignSubstructureFilters.py"
    spec = importlib.util.spec_from_file_location("nibr_script", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    molecules = [
        ASPIRIN,
        ACRYLANILIDE,
        QUINONE,
        ATORVASTATIN,
        "CCO",
        "O=C(Cl)c1ccccc1",
        "N#CC(C#N)=Cc1ccccc1",
        "CCCCCCCCCCCCCCCC(=O)O",
        "O=[N+]([O-])c1cc([N+](=O)[O-])cc([N+](=O)[O-])c1",
        "OCC1OC(O)C(O)C(O)C1O",
        "C1CCC2(CC1)OOC1(CCCCC1)OO2",
        "Clc1c(Cl)c(Cl)c(Cl)c(Cl)c1Cl",
    ]
    theirs = script.assignFilters({"smiles": molecules})
    ours = [Chem.MolFromSmiles(one) for one in molecules]
    assert [nibr.severity(mol) for mol in ours] == [one.SeverityScore for one in theirs]
    assert [sum(one.covalent for one in nibr.matched(mol)) for mol in ours] == [
        one.Covalent for one in theirs
    ]
    assert len({one.SeverityScore for one in theirs}) > 2


def test_unknown_scorer_is_named():
    with pytest.raises(ValueError, match=r"unknown scorer 'clogp'; did you mean 'logp'\?"):
        scorers.find("clogp")


# nearest known


@pytest.fixture
def known(tmp_path):
    path = tmp_path / "known.smi"
    path.write_text(f"{ASPIRIN} aspirin\nCN1C=NC2=C1C(=O)N(C(=O)N2C)C caffeine\nno molecule\n")
    return path


def test_the_nearest_known_compound_is_named(known):
    settings = ScorerSettings(known=str(known))
    salicylic = "O=C(O)c1ccccc1O"
    near = float(similarities(morgan(salicylic), [morgan(ASPIRIN)])[0])
    assert scorers.value("nearest-known", salicylic, settings) == pytest.approx(near)
    assert scorers.value("novelty", salicylic, settings) == pytest.approx(1 - near)
    assert scorers.note("novelty", salicylic, settings) == (
        f"nearest of 2 known: aspirin, Tanimoto {near:.2f}"
    )
    assert scorers.value("nearest-known", ASPIRIN, settings) == 1.0
    assert "caffeine" in scorers.note("nearest-known", "Cn1cnc2[nH]c(=O)[nH]c(=O)c21", settings)


def test_a_label_keeps_two_lists_apart(known, tmp_path):
    other = tmp_path / "other.smi"
    other.write_text("CCO ethanol\n")
    patents, own = ScorerSettings(known=str(known)), ScorerSettings(known=str(other))
    assert scorers.value("novelty:patents", "CCO", patents) > 0.5
    assert scorers.value("novelty:own", "CCO", own) == 0.0
    assert kind("novelty:patents") == "scorer"
    assert scorers.find("novelty:patents").unit == ""


def test_an_edited_list_is_read_again_in_the_same_process(known):
    settings = ScorerSettings(known=str(known))
    assert scorers.value("novelty", ASPIRIN, settings) == 0.0
    assert "of 2 known: aspirin" in scorers.note("novelty", ASPIRIN, settings)
    known.write_text("CCO ethanol\n")
    assert scorers.value("novelty", ASPIRIN, settings) > 0.5
    assert "of 1 known: ethanol" in scorers.note("novelty", ASPIRIN, settings)


def test_a_sum_holds_the_list_fast(known):
    right = hashlib.sha256(known.read_bytes()).hexdigest()
    scorers.check("novelty", ScorerSettings(known=str(known), sha256=right))
    known.write_text("CCO ethanol\nCCC propane\n")
    with pytest.raises(ValueError, match="has changed, its sum is"):
        scorers.check("novelty", ScorerSettings(known=str(known), sha256=right))


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("novelty", None, "needs settings.known: file of the known molecules"),
        ("novelty", {"knwon": "x.smi"}, "unknown setting 'knwon'; did you mean 'known'"),
        ("novelty", {"known": "nowhere.smi"}, "nowhere.smi cannot be read: No such file"),
        ("qed", {"known": "x.smi"}, "scorer 'qed' takes no settings"),
    ],
)
def test_wrong_settings_are_named(name, settings, words):
    told = None if settings is None else ScorerSettings(**settings)
    with pytest.raises(ValueError, match=words):
        scorers.check(name, told)
    wish = ObjectiveSettings(name=name, transform="at_least", low=0.3, settings=settings)
    with pytest.raises(ValueError, match=f"objective '{name}': .*{words}"):
        validate([wish])


def test_an_empty_list_is_refused(tmp_path):
    path = tmp_path / "empty.smi"
    path.write_text("not a molecule\n")
    with pytest.raises(ValueError, match="holds no molecule that can be read"):
        scorers.check("novelty", ScorerSettings(known=str(path)))


def test_settings_are_plain_values_and_a_key():
    with pytest.raises(ValueError, match=r"settings.known: a text, a number"):
        ScorerSettings(known=["a", "b"])
    assert hash(ScorerSettings(known="a", n=1)) == hash(ScorerSettings(n=1, known="a"))
    assert ScorerSettings(known="a") != ScorerSettings(known="b")


# Lilly


class RecordedRules:
    """What medchem 2.1.1 with the programs of release 2 answered."""

    ANSWERS: ClassVar = {
        "CCCCCCCCCCCCCC(=O)NCCO": (430.0, False, "LongCChain:D400,no_rings:D30"),
        "O=C(Cl)c1ccccc1": (float("nan"), False, "acid_halide"),
        "CCOC(=O)c1ccc(N)cc1": (45.0, True, "ester:D35,aniline_h_ewd:D10"),
        "CC(=O)Nc1ccc(O)cc1": (25.0, True, "aniline_acyl_newd:D25"),
    }

    def __call__(self, smiles):
        rows = [self.ANSWERS[one] for one in smiles]
        return pd.DataFrame(rows, columns=["demerit_score", "pass_filter", "reasons"])


@pytest.fixture
def recorded(monkeypatch):
    module = ModuleType("medchem.structural.lilly_demerits")
    module.LillyDemeritsFilters = RecordedRules
    monkeypatch.setitem(sys.modules, "medchem", ModuleType("medchem"))
    monkeypatch.setitem(sys.modules, "medchem.structural", ModuleType("medchem.structural"))
    monkeypatch.setitem(sys.modules, "medchem.structural.lilly_demerits", module)
    lilly._judged.cache_clear()
    yield
    lilly._judged.cache_clear()


def test_lilly_counts_demerits_and_rejections(recorded):
    found = {s: lilly.LILLY_DEMERITS.score(Chem.MolFromSmiles(s)) for s in RecordedRules.ANSWERS}
    assert list(found.values()) == [430.0, lilly.REJECTED, 45.0, 25.0]
    halide = Chem.MolFromSmiles("O=C(Cl)c1ccccc1")
    assert lilly.LILLY_DEMERITS.note(halide) == "acid_halide"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (None, r"needs medchem: pip install 'molq\[medchem\]'; and .*`medchem install-lilly`"),
        ("here", r"needs the programs of the Lilly rules beside medchem: `medchem install-lilly`"),
    ],
)
def test_without_medchem_one_line_says_what_to_install(monkeypatch, spec, words):
    monkeypatch.setitem(sys.modules, "medchem.structural.lilly_demerits", None)
    monkeypatch.setattr("screening.scorers.lilly.find_spec", lambda name: spec)
    lilly._judged.cache_clear()
    with pytest.raises(ValueError, match=words):
        scorers.check("lilly-demerits")
    with pytest.raises(ValueError, match=f"objective 'lilly-demerits': .*{words}"):
        validate([ObjectiveSettings(name="lilly-demerits", transform="at_most", high=100)])
