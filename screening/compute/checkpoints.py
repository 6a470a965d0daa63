"""Where a run's calculations keep how far they are, one folder a molecule."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from simulation.checkpoint import remove

# A journal that somebody else wrote may call a molecule "../..", and its folder is removed.
_INCHIKEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]")


class Checkpoints:
    """The folder of all checkpoints, made by the driver alone.

    A worker that does not find it has another file system and keeps nothing.

    Args:
        directory: the run's.
        folder: where checkpoints are kept, meant from the run's; None to keep none. An
            absolute one may be shared: a folder in it is the run's.
    """

    def __init__(self, directory: Path, folder: Path | None) -> None:
        self._root = None if folder is None else _root(directory.resolve(), folder)
        self._made = False

    def of(self, inchikey: str) -> str | None:
        """The folder of a molecule, None where none are kept."""
        if self._root is None or not _INCHIKEY.fullmatch(inchikey):
            return None
        if not self._made:
            with contextlib.suppress(OSError):  # a worker then finds none and keeps nothing
                self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._made = True
        return str(self._root / inchikey)

    def forget(self, inchikey: str) -> None:
        """Remove what a molecule's calculations kept."""
        if self._root is not None and _INCHIKEY.fullmatch(inchikey):
            remove(self._root / inchikey)

    def tidy(self) -> None:
        """Remove the folder where nothing is in it."""
        if self._root is not None:
            with contextlib.suppress(OSError):
                self._root.rmdir()
        self._made = False


def _root(directory: Path, folder: Path) -> Path:
    if not folder.is_absolute():
        return directory / folder
    # Runs that share a folder do not share molecules: one would remove the other's.
    digest = hashlib.sha256(str(directory).encode()).hexdigest()[:8]
    return folder / f"{directory.name}-{digest}"
