import math

import numpy as np
import pytest

from screening.surrogate.calibration import calibration, miscalibration_area
from screening.surrogate.surrogate import Prediction


def test_what_is_normal_is_calibrated():
    random = np.random.default_rng(0)
    std = random.uniform(0.1, 3, size=20_000)
    judged = calibration(Prediction(np.zeros(20_000), std), std * random.standard_normal(20_000))
    assert judged.coverage_95 == pytest.approx(0.95, abs=0.005)
    assert judged.within_one_std == pytest.approx(0.6827, abs=0.01)
    assert judged.within_two_std == pytest.approx(0.9545, abs=0.005)
    assert judged.miscalibration < 0.01
    assert judged.error_vs_std > 0.4
    assert judged.bias == pytest.approx(0, abs=0.03)


def test_figures_of_three_predictions_by_hand():
    judged = calibration(
        Prediction(np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 2.0])), [1.0, 3.5, 6.0]
    )
    assert judged.n == 3
    assert judged.rmse == pytest.approx(math.sqrt((0 + 1.5**2 + 3**2) / 3))
    assert judged.bias == pytest.approx(1.5)
    assert judged.within_one_std == pytest.approx(1 / 3)
    assert judged.within_two_std == 1
    assert judged.coverage_95 == 1
    assert judged.spearman == pytest.approx(1)
    assert judged.error_vs_std == pytest.approx(1)
    z = np.array([0, 1.5, 1.5])
    density = 0.5 * z**2 + np.log([0.5, 1, 2]) + 0.5 * math.log(2 * math.pi)
    assert judged.nlpd == pytest.approx(density.mean())


def test_miscalibration_is_an_area():
    assert miscalibration_area([0.0] * 5) == pytest.approx(0.5)
    assert miscalibration_area([1e9] * 5) == pytest.approx(0.5)
    # one error at the median: the curve steps from 0 to 1 at 0.5
    assert miscalibration_area([0.6744898]) == pytest.approx(0.25)
    # within levels 0.25 and 0.75 of the two errors: four triangles
    z = [0.3186394, 1.1503494]
    assert miscalibration_area(z) == pytest.approx(0.125, abs=1e-6)
    random = np.random.default_rng(1).standard_normal(5000)
    assert miscalibration_area(random) < miscalibration_area(2 * random)
    assert miscalibration_area(2 * random) == pytest.approx(
        np.mean([abs(np.mean(abs(2 * random) < q) - p) for p, q in _levels()]), abs=0.003
    )


def _levels():
    from statistics import NormalDist

    for p in np.linspace(0.0005, 0.9995, 1000):
        yield p, NormalDist().inv_cdf(0.5 + p / 2)


def test_a_constant_has_no_rank():
    judged = calibration(Prediction(np.zeros(3), np.ones(3)), [1.0, 2.0, 3.0])
    assert math.isnan(judged.spearman)
    assert math.isnan(judged.error_vs_std)


@pytest.mark.parametrize(
    ("std", "values", "why"),
    [
        ([1.0, 1.0], [1.0], "one value for each"),
        ([1.0, 0.0], [1.0, 1.0], "not positive"),
    ],
)
def test_what_cannot_be_judged_is_refused(std, values, why):
    with pytest.raises(ValueError, match=why):
        calibration(Prediction(np.zeros(2), np.array(std)), values)
