"""The policy: a graph network over a partial motif tree that chooses what grows next.

Nodes are motifs, edges are the bonds between their attachments. A few GINE layers
(Hu et al., ICLR 2020) pass messages; the representation of the motif in focus, the
sum over the tree and the attachment in focus give one logit for each action (a motif
and the attachment it is entered by). A motif is described by its structure through a
linear map, and the frequent ones by a learned vector on top of it; so a ring system
that no training molecule had is still seen for what it is.

Rare actions share one logit of the main softmax and are told apart by a second,
low-rank one (adaptive softmax, Grave et al., ICML 2017).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.nn import GINEConv

from generative.vocabulary import FEATURES, ORDERS, Vocabulary

MAX_LABEL = 12
MAX_FILLED = 7
MAX_HEAVY = 63
MAX_OPEN = 15
# Acyclic groups as one motif where known, or always as units; both in any order of growth.
# CANONICAL is coarse and in the one order that forest.plant gives a molecule.
COARSE, FINE, CANONICAL = range(3)


@dataclass(frozen=True)
class PolicySize:
    """The sizes of the network."""

    width: int = 192
    layers: int = 3
    tail_width: int = 64
    head_actions: int = 3000  # actions with a logit of their own in the main softmax
    named_motifs: int = 6000  # the most frequent motifs, with a learned vector
    modes: int = 2  # 3 with CANONICAL
    directed: bool = False  # whether a message knows if it goes from parent to child


@dataclass(frozen=True)
class States:
    """A batch of partial trees, each with one open attachment in focus."""

    motif: Tensor  # shape: (nodes,), int64
    filled: Tensor  # shape: (nodes,), int64, attachments already linked
    graph: Tensor  # shape: (nodes,), int64, the tree a node belongs to
    # shape: (2, edges), int64, every link from parent to child, then all of them back
    edges: Tensor
    source: Tensor  # shape: (edges,), int64, flat attachment at the sender
    target: Tensor  # shape: (edges,), int64, flat attachment at the receiver
    focus_node: Tensor  # shape: (trees,), int64
    focus: Tensor  # shape: (trees,), int64, flat attachment in focus
    heavy_atoms: Tensor  # shape: (trees,), int64
    open_attachments: Tensor  # shape: (trees,), int64, the focus among them
    mode: Tensor  # shape: (trees,), int64, COARSE, FINE or CANONICAL


class MotifTables(nn.Module):
    """What the network looks up of a vocabulary; not learned."""

    features: Tensor
    named: Tensor
    environment: Tensor
    label: Tensor
    order: Tensor
    allowed_main: Tensor
    allowed_rare: Tensor

    def __init__(self, vocabulary: Vocabulary, named: int, head: int) -> None:
        super().__init__()
        count = len(vocabulary.motifs)
        own = np.arange(count)
        labels = np.concatenate(
            [np.arange(1, n + 1) for n in np.diff(vocabulary.starts)] or [np.zeros(0, np.int64)]
        )
        orders = vocabulary.action_orders
        allowed = np.stack([np.zeros(len(orders), bool), *(orders == o for o in ORDERS)])
        for name, value in {
            "features": vocabulary.dense_features(),
            "named": np.where(own < named, own, named),
            "environment": vocabulary.environment,
            "label": np.minimum(labels, MAX_LABEL).astype(np.int64),
            "order": vocabulary.orders,
            "allowed_main": np.concatenate(
                [allowed[:, :head], allowed[:, head:].any(axis=1, keepdims=True)], axis=1
            ),
            "allowed_rare": allowed[:, head:],
        }.items():
            self.register_buffer(name, torch.from_numpy(value), persistent=False)


class RareActions(nn.Module):
    """A linear layer that may have no outputs: a small vocabulary has no rare actions."""

    def __init__(self, width: int, actions: int) -> None:
        super().__init__()
        bound = width**-0.5
        self.weight = nn.Parameter(torch.empty(actions, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(actions).uniform_(-bound, bound))

    def forward(self, vector: Tensor) -> Tensor:
        """Logits. shape: (trees, actions)"""
        return nn.functional.linear(vector, self.weight).float() + self.bias


class Policy(nn.Module):
    """Logits of the next action for a batch of partial trees."""

    def __init__(self, vocabulary: Vocabulary, size: PolicySize) -> None:
        super().__init__()
        self.size = size
        actions = len(vocabulary.actions)
        self.head = min(size.head_actions, actions)
        self.tail = actions - self.head
        self.names = min(size.named_motifs, len(vocabulary.motifs))
        self.tables = MotifTables(vocabulary, self.names, self.head)
        width = size.width
        self.structure = nn.Linear(FEATURES, width)
        self.name = nn.Embedding(self.names + 1, width, padding_idx=self.names)
        self.filled = nn.Embedding(MAX_FILLED + 1, width)
        environments = len(vocabulary.environments)
        self.source_environment = nn.Embedding(environments, width)
        self.target_environment = nn.Embedding(environments, width)
        self.focus_environment = nn.Embedding(environments, width)
        self.source_label = nn.Embedding(MAX_LABEL + 1, width)
        self.target_label = nn.Embedding(MAX_LABEL + 1, width)
        self.focus_label = nn.Embedding(MAX_LABEL + 1, width)
        self.direction = nn.Embedding(2, width) if size.directed else None
        self.heavy = nn.Embedding(MAX_HEAVY + 1, width)
        self.open = nn.Embedding(MAX_OPEN + 1, width)
        self.mode = nn.Embedding(size.modes, width)
        self.convolutions = nn.ModuleList(
            GINEConv(
                nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)),
                train_eps=True,
            )
            for _ in range(size.layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(size.layers))
        self.readout = nn.Sequential(
            nn.Linear(3 * width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )
        self.main = nn.Linear(width, self.head + 1)
        self.rare_map = nn.Linear(width, size.tail_width)
        self.rare = RareActions(size.tail_width, self.tail)
        self.root = nn.Parameter(torch.zeros(len(vocabulary.motifs)))
        self._start_at_frequencies(vocabulary)

    def _start_at_frequencies(self, vocabulary: Vocabulary) -> None:
        for table in self.modules():
            if isinstance(table, nn.Embedding):
                nn.init.normal_(table.weight, std=0.1)
        with torch.no_grad():
            self.name.weight[self.names] = 0.0
            counts = torch.from_numpy(vocabulary.action_counts).float()
            self.main.bias[: self.head] = counts[: self.head].log()
            self.main.bias[self.head] = counts[self.head :].sum().clamp(min=1e-6).log()
            self.rare.bias.copy_(counts[self.head :].log())
            # The best root distribution in the sense of likelihood is the observed one.
            seen = vocabulary.canonical_roots if vocabulary.canonical else vocabulary.roots
            roots = torch.from_numpy(seen).double()
            self.root.copy_((roots / roots.sum()).log().clamp(min=-30.0).float())

    def extended(self, vocabulary: Vocabulary) -> Policy:
        """The same network, sharing its parameters, for more motifs (``Vocabulary.extended``)."""
        other = copy.copy(self)
        other._modules = dict(self._modules)
        other.tables = MotifTables(vocabulary, self.names, self.head)
        return other

    def expanded(self, vocabulary: Vocabulary, weight: Tensor, bias: Tensor) -> Policy:
        """A network of its own for more motifs and actions (``Vocabulary.expanded``).

        What it gave before stays as it was, but for the probability of the new actions,
        which are all rare. No molecule begins with a new motif.

        Args:
            vocabulary: this network's, expanded.
            weight: of the new actions among the rare ones, shape (new actions, tail_width).
            bias: likewise, shape (new actions,).
        """
        other = copy.deepcopy(self)
        # A vocabulary that was smaller than these sizes must not fill them up.
        other.size = replace(self.size, head_actions=self.head, named_motifs=self.names)
        other.tail = self.tail + len(bias)
        other.tables = MotifTables(vocabulary, self.names, self.head)
        other.rare = RareActions(self.size.tail_width, other.tail)
        none = self.root.new_full((len(vocabulary.motifs) - len(self.root),), -30.0)
        with torch.no_grad():
            other.rare.weight.copy_(torch.cat([self.rare.weight, weight]))
            other.rare.bias.copy_(torch.cat([self.rare.bias, bias]))
            if not self.tail:
                other.main.bias[self.head] = bias.logsumexp(dim=0)
        other.root = nn.Parameter(torch.cat([self.root.detach(), none]))
        other.requires_grad_(self.root.requires_grad)
        return other

    def main_log_probabilities(self, states: States) -> Tensor:
        """Natural log of the probability of each frequent action, and of any rare one.

        shape: (trees, frequent actions + 1)
        """
        allowed = self.tables.allowed_main[self.tables.order[states.focus]]
        return torch.log_softmax(self.main_logits(self(states), allowed), dim=1)

    def forward(self, states: States) -> Tensor:
        """The readout vector of each state. shape: (trees, width)"""
        tables = self.tables
        kinds, kind = torch.unique(states.motif, return_inverse=True)
        motif = self.structure(tables.features[kinds]) + self.name(tables.named[kinds])
        links = len(states.source)
        ends, end = torch.unique(torch.cat([states.source, states.target]), return_inverse=True)
        environment, label = tables.environment[ends], tables.label[ends]
        sources = self.source_environment(environment) + self.source_label(label)
        targets = self.target_environment(environment) + self.target_label(label)
        focus = self.focus_environment(tables.environment[states.focus]) + self.focus_label(
            tables.label[states.focus]
        )
        out, back = end[: links // 2], end[links // 2 : links]
        if self.direction is not None:
            sources = torch.cat([sources + way for way in self.direction.weight])
            back = back + len(ends)
        low = _precision()
        edges = sources.to(low).index_select(0, torch.cat([out, back]))
        edges = edges + targets.to(low).index_select(0, end[links:])
        nodes = motif.index_select(0, kind) + self.filled(states.filled.clamp(max=MAX_FILLED))
        nodes = nodes.float().index_add(0, states.focus_node, focus)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            nodes = norm(nodes + convolution(nodes.to(low), states.edges, edges))
        trees = len(states.focus)
        pooled = nodes.new_zeros(trees, nodes.shape[1]).index_add(0, states.graph, nodes)
        pooled = (
            pooled
            + self.heavy(states.heavy_atoms.clamp(max=MAX_HEAVY))
            + self.open(states.open_attachments.clamp(max=MAX_OPEN))
            + self.mode(states.mode)
        )
        vector: Tensor = self.readout(
            torch.cat([nodes.index_select(0, states.focus_node), pooled, focus], dim=1)
        )
        return vector

    def _main(self, vector: Tensor) -> Tensor:
        # The bias holds log counts: it is added in full precision.
        return nn.functional.linear(vector, self.main.weight).float()

    def main_logits(self, vector: Tensor, allowed: Tensor) -> Tensor:
        """Logits of the frequent actions and, last, of all rare ones together.

        Args:
            vector: shape (trees, width).
            allowed: shape (trees, frequent actions + 1), bool.
        """
        logits = self._main(vector) + self.main.bias
        return logits.masked_fill(~allowed, -torch.inf)

    def rare_logits(self, vector: Tensor, allowed: Tensor) -> Tensor:
        """Logits among the rare actions.

        Args:
            vector: shape (trees, width).
            allowed: shape (trees, rare actions), bool.
        """
        logits: Tensor = self.rare(self.rare_map(vector))
        return logits.masked_fill(~allowed, -torch.inf)

    def log_likelihood(self, states: States, actions: Tensor) -> Tensor:
        """Natural log of the probability of each state's action. shape: (trees,)"""
        vector = self(states)
        order = self.tables.order[states.focus]
        frequent = actions.clamp(max=self.head)
        logits = self._main(vector)
        chosen = logits.new_zeros(len(actions))
        for kind in torch.unique(order).tolist():
            # All states of one bond order share the mask: the bias carries it.
            bias = self.main.bias.masked_fill(~self.tables.allowed_main[kind], -torch.inf)
            rows = torch.nonzero(order == kind)[:, 0]
            every = len(rows) == len(order)
            here = (logits if every else logits.index_select(0, rows)) + bias
            loss = nn.functional.cross_entropy(here, frequent[rows], reduction="none")
            chosen = -loss if every else chosen.index_add(0, rows, -loss)
        rare = torch.nonzero(actions >= self.head)[:, 0]
        if len(rare):
            allowed = self.tables.allowed_rare[order[rare]]
            within = self.rare_logits(vector.index_select(0, rare), allowed)
            loss = nn.functional.cross_entropy(within, actions[rare] - self.head, reduction="none")
            chosen = chosen.index_add(0, rare, -loss)
        return chosen


def _precision() -> torch.dtype:
    """What the messages are computed in: lower than float32 inside an autocast."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
