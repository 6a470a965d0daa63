"""The Lilly rules for reactive and promiscuous compounds, by the package medchem.

Bruns and Watson, J. Med. Chem. 55, 9763 (2012): 275 patterns, each worth demerits; from 100
on a compound is rejected. medchem (extra ``medchem``) brings the patterns, and asks three
programs of the authors' (``medchem install-lilly`` builds them).
"""

from __future__ import annotations

import contextlib
import io
import logging
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, ClassVar

from rdkit import Chem

REJECTED = 100
"""Demerits from which a compound is rejected."""

_PROGRAMS = "`medchem install-lilly` builds them (with make, a C++ compiler and zlib)"


@dataclass(frozen=True)
class LillyDemerits:
    """Demerits by the Lilly rules."""

    name: ClassVar[str] = "lilly-demerits"
    unit: ClassVar[str] = ""
    summary: ClassVar[str] = (
        "demerits by the Lilly rules for reactive or promiscuous compounds, 100 or more for a "
        "rejected one (Bruns and Watson 2012); needs medchem"
    )

    def ready(self) -> None:
        """Raise a ValueError where medchem or the programs are missing."""
        _judged("CCO")

    def score(self, mol: Chem.Mol) -> float:
        """Demerits; at least 100 for a molecule that a rule rejects outright.

        Raises:
            ValueError: medchem or the programs are missing.
        """
        demerits, rejected, _ = _judged(Chem.MolToSmiles(mol))
        return max(demerits, float(REJECTED)) if rejected else demerits

    def note(self, mol: Chem.Mol) -> str:
        """The rules that were met."""
        return _judged(Chem.MolToSmiles(mol))[2]


@lru_cache(maxsize=50_000)
def _judged(smiles: str) -> tuple[float, bool, str]:
    """Demerits, whether the molecule is rejected, and why."""
    logging.getLogger("medchem").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            from medchem.structural.lilly_demerits import LillyDemeritsFilters

            row: dict[str, Any] = LillyDemeritsFilters()([smiles]).iloc[0].to_dict()
    except ImportError as error:
        raise ValueError(f"lilly-demerits needs {_missing()}") from error
    count = row.get("demerit_score")
    demerits = 0.0 if count is None or count != count else float(count)
    reasons = row.get("reasons")
    return demerits, not bool(row["pass_filter"]), reasons if isinstance(reasons, str) else ""


def _missing() -> str:
    """What is not there, and how to get it."""
    if find_spec("medchem") is None:
        return f"medchem: pip install 'molq[medchem]'; and the authors' programs: {_PROGRAMS}"
    return f"the programs of the Lilly rules beside medchem: {_PROGRAMS}"


LILLY_DEMERITS = LillyDemerits()
