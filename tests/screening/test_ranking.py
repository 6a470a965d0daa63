import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.filters import FilterSettings
from screening.intake.standardise import candidate as standardised
from screening.objective import ObjectiveSettings, utility
from screening.ranking import exclusions, rank
from simulation.score import ActiveSpaceRecord, ConformerRecord, Provenance, Score

EA = ObjectiveSettings(name="warhead-ea", transform="window", low=-5.0, high=-4.5)
LOGP = ObjectiveSettings(name="logp", transform="at_most", high=2.0, softness=1.0, weight=2.0)
SPACE = ActiveSpaceRecord(4, 4, (0, 1, 2, 3), ("C1 2pz",) * 4, 0.1, (0.9,) * 4, (1.9,) * 4, 0.0, 4)


def score(smiles: str, value: float, flags: tuple[str, ...] = ()) -> Score:
    return Score(
        smiles=smiles,
        inchikey="",
        recipe="warhead-ea",
        value=value,
        unit="eV",
        solver="vqe",
        backend="exact",
        casci_value=value,
        casci_deviation_mha=0.0,
        baselines={},
        active_space=SPACE,
        sites=(),
        conformers=ConformerRecord(1, 1, 1, 1, 0.0, "none"),
        provenance=Provenance(0, 1, "6-31g*", 1, {}, {}, {}, 0.0, {}, ""),
        flags=flags,
    )


def result(smiles: str, value: float, round: int | None = 1, **more):
    found = standardised(smiles, origin="library", name=smiles)
    return found, {"warhead-ea": score(smiles, value, **more)}, round


def test_leads_fall_in_utility_and_carry_everything():
    leads = rank(
        [
            result("C=CC(=O)Nc1ccccc1", -4.0, 2),
            result("C=CC(N)=O", -4.8, 1, flags=("twisted",)),
            result("CC=CC(N)=O", -4.4, None),
        ],
        [EA, LOGP],
    )
    assert [lead.candidate.name for lead in leads] == [
        "C=CC(N)=O",
        "CC=CC(N)=O",
        "C=CC(=O)Nc1ccccc1",
    ]
    assert [lead.rank for lead in leads] == [1, 2, 3]
    assert [lead.round for lead in leads] == [1, None, 2]
    first, second, _ = leads
    assert first.utility == 1.0
    assert first.scores["warhead-ea"].flags == ("twisted",)
    assert first.properties == {"logp": pytest.approx(-0.346, abs=0.01)}
    assert "BRENK: Michael_acceptor_1" in first.alerts
    d = 1 / (1 + (0.1 / 0.125) ** 2)
    assert second.desirabilities == {"warhead-ea": pytest.approx(d), "logp": 1.0}
    assert second.utility == pytest.approx(float(utility([d, 1.0], [1.0, 2.0])))


def test_equal_leads_go_by_inchikey():
    results = [result(smiles, -4.8) for smiles in ("CCO", "CCN", "CCC", "CCCl")]
    for order in (results, results[::-1]):
        found = [lead.candidate.inchikey for lead in rank(order, [EA])]
        assert found == sorted(found)


def test_exclusions_have_a_reason():
    hard = ObjectiveSettings(name="logp", transform="at_most", high=1.0, hard=True)
    floor = ObjectiveSettings(name="warhead-ea", transform="at_least", low=-5.0, hard=True)
    acrylamide = standardised("C=CC(N)=O", origin="library")
    results = [
        (acrylamide, {}, 1),
        result("CC=CC(N)=O", math.nan),
        result("C=CC(=O)Nc1ccccc1", -4.8),
        result("C=CC(=O)NC", -5.5),
        result("C=CC(=O)NCCO", -4.8),
        result("O=[N+]([O-])CCO", -4.8),
    ]
    filters = FilterSettings(forbidden=("[N+](=O)[O-]",))
    leads = rank(results, [floor, hard], filters)
    assert [lead.candidate.name for lead in leads] == ["C=CC(=O)NCCO"]
    reasons = [entry.reason for entry in exclusions(results, [floor, hard], filters)]
    assert reasons == [
        "no score by the recipe warhead-ea",
        "the score by the recipe warhead-ea is not finite",
        "logp 1.811 is above the limit 1",
        "warhead-ea -5.5 is below the limit -5",
        "holds the forbidden pattern [N+](=O)[O-]",
    ]


def test_scorers_alone_need_no_score():
    acrylamide = standardised("C=CC(N)=O", origin="generator")
    (lead,) = rank([(acrylamide, {}, 3)], [LOGP])
    assert lead.utility == 1.0
    assert lead.scores == {}


def test_catalogues_that_are_off_are_not_reported():
    (lead,) = rank([result("C=CC(N)=O", -4.8)], [EA], FilterSettings(brenk="off"))
    assert lead.alerts == ()


def test_a_molecule_counts_once():
    first, second = result("C=CC(N)=O", -4.8, 1), result("NC(=O)C=C", -9.0, 2)
    (lead,) = rank([first, second], [EA])
    assert (lead.round, lead.scores["warhead-ea"].value) == (1, -4.8)


def test_no_objective_is_refused():
    with pytest.raises(ValueError, match="no objective"):
        rank([], [])
    assert rank([], [EA]) == []


@given(st.lists(st.floats(-10, 0), min_size=1, max_size=5))
def test_ranks_are_complete_and_ordered(values):
    smiles = ["C=CC(N)=O", "C=CC(=O)NC", "C=CC(=O)NCC", "CC=CC(N)=O", "C=C(C)C(N)=O"]
    results = [result(s, v) for s, v in zip(smiles, values, strict=False)]
    leads = rank(results, [EA])
    assert [lead.rank for lead in leads] == list(range(1, len(values) + 1))
    utilities = [lead.utility for lead in leads]
    assert utilities == sorted(utilities, reverse=True)
    assert exclusions(results, [EA]) == []
