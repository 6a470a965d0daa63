"""Each notebook runs from a fresh kernel and prints what it was committed with."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]


def _module(name: str, path: Path):  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    return module


runnotebooks = _module("runnotebooks", ROOT / "docs" / "runnotebooks.py")
printednumbers = _module("printednumbers", Path(__file__).with_name("printednumbers.py"))
Quantity = printednumbers.Quantity

# Another processor gives other last digits, and so another rounding: one step of what is
# printed, or two where it is 0.01. What is not named here must be the very same.
NOTEBOOKS = {
    "covalent-warheads": {
        # of log10(min) one step; the half-lives are powers of ten, told in two digits
        3: (Quantity(r"log10", 0.1), Quantity(r"\(h\)", relative=0.06)),
        5: (Quantity(r"acryl|croton", 0.02),),  # terms of log10(min)
        7: (Quantity(r"\(eV\)", 0.02),),
        13: (Quantity(r"log_likelihood=(-?\d+\.\d+)", 1e-3), Quantity(r"=(0\.\d{6,})", 1e-6)),
    },
    "metabolic-soft-spots": {
        3: (Quantity(r"kcal/mol", 1),),
        5: (Quantity(r"(\d+) kcal/mol stronger", 1),),
        7: (Quantity(r"kcal/mol", 1),),
        9: (Quantity(r"", 1),),  # all rows are kcal/mol
    },
    "noisy-device": {
        1: (Quantity(r"(-\d+\.\d\d) eV", 0.01),),
        3: (
            Quantity(r"is (-\d+\.\d+) eV in it", 0.002),
            Quantity(r"and (-\d+\.\d+) eV in the whole", 0.002),
            Quantity(r"is ([-+]\d+\.\d+) mHa off", 1.5),  # its standard error
        ),
        5: (
            Quantity(r"off exact \(mHa\)", 1),  # sampled, the standard error
            Quantity(r"\+- \(mHa\)", 0.1),
            Quantity(r"affinity", 0.1),
        ),
        7: (Quantity(r"shots", relative=0.05),),
        9: (Quantity(r"\(eV\): (-\d+\.\d\d)", 0.01),),
    },
}


def committed(name: str):  # type: ignore[no-untyped-def]
    path = runnotebooks.FOLDER / f"{name}.ipynb"
    return printednumbers.printed(nbformat.read(path, as_version=4))


def test_every_notebook_is_tested() -> None:
    assert {path.stem for path in runnotebooks.FOLDER.glob("*.ipynb")} == set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_printed_number_can_fail(name: str) -> None:
    """Each is changed in its turn: by three tenths and some more."""
    rules, pieces = NOTEBOOKS[name], committed(name)
    assert printednumbers.differences(pieces, pieces, rules) == []
    changed = 0
    for place, piece in enumerate(pieces):
        for found in re.finditer(r"-?\d+(?:\.\d+)?", piece.text):
            value = float(found[0])
            more = 0.25 if "." in found[0] else 2
            other = f"{value + 0.3 * abs(value) + more:.{2 if '.' in found[0] else 0}f}"
            text = piece.text[: found.start()] + other + piece.text[found.end() :]
            again = [*pieces[:place], replace(piece, text=text), *pieces[place + 1 :]]
            (said,) = printednumbers.differences(again, pieces, rules)
            assert said.startswith(f"cell {piece.cell}: ")
            changed += 1
    assert changed > 20
    for cell, quantities in rules.items():
        texts = [
            p.text if p.column is None else p.column
            for p in pieces
            if p.cell == cell and p.column != ""
        ]
        for quantity in quantities:  # a rule that nothing falls under would hide a new number
            assert any(re.search(quantity.where, text) for text in texts), quantity


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_prints_what_it_was_committed_with(name: str, tmp_path: Path) -> None:
    path = runnotebooks.FOLDER / f"{name}.ipynb"
    again = runnotebooks.plain(runnotebooks.executed(path, tmp_path))
    found = printednumbers.differences(
        printednumbers.printed(again), committed(name), NOTEBOOKS[name]
    )
    assert found == []
