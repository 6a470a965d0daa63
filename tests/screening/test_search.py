import math

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from generative import weights
from generative.edits import Pieces
from screening.search import Search, SearchSettings

MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2)
PARACETAMOL = MORGAN.GetSparseCountFingerprint(Chem.MolFromSmiles("CC(=O)Nc1ccc(O)cc1"))
QUICK = SearchSettings(
    start=20, reservoir=60, generations=2, offspring=30, carried=20, taught_every=0
)


def similarity(smiles):
    return DataStructs.TanimotoSimilarity(
        PARACETAMOL, MORGAN.GetSparseCountFingerprint(Chem.MolFromSmiles(smiles))
    )


@pytest.fixture(scope="module")
def prior():
    return weights.zinc250k()


def search(prior, settings=QUICK, seed=3):
    return Search(prior, seed=seed, pieces=Pieces.of(prior.prior.vocabulary), settings=settings)


def driven(model, n, objective):
    asked = []
    while len(asked) < n:
        molecules = model.ask(min(model.batch, n - len(asked)))
        model.tell(molecules, [objective(smiles) for smiles in molecules])
        asked += molecules
    return asked


def test_it_finds_far_better_molecules_than_the_prior_at_equal_calls(prior):
    asked = driven(search(prior), 80, similarity)
    assert len(set(asked)) == 80
    assert all(Chem.MolFromSmiles(smiles) is not None for smiles in asked)
    random = [similarity(smiles) for smiles in prior.sample(80, seed=3)]
    found = sorted(map(similarity, asked))
    assert np.mean(found[-10:]) > np.mean(sorted(random)[-10:]) + 0.15


def test_the_same_seed_and_values_give_the_same_molecules(prior):
    first = driven(search(prior), 35, similarity)
    assert first == driven(search(prior), 35, similarity)
    assert first != driven(search(prior, seed=4), 35, similarity)


def test_without_a_difference_it_goes_on_sampling_the_prior(prior):
    model = search(prior)
    asked = driven(model, 90, lambda smiles: 0.0)
    assert len(set(asked)) == 90
    assert model.values == dict.fromkeys(asked, 0.0)


def test_what_it_does_depends_on_the_values_told_not_on_those_to_come(prior):
    short, long = search(prior), search(prior)
    assert driven(short, 30, similarity) == driven(long, 40, similarity)[:30]


def test_few_labels_are_kept_when_there_are_many(prior):
    settings = SearchSettings(
        start=20,
        reservoir=60,
        generations=1,
        offspring=20,
        taught_every=0,
        most_labels=45,
        thinned_to=40,
        learnt_from=30,
    )
    asked = driven(search(prior, settings), 70, similarity)
    assert len(set(asked)) == 70


def test_a_known_start_is_told_before_the_first_question(prior):
    model = search(prior)
    known = prior.sample(25, seed=9)
    model.tell(known, [similarity(smiles) for smiles in known])
    assert not set(model.ask(5)) & set(known)


def test_values_that_are_no_numbers_are_refused(prior):
    model = search(prior)
    with pytest.raises(ValueError, match="not finite"):
        model.tell(["CCO"], [math.nan])
    with pytest.raises(ValueError, match="2 molecules but 1 values"):
        model.tell(["CCO", "CCN"], [0.1])
