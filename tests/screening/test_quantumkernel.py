"""The fidelity kernel over molecules, its bandwidth and its place in the process."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from screening.surrogate import SurrogateSettings, bandwidth
from screening.surrogate.gaussianprocess import GaussianProcess
from screening.surrogate.properties import NAMES
from screening.surrogate.quantumkernel import BANDWIDTHS, QuantumKernel
from screening.surrogate.reduceddescriptors import FARTHEST, ReducedDescriptors
from screening.surrogate.summand import Summand

with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    SCORED = [(line["smiles"], float(line["warhead_ea"])) for line in csv.DictReader(file)]
SMILES = [Chem.CanonSmiles(smiles) for smiles, _ in SCORED]
VALUES = np.array([value for _, value in SCORED])
LABELS = (VALUES - VALUES.mean()) / VALUES.std()


def test_reduced_descriptors_are_the_main_axes() -> None:
    reduced = ReducedDescriptors.of(SMILES, 4)
    found = reduced(SMILES)
    assert found.shape == (len(SMILES), 4)
    # none of these is clipped, so that mean, variance and covariance can be read
    assert np.abs(found).max() < FARTHEST
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=1e-9)
    covariance = np.cov(found.T, ddof=0)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-9)
    assert (np.diff(np.diag(covariance)) < 0).all()
    assert np.diag(covariance).mean() == pytest.approx(1.0)


def test_far_molecules_do_not_turn_round_the_circle() -> None:
    reduced = ReducedDescriptors.of(SMILES, 4)
    assert np.abs(reduced(["C" * 200])).max() == FARTHEST


def test_axes_along_which_nothing_differs_are_zero() -> None:
    found = ReducedDescriptors.of(["CCO", "CCCO"], 6)(["CCO", "CCCO", "CCCCO"])
    assert np.isfinite(found).all()
    assert not found[:, 1:].any()
    assert not ReducedDescriptors.of(["CCO"], 3)(["c1ccccc1"]).any()
    with pytest.raises(ValueError, match=f"1 to {len(NAMES)}"):
        ReducedDescriptors.of(["CCO"], len(NAMES) + 1)


def test_the_evidence_is_the_likelihood() -> None:
    """Against the density itself, at the best of a grid over all that was profiled."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(7, 2))
    gram = np.exp(-0.5 * ((x[:, None] - x) ** 2).sum(axis=2))
    y = rng.normal(size=7) + 3
    best = -np.inf
    for noise in bandwidth.NOISES:
        total = gram + noise * np.eye(7)
        inverse = np.linalg.inv(total)
        centre = inverse.sum(axis=0) @ y / inverse.sum()
        amplitude = (y - centre) @ inverse @ (y - centre) / 7
        density = -0.5 * np.linalg.slogdet(2 * np.pi * amplitude * total)[1] - 3.5
        best = max(best, density)
    constant = -3.5 - 3.5 * np.log(2 * np.pi)  # what every kernel has alike
    assert bandwidth.evidence(gram, y) + constant == pytest.approx(best)


def test_the_bandwidth_that_made_the_labels_is_found() -> None:
    rng = np.random.default_rng(4)
    kernel = QuantumKernel(qubits=4)
    reduced = ReducedDescriptors.of(SMILES, 4)
    true = BANDWIDTHS[8]
    gram = kernel.encoding.fidelities(true * reduced(SMILES))
    labels = np.linalg.cholesky(gram + 1e-4 * np.eye(len(gram))) @ rng.normal(size=len(gram))
    found = kernel.fitted(SMILES, labels).bandwidth
    assert abs(BANDWIDTHS.index(found) - 8) <= 1


@pytest.mark.parametrize(("n", "most"), [(2, 300), (300, 300), (301, 300), (1000, 300), (1, 5)])
def test_of_many_labels_some_are_taken_evenly(n: int, most: int) -> None:
    places = bandwidth.spaced(n, most)
    assert len(places) == min(n, most)
    assert places.tolist() == sorted(set(places.tolist()))
    assert (places[0], places[-1]) == (0, n - 1)


def test_it_is_a_summand() -> None:
    kernel: Summand = QuantumKernel(qubits=5).fitted(SMILES, LABELS)
    again = QuantumKernel(qubits=5).fitted(SMILES, LABELS)
    angles = kernel.features(SMILES)
    assert angles.shape == (len(SMILES), 5)
    gram = kernel.covariance(angles, angles)
    np.testing.assert_allclose(np.diag(gram), 1.0, atol=1e-12)
    np.testing.assert_allclose(kernel.covariance(angles[:3], angles), gram[:3], atol=1e-12)
    np.testing.assert_array_equal(again.features(SMILES), angles)
    turned = QuantumKernel(qubits=5).fitted(SMILES[::-1], LABELS[::-1])
    np.testing.assert_array_equal(turned.features(SMILES), angles)
    assert kernel.name == "quantum fidelity"


def test_it_must_be_fitted_first() -> None:
    with pytest.raises(ValueError, match="call fitted first"):
        QuantumKernel().features(["CCO"])
    with pytest.raises(ValueError, match="is not a molecule"):
        QuantumKernel(qubits=2).fitted(SMILES, LABELS).features(["C1CC"])


def test_it_takes_its_share_in_the_process() -> None:
    model = GaussianProcess(SurrogateSettings(quantum_kernel=True))
    model.fit(SMILES[:-10], VALUES[:-10])
    covariance = model.covariance
    shares = dict(zip((k.name for k in covariance.summands), covariance.shares, strict=True))
    assert shares["quantum fidelity"] > 0
    plain = GaussianProcess(SurrogateSettings())
    plain.fit(SMILES[:-10], VALUES[:-10])
    with_kernel, without = model.predict(SMILES[-10:]), plain.predict(SMILES[-10:])
    assert (with_kernel.std > 0).all()
    assert np.abs(with_kernel.mean - without.mean).max() > 1e-6
    assert np.abs(with_kernel.mean - without.mean).max() < VALUES.std()
    (term,) = model.representers()
    np.testing.assert_allclose(
        term.mean(model.molecules(SMILES[-10:])), with_kernel.mean, rtol=1e-9
    )
