"""Models that predict a recipe's value, with uncertainty, from the structure alone."""

from screening.surrogate.calibration import Calibration, calibration
from screening.surrogate.settings import SurrogateSettings
from screening.surrogate.surrogate import Prediction, Surrogate, create

__all__ = [
    "Calibration",
    "Prediction",
    "Surrogate",
    "SurrogateSettings",
    "calibration",
    "create",
]
