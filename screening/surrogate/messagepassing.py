"""An ensemble of directed message-passing networks (D-MPNN; Yang et al., J. Chem. Inf.
Model. 59, 3370, 2019).

Messages live on directed bonds and never turn back at once, so that none echoes; molecules
are the means of their atoms' states with 22 properties beside them. Each member leaves out
a part of the labels while it is trained. What is left out chooses how strongly the last
layer is held, and says how large the noise is: the last layer is a Bayesian linear
regression on what the network has learnt to see (Snoek et al., ICML 2015), which gives
variance away from the labels, joint draws, and an exact update with further labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch_geometric.utils import scatter

from generative.threads import limited
from screening.surrogate import moleculargraph, properties
from screening.surrogate.moleculargraph import ATOM_FEATURES, BOND_FEATURES, Graphs, graphs
from screening.surrogate.regression import Scale
from screening.surrogate.settings import SurrogateSettings
from screening.surrogate.surrogate import (
    Prediction,
    Surrogate,
    fitted,
    further,
    in_one_order,
)

MEMBERS = 5
WIDTH = 64
DEPTH = 3  # steps of messages
BATCH = 32  # molecules in a step of training
STEPS = 300  # of training, at least
EPOCHS = 10  # passes over the labels, at least
RATE = 3e-3  # highest learning rate
DECAY = 1e-3
HOLDS = tuple(10.0 ** (power / 2) for power in range(-4, 7))  # of the last layer, tried
_HOLD = 1.0  # where there is too little to choose by
_CHUNK = 512  # molecules seen at a time


class Network(nn.Module):
    """All members at once: every weight has the member as its first dimension."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)

        def weight(inputs: int, outputs: int) -> nn.Parameter:
            bound = (6 / inputs) ** 0.5
            uniform = torch.rand(MEMBERS, inputs, outputs, generator=draw)
            return nn.Parameter((2 * uniform - 1) * bound)

        self.begin = weight(ATOM_FEATURES + BOND_FEATURES, WIDTH)
        self.message = weight(WIDTH, WIDTH)
        self.atom = weight(ATOM_FEATURES + WIDTH, WIDTH)
        self.hidden = weight(WIDTH + len(properties.NAMES), WIDTH)
        self.hidden_bias = nn.Parameter(torch.zeros(MEMBERS, 1, WIDTH))
        self.last = nn.Parameter(weight(WIDTH, 1).detach() * 0.3)
        self.last_bias = nn.Parameter(torch.zeros(MEMBERS, 1, 1))

    def forward(self, seen: Graphs, numbers: Tensor) -> Tensor:
        """What the last layer sees of each molecule, shape (MEMBERS, molecules, WIDTH).

        Args:
            seen: the molecules.
            numbers: their properties, standardised, shape (molecules, properties).
        """
        atoms, bonds = torch.from_numpy(seen.atoms), torch.from_numpy(seen.bonds)
        source, target = torch.from_numpy(seen.source), torch.from_numpy(seen.target)
        back = torch.arange(len(source)) ^ 1
        start = torch.cat([atoms[source], bonds], dim=1) @ self.begin
        state = start.relu()
        for _ in range(DEPTH - 1):
            arrived = scatter(state, target, dim=1, dim_size=len(atoms), reduce="sum")
            state = (start + (arrived[:, source] - state[:, back]) @ self.message).relu()
        arrived = scatter(state, target, dim=1, dim_size=len(atoms), reduce="sum")
        own = atoms.expand(MEMBERS, -1, -1)
        state = (torch.cat([own, arrived], dim=2) @ self.atom).relu()
        whole = scatter(
            state, torch.from_numpy(seen.owner), dim=1, dim_size=len(seen), reduce="mean"
        )
        whole = torch.cat([whole, numbers.expand(MEMBERS, -1, -1)], dim=2)
        return (whole @ self.hidden + self.hidden_bias).relu()


@dataclass(frozen=True)
class _Vision:
    """A trained network, and how its inputs and outputs are scaled."""

    network: Network
    centre: NDArray[np.float64]  # shape: (properties,)
    width: NDArray[np.float64]  # shape: (properties,)
    size: NDArray[np.float64]  # shape: (MEMBERS,), root mean square length of the features

    def numbers(self, seen: Graphs) -> Tensor:
        """Standardised properties; what lies far outside is drawn in."""
        scaled = np.clip((seen.properties - self.centre) / self.width, -5.0, 5.0)
        return torch.from_numpy(scaled.astype(np.float32))

    def features(self, smiles: Sequence[str]) -> NDArray[np.float64]:
        """shape: (MEMBERS, molecules, WIDTH + 1), the last 1."""
        with torch.no_grad(), limited(1):
            seen = graphs(smiles)
            found = self.network(seen, self.numbers(seen)).double().numpy()
        found = found / self.size[:, np.newaxis, np.newaxis]
        return np.concatenate([found, np.ones((*found.shape[:2], 1))], axis=2)


@dataclass(frozen=True)
class _LastLayers:
    """Every member's Bayesian linear regression, of standardised labels."""

    precision: NDArray[np.float64]  # shape: (MEMBERS, WIDTH + 1, WIDTH + 1), times the noise
    projected: NDArray[np.float64]  # shape: (MEMBERS, WIDTH + 1), features times labels
    noise: float  # variance of a label

    @staticmethod
    def prior(hold: float, noise: float) -> _LastLayers:
        """Before any label; the offset is hardly held."""
        diagonal = np.full(WIDTH + 1, hold)
        diagonal[-1] = 1e-2
        return _LastLayers(
            np.repeat(np.diag(diagonal)[np.newaxis], MEMBERS, axis=0),
            np.zeros((MEMBERS, WIDTH + 1)),
            noise,
        )

    def taught(self, features: NDArray[np.float64], labels: NDArray[np.float64]) -> _LastLayers:
        """With further labels, features of shape (MEMBERS, labels, WIDTH + 1)."""
        turned = features.transpose(0, 2, 1)
        return _LastLayers(
            self.precision + turned @ features, self.projected + turned @ labels, self.noise
        )

    def weights(self) -> NDArray[np.float64]:
        """Most likely, shape (MEMBERS, WIDTH + 1)."""
        return np.asarray(np.linalg.solve(self.precision, self.projected[:, :, np.newaxis]))[
            :, :, 0
        ]

    def roots(self) -> NDArray[np.float64]:
        """R with R R^T the weights' covariance, shape (MEMBERS, WIDTH + 1, WIDTH + 1)."""
        inverse = np.linalg.inv(np.linalg.cholesky(self.precision))
        return np.asarray(np.sqrt(self.noise) * inverse.transpose(0, 2, 1))


@dataclass(frozen=True)
class _Fit:
    vision: _Vision
    layers: _LastLayers
    scale: Scale  # of the labels


class MessagePassingEnsemble:
    """Regression by the ensemble; ``fidelities`` are of no use to it."""

    def __init__(self, settings: SurrogateSettings | None = None) -> None:
        self.settings = settings or SurrogateSettings(kind="d-mpnn")
        self._fit: _Fit | None = None

    def fit(
        self,
        smiles: Sequence[str],
        values: ArrayLike,
        *,
        fidelities: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        """Learn from labelled molecules; see ``Surrogate.fit``."""
        known, y = in_one_order(smiles, values)
        scale = Scale.of(y)
        labels = scale.standardised(y)
        enough = len(y) >= max(self.settings.min_labels, MEMBERS) and np.ptp(y) > 0
        parts = np.random.default_rng(0).permutation(len(y)) % MEMBERS
        with limited(1):
            vision = _trained(known, labels, parts if enough else None)
        features = _all_features(vision, known)
        if enough:
            hold, noise = _chosen(features, labels, parts, self.settings.noise_floor)
        else:
            hold, noise = _HOLD, 1.0  # as if each new value were drawn like the labels
        layers = _LastLayers.prior(hold, noise).taught(features, labels)
        self._fit = _Fit(vision, layers, scale)

    def predict(self, smiles: Sequence[str]) -> Prediction:
        """Mean and standard deviation of new values; see ``Surrogate.predict``."""
        fit = fitted(self._fit)
        weights, roots = fit.layers.weights(), fit.layers.roots()
        mean, variance = np.empty(len(smiles)), np.empty(len(smiles))
        for part in _chunks(len(smiles)):
            features = fit.vision.features(smiles[part])
            votes = np.einsum("mif,mf->mi", features, weights)
            within = ((features @ roots) ** 2).sum(axis=2).mean(axis=0)
            mean[part], variance[part] = votes.mean(axis=0), votes.var(axis=0) + within
        spread = fit.scale.spread
        return Prediction(
            fit.scale.offset + spread * mean, spread * np.sqrt(variance + fit.layers.noise)
        )

    def sample(self, smiles: Sequence[str], n: int, seed: int) -> NDArray[np.float64]:
        """Draws of the noise-free values, joint over the molecules; see ``Surrogate.sample``.

        Each is one of a member picked at random, with a last layer drawn for it.
        """
        fit = fitted(self._fit)
        random = np.random.default_rng(seed)
        member = random.integers(MEMBERS, size=n)
        normal = random.standard_normal((n, WIDTH + 1))
        drawn = fit.layers.weights()[member] + np.einsum(
            "nij,nj->ni", fit.layers.roots()[member], normal
        )
        draws = np.empty((n, len(smiles)))
        for part in _chunks(len(smiles)):
            features = fit.vision.features(smiles[part])
            for own in range(MEMBERS):
                draws[member == own, part] = drawn[member == own] @ features[own].T
        return np.asarray(fit.scale.offset + fit.scale.spread * draws)

    def conditioned(self, smiles: Sequence[str], values: ArrayLike) -> Surrogate:
        """The same networks, their last layers taught further labels; see ``Surrogate``."""
        fit = fitted(self._fit)
        y = further(smiles, values)
        other = MessagePassingEnsemble(self.settings)
        other._fit = fit
        if len(y):
            features = _all_features(fit.vision, smiles)
            layers = fit.layers.taught(features, fit.scale.standardised(y))
            other._fit = replace(fit, layers=layers)
        return other


def _chunks(n: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, n, _CHUNK))


def _all_features(vision: _Vision, smiles: Sequence[str]) -> NDArray[np.float64]:
    return np.concatenate([vision.features(smiles[part]) for part in _chunks(len(smiles))], axis=1)


def _trained(
    smiles: Sequence[str], labels: NDArray[np.float64], parts: NDArray[np.int64] | None
) -> _Vision:
    """A network whose member m has not seen the labels of part m; untrained without parts."""
    numbers = np.array([properties.values(text) for text in smiles])
    width = numbers.std(axis=0)
    network = Network(seed=0)
    vision = _Vision(
        network, numbers.mean(axis=0), np.where(width > 1e-9, width, 1.0), np.ones(MEMBERS)
    )
    if parts is not None:
        _train(vision, smiles, labels, parts)
    length = (_all_features(vision, smiles)[:, :, :-1] ** 2).sum(axis=2).mean(axis=1)
    return replace(vision, size=np.sqrt(np.maximum(length, 1e-12)))


def _train(
    vision: _Vision, smiles: Sequence[str], labels: NDArray[np.float64], parts: NDArray[np.int64]
) -> None:
    network = vision.network
    n = len(labels)
    batches = -(-n // BATCH)
    epochs = max(EPOCHS, -(-STEPS // batches))
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=RATE, total_steps=epochs * batches
    )
    random = np.random.default_rng(1)
    for _ in range(epochs):
        for chosen in np.array_split(random.permutation(n), batches):
            seen = moleculargraph.graphs([smiles[i] for i in chosen])
            features = network(seen, vision.numbers(seen))
            guess = (features @ network.last + network.last_bias)[:, :, 0]
            wanted = torch.from_numpy(labels[chosen].astype(np.float32))
            shown = torch.from_numpy(parts[chosen] != np.arange(MEMBERS)[:, np.newaxis])
            loss = ((guess - wanted) ** 2 * shown).sum() / shown.sum().clamp(min=1) * MEMBERS
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    network.requires_grad_(False)


def _chosen(
    features: NDArray[np.float64],
    labels: NDArray[np.float64],
    parts: NDArray[np.int64],
    floor: float,
) -> tuple[float, float]:
    """The hold on the last layer, and the noise, that are likeliest for what was left out."""
    best = (np.inf, _HOLD, 1.0)
    for hold in HOLDS:
        error, stretch = np.empty(len(labels)), np.empty(len(labels))
        for member in range(MEMBERS):
            out = parts == member
            layers = _LastLayers.prior(hold, 1.0).taught(features[:, ~out], labels[~out])
            rows = features[member, out]
            error[out] = labels[out] - rows @ layers.weights()[member]
            stretch[out] = 1 + ((rows @ layers.roots()[member]) ** 2).sum(axis=1)
        noise = max(float((error**2 / stretch).mean()), floor)
        loss = float((error**2 / (noise * stretch) + np.log(noise * stretch)).mean())
        best = min(best, (loss, hold, noise))
    return best[1], best[2]
