"""The shipped priors, and those a user has trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generative.sampling import MotifGenerator


def zinc250k() -> MotifGenerator:
    """The prior trained on ZINC250k; its card lies beside it in ``zinc250k.toml``."""
    return load(_shipped("zinc250k"))


def moses() -> MotifGenerator:
    """The prior trained on the training set of MOSES; its card is ``moses.toml``."""
    return load(_shipped("moses"))


def file_of(name: str) -> Path | None:
    """The file behind a generator's name or path; None when it is no prior of molq."""
    for path in (_shipped(name), Path(name)):
        if path.suffix == ".safetensors" and path.is_file():
            return path
    return None


def _shipped(name: str) -> Path:
    return Path(__file__).parent / f"{name}.safetensors"


def load(path: str | Path) -> MotifGenerator:
    """The generator of a trained prior.

    Raises:
        ValueError: the file is missing, damaged or not a prior of molq.
    """
    from generative import prior
    from generative.sampling import MotifGenerator

    return MotifGenerator(prior.load(Path(path)))
