"""What core-seconds and device-seconds cost, from a dated file that anyone may edit."""

from __future__ import annotations

import datetime
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from molq import diagnosis, tomlreader
from molq.errors import CallError

FILE = "prices.toml"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CorePrice(_Table):
    """What an hour of one core costs."""

    what: str = Field(min_length=1, description="the machine")
    per_hour: float = Field(ge=0, allow_inf_nan=False, description="of one core")
    source: str = Field(min_length=1, description="where the price stands")
    date: datetime.date = Field(description="on which it was read")


class DevicePrice(_Table):
    """What a quantum device costs, and how its use is estimated."""

    backend: str = Field(min_length=1, description="its name; one that ends with : is a beginning")
    what: str = Field(min_length=1, description="the device and the plan")
    per_second: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="of its use")
    per_job: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    per_shot: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    circuits_per_job: int | None = Field(
        default=None, ge=1, description="circuits that one job may hold; left out for any number"
    )
    source: str = Field(min_length=1, description="where the price stands")
    date: datetime.date = Field(description="on which it was read")
    seconds_per_job: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="use of the device by a job, in s"
    )
    seconds_per_shot: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="and by each of its shots, in s"
    )
    seconds_source: str = Field(default="", description="where the two stand")

    def matches(self, backend: str) -> bool:
        """Whether this is the price of a backend of that name."""
        return backend == self.backend or (
            self.backend.endswith(":") and backend.startswith(self.backend)
        )

    def jobs(self, circuits: int) -> int:
        """Jobs that so many circuits of one energy are sent as."""
        return 1 if self.circuits_per_job is None else -(-circuits // self.circuits_per_job)

    def seconds(self, jobs: float, shots: float) -> float:
        """Estimated use of the device, in s."""
        return jobs * self.seconds_per_job + shots * self.seconds_per_shot

    def cost(self, jobs: float, shots: float) -> float:
        """In the file's currency."""
        used = self.seconds(jobs, shots)
        return used * self.per_second + jobs * self.per_job + shots * self.per_shot


class Prices(_Table):
    """A prices file."""

    currency: str = Field(default="USD", min_length=1)
    core: CorePrice
    simulators: tuple[str, ...] = Field(
        default=(), description="backends that run on cores, by name or beginning"
    )
    device: tuple[DevicePrice, ...] = ()

    def is_simulator(self, backend: str) -> bool:
        """Whether a backend runs on the same cores as everything else."""
        return any(
            backend == name or (name.endswith(":") and backend.startswith(name))
            for name in self.simulators
        )

    def of(self, backend: str) -> DevicePrice | None:
        """The price of a device; None where the file has none."""
        return next((price for price in self.device if price.matches(backend)), None)

    @property
    def oldest(self) -> datetime.date:
        """The day on which the price that is oldest was read."""
        return min([self.core.date, *(price.date for price in self.device)])

    def age_days(self, today: datetime.date | None = None) -> int:
        """Days since the oldest price was read."""
        return ((today or datetime.date.today()) - self.oldest).days

    def cores(self, seconds: float) -> float:
        """What core-seconds cost, in the file's currency."""
        return seconds / 3600 * self.core.per_hour


def read(path: Path | None = None) -> Prices:
    """A prices file; None for the one that comes with molq.

    Raises:
        CallError: it cannot be read or says something wrong, one line each.
    """
    source = Path(str(files("molq.comparison").joinpath(FILE))) if path is None else path
    document = tomlreader.read(source)
    try:
        return Prices.model_validate(document)
    except ValidationError as error:
        lines = diagnosis.problems(error, Prices)
        raise CallError(*(f"{source.name}: {line}" for line in lines)) from error
