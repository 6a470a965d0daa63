"""The UCCSD trial state: which excitations, in which order, with which parameters.

The state is a product of exponentials of single and double excitations,

    |psi> = prod_layers prod_k exp(theta_k G_k) |reference>,
    G_k = i^ j^ a b - h.c.  (doubles),    G_k = i^ a - h.c.  (singles),

where i, j are occupied and a, b empty in the reference determinant, which fills
the orbitals from the front. The
excitations come from Qiskit Nature, and the sign of G_k is the one of its
``UCC`` circuits, so one list of angles drives both the sector engine and the
circuit. Each factor is applied exactly: the product is the ansatz itself
("disentangled" UCC: Evangelista, Chan, Scuseria, J. Chem. Phys. 151, 244112
(2019)), not a Trotter approximation of one exponential.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit_nature.second_q.circuit.library.ansatzes.utils import (
    generate_fermionic_excitations,
)

from simulation.hamiltonian import Hamiltonian
from simulation.vqe.parity import ParitySymmetry

# A spin-orbital excitation as Qiskit Nature writes it: (emptied, filled), in
# block order (alpha 0..norb-1, beta norb..2 norb-1), indices ascending.
Excitation = tuple[tuple[int, ...], tuple[int, ...]]

_SMALLEST_GAP = 0.2  # Hartree; keeps perturbation theory finite for near-degenerate orbitals
_LARGEST_START = 0.5  # rad


@dataclass(frozen=True)
class Ansatz:
    """A product of excitations, and what each layer's parameters drive.

    Parameter ``layer * n_shared + group[k]`` is the angle of excitation k in
    that layer, in radians.
    """

    name: str  # "uccsd" or "adapt"
    norb: int
    n_alpha: int
    n_beta: int
    layers: int
    excitations: tuple[Excitation, ...]  # of one layer, the first is applied first
    group: NDArray[np.int64]  # shape: (excitations,); the parameter that drives each
    start: NDArray[np.float64]  # shape: (parameters,); where the optimisation begins, rad
    curvature: NDArray[np.float64]  # shape: (parameters,); estimate of d2E/dtheta2, Hartree

    @property
    def factors(self) -> tuple[Excitation, ...]:
        """The excitation of every factor in order of application, all layers."""
        return self.excitations * self.layers

    @property
    def description(self) -> str:
        """For a person, e.g. "uccsd, 2 layers"."""
        if self.name != "uccsd":
            return self.name
        return f"uccsd, {self.layers} layer{'s' * (self.layers > 1)}"

    @property
    def parameters(self) -> int:
        """Number of free parameters, all layers."""
        return int(self.start.size)

    def angles(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """The angle of every factor in order of application.

        Args:
            parameters: shape (parameters,), rad.

        Returns:
            shape (layers * excitations,), rad; the parameter list of the circuit.
        """
        return parameters.reshape(self.layers, -1)[:, self.group].ravel()

    def gathered(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Chain rule of ``angles``: a derivative per angle to one per parameter.

        Args:
            gradient: shape (layers * excitations,), Hartree/rad.

        Returns:
            shape (parameters,), Hartree/rad.
        """
        rows = gradient.reshape(self.layers, len(self.excitations))
        shared = self.parameters // self.layers
        return np.concatenate([np.bincount(self.group, row, shared) for row in rows])


def uccsd(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int, layers: int, *, share_spins: bool
) -> Ansatz:
    """Build the ansatz of a sector, with its perturbative start.

    Excitations that a reflection symmetry of the integrals forbids are left
    out: their amplitude is zero and stays zero. Within a layer the doubles act
    first, the strongest leading, then the singles: acrylamide's (8,8) then ends
    0.708 mHartree above the exact energy, against 0.746 with the singles first.
    The first-order amplitudes are divided evenly among the layers.

    Args:
        layers: repetitions of the whole product, each with its own parameters.
        share_spins: give an excitation of a closed shell and its mirror image
            under exchange of the spins one parameter. That halves the
            parameters of one layer at a cost below 1e-7 Hartree, but mirrored
            factors do not commute, so layers that share cannot become exact.

    Raises:
        InputError: the electrons do not fit into the orbitals.
    """
    hamiltonian.check_sector(n_alpha, n_beta)
    norb = hamiltonian.norb
    symmetry = ParitySymmetry.of(hamiltonian)
    fock = _fock(hamiltonian, n_alpha, n_beta)
    excitations: list[Excitation] = []
    amplitudes: list[NDArray[np.float64]] = []
    gaps: list[NDArray[np.float64]] = []
    for rank in (2, 1):
        listed = generate_fermionic_excitations(rank, norb, (n_alpha, n_beta))
        indices = np.array(listed, dtype=np.int64).reshape(len(listed), 2, rank)
        allowed = symmetry.allows(indices)
        amplitude, gap = _perturbation(hamiltonian, fock, indices)
        # Rounding keeps equal amplitudes in Qiskit Nature's order on every machine.
        strongest = np.argsort(-np.round(np.abs(amplitude), 9), kind="stable")
        chosen = strongest[allowed[strongest]]
        excitations += [listed[k] for k in chosen.tolist()]
        amplitudes.append(amplitude[chosen])
        gaps.append(gap[chosen])
    share = share_spins and n_alpha == n_beta
    keys: dict[Excitation, int] = {}
    group = np.array(
        [
            keys.setdefault(min(e, mirrored(e, norb)) if share else e, len(keys))
            for e in excitations
        ],
        dtype=np.int64,
    )
    start = np.zeros(len(keys))
    start[group] = np.concatenate(amplitudes)
    curvature = np.bincount(group, 2.0 * np.concatenate(gaps), len(keys))
    return Ansatz(
        name="uccsd",
        norb=norb,
        n_alpha=n_alpha,
        n_beta=n_beta,
        layers=layers,
        excitations=tuple(excitations),
        group=group,
        start=np.tile(start / layers, layers),
        curvature=np.tile(curvature, layers),
    )


def _fock(
    hamiltonian: Hamiltonian, n_alpha: int, n_beta: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fock matrices of the alpha and the beta electrons of the reference.

    Returns:
        two of shape (norb, norb), Hartree.
    """
    eri = hamiltonian.two_body
    coulomb = np.einsum("pqkk->pq", eri[:, :, :n_alpha, :n_alpha]) + np.einsum(
        "pqkk->pq", eri[:, :, :n_beta, :n_beta]
    )
    alpha, beta = (
        hamiltonian.one_body + coulomb - np.einsum("pkkq->pq", eri[:, :n, :n, :])
        for n in (n_alpha, n_beta)
    )
    return alpha, beta


def _perturbation(
    hamiltonian: Hamiltonian,
    fock: tuple[NDArray[np.float64], NDArray[np.float64]],
    indices: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First order: MP2 for doubles, the Fock coupling for singles.

    Args:
        indices: shape (excitations, 2, rank), spin orbitals emptied and filled.

    Returns:
        amplitudes (rad) and orbital-energy gaps (Hartree), both of shape
        (excitations,). Gaps are kept above 0.2 and amplitudes below 0.5, where
        perturbation theory stops meaning anything.
    """
    norb = hamiltonian.norb
    energies = np.concatenate([np.diagonal(fock[0]), np.diagonal(fock[1])])
    gap = (energies[indices[:, 1]] - energies[indices[:, 0]]).sum(axis=1)
    gap = np.maximum(gap, _SMALLEST_GAP)
    spin, orbital = np.divmod(indices, norb)
    i, a = orbital[:, 0, 0], orbital[:, 1, 0]
    if indices.shape[2] == 1:
        # Minus the amplitude of a^ i - h.c., because G = i^ a - h.c.
        amplitude = np.stack(fock)[spin[:, 0, 0], a, i] / gap
    else:
        j, b = orbital[:, 0, 1], orbital[:, 1, 1]
        exchange = np.where(spin[:, 0, 0] == spin[:, 0, 1], hamiltonian.two_body[i, b, j, a], 0.0)
        amplitude = (exchange - hamiltonian.two_body[i, a, j, b]) / gap
    return np.clip(amplitude, -_LARGEST_START, _LARGEST_START), gap


def mirrored(excitation: Excitation, norb: int) -> Excitation:
    """The image of an excitation under exchange of the spins."""
    n = 2 * norb
    # Pairs are matched i->a, j->b; exchanging the spins moves the beta pair in front.
    pairs = sorted(((i + norb) % n, (a + norb) % n) for i, a in zip(*excitation, strict=True))
    return tuple(i for i, _ in pairs), tuple(a for _, a in pairs)
