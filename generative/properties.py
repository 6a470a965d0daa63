"""Properties of a molecule that are read off its structure: what a range can be asked of."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from rdkit import Chem, RDConfig
from rdkit.Chem import QED, Crippen, Descriptors, Lipinski, rdMolDescriptors


@dataclass(frozen=True)
class Property:
    """One number of a molecule."""

    unit: str  # "" for a count or a pure number
    meaning: str  # one line: the definition and its source
    function: Callable[[Chem.Mol], float]
    digits: int  # after the point, where it is printed


@cache
def _synthetic_accessibility() -> ModuleType:
    # RDKit ships the authors' code and its fragment table beside the package, not in it
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("rdkit_contrib_sascorer", path)
    if spec is None or spec.loader is None or not path.exists():
        raise ValueError(f"sa-score needs RDKit's Contrib folder; {path} is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _sa_score(mol: Chem.Mol) -> float:
    return float(_synthetic_accessibility().calculateScore(mol))


PROPERTIES: Mapping[str, Property] = {
    "molecular-weight": Property(
        "g/mol",
        "average molecular weight",
        Descriptors.MolWt,  # type: ignore[attr-defined]
        2,
    ),
    "logp": Property(
        "",
        "octanol-water partition coefficient (Wildman and Crippen 1999)",
        Crippen.MolLogP,  # type: ignore[attr-defined]
        2,
    ),
    "tpsa": Property(
        "Angstrom^2",
        "topological polar surface area (Ertl et al. 2000)",
        rdMolDescriptors.CalcTPSA,
        1,
    ),
    "heavy-atoms": Property("", "number of heavy atoms", Chem.Mol.GetNumHeavyAtoms, 0),
    "rotatable-bonds": Property(
        "",
        "number of rotatable bonds, RDKit's strict definition",
        rdMolDescriptors.CalcNumRotatableBonds,
        0,
    ),
    "hbd": Property(
        "",
        "hydrogen bond donors, RDKit's definition",
        Lipinski.NumHDonors,  # type: ignore[attr-defined]
        0,
    ),
    "hba": Property(
        "",
        "hydrogen bond acceptors, RDKit's definition",
        Lipinski.NumHAcceptors,  # type: ignore[attr-defined]
        0,
    ),
    "rings": Property("", "number of rings (smallest set)", rdMolDescriptors.CalcNumRings, 0),
    "aromatic-rings": Property(
        "", "number of aromatic rings", rdMolDescriptors.CalcNumAromaticRings, 0
    ),
    "qed": Property(
        "", "quantitative estimate of drug-likeness, 0..1 (Bickerton et al. 2012)", QED.qed, 3
    ),
    "sa-score": Property(
        "",
        "synthetic accessibility, 1 (easy) .. 10 (hard) (Ertl and Schuffenhauer 2009)",
        _sa_score,
        2,
    ),
    "formal-charge": Property("e", "sum of the formal charges", Chem.GetFormalCharge, 0),
    "fsp3": Property(
        "",
        "share of carbon atoms that are sp3 (Lovering et al. 2009)",
        rdMolDescriptors.CalcFractionCSP3,
        2,
    ),
}
NAMES = tuple(PROPERTIES)


def value(name: str, mol: Chem.Mol) -> float:
    """A property of a sanitised molecule, in its unit.

    Raises:
        ValueError: no property has that name; the message lists them.
    """
    return float(find(name).function(mol))


def find(name: str) -> Property:
    """A property by its name.

    Raises:
        ValueError: no property has that name; the message lists them.
    """
    found = PROPERTIES.get(name)
    if found is None:
        close = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown property {name!r}{hint} (there are {', '.join(NAMES)})")
    return found
