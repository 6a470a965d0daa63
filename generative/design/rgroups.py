"""R-group replacement: part of a lead is exchanged, everything else is kept.

What is exchanged is named in one of three ways: by the core that stays (its SMARTS, or a
SMILES whose ``[*]`` mark where the exchanged groups hang), by the SMARTS of the part
that goes, or by the bond between the two, whose atoms carry the map numbers 1 (kept) and 2
(exchanged). A part in the middle of the lead leaves two pieces: a linker is grown
between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem

from generative import motifs, scaffold
from generative.constraints import Constraints
from generative.design import keeping, tasks
from generative.design.designs import Designs
from generative.design.forms import Form
from generative.design.growing import Window
from generative.design.linking import LinkerLimits
from generative.sampling import MotifGenerator

# By how many heavy atoms new groups may differ from the old ones when no window is given.
TOLERANCE = 3
_POINT = re.compile(r"\[\d*\*(?::\d+)?\]")  # an attachment point, numbered or not
MATCHES = 64  # ways to find a pattern in a lead that are looked at


@dataclass(frozen=True)
class Exchange:
    """One way to divide a lead."""

    kept: frozenset[int]
    gone: frozenset[int]


def rgroup(
    generator: MotifGenerator,
    lead: str,
    n: int,
    *,
    seed: int,
    core: str | None = None,
    exchange: str | None = None,
    size: Window | None = None,
    constraints: Constraints | None = None,
    named: Sequence[str] = (),
) -> Designs:
    """Molecules in which a part of a lead is grown anew.

    Args:
        generator: whose prior grows the new groups.
        lead: SMILES. With neither ``core`` nor ``exchange`` the bond to be cut is
            marked: its kept atom carries the map number 1, the other 2.
        n: molecules wanted.
        seed: of everything random.
        core: what is kept: SMARTS, or SMILES with ``[*]`` at the groups to be exchanged;
            without marks everything outside it is exchanged.
        exchange: SMARTS of the part that is exchanged; everything outside it is kept.
        size: heavy atoms of the new groups together; 3 fewer to 3 more than the old
            ones have by default.
        constraints: on every molecule.
        named: properties told of each.

    Raises:
        ValueError: a pattern that is invalid or not in the lead, nothing to exchange, an
            exchange that would cut a ring or lose a macrocycle, or limits without room.
    """
    mol = motifs.parse(lead)
    if len(Chem.GetMolFrags(mol)) > 1:
        raise ValueError(f"the lead {lead!r} has several components; give one")
    if any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise ValueError(f"the lead {lead!r} has attachment points; for them take decorate")
    exchanges, notes = _exchanges(mol, lead, core, exchange)
    forms = [_form(mol, one, size) for one in exchanges]
    if any(form.other is not None for form in forms):
        notes.append("the exchanged part joins two pieces: a linker is grown between them")
    return tasks.grown(
        "rgroup", generator, forms, n, seed=seed, constraints=constraints or Constraints(),
        named=named, lead=mol, notes=notes,
    )  # fmt: skip


def _exchanges(
    mol: Chem.Mol, lead: str, core: str | None, exchange: str | None
) -> tuple[list[Exchange], list[str]]:
    if core is not None and exchange is not None:
        raise ValueError("the core and the part to be exchanged contradict each other: give one")
    notes: list[str] = []
    if core is not None:
        ways, grown = _by_core(mol, core)
        if grown:
            notes.append("the core grew by what no acyclic single bond divides from it")
    elif exchange is not None:
        ways = _by_part(mol, exchange)
    else:
        ways = [_by_bond(mol, lead)]
    large = keeping.macrocyclic_atoms(mol)
    possible = [way for way in dict.fromkeys(ways) if way.gone and not way.gone & large]
    if not any(way.gone for way in ways):
        raise ValueError(
            f"the core {core!r} is all of the lead: nothing is left to be exchanged; "
            "mark positions that grow with [*] and take decorate"
        )
    if not possible:
        raise ValueError(
            "the part to be exchanged holds the lead's macrocycle, which every task keeps: "
            "put it into the core"
        )
    return possible, notes


def _by_core(mol: Chem.Mol, core: str) -> tuple[list[Exchange], bool]:
    pattern = _pattern(_POINT.sub("[*]", core))
    points = [a.GetIdx() for a in pattern.GetAtoms() if a.GetSmarts() == "*" and a.GetDegree() == 1]
    matches = _matches(mol, pattern)
    if not matches and (smiles := Chem.MolFromSmiles(core)) is not None:
        matches = _matches(mol, scaffold.query(smiles))  # in Kekule form, say
    ways, has_grown = [], False
    for match in matches:
        if points:
            way = _by_bonds(
                mol,
                [
                    (match[pattern.GetAtomWithIdx(p).GetNeighbors()[0].GetIdx()], match[p])
                    for p in points
                ],
            )
            if way is not None:
                ways.append(way)
            continue
        kept = keeping.closed(mol, match)
        has_grown |= len(kept) > len(match)
        ways.append(Exchange(kept, frozenset(range(mol.GetNumAtoms())) - kept))
    if not ways:
        raise ValueError(
            f"the core {core!r} is not in the lead"
            + (", or its points lie on no acyclic single bond of it" if points else "")
        )
    return ways, has_grown


def _by_part(mol: Chem.Mol, part: str) -> list[Exchange]:
    ways = []
    matches = _matches(mol, _pattern(part))
    if not matches:
        raise ValueError(f"the part to be exchanged, {part!r}, is not in the lead")
    for match in matches:
        gone = frozenset(match)
        if keeping.closed(mol, gone) == gone:
            ways.append(Exchange(frozenset(range(mol.GetNumAtoms())) - gone, gone))
    if not ways:
        raise ValueError(
            f"the part to be exchanged, {part!r}, shares a ring or a multiple bond with what is "
            "kept: name the whole ring system or group"
        )
    if not any(way.kept for way in ways):
        raise ValueError(f"the part to be exchanged, {part!r}, is the whole lead")
    return [way for way in ways if way.kept]


def _by_bond(mol: Chem.Mol, lead: str) -> Exchange:
    numbered = {a.GetAtomMapNum(): a.GetIdx() for a in mol.GetAtoms() if a.GetAtomMapNum()}
    if set(numbered) != {1, 2}:
        raise ValueError(
            "say what is exchanged: a core, a part, or map numbers 1 (kept) and 2 (exchanged) "
            f"on the atoms of one bond of the lead {lead!r}"
        )
    way = _by_bonds(mol, [(numbered[1], numbered[2])])
    if way is None:
        raise ValueError(
            "the atoms 1 and 2 of the lead are not joined by an acyclic single bond: only such "
            "bonds are cut"
        )
    return way


def _by_bonds(mol: Chem.Mol, bonds: Sequence[tuple[int, int]]) -> Exchange | None:
    """What lies beyond some bonds is exchanged; None where one of them cannot be cut."""
    cut = [mol.GetBondBetweenAtoms(*pair) for pair in bonds]
    if any(bond is None or not keeping.is_cuttable(bond) for bond in cut):
        return None
    gone: set[int] = set()
    for kept, other in bonds:
        rest = frozenset(range(mol.GetNumAtoms())) - {kept}
        gone |= next(part for part in keeping.components(mol, rest) if other in part)
    if any(kept in gone for kept, _ in bonds):
        return None
    return Exchange(frozenset(range(mol.GetNumAtoms())) - gone, frozenset(gone))


def _form(mol: Chem.Mol, way: Exchange, size: Window | None) -> Form:
    """The kept pieces, and the window of the whole molecule."""
    old = sum(mol.GetAtomWithIdx(i).GetAtomicNum() > 1 for i in way.gone)
    window = size or Window(max(1, old - TOLERANCE), old + TOLERANCE)
    window.check("a size")
    pieces = keeping.pieces(mol, way.kept)
    kept = sum(piece.GetNumHeavyAtoms() for piece in pieces)
    whole = Window(kept + window.low, kept + window.high)
    if len(pieces) == 1:
        return Form(pieces[0], whole)
    points = [sum(a.GetAtomicNum() == 0 for a in piece.GetAtoms()) for piece in pieces]
    if points != [1, 1]:
        raise ValueError(
            f"without the exchanged part the lead falls into {len(pieces)} pieces with "
            f"{sum(points)} open bonds: exchange one part that joins two pieces by a bond each, "
            "or give a core"
        )
    return Form(pieces[0], whole, pieces[1], LinkerLimits(window))


def _pattern(text: str) -> Chem.Mol:
    pattern = Chem.MolFromSmarts(text)
    if pattern is None or pattern.GetNumAtoms() == 0:
        raise ValueError(f"not a valid SMARTS: {text!r}")
    if len(Chem.GetMolFrags(pattern)) > 1:
        raise ValueError(f"{text!r} has several components; give one")
    return pattern


def _matches(mol: Chem.Mol, pattern: Chem.Mol) -> list[tuple[int, ...]]:
    plain = keeping.unmapped(mol)
    found: list[tuple[int, ...]] = list(
        plain.GetSubstructMatches(pattern, uniquify=False, maxMatches=MATCHES)
    )
    return found
