"""Whether a run's folder is whole: its journal, its inputs, its leads and the files beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rdkit import Chem, rdBase

from generative import weights
from molq import inputs
from molq.campaignfile import CampaignFile, RunFile, ScreenFile
from molq.errors import CallError, MolqError
from molq.execution import SETTINGS
from molq.reading import check_run, every_lead, journal_of, settings_of
from screening import leadfiles, resultfile
from screening.compute.evaluation import attempt_seed, molecule_seed
from screening.funnel.funnel import Funnel
from screening.ranking import Lead
from screening.standing import REVIEWED, EveryLead
from screening.store.journal import Journal, JournalError
from screening.store.verification import Check, Findings, printable
from screening.store.verification import verify as verify_journal
from simulation.score import Score


@dataclass(frozen=True)
class Verification:
    """What was looked at in a run's folder, and what is wrong with it."""

    directory: str
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.holds for check in self.checks)

    @property
    def damage(self) -> tuple[str, ...]:
        """A line for each damaged record that is named."""
        return tuple(line for check in self.checks for line in check.damage)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "directory": self.directory,
            "holds": self.holds,
            "checks": [{**asdict(check), "holds": check.holds} for check in self.checks],
        }

    def rows(self) -> list[tuple[str, str, str]]:
        """What was looked at, how many of it, and the verdict: a table's cells."""
        return [(check.name, f"{check.looked_at:,}", _verdict(check)) for check in self.checks]

    def _repr_html_(self) -> str:
        from molq.notebook import table

        return table(["check", "looked at", "found"], self.rows())


def _verdict(check: Check) -> str:
    if not check.holds:
        return f"{check.damaged:,} damaged"
    return check.note or "whole"


def verify(directory: Path) -> Verification:
    """Look at everything in a run's folder; nothing is written.

    Args:
        directory: of the run, which may be going on: files that it has still to write are
            then not compared.

    Raises:
        CallError: there is no run.
    """
    check_run(directory)
    try:
        checks = verify_journal(directory)
    except JournalError as error:
        raise MolqError(str(error)) from error
    try:
        with journal_of(directory) as journal:
            file = settings_of(journal)
            checks += [_settings(journal, file), _inputs(journal, file), _environment(journal)]
            checks += _leads(journal, file)
    except (MolqError, ValueError, TypeError, AttributeError, LookupError) as error:
        # a damaged record may be of another type than any that was written
        checks.append(_unreadable("settings and leads", error))
    return Verification(str(directory), tuple(checks))


def _unreadable(name: str, error: Exception) -> Check:
    return Check(name, 0, (" ".join(str(error).split()),), 1)


def _settings(journal: Journal, file: RunFile) -> Check:
    """The settings' file and the campaign file as they were read."""
    found = Findings("settings")
    written = journal.directory / SETTINGS[journal.kind]
    found.looked_at += 1
    try:
        if type(file).from_toml(written) != file:
            found.add(f"{written.name} does not say the settings that the journal holds")
    except CallError as error:
        found.add(str(error).splitlines()[0])
    stated = journal.environment().get(inputs.SOURCE)
    if stated is not None:
        found.looked_at += 1
        _compare(found, journal.directory / inputs.SOURCE_FILE, stated)
    return found.check()


def _inputs(journal: Journal, file: RunFile) -> Check:
    """Library and prior by their SHA-256; one that is gone is not compared."""
    found = Findings("inputs")
    stated = journal.environment()
    gone = []
    paths: dict[str, Path | None] = {}
    if file.library is not None:
        paths[inputs.LIBRARY] = file.library.file
    if isinstance(file, CampaignFile):
        paths[inputs.PRIOR] = weights.file_of(file.generator.network)
    for key, path in paths.items():
        if key not in stated:
            continue
        if path is None or not path.exists():
            gone.append(key.removesuffix("_sha256"))
            continue
        found.looked_at += 1
        _compare(found, path, stated[key])
    if gone:
        found.note = f"not compared, for it is gone: {', '.join(gone)}"
    return found.check()


def _compare(found: Findings, path: Path, stated: str) -> None:
    try:
        if inputs.sha256(path) != stated:
            found.add(f"{path} is not the file the run began with")
    except CallError as error:
        found.add(str(error))


def _environment(journal: Journal) -> Check:
    """The record of versions is there; what is another one here is said."""
    found = Findings("environment")
    stated = journal.environment().get(inputs.VERSION, {})
    found.looked_at = len(stated)
    if not stated:
        found.add("the journal holds no record of versions")
    other = other_versions(stated)
    if other:
        found.note = f"other versions here: {', '.join(other)}"
    return found.check()


def other_versions(stated: dict[str, str]) -> list[str]:
    """Packages of which another version is installed here, e.g. ``pyscf 2.13.0 -> 2.14.0``."""
    other = []
    for package, then in stated.items():
        try:
            now = version(package)
        except PackageNotFoundError:
            now = "not installed"
        if now != then:
            other.append(f"{package} {then} -> {now}")
    return other


def _leads(journal: Journal, file: RunFile) -> list[Check]:
    """The leads' provenance, and the files that were written of them."""
    try:
        leads = every_lead(journal, file)
        found = Findings("leads")
        for lead in leads:
            found.looked_at += 1
            for line in _doubts(journal, file, lead):
                found.add(f"lead {lead.rank}, {lead.candidate.inchikey}: {line}")
        return [found.check(), *_files(journal, file, leads)]
    except JournalError as error:
        return [_unreadable("leads", error)]


def _doubts(journal: Journal, file: RunFile, lead: Lead) -> Iterator[str]:
    """What is missing of a lead's way from a row, or a hand with parents, to its score."""
    candidate = lead.candidate
    if candidate.origin == "library":
        row = journal.library_row(candidate.row) if candidate.row is not None else None
        if row is None or row.candidate is None or row.candidate.inchikey != candidate.inchikey:
            yield f"row {candidate.row} of the library is not its"
    elif candidate.origin == "reviewer":
        # the word itself may have been taken back since
        said = journal.reviews_of(candidate.inchikey)
        if not any(x.kind == "idea" and x.reviewer == candidate.hand for x in said):
            yield f"it is said to be the idea of {printable(candidate.hand)}, of whom there is none"
    elif not candidate.hand:
        yield "no hand of the generator is named"
    elif candidate.hand != "prior" and not candidate.parents:
        yield f"the hand {candidate.hand} has no parents"
    with rdBase.BlockLogs():
        for parent in candidate.parents:
            if Chem.MolFromSmiles(parent) is None:
                yield f"its parent {printable(parent)} is no molecule"
        mol = Chem.MolFromSmiles(candidate.smiles)
        if mol is None or Chem.MolToInchiKey(mol) != candidate.inchikey:
            yield "its SMILES does not give its InChIKey"
    for recipe in file.recipes:
        if recipe not in lead.scores:
            yield f"it has no score by {recipe}"
            continue
        came = journal.address_of(candidate.inchikey, recipe)
        if came is None or not came.source:
            yield from _not_of_this_run(file, lead, recipe, lead.scores[recipe])


def _not_of_this_run(file: RunFile, lead: Lead, recipe: str, score: Score) -> Iterator[str]:
    """What a score says that a calculation of this run would not."""
    made = score.provenance
    own = molecule_seed(file.seed, lead.candidate.inchikey)
    rungs = range(file.compute.max_attempts + 1)
    if made.seed not in {attempt_seed(own, rung) for rung in rungs}:
        yield f"the seed of its score by {recipe} is not this run's"
    asked = file.simulation.model_dump(mode="json")
    other = [key for key, value in made.settings.items() if asked.get(key, value) != value]
    if other:
        yield f"its score by {recipe} was computed with another {', '.join(other)}"
    if not made.geometry.strip() or not made.versions:
        yield f"its score by {recipe} lacks its geometry or its versions"


def _files(journal: Journal, file: RunFile, leads: EveryLead) -> Iterator[Check]:
    """The files of leads and results against the same made anew from the records."""
    names = [leadfiles.CSV, leadfiles.SDF]
    if isinstance(file, ScreenFile):
        names.append(resultfile.CSV)
    if not journal.finished:
        for name in names:
            yield Check(name, 0, note="not compared: the run is not at its end")
        return
    # what was said after the files were written is not in them
    leads = replace(leads, reviewed=int(journal.marked(REVIEWED) or 0))
    with tempfile.TemporaryDirectory(prefix="molq-verify-") as folder:
        leadfiles.write(Path(folder), leads, leads.objectives)
        if isinstance(file, ScreenFile):
            stages = Funnel(file.funnel, file.recipes).steps
            resultfile.write(journal, file.recipes, stages=stages, folder=Path(folder))
        for name in names:
            yield _same(journal.directory / name, Path(folder) / name)


def _same(written: Path, anew: Path) -> Check:
    found = Findings(written.name)
    if not written.is_file():
        found.add(f"{written.name} is not there; `molq resume {written.parent}` writes it again")
        return found.check()
    with (
        written.open(encoding="utf-8", errors="surrogateescape", newline="") as one,
        anew.open(encoding="utf-8", newline="") as other,
    ):
        for number, (there, here) in enumerate(zip_longest(one, other), 1):
            found.looked_at += 1
            if there != here:
                found.add(f"{written.name}: line {number} is not what the records give")
    return found.check()
