"""The circuits a run's energies need: from records, or from circuits that were really built.

What a space needs depends on its integrals, not on its size alone; so each figure is the
lowest, the median and the highest of the spaces of that size that were measured.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, stdev

from rdkit import Chem

from molq.planning.estimate import COVERAGE, Estimate
from molq.planning.experience import Experience
from molq.planning.measuredtables import CircuitRow, CircuitTable, MappedCircuit
from simulation.recipes import recipe as register
from simulation.recipes.energies import Energy, foreseen
from simulation.settings import READOUT_CIRCUITS, ZNE_SCALES, SimulationSettings

LEAST_SHOTS = 100
"""Of each measurement setting: its sample variance must mean something."""

_NORMAL_END = NormalDist().inv_cdf(0.5 + COVERAGE / 2)

JORDAN_WIGNER = "jordan-wigner"
_STRAIGHT = 1.84
"""Spread of an extrapolated energy over that of one without, below which it was a straight line.

A line through the scales 1, 3 and 5 has slopes 13/12, 1/3 and -5/12, 11/6 = 1.833 in all; an
exponential's are each steeper. The spread at larger scales hardly differs.
"""

_LEAST_LEFT = 0.01
"""Of the shots at the second noise scale, without an error; with less there is nothing to go by."""

MITIGATIONS = ("readout", "zne")
"""In the order of their names in the measured table."""


@dataclass(frozen=True)
class CircuitForecast:
    """One kind of energy: how often it is asked for, and what its circuit needs.

    Ranges are the lowest, the median and the highest of what was measured.
    """

    recipe: str
    electrons: int
    orbitals: int
    n_alpha: int
    n_beta: int
    each: float  # of a molecule, on average
    qubits: int
    two_qubit_gates: Estimate  # all qubits connected
    depth: Estimate
    settings: int  # measurement bases
    shots: Estimate  # for the asked precision, without noise
    casci_seconds: float  # CPU s of exact diagonalisation
    vqe_seconds: float  # CPU s of finding the circuit
    device: DeviceForecast | None
    basis: str  # what the figures rest on, one line
    least_qubits: int = 0  # by the mapping that needs the fewest
    fits: bool = True  # on the device; of one that does not, ``device`` is None


@dataclass(frozen=True)
class DeviceForecast:
    """The same circuit as a device would run it, by the mapping with the fewest gates."""

    device: str  # whose couplings and errors were measured with
    mapping: str
    qubits: int
    settings: int
    mitigation: tuple[str, ...]  # that is counted
    circuits: int  # of one energy: its settings at each noise scale, and the readout's
    two_qubit_gates: Estimate  # as compiled, before any is folded
    survival: Estimate  # share of shots in which no gate fails
    shots: Estimate  # for the asked precision, the spread by noise and mitigation included
    spaces: int  # measured
    blind: int  # of them, those whose extrapolation to zero noise goes through noise alone

    @property
    def is_blind(self) -> bool:
        """Whether ``shots`` are those of an error bar that says nothing of the energy."""
        return self.blind * 2 >= self.spaces


@dataclass(frozen=True)
class Circuits:
    """All energies of a run's molecules."""

    kinds: tuple[CircuitForecast, ...]
    unknown: tuple[str, ...] = ()  # recipes that do not say which energies they solve
    deviation: float = 0.0  # standard deviation of a molecule's number of energies
    counted: int = 0  # molecules whose energies were counted
    share: float = 1.0  # of the molecules to choose from, that these are

    @property
    def each(self) -> float:
        """Energies of a molecule, on average."""
        return sum(kind.each for kind in self.kinds)

    def among(self, molecules: Estimate) -> Estimate:
        """Energies of so many molecules.

        The interval holds which molecules they are, and the error of an average over those
        that were counted (without replacement: Cochran, Sampling Techniques, 1977, eq. 2.20).
        """

        def wander(number: float) -> float:
            mean = number**2 * (1.0 - self.share) / max(1, self.counted)
            return _NORMAL_END * self.deviation * (number + mean) ** 0.5

        return Estimate(
            max(0.0, molecules.low * self.each - wander(molecules.low)),
            molecules.middle * self.each,
            molecules.high * self.each + wander(molecules.high),
        )


def forecast(
    steps: Sequence[str],
    molecules: Sequence[str],
    settings: SimulationSettings,
    precision_mha: float,
    table: CircuitTable,
    runs: Sequence[Experience],
    *,
    share: float = 1.0,
    width: int | None = None,
) -> Circuits:
    """The energies of the molecules, and what each kind needs.

    Args:
        steps: recipes that are computed.
        molecules: SMILES, a sample of those that will be computed.
        settings: of the calculations.
        precision_mha: standard error of an energy, mHartree.
        table: of measured circuits.
        runs: whose records are looked at before the table.
        share: of the molecules that the run chooses from, that ``molecules`` are.
        width: qubits of the device they shall run on; None where nobody knows, or it is no matter.
    """
    counted, numbers, unknown = _counted(steps, molecules)
    kinds = []
    for (name, energy), number in sorted(counted.items(), key=lambda item: (item[0][0], -item[1])):
        rows, basis = _nearest(table.rows, energy)
        kinds.append(
            _kind(
                name, energy, number / max(1, len(molecules)), rows, basis, settings,
                1e-3 * precision_mha, runs, width,
            )
        )  # fmt: skip
    # of few molecules the sample's own deviation is too small
    deviation = stdev(numbers) if len(numbers) > 1 else 0.0
    return Circuits(tuple(kinds), unknown, deviation, len(numbers), share)


def _counted(
    steps: Sequence[str], molecules: Sequence[str]
) -> tuple[Counter[tuple[str, Energy]], list[int], tuple[str, ...]]:
    """How often each energy is asked for, how many each molecule has, and who does not say."""
    counted: Counter[tuple[str, Energy]] = Counter()
    unknown: list[str] = []
    numbers = [0] * len(molecules)
    parsed = [Chem.MolFromSmiles(smiles) for smiles in molecules]
    for step in steps:
        recipe = register.find(step)
        for place, molecule in enumerate(parsed):
            energies = foreseen(recipe, molecule)
            if energies is None:
                unknown.append(step)
                break
            counted.update((step, energy) for energy in energies)
            numbers[place] += len(energies)
    return counted, numbers, tuple(unknown)


def _nearest(rows: Sequence[CircuitRow], energy: Energy) -> tuple[list[CircuitRow], str]:
    """The measured sectors that are most alike, and in which way they are."""
    space = f"({energy.electrons}e, {energy.orbitals}o)"
    size = [r for r in rows if r.orbitals == energy.orbitals]
    sector = [r for r in size if (r.n_alpha, r.n_beta) == (energy.n_alpha, energy.n_beta)]
    if sector:
        return sector, f"{len(sector)} measured spaces of {space}"
    holes = (energy.orbitals - energy.n_beta, energy.orbitals - energy.n_alpha)
    mirrored = [r for r in size if (r.n_alpha, r.n_beta) == holes]
    if mirrored:
        return mirrored, f"{len(mirrored)} measured spaces with as many holes as {space} electrons"
    if size:
        return size, f"{len(size)} measured spaces of {energy.orbitals} orbitals, other electrons"
    gap = min(abs(r.orbitals - energy.orbitals) for r in rows)
    nearest = max(r.orbitals for r in rows if abs(r.orbitals - energy.orbitals) == gap)
    near = [r for r in rows if r.orbitals == nearest]
    return (
        [_scaled(row, energy.orbitals) for row in near],
        f"no space of {energy.orbitals} orbitals was measured: {len(near)} of {nearest}, scaled by "
        "the fourth power",
    )


def _scaled(row: CircuitRow, orbitals: int) -> CircuitRow:
    """A row as if of so many orbitals: terms and double excitations grow with the fourth power.

    What is compiled for a device is left out.
    """
    ratio = orbitals / row.orbitals
    fourth = ratio**4

    def mapped(one: MappedCircuit) -> MappedCircuit:
        return MappedCircuit(
            qubits=one.qubits + 2 * (orbitals - row.orbitals),
            two_qubit_gates=round(fourth * one.two_qubit_gates),
            depth=round(fourth * one.depth),
            uccsd_two_qubit_gates=round(fourth * one.uccsd_two_qubit_gates),
            uccsd_depth=round(fourth * one.uccsd_depth),
            terms=None if one.terms is None else round(fourth * one.terms),
            settings=None if one.settings is None else round(fourth * one.settings),
            # the shots grow with the square of it
            spread=None if one.spread is None else ratio**2 * one.spread,
        )

    return row.model_copy(
        update={"mappings": {name: mapped(one) for name, one in row.mappings.items()}}
    )


def _kind(
    recipe: str,
    energy: Energy,
    each: float,
    rows: Sequence[CircuitRow],
    basis: str,
    settings: SimulationSettings,
    precision: float,
    runs: Sequence[Experience],
    width: int | None,
) -> CircuitForecast:
    name = JORDAN_WIGNER if settings.mapping == "auto" else settings.mapping
    mapped = [row.mappings[name] for row in rows]
    plain = [row.mappings[JORDAN_WIGNER] for row in rows]
    layered = settings.ansatz == "uccsd"
    repeated = settings.layers if layered else 1
    gates = [repeated * (m.uccsd_two_qubit_gates if layered else m.two_qubit_gates) for m in mapped]
    depth = [repeated * (m.uccsd_depth if layered else m.depth) for m in mapped]
    seen = [
        one
        for run in runs
        for one in run.circuits
        if (one.orbitals, one.n_alpha, one.n_beta)
        == (energy.orbitals, energy.n_alpha, energy.n_beta)
    ]
    if seen and name == JORDAN_WIGNER:
        gates, depth = [s.two_qubit_gates for s in seen], [s.depth for s in seen]
        basis = f"gates and depth of {len(seen)} records; shots of {basis}"
    shots = [
        _shots(m.spread, m.settings, precision)
        for m in (mapped if all(m.spread is not None for m in mapped) else plain)
        if m.spread is not None and m.settings is not None
    ]
    asked = tuple(rows[0].mappings) if settings.mapping == "auto" else (name,)
    least = _median([min(row.mappings[one].qubits for one in asked) for row in rows])
    fits = width is None or least <= width
    return CircuitForecast(
        recipe=recipe,
        electrons=energy.electrons,
        orbitals=energy.orbitals,
        n_alpha=energy.n_alpha,
        n_beta=energy.n_beta,
        each=each,
        qubits=_median([m.qubits for m in mapped]),
        two_qubit_gates=Estimate.among(gates),
        depth=Estimate.among(depth),
        settings=_median([m.settings for m in plain if m.settings is not None]),
        shots=Estimate.among(shots),
        casci_seconds=Estimate.among([r.casci_cpu_seconds for r in rows]).middle,
        vqe_seconds=Estimate.among([r.vqe_cpu_seconds for r in rows]).middle,
        device=_on_device(rows, settings, precision) if fits and not layered else None,
        basis=basis,
        least_qubits=least,
        fits=fits,
    )


def _on_device(
    rows: Sequence[CircuitRow], settings: SimulationSettings, precision: float
) -> DeviceForecast | None:
    """By the mapping a device is given: that with the fewest gates, or the one asked for."""
    chosen: list[tuple[str, MappedCircuit]] = []
    for row in rows:
        asked = row.mappings if settings.mapping == "auto" else {settings.mapping}
        compiled = [(n, m) for n, m in row.mappings.items() if n in asked and m.device is not None]
        if compiled:
            chosen.append(min(compiled, key=lambda item: _compiled_gates(item[1])))
    if len(chosen) < len(rows) / 2:
        return None  # most of these circuits are too long to be compiled for a device

    def among(value: Callable[[MappedCircuit], float]) -> Estimate:
        return Estimate.among([value(mapped) for _, mapped in chosen])

    device = chosen[0][1].device
    assert device is not None
    kinds = tuple(kind for kind in MITIGATIONS if kind in settings.mitigation)
    circuits = _median([_circuits(mapped, kinds) for _, mapped in chosen])
    blind = [mapped for _, mapped in chosen if _is_blind(mapped, kinds)]
    seeing = [mapped for _, mapped in chosen if not _is_blind(mapped, kinds)]
    # a median over both would be the shots of neither
    usual = blind if 2 * len(blind) >= len(chosen) else seeing
    return DeviceForecast(
        device=device.name,
        mapping=Counter(name for name, _ in chosen).most_common(1)[0][0],
        qubits=_median([mapped.qubits for _, mapped in chosen]),
        settings=_median([mapped.settings or 0 for _, mapped in chosen]),
        mitigation=kinds,
        circuits=circuits,
        two_qubit_gates=among(_compiled_gates),
        survival=among(lambda m: m.device.survival if m.device is not None else 0.0),
        shots=Estimate.among(
            [_shots(_device_spread(m, kinds), _circuits(m, kinds), precision) for m in usual]
        ),
        spaces=len(chosen),
        blind=len(blind),
    )


def _is_blind(mapped: MappedCircuit, kinds: tuple[str, ...]) -> bool:
    """Whether nothing of the state is left in what is extrapolated to zero noise.

    Energies that do not fall towards the mixed state's are given a straight line, whose slopes
    are small; its error bar is narrow and holds nothing of the bias.
    """
    if "zne" not in kinds or mapped.device is None or not mapped.device.two_qubit_gates:
        return False
    # with the readout corrected, expected energies do fall towards the mixed state's
    is_straight = kinds == ("zne",) and _device_spread(mapped, kinds) < _STRAIGHT * (
        mapped.device.spread
    )
    return is_straight or mapped.device.survival ** ZNE_SCALES[1] < _LEAST_LEFT


def _device_spread(mapped: MappedCircuit, kinds: tuple[str, ...]) -> float:
    """Hartree; of what is left when noise is mitigated in these ways."""
    assert mapped.device is not None
    return mapped.device.mitigated[", ".join(kinds)] if kinds else mapped.device.spread


def _circuits(mapped: MappedCircuit, kinds: tuple[str, ...]) -> int:
    """Circuits that one energy runs on a device; without a two-qubit gate nothing is folded."""
    folds = "zne" in kinds and _compiled_gates(mapped) > 0
    scales = len(ZNE_SCALES) if folds else 1
    return scales * (mapped.settings or 0) + (READOUT_CIRCUITS if "readout" in kinds else 0)


def _compiled_gates(mapped: MappedCircuit) -> float:
    return math.inf if mapped.device is None else float(mapped.device.two_qubit_gates)


def _shots(spread: float | None, circuits: int | None, precision: float) -> float:
    """Shots of one energy: their variance falls with their number, shared out as is best."""
    assert spread is not None
    assert circuits is not None
    return float(max(math.ceil((spread / precision) ** 2), LEAST_SHOTS * circuits))


def _median(values: Sequence[int]) -> int:
    return round(Estimate.among([float(value) for value in values]).middle)
