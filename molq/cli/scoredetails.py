"""What a score rests on, as a person reads it: its terms, its sectors, its circuits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from molq.cli.console import Column, note, write_table
from molq.uncertainty import PLUS_MINUS

if TYPE_CHECKING:
    from simulation.score import Score

MILLI = 1e3


def write(score: Score, *, verbose: bool) -> None:
    """The terms of a score that is a sum; if ``verbose`` its form, species and sectors too."""
    if score.contributions:
        _write_contributions(score)
    if not verbose:
        return
    from simulation.computedform import computed_form

    for line in computed_form(score).lines():
        note(line)
    if score.species:
        _write_species(score)
    if score.sites and score.sites[0].solutions:
        _write_solutions(score)


def _write_contributions(score: Score) -> None:
    rows = [
        [
            term.name,
            f"{term.value:.3f} {term.unit}".rstrip(),
            f"{term.contribution:+.3f}",
            term.kind,
        ]
        for term in score.contributions
    ]
    total = sum(term.contribution for term in score.contributions)
    rows.append(["sum", "", f"{total:+.3f}", ""])
    write_table(
        [
            Column(f"{score.recipe} from"),
            Column("value", is_number=True),
            Column("contribution", score.unit, is_number=True),
            Column("kind"),
        ],
        rows,
    )


def _write_species(score: Score) -> None:
    write_table(
        [
            Column("species"),
            Column("SMILES"),
            Column("charge", is_number=True),
            Column("multiplicity", is_number=True),
            Column("energy", "Ha", is_number=True),
            Column("method"),
        ],
        [
            [s.name, s.smiles, str(s.charge), str(s.multiplicity), f"{s.energy:.6f}", s.method]
            for s in score.species
        ],
    )


def _write_solutions(score: Score) -> None:
    solutions = score.sites[0].solutions
    has_circuit = any(s.circuit is not None for s in solutions)
    columns = [
        Column("sector"),
        Column("energy", "Ha", is_number=True),
        Column("CASCI deviation", "mHa", is_number=True),
    ]
    if has_circuit:
        columns += [
            Column("ansatz"),
            Column("mapping"),
            *(
                Column(header, is_number=True)
                for header in ("parameters", "qubits", "two-qubit gates", "depth")
            ),
        ]
    rows = []
    for solution in solutions:
        shift, error = (solution.energy - solution.casci_energy) * MILLI, solution.standard_error
        deviation = (
            _signed(shift) if error is None else f"{shift:+.2f} {PLUS_MINUS} {error * MILLI:.2f}"
        )
        row = [solution.sector, f"{solution.energy:.6f}", deviation]
        cost = solution.circuit
        if cost is not None:
            figures = (cost.parameters, cost.qubits, cost.two_qubit_gates, cost.depth)
            row += [cost.ansatz, cost.mapping, *(f"{figure:,}" for figure in figures)]
        elif has_circuit:
            row += ["–"] * 6
        rows.append(row)
    write_table(columns, rows)


def _signed(value: float) -> str:
    # what is rounded to nothing has no sign
    return f"{round(value, 4) + 0.0:+.4f}"
