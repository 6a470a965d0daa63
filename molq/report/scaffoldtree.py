"""The scaffolds of a run as a tree: ring by ring from a molecule's framework to one ring.

A molecule's scaffold is what is left without side chains (Bemis and Murcko, J. Med. Chem. 39
(1996) 2887). RDKit's scaffold network (Kruger, Stiefl and Landrum, J. Chem. Inf. Model. 60
(2020) 3331) takes its rings off one by one; where that can be done in several ways, the way
that most molecules share is drawn, as in the scaffold tree of Schuffenhauer et al. (J. Chem.
Inf. Model. 47 (2007) 47), so that every scaffold stands in one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors
from rdkit.Chem.Scaffolds import MurckoScaffold, rdScaffoldNetwork

from molq import depiction

NO_RING = ""  # the scaffold of a molecule without rings
MOST_SCAFFOLDS = 100  # that are taken apart, those of the best molecules first
MOST_MEMBERS = 24  # molecules that are named under a scaffold, the best first
_WIDTH, _HEIGHT = 150, 94  # px


@dataclass(frozen=True)
class Member:
    """A molecule that has a scaffold."""

    inchikey: str
    name: str
    smiles: str
    worth: float | None  # larger is better; None for one without a score


@dataclass(eq=False)  # told apart by being themselves
class _Growing:
    smiles: str
    members: list[Member] = field(default_factory=list)  # whose own scaffold this is
    children: list[_Growing] = field(default_factory=list)


@dataclass(frozen=True)
class Scaffold:
    """A scaffold with the molecules on it and on the scaffolds below."""

    smiles: str  # ``NO_RING`` for molecules without rings
    rings: int
    count: int  # molecules here and below
    best: float | None  # largest worth here and below
    members: tuple[Member, ...]  # those whose own scaffold this is, the best first, capped
    own: int  # their number before the cap
    children: tuple[Scaffold, ...]  # the best first

    def walk(self) -> Iterable[Scaffold]:
        """This one and all below, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def drawing(self) -> str:
        """SVG; "" without a ring."""
        if self.smiles == NO_RING:
            return ""
        return depiction.svg(self.smiles, width=_WIDTH, height=_HEIGHT) or ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types with the drawing, for the page."""
        return {
            "smiles": self.smiles,
            "label": _label(self),
            "count": self.count,
            "best": self.best,
            "own": self.own,
            "drawing": self.drawing,
            "members": [[m.inchikey, m.name, m.worth] for m in self.members],
            "children": [child.to_json() for child in self.children],
        }


@dataclass(frozen=True)
class ScaffoldTree:
    """All scaffolds of a run."""

    worth: str  # what ``Member.worth`` is
    roots: tuple[Scaffold, ...]  # the best first
    molecules: int
    scaffolds: int  # different ones that molecules have
    left_out: int  # molecules on scaffolds that were not taken apart

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, for the page."""
        return {
            "worth": self.worth,
            "molecules": self.molecules,
            "scaffolds": self.scaffolds,
            "left_out": self.left_out,
            "roots": [root.to_json() for root in self.roots],
        }


def murcko(smiles: str) -> str:
    """The Bemis-Murcko scaffold as canonical SMILES; ``NO_RING`` for a molecule without rings.

    Raises:
        ValueError: not a valid SMILES.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise ValueError(f"{smiles} is no valid SMILES")
    found = MurckoScaffold.GetScaffoldForMol(molecule)
    Chem.RemoveStereochemistry(found)  # one framework, however its molecules are turned
    return str(Chem.MolToSmiles(found))


def scaffold_tree(members: Sequence[Member], *, worth: str) -> ScaffoldTree:
    """The tree of the molecules' scaffolds.

    Args:
        members: each molecule once.
        worth: what their worth is.

    Raises:
        ValueError: one of them has no valid SMILES.
    """
    by_scaffold: dict[str, list[Member]] = {}
    for member in sorted(members, key=_rank):
        by_scaffold.setdefault(murcko(member.smiles), []).append(member)
    kept = dict(list(by_scaffold.items())[:MOST_SCAFFOLDS])
    counts = {smiles: len(of) for smiles, of in kept.items()}
    parents = _parents([smiles for smiles in kept if smiles != NO_RING], counts)
    growing = {smiles: _Growing(smiles, list(of)) for smiles, of in kept.items()}
    for smiles in list(growing):
        child = smiles
        while (parent := parents.get(child)) is not None:
            is_new = parent not in growing
            above = growing.setdefault(parent, _Growing(parent))
            if growing[child] not in above.children:
                above.children.append(growing[child])
            if not is_new:
                break
            child = parent
    tops = [node for smiles, node in growing.items() if parents.get(smiles) is None]
    return ScaffoldTree(
        worth,
        tuple(sorted((_finished(_shortened(node)) for node in tops), key=_order)),
        len(members),
        len(by_scaffold),
        len(members) - sum(counts.values()),
    )


def _parents(scaffolds: Sequence[str], counts: Mapping[str, int]) -> dict[str, str]:
    """Of each scaffold and each of its fragments the one it hangs on; single rings on none."""
    if not scaffolds:
        return {}
    settings: Any = rdScaffoldNetwork.ScaffoldNetworkParams()
    settings.includeGenericScaffolds = False
    settings.includeScaffoldsWithAttachments = False
    settings.includeScaffoldsWithoutAttachments = True
    with rdBase.BlockLogs():
        network = rdScaffoldNetwork.CreateScaffoldNetwork(
            [Chem.MolFromSmiles(smiles) for smiles in scaffolds], settings
        )
    names = [_canonical(text) for text in network.nodes]
    smaller: dict[str, set[str]] = {}
    for edge in network.edges:
        above, below = names[edge.endIdx], names[edge.beginIdx]
        if above != below:
            smaller.setdefault(below, set()).add(above)
    rings = {name: _rings(name) for name in names}
    shared = _shared(scaffolds, counts, smaller)
    found = {}
    for name, offered in smaller.items():
        fewer = [other for other in offered if 0 < rings[other] < rings[name]]
        if fewer:
            # one ring less, shared by most, then the first in the alphabet
            found[name] = min(fewer, key=lambda s: (-rings[s], -shared[s], s))
    return found


def _shared(
    scaffolds: Sequence[str], counts: Mapping[str, int], smaller: Mapping[str, set[str]]
) -> Counter[str]:
    """Of each fragment the molecules whose scaffold holds it."""
    total: Counter[str] = Counter()
    for scaffold in scaffolds:
        seen, waiting = {scaffold}, [scaffold]
        while waiting:
            for other in smaller.get(waiting.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        for name in seen:
            total[name] += counts[scaffold]
    return total


def _shortened(node: _Growing) -> _Growing:
    """Without scaffolds that no molecule has and that lead to one other alone."""
    node.children = [_shortened(child) for child in node.children]
    if not node.members and len(node.children) == 1:
        return node.children[0]
    return node


def _finished(node: _Growing) -> Scaffold:
    children = tuple(sorted((_finished(child) for child in node.children), key=_order))
    worths = [m.worth for m in node.members] + [child.best for child in children]
    return Scaffold(
        smiles=node.smiles,
        rings=_rings(node.smiles),
        count=len(node.members) + sum(child.count for child in children),
        best=max((worth for worth in worths if worth is not None), default=None),
        members=tuple(node.members[:MOST_MEMBERS]),
        own=len(node.members),
        children=children,
    )


def _canonical(smiles: str) -> str:
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))


def _rings(smiles: str) -> int:
    molecule = Chem.MolFromSmiles(smiles)
    return int(rdMolDescriptors.CalcNumRings(molecule)) if molecule is not None else 0


def _rank(member: Member) -> tuple[float, str]:
    return (-member.worth if member.worth is not None else float("inf"), member.inchikey)


def _order(scaffold: Scaffold) -> tuple[float, int, str]:
    best = -scaffold.best if scaffold.best is not None else float("inf")
    return best, -scaffold.count, scaffold.smiles


def _label(scaffold: Scaffold) -> str:
    if scaffold.smiles == NO_RING:
        return "no ring"
    return "1 ring" if scaffold.rings == 1 else f"{scaffold.rings} rings"
