"""Which form of a molecule a score was computed for: its charges and its tautomer.

A recipe computes the form that it is given, unless it says otherwise; a body is water at pH
7.4. What dominates there follows from the typical pKa of each group
(``simulation.protonation``), good to about one unit, and the tautomers from RDKit's rules
(``simulation.tautomers``), which know no energies: ``tautomer-de`` computes those.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize

from simulation.protonation import PHYSIOLOGICAL, at_ph
from simulation.score import Score
from simulation.tautomers import others


@dataclass(frozen=True)
class ComputedForm:
    """The form that was computed, beside the one that dominates in water."""

    smiles: str  # canonical, as computed
    charge: int  # e
    ph: float
    dominant: str  # canonical SMILES of the form that dominates at ``ph``
    changes: tuple[str, ...]  # from the computed one to that, e.g. "N1 protonated (amine, ...)"
    borderline: tuple[str, ...]  # groups of which both forms are frequent
    tautomers: tuple[str, ...]  # other tautomers by RDKit's rules, the best first
    is_preferred: bool  # whether no other tautomer has a higher score by RDKit's rules

    @property
    def is_dominant(self) -> bool:
        """Whether the computed charges are those that dominate at ``ph``."""
        return self.smiles == self.dominant

    def lines(self) -> tuple[str, str]:
        """Two sentences: protonation and tautomer."""
        charge = "neutral" if self.charge == 0 else f"charge {self.charge:+d}"
        if self.is_dominant:
            first = f"Computed as {self.smiles} ({charge}), which dominates at pH {self.ph:g}"
        else:
            first = (
                f"Computed as {self.smiles} ({charge}); at pH {self.ph:g} {self.dominant} "
                f"dominates: {'; '.join(self.changes)}"
            )
        if self.borderline:
            first += f"; both forms are frequent of {'; '.join(self.borderline)}"
        if not self.tautomers:
            second = "No other tautomer by RDKit's rules"
        else:
            count = len(self.tautomers)
            kept = "the one preferred" if self.is_preferred else "not the one preferred"
            second = f"Tautomer as given, {kept} among {count + 1} by RDKit's rules" + (
                "" if self.is_preferred else f" ({self.tautomers[0]} is)"
            )
        return f"{first}.", f"{second}."


def computed_form(score: Score, ph: float = PHYSIOLOGICAL) -> ComputedForm:
    """The form that a score was computed for.

    Args:
        score: of any recipe; ``docking`` says which form it took, the others took the score's
            own SMILES.
        ph: of the water.
    """
    stated = score.provenance.convergence.get("form")
    return form_of(stated if isinstance(stated, str) else score.smiles, ph)


@lru_cache(maxsize=10_000)
def form_of(smiles: str, ph: float = PHYSIOLOGICAL) -> ComputedForm:
    """What there is to say of a form that is computed as this SMILES.

    Raises:
        ValueError: the SMILES is not valid.
    """
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise ValueError(f"{smiles!r} is not a valid SMILES")
    found = at_ph(molecule, ph)
    tautomers = others(molecule)
    own = rdMolStandardize.TautomerEnumerator.ScoreTautomer(molecule)
    best = max(
        (
            rdMolStandardize.TautomerEnumerator.ScoreTautomer(Chem.MolFromSmiles(one))
            for one in tautomers
        ),
        default=own,
    )
    return ComputedForm(
        smiles=Chem.MolToSmiles(molecule),
        charge=Chem.GetFormalCharge(molecule),
        ph=ph,
        dominant=Chem.CanonSmiles(Chem.MolToSmiles(found.molecule)),
        changes=found.changes,
        borderline=found.borderline,
        tautomers=tautomers,
        is_preferred=own >= best,
    )
