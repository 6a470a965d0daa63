"""Layouts: what leads share stands in the same place, and nothing lies on top of anything."""

from __future__ import annotations

import re

import numpy as np
import pytest
from rdkit import Chem

from molq import depiction
from molq.alignment import Aligned, Drawable, aligned

_WARHEAD = Chem.MolFromSmarts("C=CC=O")
ANILIDES = (
    "C=CC(=O)Nc1ccc(Cl)cc1", "C=CC(=O)Nc1cccc(OC)c1", "CN(C)c1ccc(NC(=O)C=C)cc1",
    "C/C=C/C(=O)Nc1cccc(F)c1",
)  # fmt: skip


def _drawn(*smiles: str, core: str | None = None) -> Aligned:
    return aligned(
        [
            Drawable(text, tuple(Chem.MolFromSmiles(text).GetSubstructMatch(_WARHEAD)))
            for text in smiles
        ],
        core=core,
    )


def _places(molecule: Chem.Mol, smarts: str) -> np.ndarray:
    match = molecule.GetSubstructMatch(Chem.MolFromSmarts(smarts))
    found: np.ndarray = molecule.GetConformer().GetPositions()[list(match), :2]
    return found


def test_one_scaffold_lies_where_the_first_lead_has_it() -> None:
    found = _drawn(*ANILIDES)
    assert [(one.smiles, one.count) for one in found.scaffolds] == [("c1ccccc1", 4)]
    assert found.groups == (0, 0, 0, 0)
    reference = _places(found.layouts[0], "[CX3]=[OX1]")
    ring = np.sort(_places(found.layouts[0], "c1ccccc1"), axis=0)
    for layout in found.layouts[1:]:
        assert _places(layout, "[CX3]=[OX1]") == pytest.approx(reference, abs=0.05)
        assert np.sort(_places(layout, "c1ccccc1"), axis=0) == pytest.approx(ring, abs=0.05)


def test_no_two_atoms_are_drawn_on_top_of_each_other() -> None:
    crowded = "C=CC(=O)Nc1c(C(C)(C)C)cccc1C(=O)N(C(C)C)C(C)C"
    for layout in _drawn(*ANILIDES, crowded).layouts:
        places = layout.GetConformer().GetPositions()
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        assert apart[np.triu_indices(len(places), 1)].min() > 0.3


def test_what_has_no_ring_has_no_scaffold() -> None:
    found = _drawn("C=CC(N)=O", "C=CC(=O)N1CCOCC1", "C=CC(=O)NC")
    assert found.groups == (None, 0, None)
    assert found.scaffolds[0].smiles == "C1COCCN1"


def test_a_campaigns_core_comes_before_the_scaffold() -> None:
    pair = ("C=CC(=O)Nc1ccc2[nH]ccc2c1", "C=CC(=O)Nc1cccc(-c2ccncc2)c1")
    found = _drawn(*pair, core="C=CC(=O)N[*]")
    assert len(found.scaffolds) == 2
    places = [_places(layout, "C=CC(=O)N") for layout in found.layouts]
    assert places[1] == pytest.approx(places[0], abs=0.05)


def test_an_unreadable_structure_is_left_out() -> None:
    found = aligned([Drawable("not a SMILES"), Drawable("c1ccccc1C")])
    assert found.layouts[0] is None
    assert found.groups == (None, 0)


def test_layers_stand_under_the_structure() -> None:
    (layout,) = _drawn("C=CC(N)=O").layouts
    text = depiction.layered_svg(
        layout, site=(0, 1, 2, 4), shares=[0.1, -0.1, 0.0, 0.05, 0.2], full=0.1
    )
    site, shares = text.index('class="site"'), text.index('class="shares"')
    assert site < shares < text.rindex("<path")
    assert text.count("<circle") == 4  # a share of nothing has no disc
    discs = re.findall(r'fill="(#[0-9a-f]{6})"', text[shares : text.index("</g>", shares)])
    low, high = depiction.scale_colours()[0], depiction.scale_colours()[-1]
    assert discs[0] == discs[3] == high  # what is beyond the scale has its last colour
    assert discs[1] == low
    assert "class=" not in depiction.layered_svg(layout)
    with pytest.raises(ValueError, match="2 shares of 5 atoms"):
        depiction.layered_svg(layout, shares=[0.1, 0.2])
