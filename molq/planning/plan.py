"""``molq.plan``: what a campaign or a screen will take, without computing anything."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass, replace
from typing import Any

from molq.planning.circuitforecast import Circuits
from molq.planning.devices import DevicePlan
from molq.planning.estimate import Estimate
from molq.planning.funnelforecast import StageForecast
from molq.planning.population import Population
from molq.planning.samplingforecast import SamplingForecast


@dataclass(frozen=True)
class Memory:
    """Of the calculations; the driver and Ray come on top."""

    each_mb: float  # MB, upper end for the largest molecule; a process that grows takes more
    limit_mb: int  # MB at which one is killed
    workers: int  # calculations at a time
    machine_mb: int  # MB of the machine that was planned for

    @property
    def total_mb(self) -> float:
        """Of all workers at once."""
        return self.each_mb * self.workers


@dataclass(frozen=True)
class Hits:
    """Which share of what is computed will be wanted, and what one of them costs."""

    share: Estimate
    source: str  # where the share comes from, or that it is assumed
    leads: Estimate
    core_seconds_each: Estimate  # CPU s
    money_each: Estimate  # in the prices' currency
    unpriced: tuple[str, ...] = ()  # devices that the run uses and this money leaves out


@dataclass(frozen=True)
class Plan:
    """What is foretold of a run. Intervals hold ``estimate.COVERAGE`` of runs, 90 %."""

    name: str
    kind: str  # "campaign" or "screen"
    recipes: tuple[str, ...]
    solver: str
    backend: str
    library: Population
    proposals: Population
    rounds: int  # of a campaign; 0 for a screen
    stages: tuple[StageForecast, ...]
    evaluated: Estimate  # molecules that are computed to the end
    core_seconds: Estimate  # CPU s of the calculations
    core_seconds_each: Estimate  # CPU s of one molecule
    wall_seconds: Estimate
    memory: Memory
    disk_bytes: Estimate  # of the run's folder
    circuits: Circuits
    energies: Estimate  # of active spaces, that the run solves
    precision_mha: float  # mHartree, standard error of one energy
    devices: tuple[DevicePlan, ...]
    samplings: tuple[SamplingForecast, ...]  # circuits that choose batches or begin molecules
    currency: str
    core_money: Estimate
    prices_date: datetime.date  # of the oldest price
    hits: Hits | None  # None where nothing says what is wanted
    learned_from: tuple[str, ...]  # folders of runs
    basis: str  # what the costs rest on, one line
    verdict: str  # what classical computing costs for the same answer; "" without energies
    warnings: tuple[str, ...]
    of_circuits: tuple[str, ...]  # those of the warnings that are about circuits and devices
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON types; numbers are in the units of the fields' names."""
        short = replace(
            self,
            library=replace(self.library, molecules=()),
            proposals=replace(self.proposals, molecules=()),
        )
        data = asdict(short)
        data["library"]["expected"] = self.library.expected
        data["library"]["is_sampled"] = self.library.is_sampled
        data["memory"]["total_mb"] = self.memory.total_mb
        data["prices_date"] = self.prices_date.isoformat()
        for part in ("library", "proposals"):
            del data[part]["molecules"]
            data[part]["refused"] = dict(data[part]["refused"])
        return data
