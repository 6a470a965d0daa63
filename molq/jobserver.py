"""A Ray cluster's job server: jobs are sent there, looked at and stopped.

The server is the dashboard's, and whoever may talk to it may run anything on the cluster:
it asks for the cluster's token, and belongs behind loopback, a tunnel or a proxy.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from molq.errors import CallError, MolqError
from screening.compute.clustertoken import show_token
from screening.compute.raysession import silence

ADDRESS_VARIABLE = "RAY_API_SERVER_ADDRESS"
RUN_KEY = "run"
"""Key of a job's metadata: the run's folder as the cluster sees it."""

_KNOCK_S = 10.0
_POLL_S = 1.0
_PATIENCE_S = 60.0
_TERMINAL = ("SUCCEEDED", "FAILED", "STOPPED")
_SDK_LOG = "ray.dashboard.modules.job.sdk"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class JobState:
    """Where a job stands."""

    id: str
    state: str  # "PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"
    entrypoint: str
    run: Path | None  # the run's folder as the cluster sees it; None for a job of another program
    message: str  # what Ray says of it, one line
    exit_code: int | None  # of the driver; None while it works, or when it was killed
    begun: datetime | None  # UTC
    ended: datetime | None  # UTC

    @property
    def is_over(self) -> bool:
        """Whether nothing of it works any more."""
        return self.state in _TERMINAL

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "job": self.id,
            "state": self.state,
            "entrypoint": self.entrypoint,
            "run": None if self.run is None else str(self.run),
            "message": self.message,
            "exit_code": self.exit_code,
            "begun": None if self.begun is None else self.begun.isoformat(),
            "ended": None if self.ended is None else self.ended.isoformat(),
        }


def address_of(given: str | None) -> str:
    """The job server's address: as given, or the environment's.

    Raises:
        CallError: there is none, or it is not that of a job server.
    """
    address = given or os.environ.get(ADDRESS_VARIABLE)
    if not address:
        raise CallError(
            "no cluster named: give --address http://head:8265, the address of its dashboard, "
            f"or set {ADDRESS_VARIABLE}"
        )
    address = address.rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CallError(
            f"{address} is where a driver joins; jobs are sent to the dashboard, e.g. "
            "http://head:8265"
        )
    if "@" in parts.netloc:
        raise CallError(
            "a password in --address is seen by everybody who lists the processes: leave it "
            "out, and give the cluster's token by RAY_AUTH_TOKEN_PATH"
        )
    return address


def warning_of(address: str) -> str:
    """What should be known of an address before the token goes there; "" for nothing."""
    parts = urlsplit(address)
    if parts.scheme == "https" or parts.hostname in _LOOPBACK:
        return ""
    return (
        f"{address} is not encrypted: the cluster's token and the campaign cross the network "
        "as they are; prefer a tunnel (ssh -L 8265:localhost:8265 head) or https"
    )


class JobServer:
    """The job server of one cluster.

    Args:
        address: of the dashboard, e.g. ``http://127.0.0.1:8265``; None for that of the
            environment variable ``RAY_API_SERVER_ADDRESS``.

    Raises:
        CallError: no address, or one of another kind.
        MolqError: nothing answers there, or the token is missing or wrong.
    """

    def __init__(self, address: str | None = None) -> None:
        self.address = address_of(address)
        _knock(self.address)
        show_token()
        # Ray lets its environment variables override the address that it is given
        os.environ[ADDRESS_VARIABLE] = self.address
        silence()
        from ray.job_submission import JobSubmissionClient

        for talker in ("ray", "ray.dashboard.modules.dashboard_sdk", _SDK_LOG):
            logging.getLogger(talker).setLevel(logging.ERROR)
        with self._errors():
            self._client = JobSubmissionClient(self.address)

    def submit(
        self, id: str, entrypoint: str, *, package: Path, variables: dict[str, str], run: Path
    ) -> None:
        """Send a job.

        Args:
            id: of the job, new to the cluster.
            entrypoint: command line of its driver.
            package: folder that becomes the driver's working directory.
            variables: of the environment of the driver and its workers; they stand in
                the job's record, which is no place for a secret.
            run: the run's folder as the cluster sees it.

        Raises:
            MolqError: the cluster refuses it.
        """
        with self._errors():
            self._client.submit_job(
                entrypoint=entrypoint,
                submission_id=id,
                runtime_env={"working_dir": str(package), "env_vars": variables},
                metadata={RUN_KEY: str(run)},
            )

    def state(self, id: str) -> JobState:
        """Where a job stands.

        Raises:
            MolqError: there is no such job, or the server does not answer.
        """
        with self._errors(id):
            info = self._client.get_job_info(id)
        run = (info.metadata or {}).get(RUN_KEY)
        message = " ".join((info.message or "").partition("last available logs")[0].split())
        return JobState(
            id=info.submission_id or id,
            state=str(getattr(info.status, "value", info.status)),
            entrypoint=info.entrypoint,
            run=None if run is None else Path(run),
            message=message.rstrip(" ,"),
            exit_code=info.driver_exit_code,
            begun=_instant(info.start_time),
            ended=_instant(info.end_time),
        )

    def record(self, id: str) -> dict[str, Any]:
        """All that the cluster keeps of a job, as plain JSON types.

        Raises:
            MolqError: there is no such job, or the server does not answer.
        """
        with self._errors(id):
            found: dict[str, Any] = self._client.get_job_info(id).dict()
        return found

    def logs(self, id: str) -> str:
        """What a job has written so far.

        Raises:
            MolqError: there is no such job, or the server does not answer.
        """
        with self._errors(id):
            written: str = self._client.get_job_logs(id)
        return written

    def follow(self, id: str, write: Callable[[str], None]) -> JobState:
        """Hand on what a job writes until it is over.

        A connection that breaks is made again; nothing is handed on twice.

        Raises:
            MolqError: there is no such job, or the server is gone.
        """
        handed = 0
        while True:
            met = 0
            with self._errors(id):
                for piece in _pieces(self._client.tail_job_logs(id)):
                    new = piece[max(0, handed - met) :]
                    met += len(piece)
                    if new:
                        write(new)
                        handed += len(new)
            state = self._state_after_patience(id)
            if state.is_over:
                # the stream may end before the last lines were in it
                if rest := self.logs(id)[handed:]:
                    write(rest)
                return state
            time.sleep(_POLL_S)

    def _state_after_patience(self, id: str) -> JobState:
        """Where a job stands, also where the network is away for a while."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return self.state(id)
            except MolqError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)

    def stop(self, id: str, timeout_s: float) -> JobState:
        """Ask a job to end and wait for it.

        Args:
            id: of the job.
            timeout_s: s, to wait at most.

        Raises:
            MolqError: there is no such job, it does not end, or the server is gone.
        """
        with self._errors(id):
            self._client.stop_job(id)
        deadline = time.monotonic() + timeout_s
        while not (state := self.state(id)).is_over:
            if time.monotonic() > deadline:
                raise MolqError(
                    f"{id} has not ended after {timeout_s:g} s; look at it by "
                    f"`molq logs {id} --address {self.address}`"
                )
            time.sleep(_POLL_S / 4)
        return state

    @contextmanager
    def _errors(self, id: str = "") -> Iterator[None]:
        """What Ray raises, as one line with the remedy."""
        from ray.exceptions import AuthenticationError
        from requests.exceptions import RequestException

        try:
            yield
        except AuthenticationError as error:
            missing = "required" in str(error).lower()
            what = "asks for its token" if missing else "does not accept this token"
            raise MolqError(
                f"the cluster at {self.address} {what}: have the head's token file on this "
                "machine and name it by RAY_AUTH_TOKEN_PATH, or put it at ~/.ray/auth_token"
            ) from error
        except (RuntimeError, ConnectionError, RequestException, OSError) as error:
            text = " ".join(str(error).split())
            if id and "status code 404" in text:
                raise MolqError(
                    f"the cluster at {self.address} knows no job {id}: check the id, or look "
                    "at its run's folder"
                ) from error
            raise MolqError(f"the cluster at {self.address}: {text[:300]}") from error


def _pieces(stream: AsyncIterator[str]) -> Iterator[str]:
    """The pieces of an asynchronous stream; a connection that breaks ends it."""
    import aiohttp

    with asyncio.Runner() as runner:
        while True:
            try:
                piece = runner.run(_next(stream))
            except aiohttp.WSServerHandshakeError as error:
                raise RuntimeError(f"status code {error.status}: {error.message}") from error
            except (aiohttp.ClientError, RuntimeError):
                return
            if piece is None:
                return
            yield piece


async def _next(stream: AsyncIterator[str]) -> str | None:
    return await anext(stream, None)


def _knock(address: str) -> None:
    """Ask whether anything listens there: Ray itself waits without end.

    Raises:
        MolqError: nothing does.
    """
    parts = urlsplit(address)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=_KNOCK_S).close()
    except (OSError, ValueError) as error:
        raise MolqError(
            f"nothing answers at {address}: check that the cluster runs, and that a tunnel to "
            "its dashboard is open (ssh -L 8265:localhost:8265 head)"
        ) from error


def _instant(milliseconds: int | None) -> datetime | None:
    return None if not milliseconds else datetime.fromtimestamp(milliseconds / 1000, UTC)
