import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation import thiolate
from simulation.errors import ConvergenceError, InputError
from simulation.molecule import parse
from simulation.reactivitydescriptors import model_compound, substitution
from simulation.reactivitymodel import BASELINE, GLUTATHIONE, LinearModel, Term, shipped
from simulation.recipes.michael_reactivity import RECIPE
from simulation.score import Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=2)


def score(smiles: str) -> Score:
    return RECIPE.score(Workup(smiles, QUICK, seed=1))


def test_acrylanilide() -> None:
    result = score("C=CC(=O)Nc1ccccc1")
    # measured: 299 min by the laboratory on whose scale the model predicts
    assert result.value == pytest.approx(math.log10(299), abs=0.4)
    assert (result.unit, result.solver) == ("log10(min)", "none")
    low, high = result.interval
    assert low < result.value < high
    assert result.value - low == pytest.approx(high - result.value)
    assert [c.name for c in result.contributions] == [
        "intercept",
        "thiolate adduct energy at pH 7.4",
        "substituents at the beta carbon",
        "substituents at the alpha carbon",
    ]
    assert sum(c.contribution for c in result.contributions) == result.value
    assert {c.kind for c in result.contributions} <= {"quantum", "classical"}
    assert result.flags == ()
    assert {"classical_ridge", "gfn2_lumo", "gfn2_adduct"} == set(result.baselines)
    assert result.baselines["classical_ridge"].unit == result.unit
    assert [s.charge for s in result.species] == [0, -1, -1]
    assert result.provenance.convergence["model"]["scale"] == "lonsdale"
    assert Score.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_order_of_reactivity() -> None:
    # a nitrile on the ring activates, an alkyl amide is slower, a methacrylamide slower still
    values = [score(s).value for s in ("C=CC(=O)Nc1ccc(C#N)cc1", "C=CC(=O)NC", "CNC(=O)C(C)=C")]
    assert values == sorted(values)
    assert values[-1] - values[0] > 1


def test_an_aminocrotonamide_is_taken_as_it_is_in_buffer() -> None:
    result = score("CNC(=O)/C=C/CN(C)C")
    acceptor, _, adduct = result.species
    assert acceptor.smiles == "CNC(=O)/C=C/C[NH+](C)C"
    assert (acceptor.charge, adduct.charge) == (1, 0)
    assert any(flag.startswith("charge +1") for flag in result.flags)
    # with the sulfur on its carbon and the proton on its nitrogen
    assert any("no free adduct settled" in flag for flag in result.flags)
    # the crotonamide without the amine is slower
    assert score("CNC(=O)/C=C/C").value > result.value + 0.5


@pytest.mark.parametrize(
    ("smiles", "part"),
    [
        ("CC#CC(=O)NC", "and this is alkynamide"),
        ("C=CS(C)(=O)=O", "and this is vinyl sulfone"),
        ("C=CC(=O)NCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", "heavy atoms"),
    ],
)
def test_outside_the_domain(smiles: str, part: str) -> None:
    flags = score(smiles).flags
    assert any(f.startswith("outside the model's domain") for f in flags)
    assert any(part in f for f in flags)


@pytest.mark.parametrize("smiles", ["CCCl", "ClCC(=O)NC", "c1ccccc1"])
def test_refused(smiles: str) -> None:
    with pytest.raises(InputError, match="no Michael acceptor; michael-reactivity recognises"):
        score(smiles)


def test_no_adduct_no_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thiolate, "relaxed", lambda *_, **__: None)
    with pytest.raises(ConvergenceError, match="none of"):
        score("C=CC(N)=O")


@pytest.mark.parametrize(
    ("smiles", "marks"),
    [  # beta, alpha, N-aryl, tertiary, secondary alkyl, allylic amine
        ("C=CC(=O)Nc1ccccc1", (0, 0, True, False, False, False)),
        ("C=CC(=O)N1CCCCC1", (0, 0, False, True, False, False)),
        ("C=CC(=O)NCc1ccccc1", (0, 0, False, False, True, False)),
        ("CC(=C)C(=O)Nc1ccccc1", (0, 1, True, False, False, False)),
        ("CC(C)=CC(=O)NC", (2, 0, False, False, True, False)),
        ("CN(C)CC=CC(=O)Nc1ccccc1", (1, 0, True, False, False, True)),
        ("C=C(CN1CCCCC1)C(=O)NC", (0, 1, False, False, True, True)),
        ("CC(=O)NCC=CC(=O)NC", (1, 0, False, False, True, False)),
    ],
)
def test_substitution(smiles: str, marks: tuple[object, ...]) -> None:
    from simulation import michaelacceptor

    molecule = parse(smiles, max_heavy_atoms=80)
    (acceptor,) = michaelacceptor.find(molecule)
    assert tuple(vars(substitution(molecule, acceptor)).values()) == marks


def test_an_amine_that_the_cut_makes_stays_neutral() -> None:
    # the far anilino nitrogen is no base, though it is an amine in the model compound
    from simulation import michaelacceptor

    work = Workup("C=CC(=O)NCCNc1nc2ccccc2s1", QUICK, seed=1)
    (acceptor,) = michaelacceptor.find(work.molecule)
    model, _ = model_compound(work, acceptor, ph=7.4)
    assert model.charge == 0


@pytest.mark.parametrize("name", [GLUTATHIONE, BASELINE])
def test_shipped_models_say_where_they_come_from(name: str) -> None:
    model = shipped(name)
    assert model.unit == "log10(min)"
    assert {"data", "measurements", "censored", "date", "command"} <= set(model.provenance)
    assert LinearModel.from_json(json.loads(json.dumps(model.to_json()))).terms == model.terms
    # no molecule and no measurement is in the file
    assert "C=C" not in json.dumps(model.to_json())


MODEL = LinearModel(
    unit="log10(min)",
    intercept=2.0,
    terms=(
        Term("adduct", "kcal/mol", "classical", -12.0, 4.0, 0.5, -24.0, -4.0, "adduct energy"),
        Term("ea", "eV", "quantum", -4.8, 0.2, -0.1, -5.2, -4.2),
    ),
    covariance=np.diag([0.01, 0.02, 0.03]),
    residual=0.3,
    freedom=30.0,
    kinds=("acrylamide",),
    largest=36,
    provenance={},
)


@settings(max_examples=50, deadline=None)
@given(st.floats(-60, 40), st.floats(-9, 2))
def test_contributions_add_up_and_the_interval_holds_the_value(adduct: float, ea: float) -> None:
    prediction = MODEL.predict({"adduct": adduct, "ea": ea, "not used": 1.0})
    assert sum(c.contribution for c in prediction.contributions) == pytest.approx(
        prediction.value, abs=1e-12
    )
    low, high = prediction.interval
    assert low < prediction.value < high
    assert high - low > 2 * 2.04 * 0.3  # never narrower than the residual
    outside = (not -24 <= adduct <= -4) + (not -5.2 <= ea <= -4.2)
    assert abs(len(prediction.outside) - outside) == 0


def test_a_term_is_shown_by_its_title() -> None:
    prediction = MODEL.predict({"adduct": -30.0, "ea": -6.0})
    assert [c.name for c in prediction.contributions] == ["intercept", "adduct energy", "ea"]
    assert prediction.outside[0].startswith("adduct energy -30 kcal/mol is outside")
    for name in (GLUTATHIONE, BASELINE):
        assert all(term.title and "_" not in term.title for term in shipped(name).terms)


def test_a_model_is_checked() -> None:
    with pytest.raises(KeyError):
        MODEL.predict({"adduct": -10.0})
    with pytest.raises(ValueError, match="not finite"):
        MODEL.predict({"adduct": math.nan, "ea": -4.8})
    with pytest.raises(InputError, match="not a fitted model"):
        LinearModel.from_json({"format": "another"})
    broken = MODEL.to_json()
    del broken["residual"]
    with pytest.raises(InputError, match="broken part"):
        LinearModel.from_json(broken)
