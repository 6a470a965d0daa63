"""Criteria, cost, pending molecules, whole batches and streaming, on tables of predictions."""

import numpy as np
import pytest
from scipy.stats import norm

from screening import pareto, scorers
from screening.acquisition import AcquisitionSettings, choose, shortlist, worth
from screening.acquisition.frontgain import FrontGain
from screening.fingerprint import morgan, similarities
from screening.intake.standardise import candidate as standardised
from screening.objective import ObjectiveSettings, desirability
from screening.surrogate import Prediction
from screening.surrogate.outcome import Outcomes
from simulation.errors import ResourceError

ALIPHATIC = "CCO CCN CCCC CC(=O)O CC(=O)N C=CC(=O)N C=CC(=O)OC CC#N CS(=O)(=O)C OCC(O)CO CC(C)(C)O"
RINGS = (
    "C1CCCCC1 C1CCNCC1 C1COCCN1 c1ccccc1 c1ccncc1 c1ccsc1 c1ccoc1 Oc1ccccc1 Nc1ccccc1 Clc1ccccc1"
)
LARGER = "FC(F)(F)c1ccccc1 c1ccc2ccccc2c1 c1ccc2[nH]ccc2c1"
POOL = [
    standardised(smiles, origin="generator" if i % 3 == 0 else "library")
    for i, smiles in enumerate(f"{ALIPHATIC} {RINGS} {LARGER}".split())
]
SMILES = [c.smiles for c in POOL]
# "gap" and "barrier" are no scorers, so they count as recipes
GAP = ObjectiveSettings(name="gap", transform="maximize", low=0.0, high=4.0)
BARRIER = ObjectiveSettings(name="barrier", transform="minimize", low=10.0, high=20.0)
LIMIT = ObjectiveSettings(name="gap", transform="at_least", low=2.0, hard=True)


class Table:
    """Normal predictions by SMILES; those of one group share their error."""

    def __init__(self, mean, std, group=None):
        self.mean, self.std, self.group = mean, std, group or {}
        self.largest = 0

    def predict(self, smiles):
        self.largest = max(self.largest, len(smiles))
        return Prediction(
            np.array([self.mean[s] for s in smiles]), np.array([self.std[s] for s in smiles])
        )

    def sample(self, smiles, n, seed):
        rng = np.random.default_rng(seed)
        names = sorted({self.group.get(s, s) for s in smiles})
        noise = dict(zip(names, rng.standard_normal((len(names), n)), strict=True))
        return np.stack(
            [self.mean[s] + self.std[s] * noise[self.group.get(s, s)] for s in smiles], axis=1
        )

    def conditioned(self, smiles, values):
        told = {self.group.get(s, s) for s in smiles}
        std = {s: 0.01 * x if self.group.get(s, s) in told else x for s, x in self.std.items()}
        return Table(self.mean | dict(zip(smiles, values, strict=True)), std, self.group)


class Expected:
    """What calculations take and whether they succeed."""

    def __init__(self, success=None, core_seconds=None):
        self.success, self.core_seconds = success or {}, core_seconds or {}

    def predict(self, smiles):
        return Outcomes(
            np.array([self.success.get(s, 1.0) for s in smiles]),
            np.array([self.core_seconds.get(s, 100.0) for s in smiles]),
        )


def table(mean, std, group=None):
    """Of numbers in the order of the pool; one number stands for all."""
    mean, std = (np.broadcast_to(x, len(POOL)).tolist() for x in (mean, std))
    return Table(dict(zip(SMILES, mean, strict=True)), dict(zip(SMILES, std, strict=True)), group)


def chosen(model, pool=POOL, *, kind="ucb", settings=None, **changed):
    arguments = {
        "n": 3,
        "n_generator": None,
        "surrogates": {"gap": model},
        "objectives": [GAP],
        "best_utility": 0.5,
        "settings": settings or AcquisitionSettings(kind=kind, diversity=1.0),
        "seed": 3,
    }
    return choose(pool, **{**arguments, **changed})


def places(choice):
    keys = [c.inchikey for c in POOL]
    return [keys.index(s.candidate.inchikey) for s in choice.selections]


RNG = np.random.default_rng(5)
MEANS, STDS = RNG.uniform(0, 4, len(POOL)), RNG.uniform(0.1, 1.5, len(POOL))


@pytest.mark.parametrize("beta", [0.0, 1.0, 2.5])
def test_for_one_maximised_property_the_bound_is_that_of_the_property(beta):
    settings = AcquisitionSettings(kind="ucb", beta=beta)
    (best,) = chosen(table(MEANS, STDS), n=1, settings=settings).selections
    place = int(np.argmax(MEANS + beta * STDS))
    assert best.candidate == POOL[place]
    expected = float(desirability(MEANS[place] + beta * STDS[place], GAP))
    assert best.acquisition == pytest.approx(expected, rel=1e-6)
    values = worth(
        POOL,
        surrogates={"gap": table(MEANS, STDS)},
        objectives=[GAP],
        best_utility=0.5,
        settings=settings,
        seed=0,
    )
    assert np.array_equal(np.argsort(values), np.argsort(MEANS + beta * STDS))


def test_each_place_has_its_own_weight_where_asked():
    settings = AcquisitionSettings(kind="ucb", beta=1.0, beta_decades=1.0, diversity=1.0)
    first, again = (chosen(table(MEANS, STDS), n=12, settings=settings) for _ in range(2))
    weights = [s.facts["beta"] for s in first.selections]
    assert first == again
    assert len(set(weights)) == 12
    assert min(weights) < 0.5 < 2 < max(weights)
    assert all(0.1 <= weight <= 10 for weight in weights)
    one = chosen(table(MEANS, STDS), n=3)
    assert {s.facts["beta"] for s in one.selections} == {1.0}


def test_expected_improvement_is_that_of_the_integral():
    (best,) = chosen(table(2.5, 1.0), n=1, kind="ei").selections
    z = np.linspace(-8, 8, 40001)
    gain = np.maximum(desirability(2.5 + z, GAP) - 0.5, 0)
    exact = float((gain * norm.pdf(z)).sum() * (z[1] - z[0]))
    assert best.acquisition == pytest.approx(exact, rel=0.01)
    assert best.facts["expected_improvement"] == pytest.approx(exact, rel=0.01)


def test_thompson_takes_a_molecule_as_often_as_it_is_the_best():
    model = table([1.5, 1.9] + [-9.0] * (len(POOL) - 2), 0.5)
    first = [places(chosen(model, n=1, kind="thompson", seed=seed))[0] for seed in range(200)]
    assert set(first) == {0, 1}
    assert np.mean(first) == pytest.approx(norm.cdf(0.4 / np.sqrt(0.5)), abs=0.1)


@pytest.mark.parametrize("kind", ["ucb", "ei", "qei"])
def test_what_is_chosen_is_believed(kind):
    """Molecules 0 and 1 are right or wrong together; 2 is a little less promising."""
    mean = [2.3, 2.29, 2.2] + [0.0] * (len(POOL) - 3)
    model = table(mean, [1.0, 1.0, 1.0] + [0.1] * (len(POOL) - 3), dict.fromkeys(SMILES[:2], "one"))
    assert sorted(places(chosen(model, n=2, kind=kind))) in ([0, 2], [1, 2])
    assert places(chosen(table(mean, 1.0), n=2, kind="ucb")) == [0, 1]


@pytest.mark.parametrize("kind", ["ucb", "ei", "qei", "thompson", "greedy", "random"])
def test_what_is_pending_is_not_chosen_again(kind):
    pending = [POOL[i] for i in (2, 5)]
    choice = chosen(table(MEANS, STDS), n=30, kind=kind, pending=pending)
    assert sorted(places(choice)) == sorted(set(range(len(POOL))) - {2, 5})
    assert {s.facts["pending"] for s in choice.selections} == {2.0}
    assert "2 pending" in choice.note


@pytest.mark.parametrize("kind", ["ucb", "ei", "qei"])
def test_what_is_pending_counts_as_part_of_the_batch(kind):
    mean = [2.3, 2.29, 2.2] + [0.0] * (len(POOL) - 3)
    model = table(mean, [1.0, 1.0, 1.0] + [0.1] * (len(POOL) - 3), dict.fromkeys(SMILES[:2], "one"))
    assert places(chosen(model, n=1, kind=kind)) == [0]
    assert places(chosen(model, n=1, kind=kind, pending=POOL[:1])) == [2]
    alone, beside = (chosen(model, n=1, pending=p).gain for p in ((), POOL[:1]))
    assert 0 < beside < alone


def test_near_duplicates_of_what_is_pending_wait():
    chains = [standardised("C" * n + "O", origin="library") for n in (10, 11)]
    model = Table({c.smiles: 3.0 for c in chains} | {"CCN": 1.0}, {}, {})
    model.std = dict.fromkeys(model.mean, 0.1)
    choice = chosen(
        model,
        [chains[1], standardised("CCN", origin="library")],
        n=1,
        settings=AcquisitionSettings(kind="ucb"),
        pending=chains[:1],
    )
    assert choice.selections[0].candidate.smiles == "CCN"


def test_before_the_first_label_the_spread_keeps_away_from_what_is_pending():
    pool = [standardised(s, origin="library") for s in ("CCCCCCCCCCO", "c1ccncc1")]
    pending = [standardised("CCCCCCCCCCCO", origin="library")]
    choice = chosen(None, pool, n=1, surrogates={}, pending=pending)
    assert choice.selections[0].candidate.smiles == "c1ccncc1"
    assert choice.gain == 0
    assert choice.gain_per_core_hour is None


@pytest.mark.parametrize("kind", ["ucb", "ei", "qei", "greedy"])
def test_what_will_fail_is_steered_away_from(kind):
    best = int(np.argmax(MEANS))
    doomed = Expected(success={SMILES[best]: 0.01})
    model = table(MEANS, 0.2)
    assert places(chosen(model, n=1, kind=kind)) == [best]
    choice = chosen(model, n=1, kind=kind, outcomes=doomed)
    assert places(choice) != [best]
    assert choice.selections[0].facts["success"] == 1.0


def test_cost_counts_where_asked():
    model = table([3.0, 2.9] + [0.0] * (len(POOL) - 2), 0.1)
    prices = Expected(core_seconds={SMILES[0]: 1000.0, SMILES[1]: 100.0})
    careless = chosen(model, n=1, kind="ei", outcomes=prices)
    careful = chosen(
        model, n=1, settings=AcquisitionSettings(kind="ei", cost_aware=True), outcomes=prices
    )
    assert (places(careless), places(careful)) == ([0], [1])
    assert careless.gain_per_core_hour == pytest.approx(careless.gain * 3.6)
    assert careful.gain_per_core_hour == pytest.approx(careful.gain * 36)
    facts = careful.selections[0].facts
    assert facts["core_seconds"] == 100.0
    assert careful.selections[0].acquisition == pytest.approx(
        facts["expected_improvement"] / 100, rel=1e-6
    )
    assert "100 core-seconds" in careful.selections[0].reason


def test_gain_counts_what_succeeds():
    model = table(3.0, 0.01)
    sure = chosen(model, n=1, settings=AcquisitionSettings(samples=4096))
    unsure = chosen(
        model,
        n=1,
        settings=AcquisitionSettings(samples=4096),
        outcomes=Expected(dict.fromkeys(SMILES, 0.25)),
    )
    assert sure.gain == pytest.approx(float(desirability(3.0, GAP)) - 0.5, abs=2e-3)
    assert unsure.gain == pytest.approx(0.25 * sure.gain, rel=0.1)


@pytest.mark.parametrize("kind", ["ucb", "ei", "qei", "greedy"])
def test_a_hard_limit_of_a_recipe_is_met_by_chance(kind):
    """Molecule 0 misses the limit more often than not, however good it would be else."""
    mean = [1.5, 2.3] + [-5.0] * (len(POOL) - 2)
    model = table(mean, [0.8, 0.2] + [0.1] * (len(POOL) - 2))
    choice = chosen(model, n=2, kind=kind, objectives=[LIMIT], best_utility=0.0)
    assert places(choice)[0] == 1
    first = choice.selections[0]
    assert first.utility_mean == pytest.approx(norm.cdf(0.3 / 0.2), abs=0.02)


def test_the_wish_that_holds_a_molecule_back_is_named():
    logp = ObjectiveSettings(name="logp", transform="at_most", high=-3.0, softness=0.5)
    model = table(3.9, 0.01)
    (selection,) = chosen(model, n=1, objectives=[GAP, logp]).selections
    assert selection.facts["limiting"] == "logp"
    (selection,) = chosen(table(0.1, 0.01), n=1, objectives=[GAP, LIMIT]).selections
    assert selection.facts["limiting"] == "gap"


# several wishes


def two(gap, barrier, std):
    return {"gap": table(gap, std), "barrier": table(barrier, std)}


def test_front_growth_is_the_exact_hypervolume_where_nothing_is_uncertain():
    gap, barrier = np.full(len(POOL), 0.5), np.full(len(POOL), 19.0)
    gap[:3], barrier[:3] = [3.8, 2.6, 1.0], [18.0, 13.0, 10.5]
    known = np.array([[0.5, 0.5], [0.2, 0.3], [np.nan, 1.0]])
    choice = chosen(
        None,
        n=3,
        kind="qnehvi",
        surrogates=two(gap, barrier, 1e-6),
        objectives=[GAP, BARRIER],
        desirabilities=known,
    )
    assert sorted(places(choice)) == [0, 1, 2]
    points = np.stack([desirability(gap, GAP), desirability(barrier, BARRIER)], axis=1)
    before = known[:2]
    for place, selection in zip(places(choice), choice.selections, strict=True):
        after = np.vstack([before, points[place]])
        grown = pareto.hypervolume(after) - pareto.hypervolume(before)
        assert selection.acquisition == pytest.approx(grown, abs=1e-5)
        before = after


@pytest.mark.parametrize("wishes", [2, 3])
def test_front_growth_is_the_mean_over_the_draws(wishes):
    rng = np.random.default_rng(wishes)
    known, draws = 0.8 * rng.random((6, wishes)), rng.random((16, wishes, 8))
    found = FrontGain(known, draws, pending=1).values([3])
    grown = np.zeros(7)
    for draw in draws:
        before = np.vstack([known, draw[:, [7, 3]].T])
        volume = pareto.hypervolume(before)
        for i in range(7):
            grown[i] += pareto.hypervolume(np.vstack([before, draw[:, i]])) - volume
    assert found == pytest.approx(grown / 16, abs=1e-5)


def test_one_wish_has_no_front():
    settings = {"best_utility": 0.3, "n": 4}
    front, joint = (chosen(table(MEANS, STDS), kind=k, **settings) for k in ("qnehvi", "qei"))
    assert places(front) == places(joint)


def test_both_ends_of_the_front_outlive_the_shortlist(monkeypatch):
    monkeypatch.setattr(shortlist, "FRONT_LIMIT", 6)
    gap, barrier = np.full(len(POOL), 2.0), np.full(len(POOL), 15.0)
    gap[0], barrier[0] = 4.0, 20.0
    gap[1], barrier[1] = 0.0, 10.0
    choice = chosen(
        None,
        n=3,
        kind="qnehvi",
        surrogates=two(gap, barrier, 1e-3),
        objectives=[GAP, BARRIER],
        desirabilities=np.array([[0.5, 0.5]]),
    )
    assert {0, 1} <= set(places(choice))


def test_a_front_of_five_wishes_is_refused_before_anything_is_chosen():
    names = ("logp", "tpsa", "qed", "heavy-atoms", "rotatable-bonds")
    wishes = [ObjectiveSettings(name=n, transform="maximize", low=0, high=1) for n in names]
    with pytest.raises(ValueError, match="at most 4 objectives, not 5"):
        chosen(None, objectives=wishes, kind="qnehvi", surrogates={})
    with pytest.raises(ValueError, match="one column an objective"):
        chosen(
            None,
            kind="qnehvi",
            surrogates=two(1.0, 12.0, 0.1),
            objectives=[GAP, BARRIER],
            desirabilities=np.ones((3, 1)),
        )


# a batch as a whole


@pytest.mark.parametrize("kind", ["ucb", "ei", "thompson"])
@pytest.mark.parametrize("solver", ["greedy", "annealing", "exact"])
def test_a_whole_batch_reports_every_solver(kind, solver):
    settings = AcquisitionSettings(kind=kind, batch=solver)
    choice = chosen(table(MEANS, STDS), n=4, settings=settings)
    assert len(choice.selections) == 4
    assert choice.batches[0].solver == solver
    values = {batch.solver: batch.value for batch in choice.batches}
    assert {"greedy", "annealing"} <= set(values)
    assert max(values.values()) == pytest.approx(values.get("exact", values["annealing"]))
    turned = chosen(table(MEANS, STDS), POOL[::-1], n=4, settings=settings)
    assert choice.selections == turned.selections


def test_a_whole_batch_is_more_diverse_than_a_greedy_one():
    """Ten alcohols are a little better than everything else."""
    chains = [standardised("C" * n + "O", origin="library") for n in range(3, 13)]
    pool = [*chains, *POOL]
    model = Table(
        {c.smiles: 2.1 if c in chains else 2.0 for c in pool}, {c.smiles: 0.1 for c in pool}
    )

    def crowding(settings):
        prints = [
            morgan(s.candidate.smiles)
            for s in chosen(model, pool, n=5, settings=settings).selections
        ]
        return np.mean([similarities(p, prints).sum() - 1 for p in prints])

    whole = crowding(AcquisitionSettings(kind="greedy", batch="exact", spread=2.0))
    assert whole < 0.5 * crowding(AcquisitionSettings(kind="greedy"))


def test_a_whole_batch_keeps_the_generators_share():
    settings = AcquisitionSettings(batch="annealing")
    for share in (0, 2, 5):
        choice = chosen(table(MEANS, STDS), n=5, n_generator=share, settings=settings)
        assert sum(s.candidate.origin == "generator" for s in choice.selections) == share
    few = chosen(table(MEANS, STDS), n=20, n_generator=2, settings=settings)
    library = sum(c.origin == "library" for c in POOL)
    assert sum(s.candidate.origin == "library" for s in few.selections) == library
    assert len(few.selections) == 20


def test_where_a_device_gives_no_answer_annealing_chooses(monkeypatch):
    from screening.batchqubo import quantum

    def silent(*_, **__):
        raise ResourceError("device", "no answer within 600 s")

    monkeypatch.setattr(quantum, "qaoa", silent)
    by = {
        solver: chosen(table(MEANS, STDS), n=4, settings=AcquisitionSettings(batch=solver))
        for solver in ("qaoa", "annealing")
    }
    assert by["qaoa"].batches[0].solver == "annealing"
    assert places(by["qaoa"]) == places(by["annealing"])
    assert "qaoa gave no batch (device: no answer within 600 s)" in by["qaoa"].note


def test_an_unknown_backend_is_refused_before_anything_is_chosen():
    settings = AcquisitionSettings(batch="qaoa", backend="aerr")
    with pytest.raises(ValueError, match="did you mean 'aer'"):
        chosen(None, surrogates={}, settings=settings)


def test_front_growth_is_no_whole_batch():
    with pytest.raises(ValueError, match="one molecule after the other"):
        AcquisitionSettings(kind="qnehvi", batch="exact")


# large pools


def test_a_large_pool_is_streamed():
    """Whatever is predicted is predicted in parts, and the best is found among them all."""
    pool = [standardised("C" * n, origin="library") for n in range(1, 6)]
    many = [
        type(pool[0])(f"{i:07d}", pool[i % 5].smiles, "", "library") for i in range(3 * 4096 + 7)
    ]
    model = Table({c.smiles: float(len(c.smiles)) / 2 for c in pool}, {c.smiles: 0.1 for c in pool})
    choice = chosen(model, many, n=2)
    assert [s.candidate.smiles for s in choice.selections] == ["CCCCC"] * 2
    assert model.largest <= 4096
    drawn = chosen(model, many, n=2, kind="random")
    assert len(drawn.selections) == 2


@pytest.mark.parametrize("kind", ["ucb", "random"])
def test_a_batch_is_full_however_short_the_shortlist(monkeypatch, kind):
    monkeypatch.setattr(shortlist, "JOINT_LIMIT", 2)
    proposals = sum(c.origin == "generator" for c in POOL)
    choice = chosen(table(MEANS, STDS), n=proposals, n_generator=proposals, kind=kind)
    assert [s.candidate.origin for s in choice.selections] == ["generator"] * proposals


def test_a_large_pool_is_sampled_before_the_first_label(monkeypatch):
    monkeypatch.setattr(shortlist, "SPREAD_LIMIT", 8)
    choice = chosen(None, n=8, surrogates={})
    assert len(choice.selections) == 8
    assert places(choice) == places(chosen(None, POOL[::-1], n=8, surrogates={}))
    other = chosen(None, n=8, surrogates={}, seed=4)
    assert set(places(choice)) != set(places(other))
    assert {s.candidate.origin for s in choice.selections} == {"generator", "library"}


def test_exact_properties_are_enough():
    qed = ObjectiveSettings(name="qed", transform="maximize", low=0.3, high=0.9)
    choice = chosen(None, n=3, surrogates={}, objectives=[qed], kind="ei", best_utility=0.0)
    values = [scorers.value("qed", c.smiles) for c in POOL]
    assert places(choice) == np.argsort(values)[::-1][:3].tolist()
    assert choice.gain == pytest.approx(float(desirability(max(values), qed)))


def test_what_is_told_of_a_molecule_is_not_what_was_believed():
    """Calibration compares the prediction with the value that comes."""
    model = table([2.5, 2.4] + [0.0] * (len(POOL) - 2), 1.0, dict.fromkeys(SMILES[:2], "one"))
    choice = chosen(model, n=2, settings=AcquisitionSettings(beta=0.0), pending=POOL[:1])
    first = choice.selections[0]
    assert first.candidate == POOL[1]
    assert first.predicted["gap"] == (2.4, 1.0)
    alone = chosen(model, POOL[1:2], n=1).selections[0]
    assert first.utility_mean == pytest.approx(alone.utility_mean)
    assert first.utility_std == pytest.approx(alone.utility_std)
