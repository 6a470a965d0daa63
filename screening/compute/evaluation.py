"""One molecule: computed, or the reason why not, and whether to try again.

The only place where an error of a calculation becomes a ``Failure``.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import TypeAdapter

from screening.failure import Failure
from simulation.redaction import redacted, without_known

if TYPE_CHECKING:
    from simulation.recipes.recipe import Recipe
    from simulation.score import Score
    from simulation.settings import SimulationSettings
    from simulation.workup import Workup

LOST_WORKER = "worker"
"""The step of a failure that lies with the machine and not with the molecule."""

REMOTE = "backend"
"""The step of a resource failure that lies with a remote device, not with the molecule."""

MAX_LOSSES = 5
"""Lost workers after which a molecule is set aside: it may be what kills them."""

_MESSAGE_LIMIT = 400
_FAILURE: TypeAdapter[Failure] = TypeAdapter(Failure)


@dataclass(frozen=True)
class Job:
    """One attempt at one molecule, by all its recipes; what a worker needs, as plain types."""

    id: int  # tells the jobs of a run apart
    inchikey: str
    smiles: str
    recipes: tuple[str, ...]  # computed in this order on one geometry and one mean field
    settings: dict[str, Any]  # a SimulationSettings, dumped
    seed: int
    time_limit_s: float  # s, wall clock, of each recipe; what they share counts to the first
    memory_limit_mb: int  # MB, resident
    sources: dict[str, str] = field(default_factory=dict)  # recipe -> "module:attribute"
    checkpoint: str | None = None  # the molecule's folder, which a worker may not reach
    gates: dict[str, tuple[float | None, float | None]] = field(
        default_factory=dict
    )  # recipe -> lowest and highest value behind which the job goes on
    cores: float | None = None  # reserved; None for its threads
    reserved_mb: int | None = None  # MB, reserved; None for its limit


@dataclass(frozen=True)
class Usage:
    """What an attempt took."""

    wall_seconds: float = 0.0  # s
    cpu_seconds: float = 0.0  # s
    peak_memory_mb: float = 0.0  # MB, resident


@dataclass(frozen=True)
class Evaluated:
    """What came of one recipe of a job."""

    recipe: str
    outcome: Score | Failure
    usage: Usage


@dataclass(frozen=True)
class Retry:
    """How the next attempt differs from the first."""

    rung: int  # 0 for the molecule's own seed, one more for every new one
    resource_factor: int  # on the limits of time and memory


def molecule_seed(campaign_seed: int, inchikey: str) -> int:
    """The seed of a molecule's calculation, in 0 .. 2**31 - 1.

    It depends on the campaign's seed and the molecule alone, not on when, where
    or in which order it is computed: 31 bits of SHA-256 of
    ``"<campaign seed>:<InChIKey>"`` (RDKit's seeds are signed 32-bit integers).
    """
    digest = hashlib.sha256(f"{campaign_seed}:{inchikey}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def attempt_seed(seed: int, rung: int) -> int:
    """The seed of a rung of the ladder; rung 0 is the molecule's own.

    Args:
        seed: from ``molecule_seed``.
        rung: number of earlier attempts that asked for another seed.
    """
    if rung == 0:
        return seed
    state = np.random.SeedSequence(seed, spawn_key=(rung,)).generate_state(1, np.uint32)
    return int(state[0]) >> 1


def next_attempt(failures: Sequence[Failure], *, max_attempts: int) -> Retry | None:
    """Whether and how to try a molecule again after these failures.

    A failed input is final. A limit of time or memory is doubled once. A
    calculation that did not converge, or failed at random, gets a new seed, up
    to ``max_attempts`` attempts. A lost worker says nothing about the molecule:
    it is sent again as it was, at most ``MAX_LOSSES`` times. Nor does a remote device
    that gave no answer (``waits_for_device``): that is no failed attempt at all.

    Args:
        failures: of the molecule and recipe so far, oldest first; empty before
            the first attempt.
        max_attempts: attempts that may fail by the molecule's own doing.

    Returns:
        The next attempt, or None when the last failure stands.
    """
    lost = sum(1 for f in failures if _is_lost(f))
    own = [f for f in failures if not _is_lost(f) and not waits_for_device(f)]
    limits = sum(1 for f in own if f.kind == "resource")
    if any(f.kind == "input" for f in own):
        return None
    if limits > 1 or lost >= MAX_LOSSES or len(own) >= max_attempts:
        return None
    return Retry(rung=len(own) - limits, resource_factor=2 if limits else 1)


def verdict(failures: Sequence[Failure]) -> Failure:
    """What stands after the last of these failures: it, or that the molecule kills workers."""
    last = failures[-1]
    lost = sum(1 for f in failures if _is_lost(f))
    if not _is_lost(last) or lost < MAX_LOSSES:
        return last
    text = f"set aside: it was being computed each time that a worker was lost, {lost} times; the"
    return Failure("random", LOST_WORKER, one_line(f"{text} last time {last.message}"))


def _is_lost(failure: Failure) -> bool:
    return failure.step == LOST_WORKER and failure.kind == "random"


def waits_for_device(failure: Failure) -> bool:
    """Whether a calculation stands until its remote device answers.

    Its queue was longer than ``queue_limit_s``, or it cannot be reached. The job that
    was sent is found again by the next attempt, which is a later session's.
    """
    return failure.kind == "resource" and failure.step == REMOTE


class Evaluation:
    """One molecule, for one recipe after the other on the same geometry and mean field.

    The timings of a score are what its recipe took itself: the steps that an
    earlier one has done for both are counted there.

    Args:
        smiles: standardised.
        settings: of the calculation.
        seed: of everything random.
        checkpoint: folder in which the calculation keeps what a retry goes on from;
            None for none.
    """

    def __init__(
        self,
        smiles: str,
        settings: SimulationSettings,
        seed: int,
        *,
        checkpoint: str | None = None,
    ) -> None:
        self._smiles = smiles
        self._settings = settings
        self._seed = seed
        self._checkpoint = checkpoint
        self._earlier: dict[str, float] = {}  # step -> CPU s, by the recipes before
        self._earlier_wall = 0.0  # s

    def outcome(self, recipe_name: str, source: str | None = None) -> Score | Failure:
        """Compute a recipe. Never raises for what a molecule can do.

        Args:
            recipe_name: an installed recipe, or the name under which ``source`` is known.
            source: ``module:attribute`` of a recipe that is not installed.
        """
        from simulation.errors import SimulationError

        try:
            score = resolve(recipe_name, source).score(self._work)
        except SimulationError as error:
            return Failure(error.kind, error.step, one_line(error.message))
        except MemoryError as error:
            return Failure("resource", "recipe", one_line(f"out of memory: {error}".rstrip(": ")))
        except RecursionError as error:
            return Failure("input", "recipe", one_line(f"structure nested too deeply: {error}"))
        except Exception as error:
            # A recipe's own bug on one molecule must not end a run of thousands.
            text = f"unexpected {type(error).__name__}: {error}"
            return Failure("random", "recipe", one_line(text))
        if not np.isfinite(score.value):
            return Failure("convergence", "recipe", f"the value is {score.value}, not a number")
        return self._with_own_timings(score)

    @cached_property
    def _work(self) -> Workup:
        from simulation.workup import Workup

        if self._checkpoint is None:
            return Workup(self._smiles, self._settings, seed=self._seed)
        from simulation.checkpoint import Checkpoint

        return Workup(
            self._smiles,
            self._settings,
            seed=self._seed,
            checkpoint=Checkpoint(Path(self._checkpoint)),
        )

    def _with_own_timings(self, score: Score) -> Score:
        earlier, wall = self._earlier, self._earlier_wall
        self._earlier = self._work.clock.timings
        self._earlier_wall = self._work.clock.wall_seconds
        found = score.provenance
        own = {
            step: round(seconds - earlier.get(step, 0.0), 3)
            for step, seconds in found.timings.items()
            if seconds > earlier.get(step, 0.0)
        }
        own_wall = round(max(0.0, found.wall_seconds - wall), 3)
        return replace(score, provenance=replace(found, timings=own, wall_seconds=own_wall))


def resolve(recipe_name: str, source: str | None = None) -> Recipe:
    """The recipe of that name, installed or at ``source``.

    Raises:
        simulation.errors.InputError: there is none.
    """
    from simulation.errors import InputError
    from simulation.recipes import recipe

    if source is None:
        return recipe.find(recipe_name)
    module, _, attribute = source.partition(":")
    try:
        found: Recipe = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError("recipe", f"no recipe {recipe_name!r} at {source}: {error}") from error
    return found


def encode(outcome: Score | Failure) -> str:
    """The outcome as strict JSON text; ``decode`` reads it back unchanged.

    A score that holds a number JSON has no word for becomes a failure.
    """
    if isinstance(outcome, Failure):
        return json.dumps({"failure": asdict(outcome)})
    try:
        # a recipe may put into its flags what a service answered
        return without_known(json.dumps({"score": outcome.to_json()}, allow_nan=False))
    except ValueError as error:
        return encode(Failure("convergence", "recipe", f"a field is not a number: {error}"))


def decode(text: str) -> Score | Failure:
    """The outcome written by ``encode``.

    Raises:
        ValueError: the text is not one (pydantic.ValidationError is a ValueError).
    """
    data = json.loads(text)
    if not isinstance(data, dict) or len(data) != 1:
        raise ValueError("an outcome has one key: score or failure")
    if "failure" in data:
        return _FAILURE.validate_python(data["failure"])
    if "score" not in data:
        raise ValueError(f"an outcome is a score or a failure, not {next(iter(data))!r}")
    from simulation.score import Score

    return Score.from_json(data["score"])


def one_line(text: str) -> str:
    """The text on one line without secrets, cut at 400 characters: for tables and logs."""
    line = " ".join(redacted(text).split())
    return line if len(line) <= _MESSAGE_LIMIT else line[: _MESSAGE_LIMIT - 1] + "…"
