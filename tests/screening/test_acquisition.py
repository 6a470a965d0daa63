import csv
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, DataStructs

from screening import scorers
from screening.acquisition import AcquisitionSettings, choose, shortlist
from screening.candidate import Candidate
from screening.fingerprint import morgan
from screening.intake.standardise import candidate as standardised
from screening.objective import ObjectiveSettings, desirability
from screening.surrogate import Prediction, create

# "activity": electron affinity in steps of 0.25 eV above -4.3 eV, mostly -6 to 0
with (Path(__file__).parent / "data" / "electron_affinity.csv").open() as file:
    ROWS = [(row["smiles"], 4 * (float(row["warhead_ea"]) + 4.3)) for row in csv.DictReader(file)]
POOL = [
    standardised(smiles, origin="generator" if i % 3 == 0 else "library", name=str(i))
    for i, (smiles, _) in enumerate(ROWS)
]
MEASURED = {c.inchikey: value for c, (_, value) in zip(POOL, ROWS, strict=True)}

# "activity" is no scorer, so it counts as a recipe
ACTIVITY = ObjectiveSettings(name="activity", transform="maximize", low=-6.0, high=0.0)
LOGP = ObjectiveSettings(name="logp", transform="at_most", high=1.0, softness=0.5)


QEI = AcquisitionSettings(kind="qei")


def select(pool=POOL, **changed):
    arguments = {
        "n": 8,
        "n_generator": 4,
        "surrogates": {},
        "objectives": [ACTIVITY, LOGP],
        "best_utility": 0.0,
        "settings": QEI,
        "seed": 7,
    }
    return list(choose(pool, **{**arguments, **changed}).selections)


def keys(selections):
    return [selection.candidate.inchikey for selection in selections]


@pytest.fixture(scope="module")
def model():
    surrogate = create()
    surrogate.fit([c.smiles for c in POOL[:40]], [MEASURED[c.inchikey] for c in POOL[:40]])
    return surrogate


class Table:
    """A surrogate with given means, deviations and, on request, one common error."""

    def __init__(self, mean, std, group=None):
        self.mean, self.std, self.group = mean, std, group or {}

    def predict(self, smiles):
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
        """Told a value it is sure of it, and half as unsure of those of the same error."""
        told = {self.group.get(s, s) for s in smiles}
        std = {
            s: 0.01 * x if s in smiles else x / 2 if self.group.get(s, s) in told else x
            for s, x in self.std.items()
        }
        return Table(self.mean | dict(zip(smiles, values, strict=True)), std, self.group)


def test_first_batch_is_spread_over_structures():
    chosen = select()
    assert len(chosen) == 8
    assert [s.position for s in chosen] == list(range(1, 9))
    prints = [morgan(s.candidate.smiles) for s in chosen]
    mutual = [max(DataStructs.BulkTanimotoSimilarity(prints[i], prints[:i])) for i in range(1, 8)]
    others = [morgan(c.smiles) for c in POOL]
    ordinary = np.mean([sorted(DataStructs.BulkTanimotoSimilarity(p, others))[-2] for p in others])
    assert max(mutual) < ordinary
    assert all(s.predicted == {} for s in chosen)
    assert "no scores yet" in chosen[0].reason
    assert f"{mutual[-1]:.2f}" in chosen[-1].reason


def test_first_batch_weighs_what_is_known_exactly():
    means = {}
    for objectives in ([ACTIVITY], [ACTIVITY, LOGP]):
        chosen = select(objectives=objectives)
        logp = np.array([scorers.value("logp", s.candidate.smiles) for s in chosen])
        means[len(objectives)] = desirability(logp, LOGP).mean()
        assert chosen[0].utility_mean == 1.0
    assert means[2] > max(means[1], 0.8)


def test_the_generator_gets_its_share():
    for share in (0, 4, 8):
        for surrogates in ({}, {"activity": Table(*flat())}):
            chosen = select(n_generator=share, surrogates=surrogates)
            proposed = [s for s in chosen if s.candidate.origin == "generator"]
            assert len(chosen) == 8
            assert len(proposed) == share


def flat():
    return {c.smiles: -3.0 for c in POOL}, {c.smiles: 1.0 for c in POOL}


def test_a_short_pool_of_proposals_is_filled_from_the_library():
    pool = [c for c in POOL if c.origin == "library"][:20] + POOL[:1]
    chosen = select(pool, n_generator=6)
    assert len(chosen) == 8
    assert sum(s.candidate.origin == "generator" for s in chosen) == 1


def test_value_decides_where_the_share_is_met():
    mean, std = flat()
    best = [c for c in POOL if c.origin == "library"][:6]
    mean |= {c.smiles: -0.5 for c in best}
    chosen = select(
        n_generator=2,
        surrogates={"activity": Table(mean, dict.fromkeys(std, 0.05))},
        objectives=[ACTIVITY],
        settings=AcquisitionSettings(kind="greedy"),
    )
    assert set(keys(chosen)[:6]) == {c.inchikey for c in best}
    assert [s.candidate.origin for s in chosen[6:]] == ["generator", "generator"]


def test_reason_names_the_share_that_kept_a_better_molecule_out():
    mean, std = flat()
    best = [c for c in POOL if c.origin == "library"][:6]
    mean |= {c.smiles: -0.5 for c in best}
    chosen = select(
        n_generator=4,
        surrogates={"activity": Table(mean, dict.fromkeys(std, 0.05))},
        objectives=[ACTIVITY],
        settings=AcquisitionSettings(kind="greedy"),
    )
    assert [s.candidate.origin for s in chosen] == ["library"] * 4 + ["generator"] * 4
    assert all("for the generator's share" in s.reason for s in chosen[4:])


def test_order_of_the_pool_does_not_matter(model):
    for kind in ("qei", "ucb", "greedy", "random"):
        arguments = {
            "surrogates": {"activity": model},
            "settings": AcquisitionSettings(kind=kind),
            "best_utility": 0.4,
        }
        assert select(POOL[40:], **arguments) == select(POOL[:39:-1], **arguments)
    assert select() == select(POOL[::-1])


def test_the_seed_decides_the_draws(model):
    settings = AcquisitionSettings(kind="random")
    assert keys(select(settings=settings, seed=1)) != keys(select(settings=settings, seed=2))


def test_a_molecule_is_chosen_once_and_the_librarys_entry_is_kept():
    twin = Candidate(POOL[1].inchikey, POOL[1].smiles, "", "generator")
    chosen = select([twin, *POOL[:9], twin], n=20, n_generator=None)
    assert len(set(keys(chosen))) == len(chosen) == 9
    (kept,) = [s.candidate for s in chosen if s.candidate.inchikey == twin.inchikey]
    assert kept.origin == "library"


@pytest.mark.parametrize("kind", ["qei", "ucb", "greedy"])
def test_informed_batches_are_better_than_random_ones(model, kind):
    """The batch should hold the warheads of high electron affinity."""

    def mean_value(settings):
        chosen = select(
            POOL[40:],
            n_generator=None,
            surrogates={"activity": model},
            objectives=[ACTIVITY],
            best_utility=0.5,
            settings=settings,
        )
        return np.mean([MEASURED[key] for key in keys(chosen)])

    informed = mean_value(AcquisitionSettings(kind=kind))
    assert informed > mean_value(AcquisitionSettings(kind="random")) + 0.5


def test_qei_prefers_uncertainty_where_the_mean_is_no_better():
    mean, std = flat()
    std = dict.fromkeys(std, 0.05)
    unsure = POOL[5]
    std[unsure.smiles] = 2.0
    best = float(desirability(-3.0, ACTIVITY))
    arguments = {
        "surrogates": {"activity": Table(mean, std)},
        "objectives": [ACTIVITY],
        "n": 1,
        "n_generator": None,
        "best_utility": best,
    }
    (chosen,) = select(**arguments)
    assert chosen.candidate == unsure
    assert chosen.acquisition > 0.01
    assert chosen.predicted["activity"] == (-3.0, 2.0)
    (chosen,) = select(**arguments, settings=AcquisitionSettings(kind="ucb", beta=2.0))
    assert chosen.candidate == unsure


def test_qei_does_not_take_two_molecules_with_one_error():
    """A, B and C are alike in mean and deviation; A and B are right or wrong together."""
    a, b, c = POOL[3], POOL[6], POOL[9]
    mean = {m.smiles: -3.0 for m in (a, b, c)}
    std = {m.smiles: 1.5 for m in (a, b, c)}
    common = {a.smiles: "one", b.smiles: "one"}
    chosen = select(
        [a, b, c],
        n=2,
        n_generator=None,
        surrogates={"activity": Table(mean, std, common)},
        objectives=[ACTIVITY],
        best_utility=0.5,
    )
    assert c.inchikey in keys(chosen)


def test_first_gain_is_the_expected_improvement():
    """One candidate, against a numerical integral of E[max(u - best, 0)]."""
    mean, std, best = -2.0, 1.0, 0.6
    (chosen,) = select(
        POOL[:1],
        n=1,
        surrogates={"activity": Table({POOL[0].smiles: mean}, {POOL[0].smiles: std})},
        objectives=[ACTIVITY],
        best_utility=best,
        settings=AcquisitionSettings(kind="qei", samples=4096),
    )
    z = np.linspace(-8, 8, 20001)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    gain = np.maximum(desirability(mean + std * z, ACTIVITY) - best, 0)
    exact = float((gain * density).sum() * (z[1] - z[0]))
    assert chosen.acquisition == pytest.approx(exact, rel=0.06)


def test_where_nothing_can_improve_the_mean_decides():
    window = ObjectiveSettings(name="activity", transform="window", low=-4.0, high=-2.0)
    mean, std = flat()
    mean |= {c.smiles: -9.0 for c in POOL[10:]}
    chosen = select(
        n_generator=None,
        surrogates={"activity": Table(mean, std)},
        objectives=[window],
        best_utility=1.0,
    )
    assert set(keys(chosen)) <= {c.inchikey for c in POOL[:10]}
    assert "no draw improves" in chosen[0].reason


def test_near_duplicates_wait_until_nothing_else_is_left():
    chains = [standardised("C" * n + "O", origin="library") for n in (10, 11, 12)]
    assert DataStructs.TanimotoSimilarity(*(morgan(c.smiles) for c in chains[:2])) > 0.95
    other = standardised("c1ccncc1", origin="library")
    mean = {c.smiles: -1.0 for c in chains} | {other.smiles: -5.0}
    std = dict.fromkeys(mean, 0.1)
    chosen = select(
        [*chains, other],
        n=3,
        n_generator=None,
        surrogates={"activity": Table(mean, std)},
        objectives=[ACTIVITY],
        settings=AcquisitionSettings(kind="greedy"),
    )
    assert keys(chosen)[1] == other.inchikey
    assert "nothing less similar was left" in chosen[2].reason
    assert "nothing less similar" not in chosen[1].reason


def test_hard_limits_on_exact_properties_leave_molecules_out():
    hard = ObjectiveSettings(name="logp", transform="at_most", high=2.0, hard=True)
    chosen = select(objectives=[ACTIVITY, hard], n=200)
    assert 0 < len(chosen) < len(POOL)
    assert all(scorers.value("logp", s.candidate.smiles) <= 2.0 for s in chosen)
    impossible = ObjectiveSettings(name="logp", transform="at_most", high=-90.0, hard=True)
    assert select(objectives=[ACTIVITY, impossible]) == []


def test_exact_properties_alone_need_no_surrogate():
    chosen = select(objectives=[LOGP], n=5, n_generator=None)
    assert all(s.utility_std == 0 for s in chosen)
    assert min(s.utility_mean for s in chosen) == 1.0


def test_utility_joins_prediction_and_exact_property(model):
    chosen = select(POOL[40:], surrogates={"activity": model}, settings=QEI)
    for selection in chosen:
        exact = float(desirability(scorers.value("logp", selection.candidate.smiles), LOGP))
        assert 0 <= selection.utility_mean <= np.sqrt(exact) + 1e-9
        assert selection.utility_std > 0
        assert "predicted utility" in selection.reason


def test_a_recipe_without_labels_does_not_count(model):
    second = ObjectiveSettings(name="another", transform="maximize", low=0.0, high=1.0)
    chosen = select(POOL[40:], objectives=[ACTIVITY, second], surrogates={"activity": model})
    assert len(chosen) == 8
    assert set(chosen[0].predicted) == {"activity"}


def test_large_pools_are_shortlisted_with_both_origins(model, monkeypatch):
    monkeypatch.setattr(shortlist, "JOINT_LIMIT", 30)
    arguments = {
        "surrogates": {"activity": model},
        "objectives": [ACTIVITY],
        "best_utility": 0.5,
        "n_generator": 5,
    }
    small = select(POOL[40:], **arguments)
    assert sum(s.candidate.origin == "generator" for s in small) == 5
    monkeypatch.setattr(shortlist, "JOINT_LIMIT", 2000)
    whole = select(POOL[40:], **arguments)
    assert len(set(keys(small)) & set(keys(whole))) >= 5
    monkeypatch.setattr(shortlist, "JOINT_LIMIT", 30)
    drawn = select(POOL[40:], **arguments | {"settings": AcquisitionSettings(kind="random")})
    assert len(set(keys(drawn))) == 8


def test_empty_pools_and_batches():
    assert select([]) == []
    assert select(n=0) == []
    assert len(select(POOL[:3], n=10)) == 3
    with pytest.raises(ValueError, match="no objective"):
        select(objectives=[])


def test_pool_is_sound():
    assert all(isinstance(c, Candidate) for c in POOL)
    assert all(Chem.MolFromSmiles(c.smiles) is not None for c in POOL)
