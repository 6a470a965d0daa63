"""Campaigns whose molecules pass a funnel: rounds end, nothing waits for what was cut."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from faultycampaign import WISHES, Amines, essence, start
from faultyrecipe import FRAIL, SOURCE, number_score

from generative.settings import GeneratorSettings
from screening.acquisition import AcquisitionSettings
from screening.campaign.campaignplan import CampaignPlan
from screening.campaign.decision import replayed
from screening.campaign.knowledge import Knowledge
from screening.campaign.learning import learn
from screening.campaign.loop import run_campaign
from screening.compute.executor import Inline
from screening.funnel.cache import Cache
from screening.funnel.funnel import FunnelStage
from screening.intake.library import LibrarySettings
from screening.scorers import value as exact
from screening.settings import CampaignSettings
from screening.store.journal import Journal
from simulation.settings import SimulationSettings

pytestmark = pytest.mark.usefixtures("trace", "unpriced")
SOURCES = {"faulty": SOURCE, "frail": FRAIL}
ALCOHOLS = [f"{'C' * n}O" for n in range(1, 13)]
LIMIT = -5.5  # eV


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "library.smi"
    path.write_text("\n".join(ALCOHOLS))
    return CampaignPlan(
        objectives=WISHES,
        library=LibrarySettings(path=path),
        campaign=CampaignSettings(seed=11, rounds=3, batch=4, barrier=True),
        generator=GeneratorSettings(pool=24, generations=2, offspring=20),
        acquisition=AcquisitionSettings(samples=64),
        funnel=(FunnelStage(stage="frail", at_least=LIMIT),),
    )


def run(journal, plan, listener=None, archive=None):
    return run_campaign(
        journal=journal,
        plan=plan,
        generator=Amines(),
        executor=Inline(),
        on_event=listener,
        sources=SOURCES,
        archive=archive,
    )


def computed(trace, recipe):
    lines = [line.split() for line in trace.read_text().splitlines()]
    return [line[0] for line in lines if line[2:] == ([] if recipe == "faulty" else [recipe])]


@pytest.mark.parametrize("barrier", [True, False])
def test_what_a_stage_cuts_costs_no_more_and_fills_its_place(plan, tmp_path, trace, barrier):
    plan = replace(plan, campaign=plan.campaign.model_copy(update={"barrier": barrier}))
    with start(tmp_path / "run") as journal:
        found = run(journal, plan)
        assert journal.finished
        chosen = [s.candidate for s in journal.selections()]
        cuts = list(journal.cuts())
        summaries = [record.summary for record in journal.rounds()]
    assert len(chosen) == 12
    good = {c.smiles for c in chosen if number_score(c.smiles).value >= LIMIT}
    assert 0 < len(good) < 12
    assert sorted(computed(trace, "frail")) == sorted(c.smiles for c in chosen)
    assert sorted(computed(trace, "faulty")) == sorted(good)
    assert {lead.candidate.smiles for lead in found} == good
    assert len(cuts) == 12 - len(good)
    assert {cut.round for cut in cuts} <= {1, 2, 3}
    assert sum(summary["cut"] for summary in summaries) == len(cuts)
    assert sum(summary["scored"] for summary in summaries) == len(good)


@pytest.mark.parametrize("stop_after", [3, 8])
def test_a_stopped_campaign_with_a_funnel_ends_with_the_same_leads(
    plan, tmp_path, trace, stop_after
):
    with start(tmp_path / "whole") as journal:
        whole = essence(run(journal, plan))
    begun = sorted(trace.read_text().splitlines())
    trace.write_text("")

    def listener(event):
        if len(trace.read_text().splitlines()) >= stop_after:
            raise KeyboardInterrupt

    with start(tmp_path / "stopped") as journal, pytest.raises(KeyboardInterrupt):
        run(journal, plan, listener)
    with Journal.open(tmp_path / "stopped") as journal:
        assert essence(run(journal, plan)) == whole
    assert sorted(trace.read_text().splitlines()) == begun


def test_decisions_with_a_funnel_can_be_made_again(plan, tmp_path):
    exactly = FunnelStage(stage="heavy-atoms", at_most=9)
    plan = replace(plan, funnel=(exactly, *plan.funnel))
    with start(tmp_path / "run") as journal:
        run(journal, plan)
        for decided in replayed(journal, plan):
            again = [s.candidate.inchikey for s in decided.choice.selections]
            assert again == [s.candidate.inchikey for s in decided.chosen]


@pytest.mark.parametrize(
    ("cut", "heaviest"), [({"at_most": 6}, 6), ({"keep": 0.5, "best": "lower"}, 7)]
)
def test_exact_properties_hold_for_the_library_and_for_proposals(plan, tmp_path, cut, heaviest):
    plan = replace(plan, funnel=(FunnelStage(stage="heavy-atoms", **cut),))
    with start(tmp_path / "run") as journal:
        run(journal, plan)
        chosen = [s.candidate for s in journal.selections()]
        assert {c.origin for c in chosen} == {"library", "generator"}
        assert max(exact("heavy-atoms", c.smiles) for c in chosen) <= heaviest
        offered = [c for r in (1, 2, 3) for c in journal.offers(r)]
        assert max(exact("heavy-atoms", c.smiles) for c in offered) <= heaviest
        cut_rows = {c.inchikey for c in journal.cuts()}
        assert len(cut_rows) == sum(exact("heavy-atoms", s) > heaviest for s in ALCOHOLS)
        assert journal.finished


def test_a_value_that_cut_its_molecule_teaches_as_a_cheap_one(plan, tmp_path, monkeypatch):
    """Of a stage that is a baseline: the surrogate sees it beside the scores."""
    monkeypatch.setitem(sys.modules, "cheaprecipe", _module())
    name = "faulty/hf-lumo"
    plan = replace(plan, funnel=(FunnelStage(stage=name, at_least=LIMIT + 5),))
    sources = {**SOURCES, name: "cheaprecipe:RECIPE"}
    with start(tmp_path / "run") as journal:
        run_campaign(
            journal=journal, plan=plan, generator=Amines(), executor=Inline(), sources=sources
        )
        cuts = {cut.inchikey: cut.value for cut in journal.cuts()}
        assert cuts
        knowledge = Knowledge(journal, plan)
        knowledge.advance()
        labels = {label.candidate.inchikey: label for label in knowledge.labels("faulty")}
        for key, value in cuts.items():
            assert labels[key].cheap == {"hf-lumo": value}
            assert np.isnan(labels[key].value)
            assert not labels[key].failed
            assert knowledge.has(key)
        learned = learn(knowledge, plan, journal.selections(), {})
        assert learned.surrogates["faulty"].predict(["CCO"]).mean.shape == (1,)
        smiles, failed, _ = knowledge.calculations()
        assert sum(failed) == len(cuts)
        assert len(smiles) == 12


def _module():
    import types

    from faultyrecipe import FaultyRecipe

    class Cheap(FaultyRecipe):
        def score(self, work):
            found = super().score(work)
            return replace(found, value=found.baselines["hf-lumo"].value, baselines={})

    module = types.ModuleType("cheaprecipe")
    module.RECIPE = Cheap("faulty/hf-lumo")
    return module


def test_a_campaign_takes_over_what_another_has_computed(plan, tmp_path, trace):
    settings = SimulationSettings()
    plan = replace(plan, funnel=())
    with (
        start(tmp_path / "first") as journal,
        Cache((), settings, 11, sources=SOURCES) as archive,
    ):
        first = essence(run(journal, plan, archive=archive))
    begun = len(trace.read_text().splitlines())
    assert begun == 12
    with (
        start(tmp_path / "second") as journal,
        Cache([tmp_path / "first"], settings, 11, sources=SOURCES) as archive,
    ):
        assert essence(run(journal, plan, archive=archive)) == first
        assert journal.attempts() == []
        assert sum(journal.sources().values()) == 12
    assert len(trace.read_text().splitlines()) == begun
