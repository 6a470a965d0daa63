"""``molq.Scorer``: scores as features of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from sklearn.base import BaseEstimator, TransformerMixin

from molq.batchscoring import TIME_LIMIT_S, Answered, Asked, answered
from molq.errors import CallError
from molq.scoring import (
    DEFAULT_RECIPE,
    check_ready,
    check_recipes,
    check_simulation,
    simulation_settings,
)
from screening import scorers
from screening.failure import Failure
from screening.scorersettings import ScorerSettings
from simulation.recipes.stage import SEPARATOR
from simulation.settings import SimulationSettings


class Scorer(TransformerMixin, BaseEstimator):
    """Molecules to numbers: a column for each recipe, stage or scorer.

    A transformer of scikit-learn that learns nothing: ``transform`` needs no ``fit``. What
    has no value is NaN, and ``failures_`` says why; a pipeline takes an imputer or an
    estimator that bears NaN behind it. ``set_output(transform="pandas")`` gives a frame with
    the units in its titles.

    Args:
        names: of recipes (``"warhead-ea"``), their cheap stages (``"warhead-ea/gfn2_lumo"``)
            and scorers (``"qed"``), or one of them; ``molq recipes`` lists them. Recipes and
            stages of a molecule share its geometry and mean field.
        seed: of everything random; the numbers are those of ``molq.score``.
        workers: processes at a time, each with a hard limit of time and memory; 0 computes
            in this process, without limits.
        simulation: keys of the campaign file's ``[simulation]`` table.
        scorer_settings: of scorers that have to be told something, by name.
        time_limit_s: s, wall clock, of each recipe of each molecule.

    Attributes:
        failures_: of the last ``transform``: place of a molecule -> name -> ``Failure``.
        answers_: of the last ``transform``: the whole scores of each molecule.

    Example:
        >>> import molq
        >>> molq.Scorer(["qed", "logp"]).transform(["CCO"]).round(2).tolist()
        [[0.41, -0.0]]
    """

    def __init__(
        self,
        names: str | Sequence[str] = (DEFAULT_RECIPE,),
        *,
        seed: int = 0,
        workers: int = 1,
        simulation: Mapping[str, Any] | None = None,
        scorer_settings: Mapping[str, Mapping[str, Any]] | None = None,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        # scikit-learn clones an estimator by its arguments: they are kept as they were given
        self.names = names
        self.seed = seed
        self.workers = workers
        self.simulation = simulation
        self.scorer_settings = scorer_settings
        self.time_limit_s = time_limit_s

    def fit(self, X: Any = None, y: Any = None) -> Scorer:
        """Check what is asked; nothing is computed.

        Raises:
            CallError: an unknown name or setting, or settings that do not go together.
        """
        self._checked()
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """The values of molecules.

        Args:
            X: SMILES or RDKit molecules: a sequence, an array or a column of a frame.

        Returns:
            NaN where there is none. # shape: (molecules, names), each in its own unit

        Raises:
            CallError: what is asked is wrong, or X is no list of molecules.
            MolqError: no process can be started.
        """
        names, asked, settings = self._checked()
        answers = answered(
            _texts(X),
            asked,
            settings,
            seed=self.seed,
            workers=self.workers,
            time_limit_s=self.time_limit_s,
        )
        self.answers_: tuple[Answered, ...] = tuple(answers)
        self.failures_: dict[int, dict[str, Failure]] = {
            place: dict(one.failures) for place, one in enumerate(answers) if one.failures
        }
        values = [[one.value(name) for name in names] for one in answers]
        return np.array(values, dtype=np.float64).reshape(len(answers), len(names))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The titles of the columns, with units."""
        from simulation.recipes import recipe

        units = [
            scorers.find(name).unit if scorers.is_scorer(name) else recipe.find(name).unit
            for name in self._names()
        ]
        titles = [
            f"{name} [{unit}]" if unit else name
            for name, unit in zip(self._names(), units, strict=True)
        ]
        return np.asarray(titles, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def _names(self) -> list[str]:
        return [self.names] if isinstance(self.names, str) else list(self.names)

    def _checked(self) -> tuple[list[str], Asked, SimulationSettings]:
        names = self._names()
        if not names:
            raise CallError("Scorer: give the name of a recipe or a scorer at least")
        if isinstance(self.workers, bool) or self.workers < 0 or not self.time_limit_s > 0:
            raise CallError("Scorer: workers is 0 or more, and time_limit_s above 0")
        settings = simulation_settings(dict(self.simulation or {}))
        check_simulation(settings)
        asked = asked_of(names, self.scorer_settings or {})
        check_ready(asked.recipes, settings)
        return names, asked, settings


def asked_of(
    names: Sequence[str], scorer_settings: Mapping[str, Mapping[str, Any]] | None = None
) -> Asked:
    """Names of recipes, stages and scorers, told apart and found to be installed.

    Args:
        names: in any order.
        scorer_settings: by scorer.

    Raises:
        CallError: one is not installed, is given twice, or has wrong settings.
    """
    told = {}
    for name, values in (scorer_settings or {}).items():
        try:
            told[name] = ScorerSettings(**values)
        except ValueError as error:
            raise CallError(f"scorer {name!r}: {' '.join(str(error).split())}") from error
    found = [name for name in names if scorers.is_scorer(name)]
    recipes = [name for name in names if name not in found]
    for name in told:
        if name not in found:
            raise CallError(f"settings for {name!r}, which is no scorer that is asked for")
    for name in found:
        if found.count(name) > 1:
            raise CallError(f"scorer {name!r} is given twice")
        try:
            scorers.check(name, told.get(name))
        except ValueError as error:
            raise CallError(str(error)) from error
    _check_recipes(recipes)
    return Asked(tuple(recipes), tuple(found), told)


def _check_recipes(names: Sequence[str]) -> None:
    from simulation.errors import InputError
    from simulation.recipes import recipe

    whole = [name for name in names if SEPARATOR not in name]
    if whole:
        check_recipes(whole)
    for name in names:
        if names.count(name) > 1:
            raise CallError(f"recipe {name!r} is given twice")
        try:
            recipe.find(name)
        except InputError as error:
            raise CallError(error.message) from error


def _texts(molecules: Any) -> list[str]:
    if isinstance(molecules, str):
        raise CallError("give a list of molecules, not one SMILES")
    entries = np.asarray(molecules, dtype=object)
    if entries.ndim == 2 and entries.shape[1] == 1:
        entries = entries[:, 0]
    if entries.ndim != 1:
        raise CallError(f"give a column of molecules, not the shape {entries.shape}")
    return [Chem.MolToSmiles(e) if isinstance(e, Chem.Mol) else str(e) for e in entries]
