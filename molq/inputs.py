"""What a run reads: the campaign file as it was written, checksums of its other files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generative import weights
from molq import companions
from molq.campaignfile import CampaignFile, RunFile
from molq.errors import CallError
from screening.intake.intake import COMPLETE
from screening.store.journal import Journal

LIBRARY, PRIOR, VERSION = "library_sha256", "prior_sha256", "versions"
COMPANIONS = "companions_sha256"
SOURCE, CHANGES = "source_sha256", "changes"

SOURCE_FILE = "campaign.source.toml"
"""Of a run's folder: the campaign file byte for byte as it was read."""


@dataclass(frozen=True)
class Source:
    """A campaign file as it was written, and what the call changed."""

    content: bytes
    changes: tuple[str, ...] = ()  # "key=value", of `--set` and its like

    @classmethod
    def read(cls, path: Path, changes: Mapping[str, Any] | Iterable[str] = ()) -> Source:
        """From the file.

        Raises:
            CallError: it cannot be read.
        """
        said = (
            [f"{key}={value}" for key, value in changes.items()]
            if isinstance(changes, Mapping)
            else list(changes)
        )
        try:
            return cls(path.read_bytes(), tuple(said))
        except OSError as error:
            raise CallError(f"cannot read {path}: {error.strerror or error}") from error

    def facts(self) -> dict[str, Any]:
        """What a run's environment says of it."""
        facts: dict[str, Any] = {SOURCE: hashlib.sha256(self.content).hexdigest()}
        return {**facts, CHANGES: list(self.changes)} if self.changes else facts


def checksums(file: RunFile) -> dict[str, Any]:
    """SHA-256 of the library, of the prior's file and of the companions, of those the run has.

    Raises:
        CallError: one of them cannot be read.
    """
    found: dict[str, Any] = {}
    if file.library is not None:
        found[LIBRARY] = sha256(file.library.file)
    if isinstance(file, CampaignFile) and file.generator.share > 0:
        prior = weights.file_of(file.generator.network)
        if prior is not None:
            found[PRIOR] = sha256(prior)
    if named := companions.by_setting(file):
        found[COMPANIONS] = {setting: sha256(path) for setting, path in named.items()}
    return found


def changes(journal: Journal, file: RunFile, version: str) -> tuple[str, ...]:
    """What is no longer as it was when the run began, a line each.

    Args:
        journal: of the run.
        file: the settings it was begun with.
        version: of molq, now.

    Raises:
        CallError: the library is another file, or gone, before all of it was read (its rows
            would not be those of the journal), or a receptor or a list of known molecules is.
    """
    before = journal.environment()
    lines = []
    then = before.get(VERSION, {}).get("molq")
    if then is not None and then != version:
        lines.append(f"the run began with molq {then}, this is {version}")
    if file.library is not None and journal.marked(COMPLETE) is None:
        now = sha256(file.library.file)
        if now != before.get(LIBRARY, now):
            raise CallError(
                f"{file.library.file} is not the file the run began with: put that back, "
                "or begin a new run"
            )
    if isinstance(file, CampaignFile) and PRIOR in before:
        prior = weights.file_of(file.generator.network)
        if prior is None or sha256(prior) != before[PRIOR]:
            lines.append(f"the prior {file.generator.network} is not the one the run began with")
    for setting, path in companions.by_setting(file).items():
        if path.is_file() and sha256(path) == before.get(COMPANIONS, {}).get(setting):
            continue
        raise CallError(
            f"{path} is not the file the run began with, and its values are a function of it: "
            "put that back, or begin a new run"
        )
    return tuple(
        f"{line}: rounds not chosen yet will differ from those of an uninterrupted run"
        for line in lines
    )


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal.

    Raises:
        CallError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CallError(f"cannot read {path}: {error.strerror or error}") from error
