"""Marked molecules that grow: at open points, to a second fragment, or into a ring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from generative import motifs, scaffold
from generative.constraints import Constraints
from generative.design.collecting import Candidate, own_rings
from generative.design.growing import Attempt, Grower, Window, narrowed
from generative.design.linking import End, LinkerLimits, Linking
from generative.growth import GrowingTree
from generative.motifs import Cut
from generative.prior import Prior
from generative.vocabulary import NEVER


@dataclass(frozen=True)
class Form:
    """A kept part and how it grows.

    Without ``linker`` every point of ``mol`` grows by itself. With it, a linker joins the
    point of ``mol`` with that of ``other``, or the two points of ``mol`` into a ring.
    """

    mol: Chem.Mol  # with attachment points
    window: Window  # heavy atoms of the finished molecule
    other: Chem.Mol | None = None
    linker: LinkerLimits | None = None
    beside: str | None = None  # surroundings of the atoms bound to ``mol``: a regular expression
    surroundings: Chem.Mol | None = None  # SMARTS of a warhead with the atoms beside it


@dataclass(frozen=True)
class _Seedling:
    tree: GrowingTree
    window: Window
    kept: tuple[Chem.Mol, ...]
    own_rings: int
    beside: np.ndarray | None = None
    surroundings: Chem.Mol | None = None
    linker: Linking | None = None
    end: End | None = None  # what the linker leads to


class FormGrowth:
    """Grows forms; an attempt takes one of them by chance."""

    def __init__(
        self, prior: Prior, forms: Sequence[Form], constraints: Constraints, seed: int
    ) -> None:
        """Prepare every form.

        Raises:
            ValueError: a form has no point that grows, or nothing it can become is small
                enough.
        """
        self.seed = seed
        cuts = [
            (motifs.cut(x.mol), None if x.other is None else motifs.cut(x.other)) for x in forms
        ]
        unknown: set[str] = set()
        for form, pair in zip(forms, cuts, strict=True):
            for cut in pair:
                if cut is not None:
                    fine = form.linker is not None or scaffold.is_fine(cut)
                    unknown.update(prior.vocabulary.refined(cut, fine=fine).tree.motifs)
        self.grower = Grower(prior, unknown, constraints)
        self.seedlings: list[_Seedling] = []
        too_large: list[int] = []
        for form, pair in zip(forms, cuts, strict=True):
            for seedling in self._seedlings(form, pair, constraints):
                needed = self._needed(seedling)
                if needed > seedling.window.high:
                    too_large.append(needed)
                else:
                    self.seedlings.append(seedling)
        if not self.seedlings:
            limit = max(narrowed(form.window, constraints).high for form in forms)
            raise ValueError(_too_large(min(too_large), limit))

    def _seedlings(
        self, form: Form, cuts: tuple[Cut, Cut | None], constraints: Constraints
    ) -> list[_Seedling]:
        first, second = cuts
        window = narrowed(form.window, constraints)
        mols = [form.mol] if form.other is None else [form.mol, form.other]
        kept = tuple(scaffold.query(mol) for mol in mols)
        rings = sum(own_rings(mol, constraints) for mol in mols)
        vocabulary = self.grower.vocabulary
        if form.linker is None:
            beside = None if form.beside is None else self.grower.entered_at(form.beside)
            tree = scaffold.seedling(first, vocabulary)
            return [_Seedling(tree, window, kept, rings, beside, form.surroundings)]
        # What is kept leaves the linker no more, and no less, than the whole molecule's window.
        own = form.linker.atoms
        heavy = form.window.low - own.low
        atoms = Window(max(own.low, window.low - heavy), window.high - heavy)
        linking = Linking(self.grower, LinkerLimits(atoms, form.linker.length))
        if second is None:
            tree = scaffold.seedling(first, vocabulary, fine=True)
            mirrored = tree.copy()
            mirrored.stack.reverse()
            # The ring that the linker closes is what was asked for.
            return [
                _Seedling(one, window, kept, rings + 1, linker=linking, end=linking.end(one, None))
                for one in (tree, mirrored)
            ]
        ways = []
        for near, far in ((first, second), (second, first)):
            tree = scaffold.seedling(near, vocabulary, fine=True)
            end = linking.end(tree, scaffold.branch(far, vocabulary, fine=True))
            ways.append(_Seedling(tree, window, kept, rings, linker=linking, end=end))
        return ways

    def _needed(self, seedling: _Seedling) -> int:
        if seedling.linker is None or seedling.end is None:
            needed = self.grower.needed(seedling.tree)
            if needed >= NEVER:
                raise ValueError(
                    "an attachment point has a bond order that this prior cannot close"
                )
            return needed
        atoms = seedling.tree.heavy_atoms + seedling.linker.limits.atoms.low
        return atoms + (0 if seedling.end.branch is None else seedling.end.branch.heavy_atoms)

    def __call__(self, numbers: range) -> list[Candidate]:
        """The candidates of these attempts, in their order."""
        attempts: list[Attempt] = []
        seedlings: list[_Seedling] = []
        for number in numbers:
            rng = np.random.default_rng([self.seed, 5, number])
            seedling = self.seedlings[int(rng.integers(len(self.seedlings)))]
            tree = seedling.tree.copy()
            if seedling.linker is None:
                rng.shuffle(tree.stack)
            attempts.append(Attempt(tree, seedling.window, rng, seedling.beside))
            seedlings.append(seedling)
        linked = self._link(attempts, seedlings)
        self.grower.finish([a for a, fits in zip(attempts, linked, strict=True) if fits])
        return [
            self._candidate(attempt, seedling, fits)
            for attempt, seedling, fits in zip(attempts, seedlings, linked, strict=True)
        ]

    def _link(self, attempts: Sequence[Attempt], seedlings: Sequence[_Seedling]) -> list[bool]:
        """Grow the linkers there are; whether an attempt can go on."""
        fits = [True] * len(attempts)
        for linking in dict.fromkeys(x.linker for x in seedlings if x.linker is not None):
            rows = [i for i, x in enumerate(seedlings) if x.linker is linking]
            ends = [end for i in rows if (end := seedlings[i].end) is not None]
            done = linking.grow([attempts[i] for i in rows], ends)
            for row, one in zip(rows, done, strict=True):
                fits[row] = one
        return fits

    def _candidate(self, attempt: Attempt, seedling: _Seedling, linked: bool) -> Candidate:
        if not linked:
            return Candidate(None, reason="no linker within its limits")
        mol = self.grower.molecule(attempt.tree)
        if mol is None:
            return Candidate(None, reason="an open point that nothing fits")
        return Candidate(
            mol, self.grower.grown(attempt.tree, attempt.kept), kept=seedling.kept,
            surroundings=seedling.surroundings, own_rings=seedling.own_rings,
        )  # fmt: skip


def _too_large(needed: int, limit: int) -> str:
    return (
        f"what is kept needs at least {needed} heavy atoms, more than the limit of {limit}; "
        "raise the limit or keep less"
    )
