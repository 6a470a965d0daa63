"""A map of molecules: alike ones near each other, and always the same."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import pdist, squareform

from molq.report import chemicalspace
from molq.report.chemicalspace import chemical_map
from screening.fingerprint import morgan, similarities

AMIDES = [f"C=CC(=O)N{'C' * n}" for n in range(1, 9)]
ARENES = [f"c1ccc({'C' * n}O)cc1" for n in range(1, 9)]


def test_two_families_lie_apart() -> None:
    found = chemical_map([*AMIDES, *ARENES])
    assert found.method == "tsne"
    apart = np.linalg.norm(found.places[:8].mean(axis=0) - found.places[8:].mean(axis=0))
    within = np.linalg.norm(found.places[:8] - found.places[:8].mean(axis=0), axis=1).mean()
    assert apart > 2 * within
    assert found.trustworthiness is not None
    assert found.trustworthiness > 0.85


def test_the_map_is_the_same_every_time() -> None:
    smiles = [*AMIDES, *ARENES]
    assert_allclose(chemical_map(smiles).places, chemical_map(smiles).places, atol=0, rtol=0)


def test_three_molecules_stand_at_their_tanimoto_distances() -> None:
    smiles = ["C=CC(N)=O", "C=CC(=O)NC", "c1ccccc1"]
    found = chemical_map(smiles)
    prints = [morgan(text) for text in smiles]
    wanted = 1 - np.array([similarities(one, prints) for one in prints])
    assert found.method == "scaling"
    assert_allclose(squareform(pdist(found.places)), wanted, atol=1e-9)  # a triangle is flat


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_few_molecules_have_a_map_too(number: int) -> None:
    found = chemical_map(AMIDES[:number])
    assert found.places.shape == (number, 2)
    assert found.trustworthiness is None


def test_molecules_that_are_all_alike_do_not_stop_it() -> None:
    found = chemical_map(["CCO"] * 20)
    assert np.isfinite(found.places).all()
    assert found.method in chemicalspace.METHODS


def test_what_is_no_smiles_is_refused() -> None:
    with pytest.raises(ValueError, match="not a molecule"):
        chemical_map(["CCO", "C(("])
