"""The closed loop: propose, choose, evaluate, learn, again.

A round is a function of the journal and the campaign's seed alone. Surrogates
are fitted to the finished rounds, the generator is taught from the *prior* on
their leads, its hands look for what the acquisition wants, and the batch is
journalled before its first molecule is evaluated; so a run that was interrupted
at any moment gives the leads of one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from generative.proposal import Scored
from generative.settings import GeneratorSettings
from screening import acquisition, leadfiles, proposals, roundsummary, surrogate
from screening.acquisition import AcquisitionSettings
from screening.dispatch import STOPPED, Calculation, Task, evaluate_all, waiting_note
from screening.executor import Executor
from screening.filters import FilterSettings
from screening.intake import Sieve, take_in
from screening.journal import Journal
from screening.library import LibrarySettings
from screening.objective import ObjectiveSettings, recipe_names
from screening.progress import (
    Event,
    Listener,
    MoleculeDone,
    RoundFinished,
    RoundStarted,
)
from screening.proposals import Offer, Outlook, Proposals
from screening.ranking import Lead, RankingSettings
from screening.records import Result
from screening.settings import CampaignSettings
from screening.standing import labels, leads
from screening.surrogate import Surrogate, SurrogateSettings
from simulation.settings import SimulationSettings

if TYPE_CHECKING:
    from generative.generator import Generator

_PURPOSES = ("round", "propose", "choose")


@dataclass(frozen=True)
class CampaignPlan:
    """All settings of a campaign, each table as its own package defines it."""

    objectives: tuple[ObjectiveSettings, ...]
    library: LibrarySettings | None = None
    campaign: CampaignSettings = field(default_factory=CampaignSettings)
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    filters: FilterSettings = field(default_factory=FilterSettings)
    simulation: SimulationSettings = field(default_factory=SimulationSettings)
    surrogate: SurrogateSettings = field(default_factory=SurrogateSettings)
    acquisition: AcquisitionSettings = field(default_factory=AcquisitionSettings)
    ranking: RankingSettings = field(default_factory=RankingSettings)
    max_attempts: int = 3


def run_campaign(
    *,
    journal: Journal,
    plan: CampaignPlan,
    generator: Generator | None,
    executor: Executor,
    on_event: Listener | None = None,
    sources: dict[str, str] | None = None,
) -> list[Lead]:
    """Run a campaign from wherever its journal stands to its end.

    Where calculations wait for a remote device it stops before the round's end, the
    journal unfinished and its log saying so.

    Args:
        journal: open for writing; new, or of an interrupted run.
        plan: what the campaign was told; the same at each session.
        generator: the prior; None for a campaign on the library alone.
        executor: where molecules are evaluated.
        on_event: called with each ``progress.Event``.
        sources: ``module:attribute`` of recipes that are not installed.

    Returns:
        The ranked leads.

    Raises:
        JournalError: the journal cannot be written.
        LibraryError: the library cannot be read.
        ValueError: an objective, recipe or scaffold is not known or not valid.
        KeyboardInterrupt: stopped by the user; the journal is whole.
    """
    loop = _Loop(journal, plan, generator, executor, on_event or (lambda event: None), sources)
    return loop.run()


def round_seed(campaign_seed: int, round: int, purpose: str) -> int:
    """The seed of one random step of a round, in 0 .. 2**31 - 1.

    Args:
        campaign_seed: of the campaign.
        round: counted from 1.
        purpose: ``round``, ``propose`` or ``choose``.
    """
    sequence = np.random.SeedSequence((campaign_seed, round, _PURPOSES.index(purpose)))
    return int(sequence.generate_state(1, np.uint32)[0]) >> 1


class _Loop:
    def __init__(
        self,
        journal: Journal,
        plan: CampaignPlan,
        generator: Generator | None,
        executor: Executor,
        tell: Callable[[Event], None],
        sources: dict[str, str] | None,
    ) -> None:
        self._journal = journal
        self._plan = plan
        self._generator = generator
        self._executor = executor
        self._tell = tell
        self._recipes = recipe_names(plan.objectives)
        self._sieve = Sieve(self._recipes, plan.filters, sources or {})
        self._calculation = Calculation(
            plan.campaign.seed, plan.simulation, plan.max_attempts, sources or {}
        )

    def run(self) -> list[Lead]:
        if not self._journal.finished:
            try:
                self._run()
            except (KeyboardInterrupt, SystemExit):
                self._journal.log("run", STOPPED)
                raise
        return self._leads()

    def _run(self) -> None:
        if self._plan.library is not None:
            for _ in take_in(self._journal, self._plan.library, self._sieve, self._tell):
                pass  # a campaign chooses from the whole library
        begun = {record.round: record for record in self._journal.rounds()}
        for round in range(1, self._plan.campaign.rounds + 1):
            if round in begun and begun[round].finished is not None:
                continue
            if round not in begun and not self._begin(round):
                break
            if waiting := self._evaluate(round):
                self._journal.log("run", waiting_note(waiting))
                self._write_leads()
                return
            self._finish(round)
        self._write_leads()
        self._journal.finish()

    def _begin(self, round: int) -> bool:
        """Choose a round's batch and write it down; False when there is nothing to choose."""
        chosen = self._journal.selections()
        places = self._places(round, len(chosen))
        if places == 0:
            self._journal.log("run", f"the budget of {self._plan.campaign.budget} is spent")
            return False
        known = {record.candidate.inchikey for record in chosen}
        library = [c for c in self._journal.candidates() if c.origin == "library"]
        surrogates, surrogate_note = self._surrogates()
        ranked = self._leads()
        best = ranked[0].utility if ranked else 0.0
        offer = self._offer(round, proposals.scored(chosen, ranked), known, surrogates, best)
        pool = [c for c in (*library, *offer.candidates) if c.inchikey not in known]
        if not pool:
            self._journal.log("run", f"nothing is left to evaluate in round {round}")
            return False
        choice = acquisition.choose(
            pool,
            n=places,
            n_generator=round_half_up(self._plan.generator.share * places),
            surrogates=surrogates,
            objectives=self._plan.objectives,
            best_utility=best,
            settings=self._plan.acquisition,
            seed=round_seed(self._plan.campaign.seed, round, "choose"),
        )
        if not choice.selections:
            self._journal.log("run", f"no molecule of round {round} meets the hard limits")
            return False
        with self._journal.transaction():
            self._journal.begin_round(
                round,
                seed=round_seed(self._plan.campaign.seed, round, "round"),
                pool_size=len(pool),
                generator_note=offer.note,
                surrogate_note=surrogate_note,
            )
            if offer.warning:
                self._journal.log(proposals.NARROWED, f"round {round}: {offer.warning}")
            self._journal.add_selections(round, choice.selections)
        return True

    def _places(self, round: int, spent: int) -> int:
        campaign = self._plan.campaign
        places = campaign.batch
        if round == 1 and campaign.initial_batch is not None:
            places = campaign.initial_batch
        return places if campaign.budget is None else max(0, min(places, campaign.budget - spent))

    def _offer(
        self,
        round: int,
        scored: Sequence[Scored],
        known: set[str],
        surrogates: Mapping[str, Surrogate],
        best_utility: float,
    ) -> Offer:
        """Molecules of the generator that pass the sieve, each once."""
        plan = self._plan
        if self._generator is None or plan.generator.share == 0:
            return Offer((), proposals.NO_GENERATOR)
        offered = Proposals(
            self._generator,
            plan.generator,
            self._sieve,
            plan.objectives,
            plan.acquisition,
            plan.simulation.max_heavy_atoms,
        )
        seed = round_seed(plan.campaign.seed, round, "propose")
        return offered.offer(scored, known, Outlook(surrogates, best_utility, seed))

    def _surrogates(self) -> tuple[dict[str, Surrogate], str]:
        """One fitted model a recipe that has at least two different values."""
        results = self._journal.results()
        models: dict[str, Surrogate] = {}
        notes = []
        for recipe in self._recipes:
            smiles, values = labels(results, recipe, self._plan.ranking)
            if len(values) >= 2:
                models[recipe] = surrogate.create(self._plan.surrogate)
                models[recipe].fit(smiles, values)
            notes.append(f"{recipe}: {len(values)} labels")
        return models, ", ".join(notes) or "no recipe to predict"

    def _evaluate(self, round: int) -> int:
        """Evaluate a round's batch; the number of calculations that wait for a device."""
        (record,) = [r for r in self._journal.rounds() if r.round == round]
        selections = self._journal.selections(round)
        self._tell(
            RoundStarted(
                round=round,
                rounds=self._plan.campaign.rounds,
                pool=record.pool_size,
                selected=len(selections),
                proposed=sum(1 for s in selections if s.candidate.origin == "generator"),
                generator_note=record.generator_note,
            )
        )
        tasks = [Task(s.candidate, self._recipes, round) for s in selections]
        total = len(selections) * len(self._recipes)
        done = sum(
            self._journal.has_result(s.candidate.inchikey, recipe)
            for s in selections
            for recipe in self._recipes
        )

        def count(result: Result) -> None:
            nonlocal done
            done += 1
            self._tell(MoleculeDone(result, done, total, round))

        return evaluate_all(
            tasks,
            journal=self._journal,
            executor=self._executor,
            calculation=self._calculation,
            on_result=count,
        )

    def _finish(self, round: int) -> None:
        ranked = self._write_leads()
        results = [result for result in self._journal.results() if result.round == round]
        summary = roundsummary.summarise(self._journal.selections(round), results, ranked)
        self._journal.finish_round(round, summary)
        self._tell(RoundFinished(round, self._plan.campaign.rounds, summary))

    def _leads(self) -> list[Lead]:
        plan = self._plan
        return leads(self._journal, plan.objectives, plan.filters, plan.ranking)

    def _write_leads(self) -> list[Lead]:
        ranked = self._leads()
        leadfiles.write(self._journal.directory, ranked, self._plan.objectives)
        return ranked


def round_half_up(value: float) -> int:
    """The nearest whole number; 0.5 becomes 1."""
    return int(np.floor(value + 0.5))
