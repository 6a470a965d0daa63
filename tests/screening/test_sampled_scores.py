"""Scores with a standard error are kept and shown, and ranked only where that was asked for."""

from dataclasses import replace

import pytest
from faultyrecipe import number_score
from rdkit import Chem

from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.knowledge import Knowledge
from screening.candidate import Candidate
from screening.objective import ObjectiveSettings
from screening.ranking import RankingSettings, exclusions, rank
from screening.scorecolumns import ScoreColumns, circuit_of
from screening.standing import leads
from screening.store.journal import Journal
from screening.store.records import Result
from simulation.score import CircuitCost, Contribution

WISH = (ObjectiveSettings(name="faulty", transform="maximize", low=-7.0, high=-3.0),)
EXACT, NOISY = ("CCO", "CCN", "CCC"), ("CCF", "CCCl")


def candidate(smiles):
    return Candidate(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles)), smiles, "", "library", 1)


def score(smiles):
    found = number_score(smiles)
    return replace(found, standard_error=0.031) if smiles in NOISY else found


@pytest.fixture
def journal(tmp_path):
    with Journal.create(tmp_path / "run", kind="screen", settings={}, environment={}) as journal:
        for smiles in (*EXACT, *NOISY):
            journal.record(Result(candidate(smiles), "faulty", score(smiles), 1, 1, 0.0, 0.5, 0.0))
        yield journal


def learnable(journal, ranking):
    """The molecules whose values a surrogate is taught."""
    knowledge = Knowledge(journal, CampaignPlan(WISH, ranking=ranking))
    knowledge.advance()
    labels = knowledge.labels("faulty")
    assert len(labels) == 5  # of the others the cheap values are known
    return {label.candidate.smiles for label in labels if label.value == label.value}


def test_sampled_scores_are_no_leads_and_no_labels(journal):
    found = leads(journal, WISH)
    assert {lead.candidate.smiles for lead in found} == set(EXACT)
    assert learnable(journal, RankingSettings()) == set(EXACT)
    assert journal.sampled(["faulty"]) == 2
    assert journal.sampled(["another"]) == 0


def test_a_run_may_say_that_they_are(journal):
    asked = RankingSettings(sampled=True)
    assert len(leads(journal, WISH, ranking=asked)) == 5
    assert learnable(journal, asked) == {*EXACT, *NOISY}


def test_who_is_left_out_is_told_the_key():
    results = [(candidate(s), {"faulty": score(s)}, 1) for s in (*EXACT, *NOISY)]
    reasons = {e.candidate.smiles: e.reason for e in exclusions(results, WISH)}
    assert set(reasons) == set(NOISY)
    assert "[ranking] sampled = true" in reasons["CCF"]
    assert len(rank(results, WISH, ranking=RankingSettings(sampled=True))) == 5


def test_scores_computed_beside_the_wishes_do_not_keep_a_molecule_out():
    scores = {"another": score("CCF"), "faulty": number_score("CCO")}
    (lead,) = rank([(candidate("CCO"), scores, 1)], WISH)
    assert list(lead.scores) == ["faulty", "another"]


def test_the_time_of_a_run_is_that_of_its_results(journal):
    assert journal.cpu_seconds() == pytest.approx(2.5)


def test_columns_have_units_and_only_what_is_filled(journal):
    columns = journal.columns("faulty")
    assert columns == ScoreColumns.of("faulty", [score(s) for s in (*EXACT, *NOISY)])
    assert columns.header() == [
        "faulty [eV]",
        "faulty standard error [eV]",
        "faulty CASCI deviation [mHa]",
        "faulty hf-lumo [eV]",
        "faulty flags",
    ]
    exact = number_score("CCO")
    assert columns.cells(exact) == [exact.value, None, 0.04, exact.value + 5, ""]
    assert columns.cells(score("CCF"))[1] == 0.031
    assert columns.cells(None) == [None] * 5


def test_columns_of_a_sum_and_of_a_circuit(tmp_path):
    costs = [CircuitCost("uccsd, 1 layer", "parity", 6, 8, gates, 90) for gates in (40, 70)]
    found = number_score("CCO")
    solutions = tuple(replace(found.sites[0].solutions[0], circuit=cost) for cost in costs)
    terms = (
        Contribution("electron affinity", -4.8, "eV", 1.25, "quantum"),
        Contribution("intercept", 1.0, "", 0.5, "classical"),
    )
    made = replace(
        found,
        value=1.75,
        unit="log10 min",
        interval=(1.0, 2.5),
        contributions=terms,
        casci_value=None,
        casci_deviation_mha=None,
        active_space=None,
        baselines={},
        sites=(replace(found.sites[0], solutions=solutions),),
    )
    assert circuit_of(made) == costs[1]
    columns = ScoreColumns.of("half-life", [made])
    assert dict(zip(columns.header(), columns.cells(made), strict=True)) == {
        "half-life [log10 min]": 1.75,
        "half-life 95% low [log10 min]": 1.0,
        "half-life 95% high [log10 min]": 2.5,
        "half-life circuit parameters": 8,
        "half-life qubits": 6,
        "half-life two-qubit gates": 70,
        "half-life circuit depth": 90,
        "half-life from electron affinity [log10 min]": 1.25,
        "half-life from intercept [log10 min]": 0.5,
        "half-life flags": "",
    }
    with Journal.create(tmp_path / "sum", kind="screen", settings={}, environment={}) as journal:
        journal.record(Result(candidate("CCO"), "half-life", made, None, 1, 0.0, 0.0, 0.0))
        assert journal.columns("half-life") == columns
        assert journal.columns("nonesuch") == ScoreColumns("nonesuch")


def test_a_score_without_a_site_has_no_circuit():
    assert circuit_of(replace(number_score("CCO"), sites=())) is None
