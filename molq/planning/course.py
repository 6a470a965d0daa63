"""Which molecules take which course: where they come from, how many, and through which stages."""

from __future__ import annotations

from collections.abc import Sequence

from molq.campaignfile import CampaignFile, RunFile, ScreenFile
from molq.planning.costlaws import CostLaws, StepLaw
from molq.planning.experience import Experience
from molq.planning.funnelforecast import Share, Stage
from molq.planning.population import Population
from screening import scorers
from screening.candidate import Candidate
from screening.funnel.funnel import FunnelStage

_UNSEEN_CUT = (1.0, 1.0)  # any share is as likely as another
_LOOKED_AT = 200  # molecules of a sample whose exact properties are computed


def molecules(
    file: RunFile, library: Population, proposals: Population
) -> tuple[list[Population], int, tuple[int, ...]]:
    """Where molecules come from, how many are chosen, and of that how many in each round."""
    sources = [part for part in (library, proposals) if part.molecules]
    if isinstance(file, ScreenFile):
        return sources, library.expected, (library.expected,)
    from molq.execution import plan_of

    told = plan_of(file)
    bound = None if proposals.molecules else library.expected
    rounds: list[int] = []
    for number in range(1, file.campaign.rounds + 1):
        places = told.places(number, sum(rounds))
        if bound is not None:
            places = min(places, bound - sum(rounds))
        if places > 0:
            rounds.append(places)
    return sources, sum(rounds) if sources else 0, tuple(rounds) if sources else ()


def weights(sources: Sequence[Population], file: RunFile) -> list[int]:
    """Sizes of the molecules to draw from, the generator's as often as its share asks."""
    if len(sources) < 2 or not isinstance(file, CampaignFile):
        return [size for part in sources for size in part.sizes]
    library, proposals = (part.sizes for part in sources)
    share = file.generator.share
    copies = 1000
    parts = ((library, 1 - share), (proposals, share))
    return [
        part[i * len(part) // max(1, round(copies * weight))]
        for part, weight in parts
        for i in range(round(copies * weight))
    ]


def stages(
    file: RunFile, laws: CostLaws, runs: Sequence[Experience], library: Population, seed: int
) -> list[Stage]:
    """The stages that molecules pass, the recipes at the end.

    Args:
        file: the run's settings.
        laws: of what the stages cost.
        runs: that computed in the same way, and may have seen a cut before.
        library: whose exact properties are looked at.
        seed: of drawing those that are.
    """
    steps = file.way.steps
    of_step: dict[str, StepLaw] = {law.step: law for law in laws.of(steps)}
    found: list[Stage] = []
    for stage in file.funnel:
        if stage.kind == "scorer" and isinstance(file, CampaignFile):
            continue  # thins what is chosen from, not how many are
        law = of_step.get(stage.stage) if stage.kind == "recipe" else None
        share = None
        if stage.kind == "scorer" and stage.gate is not None:
            share = _within(stage, library, seed)
        elif not stage.ranks:
            share = _passing(f"{stage.stage} {stage.cut}", runs)
        sample = stage.sample if stage.kind == "predicted" else 0
        found.append(Stage(stage.stage, stage.cut, law, share, stage.keep, stage.top, sample))
    done = {stage.stage for stage in file.funnel}
    for step in steps:
        if step not in done:
            found.append(Stage(step, "", of_step[step]))
    if not found:
        found.append(Stage("exact properties", ""))
    return found


def _within(stage: FunnelStage, library: Population, seed: int) -> Share:
    """The share of the library's molecules whose exact property lies within a stage's limits."""
    gate = stage.gate
    assert gate is not None
    looked = library.some(_LOOKED_AT, seed) if library.is_sampled else library.molecules
    passed = sum(
        gate.passes(scorers.value(stage.stage, one.smiles, stage.settings)) for one in looked
    )
    said = f"{passed} of {len(looked)} of the library"
    if library.is_sampled:
        return Share(passed + 0.5, len(looked) - passed + 0.5, said)
    sure = 1e6 / max(1, len(looked))  # the very molecules that will be computed
    return Share(passed * sure + 1e-3, (len(looked) - passed) * sure + 1e-3, said)


def _passing(key: str, runs: Sequence[Experience]) -> Share:
    seen = [run.passed[key] for run in runs if key in run.passed]
    yes, no = (sum(pair[k] for pair in seen) for k in (0, 1))
    if yes + no == 0:
        return Share(*_UNSEEN_CUT, "nobody knows how many pass: learn from a run with --learn-from")
    return Share(yes + 1.0, no + 1.0, f"{yes} of {yes + no} passed in the runs learned from")


def share_of(sources: Sequence[Population], counted: Sequence[Sequence[Candidate]]) -> float:
    """The share of the molecules to choose from that were counted; 0 where a generator adds any."""
    if not all(part.rows for part in sources):
        return 0.0
    whole = sum(part.expected for part in sources)
    return min(1.0, sum(map(len, counted)) / whole) if whole else 1.0


def rows_of(library: Population) -> tuple[int, Share] | None:
    """Rows of a library that was sampled, and the share of them that is taken."""
    if not library.is_sampled:
        return None
    refused = library.looked_at - library.taken
    return library.rows, Share(library.taken + 0.5, refused + 0.5, "")


def first_attempts(runs: Sequence[Experience]) -> Share:
    """The share of all attempts that are a molecule's first; nearly all before a run is seen."""
    results = sum(run.results for run in runs)
    more = sum(max(0, run.attempts - run.results) for run in runs)
    first, again = 49.5 + results, 0.5 + more
    return Share(first, again, "")
