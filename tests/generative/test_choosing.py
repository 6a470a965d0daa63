from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from generative import budgets, choosing, growth, scaffold
from generative.choosing import DRAWS, NONE, Chooser, Limits
from generative.constraints import Constraints
from generative.grove import FREE, Grove
from generative.sampling import MotifGenerator

SCAFFOLD = "C=CC(=O)N[*]"


def limits_of(count: int, room: float, wanted: float = 0.0, kind: int = FREE) -> Limits:
    return Limits(
        np.ones(count, dtype=np.int64),
        np.full((count, 1), room),
        np.full((count, 1), wanted),
        np.full(count, kind, dtype=np.int64),
    )


def chooser_of(generator: MotifGenerator, classes: np.ndarray | None = None) -> Chooser:
    words = generator.prior.vocabulary
    every = np.ones(len(words.actions), dtype=bool)
    atoms = budgets.heavy_atoms(words, every, Constraints())
    return Chooser(generator.prior.policy, words, [atoms], every, classes)


def probabilities(generator: MotifGenerator) -> np.ndarray:
    """Of every action at the scaffold's attachment, from the policy alone. (actions,)"""
    words, policy = generator.prior.vocabulary, generator.prior.policy
    tree = scaffold.seedling(scaffold.read(SCAFFOLD, 0).forms[0], words)
    with torch.no_grad():
        states = growth.pack([tree], words)
        vector, order = policy(states), policy.tables.order[states.focus]
        main = torch.softmax(policy.main_logits(vector, policy.tables.allowed_main[order]), 1)[0]
        rare = torch.softmax(policy.rare_logits(vector, policy.tables.allowed_rare[order]), 1)[0]
    return torch.cat([main[:-1], main[-1] * rare]).double().numpy()


def choices(generator: MotifGenerator, chooser: Chooser, limits: Limits) -> np.ndarray:
    words = generator.prior.vocabulary
    tree = scaffold.seedling(scaffold.read(SCAFFOLD, 0).forms[0], words)
    count = len(limits.order)
    grove = Grove.of([tree], words).taken(np.zeros(count, dtype=np.int64))
    draws = np.random.default_rng(5).random((count, DRAWS))
    with torch.no_grad():
        return chooser.choose(grove.states(np.arange(count)), limits, draws)


def test_draws_follow_the_distribution() -> None:
    weights = torch.zeros(20_000, 200)
    shares = np.zeros(200)
    shares[[3, 63, 64, 130, 199]] = [0.1, 0.2, 0.3, 0.35, 0.05]
    weights[:] = torch.from_numpy(shares)
    found = choosing.drawn(weights, np.random.default_rng(0).random(len(weights)))
    counts = np.bincount(found, minlength=200)
    assert counts[shares == 0].sum() == 0
    assert chisquare(counts[shares > 0], 20_000 * shares[shares > 0]).pvalue > 1e-3


def test_draws_at_the_ends_are_possible() -> None:
    weights = torch.tensor([[0.0, 1e-30, 1.0, 0.0]] * 2)
    assert choosing.drawn(weights, np.array([0.0, 1 - 2**-53])).tolist() == [1, 2]
    assert choosing.drawn(torch.zeros(2, 70), np.array([0.0, 0.5])).tolist() == [NONE, NONE]
    assert choosing.drawn(torch.zeros(2, 0), np.array([0.0, 0.5])).tolist() == [NONE, NONE]


@pytest.mark.parametrize("room", [1, 2, 4, 7, 30])
def test_a_limit_leaves_the_proportions_of_what_fits(tiny: MotifGenerator, room: int) -> None:
    # The tiny prior has rare actions of any size: most do not fit and are drawn again.
    expected = probabilities(tiny) * (tiny.prior.vocabulary.action_costs <= room)
    expected /= expected.sum()
    count = 20_000
    found = choices(tiny, chooser_of(tiny), limits_of(count, room))
    counts = np.bincount(found, minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    often = expected * count >= 5
    observed = np.append(counts[often], counts[~often].sum())
    wanted = np.append(expected[often], expected[~often].sum()) * count
    kept = wanted > 0
    assert chisquare(observed[kept], wanted[kept]).pvalue > 1e-4


def test_only_the_class_asked_for_grows(tiny: MotifGenerator) -> None:
    words = tiny.prior.vocabulary
    classes = np.arange(len(words.actions)) % 7
    for kind in (0, 3, 6):
        found = choices(tiny, chooser_of(tiny, classes), limits_of(300, 12, kind=kind))
        assert set(classes[found].tolist()) == {kind}
    nothing = choices(tiny, chooser_of(tiny, classes), limits_of(5, 12, kind=8))
    assert nothing.tolist() == [NONE] * 5


def test_an_end_that_is_too_small_is_not_chosen(tiny: MotifGenerator) -> None:
    words = tiny.prior.vocabulary
    found = choices(tiny, chooser_of(tiny), limits_of(500, 12, wanted=4))
    motif = words.actions[found, 0]
    ends = np.diff(words.starts)[motif] == 1
    assert ends.any()
    assert (words.heavy_atoms[motif[ends]] >= 4).all()


def test_nothing_fits_without_room(tiny: MotifGenerator) -> None:
    assert choices(tiny, chooser_of(tiny), limits_of(3, 0)).tolist() == [NONE] * 3


def test_what_is_very_unlikely_is_still_chosen(tiny: MotifGenerator) -> None:
    # A class of one rare action, whose weight may be nothing beside the others'.
    words, policy = tiny.prior.vocabulary, tiny.prior.policy
    single = np.nonzero(words.action_orders == 1)[0]
    rare = single[single >= policy.head]
    assert len(rare)
    classes = np.zeros(len(words.actions), dtype=np.int64)
    last = rare[np.argmin(probabilities(tiny)[rare])]
    classes[last] = 1
    found = choices(tiny, chooser_of(tiny, classes), limits_of(50, 100, kind=1))
    assert found.tolist() == [last] * 50
