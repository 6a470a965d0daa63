"""Molecules from motif trees by way of text.

Every motif is kept as a SMILES without its dummies: where one was, its neighbour carries a
ring-closure number that the other end of the link carries too. The motifs of a tree,
joined by dots, are then one SMILES that RDKit reads at once, in a third of the time that
editing the molecule takes (``motifs.assemble``).

The order in which a SMILES names the neighbours of a stereocentre decides its mark, and
the ring-closure number stands elsewhere than the dummy stood. The mark is turned where
the order is; then, as for the direction of a bond that says a double bond's geometry, it
is proved that the text, with dummies linked back to it, is the motif again. What this does
not succeed for is left to ``motifs.assemble``, and so are trees with two motifs that have
such a geometry: the direction of a bond between them would speak of both.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rdkit import Chem, rdBase

from generative import motifs
from generative.motifs import MotifTree

FIRST_NUMBER = 10  # of ring closures that join motifs; those within a motif are smaller
LAST_NUMBER = 99
# Marks to be chosen beyond this number are given up: 2**n texts would have to be tried.
MOST_MARKS = 6

_TOKEN = re.compile(
    r"(?P<dummy>\[\*:(?P<label>\d+)\])|(?P<atom>\[[^\]]*\]|Br|Cl|[A-Za-z])|(?P<bond>[-=#:/\\])"
    r"|(?P<ring>\d)|(?P<open>\()|(?P<close>\))"
)
_BOND_ORDER = {"-": 1, "/": 1, "\\": 1, "=": 2, "#": 3, ":": 1}
_DIRECTIONS = "/\\"


@dataclass(frozen=True)
class Pieces:
    """The text of a motif around its ring-closure numbers."""

    texts: tuple[str, ...]  # one more than attachments
    labels: tuple[int, ...]  # the attachment whose number follows each text but the last
    orders: tuple[int, ...]  # bond order of each attachment, by label
    geometry: bool  # whether a double bond's geometry is said

    def written(self, numbers: Sequence[int]) -> str:
        """The motif's SMILES, given the ring-closure number of each label."""
        parts = [self.texts[0]]
        for label, text in zip(self.labels, self.texts[1:], strict=True):
            parts.append(f"%{numbers[label - 1]}{text}")
        return "".join(parts)


def molecule(tree: MotifTree) -> Chem.Mol:
    """The molecule of a closed tree.

    Raises:
        ValueError: an attachment is open, a link joins attachments of different bond order,
            or the pieces do not make a molecule.
    """
    links = [(x.first, x.first_label, x.second, x.second_label) for x in tree.links]
    text = joined(tree.motifs, links)
    if text is not None:
        mol = Chem.MolFromSmiles(text)
        if mol is None:
            raise ValueError(f"the motifs do not make a molecule: {text!r}")
        return mol
    if tree.open_attachments():
        raise ValueError("an attachment of the tree is open")
    return motifs.assemble(tree)


def smiles(tree: MotifTree) -> str:
    """The canonical SMILES of a closed tree, stable when it is read and written again.

    Raises:
        ValueError: as :func:`molecule`.
    """
    return canonical(molecule(tree))


def canonical(mol: Chem.Mol) -> str:
    """Canonical SMILES of a molecule that was read from text, stable when read again.

    RDKit writes a molecule without stereochemistry stably at once.
    """
    text = Chem.MolToSmiles(mol)
    if "@" in text or "/" in text or "\\" in text:
        again = Chem.MolFromSmiles(text)
        return text if again is None else Chem.MolToSmiles(again)
    return text


def joined(names: Sequence[str], links: Sequence[tuple[int, int, int, int]]) -> str | None:
    """A SMILES, not canonical, of a closed tree; None if text cannot say it.

    Args:
        names: the motifs.
        links: a node, its label, another node, its label.

    Raises:
        ValueError: an attachment is open, or a link joins attachments of different order.
    """
    if len(links) > LAST_NUMBER - FIRST_NUMBER + 1:
        return None
    found = [one for one in map(pieces, names) if one is not None]
    if len(found) < len(names) or sum(one.geometry for one in found) > 1:
        return None
    orders = [one.orders for one in found]
    numbers = [[0] * len(row) for row in orders]
    for number, (a, a_label, b, b_label) in enumerate(links, start=FIRST_NUMBER):
        if orders[a][a_label - 1] != orders[b][b_label - 1]:
            raise ValueError("a link joins attachments of different bond order")
        numbers[a][a_label - 1] = number
        numbers[b][b_label - 1] = number
    if any(0 in row for row in numbers):
        raise ValueError("an attachment of the tree is open")
    return ".".join(one.written(row) for one, row in zip(found, numbers, strict=True))


@lru_cache(maxsize=65536)
def pieces(motif: str) -> Pieces | None:
    """The text of a motif; None if text cannot say it."""
    cut = _without_dummies(motif)
    if cut is None:
        return None
    if not cut.closures:
        return Pieces((motif,), (), (), cut.geometry)
    # Where a mark is to be chosen: at an atom's token, or at a closure.
    centres = [i for i in sorted({c.after for c in cut.closures}) if "@" in cut.tokens[i]]
    directed = [i for i, c in enumerate(cut.closures) if c.bond in _DIRECTIONS]
    if not centres and not directed:
        return _pieces(cut.tokens, cut.closures, cut.geometry)
    if len(centres) + len(directed) > MOST_MARKS:
        return None
    likely = [cut.odd[i] for i in centres] + [False for _ in directed]
    with rdBase.BlockLogs():
        wanted = Chem.MolToSmiles(motifs.parse(motif))
        for others in itertools.product((False, True), repeat=len(likely)):
            turned = [a != b for a, b in zip(likely, others, strict=True)]
            tokens, closures = list(cut.tokens), list(cut.closures)
            for index, turn in zip(centres, turned, strict=False):
                if turn:
                    tokens[index] = _turned(tokens[index])
            for index, turn in zip(directed, turned[len(centres) :], strict=True):
                if turn:
                    other = _DIRECTIONS.replace(closures[index].bond, "")
                    closures[index] = replace(closures[index], bond=other)
            candidate = _pieces(tokens, closures, cut.geometry)
            if _says(candidate, wanted, bool(directed)):
                return candidate
    return None


@dataclass(frozen=True)
class _Closure:
    label: int
    after: int  # token of the atom it follows
    bond: str


@dataclass(frozen=True)
class _Cut:
    tokens: tuple[str, ...]  # a motif without its dummies
    closures: tuple[_Closure, ...]  # in their order in the text
    odd: dict[int, bool]  # token of an atom -> whether its neighbours' order is turned
    geometry: bool


def _without_dummies(motif: str) -> _Cut | None:
    tokens: list[str] = []
    closures: list[_Closure] = []
    branches: list[int] = []
    # Of each atom, what its neighbours are in their order: see _odd.
    neighbours: dict[int, list[int]] = {}
    atom = -1  # the one that the next bond starts from
    leading: int | None = None  # label of the dummy that the text begins with
    bond = "-"  # written even where it is single: two aromatic atoms would share another
    place = 0
    while place < len(motif):
        match = _TOKEN.match(motif, place)
        if match is None:  # a ring closure of two digits
            return None
        place = match.end()
        token = match.group()
        if match["dummy"]:
            label = int(match["label"])
            if atom < 0:
                leading = label
                continue
            closures.append(_Closure(label, atom, bond))
            neighbours[atom].append(_LINKED)
            if tokens[-1] in _BOND_ORDER:
                tokens.pop()
            if tokens[-1] == "(" and motif[place : place + 1] == ")":
                tokens.pop()
                branches.pop()
                place += 1
            bond = "-"
            continue
        if match["bond"]:
            bond = token
            if leading is not None:
                continue
        elif match["open"]:
            branches.append(atom)
        elif match["close"]:
            atom = branches.pop()
        elif match["ring"]:
            neighbours[atom].append(_RING)
            bond = "-"
        else:
            if atom >= 0:
                neighbours[atom].append(_BRANCH)
            neighbours[len(tokens)] = [_BEFORE] if atom >= 0 else []
            atom = len(tokens)
            if leading is not None:
                closures.append(_Closure(leading, atom, bond))
                neighbours[atom].append(_LINKED)
                leading = None
            if "H" in token:
                neighbours[atom].append(_HYDROGEN)
            bond = "-"
        tokens.append(token)
    closures.sort(key=lambda closure: closure.after)
    odd = {index: _odd(kinds) for index, kinds in neighbours.items()}
    return _Cut(tuple(tokens), tuple(closures), odd, "/" in motif or "\\" in motif)


# The order in which the neighbours of an atom come in the text of a motif without dummies.
_BEFORE, _HYDROGEN, _LINKED, _RING, _BRANCH = range(5)


def _odd(kinds: Sequence[int]) -> bool:
    """Whether bringing neighbours into that order takes an odd number of exchanges."""
    pairs = itertools.combinations(kinds, 2)
    return sum(first > second for first, second in pairs) % 2 == 1


def _pieces(tokens: Sequence[str], closures: Sequence[_Closure], geometry: bool) -> Pieces:
    texts: list[str] = []
    written = ""
    waiting = list(closures)
    for place, token in enumerate(tokens):
        written += token
        while waiting and waiting[0].after == place:
            texts.append(written + waiting.pop(0).bond)
            written = ""
    orders = {c.label: _BOND_ORDER[c.bond] for c in closures}
    return Pieces(
        (*texts, written),
        tuple(c.label for c in closures),
        tuple(orders[label] for label in sorted(orders)),
        geometry,
    )


def _turned(token: str) -> str:
    return token.replace("@@", "@") if "@@" in token else token.replace("@", "@@")


def _says(candidate: Pieces, wanted: str, directed: bool) -> bool:
    """Whether the text is the motif, at the beginning of a SMILES and after others.

    Where a closure has a direction, the other end may write its single bond or not.
    """
    numbers = range(FIRST_NUMBER, FIRST_NUMBER + len(candidate.orders))
    text = candidate.written(numbers)
    for single in ("-", "") if directed else ("-",):
        bonds = {1: single, 2: "=", 3: "#"}
        dummies = [
            f"[*:{label}]{bonds[order]}%{number}"
            for label, (order, number) in enumerate(
                zip(candidate.orders, numbers, strict=True), start=1
            )
        ]
        for parts in ([text, *dummies], [*dummies, text]):
            mol = Chem.MolFromSmiles(".".join(parts))
            if mol is None or Chem.MolToSmiles(mol) != wanted:
                return False
    return True
