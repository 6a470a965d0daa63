"""Libraries of others that stand inside a page, packed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from markupsafe import Markup

FOLDER = "vendor"
CATALOGUE = "VENDOR.toml"


@dataclass(frozen=True)
class Library:
    """One vendored script."""

    key: str  # its table in the catalogue
    name: str
    version: str
    licence: str  # SPDX identifier
    source: str  # where it was published, and which file of it this is
    file: str
    licence_file: str
    sha256: str  # of the file

    @property
    def told(self) -> str:
        """Name, version and licence, for the foot of a page."""
        return f"{self.name} {self.version} ({self.licence})"

    def text(self) -> str:
        """The script.

        Raises:
            RuntimeError: it is not the file that the catalogue describes.
        """
        data = _folder().joinpath(self.file).read_bytes()
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise RuntimeError(
                f"{FOLDER}/{self.file} is not what {CATALOGUE} describes: install molq again"
            )
        return data.decode()

    def licence_text(self) -> str:
        """The licence with its notices, of the library and of what is compiled into it."""
        return _folder().joinpath(self.licence_file).read_text(encoding="utf-8")


@cache
def catalogue() -> tuple[Library, ...]:
    """All vendored libraries, in the order of the catalogue."""
    tables = tomllib.loads(_folder().joinpath(CATALOGUE).read_text(encoding="utf-8"))
    return tuple(
        Library(
            key=key,
            name=table["name"],
            version=table["version"],
            licence=table["licence"],
            source=table["source"],
            file=table["file"],
            licence_file=table["licence_file"],
            sha256=table["sha256"],
        )
        for key, table in tables.items()
    )


def libraries(keys: Sequence[str] | None = None) -> tuple[Library, ...]:
    """The named libraries, or all of them."""
    return tuple(one for one in catalogue() if keys is None or one.key in keys)


@cache
def packed_library(key: str) -> str:
    """A library as ``packed`` gives it."""
    (one,) = libraries([key])
    return packed(one.text())


@dataclass(frozen=True)
class Notice:
    """A library's licence as a page carries it."""

    key: str
    told: str  # name, version and licence
    packed: Markup  # the whole text, as ``packed`` gives it


def notices(keys: Sequence[str]) -> tuple[Notice, ...]:
    """The licences of the named libraries, for ``report/licences.html``."""
    return tuple(
        Notice(one.key, one.told, Markup(packed(one.licence_text()))) for one in libraries(keys)
    )


def packed(text: str) -> str:
    """A text as base64 of gzip, the same for the same text; a page unpacks it again."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _folder() -> Traversable:
    return files("molq.report").joinpath(FOLDER)
