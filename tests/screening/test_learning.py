"""What a campaign learns from its journal: corrections, costs, figures of a round, its end."""

from dataclasses import replace

import numpy as np
import pytest
from faultyrecipe import number_score
from rdkit import Chem

from screening.acquisition import BatchValue, Choice, Selection
from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.knowledge import Knowledge
from screening.campaign.learning import CONFORMAL, Learned, learn
from screening.campaign.roundsummary import opening, summarise
from screening.campaign.stopping import decide
from screening.candidate import Candidate
from screening.compute.evaluation import Usage
from screening.failure import Failure
from screening.objective import ObjectiveSettings
from screening.ranking import rank
from screening.settings import CampaignSettings
from screening.standing import leads
from screening.store.journal import Journal
from screening.store.records import Result
from screening.surrogate.conformal import Conformal, fewest
from screening.surrogate.outcome import OutcomeModel

WISHES = (
    ObjectiveSettings(name="faulty", transform="window", low=-5.0, high=-4.0),
    ObjectiveSettings(name="logp", transform="at_most", high=2.0),
)
PLAN = CampaignPlan(WISHES, campaign=CampaignSettings(seed=3))
MOLECULES = [f"{'C' * n}{end}" for n in range(1, 11) for end in ("O", "N", "Cl")]


def candidate(smiles):
    return Candidate(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles)), smiles, "", "library", 1)


def scored(journal, smiles, round, value=None, cpu=2.0):
    one = candidate(smiles)
    attempt, number = journal.begin_attempt(one.inchikey, "faulty")
    journal.end_attempt(attempt, None, Usage(cpu, cpu, 1.0))
    score = number_score(smiles, value=value)
    journal.record(Result(one, "faulty", score, round, number, cpu, cpu, 1.0))


def failed(journal, smiles, round, cpu=2.0):
    one, failure = candidate(smiles), Failure("convergence", "meanfield", "did not converge")
    for _ in range(3):
        attempt, number = journal.begin_attempt(one.inchikey, "faulty")
        journal.end_attempt(attempt, failure, Usage(cpu, cpu, 1.0))
    journal.record(Result(one, "faulty", failure, round, number, cpu, cpu, 1.0))


def begin(journal, round, predicted, **changes):
    journal.begin_round(round, seed=0, pool_size=9, generator_note="", surrogate_note="", **changes)
    selections = [
        Selection(
            candidate(smiles),
            position,
            {} if moments is None else {"faulty": moments},
            0.5,
            0.1,
            0.2,
            "why",
            {"success": 0.75} if moments is not None else {},
        )
        for position, (smiles, moments) in enumerate(predicted.items(), 1)
    ]
    journal.add_selections(round, selections, known=changes.get("known", 0))


@pytest.fixture
def journal(tmp_path):
    with Journal.create(tmp_path / "run", kind="campaign", settings={}, environment={}) as journal:
        yield journal


@pytest.fixture
def no_outcomes(monkeypatch):
    """What a calculation will cost is not at stake, and takes longest to learn."""
    monkeypatch.setattr(OutcomeModel, "fit", lambda *facts: None)


def known(journal, until=None):
    knowledge = Knowledge(journal, PLAN)
    knowledge.advance(until)
    return knowledge


def test_the_order_in_which_results_came_makes_no_difference(tmp_path, no_outcomes):
    """Two runs of one campaign learn of the same results in different orders."""
    learned = []
    for name, order in (("a", MOLECULES[:9]), ("b", MOLECULES[8::-1])):
        with Journal.create(tmp_path / name, kind="campaign", settings={}, environment={}) as own:
            knowledge = Knowledge(own, PLAN)
            for smiles in order:
                scored(own, smiles, 1 + MOLECULES.index(smiles) % 2)
                knowledge.advance()
            found = learn(knowledge, PLAN, [], {})
            prediction = found.surrogates["faulty"].predict(MOLECULES[9:15])
            labels = [(x.candidate.smiles, x.value) for x in knowledge.labels("faulty")]
            best, wishes = knowledge.best_utility, knowledge.desirabilities
            utilities = {lead.candidate.inchikey: lead.utility for lead in leads(own, WISHES)}
            assert knowledge.utilities == utilities
            assert best == max(utilities.values())
            learned.append((labels, prediction.mean.tolist(), prediction.std.tolist(), best))
            learned[-1] += (wishes.tolist(), found.note)
    assert learned[0] == learned[1]
    assert wishes.shape == (9, 2)
    assert found.note == "faulty: 9 labels"


def test_later_results_condition_and_do_not_teach_anew(journal, no_outcomes):
    for smiles in MOLECULES[:10]:
        scored(journal, smiles, 1)
    knowledge = known(journal)
    learned = learn(knowledge, PLAN, [], {})
    assert learned.conditioned(knowledge) == learned.surrogates  # nothing came since
    before = learned.surrogates["faulty"].predict([MOLECULES[12]])
    scored(journal, MOLECULES[12], 2, value=-4.5)
    failed(journal, MOLECULES[13], 2)
    knowledge.advance()
    after = learned.conditioned(knowledge)["faulty"].predict([MOLECULES[12]])
    assert after.std[0] < before.std[0]
    assert abs(after.mean[0] + 4.5) < abs(before.mean[0] + 4.5)
    again = learned.surrogates["faulty"].predict([MOLECULES[12]])
    assert again.mean[0] == before.mean[0]  # the round's own model stays as it is


def test_deviations_that_were_too_small_are_widened_and_not_twice(journal, no_outcomes):
    """Predictions are journalled as corrected; the next correction begins from the raw ones."""
    raw, n = 0.1, fewest() + 1
    errors = np.linspace(0.1, 1.0, n)
    halves = MOLECULES[: n // 2], MOLECULES[n // 2 : n]
    begin(journal, 1, dict.fromkeys(halves[0], (-5.0, raw)))
    begin(journal, 2, dict.fromkeys(halves[1], (-5.0, 3 * raw)), facts={CONFORMAL: {"faulty": 3.0}})
    for i, smiles in enumerate(MOLECULES[:n]):
        scored(journal, smiles, 1 + (smiles in halves[1]), value=-5.0 + errors[i])
    rounds = {r.round: r.facts.get(CONFORMAL, {}) for r in journal.rounds()}
    learned = learn(known(journal), PLAN, journal.selections(), rounds)
    expected = Conformal.of(np.full(n, -5.0), np.full(n, raw), -5.0 + errors).factor
    assert expected > 3
    assert learned.factors["faulty"] == pytest.approx(expected)
    assert learned.note == (
        f"faulty: {n} labels, deviations times {expected:.2f} by {n} earlier errors"
    )
    # of what is not known yet nothing is corrected
    early = learn(known(journal, 5), PLAN, journal.selections(), rounds)
    assert early.factors["faulty"] == 1.0
    spread = learned.surrogates["faulty"].predict(MOLECULES[-1:]).std[0]
    assert spread == pytest.approx(
        expected * learned.surrogates["faulty"].surrogate.predict(MOLECULES[-1:]).std[0]
    )


def test_failures_teach_what_fails_and_what_it_costs(journal):
    for smiles in MOLECULES:
        if smiles.endswith("Cl"):
            failed(journal, smiles, 1, cpu=10.0)
        else:
            scored(journal, smiles, 1, cpu=1.0)
    smiles, lost, seconds = known(journal).calculations()
    cost = dict(zip(smiles, seconds, strict=True))
    assert cost["CCO"] == 1.0
    assert cost["CCCl"] == 30.0  # all three attempts
    assert [s for s, f in zip(smiles, lost, strict=True) if f] == [
        s for s in smiles if s.endswith("Cl")
    ]
    learned = learn(known(journal), PLAN, [], {})
    outcomes = learned.outcomes.predict(["CCCCCCCCCCCO", "CCCCCCCCCCCCl"])
    assert outcomes.success[0] > 0.6 > 0.4 > outcomes.success[1]
    assert outcomes.core_seconds[1] > 5 * outcomes.core_seconds[0]
    assert learned.note == "faulty: 20 labels"


def test_without_a_result_nothing_is_learned(journal):
    learned = learn(known(journal), PLAN, [], {})
    assert learned == Learned({}, {}, None, 0, "faulty: 0 labels")
    assert learned.conditioned(known(journal)) == {}


def test_a_round_is_judged_by_what_it_foretold(journal):
    begin(
        journal,
        1,
        {"CCO": (-4.5, 0.2), "CCN": (-4.6, 0.2), "CCCl": (-4.0, 0.3), "CCCCCCCCO": (-4.0, 0.5)},
        facts=opening(
            Learned({}, {"faulty": 1.5}, None, 0, ""),
            Choice((), "by ucb", 0.25, None, (BatchValue("greedy", 1.25, 0.1),)),
            decide(gain=0.25, per_core_hour=None, best=[], threshold=0.01),
        ),
    )
    scored(journal, "CCO", 1, value=-4.4)
    scored(journal, "CCN", 1, value=-5.6)
    scored(journal, "CCCCCCCCO", 1, value=-4.0)
    failed(journal, "CCCl", 1)
    (record,) = journal.rounds()
    ranked = leads(journal, WISHES)
    summary = summarise(record, journal.selections(), journal.results(), ranked, WISHES)
    figures = summary["calibration"]["faulty"]
    assert figures["n"] == 3
    assert figures["rmse"] == pytest.approx(np.sqrt((0.1**2 + 1.0 + 0) / 3))
    assert figures["bias"] == pytest.approx((0.1 - 1.0) / 3)
    assert (figures["coverage_95"], figures["within_one_std"]) == (pytest.approx(2 / 3),) * 2
    assert figures["conformal_factor"] == 1.5
    assert set(figures) >= {"nlpd", "spearman", "error_vs_std", "within_two_std"}
    assert summary["outcomes"] == {"failed": 1, "expected_success": 0.75}
    assert summary["batches"] == [{"solver": "greedy", "value": 1.25, "seconds": 0.1}]
    assert summary["stopping"]["gain"] == 0.25
    assert summary["stopping"]["stop"] is False
    # ethanol alone meets both wishes altogether: it covers everything
    assert summary["pareto"] == [candidate("CCO").inchikey]
    assert summary["hypervolume"] == pytest.approx(1.0)
    journal.finish_round(1, summary)  # plain JSON throughout
    assert journal.rounds()[0].summary == summary


def test_one_prediction_has_no_rank_correlation(journal):
    begin(journal, 1, {"CCO": (-4.5, 0.2)})
    scored(journal, "CCO", 1, value=-4.4)
    (record,) = journal.rounds()
    arguments = (journal.selections(), journal.results(), [], WISHES)
    summary = summarise(record, *arguments)
    assert summary["calibration"]["faulty"]["spearman"] is None
    assert summary["calibration"]["faulty"]["error_vs_std"] is None
    assert (summary["hypervolume"], summary["pareto"]) == (0.0, [])
    many = tuple(WISHES[1].model_copy(update={"name": n}) for n in ("logp", "qed", "tpsa", "mw"))
    five = (*many, WISHES[0])
    assert summarise(record, *arguments[:3], five)["hypervolume"] is None


def test_what_nothing_has_to_be_computed_of_is_known_when_it_is_chosen(journal):
    plan = replace(PLAN, objectives=(WISHES[1],))
    begin(journal, 1, {"CCO": None, "CCCCCCCCCC": None})
    knowledge = Knowledge(journal, plan)
    assert knowledge.best_utility == 0.0
    knowledge.count_exact(journal.selections())
    assert knowledge.pending(journal.selections()) == []
    assert knowledge.best_utility == 1.0
    ranked = rank([(candidate("CCCCCCCCCC"), {}, 1)], plan.objectives)
    assert knowledge.utilities[ranked[0].candidate.inchikey] == ranked[0].utility
