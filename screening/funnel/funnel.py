"""The funnel: cheap stages first, each with a cut, so that only what is left costs dearly.

Stages stand in the order in which a molecule meets them. A stage is an exact property
(``qed``), a recipe's cheap baseline (``warhead-ea/gfn2_lumo``), a whole recipe, or
``predicted``: what a surrogate foresees of a recipe. Its cut is either limits
(``at_least``, ``at_most``), which a molecule meets on its own, or a share (``keep``) or a
number (``top``) of the best, which needs every molecule's value first: a barrier.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from screening.compute.gate import Gate
from screening.objective import ObjectiveSettings, kind
from screening.scorersettings import ScorerSettings

PREDICTED = "predicted"
SCORER_SECONDS = "funnel_scorers"
"""The journal's mark that holds the CPU time of the exact properties, in the driver."""

Kind = Literal["predicted", "scorer", "recipe"]
End = Literal["higher", "lower"]

_ENDS: dict[str, End] = {
    "maximize": "higher",
    "at_least": "higher",
    "minimize": "lower",
    "at_most": "lower",
}


class FunnelStage(BaseModel):
    """One stage and its cut: a ``[[funnel]]`` table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str = Field(
        min_length=1,
        description="what is asked of a molecule: a scorer (qed), a baseline of a recipe "
        "(warhead-ea/gfn2_lumo), a recipe, or predicted",
    )
    at_least: float | None = Field(
        default=None, allow_inf_nan=False, description="lowest value that goes on"
    )
    at_most: float | None = Field(
        default=None, allow_inf_nan=False, description="highest value that goes on"
    )
    keep: float | None = Field(
        default=None, gt=0, lt=1, description="share of the molecules that goes on, the best"
    )
    top: int | None = Field(default=None, ge=1, description="molecules that go on, the best")
    best: End | None = Field(
        default=None,
        description="of keep and top: the end of the scale that is kept; null for the one that "
        "the objective asks for, or the stage itself",
    )
    of: str | None = Field(
        default=None, description="of predicted: the recipe; null for the first that is computed"
    )
    sample: int = Field(
        default=200,
        ge=2,
        description="of predicted: molecules drawn at random and computed first, where fewer "
        "results are at hand",
    )
    deviations: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="of predicted: standard deviations by which a prediction is counted better "
        "than it is, so that what is uncertain is not cut for that",
    )
    settings: ScorerSettings | None = Field(
        default=None,
        description="of a scorer that has to be told something: "
        '{ known = "patents.smi" } for novelty',
    )

    @model_validator(mode="after")
    def _one_cut(self) -> FunnelStage:
        limits = self.at_least is not None or self.at_most is not None
        kinds = [limits, self.keep is not None, self.top is not None]
        if sum(kinds) != 1:
            raise ValueError(
                f"stage {self.stage!r} needs one cut: at_least and at_most, or keep, or top"
            )
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(
                f"stage {self.stage!r}: at_least {self.at_least:g} is above at_most "
                f"{self.at_most:g}"
            )
        if limits and self.best is not None:
            raise ValueError(f"stage {self.stage!r}: best goes with keep and top, not with limits")
        if self.stage != PREDICTED:
            for key in ("of", "sample", "deviations"):
                if key in self.model_fields_set and getattr(self, key) != _default(key):
                    raise ValueError(f"stage {self.stage!r}: {key} goes with {PREDICTED!r} alone")
        return self

    @property
    def kind(self) -> Kind:
        """What the stage is."""
        if self.stage == PREDICTED:
            return "predicted"
        return kind(self.stage)

    @property
    def ranks(self) -> bool:
        """Whether it keeps the best of all, and has to wait for all."""
        return self.keep is not None or self.top is not None

    @property
    def gate(self) -> Gate | None:
        """Its limits, None where it keeps the best of all."""
        return None if self.ranks else Gate(self.at_least, self.at_most)

    @property
    def cut(self) -> str:
        """The cut in words."""
        if self.keep is not None:
            return f"best {100 * self.keep:g} %"
        if self.top is not None:
            return f"best {self.top}"
        limits = [
            f"{word} {value:g}"
            for word, value in (("at least", self.at_least), ("at most", self.at_most))
            if value is not None
        ]
        return ", ".join(limits)


def _default(key: str) -> object:
    return FunnelStage.model_fields[key].default


@dataclass(frozen=True)
class Segment:
    """Stages that a molecule passes without waiting for others, and the barrier behind them."""

    scorers: tuple[FunnelStage, ...]  # with limits
    steps: tuple[str, ...]  # what is computed, in order: stages, and the recipes in the last
    barrier: FunnelStage | None  # None in the last segment


@dataclass(frozen=True)
class Funnel:
    """The stages of a run and what they lead to. One without a stage lets everything pass."""

    stages: tuple[FunnelStage, ...]
    recipes: tuple[str, ...]  # of the run

    @property
    def steps(self) -> tuple[str, ...]:
        """All that may be computed of a molecule, in order."""
        computed = [s.stage for s in self.stages if s.kind == "recipe"]
        return tuple(dict.fromkeys((*computed, *self.recipes)))

    @property
    def gates(self) -> dict[str, Gate]:
        """The limits behind a computed stage, by its name."""
        found = {s.stage: s.gate for s in self.stages if s.kind == "recipe"}
        return {name: gate for name, gate in found.items() if gate is not None}

    @property
    def scorers(self) -> tuple[FunnelStage, ...]:
        """The stages by exact properties."""
        return tuple(s for s in self.stages if s.kind == "scorer")

    def segments(self) -> tuple[Segment, ...]:
        """The stages, divided at the barriers; the last one ends with the recipes."""
        found: list[Segment] = []
        scorers: list[FunnelStage] = []
        steps: list[str] = []
        for stage in self.stages:
            if stage.kind == "recipe":
                steps.append(stage.stage)
            if stage.ranks or stage.kind == "predicted":
                found.append(Segment(tuple(scorers), tuple(steps), stage))
                scorers, steps = [], []
            elif stage.kind == "scorer":
                scorers.append(stage)
        last = tuple(dict.fromkeys((*steps, *self.recipes)))
        return (*found, Segment(tuple(scorers), last, None))

    def predicts(self, stage: FunnelStage) -> str:
        """The recipe that a stage ``predicted`` is about."""
        return stage.of or self.recipes[0]


def end_of(stage: FunnelStage, funnel: Funnel, objectives: Sequence[ObjectiveSettings]) -> End:
    """The end of a stage's scale that its keep or top takes.

    Raises:
        ValueError: nothing says which.
    """
    from simulation.recipes import recipe

    if stage.best is not None:
        return stage.best
    if stage.kind == "scorer":
        wish = next((o for o in objectives if o.name == stage.stage), None)
        if wish is not None and wish.transform in _ENDS:
            return _ENDS[wish.transform]
        raise ValueError(
            f'funnel stage {stage.stage!r} keeps the best: say best = "higher" or best = "lower"'
        )
    name = funnel.predicts(stage) if stage.kind == "predicted" else stage.stage
    owner = name.partition("/")[0]
    wish = next((o for o in objectives if o.name == owner), None)
    own: End = recipe.better_end(name)
    if wish is None:
        return own
    if wish.transform not in _ENDS:
        raise ValueError(
            f"funnel stage {stage.stage!r} keeps one end of the scale, and the objective "
            f"{owner!r} wants a window: say best, or cut by at_least and at_most"
        )
    turned = _ENDS[wish.transform] != recipe.better_end(owner)
    return _other(own) if turned else own


def _other(end: End) -> End:
    return "lower" if end == "higher" else "higher"


def check(
    funnel: Funnel,
    objectives: Sequence[ObjectiveSettings] = (),
    *,
    campaign: bool = False,
    library: bool = True,
    sources: Sequence[str] = (),
) -> None:
    """That a funnel can be followed, before anything is computed.

    Args:
        funnel: of the run.
        objectives: its wishes.
        campaign: whether the run is one, and chooses what it computes.
        library: whether the run has one.
        sources: recipes that are not installed and known all the same.

    Raises:
        ValueError: a stage that is not known, stands at the wrong place or twice, or a cut
            that the run cannot make; one line with the remedy.
    """
    seen: set[str] = set()
    computed = ""
    for stage in funnel.stages:
        _check_name(stage, funnel, sources)
        if stage.stage in seen:
            raise ValueError(f"funnel stage {stage.stage!r} stands twice: leave one out")
        seen.add(stage.stage)
        if stage.kind == "scorer" and computed:
            raise ValueError(
                f"funnel stage {stage.stage!r} costs nothing and stands behind {computed!r}: "
                "put it first"
            )
        if stage.kind != "scorer":
            computed = stage.stage
        if stage.ranks:
            end_of(stage, funnel, objectives)
        if campaign:
            _check_campaign(stage, library)


def _check_name(stage: FunnelStage, funnel: Funnel, sources: Sequence[str]) -> None:
    from screening import scorers
    from simulation.errors import InputError
    from simulation.recipes import recipe

    if stage.kind == "predicted":
        name = funnel.predicts(stage) if funnel.recipes or stage.of else ""
        if name not in funnel.steps or name in (s.stage for s in funnel.stages):
            raise ValueError(
                f"funnel stage {PREDICTED!r} foresees a recipe that the run computes behind it: "
                f"{name or 'there is none'} is none of {', '.join(funnel.recipes) or 'them'}"
            )
        return
    if stage.kind == "scorer":
        try:
            scorers.check(stage.stage, stage.settings)
        except ValueError as error:
            raise ValueError(f"funnel stage {stage.stage!r}: {error}") from error
        return
    if stage.settings is not None:
        raise ValueError(f"funnel stage {stage.stage!r}: settings go with scorers alone")
    if stage.stage in sources:
        return
    try:
        recipe.check(stage.stage)
    except InputError as error:
        known = (*scorers.names(), *recipe.names(), PREDICTED)
        near = difflib.get_close_matches(stage.stage, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near and "/" not in stage.stage else ""
        raise ValueError(f"funnel stage {stage.stage!r}: {error.message}{hint}") from error


def _check_campaign(stage: FunnelStage, library: bool) -> None:
    if stage.kind == "predicted":
        raise ValueError(
            f"funnel stage {PREDICTED!r} is for screens: a campaign chooses what it computes by "
            "its predictions already; leave the stage out, see [acquisition]"
        )
    if stage.ranks and stage.kind == "recipe":
        raise ValueError(
            f"funnel stage {stage.stage!r}: a campaign computes molecules as its workers come "
            "free and has no best of all: cut by at_least or at_most"
        )
    if stage.ranks and not library:
        raise ValueError(
            f"funnel stage {stage.stage!r} keeps the best of the library, and there is none: "
            "cut by at_least or at_most"
        )
