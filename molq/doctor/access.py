"""Accounts and addresses: whether they are there, never what they are."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from molq.doctor.finding import Finding, fail, ok, warn
from simulation.errors import SimulationError

AREA = "access"

IBM_HOST = "quantum.cloud.ibm.com"
CONNECT_S = 5.0


def findings(*, online: bool, environment: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Credentials by presence; with ``online`` also whether the remote ends can be reached.

    Args:
        online: connect to IBM Quantum and to the cluster that the environment names.
        environment: variables; those of this process where None.
    """
    variables = os.environ if environment is None else environment
    yield _ibm(variables)
    yield _cluster_token(variables)
    yield _storage(variables)
    addresses = {
        "RAY_ADDRESS": variables.get("RAY_ADDRESS", ""),
        "RAY_API_SERVER_ADDRESS": variables.get("RAY_API_SERVER_ADDRESS", ""),
    }
    named = {name: address for name, address in addresses.items() if address not in ("", "local")}
    if not online:
        said = f"{', '.join(named)} set" if named else "no cluster is named"
        yield ok(AREA, "network", f"not asked ({said}); --online connects")
        return
    yield _reached("IBM Quantum", IBM_HOST, 443, tls=True)
    for name, address in named.items():
        yield _cluster(name, address)


def _ibm(variables: Mapping[str, str]) -> Finding:
    from simulation.quantum.ibm import FAMILY, TOKEN_VARIABLE

    try:
        found = FAMILY.has_credentials()
    except SimulationError as error:
        return ok(AREA, "IBM Quantum", f"not usable: {error.message}")
    except Exception as error:  # a damaged account file raises what its reader raises
        return warn(
            AREA, "IBM Quantum", f"the saved account cannot be read ({type(error).__name__})",
            "save it anew: QiskitRuntimeService.save_account(token=..., overwrite=True)",
        )  # fmt: skip
    if not found:
        return ok(
            AREA, "IBM Quantum",
            f"no account ({TOKEN_VARIABLE} or a saved one): backends ibm:<device> need one",
        )  # fmt: skip
    where = TOKEN_VARIABLE if variables.get(TOKEN_VARIABLE) else "a saved account"
    return ok(AREA, "IBM Quantum", f"there is an account ({where})")


def _cluster_token(variables: Mapping[str, str]) -> Finding:
    if variables.get("RAY_AUTH_TOKEN"):
        return ok(AREA, "cluster token", "RAY_AUTH_TOKEN is set")
    path = variables.get("RAY_AUTH_TOKEN_PATH")
    file = Path(path) if path else Path.home() / ".ray" / "auth_token"
    if file.is_file():
        if file.stat().st_mode & 0o077:
            return warn(AREA, "cluster token", f"{file} can be read by others", f"chmod 600 {file}")
        return ok(AREA, "cluster token", f"in {file}")
    if path:
        return fail(
            AREA, "cluster token", f"RAY_AUTH_TOKEN_PATH names {path}, which is no file",
            "correct the path or unset the variable",
        )  # fmt: skip
    return ok(AREA, "cluster token", "none, and none is needed on this machine alone")


def _storage(variables: Mapping[str, str]) -> Finding:
    named = [
        name
        for name, keys in {
            "S3": ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"),
            "Google Cloud": ("GOOGLE_APPLICATION_CREDENTIALS",),
        }.items()
        if any(variables.get(key) for key in keys)
    ]
    if named:
        return ok(AREA, "remote files", f"credentials for {' and '.join(named)} are named")
    return ok(AREA, "remote files", "no credentials for S3 or Google Cloud; https needs none")


def _cluster(name: str, address: str) -> Finding:
    try:
        split = urlsplit(address if "//" in address else f"//{address}")
        host, port = split.hostname, split.port
    except ValueError:
        host = None
    if host is None:
        return fail(AREA, name, "is no address", "give host:6379 or http://host:8265")
    return _reached(name, host, port or 8265, tls=split.scheme == "https")


def _reached(name: str, host: str, port: int, *, tls: bool) -> Finding:
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S) as connection:
            if tls:
                context = ssl.create_default_context()
                context.wrap_socket(connection, server_hostname=host).close()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return fail(
            AREA, name, f"{host}:{port} cannot be reached ({reason})",
            "check the address, the firewall and HTTPS proxies",
        )  # fmt: skip
    return ok(AREA, name, f"{host}:{port} answers")
