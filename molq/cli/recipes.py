"""``molq recipes``: what can be computed, its unit, cost and applicability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from molq.cli import options
from molq.cli.completion import installed
from molq.cli.console import Column, write_json, write_table

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
    json: options.Json = False,
) -> None:
    """List the installed recipes with units, cost and where they apply, or explain one."""
    from simulation.recipes import recipe as register

    if name is not None:
        from molq.scoring import check_recipes

        check_recipes([name])
        record = _record(register.find(name))
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

    from simulation.recipes.recipe import GROUP

    (entry,) = entry_points(group=GROUP, name=name)
    own = entry.dist is None or entry.dist.name == OWN
    return f"docs/recipes/{name}.md" if own else None


def _facts(record: dict[str, Any]) -> list[list[str]]:
    facts = [["recipe", record["name"]], ["unit", record["unit"] or "a pure number"]]
    facts += [["better", f"{record['better']}, which a screen without an objective puts first"]]
    facts += [["computes", record["summary"]], ["method", record["method"]]]
    facts += [["applies to", pattern] for pattern in record["applies_to"]]
    facts += [["cost", record["cost"]], ["validity", record["validity"]]]
    return [*facts, ["page", record["page"]]] if record["page"] else facts
