"""Data by path or by URI: what may be named, and how a remote file comes to this machine.

A URI is ``https://``, ``s3://``, ``gs://`` or ``file://``. Who may read it is the business of
this machine's environment (the clouds' own variables, files and roles): a URI with a password
or a signature in it is refused, because it would be written into the records of a run.
"""

from __future__ import annotations

import filecmp
import hashlib
import ipaddress
import os
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Annotated, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import BeforeValidator

SCHEMES = ("https", "s3", "gs", "file")

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_SECRET = ("secret", "password", "passwd", "token", "signature", "credential", "accesskey")
_SECRET_KEYS = (
    "sig",
    "key",
    "api_key",
    "apikey",
    "auth",
    "jwt",
    "pwd",
    "awsaccesskeyid",
    "googleaccessid",
)
_CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 60.0


class DataError(ValueError):
    """Data that cannot be named or fetched; one line with reason and remedy."""


@dataclass(frozen=True)
class Fetched:
    """A remote file that is here."""

    path: Path
    sha256: str
    size: int  # bytes


def is_uri(text: object) -> bool:
    """Whether a path is not one but a URI."""
    return isinstance(text, str) and _URI.match(text) is not None


def parsed(value: Any) -> Any:
    """A path as ``Path``, a URI as text; anything else as it is."""
    return Path(value) if isinstance(value, str) and not is_uri(value) else value


def check(path: Path | str) -> None:
    """That a URI is of a kind that is read, and holds no secret; a path is fine.

    Raises:
        DataError: it is not; the line repeats no secret.
    """
    if isinstance(path, str):
        _checked(path)


DataPath = Annotated[Path | str, BeforeValidator(parsed)]
"""A settings field that takes a path or a URI."""


def suffix(uri: str) -> str:
    """The end of a URI's file name that says its format, e.g. ``.csv.gz``; lower case."""
    name = unquote(urlsplit(uri).path).rpartition("/")[2].lower()
    found = re.search(r"\.[a-z0-9]+(\.gz)?$", name)
    return found[0] if found else ""


def fetch(uri: str, folder: Path, stem: str) -> Fetched:
    """Bring a file into a folder, whole or not at all.

    Args:
        uri: of the file.
        folder: is made if it is not there.
        stem: of the local name; the suffix is the URI's.

    Raises:
        DataError: it is not there, may not be read, or came incomplete; the folder
            cannot be written, or holds another file of that name.
    """
    parts = _checked(uri)
    target = folder / f"{stem}{suffix(uri)}"
    try:
        with arriving(target) as copy, _opened(uri, parts) as source:
            digest, size = _copied(source, copy)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DataError(f"{uri} cannot be fetched into {folder}: {_line(reason)}") from error
    return Fetched(target, digest, size)


@contextmanager
def arriving(target: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when the block has ended well, and else leaves nothing.

    Args:
        target: its name; the folder is made if it is not there.

    Raises:
        DataError: another file has that name.
        OSError: the folder cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as copy:
            yield copy
            copy.flush()
            os.fsync(copy.fileno())
        if target.exists() and not filecmp.cmp(temporary, target, shallow=False):
            raise DataError(f"{target} is there already, and is another file: move it away")
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _copied(source: IO[bytes], copy: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while block := source.read(_CHUNK_BYTES):
        copy.write(block)
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def _checked(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError as error:
        raise DataError(f"a URI that cannot be read ({error}): write https://host/file") from error
    scheme = parts.scheme.lower()
    bare = f"{scheme}://{host}{parts.path}"  # what may be repeated aloud
    anonymous = scheme == "gs" and parts.netloc.startswith("anonymous@")
    if "@" in parts.netloc and not anonymous:
        raise DataError(
            f"{bare}: a URI with a user or password in it would be written into the run's "
            "records; leave it out and give the credentials by the environment"
        )
    if secret := next((key for key, _ in parse_qsl(parts.query) if _tells(key)), None):
        raise DataError(
            f"{bare}: a signed link ({secret}=...) is a secret, and would be written into the "
            "run's records; download the file and give its path, or use s3:// or gs:// with "
            "the environment's credentials"
        )
    if scheme == "http" and _is_loopback(host):
        return parts
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        hint = "use https" if scheme == "http" else f"use a path or {known}"
        raise DataError(f"{bare}: {scheme}:// is not read; {hint}")
    if scheme == "file":
        if host not in ("", "localhost") or not parts.path.startswith("/"):
            raise DataError(f"{bare}: a file URI names no host; write file:///folder/file")
    elif not host or not parts.path.strip("/"):
        raise DataError(f"{bare}: the URI names no file; write {scheme}://host/file")
    return parts


def _tells(key: str) -> bool:
    """Whether what stands behind a key of a query is a secret."""
    plain = key.lower().replace("-", "").replace("_", "")
    return plain in _SECRET_KEYS or key.lower() in _SECRET_KEYS or any(s in plain for s in _SECRET)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _opened(uri: str, parts: SplitResult) -> Iterator[Any]:
    """The remote file as a stream of bytes.

    Raises:
        DataError: it is not there or may not be read.
    """
    scheme = parts.scheme.lower()
    if scheme == "file":
        with Path(unquote(parts.path)).open("rb") as file:
            yield file
    elif scheme in ("s3", "gs"):
        with _bucket_file(uri) as stream:
            yield stream
    else:
        with _web_file(uri) as stream:
            yield stream


@contextmanager
def _web_file(uri: str) -> Iterator[Any]:
    opener = urllib.request.build_opener(_SameSafety())
    try:
        answer = opener.open(uri, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            raise DataError(f"{uri}: the server answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise DataError(f"{uri} cannot be reached: {_line(str(error.reason))}") from error
    with answer:
        promised = answer.headers.get("Content-Length")
        yield _Complete(answer, uri, int(promised) if promised and promised.isdigit() else None)


class _SameSafety(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but from an encrypted address only to encrypted ones."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise DataError(f"{req.full_url} leads on to an address that is not https: refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Complete:
    """A stream that notices when the other side ended early."""

    def __init__(self, stream: Any, uri: str, promised: int | None) -> None:
        self._stream = stream
        self._uri = uri
        self._left = promised

    def read(self, size: int) -> bytes:
        block: bytes = self._stream.read(size)
        if self._left is not None:
            self._left -= len(block)
            if not block and self._left > 0:
                raise DataError(f"{self._uri} came incomplete: {self._left} bytes are missing")
        return block


@contextmanager
def _bucket_file(uri: str) -> Iterator[Any]:
    from pyarrow import fs

    try:
        bucket, path = fs.FileSystem.from_uri(uri)
        with bucket.open_input_stream(path) as stream:
            yield stream
    except FileNotFoundError as error:
        raise DataError(f"{uri} does not exist; check bucket and path") from error
    except PermissionError as error:
        raise DataError(
            f"{uri} may not be read with this machine's credentials: {_line(str(error))}"
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{uri} cannot be read: {_line(str(error))}") from error


def _line(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 300 else plain[:297] + "..."
