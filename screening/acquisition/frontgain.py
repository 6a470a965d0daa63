"""How much a molecule is expected to add to the hypervolume below the Pareto front.

BoTorch's noisy expected hypervolume improvement in its logarithmic form (Daulton, Balandat
and Bakshy, NeurIPS 2021; Ament et al., NeurIPS 2023), evaluated on draws of the molecules'
desirabilities; the reference point is 0. Molecules chosen before, and those still being
computed, count with their own draws, so that a batch spreads along the front.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.models.model import Model
from botorch.posteriors.posterior import Posterior
from botorch.sampling.base import MCSampler
from numpy.typing import NDArray
from torch import Tensor

from screening import pareto

_CHUNK = 64  # molecules evaluated at a time
_BASELINE = 1e-9  # BoTorch wants one known point; this one covers nothing


class FrontGain:
    """Expected hypervolume improvement of each molecule, given those chosen."""

    def __init__(
        self, known: NDArray[np.float64], draws: NDArray[np.float64], pending: int = 0
    ) -> None:
        """Take the front so far and the draws.

        Args:
            known: desirabilities of the molecules computed so far, shape (known, wishes).
            draws: shape (draws, wishes, molecules); the last ``pending`` molecules cannot be
                chosen, but count.
            pending: how many those are.
        """
        wishes = draws.shape[1]
        front = known[pareto.front(known)] if len(known) else np.empty((0, wishes))
        if len(front) == 0:
            front = np.full((1, wishes), _BASELINE)
        front = np.unique(front, axis=0)
        fixed = np.broadcast_to(front, (len(draws), *front.shape))
        table = torch.from_numpy(
            np.concatenate([fixed, np.moveaxis(draws, 1, 2)], axis=1).astype(np.float64)
        )
        self._first = len(front)
        self._molecules = draws.shape[2] - pending
        self._pending = list(range(self._molecules, draws.shape[2]))
        self._criterion = qLogNoisyExpectedHypervolumeImprovement(
            model=_Drawn(table),
            ref_point=[0.0] * wishes,
            X_baseline=_rows(range(len(front))),
            sampler=_Given(len(draws)),
            prune_baseline=False,
            cache_root=False,
        )
        self._told: tuple[int, ...] | None = None

    def values(self, chosen: Sequence[int]) -> NDArray[np.float64]:
        """Of each molecule, 0..1, shape (molecules,)."""
        with torch.no_grad():
            counted = (*self._pending, *chosen)
            if counted and counted != self._told:
                self._criterion.set_X_pending(_rows([self._first + i for i in counted]))
                self._told = counted
            parts = [
                self._criterion(_rows(range(start, min(start + _CHUNK, end))).unsqueeze(1))
                for end in [self._first + self._molecules]
                for start in range(self._first, end, _CHUNK)
            ]
        return np.asarray(torch.cat(parts).exp().numpy(), dtype=np.float64)


def _rows(places: Sequence[int]) -> Tensor:
    """Places in the table as the one feature of BoTorch's points; shape (places, 1)."""
    return torch.tensor(list(places), dtype=torch.float64).unsqueeze(-1)


class _Drawn(Model):
    """A model whose posterior is a table of draws; a point is its place in the table."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.table = table  # shape: (draws, places, wishes)

    @property
    def num_outputs(self) -> int:
        return int(self.table.shape[-1])

    @property
    def batch_shape(self) -> torch.Size:
        return torch.Size([])

    def posterior(self, X: Tensor, *_: object, **__: object) -> _DrawnPosterior:
        return _DrawnPosterior(self.table[:, X[..., 0].long()])


class _DrawnPosterior(Posterior):
    def __init__(self, draws: Tensor) -> None:
        self.draws = draws  # shape: (draws, ..., points, wishes)

    @property
    def device(self) -> torch.device:
        return self.draws.device

    @property
    def dtype(self) -> torch.dtype:
        return self.draws.dtype

    def _extended_shape(self, sample_shape: torch.Size = torch.Size()) -> torch.Size:  # noqa: B008
        return sample_shape + self.draws.shape[1:]

    def rsample(self, sample_shape: torch.Size | None = None) -> Tensor:
        return self.draws


class _Given(MCSampler):
    """Hands out the draws that the posterior holds."""

    def __init__(self, draws: int) -> None:
        super().__init__(sample_shape=torch.Size([draws]))

    def forward(self, posterior: Posterior) -> Tensor:
        return posterior.rsample()

    def _update_base_samples(self, posterior: Posterior, base_sampler: MCSampler) -> None:
        """There is no base sample to carry over: every posterior holds its own draws."""
