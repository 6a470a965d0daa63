"""``molq validate silent``: a policy watches a run and says what it would have chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_table

if TYPE_CHECKING:
    from screening.validation.silent import RoundTrial, Side, SilentTrial

NAME = "silent"
EPILOG = "Example: molq validate silent new.toml --against runs/first --out runs/first-silent"


def command(
    campaign: Annotated[
        Path,
        typer.Argument(
            metavar="CAMPAIGN.toml", help="Campaign file of the policy.", show_default=False
        ),
    ],
    against: Annotated[
        Path,
        typer.Option("--against", metavar="DIR", help="Folder of the run that is watched."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for silent.json and silent.csv."),
    ] = None,
    settings: options.Set = None,
    json: options.Json = False,
) -> None:
    """Let the policy of a campaign file watch a run, finished or going on.

    Every decision of the run is made again from the molecules it had and the
    results it knew. Nothing is computed, and the run's folder stays as it is.
    """
    from molq.cli import threads

    threads.limit(1)
    from molq import overrides
    from molq.silenttrial import findings, silent_trial, to_json

    trial = silent_trial(campaign, against, out, set=overrides.parse_all(settings or ()))
    if json:
        write_json(to_json(trial))
    else:
        show(trial)
        for sentence in findings(trial):
            note(sentence)
    if out is not None:
        note(f"wrote {out / 'silent.json'}, {out / 'silent.csv'}")


def show(trial: SilentTrial) -> None:
    """The rounds as a table on stdout, the whole run in the last line."""
    pair = ("run", "policy")
    columns = [
        Column("round", is_number=True),
        Column("pool", is_number=True),
        Column("chosen", is_number=True),
        Column("both", is_number=True),
        *(Column("expected", side, is_number=True) for side in pair),
        *(Column("realised", side, is_number=True) for side in pair),
        Column("known", "policy", is_number=True),
        *(Column("best", side, is_number=True) for side in pair),
        *(Column("mean rank", side, is_number=True) for side in pair),
    ]
    rows = [_row(str(round.round), str(round.pool), round) for round in trial.rounds]
    if len(rows) > 1:
        rows.append(_row("all", "", trial))
    write_table(columns, rows)


def _row(round: str, pool: str, shown: RoundTrial | SilentTrial) -> list[str]:
    sides: tuple[Side, Side] = (shown.run, shown.policy)
    return [
        round,
        pool,
        str(shown.run.chosen),
        str(shown.overlap),
        *(_number(side.predicted, 3) for side in sides),
        *(_number(side.realised, 3) for side in sides),
        f"{shown.policy.known}/{shown.policy.chosen}",
        *(_number(side.best, 3) for side in sides),
        *(_number(side.rank, 1) for side in sides),
    ]


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
