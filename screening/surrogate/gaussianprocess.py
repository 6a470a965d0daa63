"""The Gaussian process over a sum of kernels as a surrogate.

Exact (Rasmussen and Williams 2006, algorithm 2.1) up to a few thousand labels, with deviations
through inducing molecules beyond (``inducing``). Cheap values of the same molecules may join as
lower fidelities (``multifidelity``): they do where they would have foretold the labels
better than the process without them, each label left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from screening.surrogate import hyperparameters, multifidelity, sumkernel
from screening.surrogate.featurestore import FeatureStore
from screening.surrogate.inducing import InducingPosterior
from screening.surrogate.multifidelity import Levels
from screening.surrogate.regression import Scale, joint_draws
from screening.surrogate.settings import SurrogateSettings
from screening.surrogate.sumkernel import Molecules, Posterior, SumCovariance
from screening.surrogate.summand import Summand
from screening.surrogate.summedposterior import Representers, SummedPosterior, Term
from screening.surrogate.surrogate import Prediction, fitted, further, labelled
from screening.surrogate.trend import trends

JOINT_LIMIT = 3000  # molecules drawn jointly; of more, each is drawn from its marginal
LEARNT_FROM = 1000  # newest labels the hyper-parameters are learnt from
CHUNK = 1024  # molecules whose covariance with the training set is held at a time


class GaussianProcess:
    """Implements ``Surrogate``; with few or equal labels the hyper-parameters stay as they are."""

    def __init__(
        self,
        settings: SurrogateSettings | None = None,
        *,
        summands: Sequence[Summand] | None = None,
        store: FeatureStore | None = None,
    ) -> None:
        """A new, unfitted process.

        Args:
            settings: of the fit.
            summands: kernels that join the sum; None for those that the settings name.
            store: where features are kept; None for a cache in memory.
        """
        self.settings = settings or SurrogateSettings()
        self._untuned = tuple(summands) if summands is not None else _named(self.settings)
        self._store = store
        self._summands: tuple[Summand, ...] = ()  # tuned
        self._posterior: SummedPosterior | None = None
        self._left: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._given: NDArray[np.int64] = np.empty(0, dtype=np.int64)  # places in the fit
        self._fidelities: tuple[str, ...] = ()

    @property
    def fidelities(self) -> tuple[str, ...]:
        """Names of the cheap values that the fit uses, the lowest level first."""
        return self._fidelities

    @property
    def summands(self) -> tuple[Summand, ...]:
        """Further kernels in use, tuned."""
        return self._summands

    @property
    def posterior(self) -> SummedPosterior:
        """The process conditioned on the labels.

        Raises:
            ValueError: not fitted yet.
        """
        return self._fitted()

    @property
    def covariance(self) -> SumCovariance:
        """Hyper-parameters of the level of the values; without fidelities, of all there is.

        Raises:
            ValueError: not fitted yet.
        """
        return self._fitted().terms[-1].posterior.covariance

    def fit(
        self,
        smiles: Sequence[str],
        values: ArrayLike,
        *,
        fidelities: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        """Learn from labelled molecules; see ``Surrogate.fit``.

        Raises:
            ValueError: no label, another number of values, one infinite, or a fidelity that
                is not one number or nan for each molecule.
        """
        _, _, places = labelled(smiles, values)
        settings = self.settings
        all_values = np.asarray(values, dtype=np.float64)
        cheap, names = multifidelity.helpful(fidelities or {}, all_values, settings.min_labels)
        taken = np.zeros(len(smiles), dtype=bool)
        taken[places[-settings.max_labels :]] = True
        for name in names:
            taken |= ~np.isnan(cheap[name])
        # in one order, so that sums round alike in whatever order the labels came; those
        # without a value of their own last
        by = np.nan_to_num(all_values, nan=np.inf)
        order = np.array(
            sorted(np.flatnonzero(taken), key=lambda i: (smiles[i], by[i])), dtype=np.int64
        )
        texts = tuple(smiles[i] for i in order)
        newest = places[-min(LEARNT_FROM, settings.max_labels) :]
        labels = Scale.of(all_values[newest]).standardised(all_values[newest])
        if len(newest) >= settings.min_labels:
            self._summands = tuple(
                kernel.fitted([smiles[i] for i in newest], labels) for kernel in self._untuned
            )
        else:
            self._summands = ()
        molecules = self._molecules(texts)
        trainer = _Trainer(settings, molecules, texts, order, self._summands)
        ordered = all_values[order]
        rows = np.flatnonzero(~np.isnan(ordered))
        y = ordered[rows]
        self._left, self._fidelities = None, ()
        if not names:
            term, _ = trainer.conditioned(trainer.learnt(rows, y)[0], rows, y)
            self._posterior = SummedPosterior((term,))
        else:
            plain = Levels.lowest(trainer, molecules, rows, y)
            levels = multifidelity.chain(
                trainer, molecules, [cheap[name][order] for name in names], rows, y
            )
            # molecules with a cheap value alone are foretold from it, all others without
            informed = 1 - len(rows) / len(order)
            if levels.density(rows, y, informed) > plain.density(rows, y, informed):
                self._fidelities = tuple(names)
            else:
                levels = plain
            self._posterior = levels.posterior
            self._left = levels.mean[rows], levels.variance[rows]
        self._given = np.argsort(order[rows])

    def predict(self, smiles: Sequence[str]) -> Prediction:
        """Mean and standard deviation of new values; see ``Surrogate.predict``.

        Streamed: memory beside the result does not grow with the number of molecules.
        """
        mean, variance = self._marginals(smiles)
        return Prediction(mean, np.sqrt(variance + self._fitted().noise))

    def sample(self, smiles: Sequence[str], n: int, seed: int) -> NDArray[np.float64]:
        """Draws of the noise-free values; see ``Surrogate.sample``.

        Joint up to JOINT_LIMIT molecules; beyond, each is drawn from its marginal.
        """
        posterior = self._fitted()
        draws = np.random.default_rng(seed).standard_normal((n, len(smiles)))
        if len(smiles) == 0:
            return draws
        if len(smiles) > JOINT_LIMIT:
            mean, variance = self._marginals(smiles)
            return np.asarray(mean + np.sqrt(variance) * draws)
        mean, covariance = self.joint(smiles)
        return joint_draws(mean, covariance, draws, size=posterior.prior_variance)

    def joint(self, smiles: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and covariance of the noise-free values.

        Returns:
            shapes (molecules,) and (molecules, molecules), in the labels' unit and its square.

        Raises:
            ValueError: not fitted yet, or a SMILES is not valid.
        """
        posterior = self._fitted()
        outlook = posterior.outlook(self.molecules(smiles))
        return outlook.mean, posterior.joint(outlook)

    def leave_one_out(self) -> Prediction:
        """Each label of the fit predicted from all others, in the order given.

        Hyper-parameters, and inducing molecules, are kept. Of more than ``max_labels`` labels
        only the newest, which the fit took.

        Raises:
            ValueError: not fitted yet.
        """
        mean, variance = self._left or self._fitted().terms[-1].posterior.left_out()
        return Prediction(mean[self._given], np.sqrt(variance[self._given]))

    def conditioned(self, smiles: Sequence[str], values: ArrayLike) -> GaussianProcess:
        """Further values with the hyper-parameters kept; see ``Surrogate.conditioned``."""
        posterior = self._fitted()
        y = further(smiles, values)
        other = GaussianProcess(self.settings, summands=self._untuned, store=self._store)
        other._summands, other._fidelities = self._summands, self._fidelities
        other._left, other._given = self._left, self._given
        other._posterior = posterior
        if len(smiles):
            molecules = self.molecules(smiles)
            other._posterior = posterior.knowing(molecules, smiles, y)
        return other

    def representers(self) -> tuple[Representers, ...]:
        """The mean as sums over molecules, for explaining it.

        One term ordinarily, one for each level where fidelities are used; the means of the
        terms sum up to the prediction.

        Raises:
            ValueError: not fitted yet.
        """
        return self._fitted().representers()

    def molecules(self, smiles: Sequence[str]) -> Molecules:
        """What the kernels see of molecules.

        Raises:
            ValueError: not fitted yet, or a SMILES is not valid.
        """
        self._fitted()
        return self._molecules(smiles)

    def _molecules(self, smiles: Sequence[str]) -> Molecules:
        return sumkernel.molecules_of(smiles, self._summands, self._store)

    def _fitted(self) -> SummedPosterior:
        return fitted(self._posterior)

    def _marginals(self, smiles: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and noise-free variance in the labels' unit, shape (molecules,) each."""
        posterior = self._fitted()
        mean, variance = np.empty(len(smiles)), np.empty(len(smiles))
        for start in range(0, len(smiles), CHUNK):
            part = slice(start, start + CHUNK)
            molecules = self.molecules(smiles[part])
            outlook = posterior.outlook(molecules)
            mean[part], variance[part] = outlook.mean, outlook.variance
        return mean, variance


@dataclass(frozen=True)
class _Trainer:
    """Fits one level; see ``multifidelity.Trainer``."""

    settings: SurrogateSettings
    molecules: Molecules
    smiles: tuple[str, ...]
    age: NDArray[np.int64]  # shape: (molecules,); when each label came
    summands: tuple[Summand, ...]

    def learnt(
        self,
        rows: NDArray[np.int64],
        values: NDArray[np.float64],
        variances: NDArray[np.float64] | None = None,
    ) -> tuple[SumCovariance, NDArray[np.int64]]:
        part = self._newest(rows, LEARNT_FROM)
        some, y = self.molecules[rows[part]], values[part]
        all_molecules = self.molecules[rows[self._newest(rows, self.settings.max_labels)]]
        width = hyperparameters.widths(all_molecules.properties)
        covariance = hyperparameters.prior(width, self.summands)
        few = len(rows) < self.settings.min_labels
        if few or np.ptp(values) <= 1e-12 * max(1.0, abs(values.mean())):
            return covariance, part
        scale = Scale.of(y)
        covariance = hyperparameters.learn(
            some,
            scale.standardised(y),
            covariance,
            noise_floor=self.settings.noise_floor,
            amplitude=None,
            variances=None if variances is None else variances[part] / scale.spread**2,
        )
        return covariance, part

    def conditioned(
        self,
        covariance: SumCovariance,
        rows: NDArray[np.int64],
        values: NDArray[np.float64],
        variances: NDArray[np.float64] | None = None,
    ) -> tuple[Term, NDArray[np.int64]]:
        kept = self._newest(rows, self.settings.max_labels)
        known, y = self.molecules[rows[kept]], values[kept]
        errors = None if variances is None else variances[kept]
        names = tuple(self.smiles[i] for i in rows[kept])
        if len(kept) <= self.settings.exact_labels:
            return Term(1.0, Posterior.of(covariance, known, y, errors), names), kept
        inducing = InducingPosterior.of(covariance, known, y, self.settings.inducing, errors)
        return Term(1.0, inducing, names), kept

    def _newest(self, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        """Places among ``rows`` of the newest, in the order of ``rows``."""
        if len(rows) <= most:
            return np.arange(len(rows))
        return np.sort(np.argsort(self.age[rows])[-most:])


def _named(settings: SurrogateSettings) -> tuple[Summand, ...]:
    kernels: tuple[Summand, ...] = trends(settings.trend)
    if settings.quantum_kernel:
        from screening.surrogate.quantumkernel import QuantumKernel

        kernels = (*kernels, QuantumKernel())
    return kernels
