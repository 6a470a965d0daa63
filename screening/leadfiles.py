"""``leads.csv`` and ``leads.sdf``: the ranked leads for spreadsheets and modelling programs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rdkit import Chem
from rdkit.Chem import AllChem
from rdkit.Geometry import Point3D

from screening import runfiles, scorers
from screening.objective import ObjectiveSettings, recipe_names, scorer_names
from screening.ranking import Lead
from screening.runfiles import Cell
from screening.scorecolumns import ScoreColumns, titled
from simulation.score import Score

CSV = "leads.csv"
SDF = "leads.sdf"


def write(directory: Path, leads: Iterable[Lead], objectives: Sequence[ObjectiveSettings]) -> None:
    """Write both files into a run's folder, each whole or not at all.

    Args:
        directory: of the run.
        leads: by rank; gone through twice, and not kept.
        objectives: the wishes.

    Raises:
        JournalError: the folder cannot be written.
    """
    columns = LeadColumns.of(leads, objectives)
    header = columns.header()
    with (
        runfiles.replaced(directory / CSV) as sheet,
        runfiles.replaced(directory / SDF) as structures,
    ):
        writer = csv.writer(sheet, lineterminator="\n")
        writer.writerow([runfiles.cell(title) for title in header])
        for lead in leads:
            row = columns.row(lead)
            writer.writerow([runfiles.cell(value) for value in row])
            structures.write(entry(lead, dict(zip(header, row, strict=True))))


def table(
    leads: Sequence[Lead], objectives: Sequence[ObjectiveSettings]
) -> tuple[list[str], list[list[Cell]]]:
    """Header and rows of the leads; a value's unit stands in its header."""
    columns = LeadColumns.of(leads, objectives)
    return columns.header(), [columns.row(lead) for lead in leads]


@dataclass(frozen=True)
class LeadColumns:
    """How leads fill a table.

    The recipes that were asked for come first, then those that were computed beside them.
    The SA score is always there: a lead has to be made. What reviewers said has a column
    where anything was said of any lead.
    """

    wanted: tuple[str, ...]  # recipes among the wishes
    properties: tuple[str, ...]  # scorers among the wishes
    parts: tuple[ScoreColumns, ...]  # of each recipe
    is_reviewed: bool = False

    @classmethod
    def of(cls, leads: Iterable[Lead], objectives: Sequence[ObjectiveSettings]) -> LeadColumns:
        """The columns that these leads fill; each is looked at once and not kept."""
        wanted = recipe_names(objectives)
        found = {name: ScoreColumns(name) for name in wanted}
        is_reviewed = False
        for lead in leads:
            is_reviewed = is_reviewed or lead.review is not None
            for name, score in lead.scores.items():
                own = ScoreColumns.of(name, [score])
                found[name] = found[name].joined(own) if name in found else own
        beside = sorted(name for name in found if name not in wanted)
        parts = tuple(found[name] for name in (*wanted, *beside))
        return cls(wanted, scorer_names(objectives), parts, is_reviewed)

    def header(self) -> list[str]:
        """The titles, with units."""
        header = ["rank", "name", "smiles", "inchikey", "origin", "round", "utility"]
        for part in self.parts:
            header += part.header()
            if part.recipe in self.wanted:
                header.append(f"{part.recipe} desirability")
        for name in self.properties:
            header += [titled(name, scorers.find(name).unit), f"{name} desirability"]
        if scorers.SA_SCORE.name not in self.properties:
            header.append(scorers.SA_SCORE.name)
        header += ["alerts", "hand", "parents"]
        return [*header, "review"] if self.is_reviewed else header

    def row(self, lead: Lead) -> list[Cell]:
        """A lead's cells under these titles."""
        candidate = lead.candidate
        row: list[Cell] = [lead.rank, candidate.name, candidate.smiles, candidate.inchikey]
        row += [candidate.origin, lead.round, lead.utility]
        for part in self.parts:
            row += part.cells(lead.scores.get(part.recipe))
            if part.recipe in self.wanted:
                row.append(lead.desirabilities[part.recipe])
        for name in self.properties:
            row += [lead.properties[name], lead.desirabilities[name]]
        if scorers.SA_SCORE.name not in self.properties:
            row.append(scorers.value(scorers.SA_SCORE.name, candidate.smiles))
        row += ["; ".join(lead.alerts), candidate.hand, " ".join(candidate.parents)]
        if self.is_reviewed:
            row.append("" if lead.review is None else lead.review.in_words())
        return row


def entry(lead: Lead, fields: dict[str, Cell]) -> str:
    """One entry of an SD file, with the computed geometry where there is one.

    Args:
        lead: whose first score with a geometry of all of it gives that; a docked pose where
            there is no other, in the form that was docked.
        fields: the data items, by title.
    """
    mol = _in_space(lead)
    if mol is None:
        mol = Chem.MolFromSmiles(lead.candidate.smiles)
        AllChem.Compute2DCoords(mol)  # type: ignore[attr-defined]
    mol.SetProp("_Name", " ".join((lead.candidate.name or lead.candidate.inchikey).split()))
    return record(mol, fields)


def _in_space(lead: Lead) -> Chem.Mol | None:
    from simulation.recipes.docking import docked

    for geometry in (embedded, docked):
        for score in lead.scores.values():
            mol = geometry(score)
            if mol is not None:
                return mol
    return None


def record(mol: Chem.Mol, fields: Mapping[str, Cell]) -> str:
    """A molecule with its data items, by title, as text of an SD file."""
    text = [Chem.MolToMolBlock(mol)]
    for title, value in fields.items():
        if _item(value):
            text.append(f">  <{title.replace('<', '(').replace('>', ')')}>\n{_item(value)}\n\n")
    return "".join(text) + "$$$$\n"


def embedded(score: Score) -> Chem.Mol | None:
    """The molecule in the geometry its score was computed in (Angstrom).

    None when the geometry's atoms are not those of the SMILES, hydrogens last, or when it is
    that of another form: a zwitterion has the atoms of the neutral one, bound otherwise.
    """
    if score.provenance.convergence.get("form", score.smiles) != score.smiles:
        return None
    mol = Chem.AddHs(Chem.MolFromSmiles(score.smiles))
    lines = score.provenance.geometry.strip().splitlines()[2:]
    atoms = [line.split() for line in lines]
    if [a[0] for a in atoms] != [atom.GetSymbol() for atom in mol.GetAtoms()]:
        return None
    conformer = Chem.Conformer(len(atoms))
    for index, (_, x, y, z) in enumerate(atoms):
        conformer.SetAtomPosition(index, Point3D(float(x), float(y), float(z)))
    conformer.Set3D(True)
    mol.AddConformer(conformer, assignId=True)
    return mol


def _item(value: Cell) -> str:
    # A data item ends at an empty line, and an entry at a line of four dollars.
    text = runfiles.cell(value) if not isinstance(value, str) else " ".join(value.split())
    return "'" + text if text.startswith("$$$$") else text
