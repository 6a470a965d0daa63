"""The constants between atomic units and others."""

import re
from pathlib import Path

import pytest
from scipy.constants import Avogadro, calorie, physical_constants

from simulation import atomicunits

ROOT = Path(__file__).parents[2]


def test_they_are_codatas() -> None:
    joule = physical_constants["Hartree energy"][0]
    # editions of CODATA differ in the tenth digit
    assert physical_constants["Hartree energy in eV"][0] == pytest.approx(
        atomicunits.HARTREE_EV, rel=1e-9
    )
    assert joule * Avogadro / (1000 * calorie) == pytest.approx(atomicunits.HARTREE_KCAL, rel=1e-9)
    assert physical_constants["Bohr radius"][0] * 1e10 == pytest.approx(atomicunits.BOHR, rel=1e-9)


def test_nobody_else_defines_them() -> None:
    number = re.compile(r"\b(27\.211|627\.5\d|0\.52917)|physical_constants\[")
    holders = [
        path.relative_to(ROOT).as_posix()
        for package in ("simulation", "screening", "generative", "molq")
        for path in (ROOT / package).rglob("*.py")
        if number.search(path.read_text(encoding="utf-8"))
    ]
    assert holders == ["simulation/atomicunits.py"]
