"""A surrogate's prediction as a sum: a baseline, the atoms, the molecule as a whole.

The Gaussian process's mean is taken apart exactly (``shapley``): what a molecule that
resembles none of the known ones would get, what each atom's substructures add to it, and
what each property of the whole molecule adds against the average of the known ones. The
other models are asked what each atom is worth by covering it (``occlusion``); such
differences do not add up, and what is left is stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from screening.explanation import occlusion, shapley
from screening.explanation.environments import environments, on_atoms
from screening.intake.standardise import molecule
from screening.surrogate import Surrogate
from screening.surrogate.conformal import Calibrated
from screening.surrogate.countprints import row
from screening.surrogate.gaussianprocess import GaussianProcess
from screening.surrogate.properties import NAMES, values
from screening.surrogate.sumkernel import MEAN_VARIANCE
from screening.surrogate.summand import Summand
from screening.surrogate.trend import Trend

Method = Literal["aumann-shapley", "occlusion"]

TOLERANCE = 1e-6  # of the sum against the prediction, as a share of the largest number in it
TOGETHER = "atoms together"  # what the atoms, each covered alone, leave unexplained


@dataclass(frozen=True)
class Part:
    """What something about the whole molecule adds."""

    name: str
    share: float  # in the prediction's unit


@dataclass(frozen=True)
class Attribution:
    """A prediction that is the sum of its parts, all in its unit."""

    smiles: str
    method: Method
    prediction: float  # the surrogate's mean
    baseline: float  # before anything is known of this molecule
    atoms: NDArray[np.float64]  # shape: (heavy atoms,), in the order of the SMILES
    whole: tuple[Part, ...]  # of the molecule as a whole, the largest first

    def __post_init__(self) -> None:
        size = max(
            1.0, abs(self.prediction), abs(self.baseline), float(np.abs(self.atoms).sum()),
            sum(abs(part.share) for part in self.whole),
        )  # fmt: skip
        if not abs(self.gap) <= TOLERANCE * size:
            raise ValueError(
                f"{self.smiles}: the parts of the prediction sum to {self.total:.9g}, and it is "
                f"{self.prediction:.9g}; the surrogate is not the one that was taken apart"
            )

    @property
    def total(self) -> float:
        """The sum of baseline, atoms and whole."""
        return self.baseline + float(self.atoms.sum()) + sum(part.share for part in self.whole)

    @property
    def gap(self) -> float:
        """What the sum misses of the prediction: rounding."""
        return self.prediction - self.total


def attribution(surrogate: Surrogate, smiles: str) -> Attribution:
    """Take a prediction apart.

    Args:
        surrogate: fitted.
        smiles: of one molecule.

    Raises:
        ValueError: not fitted, the SMILES is not valid, or the parts do not sum to the
            prediction within ``TOLERANCE``.
    """
    model = surrogate
    while isinstance(model, Calibrated):  # it corrects deviations, not means
        model = model.surrogate
    prediction = float(surrogate.predict([smiles]).mean[0])
    if isinstance(model, GaussianProcess):
        return _of_process(model, smiles, prediction)
    covered = occlusion.covered(smiles)
    everything = surrogate.predict(covered).mean
    atoms = prediction - everything[1:]
    baseline = float(everything[0])
    together = prediction - baseline - float(atoms.sum())
    return Attribution(
        smiles, "occlusion", prediction, baseline, atoms, (Part(TOGETHER, together),)
    )


def _of_process(process: GaussianProcess, smiles: str, prediction: float) -> Attribution:
    baseline, atoms = 0.0, np.zeros(molecule(smiles).GetNumAtoms())
    whole: dict[str, float] = {}
    places = environments(smiles)
    for term in process.representers():
        covariance, known = term.covariance, term.molecules
        coefficients = term.spread * term.weights
        counted = shapley.of_counts(row(smiles), known.prints, coefficients, covariance.weights)
        natural = shapley.of_properties(
            values(smiles),
            known.properties.mean(axis=0),
            known.properties,
            covariance.properties * coefficients,
            covariance.lengths,
        )
        constant = term.offset + MEAN_VARIANCE * float(coefficients.sum())
        baseline += constant + counted.reference + natural.reference
        atoms += on_atoms(counted.parts, places, len(atoms))
        for name, share in zip(NAMES, natural.parts, strict=True):
            whole[name] = whole.get(name, 0.0) + float(share)
        for kernel, weight, extra in zip(
            covariance.summands, covariance.shares, known.extra, strict=True
        ):
            reference, added = _of_summand(kernel, smiles, extra, float(weight) * coefficients)
            baseline += reference
            for name, share in added.items():
                whole[name] = whole.get(name, 0.0) + share
    parts = sorted(
        (Part(name, share) for name, share in whole.items()), key=lambda part: -abs(part.share)
    )
    return Attribution(smiles, "aumann-shapley", prediction, baseline, atoms, tuple(parts))


def _of_summand(
    kernel: Summand,
    smiles: str,
    known: NDArray[np.float64],
    coefficients: NDArray[np.float64],
) -> tuple[float, dict[str, float]]:
    """What a further kernel gives the average of the known molecules, and adds to that.

    A trend over the properties adds by property; any other kernel as a whole.
    """
    own = kernel.features([smiles])
    middle = known.mean(axis=0)
    if isinstance(kernel, Trend) and kernel.describe is values and not kernel.whitened:
        found = shapley.of_properties(own[0], middle, known, coefficients, np.ones(len(middle)))
        return found.reference, dict(zip(NAMES, found.parts.tolist(), strict=True))
    ends = kernel.covariance(np.stack([middle, own[0]]), known) @ coefficients
    return float(ends[0]), {kernel.name: float(ends[1] - ends[0])}
