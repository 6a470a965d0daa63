"""Calculations that other runs have done: found by what they are computed from.

A score has an address, SHA-256 over all that its value is a function of: the molecule as
standardised, the recipe and its version, the settings that the recipe looks at, the versions
of the packages that compute it, and the seed, which the conformers depend on. Two
calculations with one address are one calculation, and what a run named as cache holds is not
computed again. The address of a sampled score holds its backend as well; one of a remote
device has none, since the device of tomorrow is another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Any, Literal

from screening.candidate import Candidate
from screening.compute.dispatch import Found
from screening.compute.evaluation import molecule_seed, one_line, resolve
from screening.store.database import FILE, JournalError
from screening.store.journal import Journal
from screening.store.records import Result
from simulation.recipes.recipe import Content, owner
from simulation.settings import SimulationSettings, is_simulated

Seeds = Literal["same", "any"]

_GEOMETRY = ("conformers", "conformer_search", "solvent")
_MEANFIELD = (*_GEOMETRY, "basis", "density_fit")
_UNSEEN = ("threads", "embed_timeout_s", "queue_limit_s", "max_heavy_atoms", "docking")
"""Settings that no value is a function of: what a calculation may take."""
_CIRCUIT = ("mapping", "backend", "precision_mha", "max_shots", "mitigation")
_TRIAL = ("ansatz", "layers", "target_error_mha")

_BLIND: dict[str, tuple[str, ...]] = {"casci": (*_TRIAL, *_CIRCUIT), "vqe": _CIRCUIT[1:]}
"""Settings that a solver does not look at."""

_CHEMISTRY = ("rdkit", "tblite")
_ORBITALS = (*_CHEMISTRY, "pyscf")
_CIRCUITS = ("qiskit", "qiskit-nature", "qiskit-aer", "qiskit-ibm-runtime")
_SOLVERS: dict[str, tuple[str, ...]] = {
    "casci": (),
    "vqe": ("qiskit", "qiskit-nature"),
    "vqe-circuit": _CIRCUITS,
}


@dataclass(frozen=True)
class Method:
    """How a recipe's value is computed, of any molecule and with any seed."""

    key: str  # hexadecimal; "" where a calculation cannot be known again
    is_sampled: bool  # the value is drawn at random from the seed


def method(
    recipe: str,
    settings: SimulationSettings,
    source: str | None = None,
    versions: Mapping[str, str] | None = None,
) -> Method:
    """How a recipe is computed with these settings.

    Args:
        recipe: by name.
        settings: of the run.
        source: ``module:attribute`` of a recipe that is not installed.
        versions: of packages; those installed where None.

    Raises:
        simulation.errors.InputError: there is no such recipe.
    """
    found = resolve(recipe, source)
    reach = getattr(found, "reach", "solver")
    runs = settings.conformer_search == "torsion-qaoa"
    sampled = runs or (
        reach == "solver" and (settings.solver == "sqd" or settings.backend != "exact")
    )
    if sampled and not is_simulated(settings.backend):
        return Method("", is_sampled=True)
    names, packages = _looked_at(reach, settings.solver, runs)
    chosen = settings.model_dump(mode="json")
    own = getattr(found, "content", None)
    if own is not None:
        names, chosen, packages = _stated(own(settings))
    content = {
        "recipe": recipe,
        "version": getattr(found, "version", 1),
        "maker": source or _maker(recipe),
        "settings": {name: chosen[name] for name in names},
        "packages": {name: (versions or {}).get(name) or _version(name) for name in packages},
    }
    return Method(_digest(content), sampled)


def _stated(own: Content) -> tuple[tuple[str, ...], dict[str, Any], tuple[str, ...]]:
    """What a recipe says itself that its values depend on."""
    return tuple(own.values), dict(own.values), own.packages


def _looked_at(reach: str, solver: str, runs: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Settings and packages that a value depends on."""
    names: tuple[str, ...]
    packages: tuple[str, ...]
    if reach == "geometry":
        names, packages = _GEOMETRY, _CHEMISTRY
    elif reach == "meanfield":
        names, packages = _MEANFIELD, _ORBITALS
    else:
        every = tuple(SimulationSettings.model_fields)
        blind = _BLIND.get(solver, ())
        names = tuple(n for n in every if n not in _UNSEEN and n not in blind)
        # what another solver rests on is not known here: all that could matter
        packages = (*_ORBITALS, *_SOLVERS.get(solver, (*_CIRCUITS, "ffsim", "qiskit-addon-sqd")))
    if runs:
        names = tuple(dict.fromkeys((*names, *_CIRCUIT)))
        packages = tuple(dict.fromkeys((*packages, *_CIRCUITS)))
    return names, packages


class Cache:
    """The scores of other runs, by address; the archive of a dispatch.

    Args:
        folders: of the runs, or their journals; read and never written.
        settings: of this run's calculations.
        seed: of this run.
        seeds: ``any`` takes a score that was computed with another seed, hence from other
            conformers; sampled scores always want their own.
        sources: ``module:attribute`` of recipes that are not installed.

    Raises:
        JournalError: a folder holds no run, or its journal cannot be read.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        settings: SimulationSettings,
        seed: int,
        *,
        seeds: Seeds = "same",
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self._settings, self._seed, self._seeds = settings, seed, seeds
        self._sources = dict(sources or {})
        self._methods: dict[str, Method] = {}
        self._troubles: dict[str, str] = {}  # folder -> what could not be read
        self._open = ExitStack()
        self._journals: list[tuple[str, Journal]] = []
        try:
            for folder in folders:
                journal = self._open.enter_context(Journal.open(run_folder(folder), readonly=True))
                self._journals.append((str(run_folder(folder)), journal))
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    def address(self, candidate: Candidate, recipe: str) -> str:
        """``<method and molecule>.<seed>``, hexadecimal; "" for a calculation without one."""
        how = self._method(recipe)
        if not how.key:
            return ""
        molecule = f"{how.key} {candidate.inchikey} {candidate.smiles}"
        content = hashlib.sha256(molecule.encode()).hexdigest()
        kind = "sampled" if how.is_sampled else "exact"
        seed = f"{kind} {molecule_seed(self._seed, candidate.inchikey)}"
        return f"{content}.{hashlib.sha256(seed.encode()).hexdigest()[:16]}"

    def find(self, address: str) -> Found | None:
        """The score of an address in the runs named, the first of them first."""
        for folder, journal in self._journals:
            result = self._asked(folder, journal, address)
            if result is not None:
                return Found(result, folder)
        if self._seeds == "same":
            return None
        content = address.partition(".")[0] + "."
        for folder, journal in self._journals:
            result = self._asked(folder, journal, content, is_prefix=True)
            if result is None or result.score is None or result.score.standard_error is not None:
                continue
            own = journal.address_of(result.candidate.inchikey, result.recipe)
            # under its own address: for a run with this seed it is another calculation
            return Found(_with_its_seed(result, folder), folder, "" if own is None else own.address)
        return None

    def _asked(
        self, folder: str, journal: Journal, address: str, *, is_prefix: bool = False
    ) -> Result | None:
        try:
            return journal.find_address(address, is_prefix=is_prefix)
        except JournalError as error:
            # what one run has lost is no reason to end another: it is computed again
            self._troubles.setdefault(folder, str(error))
            return None

    def values(self, recipe: str) -> Iterator[tuple[str, str, float]]:
        """InChIKey, SMILES and value of the exact scores by this method, whatever their seed."""
        for folder, journal in self._journals:
            try:
                if self._is_alike(journal, recipe):
                    yield from journal.labelled(recipe)
            except (JournalError, ValueError) as error:  # damaged, or settings of another version
                self._troubles.setdefault(folder, f"{folder}: {one_line(str(error))}")

    def notes(self) -> tuple[str, ...]:
        """A line for each run that holds nothing to take over, and why."""
        return tuple(
            f"{folder} was written before calculations had addresses: none of its scores is "
            "taken over"
            for folder, journal in self._journals
            if not journal.has_addresses
        )

    def troubles(self) -> tuple[str, ...]:
        """A line for each run of which a record could not be read."""
        return tuple(
            f"{reason}; what could not be read is not taken over"
            for reason in self._troubles.values()
        )

    def _method(self, recipe: str) -> Method:
        if recipe not in self._methods:
            source = self._sources.get(recipe)
            self._methods[recipe] = method(recipe, self._settings, source)
        return self._methods[recipe]

    def _is_alike(self, journal: Journal, recipe: str) -> bool:
        """Whether a run computed a recipe as this one does."""
        then = journal.settings().get("simulation")
        versions = journal.environment().get("versions", {})
        if not isinstance(then, dict):
            return False
        settings = SimulationSettings.model_validate(then)
        return (
            method(recipe, settings, self._sources.get(recipe), versions).key
            == self._method(recipe).key
        )


def run_folder(path: Path) -> Path:
    """The folder of a run that is named by it or by its journal."""
    return path.parent if path.name == FILE else path


def check(folders: Iterable[Path]) -> None:
    """That every one is a run's folder.

    Raises:
        JournalError: one is not; says which and what to give.
    """
    for folder in folders:
        where = run_folder(folder)
        if not (where / FILE).is_file():
            what = "is not a run's folder" if where.exists() else "does not exist"
            raise JournalError(
                f"compute.cache: {folder} {what}: give the --out of an earlier run, or leave it out"
            )
        Journal.open(where, readonly=True).close()


def _with_its_seed(result: Result, folder: str) -> Result:
    score = result.score
    assert score is not None
    note = f"taken from {folder}, computed with the seed {score.provenance.seed}"
    return replace(result, outcome=replace(score, flags=(*score.flags, note)))


@cache
def _maker(recipe: str) -> str:
    """The package that a recipe comes from; for molq's own its version is the recipe's."""
    for entry in entry_points(group="molq.recipes"):
        if entry.name == owner(recipe) and entry.dist is not None:
            name = entry.dist.name
            return name if name == "molq" else f"{name} {entry.dist.version}"
    return ""


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
