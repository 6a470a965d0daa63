"""What ``molq score`` says of energies that circuits gave: mitigation, the technical file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molq.cli.console import Column, note, write_table
from molq.errors import CallError, MolqError
from molq.uncertainty import PLUS_MINUS

if TYPE_CHECKING:
    from molq.scoretable import ScoreTable
    from simulation.settings import SimulationSettings

CIRCUIT_SOLVER = "vqe-circuit"
_MHA = 1000.0


def announce(simulation: SimulationSettings, chosen: dict[str, Any]) -> None:
    """Say on stderr which solver a backend brought with it.

    Args:
        simulation: as it came out.
        chosen: the keys that were given.
    """
    if simulation.backend != "exact" and "solver" not in chosen:
        note(f"solver {simulation.solver}: it runs its circuits on {simulation.backend}")


def check(path: Path, simulation: SimulationSettings) -> None:
    """That there will be something to write, and a place for it.

    Raises:
        CallError: the solver runs no circuit, or the folder does not exist.
    """
    if simulation.solver != CIRCUIT_SOLVER:
        raise CallError(
            f"--technical-file: the solver {simulation.solver!r} runs no circuit; add --backend, "
            f"e.g. --backend fake:manila, or --solver {CIRCUIT_SOLVER}"
        )
    if not path.parent.is_dir():
        raise CallError(f"--technical-file: there is no folder {path.parent}")
    if path.is_dir():
        raise CallError(f"--technical-file: {path} is a folder; give the name of a file")


def kept(table: ScoreTable, path: Path) -> ScoreTable:
    """Write the technical file; the table comes back without its entries.

    Args:
        table: scored with ``simulation.technical_file``.
        path: of the file, replaced whole.

    Raises:
        MolqError: the file cannot be written.
    """
    from simulation.quantum import technicalfile

    # a molecule has one number, however many recipes it was scored by
    molecules = list(dict.fromkeys(item.text for item in table))
    record = technicalfile.collect([(molecules.index(i.text), i.score) for i in table if i.score])
    try:
        technicalfile.write(record, path)
    except OSError as error:
        raise MolqError(f"{path}: cannot be written ({error.strerror})") from error
    evaluations = len(record.evaluations)
    note(f"wrote {path}: {evaluations} quantum evaluation{'s' if evaluations != 1 else ''}")
    return replace(
        table,
        molecules=tuple(
            replace(item, score=technicalfile.without_evaluations(item.score))
            if item.score is not None
            else item
            for item in table
        ),
    )


def write_mitigation(table: ScoreTable) -> None:
    """Every mitigated energy before and after, as its distance from the exact one."""
    rows = []
    for item in table:
        for site in item.score.sites if item.score is not None else ():
            for solved in site.solutions:
                exact = (
                    solved.casci_energy if solved.reduced is None else solved.reduced.casci_energy
                )
                for step in solved.mitigation:
                    sides = (
                        (step.before, step.before_standard_error),
                        (step.after, step.after_standard_error),
                    )
                    rows.append(
                        [
                            item.smiles,
                            solved.sector,
                            step.name,
                            *(
                                f"{(energy - exact) * _MHA:+.1f} {PLUS_MINUS} {error * _MHA:.1f}"
                                for energy, error in sides
                            ),
                            step.method,
                        ]
                    )
    if rows:
        write_table(
            [
                Column("SMILES"),
                Column("sector"),
                Column("mitigation"),
                Column("before", "mHa off casci", is_number=True),
                Column("after", "mHa off casci", is_number=True),
                Column("by", is_optional=True),
            ],
            rows,
        )
