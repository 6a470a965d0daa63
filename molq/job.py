"""Runs as jobs of a Ray cluster, from Python: submitted, looked at, waited for, stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from molq import submission
from molq.jobserver import JobServer, JobState, address_of
from molq.submission import Data


@dataclass(frozen=True)
class Job:
    """A run that was submitted to a cluster; every question is answered by its job server."""

    id: str
    address: str  # of the cluster's dashboard

    @classmethod
    def open(cls, id: str, address: str | None = None) -> Job:
        """A job that was submitted before.

        Args:
            id: of the job.
            address: of the cluster's dashboard; None for that of the environment variable
                ``RAY_API_SERVER_ADDRESS``.

        Raises:
            CallError: no address, or one of another kind.
            MolqError: the cluster knows no such job, or does not answer.
        """
        job = cls(id, address_of(address))
        job.state()
        return job

    def state(self) -> JobState:
        """Where it stands.

        Raises:
            MolqError: the cluster does not answer.
        """
        return self._server.state(self.id)

    def logs(self) -> str:
        """What its driver has written so far: counts, and no molecule.

        Raises:
            MolqError: the cluster does not answer.
        """
        return self._server.logs(self.id)

    def wait(self, write: Callable[[str], None] | None = None) -> JobState:
        """Wait for its end.

        Args:
            write: called with each piece of the driver's log.

        Raises:
            MolqError: the cluster is gone.
        """
        return self._server.follow(self.id, write or (lambda piece: None))

    def stop(self, timeout_s: float = 180.0) -> JobState:
        """End it as Ctrl-C would; ``submit`` with the same ``out`` goes on.

        Args:
            timeout_s: s, to wait at most for its end.

        Raises:
            MolqError: it does not end in time, or the cluster does not answer.
        """
        return self._server.stop(self.id, timeout_s)

    @cached_property
    def _server(self) -> JobServer:
        return JobServer(self.address)


def submit(
    file: str | Path,
    address: str | None = None,
    *,
    out: str | Path | None = None,
    recipe: str | Sequence[str] = (),
    set: Mapping[str, Any] | None = None,
    data: Data = "path",
) -> Job:
    """Send a campaign or a screen to a Ray cluster as a job; returns at once.

    Args:
        file: a campaign file, a screen file, or a library (path or URI).
        address: of the cluster's dashboard, e.g. ``http://head:8265``; None for that of the
            environment variable ``RAY_API_SERVER_ADDRESS``.
        out: the run's folder as the cluster sees it, on a file system that outlives the job;
            a run that is there is gone on with. None for a new one under the current folder.
        recipe: what to compute of a library.
        set: settings to change, by ``table.key``.
        data: how the library gets there: by its ``path`` (or URI), read on the cluster, or
            in an ``upload`` with the job.

    Raises:
        CallError: the file or the settings do not work, or there is no address.
        MolqError: the cluster does not answer or refuses the job.
    """
    changes = dict(set or {})
    recipes = (recipe,) if isinstance(recipe, str) else tuple(recipe)
    asked = submission.read(str(file), changes, recipes)
    server = JobServer(address)
    sent = submission.submit(
        asked,
        server,
        out=None if out is None else Path(out),
        data=data,
        source=submission.source_of(str(file), changes),
    )
    return Job(sent.id, sent.address)
