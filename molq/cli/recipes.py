"""``molq recipes``: what can be computed, its unit, cost and applicability."""

from __future__ import annotations

from molq.cli import options
from molq.cli.console import Column, write_json, write_table

NAME = "recipes"
EPILOG = "Example: molq recipes --json"


def command(json: options.Json = False) -> None:
    """List the installed recipes with units, cost and where they apply."""
    from simulation.recipes import recipe as register

    installed = [register.find(name) for name in register.names()]
    if json:
        write_json(
            [
                {
                    "name": recipe.name,
                    "unit": recipe.unit,
                    "summary": recipe.summary,
                    "method": recipe.method,
                    "applies_to": list(recipe.applies_to),
                    "cost": recipe.cost,
                    "validity": recipe.validity,
                }
                for recipe in installed
            ]
        )
        return
    write_table(
        [Column("recipe"), Column("unit"), Column("computes"), Column("cost"), Column("validity")],
        [
            [recipe.name, recipe.unit, recipe.summary, recipe.cost, recipe.validity]
            for recipe in installed
        ],
    )
