"""The vocabulary grows by what leads hold: ring systems that no training molecule had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem

from generative import likeness, motifs, prior, weights
from generative.expansion import expanded
from generative.policy import Policy
from generative.prior import Prior
from generative.sampling import MotifGenerator

CUBANE = "C12C3C4C1C5C2C3C45"
LEADS = [
    f"O=C(NCc1ccccc1){CUBANE}",
    f"O=C(N1CCOCC1){CUBANE}",
    f"O=C(Nc1ccc(F)cc1){CUBANE}",
]
EQUAL = np.full(len(LEADS), 1 / len(LEADS))


def unknown(generator: MotifGenerator) -> set[str]:
    words = generator.prior.vocabulary
    return {
        motif
        for lead in LEADS
        for motif in motifs.cut(motifs.parse(lead)).tree.motifs
        if motif not in words.index and motifs.has_ring(motif)
    }


def with_cubane(smiles: list[str]) -> int:
    pattern = Chem.MolFromSmiles(CUBANE)
    return sum(Chem.MolFromSmiles(text).HasSubstructMatch(pattern) for text in smiles)


def test_a_ring_system_outside_the_training_set_is_grown_after_fine_tuning(
    shipped: MotifGenerator,
) -> None:
    assert unknown(shipped)
    taught = shipped.finetuned(LEADS, [1.0] * len(LEADS), seed=1)
    assert not unknown(taught)
    assert with_cubane(taught.sample(100, seed=1)) >= 3
    grown = taught.sample(150, seed=2, scaffold="O=C(NCc1ccccc1)[*]")
    assert with_cubane(grown) >= 1
    assert unknown(shipped)
    assert with_cubane(shipped.sample(100, seed=1)) == 0
    known = shipped.log_likelihood(LEADS)
    assert all(
        after > before for before, after in zip(known, taught.log_likelihood(LEADS), strict=True)
    )


def test_expansion_alone_changes_nothing_but_the_new(tiny: MotifGenerator) -> None:
    old = tiny.prior
    new = expanded(old, LEADS, EQUAL, 0.5)
    words, before = new.vocabulary, old.vocabulary
    assert words.motifs[: len(before.motifs)] == before.motifs
    assert np.array_equal(words.actions[: len(before.actions)], before.actions)
    assert unknown(tiny) <= set(words.motifs)
    added = set(words.actions[len(before.actions) :, 0].tolist())
    assert added == set(range(len(before.motifs), len(words.motifs)))
    assert new.policy.tail == old.policy.tail + len(words.actions) - len(before.actions)
    molecules = tiny.sample(20, seed=1)
    assert MotifGenerator(new).sample(1, seed=0)
    assert tiny.sample(20, seed=1) == molecules
    for one, other in zip(
        tiny.log_likelihood(molecules), MotifGenerator(new).log_likelihood(molecules), strict=True
    ):
        assert other == pytest.approx(one, abs=3.0)
    assert all(np.isfinite(MotifGenerator(new).log_likelihood(LEADS)))


def test_known_molecules_leave_the_prior_as_it_is(tiny: MotifGenerator) -> None:
    molecules = tiny.sample(3, seed=1)
    assert expanded(tiny.prior, molecules, np.full(3, 1 / 3), 0.5) is tiny.prior


def test_an_expanded_prior_is_saved_and_read_again(tiny: MotifGenerator, tmp_path: Path) -> None:
    new = expanded(tiny.prior, LEADS, EQUAL, 0.5)
    path = tmp_path / "expanded.safetensors"
    prior.save(new, path, {})
    again = weights.load(path)
    assert again.prior.vocabulary.motifs == new.vocabulary.motifs
    assert not unknown(again)
    assert again.sample(5, seed=1)


def test_a_prior_without_rare_actions_is_expanded_too(tiny: MotifGenerator, tmp_path: Path) -> None:
    words = tiny.prior.vocabulary
    torch.manual_seed(0)
    size = replace(tiny.prior.policy.size, head_actions=10**6, named_motifs=10**6)
    policy = Policy(words, size)
    policy.requires_grad_(False)
    new = expanded(Prior("bare", words, policy, 30), LEADS, EQUAL, 0.5)
    assert policy.tail == 0
    assert new.policy.tail == len(new.vocabulary.actions) - len(words.actions) > 0
    path = tmp_path / "bare.safetensors"
    prior.save(new, path, {})
    assert weights.load(path).prior.policy.tail == new.policy.tail
    assert MotifGenerator(new).sample(3, seed=1)


def test_what_stands_in_for_an_unknown_ring_is_like_it(shipped: MotifGenerator) -> None:
    words = shipped.prior.vocabulary
    (cubyl,) = unknown(shipped)
    extended = words.extended([cubyl])
    action = likeness.stand_in(extended, extended.index[cubyl], 1)
    motif, label = (int(x) for x in words.actions[action])
    mol = motifs.parse(words.motifs[motif])
    assert mol.GetRingInfo().NumRings() >= 2
    assert not any(atom.GetIsAromatic() for atom in mol.GetAtoms())
    assert words.orders[words.starts[motif] + label - 1] == 1
    phenyl = words.index["c1ccc([*:1])cc1"]
    assert words.actions[likeness.stand_in(words, phenyl, 1)].tolist() == [phenyl, 1]
