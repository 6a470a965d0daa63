"""From SMILES to a molecule that the methods here can describe."""

from __future__ import annotations

from rdkit import Chem, rdBase

from simulation.errors import InputError

# GFN2-xTB describes these as closed-shell main-group elements; metals need a
# spin state and an active space that no recipe here defines.
SUPPORTED_ELEMENTS = frozenset(
    "H B C N O F Si P S Cl Ge As Se Br Te I".split()  # noqa: SIM905 - read as chemists write it
)

_LONGEST_SHOWN = 60
_FIXED_POINT_ROUNDS = 5  # one reading rarely, two almost never, change the canonical SMILES


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def _reason(text: str) -> str:
    """Why RDKit does not accept ``text``, as one clause."""
    unsanitised = Chem.MolFromSmiles(text, sanitize=False)
    if unsanitised is None:
        return "it is not written in SMILES syntax (look for an open ring, bracket or branch)"
    problems = Chem.DetectChemistryProblems(unsanitised)
    return problems[0].Message().rstrip(".") if problems else "RDKit cannot sanitise it"


def parse(smiles: str, *, max_heavy_atoms: int, open_shell: bool = False) -> Chem.Mol:
    """The molecule in the atom order of its canonical SMILES, without explicit hydrogens.

    The order makes everything computed from it independent of how the SMILES
    was written. The total charge is the sum of the formal charges.

    Args:
        smiles: one molecule.
        max_heavy_atoms: the largest that is accepted.
        open_shell: accept radicals (as intermediates of a calculation).

    Raises:
        InputError: empty, unparsable, several fragments, too large, an element
            outside the methods, a placeholder atom, or an open shell.
    """
    text = smiles.strip()
    if not text:
        raise InputError("geometry", "the SMILES is empty; give one molecule")
    if len(text.split()) > 1:
        raise InputError(
            "geometry", f"{_shown(text)!r} contains blanks; give the SMILES alone, without a name"
        )
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(text)
        if molecule is None:
            raise InputError(
                "geometry", f"cannot read the SMILES {_shown(text)!r}: {_reason(text)}"
            )
    check(molecule, max_heavy_atoms=max_heavy_atoms, open_shell=open_shell)
    return canonical(molecule)


def check(molecule: Chem.Mol, *, max_heavy_atoms: int, open_shell: bool = False) -> None:
    """Refuse a molecule that the methods cannot describe.

    Args:
        molecule: sanitised.
        max_heavy_atoms: the largest that is accepted.
        open_shell: accept radicals.

    Raises:
        InputError: no atoms, several fragments, too large, an element outside
            the methods, a placeholder atom, or an open shell.
    """
    shown = f"the SMILES {_shown(Chem.MolToSmiles(molecule))!r}"
    if molecule.GetNumAtoms() == 0:
        raise InputError("geometry", f"{shown} has no atoms")
    if molecule.GetNumHeavyAtoms() > max_heavy_atoms:
        raise InputError(
            "geometry",
            f"{molecule.GetNumHeavyAtoms()} heavy atoms, and the limit is {max_heavy_atoms}; "
            "raise simulation.max_heavy_atoms if the time and memory are there",
        )
    fragments = len(Chem.GetMolFrags(molecule))
    if fragments > 1:
        raise InputError(
            "geometry",
            f"{fragments} fragments in {shown}; strip salts and solvents and give one",
        )
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() == 0:
            raise InputError(
                "geometry", "a placeholder atom (*) is not a molecule; cap every attachment point"
            )
        if atom.GetSymbol() not in SUPPORTED_ELEMENTS:
            raise InputError(
                "geometry",
                f"element {atom.GetSymbol()} is outside the methods here (closed-shell main-group "
                f"molecules of {', '.join(sorted(SUPPORTED_ELEMENTS))})",
            )
    unpaired = [a for a in molecule.GetAtoms() if a.GetNumRadicalElectrons()]
    if unpaired and not open_shell:
        raise InputError(
            "geometry",
            f"open shell: atom {unpaired[0].GetSymbol()} carries unpaired electrons; "
            "only closed-shell molecules are scored",
        )


def canonical(molecule: Chem.Mol) -> Chem.Mol:
    """The molecule in the atom order of its canonical SMILES, without atom maps.

    Raises:
        InputError: RDKit does not read its own SMILES of it back.
    """
    bare = Chem.RemoveHs(molecule)
    for atom in bare.GetAtoms():
        atom.SetAtomMapNum(0)
    text = Chem.MolToSmiles(bare)
    for _ in range(_FIXED_POINT_ROUNDS):
        ordered = Chem.MolFromSmiles(text)
        if ordered is None:
            raise InputError("geometry", f"the canonical SMILES {_shown(text)!r} cannot be read")
        again = Chem.MolToSmiles(ordered)
        if again == text:
            break
        text = again
    return ordered


def unassigned_stereo(molecule: Chem.Mol) -> tuple[str, ...]:
    """The stereo elements the SMILES leaves open, e.g. ``("C2=C3", "C7")``, counted from 1."""
    found = []
    for element in Chem.FindPotentialStereo(molecule):
        if element.specified != Chem.StereoSpecified.Unspecified:
            continue
        if element.type == Chem.StereoType.Bond_Double:
            bond = molecule.GetBondWithIdx(element.centeredOn)
            found.append("=".join(_label(a) for a in (bond.GetBeginAtom(), bond.GetEndAtom())))
        elif element.type == Chem.StereoType.Atom_Tetrahedral:
            found.append(_label(molecule.GetAtomWithIdx(element.centeredOn)))
    return tuple(found)


def _label(atom: Chem.Atom) -> str:
    return f"{atom.GetSymbol()}{atom.GetIdx() + 1}"
