"""Files that a run's settings name beside the library and the weights.

The receptor and the ligand of ``[simulation.docking]``, and the files that scorers are told of
(the known molecules of ``novelty``). A value is a function of them, so a run keeps copies in
its folder: what is edited later changes nothing of it.
"""

from __future__ import annotations

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
    return tuple(dict.fromkeys(by_setting(file).values()))


def changed(file: RunFile, change: Callable[[Path], Path]) -> RunFile:
    """The settings with the paths of these files changed."""
    objectives = tuple(_with_scorer_files(o, o.name, change) for o in file.objective)
    funnel = tuple(_with_scorer_files(s, s.stage, change) for s in file.funnel)
    simulation = file.simulation
    if simulation.docking is not None:
        told = {key: change(path) for key, path in _docking_files(file).items()}
        docking = simulation.docking.model_copy(update=told)
        simulation = simulation.model_copy(update={"docking": docking})
    update = {"objective": objectives, "funnel": funnel, "simulation": simulation}
    return file.model_copy(update=update)


def by_setting(file: RunFile) -> dict[str, Path]:
    """The files by the settings that name them, in their order; one file may stand twice."""
    found: dict[str, Path] = {}
    for n, objective in enumerate(file.objective, 1):
        for key, path in _scorer_files(objective, objective.name).items():
            found[f"objective {n} {objective.name} {key}"] = path
    for n, stage in enumerate(file.funnel, 1):
        for key, path in _scorer_files(stage, stage.stage).items():
            found[f"funnel {n} {stage.stage} {key}"] = path
    for key, path in _docking_files(file).items():
        found[f"docking {key}"] = path
    return found


def named_apart(files: Sequence[Path]) -> dict[Path, str]:
    """A name for each file in one folder; those of one name are numbered in their order.

    Names enter a run's settings, so that nothing of where the files lie may be in them.
    """
    taken = {path.name for path in files}
    names: dict[Path, str] = {}
    for path in files:
        name, number = path.name, 1
        while name in names.values() or name.partition(".")[0] in _TAKEN:
            number += 1
            numbered = f"{path.stem}-{number}{path.suffix}"
            name = numbered if numbered not in taken else name
        names[path] = name
    return names


def _docking_files(file: RunFile) -> dict[str, Path]:
    docking = file.simulation.docking
    named = {key: getattr(docking, key, None) for key in DOCKING}
    return {key: path for key, path in named.items() if path is not None}


def _scorer_files(entry: ObjectiveSettings | FunnelStage, name: str) -> dict[str, Path]:
    values = {} if entry.settings is None else entry.settings.values
    return {
        key: Path(values[key])
        for key in scorers.path_keys(name)
        if isinstance(values.get(key), str)
    }


def _with_scorer_files(entry: Entry, name: str, change: Callable[[Path], Path]) -> Entry:
    if entry.settings is None:
        return entry
    files = {key: str(change(path)) for key, path in _scorer_files(entry, name).items()}
    if not files:
        return entry
    told = ScorerSettings(**{**entry.settings.values, **files})
    return entry.model_copy(update={"settings": told})
