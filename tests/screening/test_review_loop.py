"""What a campaign obeys of what people say while it goes on, in this process."""

import threading
import time
from dataclasses import replace

import pytest
from faultycampaign import WISHES, Amines, run, start

from generative.settings import GeneratorSettings
from screening.acquisition import AcquisitionSettings, choice
from screening.campaign import desk
from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.decision import replayed
from screening.campaign.reviewing import kept
from screening.candidate import Candidate
from screening.compute.executor import Inline
from screening.intake.library import LibrarySettings
from screening.intake.standardise import candidate as standardised
from screening.progress import MoleculeDone, ReviewWanted, RoundFinished, RoundStarted
from screening.review.opinions import review_of
from screening.review.settings import ReviewSettings
from screening.settings import CampaignSettings
from screening.standing import leads
from screening.store.journal import Journal
from screening.store.reviewbook import ReviewBook
from screening.store.verification import verify

pytestmark = pytest.mark.usefixtures("trace", "unpriced")
ALCOHOLS = [f"{'C' * n}O" for n in range(1, 9)]


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "library.csv"
    path.write_text("\n".join(["smiles,name", *(f"{s},m{i}" for i, s in enumerate(ALCOHOLS))]))
    return CampaignPlan(
        objectives=WISHES,
        library=LibrarySettings(path=path),
        campaign=CampaignSettings(seed=11, rounds=2, batch=4, barrier=True),
        generator=GeneratorSettings(pool=24, generations=2, offspring=20),
        acquisition=AcquisitionSettings(samples=64),
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(desk, "_POLL_S", 0.02)


def say(journal, candidate, kind, reviewer="Ann", **more):
    with ReviewBook.open(journal.directory) as book:
        return book.add(reviewer, candidate.inchikey, candidate.smiles, kind, **more)


def molecule(smiles):
    read = standardised(smiles, origin="reviewer")
    assert isinstance(read, Candidate)
    return read


def assert_made_again(journal, plan):
    """Every decision gives the same molecules again, from what it stated."""
    decided = list(replayed(journal, plan))
    assert [s for d in decided for s in d.chosen] == journal.selections()
    for each in decided:
        assert [s.candidate for s in each.choice.selections] == [s.candidate for s in each.chosen]
        assert [s.reason for s in each.choice.selections] == [s.reason for s in each.chosen]
    assert all(check.holds for check in verify(journal.directory)), verify(journal.directory)


@pytest.mark.parametrize("barrier", [True, False])
def test_a_rejected_proposal_is_not_computed_and_its_place_is_filled_anew(
    plan, tmp_path, trace, barrier
):
    plan = replace(plan, campaign=plan.campaign.model_copy(update={"barrier": barrier}))
    rejected = []

    def listener(event):
        if isinstance(event, RoundStarted):
            unwanted = journal.selections(event.round)[-1].candidate
            rejected.append(unwanted)
            say(journal, unwanted, "reject", text="we have made it before")

    with start(tmp_path / "run") as journal:
        found = run(journal, plan, listener, Inline(capacity=1))
        computed = {r.candidate.inchikey for r in journal.results()}
        assert len(computed) == len(found) == 8  # the rounds are as large as they were to be
        assert not computed & {c.inchikey for c in rejected}
        assert [drop.inchikey for drop in journal.drops()] == [c.inchikey for c in rejected]
        assert [r.summary["left_out"] for r in journal.rounds()] == [1, 1]
        assert [r.summary["evaluated"] for r in journal.rounds()] == [4, 4]
        assert journal.selected() == 8
        assert len(journal.selections()) == 10
        assert journal.selections(1)[-1].facts["known_review"] == 1
        assert journal.finished
        assert_made_again(journal, plan)
    assert len(trace.read_text().splitlines()) == 8


def test_a_run_that_was_stopped_leaves_out_what_was_rejected_meanwhile(plan, tmp_path, trace):
    def listener(event):
        if isinstance(event, RoundStarted):
            raise KeyboardInterrupt

    with start(tmp_path / "run") as journal, pytest.raises(KeyboardInterrupt):
        run(journal, plan, listener)
    with Journal.open(tmp_path / "run", readonly=True) as journal:
        unwanted = [s.candidate for s in journal.selections(1)]
        for candidate in unwanted:  # nothing of the batch is left
            say(journal, candidate, "reject", text="no")
    with Journal.open(tmp_path / "run") as journal:
        run(journal, plan)
        computed = {r.candidate.inchikey for r in journal.results()}
        assert len(computed) == 8
        assert not computed & {c.inchikey for c in unwanted}
        assert_made_again(journal, plan)


def test_a_rejected_lead_ranks_behind_all_others_and_teaches_nothing(plan, tmp_path, monkeypatch):
    taught = []
    finetuned = Amines.finetuned

    def listening(self, smiles, weights, *, seed, kl=0.5):
        taught.append(list(smiles))
        return finetuned(self, smiles, weights, seed=seed, kl=kl)

    monkeypatch.setattr(Amines, "finetuned", listening)
    best = []

    def listener(event):
        if isinstance(event, RoundFinished) and event.round == 1:
            (lead, *_) = leads(journal, plan.objectives, recipes=plan.recipes)
            best.append(lead)
            say(journal, lead.candidate, "reject", text="it smells")

    with start(tmp_path / "run") as journal:
        found = run(journal, plan, listener)
        assert found[-1].candidate == best[0].candidate
        assert [lead.rank for lead in found] == list(range(1, 9))
        assert found[-1].review.is_rejected
        assert found[-1].review.in_words() == "rejected by Ann: it smells"
        assert all(lead.review is None for lead in found[:-1])
        utilities = [lead.utility for lead in found[:-1]]
        assert utilities == sorted(utilities, reverse=True)
        assert taught
        assert best[0].candidate.smiles not in taught[0]
        assert len(taught[0]) < 4
        assert_made_again(journal, plan)
        say(journal, best[0].candidate, "withdraw", withdraws=1)
        again = leads(journal, plan.objectives, recipes=plan.recipes)
        assert [lead.utility for lead in again] == sorted((x.utility for x in again), reverse=True)
        # what is streamed is in the same order
        assert leads(journal, plan.objectives, recipes=plan.recipes, top=3) == again[:3]
        assert leads(journal, plan.objectives, recipes=plan.recipes, reviewed=1) == found


def test_what_reviewers_find_of_a_lead_is_mixed_into_what_it_teaches(plan, tmp_path):
    from screening.campaign.proposals import scored
    from screening.review.opinions import Opinions

    with start(tmp_path / "run") as journal:
        run(journal, replace(plan, campaign=CampaignSettings(seed=11, rounds=1, batch=4)))
        chosen = journal.selections()
        liked, rated, approved, ignored = [s.candidate for s in chosen]
        utilities = {s.candidate.inchikey: 0.5 for s in chosen}
        plain = scored(chosen, utilities)
        assert [x.value for x in plain] == [0.5] * 4
        say(journal, liked, "rate", rating=5)
        say(journal, rated, "rate", rating=1)
        say(journal, rated, "rate", "Bob", rating=5)
        say(journal, approved, "approve")
        say(journal, ignored, "comment", text="which one is this?")
        taught = scored(chosen, utilities, Opinions.of(journal), 0.4)
    assert [x.value for x in taught] == pytest.approx([0.7, 0.5, 0.6 * 0.5 + 0.4 * 0.75, 0.5])


def test_an_idea_takes_the_first_place_of_the_next_decision(plan, tmp_path, trace):
    wanted = molecule("Oc1ccccc1")

    def listener(event):
        if isinstance(event, RoundFinished) and event.round == 1:
            say(journal, wanted, "idea", "Bob", text="phenol")
            say(journal, journal.candidates()[-1], "comment", text="another one")

    with start(tmp_path / "run") as journal:
        run(journal, plan, listener)
        first = journal.selections(2)[0]
        assert first.candidate == replace(wanted, name="phenol", hand="Bob")
        assert first.reason.startswith("asked for by Bob; ")
        assert first.facts["idea"] == 1
        assert first.predicted["faulty"][1] > 0
        assert journal.rounds()[1].facts["choice"].startswith("1 idea of reviewers, then by")
        assert len(journal.results()) == 8
        assert_made_again(journal, plan)
    assert any(line.startswith("Oc1ccccc1 ") for line in trace.read_text().splitlines())


def test_an_idea_keeps_a_campaign_going_that_would_stop(plan, tmp_path):
    settings = CampaignSettings(seed=11, rounds=6, batch=2, barrier=True, patience=1)
    plan = replace(plan, campaign=settings)
    with start(tmp_path / "without") as journal:
        run(journal, plan)
        stopped = journal.last_round()
    assert stopped < 6
    wanted = molecule("Oc1ccccc1")

    def listener(event):
        if isinstance(event, RoundFinished) and event.round == stopped:
            say(journal, wanted, "idea", "Bob")

    with start(tmp_path / "run") as journal:
        run(journal, plan, listener)
        assert journal.selections(stopped + 1)[0].candidate.inchikey == wanted.inchikey
        assert wanted.inchikey in {r.candidate.inchikey for r in journal.results()}
        assert_made_again(journal, plan)


def test_an_idea_that_the_library_holds_is_the_librarys(plan, tmp_path):
    def listener(event):
        if isinstance(event, RoundFinished) and event.round == 1:
            left = {c.inchikey for c in journal.candidates()}
            left -= {s.candidate.inchikey for s in journal.selections()}
            asked.append(next(c for c in journal.candidates() if c.inchikey in left))
            say(journal, asked[0], "idea", "Bob")
        if isinstance(event, RoundStarted):
            ideas.append(event.ideas)

    asked, ideas = [], []
    with start(tmp_path / "run") as journal:
        run(journal, plan, listener)
        assert journal.selections(2)[0].candidate == asked[0]
        assert asked[0].origin == "library"
        assert ideas == [0, 1]
        assert_made_again(journal, plan)


def test_molecules_wait_for_approval_and_rejected_ones_are_replaced(plan, tmp_path, trace):
    plan = replace(plan, review=ReviewSettings(required=True))
    told = []
    failed = []

    def review():
        try:
            seen = set()
            while not ended.is_set():
                time.sleep(0.02)
                with Journal.open(tmp_path / "run", readonly=True) as reader:
                    for selection in reader.selections():
                        key = selection.candidate.inchikey
                        if key in seen:
                            continue
                        seen.add(key)
                        begun = {a.inchikey for a in reader.attempts()}
                        assert key not in begun, "it was computed before anybody approved it"
                        if selection.position == 2:
                            say(reader, selection.candidate, "reject", text="no")
                        else:
                            say(reader, selection.candidate, "approve")
        except BaseException as error:
            failed.append(error)

    def listener(event):
        if isinstance(event, ReviewWanted):
            told.append(event.line)

    ended = threading.Event()
    reviewer = threading.Thread(target=review)
    with start(tmp_path / "run") as journal:
        reviewer.start()
        try:
            run(journal, plan, listener)
        finally:
            ended.set()
            reviewer.join()
        assert failed == []
        assert journal.finished
        assert len(journal.results()) == 8
        assert [drop.position for drop in journal.drops()] == [2, 2]
        assert told == [  # once a round, with the command
            f"round {n}: 4 molecules wait for approval: `molq review {tmp_path / 'run'}`"
            for n in (1, 2)
        ]
        assert [e.message for e in journal.events() if e.kind == "review"] == told
        assert_made_again(journal, plan)
    assert len(trace.read_text().splitlines()) == 8


def test_patience_ends_a_run_that_only_waits_and_it_can_be_resumed(plan, tmp_path, trace):
    plan = replace(plan, review=ReviewSettings(required=True, patience_h=1e-5))
    with start(tmp_path / "run") as journal:
        run(journal, plan)
        assert not journal.finished
        assert "4 molecules wait for approval" in journal.events()[-1].message
        assert "`molq resume" in journal.events()[-1].message
        for selection in journal.selections():
            say(journal, selection.candidate, "approve")
    assert trace.read_text() == ""
    with Journal.open(tmp_path / "run") as journal:
        run(journal, plan)
        assert len(journal.results()) == 4  # and the second round waits
        assert not journal.finished


def test_approved_molecules_go_on_while_others_wait(plan, tmp_path, trace):
    plan = replace(plan, review=ReviewSettings(required=True, patience_h=1e-5))

    def listener(event):
        if isinstance(event, RoundStarted):
            for selection in journal.selections(1)[:2]:
                say(journal, selection.candidate, "approve")

    with start(tmp_path / "run") as journal:
        run(journal, plan, listener)
        done = {r.candidate.inchikey for r in journal.results()}
        assert done == {s.candidate.inchikey for s in journal.selections(1)[:2]}


def test_everybodys_own_last_word_counts_and_a_rejection_holds(tmp_path):
    one = molecule("CCO")
    with start(tmp_path / "run") as journal:
        say(journal, one, "approve", "Bob")
        say(journal, one, "reject", "Ann", text="too small")
        opinion = review_of(journal, one.inchikey)
        assert (opinion.verdict, opinion.is_approved) == ("rejected", False)
        say(journal, one, "approve", "Ann")
        assert review_of(journal, one.inchikey).verdict == "approved"
        say(journal, one, "withdraw", "Ann", withdraws=3)  # what she said before stands again
        assert review_of(journal, one.inchikey).verdict == "rejected"
        say(journal, one, "withdraw", "Ann", withdraws=2)
        assert review_of(journal, one.inchikey).verdict == "approved"
        for rating in (1, 4):
            say(journal, one, "rate", "Ann", rating=rating)
        assert review_of(journal, one.inchikey).rating == 4
        with pytest.raises(ValueError, match="own ones"):
            say(journal, one, "withdraw", "Bob", withdraws=5)
        with pytest.raises(ValueError, match="taken back already"):
            say(journal, one, "withdraw", "Ann", withdraws=2)


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("reject", {"text": "  "}, "needs a reason"),
        ("rate", {"rating": 6}, "from 1 to 5"),
        ("rate", {}, "from 1 to 5"),
        ("approve", {"rating": 3}, "from 1 to 5"),
        ("comment", {}, "needs a text"),
        ("comment", {"text": "x" * 4001}, "at most 4000"),
        ("approve", {"reviewer": " "}, "the name"),
        ("approve", {"reviewer": "a\x1b[2J"}, "printable"),
    ],
)
def test_what_says_too_little_or_too_much_is_refused(tmp_path, kind, more, words):
    with start(tmp_path / "run") as journal:
        with pytest.raises(ValueError, match=words):
            say(journal, molecule("CCO"), kind, **more)
        assert list(journal.reviews()) == []


def test_ideas_leave_the_generator_its_share_of_the_whole_round(plan, tmp_path):
    wanted = [molecule("Oc1ccccc1"), molecule("OCc1ccccc1")]
    plan = replace(plan, generator=plan.generator.model_copy(update={"share": 0.5}))

    def listener(event):
        if isinstance(event, RoundFinished) and event.round == 1:
            for each in wanted:
                say(journal, each, "idea", "Bob")
        if isinstance(event, RoundStarted):
            told.append((event.proposed, event.ideas))

    told = []
    with start(tmp_path / "run") as journal:
        run(journal, plan, listener)
        origins = [s.candidate.origin for s in journal.selections(2)]
        assert sorted(origins) == ["generator", "generator", "reviewer", "reviewer"]
        assert told == [(2, 0), (2, 2)]
        assert_made_again(journal, plan)


def test_a_campaign_that_has_nothing_left_says_so_whatever_was_asked_for(plan, tmp_path):
    settings = CampaignSettings(seed=11, rounds=4, batch=4, barrier=True)
    plan = replace(plan, campaign=settings, generator=GeneratorSettings(share=0.0))

    def listener(event):
        if isinstance(event, RoundFinished) and event.round == 1:
            left = {c.inchikey for c in journal.candidates()}
            left -= {s.candidate.inchikey for s in journal.selections()}
            say(journal, next(c for c in journal.candidates() if c.inchikey in left), "idea")

    with start(tmp_path / "run") as journal:
        run(journal, plan, listener)
        assert len(journal.results()) == len(ALCOHOLS)
        assert journal.events()[-1].message == "nothing is left to evaluate in round 3"


def test_no_solver_is_asked_whether_ideas_are_to_be_computed(plan, tmp_path, monkeypatch):
    solved = []
    solve = choice.choose_whole

    def counted(pool, *args, **more):
        solved.append({candidate.inchikey for candidate in pool.candidates})
        return solve(pool, *args, **more)

    monkeypatch.setattr(choice, "choose_whole", counted)
    wanted = molecule("Oc1ccccc1")
    settings = AcquisitionSettings(samples=64, kind="ucb", batch="annealing")
    plan = replace(plan, acquisition=settings)

    def listener(event):
        if isinstance(event, RoundFinished) and event.round == 1:
            say(journal, wanted, "idea", "Bob")

    with start(tmp_path / "run") as journal:
        run(journal, plan, listener)
        first = journal.selections(2)[0]
        assert first.candidate.inchikey == wanted.inchikey
        assert first.reason.startswith("asked for by Bob; ")
        assert len(solved) == 1  # the first round is a design
        assert wanted.inchikey not in solved[0]
        assert_made_again(journal, plan)


@pytest.mark.parametrize("interrupted", [False, True])
@pytest.mark.parametrize("budget", [None, 7])
def test_what_an_earlier_round_loses_is_made_up_for_in_the_last(
    plan, tmp_path, monkeypatch, budget, interrupted
):
    settings = CampaignSettings(seed=11, rounds=2, batch=4, budget=budget, known_share=0.5)
    plan = replace(plan, campaign=settings, review=ReviewSettings(required=True))
    unwanted = []

    def approve(self):
        for record in kept(journal.selections(), journal.drops()):
            if record.candidate not in unwanted:
                say(journal, record.candidate, "approve")
        return True

    def listener(event):
        if isinstance(event, RoundStarted) and not unwanted:
            unwanted.append(journal.selections(1)[-1].candidate)
            approve(None)
        if isinstance(event, RoundStarted) and event.round == 2:
            say(journal, unwanted[0], "reject", text="no")
        if isinstance(event, MoleculeDone) and event.round == 2 and interrupted:
            raise KeyboardInterrupt

    monkeypatch.setattr(desk.Desk, "wait", approve)
    with start(tmp_path / "run") as journal:
        if interrupted:
            with pytest.raises(KeyboardInterrupt):
                run(journal, plan, listener, Inline(capacity=1))
        else:
            run(journal, plan, listener, Inline(capacity=1))
    with Journal.open(tmp_path / "run") as journal:
        run(journal, plan, executor=Inline(capacity=1))
        assert [drop.inchikey for drop in journal.drops()] == [unwanted[0].inchikey]
        assert [drop.round for drop in journal.drops()] == [1]
        assert len(journal.results()) == (budget or 8)
        assert [r.summary["evaluated"] for r in journal.rounds()] == [3, (budget or 8) - 3]
        assert journal.finished
        assert_made_again(journal, plan)
