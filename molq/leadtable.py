"""Ranked leads as a table: the same columns for terminal, files, notebook and report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from rdkit import Chem, rdBase

from screening import leadfiles, scorers
from screening.candidate import Candidate
from screening.objective import ObjectiveSettings
from screening.ranking import Lead

if TYPE_CHECKING:
    import pandas as pd

    from molq.exports.forms import Form
    from simulation.score import Score

ColumnKind = Literal["utility", "objective", "recipe", "baseline", "deviation", "property"]

DEVIATION_UNIT = "mHa"
_NO_STEREO = "UHFFFAOY"  # the InChIKey block of a molecule without stereo or isotope layers


@dataclass(frozen=True)
class LeadColumn:
    """One column: how it is headed, and how a lead fills it."""

    header: str
    unit: str  # "" for texts and pure numbers
    kind: ColumnKind
    digits: int  # after the point
    meaning: str  # one line
    cell: Callable[[Lead], float | None]
    error: Callable[[Lead], float | None] = lambda lead: None  # standard error of the cell

    @property
    def title(self) -> str:
        """The header with its unit."""
        return f"{self.header} ({self.unit})" if self.unit else self.header


_SA_SCORE = LeadColumn(
    scorers.SA_SCORE.name, scorers.SA_SCORE.unit, "property", 2, scorers.SA_SCORE.summary,
    lambda lead: scorers.value(scorers.SA_SCORE.name, lead.candidate.smiles),
)  # fmt: skip


def called(candidate: Candidate) -> str:
    """A molecule's name, or the part of its InChIKey that tells it from others.

    That is the skeleton's block, and where there are stereocentres the beginning
    of theirs: enantiomers share the first.
    """
    if candidate.name:
        return candidate.name
    skeleton, stereo, _ = candidate.inchikey.split("-")
    return skeleton if stereo.startswith(_NO_STEREO) else f"{skeleton}-{stereo[:4]}"


def label(lead: Lead) -> str:
    """What a lead is called."""
    return called(lead.candidate)


def leading_score(lead: Lead) -> Score | None:
    """The score of the first recipe among the objectives, None where there is none."""
    return next(iter(lead.scores.values()), None)


def made_by(candidate: Candidate, names: Mapping[str, str]) -> str:
    """Which hand of the generator, or which reviewer, proposed a molecule; "" where none did.

    Args:
        candidate: the molecule.
        names: what molecules are called, by SMILES; others go by their InChIKey's skeleton.
    """
    if candidate.origin == "reviewer":
        return f"idea of {candidate.hand}"
    if not candidate.hand or candidate.hand == "prior":
        return candidate.hand
    parents = [names.get(x) or Chem.MolToInchiKey(_read(x))[:14] for x in candidate.parents]
    return f"{candidate.hand} of {' and '.join(parents)}" if parents else candidate.hand


def _read(smiles: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(smiles)


def site_of(lead: Lead) -> tuple[int, ...]:
    """Heavy-atom indices of the scored site, in the order of the score's SMILES."""
    score = leading_score(lead)
    return score.sites[0].atoms if score is not None and score.sites else ()


@dataclass(frozen=True)
class LeadTable(Sequence[Lead]):
    """Leads by falling utility, with what was asked for."""

    leads: tuple[Lead, ...]
    objectives: tuple[ObjectiveSettings, ...]
    left_out: int = 0  # molecules with sampled scores, which are not ranked
    ranked: int | None = None  # scored molecules, where these are only the first leads of many

    @overload
    def __getitem__(self, index: int) -> Lead: ...
    @overload
    def __getitem__(self, index: slice) -> LeadTable: ...
    def __getitem__(self, index: int | slice) -> Lead | LeadTable:
        if isinstance(index, slice):
            return replace(self, leads=self.leads[index])
        return self.leads[index]

    def __len__(self) -> int:
        return len(self.leads)

    def __iter__(self) -> Iterator[Lead]:
        return iter(self.leads)

    @property
    def notice(self) -> str:
        """How many molecules the ranking leaves out, and what would include them; "" for none."""
        if not self.left_out:
            return ""
        if self.left_out == 1:
            return "1 molecule with a sampled score is not ranked; ranking.sampled = true ranks it"
        return (
            f"{self.left_out} molecules with sampled scores are not ranked; "
            "ranking.sampled = true ranks them"
        )

    @cached_property
    def number_columns(self) -> tuple[LeadColumn, ...]:
        """Utility, objectives, recipes computed beside them, baselines, deviations, SA score."""
        columns = [
            LeadColumn(
                "utility", "", "utility", 3,
                "weighted geometric mean of the desirabilities, 0 to 1", lambda x: x.utility,
            )
        ]  # fmt: skip
        for objective in self.objectives:
            columns.append(self._objective_column(objective.name))
        wanted = {objective.name for objective in self.objectives}
        for name in dict.fromkeys(name for lead in self.leads for name in lead.scores):
            if name not in wanted:
                columns.append(replace(self._objective_column(name), kind="recipe"))
        columns += self._score_columns()
        if scorers.SA_SCORE.name not in wanted:
            columns.append(_SA_SCORE)
        return tuple(columns)

    def _objective_column(self, name: str) -> LeadColumn:
        if any(name in lead.scores for lead in self.leads):
            score = next(lead.scores[name] for lead in self.leads if name in lead.scores)
            unit, digits, meaning = score.unit, 3, f"recipe {name}, solver {score.solver}"
        elif scorers.is_scorer(name):
            scorer = scorers.find(name)
            unit, digits, meaning = scorer.unit, 2, scorer.summary
        else:
            unit, digits, meaning = "", 3, f"recipe {name}"
        return LeadColumn(
            name, unit, "objective", digits, meaning,
            lambda lead: _value(lead, name), lambda lead: _error(lead, name),
        )  # fmt: skip

    def _score_columns(self) -> list[LeadColumn]:
        recipes: dict[str, dict[str, tuple[str, str]]] = {}
        for lead in self.leads:
            for recipe, score in lead.scores.items():
                found = recipes.setdefault(recipe, {})
                for name, baseline in score.baselines.items():
                    found.setdefault(name, (baseline.unit, baseline.method))
        columns = []
        for recipe, baselines in recipes.items():
            prefix = f"{recipe} " if len(recipes) > 1 else ""
            columns += [
                LeadColumn(f"{prefix}{name}", unit, "baseline", 3, method, _baseline(recipe, name))
                for name, (unit, method) in baselines.items()
            ]
            if not any(_deviation(recipe)(lead) is not None for lead in self.leads):
                continue  # no active space is solved
            columns.append(
                LeadColumn(
                    f"{prefix}CASCI deviation", DEVIATION_UNIT, "deviation", 4,
                    "the solver's energy difference minus the exact one in the same space",
                    _deviation(recipe),
                )
            )  # fmt: skip
        return columns

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What the leads are called, by SMILES."""
        return {lead.candidate.smiles: label(lead) for lead in self.leads}

    def origin(self, lead: Lead) -> str:
        """Where a lead comes from: the library, or the hand that made it and from what."""
        return made_by(lead.candidate, self.names) or lead.candidate.origin

    def to_frame(self) -> pd.DataFrame:
        """One row for each lead, the columns of ``leads.csv``; headers carry the units."""
        import pandas as pd

        header, rows = leadfiles.table(self.leads, self.objectives)
        return pd.DataFrame(rows, columns=header)

    def write(self, path: str | Path, form: Form | None = None) -> int:
        """Write the leads into a file, as ``molq leads --format``; the number of them.

        Args:
            path: of the file; for ``fcidump`` a new folder, or a name that ends in ``.zip``.
            form: ``parquet``, ``csv``, ``sdf``, ``xlsx``, ``json``, ``xyz``, ``qcschema`` or
                ``fcidump``; None for what the file's name ends in.

        Raises:
            CallError: no such format.
            MolqError: the file cannot be written.
        """
        from molq.exports import forms

        return forms.write_table(self, Path(path), form)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain JSON types: each lead with its whole scores."""
        return [
            {
                "rank": lead.rank,
                "name": lead.candidate.name,
                "smiles": lead.candidate.smiles,
                "inchikey": lead.candidate.inchikey,
                "utility": lead.utility,
                "desirabilities": dict(lead.desirabilities),
                "properties": {_SA_SCORE.header: _SA_SCORE.cell(lead), **lead.properties},
                "scores": {name: score.to_json() for name, score in lead.scores.items()},
                "alerts": list(lead.alerts),
                "origin": lead.candidate.origin,
                "hand": lead.candidate.hand,
                "parents": list(lead.candidate.parents),
                "round": lead.round,
                "row": lead.candidate.row,
                "review": None if lead.review is None else lead.review.in_words(),
            }
            for lead in self.leads
        ]

    def _repr_html_(self) -> str:
        from molq.notebook import Picture, table

        shown = self.number_columns
        return table(
            ["rank", "structure", "molecule", *(column.title for column in shown), "origin"],
            [
                [
                    lead.rank,
                    Picture(_drawn_smiles(lead), site_of(lead)),
                    f"{label(lead)}: {lead.candidate.smiles}",
                    *(column.cell(lead) for column in shown),
                    self.origin(lead),
                ]
                for lead in self.leads
            ],
        )


def _drawn_smiles(lead: Lead) -> str:
    # the site's indices are those of the score's SMILES
    score = leading_score(lead)
    return score.smiles if score is not None else lead.candidate.smiles


def _value(lead: Lead, name: str) -> float | None:
    score = lead.scores.get(name)
    return score.value if score is not None else lead.properties.get(name)


def _error(lead: Lead, name: str) -> float | None:
    score = lead.scores.get(name)
    return score.standard_error if score is not None else None


def _baseline(recipe: str, name: str) -> Callable[[Lead], float | None]:
    def cell(lead: Lead) -> float | None:
        score = lead.scores.get(recipe)
        baseline = score.baselines.get(name) if score is not None else None
        return baseline.value if baseline is not None else None

    return cell


def _deviation(recipe: str) -> Callable[[Lead], float | None]:
    def cell(lead: Lead) -> float | None:
        score = lead.scores.get(recipe)
        return score.casci_deviation_mha if score is not None else None

    return cell
