"""The arms of a campaign side by side, as figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import fmean, stdev
from typing import Any

from molq.campaignfile import CampaignFile
from molq.comparison import grounds
from molq.comparison.armrun import TOP, ArmRun
from molq.comparison.arms import ARMS, MEANING, Arm
from molq.comparison.prices import Prices
from molq.report.contents import AgreementRow


@dataclass(frozen=True)
class Figure:
    """A number over the runs of an arm."""

    mean: float
    spread: float | None  # standard deviation; None for a single run
    runs: int

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Figure | None:
        """Of what is known; None where nothing is."""
        known = [value for value in values if value is not None]
        if not known:
            return None
        return cls(fmean(known), stdev(known) if len(known) > 1 else None, len(known))

    def text(self, digits: int) -> str:
        """With its spread, where there is one; what is too small to be seen is no zero."""
        least = 10.0**-digits
        if digits and 0 < abs(self.mean) < least / 2:
            return f"< {least:.{digits}f}"
        middle = f"{self.mean:.{digits}f}"
        return f"{middle} ± {self.spread:.{digits}f}" if self.spread else middle


@dataclass(frozen=True)
class ArmRow:
    """One arm over all its runs."""

    arm: Arm
    meaning: str
    runs: int
    finished: int  # of these
    best: Figure | None  # utility by the yardstick, of what each run ranks first
    top_mean: Figure | None  # and of the first ``TOP``
    evaluations: Figure | None  # molecules
    failures: Figure | None  # molecules
    core_seconds: Figure | None  # CPU s, calculations and driver
    scoring_seconds: Figure | None  # CPU s of the calculations
    choosing_seconds: Figure | None  # CPU s of the driver
    shots: Figure | None  # on simulators and devices
    device_seconds: Figure | None  # s, estimated; simulators are no devices
    money: Figure | None  # in the prices' currency
    hit_seconds: Figure | None  # s of wall clock to the first lead of hit utility
    hits: int  # runs that had one
    rests_on: str  # what chose the best leads

    @classmethod
    def of(cls, arm: Arm, runs: Sequence[ArmRun]) -> ArmRow:
        """The row of one arm; ``runs`` may be none yet."""
        return cls(
            arm=arm,
            meaning=MEANING[arm],
            runs=len(runs),
            finished=sum(run.state == "finished" for run in runs),
            best=Figure.of(run.best for run in runs),
            top_mean=Figure.of(run.top_mean for run in runs),
            evaluations=Figure.of(run.evaluations for run in runs),
            failures=Figure.of(run.failures for run in runs),
            core_seconds=Figure.of(run.spending.core_seconds for run in runs),
            scoring_seconds=Figure.of(run.spending.scoring_seconds for run in runs),
            choosing_seconds=Figure.of(run.spending.choosing_seconds for run in runs),
            shots=Figure.of(sum(use.shots for use in run.spending.devices) for run in runs),
            device_seconds=Figure.of(run.spending.device_seconds for run in runs),
            money=Figure.of(run.spending.money for run in runs),
            hit_seconds=Figure.of(run.hit_seconds for run in runs),
            hits=sum(run.hit_seconds is not None for run in runs),
            rests_on=grounds.summary([lead for run in runs for lead in run.leads], len(runs)),
        )


@dataclass(frozen=True)
class Comparison:
    """A campaign, three ways."""

    name: str
    recipes: tuple[str, ...]
    objectives: tuple[str, ...]
    solver: str  # of the hybrid and the quantum arm
    backend: str
    hit_utility: float
    seeds: tuple[int, ...]
    molecules: int  # that each run may evaluate at most
    rows: tuple[ArmRow, ...]  # in the order of ``ARMS``
    runs: tuple[ArmRun, ...]
    differences: Mapping[Arm, tuple[str, ...]]  # settings in which an arm is not the file's
    agreement: tuple[AgreementRow, ...]  # of each baseline with the score
    prices: Prices
    notes: tuple[str, ...]  # what could not be counted or compared
    written: str  # UTC, ISO 8601

    @property
    def is_finished(self) -> bool:
        """Whether every arm has come to its end with every seed."""
        wanted = len(self.seeds)
        return all(row.finished == wanted for row in self.rows)

    def row(self, arm: Arm) -> ArmRow:
        """The row of an arm."""
        return next(row for row in self.rows if row.arm == arm)

    def of(self, arm: Arm) -> tuple[ArmRun, ...]:
        """The runs of an arm, by seed."""
        return tuple(run for run in self.runs if run.arm == arm)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            **{k: v for k, v in asdict(self).items() if k != "prices"},
            "prices": self.prices.model_dump(mode="json"),
            "top": TOP,
        }


def compared(
    file: CampaignFile,
    seeds: Sequence[int],
    runs: Sequence[ArmRun],
    differences: Mapping[Arm, tuple[str, ...]],
    agreement: tuple[AgreementRow, ...],
    prices: Prices,
) -> Comparison:
    """The comparison of what has been run so far."""
    notes = dict.fromkeys(
        f"{run.folder}: {line}" for run in runs for line in (*run.spending.missing, run.notice)
        if line
    )  # fmt: skip
    return Comparison(
        name=file.name,
        recipes=file.recipes,
        objectives=tuple(objective.name for objective in file.objective),
        solver=file.simulation.solver,
        backend=file.simulation.backend,
        hit_utility=file.report.hit_utility,
        seeds=tuple(seeds),
        molecules=budget(file),
        rows=tuple(ArmRow.of(arm, [run for run in runs if run.arm == arm]) for arm in ARMS),
        runs=tuple(runs),
        differences=differences,
        agreement=agreement,
        prices=prices,
        notes=tuple(notes),
        written=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def budget(file: CampaignFile) -> int:
    """Molecules that a run of the campaign may evaluate at most."""
    campaign = file.campaign
    first = campaign.initial_batch or campaign.batch
    planned = first + (campaign.rounds - 1) * campaign.batch
    return planned if campaign.budget is None else min(planned, campaign.budget)
