"""The design tasks that grow something: freely, at open points, between fragments, into a ring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from rdkit import Chem

from generative import motifs, scaffold
from generative.constraints import Constraints
from generative.design.collecting import (
    Candidate,
    Collected,
    Judge,
    Similarity,
    collect,
    described,
)
from generative.design.designs import Designs
from generative.design.forms import Form, FormGrowth
from generative.design.growing import Window
from generative.design.keeping import unmapped
from generative.design.linking import LinkerLimits
from generative.generator import Generator
from generative.sampling import MotifGenerator
from generative.threads import limited

# Heavy atoms that may grow on a fragment when no window is given.
GROWTH = Window(5, 15)
LINKER = Window(1, 12)  # heavy atoms of a linker when no window is given
RING = Window(12, 18)  # atoms of a macrocycle when no window is given


def grown(
    task: str,
    generator: MotifGenerator,
    forms: Sequence[Form],
    n: int,
    *,
    seed: int,
    constraints: Constraints,
    named: Sequence[str] = (),
    lead: Chem.Mol | None = None,
    notes: Sequence[str] = (),
) -> Designs:
    """Molecules grown from marked forms.

    Args:
        task: its name.
        generator: whose prior grows them.
        forms: what is kept; an attempt takes one by chance.
        n: molecules wanted.
        seed: of everything random.
        constraints: on every molecule.
        named: properties told of each.
        lead: what they are compared with; it is no result itself.
        notes: for the caller.

    Raises:
        ValueError: bad constraints, or forms that do not fit them.
    """
    judge = Judge(
        constraints.read(),
        excluded=frozenset() if lead is None else frozenset({Chem.MolToSmiles(unmapped(lead))}),
    )
    with limited(1), torch.no_grad():
        growth = FormGrowth(generator.prior, forms, constraints, seed)
        collected = collect(n, growth, judge)
    similarity = None if lead is None else Similarity(lead)
    return described(task, generator, collected, named=named, similarity=similarity, notes=notes)


def sampled(
    task: str,
    generator: Generator,
    n: int,
    *,
    seed: int,
    scaffold: str | None = None,
    constraints: Constraints | None = None,
    named: Sequence[str] = (),
) -> Designs:
    """Molecules as a generator samples them: de novo, or on a scaffold.

    Args:
        task: its name.
        generator: any; one that does not tell its yield is told to have none but these.
        n: molecules wanted.
        seed: of everything random.
        scaffold: SMILES that every molecule keeps; ``[*]`` marks where it grows.
        constraints: on every molecule.
        named: properties told of each.

    Raises:
        ValueError: a bad scaffold or constraint.
    """
    limits = constraints or Constraints()
    limits.read()
    if isinstance(generator, MotifGenerator):
        told = generator.sampled(n, seed=seed, scaffold=scaffold, constraints=limits)
        found = {text: Candidate(motifs.parse(text)) for text in told.molecules}
        collected = Collected(told.attempts, found, Counter(told.refused))
    else:
        smiles = generator.sample(n, seed=seed, scaffold=scaffold, constraints=limits)
        found = {text: Candidate(motifs.parse(text)) for text in smiles}
        collected = Collected(len(smiles), found)
    core = None if scaffold is None else Similarity(motifs.parse(scaffold))
    return described(task, generator, collected, named=named, similarity=core)


def grow(
    generator: MotifGenerator,
    fragment: str,
    n: int,
    *,
    seed: int,
    size: Window | None = None,
    constraints: Constraints | None = None,
    named: Sequence[str] = (),
) -> Designs:
    """A fragment grown at its marked points, or at its free positions, into a size window.

    Args:
        generator: whose prior grows it.
        fragment: SMILES; ``[*]`` marks where it grows. Without a mark it grows at one to
            three atoms that carry hydrogen.
        n: molecules wanted.
        seed: of everything random.
        size: heavy atoms of the molecules; 5 to 15 more than the fragment by default.
        constraints: on every molecule.
        named: properties told of each.

    Raises:
        ValueError: a bad fragment, window or constraint.
    """
    kept = scaffold.read(fragment, seed)
    atoms = max(mol.GetNumHeavyAtoms() for mol in kept.marked)
    window = size or Window(atoms + GROWTH.low, atoms + GROWTH.high)
    window.check("a size")
    forms = [Form(mol, window) for mol in kept.marked]
    limits = constraints or Constraints()
    return grown(
        "grow", generator, forms, n, seed=seed, constraints=limits, named=named,
        lead=motifs.parse(fragment),
    )  # fmt: skip


def linker(
    generator: MotifGenerator,
    first: str,
    second: str,
    n: int,
    *,
    seed: int,
    atoms: Window = LINKER,
    length: Window | None = None,
    constraints: Constraints | None = None,
    named: Sequence[str] = (),
) -> Designs:
    """Molecules in which a linker joins two fragments.

    Args:
        generator: whose prior grows the linker.
        first: SMILES with one attachment point ``[*]``.
        second: SMILES with one attachment point ``[*]``.
        n: molecules wanted.
        seed: of everything random.
        atoms: heavy atoms of the linker, its branches included; 0 binds the fragments.
        length: atoms on the shortest path between the fragments.
        constraints: on every molecule.
        named: properties told of each.

    Raises:
        ValueError: a fragment without exactly one attachment point of a single bond, bad
            limits, or limits that leave no room.
    """
    limits = LinkerLimits(atoms, length)
    limits.check()
    fragments = [_pointed(first, 1), _pointed(second, 1)]
    kept = sum(mol.GetNumHeavyAtoms() for mol in fragments)
    form = Form(fragments[0], Window(kept + atoms.low, kept + atoms.high), fragments[1], limits)
    return grown(
        "linker", generator, [form], n, seed=seed, constraints=constraints or Constraints(),
        named=named,
    )  # fmt: skip


def macrocycle(
    generator: MotifGenerator,
    molecule: str,
    n: int,
    *,
    seed: int,
    ring: Window = RING,
    atoms: Window | None = None,
    constraints: Constraints | None = None,
    named: Sequence[str] = (),
) -> Designs:
    """Macrocycles: a linker between two attachment points of one molecule.

    Args:
        generator: whose prior grows the linker.
        molecule: SMILES with two attachment points ``[*]``.
        n: molecules wanted.
        seed: of everything random.
        ring: atoms of the new ring, by its shortest way through the molecule.
        atoms: heavy atoms of the linker, its branches included; by default as many as the
            ring needs, and up to four more.
        constraints: on every molecule.
        named: properties told of each.

    Raises:
        ValueError: not exactly two attachment points of single bonds on two atoms, or a
            ring that is too small for them.
    """
    ring.check("a ring")
    mol = _pointed(molecule, 2)
    points = [a.GetNeighbors()[0].GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() == 0]
    path = int(Chem.GetDistanceMatrix(mol)[points[0], points[1]]) + 1
    length = Window(max(1, ring.low - path), ring.high - path)
    if points[0] == points[1] or length.high < length.low:
        raise ValueError(
            f"the attachment points of {molecule!r} are {path} atoms apart in it: no ring of "
            f"{ring.low} to {ring.high} atoms is closed there"
        )
    limits = LinkerLimits(atoms or Window(length.low, length.high + 4), length)
    limits.check()
    kept = mol.GetNumHeavyAtoms()
    form = Form(mol, Window(kept + limits.atoms.low, kept + limits.atoms.high), linker=limits)
    return grown(
        "macrocycle", generator, [form], n, seed=seed, constraints=constraints or Constraints(),
        named=named, lead=mol,
    )  # fmt: skip


def _pointed(smiles: str, points: int) -> Chem.Mol:
    mol = motifs.parse(smiles)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    try:
        opens = motifs.cut(mol).opens
    except ValueError as error:
        raise ValueError(f"{smiles!r}: {error}") from error
    single = sum(
        atom.GetAtomicNum() == 0 and atom.GetBonds()[0].GetBondType() == Chem.BondType.SINGLE
        for atom in mol.GetAtoms()
    )
    if len(opens) != points or single != points:
        wanted = "one attachment point [*]" if points == 1 else "two attachment points [*]"
        raise ValueError(f"{smiles!r} needs exactly {wanted}, bound by a single bond")
    if mol.GetNumHeavyAtoms() == 0:
        raise ValueError(f"{smiles!r} has no atom to keep")
    return mol
