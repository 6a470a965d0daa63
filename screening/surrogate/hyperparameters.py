"""Learning the covariance's hyper-parameters by maximum a posteriori likelihood."""

from __future__ import annotations

import math

import gpytorch
import numpy as np
import torch
from botorch.models.gpytorch import GPyTorchModel
from botorch.optim.core import OptimizationStatus
from botorch.optim.fit import fit_gpytorch_mll_scipy
from gpytorch.constraints import GreaterThan
from gpytorch.distributions import MultivariateNormal
from gpytorch.kernels import Kernel, ScaleKernel
from gpytorch.priors import LogNormalPrior
from linear_operator import to_linear_operator
from numpy.typing import NDArray

from screening.surrogate.kernels import PRIOR, Covariance

_MAX_ITERATIONS = 100


class _TableKernel(Kernel):
    """A covariance looked up by row number, since it has nothing to learn."""

    table: torch.Tensor

    def __init__(self, table: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("table", table)

    def forward(
        self, x1: torch.Tensor, x2: torch.Tensor, diag: bool = False, **_: object
    ) -> torch.Tensor:
        rows, columns = x1[..., 0].long(), x2[..., 0].long()
        return self.table[rows, columns] if diag else self.table[rows][:, columns]


class _DistanceKernel(_TableKernel):
    """Squared exponential on distances looked up by row number."""

    has_lengthscale = True

    def forward(
        self, x1: torch.Tensor, x2: torch.Tensor, diag: bool = False, **_: object
    ) -> torch.Tensor:
        squared = super().forward(x1, x2, diag=diag)
        scale = self.lengthscale.squeeze()
        return torch.exp(-0.5 * squared / scale**2)


class _Model(gpytorch.models.ExactGP, GPyTorchModel):
    """Zero mean, since the labels are standardised, and the sum of the two kernels."""

    def __init__(
        self,
        rows: torch.Tensor,
        labels: torch.Tensor,
        likelihood: gpytorch.likelihoods.GaussianLikelihood,
        similarity: torch.Tensor,
        distance: torch.Tensor,
    ) -> None:
        super().__init__(rows, labels, likelihood)
        self.mean_module = gpytorch.means.ZeroMean()
        self.structure = ScaleKernel(
            _TableKernel(similarity), outputscale_prior=_around(PRIOR.minmax, 1.0)
        )
        self.smooth = ScaleKernel(
            _DistanceKernel(distance), outputscale_prior=_around(PRIOR.descriptors, 1.0)
        )
        self.smooth.base_kernel.register_prior(
            "lengthscale_prior", _around(PRIOR.lengthscale, 0.7), "lengthscale"
        )
        self.structure.outputscale = PRIOR.minmax
        self.smooth.outputscale = PRIOR.descriptors
        self.smooth.base_kernel.lengthscale = PRIOR.lengthscale

    def forward(self, rows: torch.Tensor) -> MultivariateNormal:
        covariance = self.structure(rows).to_dense() + self.smooth(rows).to_dense()
        # as an operator, because a dense matrix would be factorised before the noise is
        # added, which fails as soon as one molecule stands twice in the training set
        return MultivariateNormal(self.mean_module(rows), to_linear_operator(covariance))


def _around(median: float, spread: float) -> LogNormalPrior:
    return LogNormalPrior(math.log(median), spread)


def learn(
    similarity: NDArray[np.float64],
    distance: NDArray[np.float64],
    labels: NDArray[np.float64],
    noise_floor: float,
) -> Covariance:
    """The most likely hyper-parameters under broad log-normal priors.

    Deterministic: one L-BFGS-B run from the priors' medians, one thread.

    Args:
        similarity: MinMax of the training set, shape (labels, labels).
        distance: mean squared descriptor distance, shape (labels, labels).
        labels: standardised, shape (labels,).
        noise_floor: least noise variance.

    Returns:
        the hyper-parameters; ``PRIOR`` when the search fails.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # exact algebra at every size: the iterative solvers draw random probes
        with (
            gpytorch.settings.fast_computations(False, False, False),
            gpytorch.settings.max_cholesky_size(1_000_000),
        ):
            return _learn(similarity, distance, labels, noise_floor)
    finally:
        torch.set_num_threads(threads)


def _learn(
    similarity: NDArray[np.float64],
    distance: NDArray[np.float64],
    labels: NDArray[np.float64],
    noise_floor: float,
) -> Covariance:
    rows = torch.arange(len(labels), dtype=torch.float64).unsqueeze(-1)
    targets = torch.from_numpy(labels)
    likelihood = gpytorch.likelihoods.GaussianLikelihood(
        noise_prior=_around(PRIOR.noise, 1.0), noise_constraint=GreaterThan(noise_floor)
    )
    likelihood.noise = max(PRIOR.noise, 1.01 * noise_floor)
    model = _Model(
        rows, targets, likelihood, torch.from_numpy(similarity), torch.from_numpy(distance)
    ).double()
    likelihood.double()
    marginal = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)
    marginal.train()
    result = fit_gpytorch_mll_scipy(marginal, options={"maxiter": _MAX_ITERATIONS})
    if result.status is OptimizationStatus.FAILURE:
        return PRIOR
    learnt = Covariance(
        minmax=model.structure.outputscale.item(),
        descriptors=model.smooth.outputscale.item(),
        lengthscale=model.smooth.base_kernel.lengthscale.item(),
        noise=likelihood.noise.item(),
    )
    numbers = (learnt.minmax, learnt.descriptors, learnt.lengthscale, learnt.noise)
    return learnt if all(math.isfinite(x) and x > 0 for x in numbers) else PRIOR
