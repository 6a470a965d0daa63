"""What a run took: core-seconds, device-seconds, money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from molq.comparison.prices import Prices
from simulation.score import Score
from simulation.settings import SimulationSettings


@dataclass(frozen=True)
class DeviceUse:
    """What ran on one backend that samples."""

    backend: str
    is_simulator: bool
    jobs: int  # measured energies and samplings
    shots: int
    seconds: float | None  # s of the device, estimated; 0 on a simulator; None: no price entry
    money: float | None  # in the prices' currency; 0 on a simulator; None: no price entry


@dataclass(frozen=True)
class Spending:
    """What a run took up to its end or so far."""

    scoring_seconds: float  # CPU s of every attempt at a calculation, failed ones too
    choosing_seconds: float | None  # CPU s of the driver; None where a session was killed
    devices: tuple[DeviceUse, ...]
    core_money: float  # in the prices' currency
    missing: tuple[str, ...] = ()  # what could not be counted, one line each

    @property
    def core_seconds(self) -> float:
        """CPU s of calculations and driver, as far as they are known."""
        return self.scoring_seconds + (self.choosing_seconds or 0.0)

    @property
    def device_seconds(self) -> float | None:
        """s of all devices; None where one of them is not in the prices."""
        return _sum(use.seconds for use in self.devices)

    @property
    def money(self) -> float | None:
        """Of cores and devices; None where a device is not in the prices."""
        return _sum([self.core_money, *(use.money for use in self.devices)])


def spending(
    scoring_seconds: float,
    choosing_seconds: float | None,
    scores: Iterable[Score],
    samplings: Sequence[dict[str, Any]],
    prices: Prices,
    uncounted: Sequence[str] = (),
) -> Spending:
    """What a run took.

    Args:
        scoring_seconds: CPU s of all attempts.
        choosing_seconds: CPU s of the driver, None where that is not known.
        scores: of the run; those that were sampled carry entries of the technical file.
        samplings: of a generator's circuit, as in the technical file.
        prices: of cores and devices.
        uncounted: what else ran on a device and left no record of its shots, one line each.
    """
    counted: dict[str, list[int]] = {}  # backend -> jobs, shots
    jobs_seen: set[str] = set()
    unkept: dict[str, int] = {}  # backend -> energies
    for score in scores:
        for record in (r for site in score.sites for r in site.solutions):
            if record.technical is None:
                if record.standard_error is not None and not prices.is_simulator(score.backend):
                    unkept[score.backend] = unkept.get(score.backend, 0) + 1
                continue
            _count(counted, jobs_seen, record.technical)
    for sampling in samplings:
        _count(counted, jobs_seen, sampling)
    missing = list(uncounted)
    missing += [
        f"{number} energies measured on {backend} without a technical file: their shots are "
        "not known"
        for backend, number in sorted(unkept.items())
    ]
    if choosing_seconds is None:
        missing.append("a session was killed: the driver's time in it is not known")
    devices = []
    for backend, (jobs, shots) in sorted(counted.items()):
        if shots == 0:
            continue  # exact expectation values
        devices.append(_use(backend, jobs, shots, prices))
        if devices[-1].money is None:
            missing.append(f"{backend} is not in the prices file: add a [[device]] for it")
    seconds = scoring_seconds + (choosing_seconds or 0.0)
    return Spending(
        scoring_seconds, choosing_seconds, tuple(devices), prices.cores(seconds), tuple(missing)
    )


def uncounted(simulation: SimulationSettings, prices: Prices) -> tuple[str, ...]:
    """What a run does on a device without keeping a record of the shots, one line each."""
    backend = simulation.backend
    if simulation.conformer_search == "torsion-qaoa" and not prices.is_simulator(backend):
        return (f"the conformer search on {backend} keeps no record of its shots",)
    return ()


def _count(counted: dict[str, list[int]], jobs_seen: set[str], entry: dict[str, Any]) -> None:
    backend = entry["backend"]
    totals = counted.setdefault(backend["name"], [0, 0])
    job = backend.get("job")
    if job is not None:
        if job in jobs_seen:
            return  # found again by a later attempt, and paid for once
        jobs_seen.add(job)
    totals[0] += 1
    totals[1] += entry["shots"]


def _use(backend: str, jobs: int, shots: int, prices: Prices) -> DeviceUse:
    if prices.is_simulator(backend):
        return DeviceUse(backend, True, jobs, shots, 0.0, 0.0)
    price = prices.of(backend)
    if price is None:
        return DeviceUse(backend, False, jobs, shots, None, None)
    return DeviceUse(
        backend, False, jobs, shots, price.seconds(jobs, shots), price.cost(jobs, shots)
    )


def _sum(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total
