"""Recorded orbitals in the form in which a page evaluates them.

A basis function at r from its atom is, with PySCF's normalisation,

    f(r) = sum_k c_k exp(-a_k |r|^2) * sum_t h_t x^i y^j z^k,    r in Bohr,

a radial part that its shell shares and a real solid harmonic. The page gets exponents and
coefficients of the shells that occur, once for all molecules, and the harmonics as
polynomials; so it needs to know nothing of any basis set.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from simulation.score import OrbitalSet

_DIGITS = 8  # significant, of exponents and coefficients


def orbitals_json(kept: OrbitalSet, symbols: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """The orbitals of a record: of every term its atom, shell, component and coefficient.

    Args:
        kept: of the record.
        symbols: of the geometry's atoms, in order.

    Returns:
        of each orbital ``label``, ``occupation``, ``kept`` and ``terms``, a flat list of
        four numbers a term; None where the functions of these atoms are not those of the record.
    """
    if any(symbol not in kept.basis for symbol in symbols):
        return None
    places = [
        (atom, shell, component)
        for atom, symbol in enumerate(symbols)
        for shell, degree in enumerate(_degrees(symbol, kept.basis[symbol]))
        for component in range(2 * degree + 1)
    ]
    if len(places) != kept.functions:
        return None
    return [
        {
            "label": orbital.label,
            "occupation": orbital.occupation,
            "kept": orbital.kept,
            "terms": [
                number
                for function, coefficient in zip(
                    orbital.functions, orbital.coefficients, strict=True
                )
                for number in (*places[function], coefficient)
            ],
        }
        for orbital in kept.orbitals
    ]


def shells_json(symbol: str, basis: str) -> list[list[Any]]:
    """The shells of an element, in the order of PySCF's functions.

    Returns:
        of each its degree l, the exponents (1/Bohr^2) and their coefficients.
    """
    return [
        [degree, *([float(f"{x:.{_DIGITS}g}") for x in column] for column in (exponents, weights))]
        for degree, exponents, weights in _shells(symbol, basis)
    ]


def harmonics_json(degree: int) -> list[list[list[float]]]:
    """The real solid harmonics of a degree, in PySCF's order, as polynomials.

    Returns:
        of each its terms, powers of x, y and z and a coefficient.
    """
    from pyscf import gto

    powers = [
        (x, y, degree - x - y) for x in range(degree, -1, -1) for y in range(degree - x, -1, -1)
    ]
    return [
        [
            [*power, float(f"{weight:.12g}")]
            for power, weight in zip(powers, column, strict=True)
            if abs(weight) > 1e-12
        ]
        for column in np.asarray(gto.cart2sph(degree)).T
    ]


def _degrees(symbol: str, basis: str) -> tuple[int, ...]:
    return tuple(degree for degree, _, _ in _shells(symbol, basis))


@cache
def _shells(
    symbol: str, basis: str
) -> tuple[tuple[int, tuple[float, ...], tuple[float, ...]], ...]:
    """Degree, exponents and normalised coefficients; a contraction each."""
    from pyscf import gto

    atom = gto.M(atom=[(symbol, (0.0, 0.0, 0.0))], basis=basis, spin=None, verbose=0)
    found = []
    for shell in range(atom.nbas):
        degree, exponents = int(atom.bas_angular(shell)), np.asarray(atom.bas_exp(shell))
        weights = np.asarray(atom.bas_ctr_coeff(shell)) * gto.gto_norm(degree, exponents)[:, None]
        found += [(degree, tuple(exponents), tuple(column)) for column in weights.T]
    return tuple(found)
