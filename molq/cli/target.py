"""What ``status``, ``logs`` and ``stop`` are asked about: a run's folder or a job."""

from __future__ import annotations

import os
import re
from pathlib import Path

from molq.errors import CallError

_JOB = re.compile(r"[A-Za-z0-9][\w.\-]*")


def directory_of(target: str, address: str | None) -> Path | None:
    """The run's folder; None where a job is meant.

    A folder that exists is meant before a job of the same name.

    Raises:
        CallError: it is neither.
    """
    from molq import reading
    from molq.jobserver import ADDRESS_VARIABLE

    path = Path(target)
    named = address or os.environ.get(ADDRESS_VARIABLE)
    if not path.exists() and _JOB.fullmatch(target):
        if named:
            return None
        raise CallError(
            f"{target} does not exist; if it is a job, name its cluster by "
            f"--address http://head:8265 or {ADDRESS_VARIABLE}"
        )
    reading.check_run(path)
    return path
