"""``molq sample``: molecules from a prior, freely or for a design task."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from molq.cli import options
from molq.cli.completion import installed
from molq.cli.console import Column, note, write_output, write_table
from molq.errors import CallError

if TYPE_CHECKING:
    from molq.design import Common
    from molq.designtable import DesignTable

NAME = "sample"
EPILOG = "Example: molq sample -n 20 --scaffold 'C=CC(=O)N[*]' --max-heavy-atoms 18 --seed 7"


class Task(StrEnum):
    """What is designed."""

    DE_NOVO = "de-novo"
    DECORATE = "decorate"
    GROW = "grow"
    RGROUP = "rgroup"
    LINKER = "linker"
    MACROCYCLE = "macrocycle"
    ANALOGUES = "analogues"
    WARHEAD = "warhead"


class Form(StrEnum):
    """How molecules are printed."""

    SMILES = "smiles"
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


# The options of a task: those it needs, and those it may have.
_OPTIONS: dict[Task, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Task.DE_NOVO: ((), ()),
    Task.DECORATE: (("scaffold",), ()),
    Task.GROW: (("fragment",), ("size",)),
    Task.RGROUP: (("lead",), ("core", "exchange", "size")),
    Task.LINKER: (("fragment",), ("linker-atoms", "linker-length")),
    Task.MACROCYCLE: (("fragment",), ("ring", "linker-atoms")),
    Task.ANALOGUES: (("lead",), ("similarity", "size")),
    Task.WARHEAD: (("warhead",), ("lead", "size")),
}
_FRAGMENTS = {Task.GROW: 1, Task.LINKER: 2, Task.MACROCYCLE: 1}
Ends = tuple[int, int]


def command(
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="Molecules wanted.")] = 10,
    task: Annotated[
        Task | None,
        typer.Option("--task", help="What is designed; by default decorate with --scaffold."),
    ] = None,
    scaffold: Annotated[
        str | None,
        typer.Option(
            "--scaffold", metavar="SMILES", help="Kept in every molecule; [*] marks where it grows."
        ),
    ] = None,
    lead: Annotated[
        str | None,
        typer.Option("--lead", metavar="SMILES", help="For rgroup, analogues, warhead."),
    ] = None,
    core: Annotated[
        str | None,
        typer.Option(
            "--core",
            metavar="SMARTS",
            help="rgroup: what stays; [*] in it marks the groups to exchange.",
        ),
    ] = None,
    exchange: Annotated[
        str | None,
        typer.Option("--exchange", metavar="SMARTS", help="rgroup: what is exchanged."),
    ] = None,
    fragment: Annotated[
        list[str] | None,
        typer.Option(
            "--fragment",
            metavar="SMILES",
            help="For grow; for linker twice, with one [*] each; for macrocycle with two [*].",
        ),
    ] = None,
    warhead: Annotated[
        list[str] | None,
        typer.Option(
            "--warhead", metavar="NAME", help="Of the catalogue, or all; may be repeated."
        ),
    ] = None,
    similarity: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--similarity", metavar="LOW HIGH", help="analogues: Tanimoto to the lead; 0.4 0.9."
        ),
    ] = None,
    size: Annotated[
        Ends | None,
        typer.Option(
            "--size",
            metavar="LOW HIGH",
            help="Heavy atoms of the molecules (grow, analogues, warhead) or of the new groups "
            "(rgroup).",
        ),
    ] = None,
    linker_atoms: Annotated[
        Ends | None,
        typer.Option("--linker-atoms", metavar="LOW HIGH", help="Heavy atoms of the linker; 1 12."),
    ] = None,
    linker_length: Annotated[
        Ends | None,
        typer.Option(
            "--linker-length",
            metavar="LOW HIGH",
            help="Atoms on the shortest path between the fragments.",
        ),
    ] = None,
    ring: Annotated[
        Ends | None,
        typer.Option("--ring", metavar="LOW HIGH", help="macrocycle: atoms of the ring; 12 18."),
    ] = None,
    seed: options.Seed = 0,
    prior: Annotated[
        str,
        typer.Option(
            "--prior",
            metavar="NAME",
            autocompletion=installed("generators"),
            help="Installed prior, or a .safetensors file.",
        ),
    ] = "zinc250k",
    temperature: Annotated[
        float, typer.Option("--temperature", help="Above 1 more varied, below 1 more usual.")
    ] = 1.0,
    max_heavy_atoms: Annotated[
        int | None, typer.Option("--max-heavy-atoms", min=2, help="Largest molecule.")
    ] = None,
    required: Annotated[
        list[str] | None,
        typer.Option("--required", "--keep", metavar="SMARTS", help="Must match; may be repeated."),
    ] = None,
    forbidden: Annotated[
        list[str] | None,
        typer.Option(
            "--forbidden", "--forbid", metavar="SMARTS", help="Must not match; may be repeated."
        ),
    ] = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            metavar="NAME:LOW:HIGH",
            help="Of a property, such as logp:1:4 or hbd::3; may be repeated.",
        ),
    ] = None,
    max_ring_size: Annotated[
        int | None, typer.Option("--max-ring-size", min=3, help="Atoms of the largest ring grown.")
    ] = None,
    properties: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="NAME", help="A further column; may be repeated."),
    ] = None,
    form: Annotated[
        Form | None, typer.Option("--format", help="smiles by default; the others tell more.")
    ] = None,
    output: options.Output = None,
    list_warheads: Annotated[
        bool, typer.Option("--list-warheads", help="Print the catalogue and end.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> int:
    """Print molecules from a prior, one SMILES a line, or design around what you have.

    The tasks keep a scaffold (decorate), grow a fragment into a size (grow), exchange part
    of a lead (rgroup), join two fragments (linker) or two ends of one (macrocycle), stay
    near a lead (analogues), or put a covalent warhead on it (warhead). Every molecule
    meets the constraints; stderr tells the yield. The same seed gives the same molecules.
    The exit code is 1 when fewer were found than wanted.
    """
    if json:
        if form not in (None, Form.JSON):
            raise CallError(f"--json and --format {form} contradict each other: give one")
        form = Form.JSON
    form = form or Form.SMILES
    if form is Form.TABLE and output is not None:
        raise CallError("--output needs a file's format: --format smiles, csv or json")
    if list_warheads:
        _list_warheads(form, output)
        return 0
    given: dict[str, Any] = {
        "scaffold": scaffold, "lead": lead, "core": core, "exchange": exchange,
        "fragment": fragment or None, "warhead": warhead or None, "similarity": similarity,
        "size": size, "linker-atoms": linker_atoms, "linker-length": linker_length, "ring": ring,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    chosen = _chosen(task, given)
    common: Common = {
        "seed": seed, "prior": prior, "temperature": temperature,
        "max_heavy_atoms": max_heavy_atoms,
        "required": required or (), "forbidden": forbidden or (),
        "ranges": _ranges(ranges or ()), "max_ring_size": max_ring_size,
        "properties": properties or (),
    }  # fmt: skip
    from molq.cli import threads

    threads.limit(1)
    table = _design(chosen, n, given, common)
    _write(table, form, output, {"prior": prior, "seed": seed, "scaffold": scaffold})
    for line in table.notes:
        note(f"molq: note: {line}")
    note(f"molq: {table.yield_}")
    if chosen is Task.WARHEAD and lead is not None:  # every position: there are no more
        return 0 if len(table) else 1
    if len(table) < n:
        note(f"molq: {len(table)} of {n} molecules found; loosen the constraints for more")
        return 1
    return 0


def _chosen(task: Task | None, given: dict[str, Any]) -> Task:
    """The task, with the options that belong to it and no others."""
    chosen = task or (Task.DECORATE if "scaffold" in given else Task.DE_NOVO)
    needed, allowed = _OPTIONS[chosen]
    for name in given:
        if name not in (*needed, *allowed):
            homes = [t.value for t, (a, b) in _OPTIONS.items() if name in (*a, *b)]
            said = f"--task {chosen.value}" if task else "a call without --task"
            raise CallError(f"--{name} does not belong to {said}: it is for {', '.join(homes)}")
    for name in needed:
        if name not in given:
            raise CallError(f"--task {chosen.value} needs --{name}")
    wanted = _FRAGMENTS.get(chosen)
    if wanted is not None and len(given["fragment"]) != wanted:
        times = "once" if wanted == 1 else "twice"
        raise CallError(f"--task {chosen.value} needs --fragment {times}")
    return chosen


def _ranges(texts: list[str] | tuple[()]) -> dict[str, tuple[float | None, float | None]]:
    found: dict[str, tuple[float | None, float | None]] = {}
    for text in texts:
        name, *ends = text.split(":")
        try:
            low, high = (float(end) if end else None for end in ends)
        except ValueError:
            raise CallError(
                f"--range {text!r} is not NAME:LOW:HIGH, such as logp:1:4, logp:1: or logp::4"
            ) from None
        if name in found:
            raise CallError(f"--range {name} is given twice: give it once, with both ends")
        found[name] = (low, high)
    return found


def _design(task: Task, n: int, given: dict[str, Any], common: Common) -> DesignTable:
    from molq import design

    size = given.get("size")
    first, *others = given.get("fragment", [""])
    atoms = given.get("linker-atoms")
    if task is Task.DE_NOVO:
        return design.de_novo(n, **common)
    if task is Task.DECORATE:
        return design.decorate(given["scaffold"], n, **common)
    if task is Task.GROW:
        return design.grow(first, n, size=size, **common)
    if task is Task.RGROUP:
        return design.rgroup(
            given["lead"], n, core=given.get("core"), exchange=given.get("exchange"), size=size,
            **common,
        )  # fmt: skip
    if task is Task.LINKER:
        length = given.get("linker-length")
        return design.linker(first, others[0], n, atoms=atoms, length=length, **common)
    if task is Task.MACROCYCLE:
        return design.macrocycle(first, n, ring=given.get("ring"), atoms=atoms, **common)
    if task is Task.ANALOGUES:
        return design.analogues(
            given["lead"], n, similarity=given.get("similarity"), size=size, **common
        )
    return design.warhead(given["warhead"], n, lead=given.get("lead"), size=size, **common)


def _write(table: DesignTable, form: Form, output: Path | None, call: dict[str, Any]) -> None:
    from molq import jsontext

    if form is Form.JSON:
        write_output(jsontext.dumps({**call, **table.to_json()}), output)
    elif form is Form.CSV:
        write_output(table.to_csv(), output)
    elif form is Form.SMILES:
        write_output("".join(f"{smiles}\n" for smiles in table.smiles), output)
    elif len(table):
        texts = ("smiles", "change")
        write_table(
            [
                Column(title, is_number=title not in texts, is_optional=title == "log-likelihood")
                for title in table.header
            ],
            table.printed(),
        )


def _list_warheads(form: Form, output: Path | None) -> None:
    from molq import design, jsontext

    entries = design.warheads()
    if form is Form.JSON:
        write_output(jsontext.dumps(entries), output)
        return
    if form is Form.CSV or output is not None:
        raise CallError("the catalogue is printed as a table or with --format json")
    write_table(
        [Column("warhead"), Column("SMILES"), Column("residues"), Column("bound to"),
         Column("reference", is_optional=True)],
        [
            [x["name"], x["smiles"], ", ".join(x["residues"]), x["binds"], x["reference"]]
            for x in entries
        ],
    )  # fmt: skip
