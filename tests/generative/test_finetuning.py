from __future__ import annotations

import numpy as np
import pytest
import torch
from rdkit import Chem

from generative.sampling import MotifGenerator

LEADS = [
    "C=CC(=O)Nc1cccc(F)c1",
    "C=CC(=O)Nc1cccc(C)c1",
    "C=CC(=O)Nc1cccc(OC)c1",
    "C=CC(=O)Nc1cccc(C(F)(F)F)c1",
    "C=CC(=O)Nc1ccc(Cl)cc1",
    "C=CC(=O)Nc1cccc(C#N)c1",
    "C=CC(=O)Nc1cccc(N(C)C)c1",
    "C=CC(=O)Nc1cccc(-c2ccncc2)c1",
]
WARHEAD = Chem.MolFromSmarts("C=CC(=O)N")


def share(found: list[str], pattern: Chem.Mol) -> float:
    return float(np.mean([Chem.MolFromSmiles(s).HasSubstructMatch(pattern) for s in found]))


@pytest.fixture(scope="module")
def leads(shipped: MotifGenerator) -> list[str]:
    return shipped.sample(32, seed=5, scaffold="C=CC(=O)Nc1cccc([*:1])c1")


@pytest.fixture(scope="module")
def taught(shipped: MotifGenerator, leads: list[str]) -> MotifGenerator:
    return shipped.finetuned(leads, [1.0] * len(leads), seed=1)


def test_leads_become_likelier_and_samples_move_towards_them(
    shipped: MotifGenerator, taught: MotifGenerator, leads: list[str]
) -> None:
    before, after = shipped.log_likelihood(leads), taught.log_likelihood(leads)
    assert all(b > a for a, b in zip(before, after, strict=True))
    assert np.mean(after) > np.mean(before) + 5
    old, new = shipped.sample(100, seed=3), taught.sample(100, seed=3)
    assert len(set(new)) == 100
    assert share(new, WARHEAD) > share(old, WARHEAD) + 0.2


def test_the_leash_holds(shipped: MotifGenerator, taught: MotifGenerator, leads: list[str]) -> None:
    new = taught.sampled(100, seed=4)
    # Thirty-two leads learned by heart would leave 68, and most attempts would repeat them.
    assert len([s for s in new.molecules if s not in leads]) >= 75
    assert new.refused.get("duplicate", 0) <= 60
    others = shipped.sample(60, seed=77)
    lost = np.array(shipped.log_likelihood(others)) - np.array(taught.log_likelihood(others))
    assert np.median(lost) < 8


def test_the_prior_is_unchanged(shipped: MotifGenerator) -> None:
    weights = {k: v.clone() for k, v in shipped.prior.policy.state_dict().items()}
    sample = shipped.sample(20, seed=8)
    shipped.finetuned(LEADS[:2], [1.0, 2.0], seed=0)
    assert shipped.sample(20, seed=8) == sample
    now = shipped.prior.policy.state_dict()
    assert all(torch.equal(now[k], v) for k, v in weights.items())
    assert not any(p.requires_grad for p in shipped.prior.policy.parameters())


def test_the_same_seed_teaches_the_same(tiny: MotifGenerator) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = tiny.finetuned(LEADS, [1.0] * len(LEADS), seed=2).sample(20, seed=1)
    assert torch.equal(torch.rand(3), expected)
    assert tiny.finetuned(LEADS, [1.0] * len(LEADS), seed=2).sample(20, seed=1) == first
    assert tiny.finetuned(LEADS, [1.0] * len(LEADS), seed=3).sample(20, seed=1) != first


def test_weights_count(tiny: MotifGenerator) -> None:
    one, other = "C=CC(=O)Nc1ccccc1", "CC1CCN(S(C)(=O)=O)CC1"
    to_one = tiny.finetuned([one, other], [1.0, 0.0], seed=0)
    to_other = tiny.finetuned([one, other], [0.0, 3.0], seed=0)
    assert to_one.log_likelihood([one]) > to_other.log_likelihood([one])
    assert to_one.log_likelihood([other]) < to_other.log_likelihood([other])


def test_leads_with_unseen_motifs_are_learned_as_far_as_known(tiny: MotifGenerator) -> None:
    spiro = "O=C(Nc1ccccc1)C1CC2(C1)CC1(CC(C)C1)O2"
    taught = tiny.finetuned([spiro], [1.0], seed=0)
    assert np.isfinite(taught.log_likelihood([spiro])[0])
    assert taught.log_likelihood([spiro]) > tiny.log_likelihood([spiro])
    assert len(taught.sample(10, seed=0)) == 10
    # A taught generator can be taught again, and keeps scaffolds.
    again = taught.finetuned([spiro, "CCO"], [1.0, 1.0], seed=1)
    assert all("C=C" in s for s in again.sample(5, seed=0, scaffold="C=CC(=O)N[*]"))


@pytest.mark.parametrize(
    ("smiles", "weights", "message"),
    [
        ([], [], "at least one above 0"),
        (["CCO"], [1.0, 2.0], "1 molecules but 2 weights"),
        (["CCO"], [0.0], "at least one above 0"),
        (["CCO", "CC"], [1.0, -1.0], "at least one above 0"),
        (["CCO"], [float("nan")], "finite"),
        (["C1CC"], [1.0], "not a valid SMILES: 'C1CC'"),
        (["CC.O"], [1.0], "several components"),
    ],
)
def test_bad_leads_are_one_clear_line(
    tiny: MotifGenerator, smiles: list[str], weights: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        tiny.finetuned(smiles, weights, seed=0)


def test_likelihoods_of_nothing(tiny: MotifGenerator) -> None:
    assert tiny.log_likelihood([]) == []
