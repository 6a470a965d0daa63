"""Where a calculation stands, in files that outlive its process.

A calculation that was killed (its time was up, its machine went) and is tried again with
the same inputs goes on from the last of these files and ends in the same numbers. The
files only ever save time: one that is missing, damaged, of other inputs or of other
versions is passed over and said so in the score's provenance.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.provenance import versions

FORMAT = 1
INTERVAL_S = 10.0
"""Seconds of work that are worth a file."""

LARGEST_MB = 512
"""All files of a molecule together; a state that would need more is not kept."""

_SPARED_MB = 512  # a checkpoint never takes the last of a disk: the journal needs it
_WORK_PER_WRITE = 20  # seconds between two writes, for each second that one takes
_ENDING = ".npz"
_UNFINISHED = ".unfinished-"
_HEADER = "header"
_MB = 2**20


class Checkpoint:
    """The checkpoints of one molecule, in a folder of its own.

    The folder is made when the first file is; the one that holds it has to be there,
    which a machine that does not share the run's file system finds it is not. Nothing
    here raises for a folder that cannot be read or written.

    Args:
        folder: of this molecule alone.
        interval_s: seconds of work between two files at least; 0 writes each time.
        largest_mb: MB, all files of the folder together.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        interval_s: float = INTERVAL_S,
        largest_mb: int = LARGEST_MB,
    ) -> None:
        self.folder = Path(folder)
        self.largest_mb = largest_mb
        self._interval_s = interval_s
        self._written = time.monotonic()  # the work before it costs nothing to lose
        self._write_seconds = 0.0
        self._usable = True
        self._waiting: dict[Path, Mapping[str, NDArray[Any]]] = {}  # ends not worth a write alone
        self._notes: dict[str, None] = {}

    @cached_property
    def _versions(self) -> dict[str, str]:
        return versions()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was resumed and what could not be, for the provenance; each line once."""
        return tuple(self._notes)

    def note(self, line: str) -> None:
        """Add a line to the notes."""
        self._notes.setdefault(line)

    def step(
        self,
        name: str,
        inputs: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]] | None = None,
    ) -> StepCheckpoint:
        """The checkpoint of a step with these inputs; other inputs have another file.

        Args:
            name: of the step, a plain word.
            inputs: everything that decides its result, as JSON types; the versions of
                the packages are added.
            arrays: inputs that are arrays, compared bit by bit.
        """
        described = {
            "step": name,
            "format": FORMAT,
            "inputs": dict(inputs),
            "arrays": _sum(arrays or {}),
            "versions": self._versions,
        }
        text = json.dumps(described, sort_keys=True, allow_nan=False)
        return StepCheckpoint(self, name, hashlib.sha256(text.encode()).hexdigest())

    def due(self) -> bool:
        """Whether enough work was done since the last file to be worth another."""
        if not self._usable:
            return False
        pause = max(self._interval_s, _WORK_PER_WRITE * self._write_seconds)
        return time.monotonic() - self._written >= pause

    def _write(self, path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
        begun = time.monotonic()
        waiting, self._waiting = self._waiting | {path: arrays}, {}
        try:
            for place, content in waiting.items():
                self._keep(place, content)
        except OSError as error:
            self._usable = False
            self.note(f"no checkpoint: {error.strerror or type(error).__name__}")
        self._written = time.monotonic()
        self._write_seconds = self._written - begun

    def _keep(self, path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
        size = sum(array.nbytes for array in arrays.values())
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir(mode=0o700)
        others = sum(
            entry.stat(follow_symlinks=False).st_size
            for entry in os.scandir(self.folder)
            if entry.name != path.name
        )
        if others + size > self.largest_mb * _MB:
            self.note(f"no checkpoint of more than {self.largest_mb} MB")
            return
        if shutil.disk_usage(self.folder).free < size + _SPARED_MB * _MB:
            self.note(f"no checkpoint on a disk with less than {_SPARED_MB} MB to spare")
            return
        descriptor, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=self.folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                # positional-only names keep "file" free for an array
                np.savez(file, allow_pickle=False, **dict(arrays))
            os.replace(unfinished, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(unfinished)
            raise


class StepCheckpoint:
    """The file of one step; see ``Checkpoint.step``."""

    def __init__(self, owner: Checkpoint, name: str, address: str) -> None:
        self._owner = owner
        self._name = name
        self._address = address
        self._has_file = False

    @property
    def path(self) -> Path:
        """Of the file, which need not be there."""
        return self._owner.folder / f"{self._name}-{self._address[:40]}{_ENDING}"

    def load(self) -> dict[str, NDArray[Any]] | None:
        """What was saved last; None where there is nothing of these inputs that is whole."""
        try:
            arrays = self._read()
            self._has_file = True
            return arrays
        except FileNotFoundError:
            return None
        except Exception as error:  # a file of whatever content must not end a calculation
            self.ignored(getattr(error, "strerror", None) or str(error) or type(error).__name__)
            return None

    def due(self) -> bool:
        """Whether enough work was done since the last file to be worth another."""
        return self._owner.due()

    def save(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Replace the file, in one move; a disk that refuses ends the checkpoints, with a note.

        Args:
            arrays: name -> array of numbers.
        """
        self._owner._write(self.path, self._with_header(arrays))
        self._has_file = True

    def finish(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep what the step ended with: at once over an earlier file, else with the next one.

        Args:
            arrays: name -> array of numbers; not to be changed afterwards.
        """
        if self._has_file or self.due():
            self.save(arrays)
        elif self._owner._usable:
            self._owner._waiting[self.path] = self._with_header(arrays)

    def _with_header(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        header = {"format": FORMAT, "address": self._address, "sum": _sum(plain)}
        plain[_HEADER] = np.frombuffer(json.dumps(header).encode(), np.uint8)
        return plain

    def resumed(self, where: str) -> None:
        """Note that the step goes on, for the provenance.

        Args:
            where: e.g. "after 7 of 10 conformers".
        """
        self._owner.note(f"{self._name} resumed {where}")

    def ignored(self, reason: str) -> None:
        """Note that what was found is of no use.

        Args:
            reason: one line.
        """
        line = " ".join(reason.split())[:120]
        self._owner.note(f"{self._name}: a checkpoint was passed over ({line})")

    def _read(self) -> dict[str, NDArray[Any]]:
        most = self._owner.largest_mb * _MB
        # A link would lead out of the run's folder, a pipe would wait for a writer.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(os.open(self.path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("not a plain file")
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
                if packed or sum(member.file_size for member in members) > most:
                    raise ValueError("not written by this program")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive_of_arrays:
                arrays = {name: archive_of_arrays[name] for name in archive_of_arrays.files}
        header = json.loads(arrays.pop(_HEADER).tobytes())
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']}, this program writes {FORMAT}")
        if header["address"] != self._address:
            raise ValueError("of another calculation")
        if header["sum"] != _sum(arrays):
            raise ValueError("damaged")
        return arrays


def remove(folder: str | Path) -> None:
    """Remove a molecule's checkpoints and their folder; what else is in it stays.

    Args:
        folder: as given to ``Checkpoint``; it need not be there.
    """
    folder = Path(folder)
    if folder.is_symlink():
        return
    with contextlib.suppress(OSError):
        for entry in folder.iterdir():
            if entry.name.endswith(_ENDING) or entry.name.startswith(_UNFINISHED):
                entry.unlink(missing_ok=True)
        folder.rmdir()


def _sum(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data.cast("B") if array.size else b"")
    return digest.hexdigest()
