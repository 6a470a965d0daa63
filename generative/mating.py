"""Children of weighted parents by crossover, mutation and network-scored edits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from rdkit import Chem

from generative import atomedits, edits, motifs, regrowth
from generative.edits import Limits, Pieces
from generative.generator import Generator
from generative.prior import Prior
from generative.proposal import Proposal

# Edits of whole branches among those that the network scores; the others change atoms.
BRANCHES = 0.7
# Edits begun for each one wanted: some give a molecule that is known.
SPARE = 1.5
# Parents whose motifs are drawn from beside the vocabulary's.
LENDERS = 64


class Mating:
    """Three hands with the network and the vocabulary of one generator."""

    def __init__(
        self,
        generator: Generator,
        max_heavy_atoms: int | None,
        accepts: Callable[[Chem.Mol], bool],
    ) -> None:
        """Take what the children must be.

        Args:
            generator: whose network and vocabulary are used, where it has them.
            max_heavy_atoms: limit of a child.
            accepts: whether a child keeps the scaffold and meets the constraints.
        """
        found = getattr(generator, "prior", None)
        self._prior = found if isinstance(found, Prior) else None
        self._words = None if self._prior is None else Pieces.of(self._prior.vocabulary)
        largest = Limits().max_heavy_atoms
        self._limits = Limits(max_heavy_atoms=max_heavy_atoms or largest, settled=True)
        self._accepts = accepts

    @property
    def unable(self) -> frozenset[str]:
        """Hands that this generator cannot lend itself to."""
        return frozenset() if self._prior is not None else frozenset({"edit"})

    def children(
        self,
        parents: Sequence[str],
        weights: Sequence[float],
        wanted: Mapping[str, int],
        known: Collection[str],
        seed: int,
    ) -> list[Proposal]:
        """Distinct new molecules, at most as many of each hand as wanted.

        Args:
            parents: canonical SMILES.
            weights: how often each is a parent, non-negative.
            wanted: molecules by hand: crossover, mutation, edit.
            known: SMILES that are not wanted again.
            seed: of this call.
        """
        if not parents or not any(wanted.values()):
            return []
        pieces = self._pieces(parents)
        seen = set(known)
        made: list[Proposal] = []
        for number, (hand, crossovers) in enumerate((("crossover", 1.0), ("mutation", 0.0))):
            if wanted.get(hand, 0):
                made += edits.offspring(
                    parents,
                    weights,
                    wanted[hand],
                    np.random.default_rng([seed, number]),
                    pieces=pieces,
                    limits=self._limits,
                    crossovers=crossovers,
                    known=seen,
                    accept=self._accepts,
                )
                seen.update(child.smiles for child in made)
        if wanted.get("edit", 0):
            made += self._edited(parents, weights, wanted["edit"], seen, seed)
        return made

    def _pieces(self, parents: Sequence[str]) -> Pieces:
        """Groups of the vocabulary and of the parents, either half of the time."""
        names = [
            motif
            for smiles in parents[:LENDERS]
            for motif in motifs.decompose(motifs.parse(smiles)).motifs
        ]
        lent = Pieces(names, [1] * len(names))
        return lent if self._words is None else self._words.mixed(lent)

    def _edited(
        self,
        parents: Sequence[str],
        weights: Sequence[float],
        n: int,
        known: Collection[str],
        seed: int,
    ) -> list[Proposal]:
        assert self._prior is not None
        share = np.asarray(weights, dtype=float)
        rng = np.random.default_rng([seed, 2])
        begun = rng.choice(len(parents), size=round(SPARE * n) + 1, p=share / share.sum())
        branches = round(BRANCHES * len(begun))
        chosen = [parents[i] for i in begun.tolist()]
        found = regrowth.edits(
            self._prior,
            chosen[:branches],
            seed=seed,
            max_heavy_atoms=self._limits.max_heavy_atoms,
        ) + atomedits.edits(self._prior, chosen[branches:], seed=seed, limits=self._limits)
        order = rng.permutation(len(found)).tolist()
        seen = set(known).union(parents)
        made: list[Proposal] = []
        for edited in (found[i] for i in order):
            if len(made) == n:
                break
            if edited.smiles not in seen and self._accepts(motifs.parse(edited.smiles)):
                seen.add(edited.smiles)
                made.append(Proposal(edited.smiles, "edit", (edited.parent,)))
        return made
