"""A covalent warhead put on a lead, exchanged for the one it carries, or grown around."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rdkit import Chem

from generative import motifs
from generative.constraints import Constraints
from generative.design import keeping, tasks, warheads
from generative.design.collecting import Candidate, Collected, Judge, Similarity, described
from generative.design.designs import Designs
from generative.design.forms import Form
from generative.design.growing import Window
from generative.design.warheads import Warhead
from generative.sampling import MotifGenerator

# Heavy atoms that grow on a warhead when no window is given.
GROWTH = Window(8, 22)


def warhead(
    generator: MotifGenerator,
    names: Sequence[str],
    n: int,
    *,
    seed: int,
    lead: str | None = None,
    size: Window | None = None,
    constraints: Constraints | None = None,
    named: Sequence[str] = (),
) -> Designs:
    """Molecules with a warhead of the catalogue.

    With a lead, each warhead is bound at every position that suits it: at the mark
    ``[*]`` where the lead has one, in place of the acyl or sulfonyl warhead it carries on
    nitrogen, else at every free position of the warhead's kind. Nothing is random then.
    Without a lead a molecule is grown around the warhead.

    Args:
        generator: whose prior grows, and tells the likelihood.
        names: of :data:`generative.design.warheads.WARHEADS`.
        n: molecules wanted at most.
        seed: of everything random.
        lead: SMILES.
        size: heavy atoms of a molecule grown around a warhead; 8 to 22 more than the
            warhead by default.
        constraints: on every molecule.
        named: properties told of each.

    Raises:
        ValueError: an unknown warhead, a bad lead, or a lead without a position for any of
            them.
    """
    if not names:
        raise ValueError("name a warhead")
    chosen = [warheads.find(name) for name in dict.fromkeys(names)]
    limits = constraints or Constraints()
    if lead is None:
        forms = [_form(one, size) for one in chosen]
        return tasks.grown(
            "warhead", generator, forms, n, seed=seed, constraints=limits, named=named
        )
    if size is not None:
        limits.read()
        raise ValueError("a size belongs to growth around a warhead; with a lead give limits")
    mol = keeping.unmapped(motifs.parse(lead))
    if len(Chem.GetMolFrags(mol)) > 1:
        raise ValueError(f"the lead {lead!r} has several components; give one")
    return _attached(generator, mol, lead, chosen, n, limits, named)


def _form(one: Warhead, size: Window | None) -> Form:
    mol = motifs.parse(one.smiles)
    atoms = mol.GetNumHeavyAtoms()
    window = size or Window(atoms + GROWTH.low, atoms + GROWTH.high)
    window.check("a size")
    pattern = Chem.MolFromSmarts(one.smarts)
    return Form(mol, window, beside=one.site.environment, surroundings=pattern)


def _attached(
    generator: MotifGenerator,
    lead: Chem.Mol,
    text: str,
    chosen: Sequence[Warhead],
    n: int,
    limits: Constraints,
    named: Sequence[str],
) -> Designs:
    requirements = limits.read()
    plain = Similarity(lead)
    judge = Judge(requirements, excluded=frozenset({plain.smiles}))
    collected = Collected()
    without: list[Warhead] = []
    for one in chosen:
        products = list(attach(lead, one))
        if not products:
            without.append(one)
        for product, where in products:
            if len(collected.found) == n:
                break
            change = f"{one.name} {where}"
            collected.take(Candidate(product, change), judge)
    if len(without) == len(chosen):
        kinds = " or ".join(dict.fromkeys(one.site.name for one in without))
        raise ValueError(
            f"the lead {text!r} has no position for {', '.join(x.name for x in without)}, which "
            f"needs {kinds}; mark one with [*]"
        )
    notes = []
    if without:
        notes.append(f"the lead has no position for {', '.join(one.name for one in without)}")
    return described("warhead", generator, collected, named=named, similarity=plain, notes=notes)


def attach(lead: Chem.Mol, one: Warhead) -> Iterator[tuple[Chem.Mol, str]]:
    """The products of a lead and a warhead, each with where it was bound.

    Args:
        lead: without map numbers; one attachment point marks the only position.
        one: the warhead.

    Raises:
        ValueError: several attachment points, or one that is not bound by a single bond.
    """
    group = motifs.parse(one.smiles)
    if any(atom.GetAtomicNum() == 0 for atom in lead.GetAtoms()):
        yield _product(lead, group), "at the marked point"
        return
    carried = list(carried_warheads(lead)) if one.site is warheads.AMINE else []
    if carried:
        for name, rest in carried:
            yield _product(rest, group), f"in place of {name}"
        return
    for atom, marked in _positions(lead, one):
        yield _product(marked, group), f"at {_named(lead, atom)}"


def carried_warheads(lead: Chem.Mol) -> Iterator[tuple[str, Chem.Mol]]:
    """Acyl and sulfonyl warheads that a lead carries on nitrogen, with the rest of the lead."""
    known = {
        Chem.MolToSmiles(motifs.parse(x.smiles), isomericSmiles=False): x.name
        for x in warheads.WARHEADS.values()
        if x.site is warheads.AMINE
    }
    for atom in lead.GetAtoms():
        if atom.GetAtomicNum() != 7 or atom.GetIsAromatic():
            continue
        for bond in atom.GetBonds():
            if not keeping.is_cuttable(bond):
                continue
            others = frozenset(range(lead.GetNumAtoms())) - {atom.GetIdx()}
            side = next(
                part
                for part in keeping.components(lead, others)
                if bond.GetOtherAtomIdx(atom.GetIdx()) in part
            )
            (group,) = keeping.pieces(lead, side)
            name = known.get(Chem.MolToSmiles(group, isomericSmiles=False))
            if name is not None:
                (rest,) = keeping.pieces(lead, frozenset(range(lead.GetNumAtoms())) - side)
                yield name, rest


def _positions(lead: Chem.Mol, one: Warhead) -> Iterator[tuple[int, Chem.Mol]]:
    """Atoms of the lead that suit a warhead, equivalent ones once, and the lead marked there."""
    if one.site.smarts is None:
        return
    ranks = list(Chem.CanonicalRankAtoms(lead, breakTies=False))
    seen: set[int] = set()
    for match in lead.GetSubstructMatches(Chem.MolFromSmarts(one.site.smarts)):
        atom = match[0]
        if ranks[atom] in seen:
            continue
        seen.add(ranks[atom])
        if one.site.replaces is None:
            yield atom, keeping.with_point(lead, atom)
        else:
            (rest,) = keeping.pieces(lead, frozenset(range(lead.GetNumAtoms())) - {match[1]})
            yield atom, rest


def _product(marked: Chem.Mol, group: Chem.Mol) -> Chem.Mol:
    joined = Chem.MolToSmiles(keeping.join(marked, group))
    return Chem.MolFromSmiles(joined)


def _named(lead: Chem.Mol, atom: int) -> str:
    """An atom by its element and its place in the lead's SMILES, counted from 1."""
    return f"{lead.GetAtomWithIdx(atom).GetSymbol()}{atom + 1}"
