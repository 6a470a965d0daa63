from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from rdkit import Chem

from generative import atomedits, diversity, regrowth
from generative.acceptance import acceptance
from generative.constraints import Constraints
from generative.diversity import Buckets, Diversity
from generative.finetuning import log_likelihoods
from generative.handshares import divided, shares, success_rates
from generative.proposal import Proposal, Scored
from generative.proposing import Proposer
from generative.replay import rank_weights, replay
from generative.sampling import MotifGenerator
from generative.settings import GeneratorSettings, HandSettings

DRUGS = [
    "CC(=O)Nc1ccc(O)cc1",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "C=CC(=O)Nc1cccc(F)c1",
    "Cc1ccc(-c2cc(C)nn2-c2ccccc2)cc1",
    "O=C(NC1CC1)c1ccncc1",
    "CN1CCN(Cc2ccccc2)CC1",
    "COc1ccc(S(N)(=O)=O)cc1",
    "O=C(c1ccccc1)N1CCOCC1",
]
DRUGS = [Chem.CanonSmiles(smiles) for smiles in DRUGS]


def oxygens(smiles: Sequence[str]) -> np.ndarray:
    return np.array([float(s.upper().count("O")) for s in smiles])


def scored(hands: Sequence[str] = ()) -> list[Scored]:
    values = oxygens(DRUGS).tolist()
    made = [*hands, *[""] * (len(DRUGS) - len(hands))]
    return [Scored(*entry) for entry in zip(DRUGS, values, made, strict=True)]


def checked(found: Sequence[Proposal], known: Sequence[str]) -> None:
    smiles = [proposal.smiles for proposal in found]
    assert len(set(smiles)) == len(smiles)
    assert not set(smiles) & set(known)
    for proposal in found:
        assert Chem.CanonSmiles(proposal.smiles) == proposal.smiles
        parents = {"prior": 0, "crossover": 2, "mutation": 1, "edit": 1}[proposal.hand]
        assert len(proposal.parents) == parents


def test_without_scores_the_prior_proposes(tiny: MotifGenerator) -> None:
    found = Proposer(tiny).proposed(20, [], seed=3)
    assert {p.hand for p in found.proposals} == {"prior"}
    assert len(found.proposals) == 20
    assert (found.taught_by, found.note, found.warning) == (0, "the prior", "")
    only_edits = GeneratorSettings(hands=HandSettings(prior=0, crossover=0, mutation=0))
    first = Proposer(tiny, only_edits).propose(20, [], seed=3)
    assert first == list(found.proposals)


def test_every_hand_proposes_and_the_same_seed_proposes_the_same(tiny: MotifGenerator) -> None:
    known = scored(["prior", "edit"])
    proposer = Proposer(tiny, GeneratorSettings(finetune=False))
    found = proposer.propose(60, known, seed=3)
    checked(found, DRUGS)
    assert len(found) == 60
    assert {p.hand for p in found} == {"prior", "crossover", "mutation", "edit"}
    assert {x for p in found for x in p.parents} <= set(DRUGS)
    assert proposer.propose(60, known, seed=3) == found
    assert proposer.propose(60, known, seed=4) != found


def test_an_acquisition_is_climbed(tiny: MotifGenerator) -> None:
    settings = GeneratorSettings(finetune=False, generations=3, offspring=60)
    limits = Constraints(max_heavy_atoms=20, forbidden=("[#16]",))
    found = Proposer(tiny, settings).proposed(
        20, scored(), seed=1, worth=oxygens, constraints=limits
    )
    checked(found.proposals, DRUGS)
    values = oxygens([p.smiles for p in found.proposals])
    assert list(values) == sorted(values, reverse=True)
    assert values.mean() > oxygens(tiny.sample(100, seed=1)).mean() + 2
    for proposal in found.proposals:
        mol = Chem.MolFromSmiles(proposal.smiles)
        assert mol.GetNumHeavyAtoms() <= 20
        assert "S" not in {atom.GetSymbol() for atom in mol.GetAtoms()}
    assert found.judged > 100
    assert "by the acquisition" in found.note


def test_what_is_worth_nothing_is_not_proposed(tiny: MotifGenerator) -> None:
    def fluorine(smiles: Sequence[str]) -> np.ndarray:
        return np.array([1.0 if "F" in s else -np.inf for s in smiles])

    settings = GeneratorSettings(finetune=False, generations=1, offspring=40)
    found = Proposer(tiny, settings).propose(200, scored(), seed=1, worth=fluorine)
    assert found
    assert all("F" in p.smiles for p in found)
    with pytest.raises(ValueError, match="worths of shape"):
        Proposer(tiny, settings).propose(5, scored(), seed=1, worth=lambda s: np.zeros(2))


def test_a_marked_scaffold_is_kept_by_every_hand(tiny: MotifGenerator) -> None:
    kept = "C=CC(=O)Nc1cccc([*:1])c1"
    anilides = [Scored(Chem.CanonSmiles(f"C=CC(=O)Nc1cccc({x})c1"), len(x), "prior") for x in
                ("F", "Cl", "OC", "C#N", "CC", "C(F)(F)F", "c1ccccc1")]  # fmt: skip
    settings = GeneratorSettings(finetune=False)
    found = Proposer(tiny, settings).propose(30, anilides, seed=2, scaffold=kept)
    checked(found, [m.smiles for m in anilides])
    assert {"prior", "mutation"} <= {p.hand for p in found}
    query = Chem.MolFromSmarts("[CH2]=[CH]C(=O)[NH]c1[cH][cH][cH]c(*)[cH]1")
    assert all(Chem.MolFromSmiles(p.smiles).HasSubstructMatch(query) for p in found)


def test_a_collapse_is_seen_and_answered(tiny: MotifGenerator) -> None:
    phenols = [Chem.CanonSmiles(f"Oc1ccccc1{'C' * n}") for n in range(20)]
    narrow = [Scored(smiles, 1.0, "prior") for smiles in phenols]
    settings = GeneratorSettings(finetune_top=4, kl=0.1, per_scaffold=10)
    found = Proposer(tiny, settings).proposed(12, narrow, seed=0)
    assert found.collapse is not None
    assert "scaffold entropy" in found.collapse
    assert found.shares["prior"] >= 0.5
    assert found.taught_by == 4
    assert "half of its share untaught" in found.warning
    checked(found.proposals, phenols)


@pytest.mark.parametrize("hand", ["regrowth", "atomedits"])
def test_local_edits_change_one_place_to_what_the_network_likes(
    tiny: MotifGenerator, hand: str
) -> None:
    edits = {"regrowth": regrowth.edits, "atomedits": atomedits.edits}[hand]
    found = edits(tiny.prior, DRUGS * 4, seed=1)
    assert len(found) >= 16
    assert edits(tiny.prior, DRUGS * 4, seed=1) == found
    for edit in found:
        assert edit.parent in DRUGS
        assert Chem.CanonSmiles(edit.smiles) == edit.smiles != edit.parent
    with pytest.raises(ValueError, match="temperature"):
        edits(tiny.prior, DRUGS, seed=1, temperature=0.0)


def test_a_cold_softmax_keeps_to_what_the_network_finds_likely(tiny: MotifGenerator) -> None:
    def likely(temperature: float) -> float:
        found = atomedits.edits(tiny.prior, DRUGS * 4, seed=1, temperature=temperature)
        values = log_likelihoods(
            tiny.prior, [e.smiles for e in found], seed=1, unknown=atomedits.UNSEEN
        )
        return float(np.mean(values))

    def variety(temperature: float) -> int:
        found = regrowth.edits(tiny.prior, DRUGS[3:4] * 60, seed=1, temperature=temperature)
        return len({edit.smiles for edit in found})

    assert likely(0.2) > likely(5.0)
    assert 0 < variety(0.2) < variety(5.0)


def test_edits_stay_within_the_limit_of_heavy_atoms(tiny: MotifGenerator) -> None:
    found = regrowth.edits(tiny.prior, DRUGS * 4, seed=1, max_heavy_atoms=12)
    assert found
    assert all(Chem.MolFromSmiles(e.smiles).GetNumHeavyAtoms() <= 12 for e in found)


def test_shares_follow_success() -> None:
    values = [float(i) for i in range(40)]
    rising = [Scored("C", v, "edit" if i % 2 else "crossover") for i, v in enumerate(values)]
    poor = [Scored("C", -1.0, "mutation") for _ in range(20)]
    hands = HandSettings()
    found = shares([*rising, *poor], hands, {"prior", "crossover", "mutation", "edit"})
    assert sum(found.values()) == pytest.approx(1)
    assert found["crossover"] > hands.crossover > hands.mutation > found["mutation"] > 0
    rates = success_rates([*rising, *poor], ("crossover", "mutation", "edit", "prior"))
    assert rates["prior"] == pytest.approx(1 / 3)
    assert rates["edit"] > 0.7 > rates["prior"] > rates["mutation"]
    fixed = shares([*rising, *poor], hands, {"prior", "edit"}, adapt=False)
    assert fixed == pytest.approx({"prior": 0.4 / 0.55, "edit": 0.15 / 0.55})
    with pytest.raises(ValueError, match=r"generator\.hands\.prior"):
        shares([], HandSettings(prior=0.0), {"prior"})
    with pytest.raises(ValueError, match="all zero"):
        HandSettings(prior=0, crossover=0, mutation=0, edit=0)


def test_whole_parts_add_up() -> None:
    assert divided(10, {"a": 0.55, "b": 0.25, "c": 0.2}) == {"a": 6, "b": 2, "c": 2}
    assert divided(0, {"a": 1.0}) == {"a": 0}


def test_the_replay_is_the_best_of_all_rounds_by_rank() -> None:
    known = [*scored(), Scored("CCF", 9.0), Scored("CCCl", 0.0), Scored("CCF", 1.0)]
    best = replay(known, 3, per_scaffold=5)
    assert best.smiles[0] == "CCF"
    assert sum(best.weights) == pytest.approx(1)
    assert list(best.weights) == sorted(best.weights, reverse=True)
    assert "CCCl" not in replay(known, 20, per_scaffold=5).smiles
    assert replay([Scored("CC", 0.0), Scored("CCO", 0.0)], 5, 5).smiles == ()
    weights = rank_weights(10)
    assert weights[0] / weights[9] == pytest.approx(10.0)


def test_scaffold_buckets_hold_only_so_many() -> None:
    assert diversity.scaffold_of("C[C@H](N)c1ccccc1") == "c1ccccc1"
    assert diversity.scaffold_of("CCO") == ""
    buckets = Buckets(2, taken=["Cc1ccccc1"])
    assert [buckets.take(s) for s in ("Fc1ccccc1", "Clc1ccccc1", "CCO", "CCN", "CCC")] == [
        True, False, True, True, True,
    ]  # fmt: skip
    ranked = ["Fc1ccccc1", "Clc1ccccc1", "Brc1ccccc1", "c1ccncc1"]
    assert diversity.spread(ranked, 2, Buckets(1)) == ["Fc1ccccc1", "c1ccncc1"]
    assert diversity.spread(ranked, 3, Buckets(1)) == ["Fc1ccccc1", "c1ccncc1", "Clc1ccccc1"]


def test_diversity_is_entropy_and_distance() -> None:
    same = diversity.diversity(["Fc1ccccc1", "Clc1ccccc1"], known=["Fc1ccccc1"])
    assert (same.entropy, same.known) == (0.0, 0.5)
    apart = diversity.diversity(["Fc1ccccc1", "C1CCNCC1", "CCO", "c1ccncc1"])
    assert apart.entropy == pytest.approx(np.log(4))
    assert 0 < same.distance < apart.distance < 1
    own = Diversity(64, 4.0, 0.85, 0.0)
    assert diversity.collapse(own, own) is None
    assert diversity.collapse(Diversity(4, 0.0, 0.0, 1.0), own) is None  # too few to tell
    seen = diversity.collapse(Diversity(64, 1.0, 0.3, 0.9), own)
    assert seen is not None
    assert all(word in seen for word in ("entropy", "distance", "90 % of it known"))


def test_acceptance_reads_the_scaffold_as_the_prior_grows_it() -> None:
    marked = acceptance("c1ccccc1[*:1]", None)
    assert marked(Chem.MolFromSmiles("Cc1ccccc1"))
    assert not marked(Chem.MolFromSmiles("Cc1ccccc1C"))
    assert not marked(Chem.MolFromSmiles("c1ccccc1"))
    free = acceptance("c1ccccc1", Constraints(max_heavy_atoms=8))
    assert free(Chem.MolFromSmiles("Cc1ccccc1C"))
    assert not free(Chem.MolFromSmiles("CCc1ccccc1C"))
    with pytest.raises(ValueError, match="not a valid SMILES"):
        acceptance("C1CC", None)
