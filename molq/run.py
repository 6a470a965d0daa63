"""A run's folder, campaign or screen: its leads, its status, its report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from molq import execution, reading
from molq.leadtable import LeadTable
from molq.runstatus import RunStatus
from screening.progress import Listener

if TYPE_CHECKING:
    from molq.explanations import LeadExplanation
    from molq.exporting import What
    from molq.exports.forms import Form
    from molq.reproducing import Reproduction
    from molq.review.idea import IdeaAnswer
    from molq.verifying import Verification
    from screening.store.records import Review, ReviewKind


@dataclass(frozen=True)
class Run:
    """A run that was begun; every question is answered from its journal."""

    directory: Path

    @classmethod
    def open(cls, directory: str | Path) -> Run:
        """The run of a folder.

        Raises:
            CallError: the folder holds none.
        """
        reading.check_run(Path(directory))
        return cls(Path(directory))

    def leads(self, top: int | None = None) -> LeadTable:
        """The ranked leads so far, or the first of them.

        Raises:
            MolqError: the journal is damaged.
        """
        with reading.journal_of(self.directory) as journal:
            return reading.leads_of(journal, reading.settings_of(journal), top)

    def explain(self, which: int | str) -> LeadExplanation:
        """What stands behind one lead: its prediction taken apart, its neighbours, its choice.

        Args:
            which: its rank, or its InChIKey or the first block of it.

        Raises:
            CallError: there is no such lead.
            MolqError: the journal is damaged.
        """
        from molq import explanations

        with reading.journal_of(self.directory) as journal:
            file = reading.settings_of(journal)
            table = reading.leads_of(journal, file)
            lead = explanations.found(table, which)
            (one,) = explanations.of_leads(journal, file, table, [lead])
        return explanations.LeadExplanation(one)

    def explanations(self, top: int | None = None) -> list[LeadExplanation]:
        """What stands behind every lead, or the first of them.

        Raises:
            MolqError: the journal is damaged.
        """
        from molq import explanations

        with reading.journal_of(self.directory) as journal:
            file = reading.settings_of(journal)
            table = reading.leads_of(journal, file)
            found = explanations.of_leads(journal, file, table, table.leads[:top])
        return [explanations.LeadExplanation(one) for one in found]

    def status(self) -> RunStatus:
        """Where the run stands.

        Raises:
            MolqError: the journal is damaged.
        """
        with reading.journal_of(self.directory) as journal:
            file = reading.settings_of(journal)
            return reading.status_of(journal, file, reading.leads_of(journal, file, top=1))

    def report(self, output: str | Path | None = None) -> Path:
        """Write the report, by default ``report.html`` in the run's folder.

        Raises:
            MolqError: the journal is damaged or the file cannot be written.
        """
        path = self.directory / reading.REPORT if output is None else Path(output)
        with reading.journal_of(self.directory) as journal:
            reading.write_report(journal, reading.settings_of(journal), path)
        return path

    def verify(self) -> Verification:
        """Whether the folder is whole: records, links between them, leads, files, inputs.

        Nothing is written; what is damaged is in the answer and raises no error.

        Raises:
            CallError: there is no run.
        """
        from molq import verifying

        return verifying.verify(self.directory)

    def reproduce(self, sample: int = 5, *, seed: int = 0, tolerance: float = 1e-3) -> Reproduction:
        """Compute some of the run's scores again, from their recorded inputs and seeds.

        Args:
            sample: how many, drawn at random.
            seed: of the choice.
            tolerance: by how much a value may differ, in its unit.

        Raises:
            CallError: there is no run, or a number makes no sense.
            MolqError: the journal is damaged, or no process can be started.
        """
        from molq import reproducing

        return reproducing.reproduced(self.directory, sample, seed=seed, tolerance=tolerance)

    def export(
        self, what: What, path: str | Path, form: Form | None = None, *, top: int | None = None
    ) -> int:
        """Write one of the run's tables into a file; the number of its rows.

        Args:
            what: ``results``, ``library``, ``attempts``, ``rounds``, ``selections``, ``cuts``,
                ``reviews`` or ``leads``.
            path: of the file; for ``fcidump`` a new folder, or a name that ends in ``.zip``.
            form: ``parquet``, ``csv``, ``sdf``, ``xlsx``, ``json``, ``xyz``, ``qcschema`` or
                ``fcidump``; None for what the file's name ends in.
            top: only the first leads; None for all.

        Raises:
            CallError: no such table or format.
            MolqError: the journal is damaged, or the file cannot be written.
        """
        from molq import exporting

        return exporting.export(self.directory, what, Path(path), form, top=top)

    def reviews(self) -> list[Review]:
        """What people said of the run's molecules, in order; what was taken back included.

        Raises:
            MolqError: the journal is damaged.
        """
        with reading.journal_of(self.directory) as journal:
            return list(journal.reviews())

    def review(
        self,
        molecule: str,
        kind: ReviewKind,
        *,
        reviewer: str,
        text: str = "",
        rating: int | None = None,
        withdraws: int | None = None,
    ) -> Review:
        """Say something of a molecule, as on the page of ``molq review``; the run obeys it.

        Args:
            molecule: its InChIKey.
            kind: ``approve``, ``reject`` (with its reason as ``text``), ``rate`` (with
                ``rating``), ``comment`` (with ``text``) or ``withdraw`` (with ``withdraws``).
            reviewer: who says it.
            text: the reason or the comment.
            rating: 1, poor, to 5, excellent.
            withdraws: id of the own review that is taken back.

        Raises:
            CallError: the molecule is none of the run, or too little is said.
            MolqError: the journal is damaged or cannot be written.
        """
        from molq.review import saying

        return saying.say(
            self.directory,
            molecule,
            kind,
            reviewer=reviewer,
            text=text,
            rating=rating,
            withdraws=withdraws,
        )

    def idea(self, molecule: str, *, reviewer: str, name: str = "") -> IdeaAnswer:
        """Ask for a molecule in the next batch; the answer says what becomes of it.

        Args:
            molecule: a SMILES, an InChI or a molfile.
            reviewer: who asks for it.
            name: what it is called; "" for nothing.

        Raises:
            MolqError: the journal is damaged or cannot be written.
        """
        from molq.review import saying

        answer, _ = saying.propose(self.directory, molecule, reviewer=reviewer, name=name)
        return answer

    def resume(self, on_event: Listener | None = None) -> LeadTable:
        """Go on to the end of the run; what is journalled is not computed again.

        Raises:
            MolqError: another process works on it, or Ray or the journal failed.
        """
        execution.go_on(self.directory, on_event=on_event)
        return self.leads()

    def _repr_html_(self) -> str:
        return self.status()._repr_html_()
