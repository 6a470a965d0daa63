"""A plan on the terminal: in a few lines what matters, or all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from molq.cli.console import Column, note, write_table
from molq.planning.figures import count, duration, number, span

if TYPE_CHECKING:
    from molq.planning.plan import Hits, Plan
    from molq.planning.population import Population
    from molq.planning.samplingforecast import SamplingForecast


def write_short(plan: Plan, *, with_devices: bool) -> None:
    """What matters on stdout, and on stderr what must be known before the run.

    Args:
        plan: what is foretold.
        with_devices: circuits and devices as well, with what is to be said of them.
    """
    facts = [_title(plan), *_matters(plan)]
    is_asked = with_devices or plan.backend != "exact"
    hidden = 0 if is_asked else len(plan.devices)
    if hidden:
        facts.append(["devices", f"{hidden} priced; --devices shows circuits, shots and costs"])
    write_table([Column(""), Column("")], facts)
    if is_asked:
        _write_circuits(plan)
        _write_devices(plan)
    kept = [line for line in plan.warnings if is_asked or line not in plan.of_circuits]
    for line in kept:
        note(f"warning: {line}")
    left = len(plan.warnings) - len(kept) + len(plan.notes)
    if left:
        note(f"{left} remark{'' if left == 1 else 's'} more: --verbose")


def write_all(plan: Plan) -> None:
    """The whole plan as tables on stdout, its warnings on stderr."""
    facts = [_title(plan)]
    if plan.library.rows:
        facts.append(["library", _population(plan.library)])
        facts += [["  refused", f"{n} by {why}"] for why, n in plan.library.refused]
    if plan.proposals.looked_at:
        share = 100 * plan.proposals.taken / plan.proposals.looked_at
        facts.append(
            ["generator", f"{share:.0f} % of {plan.proposals.looked_at} drawn pass the filters"]
        )
    facts += [*_matters(plan, is_whole=True), ["disk", f"{span(plan.disk_bytes.times(1e-6))} MB"]]
    write_table([Column(""), Column("")], facts)
    write_table(
        [
            Column("stage"),
            Column("cut"),
            Column("molecules", is_number=True),
            Column("go on", is_number=True),
            Column("core-hours", is_number=True),
            Column("known from", is_optional=True),
        ],
        [
            [
                stage.stage,
                stage.cut,
                count(stage.molecules),
                count(stage.passing),
                span(stage.core_seconds.times(1 / 3600)),
                stage.basis,
            ]
            for stage in plan.stages
        ],
    )
    _write_circuits(plan)
    _write_devices(plan)
    for line in plan.warnings:
        note(f"warning: {line}")
    for line in plan.notes:
        note(f"note: {line}")
    for one in plan.samplings:
        note(f"note: circuits that {one.does}: {one.basis}")
    note(f"costs rest on {plan.basis}")


def _title(plan: Plan) -> list[str]:
    what = ", ".join(plan.recipes) or "exact properties"
    where = "" if plan.backend == "exact" else f" on {plan.backend}"
    return [plan.kind, f"{plan.name}: {what} by {plan.solver}{where}"]


def _matters(plan: Plan, *, is_whole: bool = False) -> list[list[str]]:
    """What a run is judged by before it begins."""
    memory = plan.memory
    facts = [
        ["molecules", f"{count(plan.evaluated)} computed{_sources(plan, is_whole=is_whole)}"],
        ["core-hours", f"{span(plan.core_seconds.times(1 / 3600))}; "
         f"{plan.currency} {span(plan.core_money)}"],
        ["each", f"{duration(plan.core_seconds_each)} of a core"],
        ["wall-clock", f"{duration(plan.wall_seconds)} on {memory.workers} workers"],
        ["memory", f"{memory.total_mb / 1024:.1f} GB for {memory.workers} workers, "
         f"{memory.each_mb:,.0f} MB each; a process that computes many may take more"],
    ]  # fmt: skip
    if plan.hits is not None:
        facts += _leads(plan.hits, plan.currency)
    facts += [[one.does, _sampling(one, plan.currency)] for one in plan.samplings]
    if plan.verdict:
        facts.append(["classical", plan.verdict])
    return facts


def _sources(plan: Plan, *, is_whole: bool) -> str:
    rounds = f" in {plan.rounds} rounds" if plan.rounds else ""
    library, parts = plan.library, []
    if library.rows:
        about = "about " if library.is_sampled else ""
        taken = f"{about}{library.expected:,} of {library.rows:,} library rows"
        refused = sum(number for _, number in library.refused)
        parts.append(
            taken + (f" ({refused:,} refused: --verbose)" if refused and not is_whole else "")
        )
    if plan.proposals.taken:
        parts.append("the generator")
    return f"{rounds}, from {' and '.join(parts)}" if parts else rounds


def _leads(hits: Hits, currency: str) -> list[list[str]]:
    return [
        ["leads", f"{count(hits.leads)} expected; {hits.source}"],
        [
            "one lead",
            f"{duration(hits.core_seconds_each)} of a core; {currency} {span(hits.money_each)}"
            + (
                f" without {' and '.join(hits.unpriced)}, of no known price"
                if hits.unpriced
                else ""
            ),
        ],
    ]


def _sampling(one: SamplingForecast, currency: str) -> str:
    text = (
        f"{count(one.circuits)} circuits on {one.backend}: {span(one.shots)} shots, "
        f"{one.qubits} qubits and {one.two_qubit_gates} two-qubit gates at most"
    )
    if one.money is None or one.money.high == 0:
        return text
    used = "" if one.seconds is None else f", {duration(one.seconds)} of the device"
    return f"{text}{used}; {currency} {span(one.money)}"


def _write_circuits(plan: Plan) -> None:
    if not plan.circuits.kinds:
        return
    write_table(
        [
            Column("energy"),
            Column("a molecule", is_number=True),
            Column("qubits", is_number=True),
            Column("two-qubit gates", is_number=True),
            Column("depth", is_number=True),
            Column("settings", is_number=True, is_optional=True),
            Column("shots", f"{plan.precision_mha:g} mHa", is_number=True),
            Column("CASCI", "s", is_number=True),
            Column("known from", is_optional=True),
        ],
        [
            [
                f"{kind.recipe} ({kind.electrons}e, {kind.orbitals}o) "
                f"{kind.n_alpha}a {kind.n_beta}b",
                number(kind.each),
                str(kind.qubits),
                span(kind.two_qubit_gates),
                span(kind.depth),
                str(kind.settings),
                span(kind.shots) if kind.fits else "does not fit",
                number(kind.casci_seconds),
                kind.basis,
            ]
            for kind in plan.circuits.kinds
        ],
    )


def _write_devices(plan: Plan) -> None:
    if not plan.devices:
        return
    write_table(
        [
            Column("device"),
            Column("energies", is_number=True),
            Column("circuits", is_number=True, is_optional=True),
            Column("shots", is_number=True),
            Column("device time", "h", is_number=True),
            Column("cost", plan.currency, is_number=True),
            Column("a molecule", plan.currency, is_number=True),
            Column("CASCI instead", plan.currency, is_number=True),
            Column("price of", is_optional=True),
        ],
        [
            [
                device.backend,
                count(device.energies),
                span(device.circuits),
                span(device.shots),
                "not said" if device.seconds is None else span(device.seconds.times(1 / 3600)),
                span(device.money),
                number(device.money_each),
                number(device.casci_money),
                device.date,
            ]
            for device in plan.devices
        ],
    )


def _population(library: Population) -> str:
    text = f"{library.rows:,} rows, "
    text += f"about {library.expected:,}" if library.is_sampled else f"{library.taken:,}"
    text += " taken"
    if library.duplicates:
        text += f", {library.duplicates:,} repeat others"
    return text
