"""Secrets taken out of text before it is kept or shown.

A device's service repeats in its errors what it was sent, and an error becomes a failure
in the journal, a line of a report, a line on a terminal. No code here writes a token
anywhere; this is for what others write.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SHORTEST = 8
"""Characters of a secret at least: a shorter one would be found in words."""

_GONE = "[secret]"
_TELLING = r"(?:token|secret|passw(?:or)?d|api[-_]?key|access[-_]?key|private[-_]?key|credential)"
_VARIABLE = re.compile(_TELLING, re.IGNORECASE)
_NO_VALUE = ("_PATH", "_FILE", "_DIR", "_MODE", "_URL")  # says where a secret is, or how it is used
# a value of a telling name, or of an authorisation, that no word of a sentence looks like
_NAMED = re.compile(
    rf"""(\b[\w-]{{0,40}}{_TELLING}["']?\s*[:=]\s*["']?|\bbearer\s+|\bauthorization:\s*\w+\s+)"""
    r"""(?=[^\s"',;&]{0,400}\d)([^\s"',;&<>(){}\[\]]{8,})""",
    re.IGNORECASE,
)
_USER = re.compile(r"(://)[^/\s@:]{0,200}:[^/\s@]{1,400}@")
_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+")  # a signed JSON object


def redacted(text: str, *, environment: Mapping[str, str] | None = None) -> str:
    """The text without the secrets that are known, or that look like some.

    Known are the values of environment variables whose names say so (``..._TOKEN``,
    ``..._SECRET``, ``..._API_KEY``), saved IBM Quantum accounts and Ray's token.

    Args:
        text: of any kind.
        environment: of this process where None.
    """
    text = without_known(text, environment=environment)
    text = _NAMED.sub(rf"\1{_GONE}", text)
    text = _USER.sub(rf"\1{_GONE}@", text)
    return _WEB_TOKEN.sub(_GONE, text)


def without_known(text: str, *, environment: Mapping[str, str] | None = None) -> str:
    """The text without the secrets that are known, and otherwise as it was: for records.

    Args:
        text: of any kind.
        environment: of this process where None.
    """
    for secret in _known(os.environ if environment is None else environment):
        text = text.replace(secret, _GONE)
    return text


def _known(environment: Mapping[str, str]) -> list[str]:
    found = {
        value.strip()
        for name, value in environment.items()
        if _VARIABLE.search(name) and not name.upper().endswith(_NO_VALUE)
    }
    home = Path(environment.get("HOME") or Path.home())
    found |= set(_saved_accounts(home / ".qiskit" / "qiskit-ibm.json"))
    ray = environment.get("RAY_AUTH_TOKEN_PATH") or home / ".ray" / "auth_token"
    found.add(_content(Path(ray)).strip())
    return sorted((s for s in found if len(s) >= SHORTEST), key=len, reverse=True)


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    except OSError:  # not to be read by this user, so by nothing that runs as this user
        return ""


def _saved_accounts(path: Path) -> Iterator[str]:
    try:
        accounts: Any = json.loads(_content(path) or "{}")
    except (ValueError, RecursionError):
        return
    for account in accounts.values() if isinstance(accounts, dict) else ():
        token = account.get("token") if isinstance(account, dict) else None
        if isinstance(token, str):
            yield token.strip()
