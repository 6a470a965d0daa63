"""Lindh's model Hessian: where a geometry optimisation starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.floating[Any]]  # shape: (3,)

_STRETCH, _BEND, _TORSION = 0.45, 0.15, 0.005  # Hartree/bohr^2, Hartree/rad^2 (twice)
_ALPHA = np.array([[1.0, 0.3949, 0.3949], [0.3949, 0.28, 0.28], [0.3949, 0.28, 0.28]])  # 1/bohr^2
_REFERENCE = np.array([[1.35, 2.10, 2.53], [2.10, 2.87, 3.40], [2.53, 3.40, 3.40]])  # bohr
_WEAKEST = 1e-4  # Hartree/bohr^2; weaker stretches change no step
_LINEAR = 0.1  # sine of a bond angle below which its bend has two directions


class _Assembly:
    """A Hessian to which internal coordinates are added one by one."""

    def __init__(self, natoms: int) -> None:
        self.matrix: NDArray[np.float64] = np.zeros((3 * natoms, 3 * natoms))

    def add(self, atoms: Sequence[int], gradients: Sequence[Vector], k: float) -> None:
        rows = np.concatenate([np.arange(3 * a, 3 * a + 3) for a in atoms])
        wilson = np.concatenate(gradients)
        self.matrix[np.ix_(rows, rows)] += k * np.outer(wilson, wilson)


def lindh(
    numbers: NDArray[np.int64],
    positions: NDArray[np.float64],
    bonds: Sequence[tuple[int, int]],
) -> NDArray[np.float64]:
    """The model Hessian of Lindh et al., Chem. Phys. Lett. 241, 423 (1995).

    Stretches run over all pairs; bends and torsions over the given bonds only,
    which is what makes it cheap (the paper sums over all triples and quadruples).

    Args:
        numbers: atomic numbers. # shape: (natoms,)
        positions: bohr. # shape: (natoms, 3)
        bonds: pairs of atom indices.

    Returns:
        Hartree/bohr^2. # shape: (3 * natoms, 3 * natoms)
    """
    natoms = len(numbers)
    row = np.where(numbers <= 2, 0, np.where(numbers <= 10, 1, 2))
    apart = positions[:, None] - positions[None]
    squared = (apart**2).sum(-1)
    rho = np.exp(_ALPHA[row][:, row] * (_REFERENCE[row][:, row] ** 2 - squared))
    hessian = _Assembly(natoms)

    for i in range(natoms):
        for j in range(i):
            if _STRETCH * rho[i, j] > _WEAKEST:
                unit = apart[i, j] / np.sqrt(squared[i, j])
                hessian.add((i, j), (unit, -unit), _STRETCH * rho[i, j])

    neighbours: list[list[int]] = [[] for _ in range(natoms)]
    for i, j in bonds:
        neighbours[i].append(j)
        neighbours[j].append(i)
    for middle, ends in enumerate(neighbours):
        for place, i in enumerate(ends):
            for k in ends[:place]:
                force = _BEND * rho[i, middle] * rho[k, middle]
                for gradients in _bend(positions[i], positions[middle], positions[k]):
                    hessian.add((i, middle, k), gradients, force)
    for j, k in bonds:
        for i in neighbours[j]:
            for m in neighbours[k]:
                if i in (k, m) or m == j:
                    continue
                force = _TORSION * rho[i, j] * rho[j, k] * rho[k, m]
                torsion = _torsion(positions[i], positions[j], positions[k], positions[m])
                if torsion is not None:
                    hessian.add((i, j, k, m), torsion, force)
    return hessian.matrix


def _bend(one: Vector, middle: Vector, other: Vector) -> list[tuple[Vector, ...]]:
    """Gradients of the angle; of two perpendicular bends where it is straight."""
    u, v = one - middle, other - middle
    length_u, length_v = float(np.linalg.norm(u)), float(np.linalg.norm(v))
    u, v = u / length_u, v / length_v
    cosine = float(u @ v)
    sine = float(np.sqrt(max(1 - cosine**2, 0.0)))
    if sine > _LINEAR:
        first = (cosine * u - v) / (length_u * sine)
        last = (cosine * v - u) / (length_v * sine)
        return [(first, -first - last, last)]
    across = np.cross(u, np.eye(3)[int(np.argmin(np.abs(u)))])
    across /= np.linalg.norm(across)
    return [
        (p / length_u, -p / length_u - p / length_v, p / length_v)
        for p in (across, np.cross(u, across))
    ]


def _torsion(
    a: Vector,
    b: Vector,
    c: Vector,
    d: Vector,
) -> tuple[Vector, ...] | None:
    """Gradients of the dihedral angle; None where three of the atoms are on a line."""
    ab, bc, cd = b - a, c - b, d - c
    normal_1, normal_2 = np.cross(ab, bc), np.cross(bc, cd)
    area_1, area_2 = float(normal_1 @ normal_1), float(normal_2 @ normal_2)
    if min(area_1, area_2) < 0.5:
        return None
    length = float(np.linalg.norm(bc))
    grad_a = -length / area_1 * normal_1
    grad_d = length / area_2 * normal_2
    f, h = float(ab @ bc) / length**2, float(cd @ bc) / length**2
    grad_b = -grad_a - f * grad_a + h * grad_d
    grad_c = -grad_d + f * grad_a - h * grad_d
    return grad_a, grad_b, grad_c, grad_d
