"""The solver ``vqe-circuit``: the state of ``vqe`` as a circuit on a backend.

The parameters are optimised by the sector engine, which on these sizes is
exact and ten thousand times cheaper than sampling gradients; what the backend
does is prepare the optimised state and measure its energy. Nothing goes to it
but circuits compiled for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulation.errors import InputError
from simulation.hamiltonian import Hamiltonian
from simulation.quantum import backends, measurement, queue
from simulation.quantum.backends import Backend, PendingMeasurement, QueuedBackend
from simulation.quantum.feasibility import Window, windows
from simulation.quantum.measurement import EnergyMeasurement, MeasuredEnergy, Plan, Request
from simulation.quantum.technicalentry import TrialCircuit, entry
from simulation.score import ReducedSpace
from simulation.settings import SimulationSettings
from simulation.solver import Solution
from simulation.vqe import mapping
from simulation.vqe.engine import OptimisedState, optimised
from simulation.vqe.mapping import ExcitationProduct

_CHOICE = ("jordan-wigner", "parity", "tapered")


@dataclass(frozen=True)
class _Sector:
    """A sector on its way to the backend."""

    electrons: tuple[int, int]  # of the whole space
    state: OptimisedState
    trial: TrialCircuit
    energy: EnergyMeasurement
    reduced: ReducedSpace | None


class _DoesNotFitError(Exception):
    """A state keeps fewer symmetries than its Hamiltonian, and needs more qubits than there are."""

    def __init__(self, qubits: int) -> None:
        super().__init__(qubits)
        self.qubits = qubits


class CircuitVQESolver:
    """The optimised trial state of ``vqe`` measured on a backend.

    On a device too small for the space, the orbitals around the frontier are
    measured instead, and the solution says so (``Solution.reduced``).

    Args:
        backend: where circuits run.
        settings: of the calculation; its solver and backend are not looked at.
        seed: of compilation and sampling where ``solve`` is called.
    """

    name = "vqe-circuit"

    def __init__(
        self, backend: Backend, settings: SimulationSettings | None = None, seed: int = 0
    ) -> None:
        self.backend = backend
        self.settings = settings or SimulationSettings()
        self.seed = seed

    @classmethod
    def from_settings(cls, settings: SimulationSettings) -> CircuitVQESolver:
        """The solver on the backend that ``settings`` names.

        Raises:
            InputError: there is no such backend, or what it needs is missing.
        """
        return cls(backends.find(settings.backend), settings)

    def solve(self, hamiltonian: Hamiltonian, n_alpha: int, n_beta: int) -> Solution:
        """The energy of the trial state as the backend measures it.

        Raises:
            simulation.errors.SimulationError: see ``solve_sectors``.
        """
        return self.solve_sectors(hamiltonian, [(n_alpha, n_beta)], seed=self.seed)[0]

    def solve_sectors(
        self, hamiltonian: Hamiltonian, sectors: Sequence[tuple[int, int]], *, seed: int
    ) -> tuple[Solution, ...]:
        """The energies of the trial states of several sectors.

        A backend with a queue is sent all of them before the first is waited for.

        Args:
            hamiltonian: of all sectors.
            sectors: (n_alpha, n_beta) of each.
            seed: of compilation and sampling.

        Raises:
            InputError: the electrons do not fit into the orbitals, or no space
                fits the backend.
            ConvergenceError: see ``simulation.vqe.engine.optimised``.
            ResourceError: a device did not answer within ``queue_limit_s``; the job
                is found again by the next attempt.
            StochasticError: a job failed on the device.
        """
        for electrons in sectors:
            hamiltonian.check_sector(*electrons)
        prepared = self._fitting(hamiltonian, sectors, seed)
        if self.backend.exact:
            return tuple(self._exact(sector, seed) for sector in prepared)
        return self._sampled(prepared, seed)

    def _fitting(
        self, hamiltonian: Hamiltonian, sectors: Sequence[tuple[int, int]], seed: int
    ) -> list[_Sector]:
        """The sectors, compiled in the largest space that fits the backend."""
        limit = self.backend.qubits
        if limit is None:
            return [self._prepared(Window(hamiltonian, 0), e, "", seed) for e in sectors]
        needed: list[int] = []  # qubits, of each space that was tried
        for window in windows(hamiltonian, sectors):
            needed.append(max(self._qubits(window, electrons) for electrons in sectors))
            if needed[-1] > limit:
                continue
            reason = "" if len(needed) == 1 else self._lack(hamiltonian.norb, needed[0])
            try:
                return [self._prepared(window, electrons, reason, seed) for electrons in sectors]
            except _DoesNotFitError as error:
                needed[-1] = error.qubits
        lack = self._lack(hamiltonian.norb, needed[0] if needed else 2 * hamiltonian.norb)
        smallest = f" ({needed[-1]} qubits)" if needed else ""
        raise InputError("solver", f"{lack}, and no smaller space fits{smallest}")

    def _lack(self, norb: int, needed: int) -> str:
        larger = backends.roomier(self.backend.name, needed)
        hint = f"; {larger} has enough" if larger else ""
        return (
            f"{norb} orbitals need {needed} qubits, {self.backend.name} has "
            f"{self.backend.qubits}{hint}"
        )

    def _qubits(self, window: Window, electrons: tuple[int, int]) -> int:
        """At least so many qubits are needed, whatever symmetry the state will keep.

        The first mapping that fits ends the search: tapering a large space takes long.
        """
        norb = window.hamiltonian.norb
        counts: list[int] = []
        for name in self._mappings():
            if name == "jordan-wigner" or norb == 1:
                counts.append(2 * norb)
            elif name == "parity":
                counts.append(2 * norb - 2)
            else:
                inside = window.sector(*electrons)
                mapper = mapping.mapper(name, window.hamiltonian, *inside)
                operator = mapping.qubit_operator(window.hamiltonian, *inside, mapper)
                counts.append(int(operator.num_qubits or 0))
            if self.backend.qubits is not None and counts[-1] <= self.backend.qubits:
                break
        return min(counts)

    def _mappings(self) -> tuple[str, ...]:
        if self.settings.mapping != "auto":
            return (self.settings.mapping,)
        return _CHOICE if self.backend.calibration() is not None else _CHOICE[:1]

    def _prepared(
        self, window: Window, electrons: tuple[int, int], reason: str, seed: int
    ) -> _Sector:
        inside = window.sector(*electrons)
        settings = self.settings
        state = optimised(
            window.hamiltonian,
            *inside,
            settings.layers,
            ansatz=settings.ansatz,
            target_error_mha=settings.target_error_mha,
        )
        reduced = None
        if reason:
            from simulation.casci import CASCISolver

            reduced = ReducedSpace(
                electrons=sum(inside),
                orbitals=window.hamiltonian.norb,
                frozen=window.frozen,
                casci_energy=CASCISolver().solve(window.hamiltonian, *inside).energy,
                reason=reason,
            )
        trial, energy = min(
            self._compiled(state, inside, seed),
            key=lambda pair: (pair[1].two_qubit_gates, pair[1].qubits),
        )
        return _Sector(electrons, state, trial, energy, reduced)

    def _compiled(
        self, state: OptimisedState, inside: tuple[int, int], seed: int
    ) -> Iterator[tuple[TrialCircuit, EnergyMeasurement]]:
        """The state's circuit under every mapping that fits the backend."""
        norb = state.hamiltonian.norb
        product = ExcitationProduct(norb, *inside, state.excitations)
        needs = []
        for name in self._mappings():
            if norb == 1 and name != "jordan-wigner":
                continue
            mapper = mapping.mapper(name, state.hamiltonian, *inside, state.excitations)
            operator = mapping.qubit_operator(state.hamiltonian, *inside, mapper)
            needs.append(int(operator.num_qubits or 0))
            if self.backend.qubits is not None and needs[-1] > self.backend.qubits:
                continue
            trial = TrialCircuit(
                mapping.ansatz_circuit(product, mapper),
                state.angles,
                state.ansatz.description,
                name,
            )
            yield (
                trial,
                EnergyMeasurement.compiled(
                    trial.bound(), operator, state.hamiltonian.core_energy, self.backend, seed
                ),
            )
        if not any(n <= (self.backend.qubits or n) for n in needs):
            raise _DoesNotFitError(min(needs, default=2 * norb))

    def _exact(self, sector: _Sector, seed: int) -> Solution:
        return self._solution(sector, self._request(sector, seed), None, None, None)

    def _sampled(self, prepared: Sequence[_Sector], seed: int) -> tuple[Solution, ...]:
        requests = [self._request(sector, seed) for sector in prepared]
        plans = [
            measurement.plan(sector.energy, self.backend, request)
            for sector, request in zip(prepared, requests, strict=True)
        ]
        jobs = [
            measurement.job(sector.energy, self.backend, plan, request)
            for sector, plan, request in zip(prepared, plans, requests, strict=True)
        ]
        pending: Sequence[PendingMeasurement | None]
        if isinstance(self.backend, QueuedBackend):
            sent = self.backend.submit(jobs)
            pending = sent
            bits = queue.collect_all(self.backend, sent, limit_s=self.settings.queue_limit_s)
        else:
            pending = [None] * len(jobs)
            bits = tuple(
                measurement.sampled(job, self.backend, request.seed)
                for job, request in zip(jobs, requests, strict=True)
            )
        return tuple(
            self._solution(
                sector, request, plan, measurement.evaluate(sector.energy, plan, seen), one
            )
            for sector, request, plan, seen, one in zip(
                prepared, requests, plans, bits, pending, strict=True
            )
        )

    def _request(self, sector: _Sector, seed: int) -> Request:
        # sectors must not share random numbers: their errors would not be independent
        own = np.random.SeedSequence((seed, *sector.electrons)).generate_state(1, np.uint32)
        return Request(
            precision=self.settings.precision_mha / 1000,
            max_shots=self.settings.max_shots,
            mitigation=self.settings.mitigation,
            seed=int(own[0]) >> 1,
        )

    def _solution(
        self,
        sector: _Sector,
        request: Request,
        plan: Plan | None,
        measured: MeasuredEnergy | None,
        pending: PendingMeasurement | None,
    ) -> Solution:
        technical = None
        if self.settings.technical_file:
            technical = entry(
                sector.trial,
                sector.energy,
                self.backend,
                request,
                sector=sector.electrons,
                orbitals=sector.state.hamiltonian.norb,
                reduced=sector.reduced,
                scales=plan.scales if plan is not None else (1,),
                measured=measured,
                pending=pending,
            )
        return Solution(
            energy=measured.energy if measured is not None else sector.energy.compiled_energy(),
            parameters=sector.state.ansatz.parameters,
            evaluations=sector.state.evaluations + 1,
            gradient_norm=sector.state.gradient_norm,
            converged=True,
            standard_error=measured.standard_error if measured is not None else None,
            circuit=sector.state.circuit_cost(sector.trial.mapping),
            mitigation=measured.mitigation if measured is not None else (),
            reduced=sector.reduced,
            technical=technical,
            descent=sector.state.descent,
        )
