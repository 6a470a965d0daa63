"""Replays on disk, so that an interrupted trial goes on where it was."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from molq import jsontext
from molq.errors import CallError, MolqError
from screening import runfiles
from screening.store.database import JournalError
from screening.validation.labelled import LabelledLibrary
from screening.validation.retrospective import CAMPAIGN_POLICIES, Replay, Schedule

CALL, REPLAYS = "trial.json", "replays"


def call_of(library: LabelledLibrary, schedule: Schedule, top: int) -> dict[str, Any]:
    """All that a replay depends on besides its policy, the policy's settings and the seed."""
    digest = hashlib.sha256()
    for candidate, value in zip(library.candidates, library.values, strict=True):
        digest.update(f"{candidate.inchikey} {value!r}\n".encode())
    return {
        "library": digest.hexdigest(),
        "minimize": library.minimize,
        "top": top,
        "schedule": asdict(schedule),
    }


class Store:
    """The folder of a trial.

    Args:
        folder: made if it is not there.
        call: what the replays in it depend on.
        settings: of the campaign's policies; the others have none.

    Raises:
        CallError: the folder holds something else, or replays of another call.
    """

    def __init__(self, folder: Path, call: dict[str, Any], settings: dict[str, Any]) -> None:
        self._folder = folder
        self._settings = settings
        if folder.exists() and not folder.is_dir():
            raise CallError(f"{folder} is a file: choose another --out")
        path = folder / CALL
        if path.is_file():
            before = _read(path)
            other = [key for key in call if before.get(key) != json.loads(json.dumps(call[key]))]
            if other:
                raise CallError(
                    f"{folder} holds a trial with another {' and '.join(other)}: "
                    "choose another --out, or give the same options"
                )
        elif folder.is_dir() and any(folder.iterdir()):
            raise CallError(f"{folder} is not empty and holds no trial: choose another --out")
        try:
            (folder / REPLAYS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MolqError(f"{folder}: cannot make the folder: {error.strerror}") from error
        write(path, jsontext.dumps(call))

    def load(self, policy: str, seed: int) -> Replay | None:
        """A replay that was finished before; None where there is none.

        Raises:
            CallError: its policy had other settings.
            MolqError: its file is damaged.
        """
        path = self._path(policy, seed)
        if not path.is_file():
            return None
        data = _read(path)
        if "settings" in data and data["settings"] != self._of(policy):
            raise CallError(
                f"{path} is of a policy with other settings: choose another --out, "
                "or delete it to have it made anew"
            )
        try:
            return Replay(
                policy=str(data["policy"]),
                seed=int(data["seed"]),
                found=tuple(float(x) for x in data["found"]),
                best=tuple(float(x) for x in data["best"]),
                molecules=tuple(int(x) for x in data["molecules"]),
                core_seconds=float(data["core_seconds"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise MolqError(f"{path} is damaged; delete it to have it made anew") from error

    def save(self, replay: Replay) -> None:
        """Keep a finished replay."""
        path = self._path(replay.policy, replay.seed)
        data = asdict(replay) | {"settings": self._of(replay.policy)}
        write(path, jsontext.dumps(data))

    def _of(self, policy: str) -> Any:
        settings = self._settings if policy in CAMPAIGN_POLICIES else {}
        return json.loads(json.dumps(settings))

    def _path(self, policy: str, seed: int) -> Path:
        slug = re.sub(r"[^a-z0-9]+", "-", policy.lower()).strip("-")
        return self._folder / REPLAYS / f"{slug}-{seed}.json"


def write(path: Path, text: str) -> None:
    """Write a file of the trial, whole or not at all.

    Raises:
        MolqError: it cannot be written.
    """
    try:
        with runfiles.replaced(path) as file:
            file.write(text)
    except JournalError as error:
        raise MolqError(
            f"{path} cannot be written; free some space and give the same call again"
        ) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MolqError(f"{path} is damaged; delete it to have it made anew") from error
    if not isinstance(found, dict):
        raise MolqError(f"{path} is damaged; delete it to have it made anew")
    return found
