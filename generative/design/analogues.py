"""Analogues of a lead: a random connected part of it is kept, the rest is grown anew.

The lead is divided at its acyclic single bonds. An attempt keeps some of the pieces that
hang together, every macrocycle and required pattern among them, and grows at the bonds it
cut; one attempt in three also, or only, at an atom that carries hydrogen. How much is kept
decides how similar the result is: the shares that led into the wanted window are taken
more often from round to round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from rdkit import Chem

from generative import motifs, scaffold
from generative.constraints import Constraints
from generative.design import keeping
from generative.design.collecting import (
    Candidate,
    Judge,
    Similarity,
    collect,
    described,
    own_rings,
)
from generative.design.designs import Designs
from generative.design.growing import Attempt, Grower, Window, narrowed
from generative.growth import GrowingTree
from generative.prior import Prior
from generative.sampling import MotifGenerator
from generative.threads import limited

SIMILARITY = (0.4, 0.9)  # the window when none is given
SPREAD = 5  # heavy atoms by which an analogue may differ from the lead
SHARES = 8  # classes of the kept share of heavy atoms, each equally wide
FURTHER = 1 / 3  # share of attempts that also grow at an atom carrying hydrogen


def analogues(
    generator: MotifGenerator,
    lead: str,
    n: int,
    *,
    seed: int,
    similarity: tuple[float, float] = SIMILARITY,
    size: Window | None = None,
    constraints: Constraints | None = None,
    named: Sequence[str] = (),
) -> Designs:
    """Molecules like a lead.

    Args:
        generator: whose prior grows what is not kept.
        lead: SMILES.
        n: molecules wanted.
        seed: of everything random.
        similarity: least and largest Tanimoto similarity to the lead (Morgan
            fingerprints, radius 2, 2048 bits).
        size: heavy atoms of an analogue; 5 fewer to 5 more than the lead by default.
        constraints: on every molecule.
        named: properties told of each.

    Raises:
        ValueError: a bad lead, window or constraint, or a limit below what is always kept.
    """
    low, high = similarity
    if not 0 <= low <= high <= 1:
        raise ValueError(f"a similarity from {low:g} to {high:g} is no window within 0 to 1")
    mol = keeping.unmapped(motifs.parse(lead))
    if any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise ValueError(f"the lead {lead!r} has attachment points; for them take decorate")
    if len(Chem.GetMolFrags(mol)) > 1:
        raise ValueError(f"the lead {lead!r} has several components; give one")
    limits = constraints or Constraints()
    atoms = mol.GetNumHeavyAtoms()
    window = size or Window(max(1, atoms - SPREAD), atoms + SPREAD)
    window.check("a size")
    window = narrowed(window, limits)
    reference = Similarity(mol)
    judge = Judge(
        limits.read(),
        excluded=frozenset({Chem.MolToSmiles(mol)}),
        similarity=reference,
        window=(low, high),
    )
    with limited(1), torch.no_grad():
        growth = _Growth(generator.prior, mol, window, limits, judge, seed)
        collected = collect(n, growth, judge)
    return described("analogues", generator, collected, named=named, similarity=reference)


class _Growth:
    """Attempts at analogues; they learn from round to round how much to keep."""

    def __init__(
        self,
        prior: Prior,
        lead: Chem.Mol,
        window: Window,
        constraints: Constraints,
        judge: Judge,
        seed: int,
    ) -> None:
        self.lead, self.window, self.constraints = lead, window, constraints
        self.judge, self.seed = judge, seed
        self.divided = Division(lead, _wanted(lead, judge))
        least = sum(len(self.divided.groups[i]) for i in self.divided.always)
        if least > window.high:
            raise ValueError(
                f"what is always kept of the lead (its macrocycle, required patterns) has {least} "
                f"heavy atoms, more than the limit of {window.high}"
            )
        self.prior = prior
        self.unknown: set[str] = set()  # motifs of the lead that the vocabulary does not hold
        self.grower = Grower(prior, (), constraints)
        self.tried = np.zeros(SHARES)
        self.good = np.zeros(SHARES)

    def __call__(self, numbers: range) -> list[Candidate]:
        chance = (self.good + 1) / (self.tried + 2)
        chance = np.cumsum(chance / chance.sum())
        rngs = [np.random.default_rng([self.seed, 6, number]) for number in numbers]
        shares = [
            min(int(np.searchsorted(chance, rng.random(), side="right")), SHARES - 1)
            for rng in rngs
        ]
        parts = [
            self._part((share + rng.random()) / SHARES, rng)
            for share, rng in zip(shares, rngs, strict=True)
        ]
        attempts = [
            Attempt(tree, self.window, rng)
            for tree, rng in zip(self._seedlings(parts), rngs, strict=True)
        ]
        for attempt in attempts:
            attempt.rng.shuffle(attempt.tree.stack)
        fitting = [x for x in attempts if self.grower.needed(x.tree) <= x.window.high]
        self.grower.finish(fitting)
        candidates = []
        for attempt, share, part in zip(attempts, shares, parts, strict=True):
            candidate = self._candidate(attempt, part)
            self.tried[share] += 1
            if candidate.mol is not None and self.judge.refusal(candidate.mol, candidate) is None:
                self.good[share] += 1
            candidates.append(candidate)
        return candidates

    def _seedlings(self, parts: Sequence[Chem.Mol]) -> list[GrowingTree]:
        cuts = [motifs.cut(part) for part in parts]
        needed: set[str] = set()
        for cut in cuts:
            fine = scaffold.is_fine(cut)
            needed.update(self.grower.vocabulary.refined(cut, fine=fine).tree.motifs)
        unknown = needed - self.grower.vocabulary.index.keys()
        if unknown:
            self.unknown |= unknown
            self.grower = Grower(self.prior, self.unknown, self.constraints)
        return [scaffold.seedling(cut, self.grower.vocabulary) for cut in cuts]

    def _candidate(self, attempt: Attempt, part: Chem.Mol) -> Candidate:
        mol = self.grower.molecule(attempt.tree)
        if mol is None:
            return Candidate(None, reason="no room for what is grown")
        return Candidate(
            mol,
            self.grower.grown(attempt.tree, attempt.kept),
            kept=(scaffold.query(part),),
            own_rings=own_rings(part, self.constraints),
        )

    def _part(self, share: float, rng: np.random.Generator) -> Chem.Mol:
        """A marked part of the lead with about that share of its heavy atoms."""
        atoms = self.divided.part(share * self.lead.GetNumHeavyAtoms(), rng)
        piece = keeping.pieces(self.lead, atoms)[0]
        points = sum(atom.GetAtomicNum() == 0 for atom in piece.GetAtoms())
        free = free_positions(piece)
        if free and (points == 0 or rng.random() < FURTHER):
            piece = keeping.with_point(piece, int(rng.choice(free)))
        return piece


def _wanted(lead: Chem.Mol, judge: Judge) -> set[int]:
    """Atoms of the lead by which it has the required patterns: they are kept, not found again."""
    atoms: set[int] = set()
    for _, pattern in judge.requirements.required:
        atoms.update(lead.GetSubstructMatch(pattern))
    return atoms


class Division:
    """A molecule's pieces between its acyclic single bonds, and which of them hang together."""

    def __init__(self, mol: Chem.Mol, wanted: Iterable[int] = ()) -> None:
        """Divide it; ring systems and multiple bonds stay whole.

        Args:
            mol: in one piece.
            wanted: atoms that every part holds, beside the macrocycles.
        """
        inner = {b.GetIdx() for b in mol.GetBonds() if not keeping.is_cuttable(b)}
        self.group = list(range(mol.GetNumAtoms()))  # atom -> its group, by its lowest atom
        for atom in range(mol.GetNumAtoms()):
            for other in keeping.closed(mol, [atom]):
                self.group[other] = min(self.group[other], atom)
        self.groups: dict[int, list[int]] = {}
        for atom, group in enumerate(self.group):
            self.groups.setdefault(group, []).append(atom)
        self.neighbours: dict[int, set[int]] = {group: set() for group in self.groups}
        for bond in mol.GetBonds():
            if bond.GetIdx() not in inner:
                first = self.group[bond.GetBeginAtomIdx()]
                second = self.group[bond.GetEndAtomIdx()]
                self.neighbours[first].add(second)
                self.neighbours[second].add(first)
        needed = {*keeping.macrocyclic_atoms(mol), *wanted}
        self.always = self._connected({self.group[atom] for atom in needed})

    def _connected(self, groups: set[int]) -> set[int]:
        """These groups and those between them: the groups form a tree."""
        if not groups:
            return set()
        left = {group: set(others) for group, others in self.neighbours.items()}
        ends = [group for group in left if len(left[group]) <= 1 and group not in groups]
        while ends:
            end = ends.pop()
            for other in left.pop(end):
                left[other].discard(end)
                if len(left[other]) <= 1 and other not in groups:
                    ends.append(other)
        return set(left)

    def part(self, atoms: float, rng: np.random.Generator) -> frozenset[int]:
        """Random connected groups with all that is always kept, and about so many atoms."""
        chosen = set(self.always)
        if not chosen:
            chosen.add(self.group[int(rng.integers(len(self.group)))])
        size = sum(len(self.groups[group]) for group in chosen)
        border = set().union(*(self.neighbours[group] for group in chosen)) - chosen
        while border and size < atoms:
            added = sorted(border)[int(rng.integers(len(border)))]
            chosen.add(added)
            size += len(self.groups[added])
            border |= self.neighbours[added]
            border -= chosen
        return frozenset(atom for group in chosen for atom in self.groups[group])


def free_positions(mol: Chem.Mol) -> list[int]:
    """Atoms that carry hydrogen."""
    return [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetTotalNumHs() > 0]
