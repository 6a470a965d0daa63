"""Predictions of several properties at once, features and similarities shared.

Recipes score the same molecules, so their processes stand on the same labelled ones, and a
molecule's similarities to these are found once for all of them: what differs between the
processes, the weights of the fingerprints, costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from screening.surrogate.conformal import Calibrated
from screening.surrogate.countprints import Index
from screening.surrogate.gaussianprocess import CHUNK, GaussianProcess
from screening.surrogate.sumkernel import Molecules
from screening.surrogate.surrogate import Prediction, Surrogate


def predictions(models: Mapping[str, Surrogate], smiles: Sequence[str]) -> dict[str, Prediction]:
    """What each model predicts, as its own ``predict`` does.

    Streamed: memory beside the result does not grow with the number of molecules. Models
    other than Gaussian processes share nothing but the cache of features.

    Args:
        models: fitted, by name.
        smiles: canonical.

    Raises:
        ValueError: one is not fitted yet, or a SMILES is not valid.
    """
    parts: dict[str, list[Prediction]] = {name: [] for name in models}
    bare = {n: m.surrogate if isinstance(m, Calibrated) else m for n, m in models.items()}
    processes = {n: m for n, m in bare.items() if isinstance(m, GaussianProcess)}
    groups = _groups(processes)
    for start in range(0, max(1, len(smiles)), CHUNK):
        some = smiles[start : start + CHUNK]
        shared: Molecules | None = None
        alike: dict[tuple[str, int], NDArray[np.float64]] = {}
        for name, model in bare.items():
            if not isinstance(model, GaussianProcess):
                parts[name].append(model.predict(some))
                continue
            if shared is None:
                shared = replace(model.molecules(some), extra=())
                alike = _similarities(processes, groups, shared)
            posterior = model.posterior
            own = model.molecules(some) if model.summands else shared
            outlook = posterior.outlook(own, [alike[name, t] for t in range(len(posterior.terms))])
            std = np.sqrt(outlook.variance + posterior.noise)
            parts[name].append(Prediction(outlook.mean, std))
    joined = {
        name: Prediction(
            np.concatenate([part.mean for part in found]),
            np.concatenate([part.std for part in found]),
        )
        for name, found in parts.items()
    }
    return {
        name: model.conformal.corrected(joined[name])
        if isinstance(model, Calibrated)
        else joined[name]
        for name, model in models.items()
    }


def _groups(processes: Mapping[str, GaussianProcess]) -> list[list[tuple[str, int]]]:
    """Terms of the models that stand on the same molecules."""
    found: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for name, model in processes.items():
        for place, term in enumerate(model.posterior.terms):
            found.setdefault(term.smiles, []).append((name, place))
    return list(found.values())


def _similarities(
    processes: Mapping[str, GaussianProcess],
    groups: Sequence[Sequence[tuple[str, int]]],
    molecules: Molecules,
) -> dict[tuple[str, int], NDArray[np.float64]]:
    """The fingerprints' part of each term's covariance."""
    found: dict[tuple[str, int], NDArray[np.float64]] = {}
    for group in groups:
        terms = [processes[name].posterior.terms[place].posterior for name, place in group]
        index: Index = terms[0].index
        weights = np.stack([term.covariance.weights for term in terms])
        found.update(zip(group, index.each_combined(molecules.prints, weights), strict=True))
    return found
