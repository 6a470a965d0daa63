"""Checksums of the journal's records: SHA-256 for a result, a short digest for all others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any


def result_checksum(fields: Sequence[Any]) -> str:
    """Of the fields of a result, as they stand in the table: SHA-256 of their JSON."""
    return hashlib.sha256(_text(fields)).hexdigest()


def digest(*fields: Any) -> int:
    """Of the fields of any other record, as they stand in the table.

    The first 64 bits of the BLAKE2b digest of their JSON, as SQLite's signed integer: one
    damaged record in 1.8e19 goes unnoticed. Numbers of a column of reals must be floats.
    """
    return int.from_bytes(hashlib.blake2b(_text(fields), digest_size=8).digest(), signed=True)


def _text(fields: Sequence[Any]) -> bytes:
    # SQLite gives -0.0 back as 0.0. The default is for what a damaged file may hold: bytes.
    stored = [field + 0.0 if isinstance(field, float) else field for field in fields]
    return json.dumps(stored, default=repr).encode()
