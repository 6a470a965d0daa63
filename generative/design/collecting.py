"""Attempts until enough distinct molecules meet what was asked, with the reasons of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from generative import motifs, properties
from generative.constraints import Constraints, Requirements, rings_beyond
from generative.design.designs import Design, Designs, Yield, ordered
from generative.generator import Generator
from generative.sampling import MotifGenerator

# A call ends early after this many attempts in a row that gave nothing new.
PATIENCE = 1000
ROUND = 64  # attempts made together; what comes out does not depend on how many are wanted

_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)


@dataclass(frozen=True)
class Candidate:
    """What an attempt gave: a molecule, or the reason why there is none."""

    mol: Chem.Mol | None
    change: str = ""
    reason: str = "not a molecule"  # where there is none
    kept: tuple[Chem.Mol, ...] = ()  # substructures that it may not lose
    surroundings: Chem.Mol | None = None  # a warhead with the atoms that make it one
    own_rings: int = 0  # rings beyond the limit that the kept part brings


class Similarity:
    """Tanimoto similarity to one molecule, of Morgan fingerprints (radius 2, 2048 bits)."""

    def __init__(self, reference: Chem.Mol) -> None:
        """Remember the molecule; attachment points in it count as hydrogen."""
        self.smiles = Chem.MolToSmiles(without_points(reference))
        self._print = _MORGAN.GetFingerprint(Chem.MolFromSmiles(self.smiles))

    def __call__(self, mol: Chem.Mol) -> float:
        """0 to 1."""
        return float(DataStructs.TanimotoSimilarity(self._print, _MORGAN.GetFingerprint(mol)))


@dataclass
class Judge:
    """What every molecule of a call must meet."""

    requirements: Requirements
    excluded: frozenset[str] = frozenset()  # canonical SMILES
    similarity: Similarity | None = None
    window: tuple[float, float] | None = None  # of the similarity

    def refusal(self, mol: Chem.Mol, candidate: Candidate) -> str | None:
        """Why not; None when it may be."""
        if not all(mol.HasSubstructMatch(part, useChirality=True) for part in candidate.kept):
            return "the kept part is lost"
        around = candidate.surroundings
        if around is not None and not mol.HasSubstructMatch(around):
            return "another group beside the warhead"
        if self.similarity is not None and self.window is not None:
            value = self.similarity(mol)
            low, high = self.window
            if value < low:
                return f"similarity below {low:g}"
            if value > high:
                return f"similarity above {high:g}"
        return self.requirements.refusal(mol, own_rings=candidate.own_rings)


@dataclass
class Collected:
    """Distinct molecules that were kept, and the count of all others."""

    attempts: int = 0
    found: dict[str, Candidate] = field(default_factory=dict)  # by canonical SMILES
    refused: Counter[str] = field(default_factory=Counter)
    barren: int = 0  # attempts in a row that gave nothing

    def take(self, candidate: Candidate, judge: Judge) -> bool:
        """Judge a candidate; whether it is new and kept."""
        self.attempts += 1
        reason: str | None = candidate.reason
        smiles = ""
        if candidate.mol is not None:
            smiles = Chem.MolToSmiles(candidate.mol)
            if smiles in judge.excluded:
                reason = "the lead itself"
            elif smiles in self.found:
                reason = "duplicate"
            else:
                reason = judge.refusal(candidate.mol, candidate)
        if reason is None:
            self.found[smiles] = candidate
            self.barren = 0
            return True
        self.refused[reason] += 1
        self.barren += 1
        return False


def collect(n: int, attempt: Callable[[range], Iterable[Candidate]], judge: Judge) -> Collected:
    """Make attempts by their number until ``n`` molecules are kept, or patience ends."""
    collected = Collected()
    number = 0
    while len(collected.found) < n and collected.barren < PATIENCE:
        for candidate in attempt(range(number, number + ROUND)):
            collected.take(candidate, judge)
            if len(collected.found) == n or collected.barren == PATIENCE:
                break
        number += ROUND
    return collected


def described(
    task: str,
    generator: Generator,
    collected: Collected,
    *,
    named: Sequence[str] = (),
    similarity: Similarity | None = None,
    notes: Sequence[str] = (),
) -> Designs:
    """The kept molecules with their SA score, likelihood, similarity and properties.

    Args:
        task: its name.
        generator: whose prior gives the likelihood.
        collected: of a call.
        named: properties wanted of each molecule.
        similarity: to what the molecules are compared, if to anything.
        notes: for the caller.
    """
    smiles = list(collected.found)
    molecules = []
    for text, log in zip(smiles, log_likelihoods(generator, smiles), strict=True):
        mol = motifs.parse(text)
        molecules.append(
            Design(
                text,
                properties.value("sa-score", mol),
                log,
                None if similarity is None else similarity(mol),
                collected.found[text].change,
                {name: properties.value(name, mol) for name in named},
            )
        )
    return Designs(
        task,
        tuple(molecules),
        Yield(collected.attempts, len(smiles), ordered(collected.refused)),
        None if similarity is None else similarity.smiles,
        tuple(notes),
    )


def log_likelihoods(generator: Generator, smiles: Sequence[str]) -> list[float | None]:
    """Of each molecule under the prior, in one order of growth.

    None for a molecule with a motif that the vocabulary does not hold, and for all of them
    where the generator has no prior of molq.
    """
    if not isinstance(generator, MotifGenerator):
        return [None] * len(smiles)
    vocabulary = generator.prior.vocabulary
    values: list[float | None] = list(generator.log_likelihood(smiles))
    for row, text in enumerate(smiles):
        tree = vocabulary.refined(motifs.cut(motifs.parse(text)), fine=False).tree
        if any(motif not in vocabulary.index for motif in tree.motifs):
            values[row] = None
    return values


def own_rings(mol: Chem.Mol, constraints: Constraints) -> int:
    """Rings of a kept part that are larger than may grow."""
    size = constraints.max_ring_size
    return 0 if size is None else rings_beyond(mol, size)


def without_points(mol: Chem.Mol) -> Chem.Mol:
    """A molecule whose attachment points are hydrogens."""
    plain = Chem.RWMol(mol)
    for atom in plain.GetAtoms():
        atom.SetAtomMapNum(0)
        if atom.GetAtomicNum() == 0:
            atom.SetAtomicNum(1)
            atom.SetIsotope(0)
    Chem.SanitizeMol(plain)
    return Chem.RemoveHs(plain.GetMol())
