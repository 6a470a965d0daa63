"""One form for one molecule: parent fragment, neutral where possible, InChIKey.

What is done, in this order: counter-ions and solvents are stripped and the
largest organic fragment is kept; charge-separated drawings of sulfoxides,
sulfones, phosphine oxides and amidines are brought to one form; acids and bases
are neutralised as far as protons allow (a quaternary ammonium keeps its charge,
a nitro group its pair). Stereochemistry and isotope labels stay as given.
Tautomers are not enumerated: two drawings are one molecule when their standard
InChIKeys agree, which merges the tautomers of InChI's mobile-hydrogen layer
(amide/imidic acid, many azoles) and keeps keto and enol apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors, rdqueries
from rdkit.Chem.MolStandardize import rdMolStandardize

from screening.candidate import Candidate, Origin
from screening.failure import Failure
from screening.intake.smilessyntax import explain

MAX_HEAVY_ATOMS = 80
MAX_SMILES_LENGTH = 4000  # characters; keeps the parser's recursion and ring search bounded

_ELEMENTS = ("C", "N", "O", "S", "F", "Cl", "Br", "H", "B", "Si", "P", "Se", "I")
_SALT_METALS = {"Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba", "Zn", "Al"}
_NONMETALS = {*_ELEMENTS, "He", "Ne", "Ar", "Kr", "Xe", "Rn", "Ge", "As", "Te", "At"}
_ATOM = re.compile(r"\[(?!\d*H[+-]?\])[^\]]*\]|Cl|Br|[BCNOPSFIbcnops]")

# Acids and bases that accompany a drug, and solvents of crystallisation, neutral.
_COMPANIONS = (
    "CC(=O)O.OC=O.OC(=O)C(F)(F)F.OC(=O)C(O)C(O)C(=O)O.OC(=O)CC(O)(CC(=O)O)C(=O)O."
    "OC(=O)C=CC(=O)O.OC(=O)CCC(=O)O.OC(=O)C(=O)O.OC(=O)CC(O)C(=O)O.CC(O)C(=O)O."
    "OC(=O)CC(=O)O.OC(=O)c1ccccc1.OC(=O)c1ccccc1O.OC(=O)C(O)c1ccccc1."
    "CS(=O)(=O)O.CCS(=O)(=O)O.OS(=O)(=O)CCS(=O)(=O)O.OCCS(=O)(=O)O."
    "Cc1ccc(S(=O)(=O)O)cc1.OS(=O)(=O)c1ccccc1.OS(=O)(=O)c1cccc2ccccc12."
    "OS(=O)(=O)c1ccc2ccccc2c1.OS(=O)(=O)C(F)(F)F.CC1(C)C2CCC1(CS(=O)(=O)O)C(=O)C2."
    "OC(=O)c1cc2ccccc2c(Cc2c(O)c(C(=O)O)cc3ccccc23)c1O.OC(=O)CCCCC(=O)O."
    "CNCC(O)C(O)C(O)C(O)CO.NC(CO)(CO)CO.NCCO.OCCNCCO.CCN(CC)CC."
    "CO.CCO.CC(C)O.CC(C)=O.CC#N.CS(C)=O.CN(C)C=O.ClC(Cl)Cl.ClCCl.CCOC(C)=O."
    "C1CCOC1.C1COCCO1.Cc1ccccc1.CCCCCC"
)

_TRANSFORMS = (
    "Sulfone\t[S+2:1]([O-:2])([O-:3])>>[S+0:1](=[O-0:2])(=[O-0:3])\n"
    "Sulfoxide\t[S+1;X3:1][O-1:2]>>[S+0:1]=[O-0:2]\n"
    "Phosphine oxide\t[P+1;X4:1][O-1:2]>>[P+0:1]=[O-0:2]\n"
    "Separated charges\t[N,O,S;-1:1]-[C+0:2]=[N,O,S;+1:3]>>[*-0:1]=[*:2]-[*+0:3]\n"
)


@dataclass(frozen=True)
class Parent:
    """The standard form of a molecule."""

    smiles: str  # canonical, isomeric
    inchikey: str
    notes: tuple[str, ...] = ()  # what was changed on the way; empty when nothing was


def molecule(smiles: str) -> Chem.Mol:
    """The RDKit molecule of a SMILES that is known to be good.

    Raises:
        ValueError: it is not; the message says where.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise ValueError(f"{smiles!r} is not a molecule: {explain(smiles)}")
    return mol


def candidate(
    smiles: str,
    *,
    origin: Origin,
    name: str = "",
    row: int | None = None,
    max_heavy_atoms: int = MAX_HEAVY_ATOMS,
) -> Candidate | Failure:
    """A SMILES from anywhere as a standardised candidate, or why it is none."""
    parent = standardise(smiles, max_heavy_atoms=max_heavy_atoms)
    if isinstance(parent, Failure):
        return parent
    return Candidate(parent.inchikey, parent.smiles, name, origin, row)


def standardise(smiles: str, *, max_heavy_atoms: int = MAX_HEAVY_ATOMS) -> Parent | Failure:
    """The standard form of a SMILES or CXSMILES, or why it has none."""
    smiles = smiles.strip()
    refusal = _refused_text(smiles, max_heavy_atoms)
    if refusal is not None:
        return _failure(refusal)
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        if mol is None:
            return _failure(_why_unparsable(smiles))
        return _parent(mol, max_heavy_atoms, is_bare=_is_bare(smiles))


def standardise_molecule(
    mol: Chem.Mol, *, max_heavy_atoms: int = MAX_HEAVY_ATOMS
) -> Parent | Failure:
    """The standard form of a sanitised molecule, or why it has none.

    It goes through its SMILES, so that a drawing and a text of one molecule agree.
    """
    with rdBase.BlockLogs():
        refusal = _refused_molecule(mol, _is_plain(mol))
        if refusal is not None:
            return _failure(refusal)
        if mol.GetNumHeavyAtoms() > 4 * max_heavy_atoms:
            return _failure(_too_large(mol.GetNumHeavyAtoms(), max_heavy_atoms))
        plain = Chem.MolFromSmiles(Chem.MolToSmiles(mol))
        if plain is None:
            return _failure("the structure has no valid SMILES; check its bonds and charges")
        return _parent(plain, max_heavy_atoms)


def chemistry_problem(mol: Chem.Mol) -> str | None:
    """What forbids an unsanitised molecule, or ``None``. Atoms count from 1."""
    with rdBase.BlockLogs():
        problems = Chem.DetectChemistryProblems(mol)
    for problem in problems:
        kind = problem.GetType()
        if kind == "AtomValenceException":
            atom = mol.GetAtomWithIdx(problem.GetAtomIdx())
            bonds = sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds())
            count = int(bonds) + atom.GetNumExplicitHs()
            return (
                f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) has {count} bonds, "
                "more than its charge allows"
            )
        if kind in ("KekulizeException", "AtomKekulizeException"):
            return (
                "an aromatic ring has no alternating bonds; "
                "a hydrogen may be missing, as in [nH], or an atom is not aromatic"
            )
        return " ".join(problem.Message().split())
    return None


def _failure(message: str) -> Failure:
    return Failure("input", "library", message)


def _refused_text(smiles: str, max_heavy_atoms: int) -> str | None:
    """Why a text is refused before RDKit sees it."""
    if not smiles:
        return "empty: no SMILES in this row"
    token = smiles.split(None, 1)[0]
    if ">" in token:
        return "a reaction, not a molecule: give the product alone"
    if not (token.isascii() and token.isprintable()) or "\0" in smiles:
        # RDKit's parser stops at such a character and keeps what came before it
        return f"not a SMILES: {explain(smiles)}"
    if len(smiles) > MAX_SMILES_LENGTH:
        return (
            f"{len(smiles)} characters of SMILES; at most {MAX_SMILES_LENGTH} are read "
            f"(molecules of up to {max_heavy_atoms} heavy atoms are screened)"
        )
    query = re.search(r"\[#[^\]]*\]?", token) if "[#" in token else None
    if query is not None:
        return f"{query.group()[:40]} is a query atom: give a whole molecule, not a pattern"
    if len(token) <= 4 * max_heavy_atoms:  # an atom is a character at least
        return None
    largest = max(len(_ATOM.findall(part)) for part in token.split("."))
    if largest > 4 * max_heavy_atoms:
        # only the hopeless, before they cost the parser seconds; the exact limit comes below
        return _too_large(largest, max_heavy_atoms)
    return None


def _too_large(atoms: int, limit: int) -> str:
    return f"{atoms} heavy atoms; the limit is {limit} (max_heavy_atoms)"


def _why_unparsable(smiles: str) -> str:
    token, _, extension = smiles.partition(" ")
    unsanitised = Chem.MolFromSmiles(token, sanitize=False)
    if unsanitised is None:
        return f"not a SMILES: {explain(token)}"
    problem = chemistry_problem(unsanitised)
    if problem is not None:
        return f"impossible molecule: {problem}"
    if extension:
        return f"the CXSMILES extension {extension[:60]!r} cannot be read; leave it out"
    return "not a valid molecule"


def _is_bare(smiles: str) -> bool:
    """Whether a SMILES has nothing but atoms of the organic subset, no hydrogen or charge told.

    Such atoms are plain, which most rows of a library need not be asked for then.
    """
    return "[" not in smiles and "*" not in smiles and len(smiles.split(None, 1)) == 1


def _parent(mol: Chem.Mol, max_heavy_atoms: int, *, is_bare: bool = False) -> Parent | Failure:
    plain = is_bare or _is_plain(mol)
    refusal = _refused_molecule(mol, plain, is_bare=is_bare)
    if refusal is not None:
        return _failure(refusal)
    notes: list[str] = []
    fragments = Chem.GetMolFrags(mol, asMols=True) if _is_mixture(mol) else (mol,)
    if len(fragments) > 1:
        mol, note = _largest_organic(fragments)
        notes.append(note)
    refusal = _refused_parent(mol, plain, max_heavy_atoms)
    if refusal is not None:
        return _failure(refusal)
    if not plain and any(atom.GetFormalCharge() for atom in mol.GetAtoms()):
        before = Chem.MolToSmiles(mol)
        mol = _neutralised(mol)
        if Chem.MolToSmiles(mol) != before:
            notes.append("charges normalised")
    smiles = Chem.MolToSmiles(mol)
    if notes:
        # removed fragments and moved charges can leave stereo marks that no longer hold
        again = Chem.MolFromSmiles(smiles)
        if again is None:
            return _failure("the neutralised form is not a valid molecule; give it neutral")
        mol, smiles = again, Chem.MolToSmiles(again)
    key = Chem.MolToInchiKey(mol)
    if not key:
        return _failure("InChI cannot describe this molecule, so it has no identity")
    return Parent(smiles, key, tuple(notes))


def _is_mixture(mol: Chem.Mol) -> bool:
    # a connected graph has at least n - 1 bonds: the cheap test settles most molecules
    rings = mol.GetRingInfo().NumRings()
    return bool(mol.GetNumAtoms() - mol.GetNumBonds() + rings > 1)


def _is_plain(mol: Chem.Mol) -> bool:
    """Whether all atoms are uncharged, closed-shell and of the supported elements."""
    # one query in C++, because a loop over atoms in Python costs as much as the parser
    return len(mol.GetAtomsMatchingQuery(_unusual_atom())) == 0


def _refused_molecule(mol: Chem.Mol, plain: bool, *, is_bare: bool = False) -> str | None:
    """Why the whole record is refused, salts included."""
    if mol.GetNumAtoms() == 0:
        return "no atoms"
    for group in () if is_bare else Chem.GetMolSubstanceGroups(mol):
        if group.HasProp("TYPE") and group.GetProp("TYPE") in ("SRU", "MON", "COP", "CRO", "MER"):
            return "a polymer repeat unit: give one finite molecule"
    if not plain and any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        return "an open attachment point or unknown atom (*): give a whole molecule"
    if mol.HasQuery():
        return "a query atom or query bond: give a whole molecule, not a pattern"
    if plain:
        return None
    symbols = {atom.GetSymbol() for atom in mol.GetAtoms()} - set(_ELEMENTS)
    if symbols:
        return _refused_elements(mol, symbols)
    return None


def _refused_elements(mol: Chem.Mol, symbols: set[str]) -> str | None:
    for symbol in sorted(symbols - _NONMETALS):
        if symbol not in _SALT_METALS:
            return (
                f"contains the metal {symbol}: metal complexes and organometallics "
                "are not screened; give the free ligand"
            )
        for atom in mol.GetAtoms():
            if atom.GetSymbol() == symbol and atom.GetDegree():
                return (
                    f"{symbol} is bonded covalently: organometallics are not screened; "
                    f"write a salt as separate ions"
                )
    return None


def _refused_parent(mol: Chem.Mol, plain: bool, max_heavy_atoms: int) -> str | None:
    """Why the kept fragment is refused."""
    if not mol.GetAtomsMatchingQuery(_carbon()):
        return "no carbon: only organic molecules are screened"
    heavy = mol.GetNumHeavyAtoms()
    if heavy > max_heavy_atoms:
        return _too_large(heavy, max_heavy_atoms)
    if plain:
        return None
    for symbol in (atom.GetSymbol() for atom in mol.GetAtoms()):
        if symbol not in _ELEMENTS:
            return f"contains {symbol}; supported are {' '.join(sorted(_ELEMENTS))}"
    for atom in mol.GetAtoms():
        if atom.GetNumRadicalElectrons():
            return (
                f"a radical at atom {atom.GetIdx() + 1} ({atom.GetSymbol()}): "
                "only closed-shell molecules are screened; check its hydrogens and charge"
            )
    return None


def _largest_organic(fragments: tuple[Chem.Mol, ...]) -> tuple[Chem.Mol, str]:
    organic = [f for f in fragments if any(a.GetAtomicNum() == 6 for a in f.GetAtoms())]
    actives = [f for f in organic if _flat_neutral_smiles(f) not in _companions()]
    kept = max(
        actives or organic or fragments,
        key=lambda f: (
            f.GetNumHeavyAtoms(),
            rdMolDescriptors.CalcExactMolWt(f),
            Chem.MolToSmiles(f),
        ),
    )
    forms = {Chem.MolToSmiles(f) for f in fragments}
    removed = sorted(forms - {Chem.MolToSmiles(kept)})
    others = {_flat_neutral_smiles(f) for f in actives} - {_flat_neutral_smiles(kept)}
    if others:
        return kept, f"mixture: kept the largest of {len(others) + 1} organic fragments"
    if not removed:
        return kept, f"kept one of {len(fragments)} equal fragments"
    return kept, f"stripped {', '.join(removed)[:120]}"


def _flat_neutral_smiles(fragment: Chem.Mol) -> str:
    smiles: str = Chem.MolToSmiles(_uncharger().uncharge(fragment), isomericSmiles=False)
    return smiles


def _neutralised(mol: Chem.Mol) -> Chem.Mol:
    return _uncharger().uncharge(_normaliser().normalize(mol))


@cache
def _unusual_atom() -> Chem.Atom:
    table = Chem.GetPeriodicTable()
    # the most frequent first: the query ends at the first that an atom is
    elements = "&".join(f"!#{table.GetAtomicNumber(symbol)}" for symbol in _ELEMENTS)
    query = Chem.AtomFromSmarts(f"[!+0,{elements}]")
    radical = rdqueries.NumRadicalElectronsGreaterQueryAtom(0)
    query.ExpandQuery(radical, Chem.CompositeQueryType.COMPOSITE_OR)
    return query


@cache
def _carbon() -> Chem.Atom:
    return rdqueries.AtomNumEqualsQueryAtom(6)


@cache
def _companions() -> frozenset[str]:
    return frozenset(Chem.CanonSmiles(smiles) for smiles in _COMPANIONS.split("."))


@cache
def _uncharger() -> rdMolStandardize.Uncharger:
    return rdMolStandardize.Uncharger()


@cache
def _normaliser() -> rdMolStandardize.Normalizer:
    return rdMolStandardize.NormalizerFromData(_TRANSFORMS, rdMolStandardize.CleanupParameters())
