"""Inputs of a run that lie elsewhere, brought into its folder before it begins."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from molq import companions
from molq.campaignfile import CampaignFile, RunFile
from molq.documentpaths import WEIGHTS_SUFFIX
from molq.errors import CallError, MolqError
from screening.intake import datasource
from screening.intake.library import LibraryError
from screening.intake.library import read as read_library

FOLDER = "inputs"
"""Of a run's folder: what was brought there from elsewhere."""

SOURCE = "library_source"
"""Key of a run's environment: the URI that its library was fetched from."""

WEIGHTS = ("prior", "base")
"""Keys of ``[generator]`` that may name a file."""


def check(file: RunFile) -> None:
    """That the library can be read, or is a URI with the name of a library.

    Raises:
        CallError: it cannot.
    """
    if file.library is None:
        return
    path = file.library.path
    try:
        if not isinstance(path, str):
            # the file is opened at once; its rows are read by the run
            read_library(file.library)
        elif not datasource.suffix(path):
            raise CallError(
                f"library {path}: the URI must end in .csv, .tsv, .smi, .txt or .sdf, "
                "or in one of them and .gz"
            )
    except LibraryError as error:
        raise CallError(str(error)) from error


def into(file: RunFile, directory: Path) -> tuple[RunFile, dict[str, str]]:
    """The settings with a remote library fetched into the run's folder, companions copied.

    Args:
        file: the settings.
        directory: of the run.

    Returns:
        The settings, their library a file on this machine, and where it came from as
        facts of the run's environment, empty where nothing is remote.

    Raises:
        CallError: what was fetched is no library.
        MolqError: it cannot be fetched.
    """
    file = _with_companions(file, directory.absolute() / FOLDER)
    library = file.library
    if library is None or not isinstance(library.path, str):
        return file, {}
    try:
        fetched = datasource.fetch(library.path, directory.absolute() / FOLDER, "library")
    except datasource.DataError as error:
        raise MolqError(str(error)) from error
    here = _with_library(file, fetched.path)
    check(here)
    return here, {SOURCE: library.path}


def _with_companions(file: RunFile, folder: Path) -> RunFile:
    """The settings with copies of the files that they name beside the library."""
    names = companions.named_apart(companions.paths(file))
    for path, name in names.items():
        if path != folder / name:
            _copy(path, folder / name)
    return companions.changed(file, lambda path: folder / names[path])


def kept(file: RunFile, directory: Path, *, passing: Path) -> RunFile:
    """The settings with the inputs that lie in a folder that will vanish copied into the run's.

    Args:
        file: the settings.
        directory: of the run.
        passing: the folder that vanishes, with all its files.

    Raises:
        MolqError: a file cannot be copied.
    """
    target = directory.absolute() / FOLDER

    def copied(path: Path) -> Path:
        if not path.is_relative_to(passing):
            return path
        _copy(path, target / path.name)
        return target / path.name

    return _with_paths(file, copied)


def relative(file: RunFile, directory: Path) -> RunFile:
    """The settings with the paths of inputs in the run's folder relative to it.

    So they are written: a run's folder may be moved.
    """
    root = directory.absolute()

    def shortened(path: Path) -> Path:
        return path.relative_to(root) if path.is_relative_to(root) else path

    return _with_paths(file, shortened)


def _with_paths(file: RunFile, change: Callable[[Path], Path]) -> RunFile:
    """The settings with the paths of their inputs changed."""
    if file.library is not None and not isinstance(file.library.path, str):
        file = _with_library(file, change(file.library.path))
    generator = file.generator if isinstance(file, CampaignFile) else None
    if generator is not None:
        named = {key: getattr(generator, key) for key in WEIGHTS}
        paths = {k: str(change(Path(v))) for k, v in named.items() if v.endswith(WEIGHTS_SUFFIX)}
        file = file.model_copy(update={"generator": generator.model_copy(update=paths)})
    return companions.changed(file, change)


def _with_library(file: RunFile, path: Path) -> RunFile:
    assert file.library is not None
    return file.model_copy(update={"library": file.library.model_copy(update={"path": path})})


def _copy(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all.

    Raises:
        MolqError: it cannot be copied, or another file has its place.
    """
    try:
        with datasource.arriving(target) as copy, source.open("rb") as original:
            shutil.copyfileobj(original, copy)
    except datasource.DataError as error:
        raise MolqError(str(error)) from error
    except OSError as error:
        reason = error.strerror or error
        raise MolqError(f"{source} cannot be copied to {target}: {reason}") from error
