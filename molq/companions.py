"""Files that a run's settings name beside the library and the weights.

The receptor and the ligand of ``[simulation.docking]``, and the files that scorers are told of
(the known molecules of ``novelty``). A value is a function of them, so a run keeps copies in
its folder: what is edited later changes nothing of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from molq.campaignfile import RunFile
from screening import scorers
from screening.funnel.funnel import FunnelStage
from screening.objective import ObjectiveSettings
from screening.scorersettings import ScorerSettings

DOCKING = ("receptor", "ligand")
"""Keys of ``[simulation.docking]`` that name files."""

_TAKEN = ("library", "prior", "base")
"""What copies of other inputs are called in such a folder."""

Entry = TypeVar("Entry", ObjectiveSettings, FunnelStage)


def paths(file: RunFile) -> tuple[Path, ...]:
    """The files, each once, in the order in which the settings name them."""
    found: list[Path] = []

    def noted(path: Path) -> Path:
        found.append(path)
        return path

    changed(file, noted)
    return tuple(dict.fromkeys(found))


def changed(file: RunFile, change: Callable[[Path], Path]) -> RunFile:
    """The settings with the paths of these files changed."""
    objectives = tuple(_with_scorer_files(o, o.name, change) for o in file.objective)
    funnel = tuple(_with_scorer_files(s, s.stage, change) for s in file.funnel)
    simulation = file.simulation
    if simulation.docking is not None:
        named = {key: getattr(simulation.docking, key) for key in DOCKING}
        told = {key: change(path) for key, path in named.items() if path is not None}
        docking = simulation.docking.model_copy(update=told)
        simulation = simulation.model_copy(update={"docking": docking})
    update = {"objective": objectives, "funnel": funnel, "simulation": simulation}
    return file.model_copy(update=update)


def named_apart(files: Sequence[Path]) -> dict[Path, str]:
    """A name for each file in one folder; two of one name are told apart by their folders."""
    names: dict[Path, str] = {}
    for path in files:
        name = path.name
        if name in names.values() or name.partition(".")[0] in _TAKEN:
            digest = hashlib.sha256(str(path.parent).encode()).hexdigest()[:8]
            name = f"{path.stem}-{digest}{path.suffix}"
        names[path] = name
    return names


def _with_scorer_files(entry: Entry, name: str, change: Callable[[Path], Path]) -> Entry:
    if entry.settings is None:
        return entry
    values = entry.settings.values
    files = {
        key: str(change(Path(values[key])))
        for key in scorers.path_keys(name)
        if isinstance(values.get(key), str)
    }
    if not files:
        return entry
    return entry.model_copy(update={"settings": ScorerSettings(**{**values, **files})})
