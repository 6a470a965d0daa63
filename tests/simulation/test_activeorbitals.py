"""Active orbitals in a record: few terms, and still the orbitals."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyscf import gto

from simulation.activeorbitals import LEAST_KEPT, _sparse
from simulation.recipes.recipe import find
from simulation.score import OrbitalSet, Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

QUICK = SimulationSettings(conformers=1, solver="casci")


@pytest.fixture(scope="module")
def score() -> Score:
    return find("warhead-ea").score(Workup("C=CC(N)=O", QUICK, seed=1))


def rebuilt(score: Score, kept: OrbitalSet) -> tuple[gto.Mole, np.ndarray]:
    """PySCF's molecule of a record, and the orbitals with zeros where nothing was kept."""
    atoms = "\n".join(score.provenance.geometry.splitlines()[2:])
    molecule = gto.M(atom=atoms, basis=kept.basis, verbose=0)
    dense = np.zeros((kept.functions, len(kept.orbitals)))
    for column, orbital in enumerate(kept.orbitals):
        dense[list(orbital.functions), column] = orbital.coefficients
    return molecule, dense


def test_the_record_rebuilds_the_orbitals(score: Score) -> None:
    space = score.active_space
    kept = space.natural_orbitals
    molecule, orbitals = rebuilt(score, kept)
    assert kept.basis == dict.fromkeys("CHNO", "6-31g*")
    assert molecule.nao == kept.functions
    overlap = orbitals.T @ molecule.intor("int1e_ovlp") @ orbitals
    assert np.diagonal(overlap) == pytest.approx(1, abs=0.06)
    assert np.abs(overlap - np.diag(np.diagonal(overlap))).max() < 0.08
    assert all(LEAST_KEPT - 1e-4 <= orbital.kept <= 1 for orbital in kept.orbitals)
    # pi: nothing but p and d functions of the four atoms and their neighbour
    shells = {molecule.ao_labels(fmt=None)[f][2][-1] for o in kept.orbitals for f in o.functions}
    assert "s" not in shells


def test_labels_and_occupations_are_those_of_the_space(score: Score) -> None:
    space = score.active_space
    orbitals = space.natural_orbitals.orbitals
    assert [o.label for o in orbitals] == ["HONO-1", "HONO", "LUNO", "LUNO+1"]
    assert [o.occupation for o in orbitals] == pytest.approx(space.natural_occupations, abs=1e-4)
    # an acrylamide's highest occupied natural orbital is the C=C bond, its lowest empty one its pi*
    molecule, dense = rebuilt(score, space.natural_orbitals)
    charges = dense * (molecule.intor("int1e_ovlp") @ dense)
    alkene = [n for n, label in enumerate(molecule.ao_labels(fmt=None)) if label[0] in (0, 1)]
    assert charges[alkene, 1].sum() > 0.8
    assert charges[alkene, 2].sum() > 0.6


def test_they_are_small(score: Score) -> None:
    data = score.to_json()
    written = json.dumps(data["sites"][0]["active_space"]["natural_orbitals"])
    assert len(written) < 500 * 4


def test_a_space_that_occurs_several_times_is_written_once(score: Score) -> None:
    other = replace(score.active_space, planarity=0.5, natural_orbitals=None)
    site = score.sites[0]
    several = replace(score, sites=(site, replace(site, active_space=other), site, site))
    data = json.loads(json.dumps(several.to_json()))
    assert json.dumps(data).count('"LUNO+1"') == 1
    assert data["sites"][0]["active_space"]["natural_orbitals"]["orbitals"]
    assert Score.from_json(data) == several
    bare = replace(score, active_space=None, sites=())
    assert Score.from_json(bare.to_json()) == bare


def test_a_record_from_before_is_read_without_them(score: Score) -> None:
    old = score.to_json()
    for space in (old["active_space"], *(site["active_space"] for site in old["sites"])):
        del space["natural_orbitals"]
    for site in old["sites"]:
        for solution in site["solutions"]:
            del solution["trace"]
    read = Score.from_json(old)
    assert read.active_space == replace(score.active_space, natural_orbitals=None)
    assert read.value == score.value
    assert all(solution.trace is None for solution in read.sites[0].solutions)


@given(seed=st.integers(0, 10_000), width=st.floats(0.5, 4.0))
@settings(max_examples=40, deadline=None)
def test_the_fewest_terms_that_keep_enough(seed: int, width: float) -> None:
    molecule = gto.M(atom="O 0 0 0; H 0 0 0.96; H 0.93 0 -0.24", basis="6-31g", verbose=0)
    overlap = molecule.intor("int1e_ovlp")
    rng = np.random.default_rng(seed)
    orbital = rng.normal(size=molecule.nao) * np.exp(-width * rng.uniform(size=molecule.nao) * 3)
    orbital /= np.sqrt(orbital @ overlap @ orbital)
    found = _sparse(orbital, overlap, "HONO", 2.0)

    def shared(terms: np.ndarray) -> float:
        cut = np.zeros_like(orbital)
        cut[terms] = orbital[terms]
        return float((cut @ overlap @ orbital) ** 2 / (cut @ overlap @ cut))

    assert shared(np.array(found.functions)) == pytest.approx(found.kept, abs=1e-4)
    assert found.kept >= LEAST_KEPT - 1e-4
    assert list(found.functions) == sorted(set(found.functions))
    largest = np.argsort(-np.abs(orbital), kind="stable")
    assert set(found.functions) == set(largest[: len(found.functions)].tolist())
    for fewer in range(1, len(found.functions)):
        assert shared(largest[:fewer]) < LEAST_KEPT


def test_a_broken_bond_has_its_orbitals() -> None:
    score = find("ch-bde").score(Workup("CO", QUICK, seed=1))
    sigma, antibond = score.active_space.natural_orbitals.orbitals
    assert (sigma.label, antibond.label) == ("HONO", "LUNO")
    assert sigma.occupation + antibond.occupation == pytest.approx(2, abs=1e-3)
    assert sigma.occupation > 1.9
