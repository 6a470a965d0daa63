"""The state of a self-consistent iteration, from which it goes on as if never interrupted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import gto
from pyscf.scf import diis

from simulation.checkpoint import StepCheckpoint
from simulation.densityfitting import FittedRepulsion


@dataclass(frozen=True)
class SCFState:
    """Everything that decides the next cycle.

    A density alone would converge to the same energy within the criterion, but not
    to the same orbitals: the extrapolation (DIIS) remembers up to eight Fock matrices.
    With them, and with the density from which single-precision Coulomb matrices are
    counted, the cycles that follow are the ones that would have followed.
    """

    rung: int  # of the ladder, counted from 0
    cycles: int  # done on that rung
    converged: bool  # by PySCF's criterion
    coefficients: NDArray[np.float64]  # shape: (nao, nmo)
    occupations: NDArray[np.float64]  # shape: (nmo,)
    reference: NDArray[np.float64] | None  # shape: (nao, nao), see FittedRepulsion
    extrapolation: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # see ``captured``

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as a checkpoint keeps it."""
        place = np.array([self.rung, self.cycles, int(self.converged)], np.int64)
        kept: dict[str, NDArray[Any]] = {
            "place": place,
            "coefficients": self.coefficients,
            "occupations": self.occupations,
        }
        if self.reference is not None:
            kept["reference"] = self.reference
        return kept | {f"diis_{name}": values for name, values in self.extrapolation.items()}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], molecule: gto.Mole, *, rungs: int
    ) -> SCFState:
        """The state that ``arrays`` gave.

        Args:
            arrays: from ``StepCheckpoint.load``.
            molecule: whose state it is.
            rungs: of the ladder.

        Raises:
            ValueError: it is not a state of such a molecule.
        """
        try:
            rung, cycles, converged = (int(number) for number in arrays["place"])
            state = cls(
                rung,
                cycles,
                bool(converged),
                arrays["coefficients"],
                arrays["occupations"],
                arrays.get("reference"),
                {n.removeprefix("diis_"): a for n, a in arrays.items() if n.startswith("diis_")},
            )
            fits = state._fits(molecule) and rung < rungs and min(rung, cycles) >= 0
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"not a state of an iteration: {error}") from error
        if not fits:
            raise ValueError("not a state of this molecule")
        return state

    def _fits(self, molecule: gto.Mole) -> bool:
        functions, orbitals = self.coefficients.shape
        vectors = [
            _unpacked(f"{kind}{index}", self.extrapolation)
            for index in range(len(self.extrapolation.get("order", ())))
            for kind in ("x", "e")
        ]
        numbers = [self.coefficients, self.occupations, *vectors]
        if self.reference is not None:
            numbers.append(self.reference)
        return (
            functions == molecule.nao >= orbitals
            and self.occupations.shape == (orbitals,)
            and self.occupations.sum() == molecule.nelectron
            and (self.occupations == 1).sum() == molecule.spin
            and (self.reference is None or self.reference.shape == (functions, functions))
            and all(vector.size in (functions**2, orbitals**2) for vector in vectors)
            and all(np.isfinite(values).all() for values in numbers)
        )


class SCFCheckpoint:
    """Keeps the state of an iteration every now and then.

    Args:
        step: where to.
        iteration: PySCF's object.
        rungs: of the ladder.
    """

    def __init__(self, step: StepCheckpoint, iteration: Any, rungs: int) -> None:
        self._step = step
        self._rungs = rungs
        self._iteration = iteration

    def load(self) -> SCFState | None:
        """The state to go on from; sets the reference of the Coulomb matrices to its own."""
        arrays = self._step.load()
        if arrays is None:
            return None
        molecule = self._iteration.mol
        fitted = self._fitted
        try:
            state = SCFState.from_arrays(arrays, molecule, rungs=self._rungs)
            if (state.reference is not None) != (fitted is not None and fitted.single_precision):
                raise ValueError("of another precision")
        except ValueError as error:
            self._step.ignored(str(error))
            return None
        if fitted is not None and state.reference is not None:
            fitted.refer_to(state.reference)
        where = "converged" if state.converged else f"after cycle {state.cycles}"
        self._step.resumed(where + (f" of rung {state.rung + 1}" if state.rung else ""))
        return state

    def after_cycle(self, rung: int, cycles: int, locals_: Mapping[str, Any]) -> None:
        """Keep the state when it is time to.

        Args:
            rung: counted from 0.
            cycles: done on that rung.
            locals_: what PySCF's kernel hands to a callback.
        """
        memory = locals_.get("mf_diis")
        converged = bool(locals_.get("scf_conv", False))
        # The second-order solver has no such memory: it starts its rung again.
        if not isinstance(memory, diis.CDIIS) or not (converged or self._step.due()):
            return
        state = SCFState(
            rung,
            cycles,
            converged,
            locals_["mo_coeff"],
            locals_["mo_occ"],
            self._reference,
            {} if converged else captured(memory),
        )
        keep = self._step.finish if converged else self._step.save
        keep(state.arrays())

    def between(self, rung: int) -> None:
        """Keep the orbitals that a rung starts from, when it is time to.

        Args:
            rung: counted from 0.
        """
        if self._step.due():
            found = self._iteration
            state = SCFState(rung, 0, False, found.mo_coeff, found.mo_occ, self._reference)
            self._step.save(state.arrays())

    @property
    def _fitted(self) -> FittedRepulsion | None:
        found = getattr(self._iteration, "with_df", None)
        return found if isinstance(found, FittedRepulsion) else None

    @property
    def _reference(self) -> NDArray[np.float64] | None:
        fitted = self._fitted
        return None if fitted is None else fitted.reference


def captured(memory: diis.CDIIS) -> dict[str, NDArray[Any]]:
    """PySCF's memory of an extrapolation as arrays.

    Symmetric and antisymmetric matrices, which are most of it, are halved where that
    loses no bit.
    """
    kept: dict[str, NDArray[Any]] = {
        "order": np.array(memory._bookkeep, np.int64),
        "head": np.array([memory._head], np.int64),
    }
    if memory._H is not None:
        kept["overlaps"] = memory._H
    for index in range(memory.get_num_vec()):
        for kind, vector in (("x", memory.get_vec(index)), ("e", memory.get_err_vec(index))):
            kept |= _packed(f"{kind}{index}", np.asarray(vector))
    return kept


def continued(extrapolation: Mapping[str, NDArray[Any]]) -> Callable[..., diis.CDIIS]:
    """The class that PySCF's kernel makes its extrapolation of, with a memory to begin with.

    Args:
        extrapolation: from ``captured``.
    """

    class Continued(diis.CDIIS):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self._bookkeep = [int(place) for place in extrapolation["order"]]
            self._head = int(extrapolation["head"][0])
            self._err_vec_touched = True
            if "overlaps" in extrapolation:
                self._H = extrapolation["overlaps"].copy()
            for index in range(len(self._bookkeep)):
                for kind in ("x", "e"):
                    self._store(f"{kind}{index}", _unpacked(f"{kind}{index}", extrapolation))

    return Continued


def _packed(name: str, vector: NDArray[Any]) -> dict[str, NDArray[Any]]:
    n = round(np.sqrt(vector.size))
    if n * n == vector.size:
        square = vector.reshape(n, n)
        half = square[np.tril_indices(n)]
        if np.array_equal(square, square.T):
            return {f"{name}_symmetric": half}
        if np.array_equal(square, -square.T):
            return {f"{name}_antisymmetric": half}
    return {name: vector}


def _unpacked(name: str, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    for ending, sign in (("symmetric", 1.0), ("antisymmetric", -1.0)):
        half = arrays.get(f"{name}_{ending}")
        if half is not None:
            n = int((np.sqrt(8 * half.size + 1) - 1) / 2)
            square = np.zeros((n, n))
            square[np.tril_indices(n)] = half
            square.T[np.tril_indices(n)] = sign * half
            return square.ravel()
    return arrays[name].ravel()
