"""``molq recipes``: what can be computed, its unit, cost and applicability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from molq.cli import options
from molq.cli.completion import installed
from molq.cli.console import Column, write_json, write_table
from molq.errors import CallError

if TYPE_CHECKING:
    from simulation.recipes.recipe import Recipe

NAME = "recipes"
EPILOG = "Example: molq recipes warhead-ea"

OWN = "molq"  # the distribution whose recipes have a page in docs/


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="One recipe, in detail.",
            show_default=False,
            autocompletion=installed("recipes"),
        ),
    ] = None,
    scorers: Annotated[
        bool,
        typer.Option(
            "--scorers", help="List the scorers instead: exact properties that cost nothing."
        ),
    ] = False,
    json: options.Json = False,
) -> None:
    """List the installed recipes with units, cost and where they apply, or explain one.

    Of a family of recipes, such as admet, its name lists the single ones.
    """
    from simulation.recipes import recipe as register

    if scorers:
        if name is not None:
            raise CallError("--scorers lists all scorers: leave the name out")
        _write_scorers(json)
        return
    if name is not None:
        found = _found(name)
        if members := getattr(found, "members", None):
            _write_members([register.find(f"{name}{register.MEMBER}{m}") for m in members], json)
            return
        record = _record(found)
        if json:
            write_json(record)
        else:
            write_table([Column(""), Column("")], _facts(record))
        return
    records = [_record(register.find(known)) for known in register.names()]
    if json:
        write_json(records)
        return
    write_table(
        [
            Column("recipe"),
            Column("unit"),
            Column("computes"),
            Column("applies to"),
            Column("cost"),
            Column("validity"),
        ],
        [
            [
                record["name"],
                record["unit"],
                record["summary"],
                "\n".join(record["applies_to"]),
                record["cost"],
                record["validity"],
            ]
            for record in records
        ],
    )


def _found(name: str) -> Recipe:
    from molq import diagnosis
    from simulation.errors import InputError
    from simulation.recipes import recipe as register

    if not register.is_installed(name):
        raise CallError(diagnosis.unknown_name("recipe", name, register.names()))
    try:
        return register.find(name)
    except InputError as error:
        raise CallError(error.message) from error


def _write_members(members: list[Recipe], json: bool) -> None:
    """The single recipes of a family."""
    records = [_record(member) for member in members]
    if json:
        write_json(records)
        return
    write_table(
        [
            Column("recipe"),
            Column("unit"),
            Column("better"),
            Column("foretells"),
            Column("validity"),
        ],
        [[r["name"], r["unit"], r["better"], r["summary"], r["validity"]] for r in records],
    )


def _write_scorers(json: bool) -> None:
    from screening import scorers

    records: list[dict[str, Any]] = []
    for name in scorers.names():
        scorer = scorers.find(name)
        model = getattr(scorer, "settings_model", None)
        keys = list(model.model_fields) if model is not None else []
        records.append(
            {"name": name, "unit": scorer.unit, "summary": scorer.summary, "settings": keys}
        )
    if json:
        write_json(records)
        return
    write_table(
        [Column("scorer"), Column("unit"), Column("value"), Column("settings")],
        [[r["name"], r["unit"], r["summary"], ", ".join(r["settings"])] for r in records],
    )


def _record(recipe: Recipe) -> dict[str, Any]:
    from simulation.recipes import recipe as register

    return {
        "name": recipe.name,
        "unit": recipe.unit,
        "better": register.better_end(recipe.name),
        "summary": recipe.summary,
        "method": recipe.method,
        "applies_to": list(recipe.applies_to),
        "cost": recipe.cost,
        "validity": recipe.validity,
        "page": _page(recipe.name),
    }


def _page(name: str) -> str | None:
    """The recipe's page in molq's own documentation; None for another package's recipe."""
    from importlib.metadata import entry_points

    from simulation.recipes.recipe import GROUP, owner

    (entry,) = entry_points(group=GROUP, name=owner(name))
    own = entry.dist is None or entry.dist.name == OWN
    return f"docs/recipes/{owner(name)}.md" if own else None


def _facts(record: dict[str, Any]) -> list[list[str]]:
    facts = [["recipe", record["name"]], ["unit", record["unit"] or "a pure number"]]
    facts += [["better", f"{record['better']}, which a screen without an objective puts first"]]
    facts += [["computes", record["summary"]], ["method", record["method"]]]
    facts += [["applies to", pattern] for pattern in record["applies_to"]]
    facts += [["cost", record["cost"]], ["validity", record["validity"]]]
    return [*facts, ["page", record["page"]]] if record["page"] else facts
