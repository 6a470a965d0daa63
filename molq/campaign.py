"""``molq.Campaign``: a closed loop from one file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from molq import execution, inputs, reading
from molq.campaignfile import CampaignFile
from molq.errors import CallError
from molq.leadtable import LeadTable
from molq.run import Run
from molq.runstatus import RunStatus
from screening.progress import Listener


class Campaign:
    """A campaign: before it is run, while it runs, and after.

    Args:
        file: the settings.
        directory: the run's folder; None before ``run``.
        source: the file that the settings were read from; None for none.
    """

    def __init__(
        self,
        file: CampaignFile,
        directory: Path | None = None,
        source: inputs.Source | None = None,
    ) -> None:
        self.file = file
        self.directory = directory
        self.source = source

    @classmethod
    def from_toml(cls, path: str | Path, set: Iterable[str] | Mapping[str, Any] = ()) -> Campaign:
        """A campaign from its file; nothing is computed yet.

        Args:
            path: of the campaign file.
            set: settings to change: ``{"simulation.conformers": 3}`` or
                ``["simulation.conformers=3"]``.

        Raises:
            CallError: the file cannot be read or says something wrong.
        """
        changes = set if isinstance(set, Mapping) else tuple(set)
        source = inputs.Source.read(Path(path), changes)
        return cls(CampaignFile.from_toml(path, changes), source=source)

    @classmethod
    def open(cls, directory: str | Path) -> Campaign:
        """A campaign that was begun, by its folder.

        Raises:
            CallError: the folder holds no campaign.
        """
        run = Run.open(directory)
        with reading.journal_of(run.directory) as journal:
            file = reading.settings_of(journal)
        if not isinstance(file, CampaignFile):
            raise CallError(f"{directory} holds a screen, not a campaign: use molq.Run.open")
        return cls(file, run.directory)

    def run(self, out: str | Path | None = None, *, on_event: Listener | None = None) -> LeadTable:
        """Run to the end and give the leads.

        Args:
            out: the run's folder, which must not hold a run; by default
                ``runs/<name>``.
            on_event: called with each ``screening.progress.Event``.

        Raises:
            CallError: the folder is taken, or the settings do not work.
            MolqError: Ray or the journal failed.
        """
        directory = Path(out) if out is not None else default_directory(self.file.name)
        execution.check_free(directory)
        execution.check(self.file)
        self.directory = directory
        execution.begin(self.file, directory, source=self.source, on_event=on_event)
        return self.leads()

    def resume(self, *, on_event: Listener | None = None) -> LeadTable:
        """Go on to the end of an interrupted run and give the leads."""
        return self._run().resume(on_event)

    def leads(self, top: int | None = None) -> LeadTable:
        """The ranked leads so far, or the first of them."""
        return self._run().leads(top)

    def status(self) -> RunStatus:
        """Where the run stands."""
        return self._run().status()

    def report(self, output: str | Path | None = None) -> Path:
        """Write the report, by default into the run's folder; its path."""
        return self._run().report(output)

    def _run(self) -> Run:
        if self.directory is None:
            raise CallError("this campaign has not been run yet: call run(out) first")
        return Run(self.directory)

    def _repr_html_(self) -> str:
        from molq.notebook import table

        if self.directory is not None:
            return self.status()._repr_html_()
        facts = [("campaign", self.file.name), ("state", "not begun")]
        facts += [("objective", objective.name) for objective in self.file.objective]
        return table(["", ""], facts)


def default_directory(name: str) -> Path:
    """``runs/<name>``, the name as a plain folder's."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".-")
    return Path("runs") / (plain or "campaign")
