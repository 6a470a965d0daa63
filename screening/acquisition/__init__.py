"""Which molecules to compute next: a batch from proposals and library together."""

from screening.acquisition.choice import check, choose, worth
from screening.acquisition.selection import BatchValue, Choice, Selection
from screening.acquisition.settings import AcquisitionSettings

__all__ = [
    "AcquisitionSettings",
    "BatchValue",
    "Choice",
    "Selection",
    "check",
    "choose",
    "worth",
]
