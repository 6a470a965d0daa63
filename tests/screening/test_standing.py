"""The first leads of a run are those of the whole ranking, without reading every score."""

from dataclasses import replace

import pytest
from faultyrecipe import number_score
from hypothesis import given, settings
from hypothesis import strategies as st

from screening import standing
from screening.candidate import Candidate
from screening.failure import Failure
from screening.filters import FilterSettings
from screening.intake.standardise import standardise
from screening.objective import ObjectiveSettings
from screening.ranking import RankingSettings
from screening.standing import EveryLead, iterate_leads, leads
from screening.store.journal import Journal, Result

SMILES = [
    *["C=CC(N)=O", "C=CC(=O)NC", "C=CC(=O)NCC", "CC=CC(N)=O", "C=C(C)C(N)=O", "C=CC#N"],
    *["O=[N+]([O-])CCO", "C=CC(=O)Nc1ccccc1", "C=CC(=O)OC", "CC(=O)C=C", "C=CS(=O)(=O)C"],
]
WINDOW = ObjectiveSettings(name="one", transform="window", low=-5.0, high=-4.0)
MOST = ObjectiveSettings(name="two", transform="maximize", low=-8.0, high=0.0, weight=2.0)
LEAST = ObjectiveSettings(name="one", transform="minimize", low=-4.6, high=-4.4)
FLOOR = ObjectiveSettings(name="one", transform="at_least", low=-4.5)
HARD = ObjectiveSettings(name="one", transform="at_least", low=-6.0, hard=True)
LOGP = ObjectiveSettings(name="logp", transform="at_most", high=0.5)
FILTERS = FilterSettings(forbidden=("[N+](=O)[O-]",))


def molecule(smiles):
    found = standardise(smiles)
    return Candidate(found.inchikey, found.smiles, "", "library")


CANDIDATES = [molecule(smiles) for smiles in SMILES]

# few values, so that many molecules are equal, on the window's plateau and beside it
VALUE = st.one_of(
    st.sampled_from([-9.0, -4.5, -4.25, -3.0, -4.5000000001, -5.0000000000001]),
    st.floats(-9.0, 0.0),
)
OUTCOME = st.one_of(st.none(), st.tuples(VALUE, st.sampled_from([None, None, 0.125])))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(OUTCOME, OUTCOME, OUTCOME), min_size=0, max_size=len(SMILES)),
    st.sampled_from(
        [
            (WINDOW,),
            (LEAST,),
            (FLOOR,),
            (MOST,),
            (WINDOW, MOST),
            (HARD, MOST),
            (LOGP, WINDOW),
            (LOGP, MOST),
        ]
    ),
    st.booleans(),
    st.sampled_from([None, FILTERS]),
)
def test_the_first_leads_are_those_of_the_whole_ranking(
    tmp_path_factory, outcomes, objectives, sampled, filters
):
    ranking = RankingSettings(sampled=sampled)
    with Journal.create(
        tmp_path_factory.mktemp("run"), kind="screen", settings={}, environment={}
    ) as journal:
        with journal.transaction():
            for round, (candidate, found) in enumerate(zip(CANDIDATES, outcomes, strict=False), 1):
                for recipe, outcome in zip(("one", "two", "beside"), found, strict=True):
                    if outcome is None:
                        verdict = Failure("convergence", "meanfield", "no")
                    else:
                        value, error = outcome
                        verdict = replace(
                            number_score(candidate.smiles), value=value, standard_error=error
                        )
                    journal.record(Result(candidate, recipe, verdict, round, 1, 1.0, 1.0, 1.0))
        whole = leads(journal, objectives, filters, ranking)
        assert list(iterate_leads(journal, objectives, filters, ranking)) == whole
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(standing, "_KEPT", 1)  # so that the others are read again
            patch.setattr(standing, "_LOOK", 3)  # so that some are beyond it
            every = EveryLead(journal, objectives, filters, ranking)
            assert list(every) == list(every) == whole
        for top in (1, 3):
            assert leads(journal, objectives, filters, ranking, top=top) == whole[:top]
        asked = leads(journal, objectives, filters, ranking, top=2, recipes=("one", "two"))
        assert asked == leads(journal, objectives, filters, ranking, recipes=("one", "two"))[:2]


def test_only_what_may_come_first_is_read(tmp_path, monkeypatch):
    with Journal.create(tmp_path / "run", kind="screen", settings={}, environment={}) as journal:
        for number, candidate in enumerate(CANDIDATES):
            score = replace(number_score(candidate.smiles), value=-float(number))
            journal.record(Result(candidate, "two", score, None, 1, 1.0, 1.0, 1.0))
        read = []
        results_of = journal.results_of
        monkeypatch.setattr(journal, "results_of", lambda key: read.append(key) or results_of(key))
        found = leads(journal, (MOST,), top=3)
        assert [lead.candidate for lead in found] == CANDIDATES[:3]
        assert read == [candidate.inchikey for candidate in CANDIDATES[:3]]


def test_no_objective_is_refused_also_when_few_are_asked_for(tmp_path):
    with (
        Journal.create(tmp_path / "run", kind="screen", settings={}, environment={}) as journal,
        pytest.raises(ValueError, match="no objective"),
    ):
        leads(journal, (), top=1)
