"""What a molecule must and must not be before it costs any computing."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from rdkit import Chem, rdBase
from rdkit.Chem import Crippen, Descriptors

from screening.alertcatalogue import Catalogue, matches, remembered
from screening.candidate import Candidate
from screening.failure import Failure
from screening.intake.standardise import molecule

AlertRule = Literal["flag", "drop", "off"]


class FilterSettings(BaseModel):
    """Hard limits and structural alerts: the ``[filters]`` table of a campaign.

    BRENK counts every Michael acceptor among its alerts, so for covalent work
    both catalogues flag by default and drop nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pains: AlertRule = Field(
        default="flag", description="PAINS alerts (Baell and Holloway 2010): flag, drop or off"
    )
    brenk: AlertRule = Field(
        default="flag", description="BRENK alerts (Brenk et al. 2008): flag, drop or off"
    )
    max_heavy_atoms: int | None = Field(default=None, ge=1, description="largest molecule")
    min_molecular_weight: float | None = Field(default=None, ge=0, description="g/mol")
    max_molecular_weight: float | None = Field(default=None, gt=0, description="g/mol")
    min_logp: float | None = Field(default=None, description="Crippen logP")
    max_logp: float | None = Field(default=None, description="Crippen logP")
    required: tuple[str, ...] = Field(default=(), description="SMARTS, each must match")
    forbidden: tuple[str, ...] = Field(default=(), description="SMARTS, none may match")

    @field_validator("required", "forbidden")
    @classmethod
    def _valid_smarts(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            _pattern(pattern)
        return patterns

    @model_validator(mode="after")
    def _ordered_ranges(self) -> FilterSettings:
        for quantity in ("molecular_weight", "logp"):
            low, high = getattr(self, f"min_{quantity}"), getattr(self, f"max_{quantity}")
            if low is not None and high is not None and low > high:
                raise ValueError(f"min_{quantity} {low:g} is above max_{quantity} {high:g}")
        return self

    @property
    def drops_nothing(self) -> bool:
        """Whether every molecule passes."""
        limits = (
            self.max_heavy_atoms,
            self.min_molecular_weight,
            self.max_molecular_weight,
            self.min_logp,
            self.max_logp,
        )
        return (
            all(limit is None for limit in limits)
            and not self.required
            and not self.forbidden
            and "drop" not in (self.pains, self.brenk)
        )


def alerts(
    molecule_or_smiles: Chem.Mol | str, settings: FilterSettings | None = None
) -> tuple[str, ...]:
    """Structural alerts of a molecule, e.g. ``PAINS: catechol_A(92)``, each once, sorted.

    Args:
        molecule_or_smiles: a sanitised molecule or a good SMILES.
        settings: catalogues that are ``off`` report nothing; ``None`` asks both.

    Raises:
        ValueError: the SMILES is not valid.
    """
    settings = settings or FilterSettings()
    asked = [catalogue for catalogue, rule in _rules(settings) if rule != "off"]
    if isinstance(molecule_or_smiles, str):
        return tuple(alert for name in asked for alert in remembered(name, molecule_or_smiles))
    return tuple(alert for name in asked for alert in matches(name, molecule_or_smiles))


def check(candidate: Candidate, settings: FilterSettings) -> Failure | None:
    """Why the settings exclude a candidate, or ``None`` when they do not."""
    return None if settings.drops_nothing else refusal(molecule(candidate.smiles), settings)


def refusal(mol: Chem.Mol, settings: FilterSettings) -> Failure | None:
    """Why the settings exclude a standardised molecule, or ``None`` when they do not."""
    reason = _out_of_range(mol, settings) or _pattern_reason(mol, settings)
    if reason is None:
        reason = _dropped_by_alert(mol, settings)
    return None if reason is None else Failure("input", "filters", reason)


def _out_of_range(mol: Chem.Mol, settings: FilterSettings) -> str | None:
    heavy = mol.GetNumHeavyAtoms()
    if settings.max_heavy_atoms is not None and heavy > settings.max_heavy_atoms:
        return f"{heavy} heavy atoms, above max_heavy_atoms {settings.max_heavy_atoms}"
    if settings.min_molecular_weight is not None or settings.max_molecular_weight is not None:
        weight = float(Descriptors.MolWt(mol))  # type: ignore[attr-defined]
        low, high = settings.min_molecular_weight, settings.max_molecular_weight
        if low is not None and weight < low:
            return f"molecular weight {weight:.1f} g/mol, below min_molecular_weight {low:g}"
        if high is not None and weight > high:
            return f"molecular weight {weight:.1f} g/mol, above max_molecular_weight {high:g}"
    if settings.min_logp is not None or settings.max_logp is not None:
        logp = float(Crippen.MolLogP(mol))  # type: ignore[attr-defined]
        if settings.min_logp is not None and logp < settings.min_logp:
            return f"logP {logp:.2f}, below min_logp {settings.min_logp:g}"
        if settings.max_logp is not None and logp > settings.max_logp:
            return f"logP {logp:.2f}, above max_logp {settings.max_logp:g}"
    return None


def _pattern_reason(mol: Chem.Mol, settings: FilterSettings) -> str | None:
    for smarts in settings.required:
        if not mol.HasSubstructMatch(_pattern(smarts)):
            return f"the required pattern {smarts} is missing"
    for smarts in settings.forbidden:
        if mol.HasSubstructMatch(_pattern(smarts)):
            return f"holds the forbidden pattern {smarts}"
    return None


def _dropped_by_alert(mol: Chem.Mol, settings: FilterSettings) -> str | None:
    for catalogue, rule in _rules(settings):
        if rule == "drop":
            found = matches(catalogue, mol)
            if found:
                return f"structural alert {', '.join(found)}"
    return None


def _rules(settings: FilterSettings) -> tuple[tuple[Catalogue, AlertRule], ...]:
    return ("PAINS", settings.pains), ("BRENK", settings.brenk)


@lru_cache(maxsize=1024)
def _pattern(smarts: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(smarts)
    if pattern is None or pattern.GetNumAtoms() == 0:
        raise ValueError(f"{smarts!r} is not a valid SMARTS pattern")
    return pattern
