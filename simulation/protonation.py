"""The form of a molecule that dominates in water at a given pH."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem

from simulation.ionisation import ACIDS, BASES, REPULSION, RING_REPULSION, SHIFTS, Group

PHYSIOLOGICAL = 7.4
BORDERLINE = 0.7  # |pKa - pH| below which the other form holds more than a sixth


@dataclass(frozen=True)
class Protonated:
    """A molecule with its ionisable groups as they mostly are at one pH."""

    molecule: Chem.Mol  # atoms in the order of the molecule it was made from
    changes: tuple[str, ...]  # e.g. "N12 protonated (tertiary amine, pKa 9.0)"; empty for none
    borderline: tuple[str, ...]  # groups whose typical pKa is within 0.7 of the pH


@dataclass(frozen=True)
class _Site:
    atom: int
    group: Group
    pka: float

    def label(self, molecule: Chem.Mol) -> str:
        return _label(molecule, self.atom) + f" ({self.group.name}, pKa {self.pka:.1f})"


def at_ph(molecule: Chem.Mol, ph: float = PHYSIOLOGICAL) -> Protonated:
    """Protonate bases and deprotonate acids by the typical pKa of their class.

    Charges of the input that a proton makes are undone first, so that the result
    does not depend on the form that was written. Acids go in order of falling
    strength, then bases; each feels the charges that are already there. One form
    comes out, the dominant one by class values good to about one unit; tautomers
    stay as they are given.

    Args:
        molecule: without explicit hydrogens.
        ph: of the water.
    """
    neutral = _neutralised(molecule)
    made = neutral
    reasons: dict[int, _Site] = {}
    borderline: dict[int, _Site] = {}
    for groups, acid in ((ACIDS, True), (BASES, False)):
        while True:
            sites = [s for s in _sites(made, groups, acid) if s.atom not in reasons]
            for site in sites:
                if abs(site.pka - ph) < BORDERLINE:
                    borderline[site.atom] = site
                else:
                    borderline.pop(site.atom, None)
            ready = [s for s in sites if (s.pka < ph if acid else s.pka > ph)]
            if not ready:
                break
            site = min(ready, key=lambda s: (s.pka if acid else -s.pka, s.atom))
            made = _with_charge(made, {site.atom: -1 if acid else 1})
            reasons[site.atom] = site
    return Protonated(
        molecule=made,
        changes=_changes(molecule, made, reasons, ph),
        borderline=tuple(s.label(molecule) for _, s in sorted(borderline.items())),
    )


def _sites(molecule: Chem.Mol, groups: tuple[Group, ...], acid: bool) -> list[_Site]:
    found: dict[int, _Site] = {}
    for group in groups:
        for match in molecule.GetSubstructMatches(group.pattern):
            atom = match[0]
            if atom not in found:
                pka = group.pka if acid else group.pka + _environment(molecule, atom)
                found[atom] = _Site(atom, group, pka)
    return list(found.values())


def _environment(molecule: Chem.Mol, atom: int) -> float:
    """What substituents and other charges change in the pKa of a base."""
    change = 0.0
    for shift in SHIFTS:
        # A substituent counts once for each path of bonds that leads to it.
        matches = molecule.GetSubstructMatches(shift.pattern, maxMatches=1000)
        change += shift.change * sum(m[0] == atom for m in matches)
    distances = Chem.GetDistanceMatrix(molecule)[atom]
    rings = [set(r) for r in molecule.GetRingInfo().AtomRings()]
    for other in molecule.GetAtoms():
        if other.GetFormalCharge() < 1 or _balanced(other):
            continue
        bonds = int(distances[other.GetIdx()])
        together = any({atom, other.GetIdx()} <= ring for ring in rings)
        change += RING_REPULSION if together and bonds == 3 else REPULSION.get(bonds, 0.0)
    return change


def _balanced(atom: Chem.Atom) -> bool:
    """Whether a positive atom is one half of a dipolar bond (nitro, N-oxide, azide)."""
    return any(n.GetFormalCharge() < 0 for n in atom.GetNeighbors())


def _neutralised(molecule: Chem.Mol) -> Chem.Mol:
    """Without the charges that gaining or losing protons explains."""
    charges = {}
    for atom in molecule.GetAtoms():
        charge = atom.GetFormalCharge()
        neighbours = [n.GetFormalCharge() for n in atom.GetNeighbors()]
        onium = charge == 1 and atom.GetTotalNumHs() and min(neighbours, default=0) >= 0
        base = charge == -1 and atom.GetSymbol() in "NOS" and max(neighbours, default=0) <= 0
        if onium or base:
            charges[atom.GetIdx()] = 0
    return _with_charge(molecule, charges)


def _with_charge(molecule: Chem.Mol, charges: dict[int, int]) -> Chem.Mol:
    """A copy in which these atoms have these formal charges by gain or loss of protons."""
    made = Chem.RWMol(molecule)
    for index, charge in charges.items():
        atom = made.GetAtomWithIdx(index)
        hydrogens = atom.GetTotalNumHs() + charge - atom.GetFormalCharge()
        atom.SetFormalCharge(charge)
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(hydrogens)
    if charges:
        Chem.SanitizeMol(made)
    return made.GetMol()


def _changes(
    before: Chem.Mol, after: Chem.Mol, reasons: dict[int, _Site], ph: float
) -> tuple[str, ...]:
    changes = []
    for one, other in zip(before.GetAtoms(), after.GetAtoms(), strict=True):
        gained = other.GetFormalCharge() - one.GetFormalCharge()
        if not gained:
            continue
        site = reasons.get(one.GetIdx())
        why = (
            f"{site.group.name}, pKa {site.pka:.1f}"
            if site
            else f"no {'acid' if gained > 0 else 'base'} that keeps its charge at pH {ph:g}"
        )
        changed = "protonated" if gained > 0 else "deprotonated"
        changes.append(f"{_label(before, one.GetIdx())} {changed} ({why})")
    return tuple(changes)


def _label(molecule: Chem.Mol, index: int) -> str:
    return f"{molecule.GetAtomWithIdx(index).GetSymbol()}{index + 1}"
