"""Rules of oral drug-likeness: how many of them a molecule breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, Lipinski, rdMolDescriptors

from screening.scorers.scorer import Property


@dataclass(frozen=True)
class Limit:
    """One condition of a rule."""

    quantity: str
    most: float
    unit: str
    function: Callable[[Chem.Mol], float]

    def breach(self, mol: Chem.Mol) -> str | None:
        """How a molecule breaks it, None where it does not."""
        value = float(self.function(mol))
        if value <= self.most:
            return None
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.quantity} {value:.4g}{unit} is above {self.most:g}"


LIPINSKI = (
    Limit("molecular weight", 500, "g/mol", Descriptors.MolWt),  # type: ignore[attr-defined]
    Limit("logP", 5, "", Crippen.MolLogP),  # type: ignore[attr-defined]
    Limit("OH and NH groups", 5, "", Lipinski.NHOHCount),  # type: ignore[attr-defined]
    Limit("N and O atoms", 10, "", Lipinski.NOCount),  # type: ignore[attr-defined]
)
"""Lipinski, Lombardo, Dominy and Feeney, Adv. Drug Deliv. Rev. 23, 3 (1997); logP by Crippen."""

VEBER = (
    Limit("rotatable bonds", 10, "", rdMolDescriptors.CalcNumRotatableBonds),
    Limit("polar surface", 140, "Angstrom^2", rdMolDescriptors.CalcTPSA),
)
"""Veber et al., J. Med. Chem. 45, 2615 (2002)."""


def breaches(mol: Chem.Mol, rule: tuple[Limit, ...]) -> tuple[str, ...]:
    """One line for each condition of a rule that a molecule breaks."""
    found = (limit.breach(mol) for limit in rule)
    return tuple(line for line in found if line is not None)


def _violations(name: str, summary: str, rule: tuple[Limit, ...]) -> Property:
    return Property(
        name,
        "",
        summary,
        lambda mol: len(breaches(mol, rule)),
        lambda mol: "; ".join(breaches(mol, rule)),
    )


LIPINSKI_VIOLATIONS = _violations(
    "lipinski-violations",
    "conditions of the rule of five that are broken, 0..4 (Lipinski et al. 1997); two or more "
    "foretell poor absorption by mouth",
    LIPINSKI,
)
VEBER_VIOLATIONS = _violations(
    "veber-violations",
    "of: at most 10 rotatable bonds, at most 140 Angstrom^2 polar surface, 0..2 (Veber et al. "
    "2002)",
    VEBER,
)
