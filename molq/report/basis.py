"""What a score rests on, for the report: its space, its circuits, the terms of a sum."""

from __future__ import annotations

from itertools import accumulate

from molq.report.contents import Basis, Term
from molq.report.page import number
from molq.report.words import solver_words
from screening.scorecolumns import circuit_of
from simulation.score import Score, SolverRecord

NO_SOLVER = "none"


def of(recipe: str, score: Score) -> Basis:
    """The facts behind one recipe's value of one molecule."""
    terms = _waterfall(score)
    return Basis(
        recipe=recipe,
        unit=score.unit,
        facts=tuple((label, text) for label, text in _facts(score) if text),
        terms=terms,
        total=sum(term.contribution for term in terms) if terms else None,
    )


def _facts(score: Score) -> list[tuple[str, str]]:
    space, conformers = score.active_space, score.conformers
    sites = (f"{site.name}: {number(site.value, 3)} {score.unit}" for site in score.sites)
    facts = [("Sites", "; ".join(sites))]
    if space is not None:
        facts += [
            ("Active space", f"({space.electrons}e, {space.orbitals}o), AVAS {space.threshold:g}"),
            ("Weights on site", ", ".join(number(weight, 2) for weight in space.weights)),
            ("Triplet energy", f"{number(space.triplet_energy, 2)} eV"),
        ]
    if score.casci_value is not None:
        facts.append(("CASCI value", f"{number(score.casci_value, 4)} {score.unit}"))
    solutions = score.sites[0].solutions if score.sites else ()
    if score.solver == NO_SOLVER:
        facts.append(("Solver", "none: no active space is solved for this value"))
    else:
        solved = "; ".join(_sector(solution) for solution in solutions)
        name = f"{solver_words(score.solver)} on {score.backend}"
        facts.append(("Solver", f"{name}: {solved}" if solved else name))
    cost = circuit_of(score)
    if cost is not None:
        facts.append(
            (
                "Circuit",
                f"{cost.ansatz}, {cost.mapping}: {cost.parameters} parameters, {cost.qubits} "
                f"qubits, {number(cost.two_qubit_gates, 0)} two-qubit gates, "
                f"depth {number(cost.depth, 0)}",
            )
        )
    for species in score.species:
        energy = f"{number(species.energy, 6)} Ha, {species.method}"
        facts.append((species.name.capitalize(), f"{species.smiles}: {energy}"))
    return [
        *facts,
        (
            "Conformers",
            f"{conformers.distinct} distinct of {conformers.requested}, "
            f"spread {number(conformers.spread, 1)} kcal/mol",
        ),
        ("Method", f"{conformers.method}; basis {score.provenance.basis}"),
        ("Seed", str(score.provenance.seed)),
    ]


def _sector(solution: SolverRecord) -> str:
    text = f"{solution.sector} {solution.parameters} parameters"
    if solution.standard_error is None:
        return text
    return f"{text}, \N{PLUS-MINUS SIGN}{number(1e3 * solution.standard_error, 2)} mHa"


def _waterfall(score: Score) -> tuple[Term, ...]:
    """The terms as bars, each beginning where the one before ended; the first at zero."""
    steps = [term.contribution for term in score.contributions]
    ends = list(accumulate(steps, initial=0.0))
    low, high = min(ends), max(ends)
    scale = 100 / (high - low) if high > low else 0.0
    return tuple(
        Term(
            name=term.name,
            value=f"{number(term.value, 3)} {term.unit}".rstrip(),
            contribution=term.contribution,
            kind=term.kind,
            start=round((min(begin, end) - low) * scale, 2),
            width=round(abs(end - begin) * scale, 2),
        )
        for term, begin, end in zip(score.contributions, ends, ends[1:], strict=False)
    )
