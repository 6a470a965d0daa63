"""What every molecule passes before it is evaluated: filters, and a place for each recipe."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from screening.candidate import Candidate
from screening.compute.evaluation import one_line, resolve
from screening.failure import Failure
from screening.filters import FilterSettings, refusal
from screening.intake.standardise import molecule
from simulation.recipes.recipe import recognised

if TYPE_CHECKING:
    from simulation.recipes.recipe import Recipe


class Sieve:
    """What every molecule passes before it is evaluated: filters, and a place for each recipe.

    Args:
        recipes: that all must apply to a molecule; none to leave that to the evaluation.
        filters: the ``[filters]`` table.
        sources: ``module:attribute`` of recipes that are not installed.
    """

    def __init__(
        self, recipes: tuple[str, ...], filters: FilterSettings, sources: dict[str, str]
    ) -> None:
        self._names = recipes
        self._filters = filters
        self._sources = sources

    @property
    def is_open(self) -> bool:
        """Whether every molecule passes."""
        return not self._names and self._filters.drops_nothing

    def prepare(self) -> None:
        """Load what the first molecule would load.

        Raises:
            simulation.errors.InputError: there is no such recipe.
        """
        _ = self._recipes

    def refuses(self, candidate: Candidate) -> Failure | None:
        """Why a molecule is not evaluated, None when it is."""
        if self.is_open:
            return None
        mol = molecule(candidate.smiles)
        failure = refusal(mol, self._filters)
        if failure is not None:
            return failure
        for recipe in self._recipes:
            try:
                applies = bool(recipe.sites(mol))
            except MemoryError:
                raise
            except Exception as error:
                # A recipe's own bug on one molecule must not end a run of thousands.
                text = f"{recipe.name}: unexpected {type(error).__name__}: {error}"
                return Failure("input", "recipe", one_line(text))
            if not applies:
                reason = f"{recipe.name} does not apply: nothing matches {recognised(recipe)}"
                return Failure("input", "recipe", one_line(reason))
        return None

    def settings(self) -> dict[str, Any] | None:
        """What ``from_settings`` makes it from, as plain JSON types; None where it is open."""
        if self.is_open:
            return None
        return {
            "recipes": list(self._names),
            "filters": self._filters.model_dump(mode="json"),
            "sources": {name: self._sources[name] for name in self._names if name in self._sources},
        }

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Sieve:
        """The sieve of another process."""
        filters = FilterSettings.model_validate(settings["filters"])
        return cls(tuple(settings["recipes"]), filters, dict(settings["sources"]))

    @cached_property
    def _recipes(self) -> list[Recipe]:
        return [resolve(name, self._sources.get(name)) for name in self._names]
