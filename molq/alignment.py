"""Many structures laid out so that what they share stands in the same place.

Molecules with one scaffold (Bemis and Murcko, J. Med. Chem. 39, 2887 (1996)), or with the one
a campaign was asked to keep, are laid out on the first of them; that one, and whatever has no
ring, is turned by its scored site. So a column of leads reads like a table of R groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, Geometry, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Scaffolds import MurckoScaffold

from molq import depiction

_MOST_MATCHES = 12  # ways of laying a symmetric scaffold onto itself that are tried
_CLOSEST = 0.5  # Angstrom on paper, below which two atoms lie on each other; a bond is 1.5
_TURNED = 1.0  # Angstrom, mean distance of the site from the template's that is not yet odd


@dataclass(frozen=True)
class Drawable:
    """A molecule to be drawn."""

    smiles: str
    site: tuple[int, ...] = ()  # heavy-atom indices in the order of ``smiles``


@dataclass(frozen=True)
class Scaffold:
    """What several molecules share."""

    smiles: str
    count: int  # molecules that have it
    layout: Chem.Mol  # with the coordinates that its molecules have


@dataclass(frozen=True)
class Aligned:
    """Layouts in the order of the molecules."""

    layouts: tuple[Chem.Mol | None, ...]  # with one 2D conformer; None where unreadable
    groups: tuple[int | None, ...]  # place in ``scaffolds``, None without a ring
    scaffolds: tuple[Scaffold, ...]  # the most frequent first


@dataclass(frozen=True)
class _Pattern:
    """A part of the first molecule of a group, where it lies."""

    molecule: Chem.Mol
    places: NDArray[np.float64]  # shape: (atoms, 2), Angstrom on paper


@dataclass(frozen=True)
class _Template:
    patterns: tuple[_Pattern, ...]  # the scaffold with the site and what joins them, then it alone
    site: NDArray[np.float64]  # shape: (site atoms, 2), where the first molecule's site lies


def aligned(molecules: Sequence[Drawable], *, core: str | None = None) -> Aligned:
    """Lay out molecules that are looked at together.

    Args:
        molecules: in the order of the page.
        core: SMILES of a substructure that a campaign keeps, attachment points as ``*``;
            molecules that have it are laid out on it rather than on their Murcko scaffold.
    """
    parsed = [_read(one.smiles) for one in molecules]
    names = [_scaffold(molecule) for molecule in parsed]
    counts = Counter(name for name in names if name)
    order = {name: place for place, (name, _) in enumerate(counts.most_common())}
    kept = _core(core)
    templates: dict[str, _Template] = {}
    for one, molecule, name in zip(molecules, parsed, names, strict=True):
        if molecule is None:
            continue
        site = [atom for atom in one.site if 0 <= atom < molecule.GetNumAtoms()]
        depiction.lay_out(molecule, site)
        has_core = kept is not None and molecule.HasSubstructMatch(kept)
        key = "" if has_core else name
        pattern = kept if has_core else _read(name) if name else None
        if pattern is None:
            continue
        if key in templates:
            _lay_on(molecule, site, templates[key])
        else:
            found = _template(molecule, site, pattern)
            if found is not None:
                templates[key] = found
    return Aligned(
        tuple(parsed),
        tuple(order.get(name) for name in names),
        tuple(_drawn(name, counts[name], templates.get(name)) for name in order),
    )


def _read(smiles: str) -> Chem.Mol | None:
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(smiles)


def _scaffold(molecule: Chem.Mol | None) -> str:
    """The Murcko scaffold's SMILES without stereo, "" where there is no ring."""
    if molecule is None or not molecule.GetRingInfo().NumRings():
        return ""
    found = MurckoScaffold.GetScaffoldForMol(molecule)
    Chem.RemoveStereochemistry(found)
    smiles: str = Chem.MolToSmiles(found)
    return smiles


def _core(smiles: str | None) -> Chem.Mol | None:
    """The part of a wanted scaffold that every molecule of it has: no attachment points."""
    molecule = _read(smiles) if smiles else None
    if molecule is None:
        return None
    bare = Chem.DeleteSubstructs(molecule, Chem.MolFromSmarts("[#0]"))
    Chem.RemoveStereochemistry(bare)
    return bare if bare.GetNumAtoms() > 2 else None


def _template(molecule: Chem.Mol, site: Sequence[int], pattern: Chem.Mol) -> _Template | None:
    match = molecule.GetSubstructMatch(pattern)
    if not match:
        return None
    places = molecule.GetConformer().GetPositions()[:, :2]
    alone = _Pattern(pattern, places[list(match)])
    whole = sorted({*match, *site, *_between(molecule, match, site)})
    joined = _Pattern(_part(molecule, whole), places[whole])
    return _Template((joined, alone) if len(whole) > len(match) else (alone,), places[list(site)])


def _between(molecule: Chem.Mol, scaffold: Sequence[int], site: Sequence[int]) -> set[int]:
    """Atoms on the shortest way from the scaffold to the site."""
    if not site or set(scaffold) & set(site):
        return set()
    apart = Chem.GetDistanceMatrix(molecule)[np.ix_(list(scaffold), list(site))]
    begin, end = divmod(int(apart.argmin()), len(site))
    if not np.isfinite(apart[begin, end]) or apart[begin, end] > molecule.GetNumAtoms():
        return set()  # parts of a salt
    return set(Chem.GetShortestPath(molecule, int(scaffold[begin]), int(site[end])))


def _part(molecule: Chem.Mol, atoms: Sequence[int]) -> Chem.Mol:
    """Some atoms of a molecule with the bonds between them, as a pattern."""
    part = Chem.RWMol(molecule)
    Chem.RemoveStereochemistry(part)
    for atom in sorted(set(range(molecule.GetNumAtoms())) - set(atoms), reverse=True):
        part.RemoveAtom(atom)
    found = part.GetMol()
    Chem.FastFindRings(found)
    return found


def _lay_on(molecule: Chem.Mol, site: Sequence[int], template: _Template) -> None:
    """Lay a molecule onto its template, where that draws no atom on top of another."""
    for pattern in template.patterns:
        best, least = None, np.inf
        for match in molecule.GetSubstructMatches(
            pattern.molecule, uniquify=False, maxMatches=_MOST_MATCHES
        ):
            trial = Chem.Mol(molecule)
            fixed = {
                int(atom): Geometry.Point2D(float(x), float(y))
                for atom, (x, y) in zip(match, pattern.places, strict=True)
            }
            rdDepictor.Compute2DCoords(trial, coordMap=fixed, canonOrient=False)
            distance = _distance(trial, site, template)
            if _closest(trial) >= _CLOSEST and distance < least:
                best, least = trial, distance
            if least < _TURNED:
                break
        if best is not None:
            conformer = molecule.GetConformer()
            for atom, place in enumerate(best.GetConformer().GetPositions()):
                conformer.SetAtomPosition(atom, Geometry.Point3D(*map(float, place)))
            return


def _distance(trial: Chem.Mol, site: Sequence[int], template: _Template) -> float:
    """How far the site lies from the template's, Angstrom on paper."""
    if len(site) != len(template.site) or not site:
        return 0.0
    places = trial.GetConformer().GetPositions()[list(site), :2]
    return float(np.linalg.norm(places - template.site, axis=1).mean())


def _closest(molecule: Chem.Mol) -> float:
    """The distance of the two atoms that are nearest on paper, Angstrom."""
    places = molecule.GetConformer().GetPositions()[:, :2]
    if len(places) < 2:
        return np.inf
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    return float(apart[np.triu_indices(len(places), 1)].min())


def _drawn(smiles: str, count: int, template: _Template | None) -> Scaffold:
    layout = _read(smiles)
    assert layout is not None  # written by RDKit a moment ago
    rdDepictor.Compute2DCoords(layout)
    if template is not None:
        conformer = layout.GetConformer()
        for atom, (x, y) in enumerate(template.patterns[-1].places):
            conformer.SetAtomPosition(atom, Geometry.Point3D(float(x), float(y), 0.0))
    return Scaffold(smiles, count, layout)
