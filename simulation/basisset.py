"""Which Gaussian functions and core potentials each element of a molecule gets."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyscf import gto
from pyscf.lib.exceptions import BasisNotFoundError
from rdkit import Chem

from simulation.errors import InputError

# Elements without functions in the chosen basis (iodine in 6-31G*) get this one, of about
# the same size, with its core potential.
SUBSTITUTE = "def2-svp"
# No auxiliary basis was made for minimal bases, and fitting them saves nothing.
_UNFITTED = frozenset({"sto3g", "sto6g", "minao"})
_FIRST_WITH_CORE_POTENTIAL = 37  # Rb: def2 and its like replace the core from here on


@dataclass(frozen=True)
class BasisSet:
    """The functions of a molecule, in the form that PySCF's ``gto.M`` takes."""

    name: str  # e.g. "6-31g*", "6-31g* with def2-svp on I"
    functions: dict[str, str]  # element -> basis
    core_potentials: dict[str, Any]  # element -> core potential, in PySCF's format
    fitted: bool  # auxiliary functions for density fitting exist
    flags: tuple[str, ...] = ()  # where it is not the basis that was asked for


def _plain(basis: str) -> str:
    return basis.lower().replace("-", "").replace("_", "").replace(" ", "")


def _has_functions(basis: str, symbol: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySCF advertises another package
        try:
            return bool(gto.basis.load(basis, symbol))
        except (BasisNotFoundError, KeyError):
            return False


def check(basis: str) -> None:
    """That there is a basis of this name.

    Raises:
        InputError: there is none.
    """
    if not _has_functions(basis, "C"):
        raise InputError(
            "meanfield", f"unknown basis {basis!r}; use for example 6-31g*, def2-svp or cc-pvdz"
        )


def _core_potential(basis: str, symbol: str) -> Any:
    if gto.charge(symbol) < _FIRST_WITH_CORE_POTENTIAL:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return gto.basis.load_ecp(basis, symbol) or None
        except (BasisNotFoundError, KeyError):
            return None  # an all-electron basis


def assign(symbols: Iterable[str], basis: str) -> BasisSet:
    """The functions of every element.

    Args:
        symbols: of the molecule's atoms, in any order and number.
        basis: by name. An element it does not cover gets ``SUBSTITUTE``.

    Raises:
        InputError: names the element that neither covers, or the basis when it
            is unknown.
    """
    check(basis)
    functions = {}
    substituted = []
    for symbol in sorted(set(symbols)):
        if _has_functions(basis, symbol):
            functions[symbol] = basis
        elif _has_functions(SUBSTITUTE, symbol):
            functions[symbol] = SUBSTITUTE
            substituted.append(symbol)
        else:
            raise InputError(
                "meanfield",
                f"neither the basis {basis} nor {SUBSTITUTE} has functions for {symbol}; "
                "leave the element out",
            )
    potentials = {
        symbol: potential
        for symbol, name in functions.items()
        if (potential := _core_potential(name, symbol)) is not None
    }
    flags: tuple[str, ...] = ()
    name = basis
    if substituted:
        elements = ", ".join(substituted)
        name = f"{basis} with {SUBSTITUTE} on {elements}"
        flags = (
            f"{basis} has no functions for {elements}: {SUBSTITUTE} was taken there; "
            f'simulation.basis = "{SUBSTITUTE}" treats all atoms alike',
        )
    return BasisSet(
        name=name,
        functions=functions,
        core_potentials=potentials,
        fitted=_plain(basis) not in _UNFITTED,
        flags=flags,
    )


def check_basis(molecule: Chem.Mol, basis: str) -> None:
    """Refuse an element without functions before anything is computed.

    Raises:
        InputError: names the element, or the basis when it is unknown.
    """
    assign([a.GetSymbol() for a in molecule.GetAtoms()] + ["H"], basis)
