"""Scoring single molecules in this process: ``molq.score``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Any, overload

from pydantic import ValidationError

from molq import diagnosis
from molq.errors import CallError
from molq.scoretable import ScoredMolecule, ScoreTable
from screening.failure import Failure
from simulation.settings import SimulationSettings

DEFAULT_RECIPE = "warhead-ea"
MAX_ATTEMPTS = 3

Progress = Callable[[int, int, ScoredMolecule], None]


@overload
def score(
    smiles: str, recipe: str = ..., *, seed: int = ..., **simulation: Any
) -> ScoredMolecule: ...
@overload
def score(
    smiles: Sequence[str], recipe: str = ..., *, seed: int = ..., **simulation: Any
) -> ScoreTable: ...
def score(
    smiles: str | Sequence[str], recipe: str = DEFAULT_RECIPE, *, seed: int = 0, **simulation: Any
) -> ScoredMolecule | ScoreTable:
    """Score one molecule, or several one after the other, in this process.

    A molecule is standardised as a library's rows are, and its calculation gets
    the seed that a campaign with this seed would give it: the numbers agree.

    Args:
        smiles: one SMILES, or a sequence of them.
        recipe: installed recipe by name; ``molq recipes`` lists them.
        seed: of everything random.
        **simulation: keys of the campaign file's ``[simulation]`` table:
            ``solver="casci"``, ``backend="aer"``, ``basis="sto-3g"``,
            ``conformers=3``, ...

    Returns:
        One result for one SMILES, a table in the same order for a sequence. A
        molecule that cannot be scored is a result with a ``failure``.

    Raises:
        CallError: an unknown recipe, solver or setting.
    """
    settings = simulation_settings(simulation)
    if isinstance(smiles, str):
        return score_all([smiles], recipe, settings, seed=seed)[0]
    return score_all(smiles, recipe, settings, seed=seed)


def simulation_settings(values: dict[str, Any]) -> SimulationSettings:
    """The ``[simulation]`` table with these keys changed.

    Raises:
        CallError: a key does not exist or a value is of the wrong kind.
    """
    try:
        return SimulationSettings(**values)
    except ValidationError as error:
        from molq.campaignfile import CampaignFile

        lines = [
            {**item, "loc": ("simulation", *item["loc"])}
            for item in error.errors(include_url=False)
        ]
        raise CallError(*diagnosis.describe(lines, CampaignFile)) from error


def score_all(
    smiles: Sequence[str],
    recipe: str,
    settings: SimulationSettings,
    *,
    seed: int,
    progress: Progress | None = None,
) -> ScoreTable:
    """Score molecules in their order, telling ``progress`` after each.

    Args:
        smiles: the molecules.
        recipe: installed recipe by name.
        settings: of the calculations.
        seed: of everything random.
        progress: called with the number done, the number in all and the result.

    Raises:
        CallError: the recipe, the solver or the backend is not installed.
    """
    check_recipe(recipe)
    check_simulation(settings)
    results: list[ScoredMolecule] = []
    for text in smiles:
        results.append(_score_one(text, recipe, settings, seed))
        if progress is not None:
            progress(len(results), len(smiles), results[-1])
    return ScoreTable(tuple(results))


def check_recipe(name: str) -> None:
    """That the recipe is installed.

    Raises:
        CallError: it is not; the line names the nearest, or those that are.
    """
    from simulation.recipes import recipe

    if name not in recipe.names():
        raise CallError(diagnosis.unknown_name("recipe", name, recipe.names()))


def check_simulation(settings: SimulationSettings) -> None:
    """That the solver and the backend are installed.

    Raises:
        CallError: one is not; the line names the nearest, or those that are.
    """
    from simulation import solver

    # by their entry points alone: the backends' module loads qiskit
    backends = tuple(sorted(entry.name for entry in entry_points(group="molq.backends")))
    for kind, name, installed in (
        ("solver", settings.solver, solver.names()),
        ("backend", settings.backend, backends),
    ):
        if name not in installed:
            raise CallError(f"simulation.{kind}: {diagnosis.unknown_name(kind, name, installed)}")


def _score_one(text: str, recipe: str, settings: SimulationSettings, seed: int) -> ScoredMolecule:
    from screening import evaluation
    from screening.standardise import standardise

    parent = standardise(text, max_heavy_atoms=settings.max_heavy_atoms)
    if isinstance(parent, Failure):
        return ScoredMolecule(text, recipe, None, parent)
    own_seed = evaluation.molecule_seed(seed, parent.inchikey)
    failures: list[Failure] = []
    retry = evaluation.next_attempt(failures, max_attempts=MAX_ATTEMPTS)
    while retry is not None:
        outcome = evaluation.evaluate(
            parent.smiles, recipe, settings, evaluation.attempt_seed(own_seed, retry.rung)
        )
        if not isinstance(outcome, Failure):
            return ScoredMolecule(text, recipe, outcome, None)
        failures.append(outcome)
        # no limit is enforced in this process, so there is none to double
        retry = (
            None
            if outcome.kind == "resource"
            else evaluation.next_attempt(failures, max_attempts=MAX_ATTEMPTS)
        )
    return ScoredMolecule(text, recipe, None, failures[-1])
