"""Scoring single molecules in this process: ``molq.score``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from pydantic import ValidationError

from molq import diagnosis
from molq.errors import CallError
from molq.scoretable import ScoredMolecule, ScoreTable
from screening.failure import Failure
from simulation.settings import SimulationSettings

if TYPE_CHECKING:
    from simulation.score import Score

DEFAULT_RECIPE = "warhead-ea"
MAX_ATTEMPTS = 3
EXACT = "exact"
WITHOUT_CIRCUITS = ("vqe", "casci", "lucj", "sqd")  # solvers that use no backend
SAMPLING_SOLVERS = ("sqd",)

Progress = Callable[[int, int, ScoredMolecule], None]


@overload
def score(
    smiles: str, recipe: str = ..., *, seed: int = ..., **simulation: Any
) -> ScoredMolecule: ...
@overload
def score(
    smiles: str | Sequence[str], recipe: Sequence[str], *, seed: int = ..., **simulation: Any
) -> ScoreTable: ...
@overload
def score(
    smiles: Sequence[str], recipe: str = ..., *, seed: int = ..., **simulation: Any
) -> ScoreTable: ...
def score(
    smiles: str | Sequence[str],
    recipe: str | Sequence[str] = DEFAULT_RECIPE,
    *,
    seed: int = 0,
    **simulation: Any,
) -> ScoredMolecule | ScoreTable:
    """Score one molecule, or several one after the other, in this process.

    A molecule is standardised as a library's rows are, and its calculation gets
    the seed that a campaign with this seed would give it: the numbers agree.

    Args:
        smiles: one SMILES, or a sequence of them.
        recipe: installed recipe by name, or several, which then share the geometry
            and the mean field of each molecule; ``molq recipes`` lists them.
        seed: of everything random.
        **simulation: keys of the campaign file's ``[simulation]`` table:
            ``solver="casci"``, ``backend="aer"``, ``basis="sto-3g"``,
            ``conformers=3``, ...

    Returns:
        One result for one SMILES and one recipe. For a sequence of either a table,
        molecule by molecule, the recipes of each in the order given. What cannot be
        scored is a result with a ``failure``.

    Raises:
        CallError: an unknown recipe, solver or setting, or settings that do not go together.
    """
    settings = simulation_settings(simulation)
    molecules = [smiles] if isinstance(smiles, str) else smiles
    recipes = [recipe] if isinstance(recipe, str) else recipe
    table = score_all(molecules, recipes, settings, seed=seed)
    return table[0] if isinstance(smiles, str) and isinstance(recipe, str) else table


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
    recipes: Sequence[str],
    settings: SimulationSettings,
    *,
    seed: int,
    progress: Progress | None = None,
) -> ScoreTable:
    """Score molecules in their order, telling ``progress`` after each recipe.

    Args:
        smiles: the molecules.
        recipes: installed recipes by name.
        settings: of the calculations.
        seed: of everything random.
        progress: called with the number done, the number in all and the result.

    Raises:
        CallError: a recipe, the solver or the backend is not installed, or settings do
            not go together.
    """
    check_recipes(recipes)
    check_simulation(settings)
    check_ready(recipes, settings)
    from simulation.threads import limited

    results: list[ScoredMolecule] = []
    with limited(settings.threads):
        for text in smiles:
            for item in _score_molecule(text, recipes, settings, seed):
                results.append(item)
                if progress is not None:
                    progress(len(results), len(smiles) * len(recipes), item)
    return ScoreTable(tuple(results))


def check_recipes(names: Sequence[str]) -> None:
    """That the recipes are installed, and each asked for once.

    Raises:
        CallError: one is not; the line names the nearest, or those that are.
    """
    from simulation.errors import InputError
    from simulation.recipes import recipe

    if not names:
        raise CallError("no recipe is given; `molq recipes` lists them")
    for name in names:
        if not recipe.is_installed(name):
            raise CallError(diagnosis.unknown_name("recipe", name, recipe.names()))
        if names.count(name) > 1:
            raise CallError(f"recipe {name!r} is given twice")
        try:
            recipe.check(name)
        except InputError as error:
            raise CallError(error.message) from error


def check_ready(names: Sequence[str], settings: SimulationSettings) -> None:
    """That recipes which need more than their settings have it: packages, files, a model.

    Args:
        names: of recipes and stages, which are installed.
        settings: of the calculations.

    Raises:
        CallError: something is missing; the line names the remedy.
    """
    from simulation.errors import InputError
    from simulation.recipes import recipe

    for name in names:
        ready = getattr(recipe.find(name), "ready", None)
        if ready is None:
            continue
        try:
            ready(settings)
        except InputError as error:
            raise CallError(f"recipe {name}: {error.message}") from error


def check_simulation(settings: SimulationSettings) -> None:
    """That the solver and the backend are installed, and what is asked for goes together.

    Raises:
        CallError: the line names the key, the reason and the remedy.
    """
    from simulation import solver
    from simulation.errors import InputError
    from simulation.quantum import backends

    if settings.solver not in solver.names():
        problem = diagnosis.unknown_name("solver", settings.solver, solver.names())
        raise CallError(f"simulation.solver: {problem}")
    try:
        backends.check(settings.backend)  # by their entry points alone: qiskit is not loaded
    except InputError as error:
        raise CallError(f"simulation.backend: {error.message}") from error
    _check_basis(settings.basis)
    if settings.backend != EXACT and settings.solver in WITHOUT_CIRCUITS:
        raise CallError(
            f"simulation.backend: {settings.backend!r} runs circuits, and the solver "
            f'{settings.solver!r} makes none: set simulation.solver = "vqe-circuit", or '
            'simulation.backend = "exact"'
        )
    if settings.mitigation and settings.backend == EXACT:
        raise CallError(
            'simulation.mitigation: the backend "exact" has no errors to mitigate: leave it out, '
            'or choose a noisy backend, e.g. simulation.backend = "fake:manila"'
        )
    if settings.layers > 1 and settings.ansatz != "uccsd":
        raise CallError(
            f"simulation.layers: the ansatz {settings.ansatz!r} chooses its own length: leave "
            'layers out, or set simulation.ansatz = "uccsd"'
        )


def _check_basis(name: str) -> None:
    if name == SimulationSettings.model_fields["basis"].default:
        return  # known, and PySCF need not be loaded to say so
    from simulation import basisset
    from simulation.errors import InputError

    try:
        basisset.check(name)
    except InputError as error:
        raise CallError(f"simulation.basis: {error.message}") from error


def sampled_by(settings: SimulationSettings) -> str:
    """What samples active-space energies, e.g. ``the backend 'aer'``; "" where they are exact.

    Raises:
        CallError: the backend cannot be used; the line says the remedy.
    """
    from simulation.errors import SimulationError
    from simulation.quantum import backends

    if settings.solver in SAMPLING_SOLVERS:
        return f"the solver {settings.solver!r}"
    if settings.backend == EXACT:
        return ""
    try:
        exact = backends.find(settings.backend).exact
    except SimulationError as error:
        raise CallError(f"simulation.backend: {error.message}") from error
    return "" if exact else f"the backend {settings.backend!r}"


def _score_molecule(
    text: str, recipes: Sequence[str], settings: SimulationSettings, seed: int
) -> Iterator[ScoredMolecule]:
    """The recipes of one molecule, on one geometry and mean field as long as none fails."""
    from screening.compute import evaluation
    from screening.intake.standardise import standardise

    parent = standardise(text, max_heavy_atoms=settings.max_heavy_atoms)
    if isinstance(parent, Failure):
        yield from (ScoredMolecule(text, recipe, None, parent) for recipe in recipes)
        return
    own_seed = evaluation.molecule_seed(seed, parent.inchikey)
    tried: dict[int, evaluation.Evaluation] = {}  # by rung: one seed is one calculation

    def computed(recipe: str) -> Score | Failure:
        failures: list[Failure] = []
        retry = evaluation.next_attempt(failures, max_attempts=MAX_ATTEMPTS)
        while retry is not None:
            if retry.rung not in tried:
                tried[retry.rung] = evaluation.Evaluation(
                    parent.smiles, settings, evaluation.attempt_seed(own_seed, retry.rung)
                )
            outcome = tried[retry.rung].outcome(recipe)
            if not isinstance(outcome, Failure):
                return outcome
            failures.append(outcome)
            # no limit is enforced in this process, so there is none to double
            retry = (
                None
                if outcome.kind == "resource"
                else evaluation.next_attempt(failures, max_attempts=MAX_ATTEMPTS)
            )
        return failures[-1]

    for recipe in recipes:
        outcome = computed(recipe)
        if isinstance(outcome, Failure):
            yield ScoredMolecule(text, recipe, None, outcome)
        else:
            yield ScoredMolecule(text, recipe, outcome, None)
