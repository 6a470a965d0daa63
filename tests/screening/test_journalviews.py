"""What a long journal is asked: page by page, by counts, and by values alone."""

import os
import socket
from dataclasses import replace

import pytest
from faultyrecipe import number_score
from rdkit import Chem

from screening.candidate import Candidate
from screening.compute.evaluation import Usage
from screening.failure import Failure
from screening.intake.library import LibraryRow
from screening.store import journalview, libraryview, resultview, runlock
from screening.store.journal import Journal, Result
from screening.store.records import Cut

SMILES = ["C" * length for length in range(1, 8)]


def candidate(smiles, row=None, origin="library"):
    return Candidate(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles)), smiles, "", origin, row)


@pytest.fixture
def journal(tmp_path, monkeypatch):
    """Seven rows that passed, one dropped and one duplicate; pages of two."""
    for module in (libraryview, resultview, journalview):
        monkeypatch.setattr(module, "PAGE", 2)
    with Journal.create(tmp_path / "run", kind="screen", settings={}, environment={}) as journal:
        rows = [
            LibraryRow(row, smiles, "", candidate=candidate(smiles, row))
            for row, smiles in enumerate(SMILES, 1)
        ]
        rows.append(LibraryRow(8, "x", "", failure=Failure("input", "library", "no SMILES")))
        rows.append(LibraryRow(9, "CC", "", candidate=candidate("CC", 9), duplicate_of=2))
        journal.add_library(rows)
        yield journal


def record(journal, smiles, outcome, recipe="faulty"):
    journal.record(Result(candidate(smiles), recipe, outcome, None, 1, 1.0, 2.0, 3.0))


def test_pages_join_without_a_seam(journal):
    assert [row.row for row in journal.library_rows()] == list(range(1, 10))
    assert [c.smiles for c in journal.iterate_candidates()] == SMILES
    assert [number for number, _ in journal.library_keys()] == list(range(1, 8))
    assert [number for number, _ in journal.library_keys(after=5)] == [6, 7]
    keys = dict(journal.library_keys())
    assert keys[2] == candidate("CC").inchikey
    made = replace(candidate("CCO", origin="generator"), hand="prior")
    journal.add_candidates([made])
    assert list(journal.iterate_candidates("generator")) == [made]
    assert [c.smiles for c in journal.iterate_candidates("library")] == SMILES
    for smiles in SMILES[:5]:
        attempt, _ = journal.begin_attempt(candidate(smiles).inchikey, "faulty")
        journal.end_attempt(attempt, None, Usage(1.0, 2.0, 3.0), node="one")
    assert [a.id for a in journal.iterate_attempts()] == [1, 2, 3, 4, 5]
    assert [(a.id, a.node) for a in journal.iterate_attempts(after=3)] == [(4, "one"), (5, "one")]


def test_a_page_is_read_while_rows_are_written(journal):
    rows = journal.library_keys()
    assert next(rows)[0] == 1
    journal.add_library([LibraryRow(10, "CCO", "", candidate=candidate("CCO", 10))])
    assert [number for number, _ in rows] == [2, 3, 4, 5, 6, 7, 10]


@pytest.mark.parametrize("few", [0.0, 1.0])  # both ways to look for them
def test_unfinished_is_what_has_no_result_and_was_not_cut(journal, monkeypatch, few):
    monkeypatch.setattr(libraryview, "_FEW", few)
    journal.add_candidates([candidate("CCO", origin="generator")])
    for smiles in SMILES[:3]:
        record(journal, smiles, number_score(smiles))
    journal.cut(candidate(SMILES[4]).inchikey, "qed", 0.25, "0.25 is below 0.5")
    assert [c.smiles for c in journal.unfinished(["faulty"])] == [SMILES[3], *SMILES[5:]]
    left = [c.smiles for c in journal.unfinished(["faulty", "another"])]
    assert left == [*SMILES[:4], *SMILES[5:]]
    journal.add_cuts([Cut(candidate(SMILES[0]).inchikey, "qed", None, "no")])
    assert journal.cut_molecules() == 2
    assert journal.results_of_cut(["faulty"]) == 1


def test_rows_that_were_refused_come_first_to_last(journal):
    assert [row.row for row in journal.refused_rows(9)] == [8, 9]
    assert [row.row for row in journal.refused_rows(1)] == [8]


def test_failures_are_counted_and_the_first_of_each_kind_given(journal):
    for smiles in SMILES[:4]:
        record(journal, smiles, Failure("convergence", "meanfield", "no"))
    record(journal, SMILES[4], Failure("input", "recipe", "no site"))
    record(journal, SMILES[5], number_score(SMILES[5]))
    record(journal, SMILES[6], Failure("random", "geometry", "no"), recipe="stage")
    found = journal.failed(["faulty"], 2)
    assert [(kind, count, len(listed)) for kind, (count, listed) in found.items()] == [
        ("convergence", 4, 2),
        ("input", 1, 1),
    ]
    first = sorted(candidate(smiles).inchikey for smiles in SMILES[:4])[:2]
    assert [r.candidate.inchikey for r in found["convergence"][1]] == first
    counts = journal.counts(["faulty"])
    assert (counts["scored"], counts["failed"], journal.counts()["failed"]) == (1, 5, 6)
    assert journal.recipes() == ["faulty", "stage"]
    assert journal.scored_ids(["faulty"]) == [6]


def test_results_come_by_page_in_the_order_asked(journal):
    for smiles in SMILES:
        record(journal, smiles, number_score(smiles))
    ids = list(journal.result_ids())
    keys = [r.candidate.inchikey for r in journal.iterate_results()]
    assert keys == sorted(keys)
    assert sorted(ids) == list(range(1, 8))
    back = [r.candidate.inchikey for r in journal.results_by_id(ids[::-1])]
    assert back == keys[::-1]
    assert list(journal.iterate_results(recipes=["another"])) == []


def test_values_are_those_of_molecules_with_every_recipe(journal):
    for number, smiles in enumerate(SMILES[:4]):
        record(journal, smiles, replace(number_score(smiles), value=float(number)), "one")
    record(journal, SMILES[0], replace(number_score("C"), value=9.0), "two")
    sampled = replace(number_score("CC"), value=8.0, standard_error=0.5)
    record(journal, SMILES[1], sampled, "two")
    record(journal, SMILES[2], Failure("input", "recipe", "no"), "two")
    key, other = candidate("C").inchikey, candidate("CC").inchikey
    assert dict(journal.values(["one", "two"])) == {key: (0.0, 9.0)}
    found = dict(journal.values(["two", "one"], sampled=True))
    assert found == {key: (9.0, 0.0), other: (8.0, 1.0)}


def test_the_log_is_read_from_where_one_stood(journal):
    for number in range(4):
        journal.log("run", str(number))
    assert [e.message for e in journal.events(after=2)] == ["2", "3"]
    assert [e.message for e in journal.recent_events(3)] == ["1", "2", "3"]


def test_who_writes_is_known(journal):
    assert runlock.holder(journal.directory) == (os.getpid(), socket.gethostname())
    journal.close()
    assert runlock.holder(journal.directory) is None
    assert runlock.holder(journal.directory / "nowhere") is None
