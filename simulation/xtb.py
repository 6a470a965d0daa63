"""GFN2-xTB: energies, gradients and the optimisation of a geometry (tblite)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tblite.exceptions import TBLiteRuntimeError, TBLiteValueError
from tblite.interface import Calculator, Result

from simulation.errors import ConvergenceError, InputError

EnergyGradient = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]


class GFN2:
    """A GFN2-xTB calculator that restarts each SCC from the last one.

    Bannwarth, Ehlert and Grimme, J. Chem. Theory Comput. 15, 1652 (2019); ALPB
    solvation: Ehlert et al., J. Chem. Theory Comput. 17, 4250 (2021).

    Args:
        numbers: atomic numbers. # shape: (natoms,)
        positions: bohr. # shape: (natoms, 3)
        charge: total charge.
        multiplicity: 2 S + 1; unpaired electrons fill the lowest orbitals singly,
            without a spin-dependent term in the energy.
        accuracy: tblite's factor on its thresholds; 100 halves the time of an
            energy and leaves about 0.1 kcal/mol of error.
        solvent: ALPB solvent, or None for vacuum.

    Raises:
        InputError: the solvent is unknown.
    """

    def __init__(
        self,
        numbers: NDArray[np.int64],
        positions: NDArray[np.float64],
        *,
        charge: int,
        solvent: str | None,
        multiplicity: int = 1,
        accuracy: float = 1.0,
    ) -> None:
        self._calculator = Calculator(
            "GFN2-xTB", numbers, positions, charge=charge, uhf=multiplicity - 1
        )
        self._calculator.set("verbosity", 0)
        self._calculator.set("accuracy", accuracy)
        if solvent is not None:
            try:
                self._calculator.add("alpb-solvation", solvent)
            except (TBLiteRuntimeError, TBLiteValueError) as error:
                raise InputError(
                    "geometry",
                    f"ALPB has no solvent {solvent!r}; use for example water, dmso, or null",
                ) from error
        self._last: Result | None = None

    def __call__(self, positions: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Energy (Hartree) and gradient (Hartree/bohr, flat) at flat ``positions`` (bohr).

        Raises:
            ConvergenceError: the self-consistent charges do not settle.
        """
        self._calculator.update(positions.reshape(-1, 3))
        try:
            self._last = self._calculator.singlepoint(self._last)
        except TBLiteRuntimeError:
            # Charges of the geometry before can be a bad start; try the neutral atoms once.
            try:
                self._last = self._calculator.singlepoint()
            except TBLiteRuntimeError as error:
                self._last = None
                raise ConvergenceError("geometry", f"GFN2-xTB: {error}") from error
        assert self._last is not None
        return float(self._last.get("energy")), np.asarray(self._last.get("gradient")).ravel()

    def lumo(self) -> float:
        """Energy (Hartree) of the lowest orbital that the last calculation left empty.

        One that holds a single electron does not count as empty.
        """
        if self._last is None:
            raise ValueError("no calculation has been done yet")
        energies = np.asarray(self._last.get("orbital-energies")).ravel()
        occupations = np.asarray(self._last.get("orbital-occupations")).ravel()
        return float(energies[occupations < 1.0].min())


@dataclass(frozen=True)
class Relaxation:
    """What a geometry optimisation ended with."""

    energy: float  # Hartree
    positions: NDArray[np.float64]  # shape: (natoms, 3), bohr
    gradient_norm: float  # Hartree/bohr, largest component
    evaluations: int
    converged: bool
    abandoned: bool = False  # stopped because it was above the ceiling


def relax(
    function: EnergyGradient,
    positions: NDArray[np.float64],
    hessian: NDArray[np.float64],
    *,
    gradient_tolerance: float = 5e-4,
    energy_tolerance: float = 1e-6,
    max_evaluations: int = 400,
    ceiling: float = math.inf,
    patience: int = 16,
) -> Relaxation:
    """Minimise an energy: damped BFGS from a model Hessian, steps inside a trust radius.

    Converged when both the largest gradient component and the energy that the
    quadratic model still expects to win are below their tolerances; the second
    holds soft torsions, where a small gradient says little.

    Args:
        function: energy (Hartree) and flat gradient (Hartree/bohr) at flat positions (bohr).
        positions: start, bohr. # shape: (natoms, 3)
        hessian: model Hessian, Hartree/bohr^2. # shape: (3 * natoms, 3 * natoms)
        gradient_tolerance: Hartree/bohr.
        energy_tolerance: Hartree.
        max_evaluations: of ``function``.
        ceiling: Hartree; a structure that still lies above it is abandoned.
        patience: evaluations before the ceiling counts.
    """
    softest, radius, smallest, largest = 0.005, 0.3, 0.02, 0.8  # Hartree/bohr^2, bohr
    values, vectors = np.linalg.eigh(hessian)
    hessian = (vectors * np.maximum(values, softest)) @ vectors.T
    x: NDArray[np.float64] = positions.ravel().astype(float)
    energy, gradient = function(x)
    evaluations = 1
    while True:
        values, vectors = np.linalg.eigh(hessian)
        step = _bounded_step(np.maximum(values, 1e-4), vectors, gradient, radius)
        expected = float(gradient @ step + 0.5 * step @ hessian @ step)
        norm = float(np.abs(gradient).max())
        converged = norm < gradient_tolerance and -expected < energy_tolerance
        if converged or evaluations >= max_evaluations:
            return Relaxation(energy, x.reshape(-1, 3), norm, evaluations, converged)
        if evaluations >= patience and energy > ceiling:
            return Relaxation(energy, x.reshape(-1, 3), norm, evaluations, False, abandoned=True)
        new_energy, new_gradient = function(x + step)
        evaluations += 1
        hessian = _bfgs(hessian, step, new_gradient - gradient)
        quality = (new_energy - energy) / expected
        length = float(np.linalg.norm(step))
        if quality < 0.25:
            radius = max(smallest, 0.5 * length)
        elif quality > 0.75 and length > 0.8 * radius:
            radius = min(largest, 2 * radius)
        # The SCC leaves noise of about 1e-8 Hartree in the energy.
        if new_energy < energy + 1e-8:
            x, energy, gradient = x + step, new_energy, new_gradient


def _bounded_step(
    values: NDArray[np.float64],
    vectors: NDArray[np.float64],
    gradient: NDArray[np.float64],
    radius: float,
) -> NDArray[np.float64]:
    """The minimum of the quadratic model within ``radius``, by a level shift."""
    along = vectors.T @ gradient

    def length(shift: float) -> float:
        return float(np.linalg.norm(along / (values + shift)))

    low, high = 0.0, 0.0
    if length(0.0) > radius:
        high = 1.0
        while length(high) > radius:
            high *= 4
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if length(middle) > radius else (low, middle)
    step: NDArray[np.float64] = -vectors @ (along / (values + high))
    return step


def _bfgs(
    hessian: NDArray[np.float64], step: NDArray[np.float64], change: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Powell's damped update, which keeps the Hessian positive definite."""
    product = hessian @ step
    curvature, measured = float(step @ product), float(step @ change)
    if measured < 0.2 * curvature:
        share = 0.8 * curvature / (curvature - measured)
        change = share * change + (1 - share) * product
    updated: NDArray[np.float64] = (
        hessian
        - np.outer(product, product) / curvature
        + np.outer(change, change) / float(step @ change)
    )
    return updated
