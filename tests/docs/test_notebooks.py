"""Each notebook runs from a fresh kernel and prints what it was committed with."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = {
    # numbers may differ by so much: another processor, other last digits, another rounding
    "covalent-warheads": 0.11,
    "metabolic-soft-spots": 1.0,  # kcal/mol, printed as whole numbers
    "noisy-device": 1.5,  # mHa, sampled
}

_spec = importlib.util.spec_from_file_location("runnotebooks", ROOT / "docs" / "runnotebooks.py")
runnotebooks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(runnotebooks)

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def printed(notebook: nbformat.NotebookNode) -> list[str]:
    """The text of every output, in order."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            text = output.get("text") or output["data"]["text/plain"]
            found.append(" ".join(text.split()))
    return found


def test_every_notebook_is_tested() -> None:
    assert {path.stem for path in runnotebooks.FOLDER.glob("*.ipynb")} == set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_prints_what_it_was_committed_with(name: str, tmp_path: Path) -> None:
    path = runnotebooks.FOLDER / f"{name}.ipynb"
    committed = printed(nbformat.read(path, as_version=4))
    again = printed(runnotebooks.plain(runnotebooks.executed(path, tmp_path)))
    assert [_NUMBER.sub("#", text) for text in again] == [
        _NUMBER.sub("#", text) for text in committed
    ]
    for new, old in zip(again, committed, strict=True):
        numbers = [float(number) for number in _NUMBER.findall(new)]
        expected = [float(number) for number in _NUMBER.findall(old)]
        assert numbers == pytest.approx(expected, abs=NOTEBOOKS[name], rel=0.05), new
