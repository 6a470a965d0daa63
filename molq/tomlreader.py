"""TOML files from people: read with a line for whatever is wrong, and never a secret in them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from molq.errors import CallError
from simulation.redaction import redacted, without_known

_DEEPEST = 10
_LARGEST = 2**20  # bytes
_URI = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"']*", re.IGNORECASE)
_NO_SECRETS = (
    "this looks like a token or a password, and everything a run is told is written into its "
    "folder; leave it out, and give the token by the environment (QISKIT_IBM_TOKEN) or by a "
    "saved account"
)


def read(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        CallError: it is missing, not UTF-8, or not TOML; the line says where.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise CallError(f"{path} is larger than {_LARGEST >> 20} MB: no campaign file is")
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise CallError(f"{path} does not exist; check the path") from error
    except UnicodeDecodeError as error:
        raise CallError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise CallError(f"{path} cannot be read: {error.strerror}") from error
    if not _is_public(text):
        numbers = (n for n, line in enumerate(text.splitlines(), start=1) if not _is_public(line))
        raise CallError(f"{path.name}, line {next(numbers, 1)}: {_NO_SECRETS}")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CallError(f"{path} is not valid TOML: {error}") from error
    except ValueError as error:  # an integer of thousands of digits
        raise CallError(f"{path} holds a number that cannot be read: {error}") from error
    except RecursionError as error:
        raise CallError(f"{path}: its values are nested too deeply to be read") from error


def check_contents(value: Any, place: str, depth: int = 0) -> None:
    """Refuse what may not stand in a run's folder, where all settings are written.

    Raises:
        CallError: there is a secret, of which it names the place, or no end of tables.
    """
    if depth > _DEEPEST:
        raise CallError(f"{place}: tables and lists more than {_DEEPEST} deep; no key needs them")
    is_library = place.endswith(": library")  # what is wrong with its URI its own check says
    if isinstance(value, str) and not _is_public(value, with_uris=not is_library):
        raise CallError(f"{place}: {_NO_SECRETS}")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, str):
                check_contents(f"{key} = {item}", place, depth + 1)
            else:
                check_contents(item, f"{place}: {key}", depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            check_contents(item, place, depth + 1)


def _is_public(text: str, *, with_uris: bool = False) -> bool:
    """Whether there is no secret in it, known or by its looks; of URIs only a known one."""
    if without_known(text) != text:
        return False
    bare = text if with_uris else _URI.sub("", text)
    return redacted(bare) == bare
