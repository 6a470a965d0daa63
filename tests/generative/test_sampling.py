from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from generative import forest, generator, motifs, properties, sampling, scaffold
from generative.constraints import Constraints, PropertyRange
from generative.grove import Grove
from generative.policy import COARSE
from generative.sampling import MotifGenerator
from generative.start import Start

ACRYLAMIDE = "C=CC(=O)N[*:1]"
STUCK = "nothing fits the limits"
SCAFFOLDS = [
    ACRYLAMIDE,
    "C=CC(=O)N([*])[*]",
    "C=CC(=O)N",
    "C=CC(=O)Nc1cc([1*])cc([2*])c1",
    "[*]C=C",
    "[*:3]c1ccc2[nH]c([*:7])nc2c1",
    "C1CC12CC2",
    "CN1CCC[C@H]1[*]",
    "[*]C1CC2(C1)CC1(CC(=O)N([1*])C1)O2",
    "C[C@H](N)C(=O)O",
    r"CC/C(=C\[*])C(=O)N",
    "[*]N=[N+]=[N-]",
    "O=C1CCCCCCCCCCCN1[*]",
]


def without_dummies(smiles: str) -> Chem.Mol:
    """The scaffold as a pattern of its own making, attachment points left out."""
    mol = Chem.RWMol(motifs.parse(smiles))
    mol.BeginBatchEdit()
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0:
            mol.RemoveAtom(atom.GetIdx())
    mol.CommitBatchEdit()
    return Chem.MolFromSmarts(
        "".join(Chem.MolFragmentToSmarts(mol, list(range(mol.GetNumAtoms()))).split("H"))
        if "[nH]" in smiles
        else Chem.MolToSmarts(mol, isomericSmiles=False)
    )


def check(found: list[str]) -> list[Chem.Mol]:
    mols = [Chem.MolFromSmiles(s) for s in found]
    assert all(mol is not None for mol in mols)
    assert len(set(found)) == len(found)
    for smiles, mol in zip(found, mols, strict=True):
        assert Chem.MolToSmiles(mol) == smiles
        assert "." not in smiles
        assert "*" not in smiles
    return mols


@pytest.mark.parametrize("seed", range(12))
def test_molecules_are_valid_distinct_and_as_many_as_asked(
    shipped: MotifGenerator, seed: int
) -> None:
    assert len(check(shipped.sample(40, seed=seed))) == 40


def test_the_same_seed_gives_the_same_molecules_in_the_same_order(
    shipped: MotifGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scaffold_text in (None, ACRYLAMIDE, "C=CC(=O)N"):
        first = shipped.sample(40, seed=9, scaffold=scaffold_text)
        assert shipped.sample(40, seed=9, scaffold=scaffold_text) == first
        assert shipped.sample(40, seed=10, scaffold=scaffold_text) != first
        monkeypatch.setattr(sampling, "LARGEST_BATCH", 7)
        assert shipped.sample(40, seed=9, scaffold=scaffold_text) == first
        assert shipped.sample(25, seed=9, scaffold=scaffold_text) == first[:25]
        monkeypatch.undo()


def test_sampling_leaves_the_callers_torch_alone(tiny: MotifGenerator) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        tiny.sample(5, seed=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.rand(4), expected)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("text", SCAFFOLDS)
@pytest.mark.parametrize("limit", [None, 18])
def test_every_molecule_keeps_the_scaffold(
    shipped: MotifGenerator, text: str, limit: int | None
) -> None:
    found = shipped.sample(
        25, seed=4, scaffold=text, constraints=Constraints(max_heavy_atoms=limit)
    )
    kept = motifs.parse(text)
    atoms = sum(atom.GetAtomicNum() > 1 for atom in kept.GetAtoms())
    points = text.count("*")
    pattern = without_dummies(text)
    assert len(found) == 25
    for mol in check(found):
        assert mol.HasSubstructMatch(pattern)
        assert mol.GetNumHeavyAtoms() >= atoms + max(1, points)
        assert limit is None or mol.GetNumHeavyAtoms() <= limit


def test_marked_points_grow_and_nothing_else(shipped: MotifGenerator) -> None:
    secondary = Chem.MolFromSmarts("[CH2]=[CH]C(=O)[NH][!#1]")
    tertiary = Chem.MolFromSmarts("[CH2]=[CH]C(=O)N([!#1])[!#1;!$(C(=O)[CH]=[CH2])]")
    for mol in check(shipped.sample(50, seed=2, scaffold=ACRYLAMIDE)):
        assert mol.HasSubstructMatch(secondary)
    for mol in check(shipped.sample(50, seed=2, scaffold="C=CC(=O)N([*])[*]")):
        assert mol.HasSubstructMatch(tertiary)


def test_numbering_of_attachment_points_does_not_matter(shipped: MotifGenerator) -> None:
    forms = ("C=CC(=O)N[*]", "C=CC(=O)N[*:1]", "C=CC(=O)N[5*]", "*NC(=O)C=C")
    results = [set(shipped.sample(30, seed=6, scaffold=form)) for form in forms]
    assert results[0] == results[1] == results[2]
    assert len(results[3]) == 30


def test_stereochemistry_of_the_scaffold_is_kept(shipped: MotifGenerator) -> None:
    for text in ("C[C@H](N[*])c1ccccc1", "C[C@@H](N[*])c1ccccc1"):
        pattern = motifs.parse(text.replace("[*]", ""))
        for mol in check(shipped.sample(20, seed=1, scaffold=text)):
            assert mol.HasSubstructMatch(pattern, useChirality=True)


@settings(max_examples=25, deadline=None)
@given(limit=st.integers(2, 30), seed=st.integers(0, 2**32))
def test_the_limit_of_heavy_atoms_holds(tiny: MotifGenerator, limit: int, seed: int) -> None:
    found = tiny.sample(10, seed=seed, constraints=Constraints(max_heavy_atoms=limit))
    assert found
    assert all(mol.GetNumHeavyAtoms() <= limit for mol in check(found))


def test_the_limit_steers_instead_of_rejecting(shipped: MotifGenerator) -> None:
    with torch.no_grad():
        call = sampling.Growth(shipped.prior, 0, ACRYLAMIDE, Constraints(max_heavy_atoms=12))
        trees = call.grow(range(100))
    assert all(call.finish(tree) is not None for tree in trees)
    assert all(tree.heavy_atoms <= 12 for tree in trees)


def test_patterns_are_met(shipped: MotifGenerator) -> None:
    limits = Constraints(required=("c1ccccc1", "[#7]"), forbidden=("[F,Cl,Br,I]", "C#N"))
    for mol in check(shipped.sample(30, seed=3, constraints=limits)):
        assert all(mol.HasSubstructMatch(Chem.MolFromSmarts(s)) for s in limits.required)
        assert not any(mol.HasSubstructMatch(Chem.MolFromSmarts(s)) for s in limits.forbidden)


def test_ends_when_there_is_nothing_more(tiny: MotifGenerator) -> None:
    few = tiny.sample(500, seed=1, constraints=Constraints(max_heavy_atoms=3))
    assert 3 < len(few) < 500
    assert tiny.sample(3, seed=1, constraints=Constraints(required=("[U]",))) == []
    assert tiny.sample(0, seed=1) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("C1CC", "not a valid SMILES"),
        ("", "not a valid SMILES"),
        ("CC.O[*]", "several components"),
        ("C[*]C", "exactly one atom"),
        ("[*]", "no atom to keep"),
        ("[*][*]", "no atom to keep"),
        ("FC(F)(F)F", "no free position"),
        ("[*]->[Fe]C", "single, double or triple"),
    ],
)
def test_a_bad_scaffold_is_one_clear_line(tiny: MotifGenerator, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        tiny.sample(1, seed=0, scaffold=text)
    assert "\n" not in str(caught.value)


def test_bad_limits_are_one_clear_line(tiny: MotifGenerator) -> None:
    with pytest.raises(ValueError, match="not a valid SMARTS: 'C1C'"):
        tiny.sample(1, seed=0, constraints=Constraints(required=("C1C",)))
    with pytest.raises(ValueError, match="needs at least 7 heavy atoms"):
        tiny.sample(1, seed=0, scaffold="c1ccccc1[*]", constraints=Constraints(max_heavy_atoms=6))
    with pytest.raises(ValueError, match="must not be negative"):
        tiny.sample(-1, seed=0)


def test_an_attachment_that_no_motif_closes_is_named(tiny: MotifGenerator) -> None:
    with pytest.raises(ValueError, match="cannot close"):
        tiny.sample(1, seed=0, scaffold="[*]=CC")


def test_free_positions_are_chosen_by_the_seed() -> None:
    first = scaffold.read("Cc1ccncc1", 1)
    assert scaffold.read("Cc1ccncc1", 1).forms == first.forms
    assert scaffold.read("Cc1ccncc1", 2).forms != first.forms
    assert 3 < len(first.forms) <= scaffold.VARIANTS
    assert {len(form.opens) for form in first.forms} == {1, 2, 3}


def test_found_by_name_and_by_path(
    tiny: MotifGenerator, tiny_settings: object, shipped: MotifGenerator
) -> None:
    path = tiny_settings.output  # type: ignore[attr-defined]
    by_path = generator.find(str(path))
    assert by_path.sample(5, seed=1) == tiny.sample(5, seed=1)
    assert "zinc250k" in generator.names()
    assert generator.find("zinc250k").sample(5, seed=1) == shipped.sample(5, seed=1)
    with pytest.raises(ValueError, match=r"unknown generator 'zink250k'; installed: .*zinc250k"):
        generator.find("zink250k")
    with pytest.raises(ValueError, match="no such file"):
        generator.find("none.safetensors")


def test_names_and_settings_do_not_import_torch() -> None:
    code = (
        "import sys, generative.generator, generative.settings, generative.weights; "
        "sys.exit('torch' in sys.modules or 'rdkit' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_yield_adds_up(shipped: MotifGenerator) -> None:
    limits = Constraints(required=("c1ccncc1",), forbidden=("[F,Cl,Br,I]",))
    found = shipped.sampled(10, seed=3, constraints=limits)
    assert list(found.molecules) == shipped.sample(10, seed=3, constraints=limits)
    assert len(found.molecules) + sum(found.refused.values()) == found.attempts
    assert set(found.refused) <= {
        "duplicate",
        "required SMARTS c1ccncc1",
        "forbidden SMARTS [F,Cl,Br,I]",
    }
    assert found.share == pytest.approx(10 / found.attempts)


def test_the_yield_does_not_depend_on_the_batches(
    tiny: MotifGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Constraints(required=("[#7]",), ranges=(PropertyRange("rings", 1, 2),))
    first = tiny.sampled(30, seed=2, constraints=limits)
    monkeypatch.setattr(sampling, "LARGEST_BATCH", 19)
    assert tiny.sampled(30, seed=2, constraints=limits) == first


def test_a_barren_call_says_why(tiny: MotifGenerator) -> None:
    found = tiny.sampled(3, seed=1, constraints=Constraints(required=("[U]",)))
    assert found.molecules == ()
    assert found.refused == {"required SMARTS [U]": sampling.PATIENCE}
    assert found.share == 0
    assert tiny.sampled(0, seed=1) == sampling.Sampled((), 0, {})


RANGES = [
    ("heavy-atoms", 18, 22),
    ("molecular-weight", 250, 300),
    ("rings", 2, 2),
    ("aromatic-rings", None, 1),
    ("hbd", None, 0),
    ("hba", None, 3),
    ("formal-charge", 0, 0),
    ("logp", 1, 3),
]


@pytest.mark.parametrize("limit", RANGES, ids=[name for name, _, _ in RANGES])
def test_every_molecule_lies_in_the_range(
    tiny: MotifGenerator, limit: tuple[str, float | None, float | None]
) -> None:
    wanted = PropertyRange(*limit)
    found = tiny.sampled(40, seed=4, constraints=Constraints(ranges=(wanted,)))
    assert len(found.molecules) == 40
    for mol in check(list(found.molecules)):
        assert wanted.holds(properties.value(wanted.name, mol))
    assert set(found.refused) <= {"duplicate", f"{wanted.name} out of range", STUCK}
    if wanted.name in ("heavy-atoms", "molecular-weight", "rings", "aromatic-rings", "hbd"):
        # What adds up over motifs is kept while growing, not rejected in the end.
        assert f"{wanted.name} out of range" not in found.refused


@settings(max_examples=15, deadline=None)
@given(
    low=st.integers(120, 330),
    width=st.integers(30, 80),
    donors=st.integers(0, 2),
    seed=st.integers(0, 2**32),
)
def test_several_ranges_hold_together(
    tiny: MotifGenerator, low: int, width: int, donors: int, seed: int
) -> None:
    limits = Constraints(
        max_heavy_atoms=26,
        ranges=(
            PropertyRange("molecular-weight", low, low + width),
            PropertyRange("hbd", None, donors),
            PropertyRange("rings", 1, 3),
        ),
        max_ring_size=6,
    )
    found = tiny.sampled(6, seed=seed, constraints=limits)
    assert found.molecules
    for mol in check(list(found.molecules)):
        assert limits.read().refusal(mol) is None
    assert set(found.refused) <= {"duplicate", STUCK}


def test_masks_never_forbid_what_is_allowed(tiny: MotifGenerator, molecules: list[str]) -> None:
    # Of each real molecule: its own values as the limits, every step of its growth fits.
    words = tiny.prior.vocabulary
    names = ("heavy-atoms", "molecular-weight", "rings", "aromatic-rings", "hbd")
    grown = 0
    for smiles in molecules[:60]:
        mol = motifs.parse(smiles)
        tree = words.refined(motifs.cut(mol), fine=False).tree
        if not set(tree.motifs) <= set(words.index) or len(tree.motifs) < 2:
            continue
        values = {name: properties.value(name, mol) for name in names}
        limits = Constraints(ranges=tuple(PropertyRange(n, v, v) for n, v in values.items()))
        call = sampling.Growth(tiny.prior, 0, None, limits)
        planted = forest.plant_trees([tree], words, fine=False)
        steps = forest.traverse(planted, [0], [COARSE], words, np.random.default_rng(0))
        grown += _every_step_fits(call, steps)
    assert grown > 20


def _every_step_fits(call: sampling.Growth, steps: forest.Forest) -> int:
    words = call.vocabulary
    assert call.possible_roots[steps.motifs[0]]
    grove = Grove.planted(steps.motifs[:1], COARSE, np.zeros((1, 16)), words)
    rows = np.zeros(1, dtype=np.int64)
    for step in range(1, len(steps.motifs)):
        opens = grove.stack[0, : grove.depth[0]].tolist()
        wanted = [steps.parents[step], steps.parent_labels[step]]
        place = next(i for i, x in enumerate(opens) if x[:2] == wanted)
        opens.append(opens.pop(place))
        grove.stack[0, : grove.depth[0]] = opens
        limits = call._limits(grove, rows)
        motif, label = int(steps.motifs[step]), int(steps.labels[step])
        action = words.action_index[motif, label]
        fits = torch.cat(
            [call.chooser.main_fits(limits)[:, :-1], call.chooser.rare_fits(limits)], dim=1
        )
        assert bool(fits[0, action])
        grove.add(rows, np.array([motif]), np.array([label]), np.zeros((1, 16)))
    return 1


def test_no_ring_is_larger_than_allowed(shipped: MotifGenerator) -> None:
    found = shipped.sampled(60, seed=8, constraints=Constraints(max_ring_size=5))
    for mol in check(list(found.molecules)):
        assert all(len(ring) <= 5 for ring in mol.GetRingInfo().AtomRings())
    assert set(found.refused) <= {"duplicate"}
    # A scaffold may bring its own.
    kept = shipped.sample(
        10, seed=8, scaffold="c1ccccc1[*]", constraints=Constraints(max_ring_size=5)
    )
    for mol in check(kept):
        assert sum(len(ring) > 5 for ring in mol.GetRingInfo().AtomRings()) == 1


class SomeStarts:
    """Starts on one root, each attachment with a class."""

    name = "some"

    def __init__(self, generator: MotifGenerator) -> None:
        words = generator.prior.vocabulary
        self.root = int(np.nonzero(np.diff(words.starts) == 2)[0][0])
        sizes = words.heavy_atoms[words.actions[:, 0]]
        self.action_class = np.where(sizes > 1, np.where(sizes > 5, 2, 1), 0)

    def draw(self, n: int, *, seed: int) -> list[Start]:
        rng = np.random.default_rng(seed)
        return [
            Start(self.root, (int(rng.integers(3)), None if rng.random() < 0.5 else 0))
            for _ in range(n)
        ]


def test_starts_decide_the_root_and_the_classes_at_it(
    tiny: MotifGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = SomeStarts(tiny)
    started = MotifGenerator(tiny.prior, starts)
    with torch.no_grad():
        call = sampling.Growth(tiny.prior, 3, None, Constraints(), starts)
        trees = call.grow(range(sampling.STARTS - 20, sampling.STARTS + 20))
    seen = set()
    for number, tree in enumerate(trees, start=sampling.STARTS - 20):
        assert tree.motifs[0] == starts.root
        classes = call._start(number).classes
        for node, label, other, entered in tree.links:
            if node == 0 and classes[label - 1] is not None:
                action = call.vocabulary.action_index[tree.motifs[other], entered]
                assert starts.action_class[action] == classes[label - 1]
                seen.add(classes[label - 1])
    assert seen == {0, 1, 2}
    first = started.sampled(20, seed=5)
    assert first.molecules
    monkeypatch.setattr(sampling, "LARGEST_BATCH", 17)
    assert started.sampled(20, seed=5) == first
    # A scaffold is a start of its own.
    assert started.sample(5, seed=1, scaffold=ACRYLAMIDE) == tiny.sample(
        5, seed=1, scaffold=ACRYLAMIDE
    )


def test_a_temperature_flattens_or_sharpens_every_choice(
    shipped: MotifGenerator,
) -> None:
    molecules = shipped.sample(40, seed=3)

    def spread(temperature: float) -> float:
        likely = shipped.tempered(temperature).sample(200, seed=4)
        return float(np.mean(shipped.log_likelihood(likely)))

    assert spread(0.5) > spread(1.0) > spread(2.0)
    same = shipped.tempered(1.0)
    assert same.sample(40, seed=3) == molecules
    assert same.prior.policy is not shipped.prior.policy


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("inf"), float("nan")])
def test_a_temperature_is_a_positive_number(shipped: MotifGenerator, temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be a positive number"):
        shipped.tempered(temperature)
