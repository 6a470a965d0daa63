"""The closed loop: propose, choose, evaluate, learn, again.

A round is taught and offered molecules when it begins, and its places are filled by one
decision or by several (``decision``). With a barrier a round begins when the one before it
has all its results, and fills its places at once; what it does is then a function of the
finished rounds and the campaign's seed alone, and a run that was interrupted at any moment
gives the leads of one that was not. Without a barrier no worker waits: whenever one would,
the round chooses again, with what came since and what is still being computed, and when its
places are filled the next one begins while stragglers run. Every choice is journalled,
with what it knew, before its first molecule is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from screening import leadfiles, standing
from screening.campaign import circuitrecords, roundopening, roundsummary
from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.decision import Deliberation, conformal, eligible, reopened
from screening.campaign.desk import Desk, waiting_line
from screening.campaign.knowledge import Knowledge
from screening.campaign.learning import Learned, feature_store, learn
from screening.campaign.openround import OpenRound, missing, taken_up
from screening.campaign.reviewing import IDEA, kept
from screening.campaign.stopping import Stopping
from screening.compute.dispatch import STOPPED, Archive, Calculation, Dispatch, Task, waiting_note
from screening.compute.executor import Executor
from screening.funnel import libraryfunnel
from screening.funnel.funnelsieve import FunnelSieve
from screening.intake.intake import Sieve, take_in
from screening.progress import (
    Event,
    Listener,
    MoleculeDone,
    ReviewWanted,
    RoundFinished,
    RoundStarted,
    Stopped,
)
from screening.ranking import Lead
from screening.standing import leads
from screening.store.journal import Journal
from screening.store.records import Result, SelectionRecord

if TYPE_CHECKING:
    from generative.generator import Generator
    from screening.surrogate.featurestore import FeatureStore

__all__ = ["CampaignPlan", "run_campaign"]


def run_campaign(
    *,
    journal: Journal,
    plan: CampaignPlan,
    generator: Generator | None,
    executor: Executor,
    on_event: Listener | None = None,
    sources: dict[str, str] | None = None,
    archive: Archive | None = None,
) -> list[Lead]:
    """Run a campaign from wherever its journal stands to its end.

    Where calculations wait for a remote device it stops before the next round, the
    journal unfinished and its log saying so; likewise where molecules wait for an approval
    longer than ``[review] patience_h`` allows.

    Args:
        journal: open for writing; new, or of an interrupted run.
        plan: what the campaign was told; the same at each session.
        generator: the prior; None for a campaign on the library alone.
        executor: where molecules are evaluated.
        on_event: called with each ``progress.Event``.
        sources: ``module:attribute`` of recipes that are not installed.
        archive: of calculations that need not be done again.

    Returns:
        The ranked leads.

    Raises:
        JournalError: the journal cannot be written.
        LibraryError: the library cannot be read.
        ValueError: an objective, recipe or scaffold is not known or not valid.
        KeyboardInterrupt: stopped by the user; the journal is whole.
    """
    tell = on_event or (lambda event: None)
    return _Loop(journal, plan, generator, executor, tell, sources, archive).run()


class _Loop:
    def __init__(
        self,
        journal: Journal,
        plan: CampaignPlan,
        generator: Generator | None,
        executor: Executor,
        tell: Callable[[Event], None],
        sources: dict[str, str] | None,
        archive: Archive | None,
    ) -> None:
        self._journal = journal
        self._plan = plan
        self._generator = generator
        self._tell = tell
        self._sieve = Sieve(plan.recipes, plan.filters, sources or {})
        calculation = Calculation(
            plan.campaign.seed, plan.simulation, plan.max_attempts, sources or {}, plan.way.gates
        )
        self._steps = plan.way.steps  # what may be computed of a molecule, in order
        self._gates = plan.way.gates
        self._offered = FunnelSieve(self._sieve, {})  # what a proposal has to pass
        self._dispatch = Dispatch(journal, executor, calculation, self._count, archive)
        self._knowledge = Knowledge(journal, plan)
        self._desk = Desk(journal, plan.review, plan.simulation.max_heavy_atoms)
        self._rounds: list[OpenRound] = []  # begun and not finished, in order
        self._begun = 0  # number of the last round begun
        self._chosen: list[SelectionRecord] = []  # of all rounds, in order
        self._ended = False  # no round begins any more
        self._fruitless = -1  # last result when nothing could be learned yet
        self._store: FeatureStore | None = None  # of a library too large for memory

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
        gates = libraryfunnel.exact_gates(self._journal, self._plan)
        self._offered = FunnelSieve(self._sieve, gates)
        self._store = feature_store(self._journal, self._plan)
        self._reopen()
        try:
            self._dispatch.run(self._more)
        finally:
            if self._store is not None:
                self._store.close()
        waiting = len(self._dispatch.waiting)
        self._write_leads()
        if waiting:
            self._journal.log("run", waiting_note(waiting))
        elif held := self._desk.held(self._rounds):
            line = waiting_line(self._journal, sum(map(len, held.values())), max(held))
            self._journal.log("run", f"{line}, then `molq resume {self._journal.directory}`")
        else:
            self._journal.finish()
            if self._store is not None:
                self._store.discard()

    def _reopen(self) -> None:
        """Take up the rounds where the journal left them."""
        self._ended = roundopening.declined(self._journal) is not None
        self._chosen = kept(self._journal.selections(), self._desk.drops)
        self._begun = self._journal.last_round()
        self._rounds = taken_up(self._journal, self._plan)
        for round in self._rounds:
            self._tell_started(round)

    # what the executor is given

    def _more(self, room: int) -> list[Task]:
        """Tasks for so many free places: chosen molecules first, then newly chosen ones."""
        while True:
            self._obey()
            tasks = self._chosen_tasks(room)
            decided = True
            while decided and len(tasks) < room:
                decided = self._decide(room - len(tasks))
                self._obey()  # what was just chosen may be judged already
                tasks += self._chosen_tasks(room - len(tasks))
            held = self._desk.held(self._rounds)
            if line := self._desk.tell(held):
                self._tell(ReviewWanted(line))
            if tasks or not held or self._dispatch.in_flight or not self._desk.wait():
                return tasks

    def _obey(self) -> None:
        """Hear of reviews: what is rejected before a worker has it is left out."""
        if gone := self._desk.listen(self._rounds):
            left_out = {(record.round, record.position) for record in gone}
            self._chosen = [x for x in self._chosen if (x.round, x.position) not in left_out]
            # a round that chooses no more is made up for by the last one
            self._rounds[-1].places += sum(x.round < self._begun for x in gone)

    def _chosen_tasks(self, room: int) -> list[Task]:
        held = {
            record.candidate.inchikey
            for records in self._desk.held(self._rounds).values()
            for record in records
        }
        tasks: list[Task] = []
        for round in self._rounds:
            tasks += round.tasks(room - len(tasks), self._steps, held)
        return tasks

    def _count(self, result: Result) -> None:
        (round,) = [r for r in self._rounds if r.number == result.round]
        key = result.candidate.inchikey
        gate = self._gates.get(result.recipe)
        if gate is not None and result.score is not None and not gate.passes(result.score.value):
            round.missing -= {(key, step) for step in self._steps}  # none of it is computed
        round.missing.discard((key, result.recipe))
        done, total = round.done(self._steps)
        self._tell(MoleculeDone(result, done, total, result.round))

    # what is chosen

    def _decide(self, room: int) -> bool:
        """Choose molecules for so many free places; False where there is nothing to choose."""
        self._finish_rounds()
        self._obey()
        if self._rounds and self._rounds[-1].open_places:
            if self._top_up(self._rounds[-1], room):
                return True
            self._finish_rounds()
        return self._may_begin() and self._begin(room)

    def _top_up(self, round: OpenRound, room: int) -> bool:
        """Fill places of a round that is under way."""
        deliberation = self._deliberation(round)
        self._knowledge.advance()
        wanted = self._wanted(round.open_places, room, deliberation.learned)
        first = len(round.chosen) + round.left_out + 1
        heard = self._desk.heard(round.number)
        choice = deliberation.choose(wanted, self._knowledge, self._chosen, heard, first)
        round.closed = len(choice.selections) < wanted
        if choice.selections:
            circuitrecords.add_batch(choice.circuits, self._journal.directory)
            number, known = round.number, self._knowledge.known
            self._journal.add_selections(number, choice.selections, known=known)
            self._add_chosen(round)
        return bool(choice.selections)

    def _wanted(self, places: int, room: int, learned: Learned) -> int:
        """Molecules of the next decision: those that have a worker, or all of the round."""
        # Where nothing is predicted yet, waiting for results would not better the choice:
        # the batch is a design, and as a whole it is spread best.
        at_once = self._plan.campaign.barrier or not learned.surrogates
        return places if at_once else min(places, room)

    def _deliberation(self, round: OpenRound) -> Deliberation:
        if round.deliberation is None:
            knowledge = Knowledge(self._journal, self._plan)
            round.deliberation = reopened(
                self._journal,
                self._plan,
                round.record,
                knowledge,
                [x for x in self._journal.selections() if x.round < round.number],
                conformal(self._journal.rounds()),
                self._store,
            )
            self._knowledge = knowledge
        return round.deliberation

    def _add_chosen(self, round: OpenRound) -> None:
        """Take in what was journalled last."""
        known = len(round.chosen) + round.left_out
        new = self._journal.selections(round.number)[known:]
        round.chosen += new
        self._chosen += new
        round.missing |= missing(self._journal, self._plan, new)

    def _may_begin(self) -> bool:
        """Whether enough is known of the rounds before for another one."""
        if self._ended or self._dispatch.waiting or self._begun == self._plan.campaign.rounds:
            return False
        if not self._rounds:
            return True
        if self._plan.campaign.barrier or len(self._rounds) > 1:
            return False
        return self._rounds[0].known_share >= self._plan.campaign.known_share

    def _begin(self, room: int) -> bool:
        """Begin the next round and make its first decision; False when none is made."""
        plan, number = self._plan, self._begun + 1
        places = plan.places(number, len(self._chosen))
        if places == 0:
            return self._end(f"the budget of {plan.campaign.budget} is spent")
        self._knowledge.count_exact(self._chosen)
        self._knowledge.advance()
        if self._rounds and self._knowledge.known == self._fruitless:
            return False
        factors = conformal(self._journal.rounds())
        learned = learn(self._knowledge, plan, self._chosen, factors, self._store)
        if self._rounds and not learned.surrogates:
            # what is still being computed is the first to be learned from
            self._fruitless = learned.known
            return False
        offer = roundopening.offered(
            plan,
            number,
            generator=self._generator,
            sieve=self._offered,
            learned=learned,
            knowledge=self._knowledge,
            chosen=self._chosen,
            opinions=self._desk.opinions,
        )
        heard = self._desk.heard(number)
        pool = eligible(self._journal, offer.candidates, self._chosen)
        if not pool and not heard.asks_beyond(self._chosen):
            return self._end(f"nothing is left to evaluate in round {number}")
        deliberation = Deliberation(plan, number, learned, pool, self._knowledge.best_utility)
        wanted = self._wanted(places, room, learned)
        choice = deliberation.choose(wanted, self._knowledge, self._chosen, heard)
        if not choice.selections:
            return self._end(f"no molecule of round {number} meets the hard limits")
        verdict = roundopening.verdict(self._journal, plan, choice)
        is_asked = any(IDEA in selection.facts for selection in choice.selections)
        if verdict.stop and not is_asked:  # what somebody asks for is worth its cost
            return self._decline(verdict)
        circuitrecords.add_batch(choice.circuits, self._journal.directory)
        record = roundopening.write(
            self._journal, plan, deliberation, offer, choice, verdict, heard
        )
        self._begun = number
        for earlier in self._rounds:
            earlier.closed = True
        self._rounds.append(
            OpenRound(record, places, [], set(), deliberation, len(choice.selections) < wanted)
        )
        self._add_chosen(self._rounds[-1])
        self._tell_started(self._rounds[-1])
        return True

    def _end(self, reason: str) -> bool:
        """Begin no round any more."""
        self._ended = True
        self._journal.log("run", reason)
        return False

    def _decline(self, verdict: Stopping) -> bool:
        """Begin no round any more, because none is worth its cost."""
        figures = roundopening.decline(self._journal, self._begun, verdict)
        self._ended = True
        self._tell(Stopped(self._begun, figures))
        return False

    # what comes of it

    def _finish_rounds(self) -> None:
        """Finish the rounds that have all their results, the earliest first."""
        while self._rounds and self._rounds[0].is_done:
            round = self._rounds.pop(0)
            ranked = self._write_leads()
            number = round.number
            summary = roundsummary.closing(
                self._journal, self._plan, round.record, round.chosen, ranked, round.left_out
            )
            declined = roundopening.declined(self._journal)
            if declined is not None and number == self._begun:
                summary["stopping"] = declined
            self._journal.finish_round(number, summary)
            self._tell(RoundFinished(number, self._plan.campaign.rounds, summary))

    def _tell_started(self, round: OpenRound) -> None:
        own = [chosen for chosen in round.chosen if IDEA not in chosen.facts]
        self._tell(
            RoundStarted(
                round=round.number,
                rounds=self._plan.campaign.rounds,
                pool=round.record.pool_size,
                selected=len(round.chosen),
                proposed=sum(1 for s in own if s.candidate.origin == "generator"),
                generator_note=round.record.generator_note,
                places=len(round.chosen) + round.open_places,
                ideas=len(round.chosen) - len(own),
            )
        )

    def _leads(self, reviewed: int | None = None) -> list[Lead]:
        plan = self._plan
        return leads(
            self._journal,
            plan.objectives,
            plan.filters,
            plan.ranking,
            recipes=plan.recipes,
            reviewed=reviewed,
        )

    def _write_leads(self) -> list[Lead]:
        reviewed = self._journal.last_review()
        self._journal.mark(standing.REVIEWED, str(reviewed))
        ranked = self._leads(reviewed)
        leadfiles.write(self._journal.directory, ranked, self._plan.objectives)
        return ranked
