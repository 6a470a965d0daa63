"""A scaffold that every molecule keeps, as the partial trees growth starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from generative import motifs
from generative.growth import GrowingTree
from generative.motifs import Cut, MotifTree
from generative.policy import COARSE, FINE
from generative.vocabulary import Vocabulary, relabelling

# Ways to choose growing positions on a scaffold that marks none.
VARIANTS = 32
# How many positions grow at once there: 1, 2 or 3, with these probabilities.
POSITIONS = (0.5, 0.3, 0.2)


@dataclass(frozen=True)
class Scaffold:
    """What is kept, and the marked forms of it that can grow."""

    query: Chem.Mol  # matches every molecule that keeps it; a dummy matches any atom
    marked: tuple[Chem.Mol, ...]  # with attachment points; each differs in where it grows
    forms: tuple[Cut, ...]  # the same, cut: each with at least one open attachment


def read(smiles: str, seed: int) -> Scaffold:
    """Read a scaffold.

    Args:
        smiles: attachment points are dummies, numbered or not: ``[*]``, ``[*:1]``,
            ``[1*]``. Without any, positions that carry hydrogen are chosen at random.
        seed: of that choice.

    Raises:
        ValueError: it is not one valid molecule, an attachment point does not hang on
            exactly one atom, or nothing in it can grow.
    """
    mol = motifs.parse(smiles)
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
        atom.SetAtomMapNum(0)
    if all(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise ValueError(f"the scaffold {smiles!r} has no atom to keep")
    has_points = any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms())
    marked = [mol] if has_points else _marked(mol, seed)
    try:
        forms = [motifs.cut(one) for one in marked]
    except ValueError as error:
        raise ValueError(f"scaffold {smiles!r}: {error}") from error
    if not forms:
        raise ValueError(
            f"the scaffold {smiles!r} has no free position: no atom carries a hydrogen; "
            "mark where it grows with [*]"
        )
    return Scaffold(query(mol), tuple(marked), tuple(forms))


def query(mol: Chem.Mol) -> Chem.Mol:
    """A kept part as a substructure: an attachment point in it matches any atom."""
    parameters = Chem.AdjustQueryParameters.NoAdjustments()
    parameters.makeDummiesQueries = True  # type: ignore[assignment]
    return Chem.AdjustQueryProperties(mol, parameters)


def _marked(mol: Chem.Mol, seed: int) -> list[Chem.Mol]:
    full = Chem.AddHs(mol)
    # One hydrogen of each atom: which of them grows makes no difference but to
    # stereochemistry that is not specified.
    hydrogens: dict[int, int] = {}
    for atom in full.GetAtoms():
        if atom.GetAtomicNum() == 1 and not atom.GetIsotope() and atom.GetDegree() == 1:
            hydrogens.setdefault(atom.GetNeighbors()[0].GetIdx(), atom.GetIdx())
    free = sorted(hydrogens)
    if not free:
        return []
    rng = np.random.default_rng([seed, 1])
    forms: dict[str, Chem.Mol] = {}
    for _ in range(VARIANTS):
        wanted = int(rng.choice(len(POSITIONS), p=POSITIONS)) + 1
        chosen = rng.choice(free, size=min(wanted, len(free)), replace=False)
        form = Chem.RWMol(full)
        for position in chosen.tolist():
            dummy = form.GetAtomWithIdx(hydrogens[position])
            dummy.SetAtomicNum(0)
            dummy.SetNoImplicit(True)
        grown = Chem.RemoveHs(form.GetMol())
        forms.setdefault(Chem.MolToSmiles(grown), grown)
    return list(forms.values())


def seedling(form: Cut, vocabulary: Vocabulary, *, fine: bool | None = None) -> GrowingTree:
    """The partial tree of a marked scaffold; its open attachments are the stack.

    It is cut into units where an open attachment lies on an acyclic group: such a group
    is not finished, and only a unit can be followed by more of the group.

    Args:
        form: a scaffold with open attachments.
        vocabulary: of the policy; it must know the motifs (``Vocabulary.extended``).
        fine: cut acyclic groups into units, or do not, whatever the attachments say.
    """
    fine = is_fine(form) if fine is None else fine
    known = vocabulary.refined(form, fine=fine)
    links, moved = _rooted(known.tree, 0, 0)
    opens = [(node, _moved(moved[node], label)) for node, label in known.opens]
    numbers = [vocabulary.index[motif] for motif in known.tree.motifs]
    heavy = int(vocabulary.heavy_atoms[numbers].sum())
    return GrowingTree(numbers, links, opens, FINE if fine else COARSE, heavy)


@dataclass(frozen=True)
class Branch:
    """A finished part of a tree that is added to an open attachment as a whole."""

    motifs: tuple[int, ...]  # the one that is entered first
    links: tuple[tuple[int, int, int, int], ...]  # node, its label, other node, its label
    entry: int  # label by which the first motif is entered
    heavy_atoms: int

    def join(self, tree: GrowingTree) -> None:
        """Add it at the tree's focus, which it closes."""
        first = len(tree.motifs)
        tree.links.append((*tree.stack.pop(), first, self.entry))
        tree.links.extend((first + a, x, first + b, y) for a, x, b, y in self.links)
        tree.motifs.extend(self.motifs)
        tree.heavy_atoms += self.heavy_atoms


def branch(form: Cut, vocabulary: Vocabulary, *, fine: bool) -> Branch:
    """A fragment with one attachment point, as what closes an attachment of a tree.

    Args:
        form: a fragment with exactly one open attachment.
        vocabulary: of the policy; it must know the motifs (``Vocabulary.extended``).
        fine: cut acyclic groups into units.
    """
    known = vocabulary.refined(form, fine=fine)
    ((root, label),) = known.opens
    links, moved = _rooted(known.tree, root, label)
    order = [root, *(node for node in range(len(known.tree.motifs)) if node != root)]
    place = {node: i for i, node in enumerate(order)}
    numbers = tuple(vocabulary.index[known.tree.motifs[node]] for node in order)
    return Branch(
        numbers,
        tuple((place[a], x, place[b], y) for a, x, b, y in links),
        _moved(moved[root], label),
        int(vocabulary.heavy_atoms[list(numbers)].sum()),
    )


def _rooted(
    tree: MotifTree, root: int, label: int
) -> tuple[list[tuple[int, int, int, int]], list[tuple[int, ...] | None]]:
    """The links away from a root, and how each motif is renumbered.

    A motif is numbered as if it had been entered from its parent; the root by ``label``,
    or not at all when that is 0.
    """
    bonds: list[list[tuple[int, int, int]]] = [[] for _ in tree.motifs]
    for x in tree.links:
        bonds[x.first].append((x.first_label, x.second, x.second_label))
        bonds[x.second].append((x.second_label, x.first, x.first_label))
    moved: list[tuple[int, ...] | None] = [None] * len(tree.motifs)
    if label:
        moved[root] = relabelling(tree.motifs[root], label)
    links = []
    queue = [(root, label)]
    while queue:
        node, entered = queue.pop()
        for own, other, other_label in bonds[node]:
            if own == entered:
                continue
            moved[other] = relabelling(tree.motifs[other], other_label)
            links.append((node, _moved(moved[node], own), other, _moved(moved[other], other_label)))
            queue.append((other, other_label))
    return links, moved


def is_fine(form: Cut) -> bool:
    """Whether a marked scaffold grows unit by unit."""
    return any(not motifs.has_ring(form.tree.motifs[node]) for node, _ in form.opens)


def _moved(moved: tuple[int, ...] | None, label: int) -> int:
    return label if moved is None else moved[label - 1]
