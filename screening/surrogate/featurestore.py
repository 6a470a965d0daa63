"""Features of large pools, kept in a file between predictions.

Making the features of a molecule costs several times what predicting it does, and those of a
million molecules do not belong into memory. A store is an SQLite file that any number of
predictions read from and add to; it is a cache, which may be deleted at any time, and takes
about 1.7 kB a molecule.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rdkit
from numpy.typing import NDArray

from screening.intake.standardise import molecule
from screening.surrogate import countprints, properties
from screening.surrogate.countprints import KINDS, PAIR_DISTANCE, SIZE, CountPrints, Row
from screening.surrogate.properties import NAMES

_COUNT_BITS = 15
_MOST = (1 << _COUNT_BITS) - 1
_ASKED = 1000  # molecules in one query


class FeatureStore:
    """Counts and properties of molecules by SMILES, made where they are missing.

    One thread of one process at a time. What another version of RDKit or of the features
    wrote is not read.
    """

    def __init__(self, path: Path | str) -> None:
        """Open a store, or begin one.

        Raises:
            ValueError: the file cannot be opened, or is none.
        """
        self.path = Path(path)
        parts = (*KINDS, SIZE, PAIR_DISTANCE, *NAMES, rdkit.__version__)
        version = hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:12]
        self._table = f"features_{version}"
        try:
            self._connection = sqlite3.connect(self.path)
            # several molecules a page, in the order in which they came
            self._connection.execute("PRAGMA page_size = 8192")
            # a killed process leaves a whole file
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS {self._table} "
                "(smiles TEXT PRIMARY KEY, packed BLOB NOT NULL)"
            )
        except sqlite3.Error as error:
            raise ValueError(
                f"the feature store {self.path} cannot be used ({error}); "
                "delete it, what it held is made anew"
            ) from error
        self._has_room = True

    def __len__(self) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {self._table}").fetchone()
        return int(row[0])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def discard(self) -> None:
        """Let go of the file and delete it."""
        self.close()
        for end in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)

    def features(self, smiles: Sequence[str]) -> tuple[CountPrints, NDArray[np.float64]]:
        """Counts of good SMILES, and their properties, shape (molecules, len(NAMES)).

        Raises:
            ValueError: one is not valid, or the file cannot be read.
        """
        known: dict[str, bytes] = {}
        for start in range(0, len(smiles), _ASKED):
            known.update(self._found(list(dict.fromkeys(smiles[start : start + _ASKED]))))
        new = {s: _packed(s) for s in dict.fromkeys(smiles) if s not in known}
        if new:
            self._keep(new)
            known |= new
        return _unpacked([known[s] for s in smiles])

    def _keep(self, new: dict[str, bytes]) -> None:
        if not self._has_room:
            return
        try:
            with self._connection:
                self._connection.executemany(
                    f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?)", new.items()
                )
        except sqlite3.Error:
            # A full disk must not end what only wanted to save time: from now on
            # features that are not in the file are made whenever they are asked for.
            self._has_room = False

    def _found(self, wanted: list[str]) -> dict[str, bytes]:
        marks = ", ".join("?" * len(wanted))
        try:
            rows = self._connection.execute(
                f"SELECT smiles, packed FROM {self._table} WHERE smiles IN ({marks})", wanted
            )
            return dict(rows)
        except sqlite3.Error as error:
            raise ValueError(
                f"the feature store {self.path} cannot be read ({error}); "
                "delete it, what it held is made anew"
            ) from error


def _packed(smiles: str) -> bytes:
    """Properties as they are, then each count beside its column in 32 bits."""
    mol = molecule(smiles)
    row: Row = countprints.of_molecule(mol)
    entries = (row.columns.astype(np.uint32) << _COUNT_BITS) | np.minimum(row.counts, _MOST).astype(
        np.uint32
    )
    return properties.of_molecule(mol).tobytes() + entries.tobytes()


def _unpacked(blobs: Sequence[bytes]) -> tuple[CountPrints, NDArray[np.float64]]:
    head = 8 * len(NAMES)
    sizes = np.array([(len(blob) - head) // 4 for blob in blobs], dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    entries = np.frombuffer(b"".join(blob[head:] for blob in blobs), dtype=np.uint32)
    columns = (entries >> _COUNT_BITS).astype(np.int32)
    counts = (entries & _MOST).astype(np.int32)
    cells = np.repeat(np.arange(len(blobs)) * len(KINDS), sizes) + columns // SIZE
    totals = np.bincount(cells, weights=counts, minlength=len(blobs) * len(KINDS)).astype(
        np.float64
    )
    values = np.frombuffer(b"".join(blob[:head] for blob in blobs), dtype=np.float64)
    return (
        CountPrints(start, columns, counts, totals.reshape(len(blobs), len(KINDS))),
        values.reshape(len(blobs), len(NAMES)),
    )
