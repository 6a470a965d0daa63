"""What a run took: core time by recipe, step and round, devices, money."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from molq.comparison import prices
from molq.comparison.prices import Prices
from molq.comparison.spending import DeviceUse, spending, uncounted
from molq.report.charts import costs
from molq.report.charts.figure import Figure, written
from molq.runstatus import duration
from screening.campaign.reviewing import kept
from screening.store.journal import Journal
from screening.store.records import AttemptRecord, Result, RoundRecord
from simulation.settings import SimulationSettings

MOST_ATTEMPTS = 100_000  # that are read one by one


@dataclass(frozen=True)
class RunSpending:
    """What a run took so far."""

    facts: tuple[tuple[str, str], ...]  # label and text
    devices: tuple[DeviceUse, ...]  # what sampled, simulators too
    currency: str
    missing: tuple[str, ...]  # what could not be counted, one line each
    sources: tuple[str, ...]  # of the prices, one line each
    figures: tuple[Figure, ...]

    @property
    def device_rows(self) -> tuple[Mapping[str, str], ...]:
        """The devices as the page's table has them."""
        return tuple(
            {
                "backend": use.backend,
                "kind": "simulator" if use.is_simulator else "device",
                "jobs": str(use.jobs),
                "shots": f"{use.shots:,}".replace(",", "\N{THIN SPACE}"),
                "seconds": "not known" if use.seconds is None else written(use.seconds, 1),
                "money": "not known" if use.money is None else _money(use.money, self.currency),
            }
            for use in self.devices
        )


def spent(
    journal: Journal,
    scored: Sequence[Result],
    rounds: Sequence[RoundRecord],
    samplings: Sequence[dict[str, Any]],
    simulation: SimulationSettings,
    *,
    recipes: Sequence[str] | None = None,
    hits: int | None = None,
    known: Prices | None = None,
) -> RunSpending:
    """What a run took, from the attempts of its journal.

    Args:
        journal: open.
        scored: results with a score, of a large run a part that is spread evenly.
        rounds: of the run.
        samplings: of circuits that belong to no score, as in the technical file.
        simulation: how the run computes.
        recipes: whose scores were wanted, None for all; the stages before them cost too.
        hits: leads of hit utility, None where that means nothing.
        known: prices; None for the file that comes with molq.
    """
    known = known or prices.read()
    by_step, by_round, failed = _divided(journal, scored)
    total = sum(sum(of.values()) for of in by_step.values())
    scores, _ = journal.outcomes(recipes)
    # what was taken over from another run was paid for there
    number = scores - sum(journal.sources().values())
    own = [r.score for r in scored if r.score is not None and r.attempt > 0]
    missing = list(uncounted(simulation, known))
    if scores > len(scored) and any(not known.is_simulator(score.backend) for score in own):
        missing.append(f"the shots of {scores - len(scored)} scores that the report does not read")
    taken = spending(total, 0.0, own, samplings, known, missing)
    facts = [
        ("Core time", f"{duration(total)} in attempts at {', '.join(by_step) or 'nothing'}"),
        ("Cores cost", _money(known.cores(total), known.currency)),
    ]
    if failed:
        facts.insert(1, ("Of failed attempts", duration(failed)))
    if number > 0:
        facts.append(("Per score", f"{duration(total / number)} of core time"))
    if hits:
        each = f"{duration(total / hits)} of core time"
        facts.append(("Per hit", f"{each}, {_money(known.cores(total) / hits, known.currency)}"))
    lasted = _lasted(rounds)
    if lasted:
        facts.append(("By the clock", f"{duration(sum(lasted.values()))} in rounds"))
    if taken.devices and taken.money is not None:
        facts.append(("Cores and devices", _money(taken.money, known.currency)))
    figures = [costs.by_step(by_step)] if total else []
    if rounds and by_round and total:
        figures.append(costs.by_round(by_round, lasted))
    return RunSpending(
        facts=tuple(facts),
        devices=taken.devices,
        currency=known.currency,
        missing=taken.missing,
        sources=_sources(known, taken.devices),
        figures=tuple(figures),
    )


def _divided(
    journal: Journal, scored: Sequence[Result]
) -> tuple[dict[str, dict[str, float]], dict[int, dict[str, float]], float | None]:
    """CPU s by recipe and step, by round and recipe, and of failed attempts."""
    if journal.counts()["attempts"] > MOST_ATTEMPTS:
        whole = journal.core_seconds()
        steps = {
            recipe: _steps([r for r in scored if r.recipe == recipe], seconds)
            for recipe, seconds in whole.items()
        }
        return steps, {}, None
    selections = journal.selections()
    # a molecule that was left out and chosen again belongs to the round that kept it
    rounds = {s.candidate.inchikey: s.round for s in selections}
    rounds |= {s.candidate.inchikey: s.round for s in kept(selections, journal.drops())}
    good: dict[str, float] = {}
    bad: dict[str, float] = {}
    by_round: dict[int, dict[str, float]] = {}
    for attempt in journal.iterate_attempts():
        seconds = attempt.cpu_seconds or 0.0
        into = good if _is_good(attempt) else bad
        into[attempt.recipe] = into.get(attempt.recipe, 0.0) + seconds
        number = rounds.get(attempt.inchikey)
        if number is not None:
            of = by_round.setdefault(number, {})
            of[attempt.recipe] = of.get(attempt.recipe, 0.0) + seconds
    by_step = {}
    for recipe in dict.fromkeys((*good, *bad)):
        divided = _steps([r for r in scored if r.recipe == recipe], good.get(recipe, 0.0))
        if bad.get(recipe):
            divided[costs.FAILED] = bad[recipe]
        by_step[recipe] = divided
    return by_step, by_round, math.fsum(bad.values())


def _is_good(attempt: AttemptRecord) -> bool:
    return attempt.outcome == "scored"


def _steps(scored: Sequence[Result], total: float) -> dict[str, float]:
    """A recipe's CPU s by step, in the proportions that the scores' own records have."""
    timings: dict[str, float] = {}
    seen = 0.0
    for result in scored:
        if result.score is None or result.attempt == 0:
            continue  # taken over from another run, which paid for it
        seen += result.cpu_seconds
        for step, seconds in result.score.provenance.timings.items():
            timings[step] = timings.get(step, 0.0) + seconds
    inside = sum(timings.values())
    whole = max(seen, inside)
    if not total or not whole:
        return {costs.OTHER: total} if total else {}
    found = {step: total * seconds / whole for step, seconds in timings.items()}
    rest = total * (whole - inside) / whole
    return {**found, costs.OTHER: rest} if rest > 0.005 * total else found


def _lasted(rounds: Sequence[RoundRecord]) -> dict[int, float]:
    found = {}
    for record in rounds:
        if record.finished is not None:
            begun = datetime.fromisoformat(record.started)
            ended = datetime.fromisoformat(record.finished)
            found[record.round] = (ended - begun).total_seconds()
    return found


def _money(amount: float, currency: str) -> str:
    return f"{written(amount, 2 if amount >= 0.1 else 4)} {currency}"


def _sources(known: Prices, devices: Sequence[DeviceUse]) -> tuple[str, ...]:
    core = known.core
    lines = [f"Cores: {core.per_hour:g} {known.currency} an hour, {core.what}; {core.source}, "
             f"read {core.date}"]  # fmt: skip
    for use in devices:
        price = known.of(use.backend)
        if price is not None:
            lines.append(f"{use.backend}: {price.what}; {price.source}, read {price.date}")
    return tuple(lines)
