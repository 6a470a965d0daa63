"""Structure drawings: SVG, the scored site highlighted and turned the same way.

RDKit lays out each molecule by itself; a column of leads can only be compared
by eye when the common part stands in the same place, so the drawing is laid
out around the site (or turned onto it where the site is part of a ring).

Shares of atoms are drawn as discs, orange where an atom raises the value and blue where it
lowers it: two hues that the common kinds of colour blindness keep apart (Okabe and Ito
2008). A sign beside an atom would read as a charge; numbers stand beside the drawing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, Geometry
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

# the site drawn as a zigzag from lower left, in units of one bond; the fourth
# atom (the carbonyl oxygen of a warhead) points up
_BOND = 1.5
_ZIGZAG = np.array([[0.0, 0.0], [0.866, 0.5], [1.732, 0.0], [1.732, -1.0]]) * _BOND
# a ring may hold the other rotamer: there the carbonyl decides, the rest follows
_RING_WEIGHTS = np.array([0.05, 0.2, 1.0, 1.0])
HIGHLIGHT = (0.98, 0.80, 0.46)
"""Colour of a site, RGB 0..1."""
_RAISES = np.array([0.902, 0.624, 0.0])  # orange
_LOWERS = np.array([0.0, 0.447, 0.698])  # blue
_FAINTEST = 0.04  # of the full colour, below which an atom stays white
_PROLOGUE = re.compile(r"<\?xml[^>]*\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*", re.DOTALL)
_SVG_TAG = re.compile(r"<svg[^>]*>", re.DOTALL)
_CLASSES = re.compile(r" class='[^']*'")
# what SVG assumes anyway; without it a drawing is half the size
_DEFAULTS = re.compile(
    r"(?:fill-rule:evenodd|fill-opacity:1|stroke-linecap:butt|stroke-linejoin:miter"
    r"|stroke-miterlimit:10|stroke-opacity:1|stroke-width:0\.0px)(?:;|(?='))"
)


def svg(
    smiles: str, *, site: Sequence[int] = (), width: int = 240, height: int = 150
) -> str | None:
    """The structure as an ``<svg>`` element without names or scripts.

    Args:
        smiles: the molecule.
        site: heavy-atom indices, in the order of ``smiles``, to highlight and align.
        width: of the drawing, in pixels.
        height: of the drawing, in pixels.

    Returns:
        ``None`` where RDKit does not read the SMILES.
    """
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    site = [atom for atom in site if 0 <= atom < molecule.GetNumAtoms()]
    lay_out(molecule, site)
    chosen = set(site)
    bonds = [
        bond.GetIdx()
        for bond in molecule.GetBonds()
        if bond.GetBeginAtomIdx() in chosen and bond.GetEndAtomIdx() in chosen
    ]
    drawer = _drawer(width, height)
    drawer.drawOptions().setHighlightColour(HIGHLIGHT)
    drawer.DrawMolecule(_prepared(molecule), highlightAtoms=list(site), highlightBonds=bonds)
    return _finished(drawer, width, height)


def shares_svg(
    smiles: str,
    shares: Sequence[float] | NDArray[np.float64],
    *,
    full: float,
    site: Sequence[int] = (),
    width: int = 300,
    height: int = 170,
) -> str | None:
    """The structure with each atom's share of a value, as an ``<svg>`` element.

    Args:
        smiles: the molecule.
        shares: of each heavy atom, in the order of ``smiles``.
        full: the size of a share that has the full colour, positive.
        site: heavy-atom indices to align, as in ``svg``; not highlighted.
        width: of the drawing, in pixels.
        height: of the drawing, in pixels.

    Returns:
        ``None`` where RDKit does not read the SMILES.

    Raises:
        ValueError: another number of shares than atoms.
    """
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return None
    if len(shares) != molecule.GetNumAtoms():
        raise ValueError(f"{smiles}: {len(shares)} shares of {molecule.GetNumAtoms()} atoms")
    lay_out(molecule, [atom for atom in site if 0 <= atom < molecule.GetNumAtoms()])
    strength = np.clip(np.asarray(shares, dtype=np.float64) / full, -1, 1)  # shape: (atoms,)
    coloured = [int(atom) for atom in np.flatnonzero(np.abs(strength) >= _FAINTEST)]
    bonds = {
        bond.GetIdx(): (strength[bond.GetBeginAtomIdx()] + strength[bond.GetEndAtomIdx()]) / 2
        for bond in molecule.GetBonds()
        if bond.GetBeginAtomIdx() in coloured and bond.GetEndAtomIdx() in coloured
    }
    drawer = _drawer(width, height)
    options: Any = drawer.drawOptions()
    options.highlightRadius = 0.42
    options.atomHighlightsAreCircles = True
    options.fixedBondLength = 22
    options.useBWAtomPalette()
    drawer.DrawMolecule(
        _prepared(molecule),
        highlightAtoms=coloured,
        highlightAtomColors={atom: _colour(strength[atom]) for atom in coloured},
        highlightBonds=list(bonds),
        highlightBondColors={bond: _colour(value) for bond, value in bonds.items()},
    )
    return _finished(drawer, width, height)


def layered_svg(
    molecule: Chem.Mol,
    *,
    site: Sequence[int] = (),
    shares: Sequence[float] | NDArray[np.float64] | None = None,
    full: float = 1.0,
    width: int = 240,
    height: int = 150,
    placed: bool = False,
) -> str:
    """A laid out molecule over two layers that a page shows or hides.

    The group of the class ``site`` is a band along the site's bonds, that of the class
    ``shares`` a disc for each atom that raises or lowers a value.

    Args:
        molecule: with a 2D conformer, which is kept.
        site: heavy-atom indices.
        shares: of each heavy atom; None for no such layer.
        full: the size of a share that has the full colour, positive.
        width: of the drawing, in pixels.
        height: of the drawing, in pixels.
        placed: says in ``data-atoms`` where each atom stands, "x y x y ..." in pixels.

    Raises:
        ValueError: another number of shares than atoms.
    """
    if shares is not None and len(shares) != molecule.GetNumAtoms():
        raise ValueError(f"{len(shares)} shares of {molecule.GetNumAtoms()} atoms")
    drawer = _drawer(width, height)
    options: Any = drawer.drawOptions()
    options.useBWAtomPalette()
    drawer.DrawMolecule(_prepared(molecule))
    # shape: (atoms, 2), px
    at = np.array([(p.x, p.y) for p in map(drawer.GetDrawCoords, range(molecule.GetNumAtoms()))])
    drawing = _finished(drawer, width, height)
    bond = _bond_length(molecule, at)
    layers = _site_layer(molecule, site, at, bond)
    if shares is not None:
        layers += _shares_layer(np.asarray(shares, dtype=np.float64) / full, at, bond)
    opening, _, rest = drawing.partition(">")
    if placed:
        opening += f' data-atoms="{" ".join(f"{x:.0f}" for x in at.ravel())}"'
    return f"{opening}>{layers}{rest}"


def _bond_length(molecule: Chem.Mol, at: NDArray[np.float64]) -> float:
    """The median bond on the drawing, px."""
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]
    if not ends:
        return 18.0
    return float(np.median([np.linalg.norm(at[i] - at[j]) for i, j in ends]))


def _site_layer(
    molecule: Chem.Mol, site: Sequence[int], at: NDArray[np.float64], bond: float
) -> str:
    chosen = set(site)
    lines = "".join(
        f"M{at[i][0]:.1f} {at[i][1]:.1f}L{at[j][0]:.1f} {at[j][1]:.1f}"
        for i, j in ((b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in molecule.GetBonds())
        if i in chosen and j in chosen
    )
    # an atom alone is a line without a length, which a round cap makes a disc
    lines = lines or "".join(f"M{at[i][0]:.1f} {at[i][1]:.1f}h0" for i in sorted(chosen))
    if not lines:
        return ""
    colour = _hex(HIGHLIGHT)
    return (
        f'<g class="site"><path d="{lines}" fill="none" stroke="{colour}" '
        f'stroke-width="{0.55 * bond:.1f}" stroke-linecap="round" stroke-linejoin="round"/></g>'
    )


def _shares_layer(strength: NDArray[np.float64], at: NDArray[np.float64], bond: float) -> str:
    clipped = np.clip(strength, -1, 1)
    discs = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" fill="{_hex(_colour(value))}"/>'
        for (x, y), value in zip(at, clipped, strict=True)
        if abs(value) >= _FAINTEST
    ).replace("<circle", f'<circle r="{0.42 * bond:.1f}"')
    return f'<g class="shares">{discs}</g>'


def _hex(colour: Sequence[float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)


def scale_colours(steps: int = 9) -> tuple[str, ...]:
    """The colours of ``shares_svg`` from the full negative to the full positive share."""
    return tuple(_hex(_colour(strength)) for strength in np.linspace(-1, 1, steps))


def _colour(strength: float) -> tuple[float, float, float]:
    """White at 0, the hue of the sign at 1; the power lets small shares be seen."""
    hue = _RAISES if strength > 0 else _LOWERS
    red, green, blue = 1 - abs(strength) ** 0.7 * (1 - hue)
    return float(red), float(green), float(blue)


def _drawer(width: int, height: int) -> rdMolDraw2D.MolDraw2DSVG:
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    options: Any = drawer.drawOptions()
    options.clearBackground = False
    options.bondLineWidth = 1.4
    options.padding = 0.06
    options.fixedBondLength = 18  # of a bond of 1.5: 27 px
    options.minFontSize = 9
    options.highlightBondWidthMultiplier = 9
    return drawer


def _prepared(molecule: Chem.Mol) -> Chem.Mol:
    return rdMolDraw2D.PrepareMolForDrawing(molecule, kekulize=True, addChiralHs=False)


def _finished(drawer: rdMolDraw2D.MolDraw2DSVG, width: int, height: int) -> str:
    drawer.FinishDrawing()
    text = _PROLOGUE.sub("", drawer.GetDrawingText())
    opening = (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'aria-hidden="true" focusable="false">'
    )
    return _DEFAULTS.sub("", _CLASSES.sub("", _SVG_TAG.sub(opening, text, count=1))).strip()


def lay_out(molecule: Chem.Mol, site: Sequence[int]) -> None:
    """Give a molecule coordinates on paper, around its site or turned by it.

    Args:
        molecule: gets one 2D conformer.
        site: heavy-atom indices.
    """
    # an alkyne is straight and a ring has its own angles: those are only turned
    bends = not any(
        molecule.GetAtomWithIdx(atom).IsInRing()
        or molecule.GetAtomWithIdx(atom).GetHybridization() == Chem.HybridizationType.SP
        for atom in site
    )
    if len(site) == len(_ZIGZAG) and bends:
        places = {
            int(atom): Geometry.Point2D(float(x), float(y))
            for atom, (x, y) in zip(site, _ZIGZAG * [1, -1], strict=True)
        }
        rdDepictor.Compute2DCoords(molecule, coordMap=places, canonOrient=False)
    else:
        rdDepictor.Compute2DCoords(molecule, canonOrient=True)
    if len(site) == len(_ZIGZAG):
        # also after a layout around fixed places: resolving overlaps may move them
        _turn(molecule, site)


def _turn(molecule: Chem.Mol, site: Sequence[int]) -> None:
    """Rotate (and mirror where that fits better) the site onto the zigzag."""
    conformer = molecule.GetConformer()
    positions = conformer.GetPositions()[:, :2]  # shape: (atoms, 2)
    placed, target = positions[list(site)], _ZIGZAG * [1, -1]
    weights = _RING_WEIGHTS / _RING_WEIGHTS.sum()
    centre = weights @ placed
    covariance = (placed - centre).T @ (weights[:, None] * (target - weights @ target))
    u, _, vt = np.linalg.svd(covariance)
    turned = (positions - centre) @ (u @ vt)
    for atom, (x, y) in enumerate(turned):
        conformer.SetAtomPosition(atom, Geometry.Point3D(float(x), float(y), 0.0))
