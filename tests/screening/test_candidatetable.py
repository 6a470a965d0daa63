"""A table of molecules is the molecules it was made of."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from screening.campaign.candidatetable import CandidateTable
from screening.candidate import Candidate

_texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=8)
_keys = st.sampled_from([f"KEY{letter}" for letter in "ABCDE"])
_library = st.builds(
    Candidate, _keys, st.sampled_from(["C", "CC", "CCO"]), _texts, st.just("library"),
    st.none() | st.integers(1, 2**40),
)  # fmt: skip
_made = st.builds(
    Candidate, _keys, st.sampled_from(["C", "CC", "CCO"]), st.just(""), st.just("generator"),
    st.none(), st.sampled_from(["prior", "mutation"]), st.just(("CCO",)),
)  # fmt: skip
_molecules = st.lists(_library | _made, max_size=12)


@given(_molecules)
def test_it_gives_back_what_it_was_made_of(molecules):
    table = CandidateTable.of(iter(molecules))
    assert list(table) == molecules
    assert [table[i] for i in range(len(table))] == molecules
    assert list(table[1:4]) == molecules[1:4]
    assert list(table.proposed) == [c.origin == "generator" for c in molecules]
    rows = np.arange(len(molecules))[::-2]
    assert list(table.take(rows)) == molecules[::-2]
    assert CandidateTable.of(table) is table


@given(_molecules, st.sets(_keys))
def test_a_part_is_what_a_list_would_leave(molecules, taken):
    table = CandidateTable.of(molecules).without(taken)
    assert list(table) == [c for c in molecules if c.inchikey not in taken]


@given(_molecules)
def test_each_molecule_once_the_librarys_first(molecules):
    first = {}
    for c in sorted(molecules, key=lambda c: (c.inchikey, c.origin != "library", c.smiles)):
        first.setdefault(c.inchikey, c)
    found = list(CandidateTable.of(molecules).distinct())
    assert [c.inchikey for c in found] == list(first)
    assert [(c.origin, c.smiles) for c in found] == [(c.origin, c.smiles) for c in first.values()]
