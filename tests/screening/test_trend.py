"""Broad kernels over descriptors."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors

from screening.surrogate import properties
from screening.surrogate.gaussianprocess import GaussianProcess
from screening.surrogate.settings import SurrogateSettings
from screening.surrogate.summand import Summand
from screening.surrogate.trend import WIDTH, Trend, described, trends

# alcohols, ethers and amines of growing size
SMILES = [
    Chem.CanonSmiles(f"{'C' * a}{x}{'C' * b}")
    for a in range(1, 7)
    for b in range(a)
    for x in ("O", "N", "S", "C(F)")
]
LABELS = np.linspace(-1, 1, len(SMILES))


@pytest.fixture(scope="module", params=[0, 1], ids=["properties", "descriptors"])
def trend(request: pytest.FixtureRequest) -> Trend:
    kernel = trends("descriptors")[request.param]
    return kernel.fitted(SMILES, LABELS)


def test_descriptors_are_those_of_the_toolkit() -> None:
    found = described("CCOc1ccccc1")
    mol = Chem.MolFromSmiles("CCOc1ccccc1")
    np.testing.assert_allclose(
        found[: len(properties.NAMES)], properties.values("CCOc1ccccc1"), rtol=1e-6
    )
    # the twelfth molecular quantum number
    assert found[len(properties.NAMES) + 11] == Descriptors.HeavyAtomCount(mol)
    assert np.isfinite(described("[Na+].[Cl-]")).all()
    with pytest.raises(ValueError, match="C1CC"):
        described("C1CC")


def test_it_is_a_summand(trend: Trend) -> None:
    kernel: Summand = trend
    points = kernel.features(SMILES)
    covariance = kernel.covariance(points, points)
    np.testing.assert_allclose(np.diag(covariance), 1.0, rtol=1e-12)
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-12)
    assert np.linalg.eigvalsh(covariance).min() > -1e-10
    assert kernel.features([]).shape == (0, points.shape[1])


def test_it_is_wide_against_the_labelled_molecules(trend: Trend) -> None:
    points = trend.features(SMILES)
    assert np.sqrt((points**2).sum(axis=1).mean()) == pytest.approx(1 / WIDTH)


def test_the_order_of_the_labels_does_not_count(trend: Trend) -> None:
    again = trend.fitted(SMILES[::-1], LABELS[::-1])
    np.testing.assert_array_equal(again.features(SMILES), trend.features(SMILES))


def test_correlations_are_taken_out() -> None:
    """Methylene by methylene nearly every descriptor grows; whitened, that is one axis of many."""
    plain, whitened = (
        Trend("test", described, whitened=is_white).fitted(SMILES, LABELS).features(SMILES)
        for is_white in (False, True)
    )
    shares = []
    for points in (plain, whitened):
        sizes = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2
        shares.append(sizes[0] / sizes.sum())
    assert shares[0] > 0.3
    assert shares[1] < 0.5 * shares[0]


def test_equal_molecules_have_no_direction() -> None:
    kernel = Trend("test", described, whitened=True).fitted(["CCO", "CCO"], np.zeros(2))
    points = kernel.features(["CCO", "CCCCN"])
    assert np.isfinite(points).all()
    np.testing.assert_allclose(kernel.covariance(points, points), 1.0)


def test_properties_that_are_known_are_not_made_again() -> None:
    kernel = trends("properties")[0].fitted(SMILES, LABELS)
    raw = np.array([properties.values(smiles) for smiles in SMILES])
    assert kernel.takes_properties
    np.testing.assert_allclose(kernel.points(raw), kernel.features(SMILES), rtol=1e-12)


def test_settings_name_the_kernels() -> None:
    names = {}
    for which in ("none", "properties", "descriptors"):
        process = GaussianProcess(SurrogateSettings(trend=which))
        process.fit(SMILES, LABELS)
        names[which] = [kernel.name for kernel in process.covariance.summands]
    assert names == {
        "none": [],
        "properties": ["trend over properties"],
        "descriptors": ["trend over properties", "trend over descriptors"],
    }


def test_it_must_be_fitted_first() -> None:
    with pytest.raises(ValueError, match="no axes yet; call fitted first"):
        trends("properties")[0].features(SMILES)


def test_a_trend_goes_on_beyond_the_labels(trend: Trend) -> None:
    """Molar refractivity, labelled up to five carbons on a side, carried on to six."""
    place = properties.NAMES.index("molar refractivity")
    values = np.array([properties.values(smiles)[place] for smiles in SMILES])
    largest = values > np.quantile(values, 0.8)
    kernel = trend.fitted([s for s, far in zip(SMILES, largest, strict=True) if not far], LABELS)
    points = kernel.features(SMILES)
    known, far = points[~largest], points[largest]
    mean = values[~largest].mean()
    weights = np.linalg.solve(
        kernel.covariance(known, known) + 1e-4 * np.eye(len(known)), values[~largest] - mean
    )
    found = mean + kernel.covariance(far, known) @ weights
    # they lie above every label, and are foreseen there
    assert found.mean() > values[~largest].max()
    assert np.abs(found - values[largest]).max() < 0.4 * (values[largest].max() - mean)


def test_the_process_takes_it(trend: Trend) -> None:
    process = GaussianProcess(summands=(trend,))
    process.fit(SMILES, LABELS)
    assert process.covariance.shares.shape == (1,)
    assert process.predict(SMILES[:3]).std.shape == (3,)
