"""Properties that are computed exactly and cost next to nothing."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from rdkit import Chem, RDConfig
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors
from rdkit.Chem.QED import qed

from screening.standardise import molecule

GROUP = "molq.scorers"


class Scorer(Protocol):
    """A property of a molecule that needs no estimate.

    An entry point of the group ``molq.scorers`` names an object with these
    attributes. ``score`` must be a pure function of the molecule.
    """

    @property
    def name(self) -> str:
        """The word used in a campaign file."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the value, ``""`` for none."""
        ...

    @property
    def summary(self) -> str:
        """One line: the definition and its source."""
        ...

    def score(self, mol: Chem.Mol) -> float:
        """The value for a sanitised molecule."""
        ...


@dataclass(frozen=True)
class Property:
    """A scorer made of one RDKit function."""

    name: str
    unit: str
    summary: str
    function: Callable[[Chem.Mol], float]

    def score(self, mol: Chem.Mol) -> float:
        """The value for a sanitised molecule, in ``unit``."""
        return float(self.function(mol))


@cache
def _synthetic_accessibility() -> Any:
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


QED = Property(
    "qed", "", "quantitative estimate of drug-likeness, 0..1 (Bickerton et al. 2012)", qed
)
MOLECULAR_WEIGHT = Property(
    "molecular-weight",
    "g/mol",
    "average molecular weight",
    Descriptors.MolWt,  # type: ignore[attr-defined]
)
LOGP = Property(
    "logp",
    "",
    "octanol-water partition coefficient (Wildman and Crippen 1999)",
    Crippen.MolLogP,  # type: ignore[attr-defined]
)
TPSA = Property(
    "tpsa",
    "Angstrom^2",
    "topological polar surface area (Ertl et al. 2000)",
    rdMolDescriptors.CalcTPSA,
)
HEAVY_ATOMS = Property("heavy-atoms", "", "number of heavy atoms", Chem.Mol.GetNumHeavyAtoms)
ROTATABLE_BONDS = Property(
    "rotatable-bonds",
    "",
    "number of rotatable bonds, RDKit's strict definition",
    rdMolDescriptors.CalcNumRotatableBonds,
)
SA_SCORE = Property(
    "sa-score",
    "",
    "synthetic accessibility, 1 (easy) .. 10 (hard) (Ertl and Schuffenhauer 2009)",
    _sa_score,
)


@cache
def names() -> tuple[str, ...]:
    """The installed scorers, in alphabetical order."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


@cache
def find(name: str) -> Scorer:
    """The scorer of that name.

    Raises:
        ValueError: no installed package provides it.
    """
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            scorer: Scorer = entry.load()
            return scorer
    raise ValueError(f"unknown scorer {name!r}; installed: {', '.join(names())}")


@lru_cache(maxsize=200_000)
def value(name: str, smiles: str) -> float:
    """A scorer's value for a good SMILES, remembered within the process.

    Raises:
        ValueError: unknown scorer, or not a valid SMILES.
    """
    return find(name).score(molecule(smiles))
