"""What a run's energies would take and cost on quantum devices, beside a processor's core."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from molq.comparison.prices import DevicePrice, Prices
from molq.planning.circuitforecast import CircuitForecast
from molq.planning.estimate import Estimate


@dataclass(frozen=True)
class DevicePlan:
    """All energies of a run on one device. Ranges come from energies and shots."""

    backend: str  # as the prices file names it
    what: str
    energies: Estimate  # of the whole run, each one job
    circuits: Estimate  # one for each measurement setting, and those of error mitigation
    shots: Estimate
    seconds: Estimate | None  # s of the device; None where the prices file does not say
    money: Estimate  # in the prices' currency
    money_each: float  # of one molecule
    casci_seconds: float  # CPU s of exact diagonalisation of the same energies
    casci_money: float
    factor: float | None  # money over casci_money; None where the latter is nothing
    survival: Estimate | None  # share of shots without an error; None where too long to compile
    source: str
    date: str


def on_devices(
    kinds: Sequence[CircuitForecast],
    molecules: Estimate,
    energies: Estimate,
    prices: Prices,
    wanted: str | None,
    max_shots: int | None = None,
) -> tuple[DevicePlan, ...]:
    """The plan of every device of the prices file, or of the one that is wanted.

    Args:
        kinds: the energies of a molecule.
        molecules: that are computed.
        energies: of all of them.
        prices: of cores and devices.
        wanted: a backend's name; None for all.
        max_shots: of one energy, where the run itself measures and will not take more.
    """
    if not kinds:
        return ()
    found = [price for price in prices.device if wanted is None or price.matches(wanted)]
    most = math.inf if max_shots is None else float(max_shots)
    return tuple(_plan(price, kinds, molecules, energies, prices, wanted, most) for price in found)


def _plan(
    price: DevicePrice,
    kinds: Sequence[CircuitForecast],
    molecules: Estimate,
    energies: Estimate,
    prices: Prices,
    wanted: str | None,
    most: float,
) -> DevicePlan:
    circuits = sum(kind.each * _circuits(kind) for kind in kinds)
    jobs = sum(kind.each * price.jobs(_circuits(kind)) for kind in kinds)
    shots = [
        sum(kind.each * min(most, getattr(shots_of(kind), end)) for kind in kinds)
        for end in ("low", "middle", "high")
    ]
    # how many energies there are is less certain than how many molecules
    per = 1.0 / sum(kind.each for kind in kinds)
    counts = (per * energies.low, per * energies.middle, per * energies.high)
    casci = sum(kind.each * kind.casci_seconds for kind in kinds) * molecules.middle
    money = Estimate(*(n * price.cost(jobs, s) for n, s in zip(counts, shots, strict=True)))
    beside = prices.cores(casci)
    survivals = [kind.device.survival for kind in kinds if kind.device is not None]
    return DevicePlan(
        backend=wanted or price.backend,
        what=price.what,
        energies=energies,
        circuits=energies.times(per * circuits),
        shots=Estimate(*(n * s for n, s in zip(counts, shots, strict=True))),
        seconds=(
            Estimate(*(n * price.seconds(jobs, s) for n, s in zip(counts, shots, strict=True)))
            if price.seconds_source
            else None
        ),
        money=money,
        money_each=price.cost(jobs, shots[1]),
        casci_seconds=casci,
        casci_money=beside,
        factor=money.middle / beside if beside > 0 else None,
        survival=(
            Estimate(
                min(s.low for s in survivals),
                math.prod(s.middle for s in survivals) ** (1 / len(survivals)),
                max(s.high for s in survivals),
            )
            if survivals and len(survivals) == len(kinds)
            else None
        ),
        source=price.source,
        date=price.date.isoformat(),
    )


def width(backend: str | None) -> int | None:
    """Qubits of a device whose size is known without asking anybody: a noise model's.

    Args:
        backend: by name; None for none in particular.

    Raises:
        CallError: the package that has noise models is missing.
    """
    family, _, device = (backend or "").partition(":")
    if family != "fake":
        return None
    from molq.errors import CallError
    from simulation.errors import InputError
    from simulation.quantum.fake import FAMILY

    try:
        known = FAMILY.devices()
    except InputError as error:
        raise CallError(error.message) from error
    return known.get(device)


def _circuits(kind: CircuitForecast) -> int:
    return kind.settings if kind.device is None else kind.device.circuits


def shots_of(kind: CircuitForecast) -> Estimate:
    """Of one energy on a device; without noise where nobody knows what noise does to it."""
    return kind.shots if kind.device is None else kind.device.shots
