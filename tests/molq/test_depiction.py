"""Drawings: the site in one place, highlighted, nothing but a drawing in it."""

from __future__ import annotations

import re

import pytest
from rdkit import Chem

from molq import depiction

_WARHEAD = Chem.MolFromSmarts("C=,#C-[CX3]=[OX1]")


def _site(smiles: str) -> tuple[int, ...]:
    match: tuple[int, ...] = Chem.MolFromSmiles(smiles).GetSubstructMatch(_WARHEAD)
    return match


def test_the_warhead_of_every_lead_lies_the_same_way() -> None:
    directions = []
    crowded = "C=CC(=O)N[C@@H](C)[C@H](N1CCOCC1)C(C)(C)C"
    for smiles in ("C=CC(=O)Nc1ccccc1", "C/C=C/C(=O)NCC", "C=C(C)C(=O)NC", "C#CC(=O)NC",
                   "O=C1C=CC(=O)N1C", crowded):  # fmt: skip
        molecule = Chem.MolFromSmiles(smiles)
        site = _site(smiles)
        depiction.lay_out(molecule, site)
        positions = molecule.GetConformer().GetPositions()
        step = positions[site[3]] - positions[site[2]]
        directions.append(step[:2] / (step @ step) ** 0.5)
    reference = directions[0]
    assert [float(d @ reference) for d in directions] == pytest.approx([1] * 6, abs=0.25)


def test_highlighting_needs_a_site() -> None:
    highlight = "#F9CC75"
    assert highlight in (depiction.svg("C=CC(N)=O", site=_site("C=CC(N)=O")) or "")
    assert highlight not in (depiction.svg("C=CC(N)=O") or "")


def test_the_drawing_holds_no_address_no_script_and_no_name() -> None:
    drawing = depiction.svg("C=CC(=O)Nc1ccccc1", site=(0, 1, 2, 3))
    assert drawing is not None
    assert drawing.startswith("<svg ")
    assert drawing.endswith("</svg>")
    assert not re.search(r"http|script|xlink|<\?xml", drawing)
    assert len(drawing) < 8000


def test_what_is_no_molecule_has_no_drawing() -> None:
    assert depiction.svg("<script>") is None


def test_a_site_outside_the_molecule_is_ignored() -> None:
    assert depiction.svg("CC", site=(0, 99, -1)) is not None
