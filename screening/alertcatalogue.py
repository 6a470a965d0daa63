"""Structural alerts: the catalogues that RDKit carries."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Literal

from rdkit import Chem
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

from screening.intake.standardise import molecule

Catalogue = Literal["PAINS", "BRENK", "NIH"]


def matches(catalogue: Catalogue, mol: Chem.Mol) -> list[str]:
    """The alerts that a molecule holds, e.g. ``PAINS: catechol_A(92)``, each once, sorted."""
    entries = _catalogue(catalogue).GetMatches(mol)
    return sorted({f"{catalogue}: {entry.GetDescription()}" for entry in entries})


@lru_cache(maxsize=200_000)
def remembered(catalogue: Catalogue, smiles: str) -> tuple[str, ...]:
    """The alerts of a good SMILES, remembered: milliseconds each, and asked for every round.

    Raises:
        ValueError: the SMILES is not valid.
    """
    return tuple(matches(catalogue, molecule(smiles)))


@cache
def _catalogue(name: Catalogue) -> FilterCatalog:
    parameters = FilterCatalogParams()
    parameters.AddCatalog(getattr(FilterCatalogParams.FilterCatalogs, name))
    return FilterCatalog(parameters)
