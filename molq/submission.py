"""A campaign or a screen as a job of a Ray cluster.

What goes with the job is a folder of its own: the settings, the inputs that were asked to
go, and where the run is to be. Molecules, names and secrets stand in no record of the job:
its command line is the same for every run, and the nodes' own environment holds the tokens
of devices and clouds.
"""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from molq import companions, execution, fetching, tomlreader
from molq.campaignfile import CampaignFile, RunFile, ScreenFile
from molq.documentpaths import WEIGHTS_SUFFIX
from molq.errors import CallError, MolqError
from molq.inputs import SOURCE_FILE, Source
from molq.jobserver import JobServer
from molq.libraryscreen import screen_file
from molq.scoring import DEFAULT_RECIPE
from screening.intake import datasource

Data = Literal["path", "upload"]

ENTRYPOINT = 'exec "${MOLQ_PYTHON:-python}" -m molq job'
"""The same for every run. ``exec``: what stops the job then reaches the driver itself."""

ORDER = "job.json"
"""Of a job's package: where its run is to be, and who sent it."""

MOST_MB = 100
"""Of the inputs that go with a job: the head node keeps them in memory."""

_MB = 10**6
_STOP_S = 120  # the driver writes its last results and the report
STOP_VARIABLE = "RAY_JOB_STOP_WAIT_TIME_S"


@dataclass(frozen=True)
class Order:
    """What the driver of a job is told."""

    run: Path  # its folder as the cluster sees it
    molq: str  # version that sent it
    source: Source | None = None  # a campaign file as it was written


@dataclass(frozen=True)
class Submitted:
    """A job that a cluster accepted."""

    id: str
    run: Path  # the run's folder as the cluster sees it
    address: str


def new_id() -> str:
    """An id for a job; it says nothing of the run."""
    return f"molq-{secrets.token_hex(6)}"


def read(path: str, changes: dict[str, object], recipes: tuple[str, ...] = ()) -> RunFile:
    """The settings of what is to be submitted.

    Args:
        path: of a campaign file, a screen file (a TOML file with a ``[screen]`` table), or
            a library, which may be a URI.
        changes: settings to change, as ``overrides.apply`` takes them.
        recipes: of a library's screen.

    Raises:
        CallError: the file cannot be read or says something wrong.
    """
    if datasource.is_uri(path) or not path.lower().endswith(".toml"):
        return screen_file(path, recipes or (DEFAULT_RECIPE,), workers=None, seed=0,
                           changes=changes)  # fmt: skip
    if recipes:
        raise CallError("--recipe is for a library; a file names its own recipes")
    if "screen" in tomlreader.read(Path(path)):
        return ScreenFile.from_toml(path, changes)
    return CampaignFile.from_toml(path, changes)


def source_of(path: str, changes: dict[str, object]) -> Source | None:
    """A campaign file as it was written, None where a screen or a library is submitted.

    Raises:
        CallError: it cannot be read.
    """
    if datasource.is_uri(path) or not path.lower().endswith(".toml"):
        return None
    return None if "screen" in tomlreader.read(Path(path)) else Source.read(Path(path), changes)


def submit(
    file: RunFile,
    server: JobServer,
    *,
    out: Path | None = None,
    data: Data = "path",
    source: Source | None = None,
) -> Submitted:
    """Send a run to a cluster. A folder that holds this run already is gone on with.

    Args:
        file: the settings; all of them but the data are checked here, before anything is sent.
        server: of the cluster.
        out: the run's folder as the cluster sees it, on a file system that outlives the job;
            None for ``runs/<id>`` under the current folder.
        data: how the library gets there: by its ``path`` (or URI), read on the cluster, or
            in an ``upload`` with the job.
        source: the campaign file as it was written, which the run's folder keeps.

    Raises:
        CallError: the settings do not work, or the inputs are too large to go with the job.
        MolqError: the cluster refuses the job.
    """
    id = new_id()
    run = (out if out is not None else Path("runs") / id).absolute()
    with package(file, Order(run, version("molq"), source), data=data) as folder:
        server.submit(
            id, ENTRYPOINT, package=folder, variables={STOP_VARIABLE: str(_STOP_S)}, run=run
        )
    return Submitted(id, run, server.address)


@contextmanager
def package(file: RunFile, order: Order, *, data: Data) -> Iterator[Path]:
    """The folder that goes with a job, while the block lasts.

    A network of the generator that is a file goes too, where there is room; a larger one is
    read by its path on the cluster.

    Raises:
        CallError: the settings do not work, or the library is too large or no file here.
    """
    file = _without_address(file)
    remote = file.library is not None and isinstance(file.library.path, str)
    if remote and data == "upload":
        raise CallError(
            "--data upload is for a file; a URI is fetched on the cluster: leave it out"
        )
    # a path is the cluster's: it need not be here, and the driver looks at it there
    execution.check(file if remote or data == "upload" else _without_library(file))
    folder = Path(tempfile.mkdtemp(prefix="molq-job-"))
    try:
        room = MOST_MB * _MB
        if data == "upload" and file.library is not None:
            file, room = _with_library(file, folder, room)
        file = _with_weights(file, folder, room)
        file = _with_companions(file, folder)
        name = "campaign" if isinstance(file, CampaignFile) else "screen"
        text = fetching.relative(file, folder).to_toml()
        (folder / execution.SETTINGS[name]).write_text(text, encoding="utf-8")
        told: dict[str, object] = {"run": str(order.run), "molq": order.molq}
        if order.source is not None:
            told["changes"] = order.source.changes
            (folder / SOURCE_FILE).write_bytes(order.source.content)
        (folder / ORDER).write_text(json.dumps(told), encoding="utf-8")
        yield folder
    except OSError as error:
        raise MolqError(f"the job cannot be packed: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unpacked(folder: Path) -> tuple[RunFile, Order]:
    """What a job was told, from its working directory.

    Raises:
        CallError: this is no job's working directory, or the settings are not valid for this
            version of molq.
    """
    try:
        told = json.loads((folder / ORDER).read_text(encoding="utf-8"))
        written = folder / SOURCE_FILE
        source = None
        if written.is_file():
            source = Source(written.read_bytes(), tuple(map(str, told["changes"])))
        order = Order(Path(told["run"]), str(told["molq"]), source)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CallError(
            f"{folder} is not the working directory of a job: `molq submit` makes one"
        ) from error
    campaign = folder / execution.SETTINGS["campaign"]
    if campaign.is_file():
        return CampaignFile.from_toml(campaign), order
    return ScreenFile.from_toml(folder / execution.SETTINGS["screen"]), order


def _without_address(file: RunFile) -> RunFile:
    # the driver joins the cluster that it runs on
    return file.model_copy(update={"compute": file.compute.model_copy(update={"address": None})})


def _without_library(file: RunFile) -> RunFile:
    return file.model_copy(update={"library": None})


def _with_library(file: RunFile, folder: Path, room: int) -> tuple[RunFile, int]:
    """The settings with the library in the package, and the room that is left in bytes."""
    assert file.library is not None
    path = file.library.file
    size = path.stat().st_size
    if size > room:
        raise CallError(
            f"library {path.name} has {size / _MB:.0f} MB, and {MOST_MB} MB may go with a job: "
            "put it where the cluster can read it and give that path or URI (s3://, gs://, "
            "https://), without --data upload"
        )
    suffixes = "".join(path.suffixes[-2:] if path.suffix.lower() == ".gz" else path.suffixes[-1:])
    copy = folder / f"library{suffixes}"
    shutil.copyfile(path, copy)
    library = file.library.model_copy(update={"path": copy})
    return file.model_copy(update={"library": library}), room - size


def _with_companions(file: RunFile, folder: Path) -> RunFile:
    """The settings with receptors and lists of known molecules in the package.

    Raises:
        CallError: they are too large to go with a job.
    """
    names = companions.named_apart(companions.paths(file))
    for path in names:
        if (size := path.stat().st_size) > MOST_MB * _MB:
            raise CallError(
                f"{path.name} has {size / _MB:.0f} MB, and {MOST_MB} MB may go with a job: take "
                "a shorter list"
            )
    for path, name in names.items():
        shutil.copyfile(path, folder / name)
    return companions.changed(file, lambda path: folder / names[path])


def _with_weights(file: RunFile, folder: Path, room: int) -> RunFile:
    generator = file.generator if isinstance(file, CampaignFile) else None
    if generator is None:
        return file
    copies: dict[str, str] = {}
    for key in fetching.WEIGHTS:
        path = Path(getattr(generator, key))
        if path.suffix != WEIGHTS_SUFFIX or not path.is_file():
            continue
        if (size := path.stat().st_size) > room:
            continue
        room -= size
        copy = folder / f"{key}{WEIGHTS_SUFFIX}"
        shutil.copyfile(path, copy)
        copies[key] = str(copy)
    return file.model_copy(update={"generator": generator.model_copy(update=copies)})
