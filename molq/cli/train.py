"""``molq train``: a prior from a list of molecules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molq.cli import options
from molq.cli.console import note, write_json
from molq.cli.progress import Tracker
from molq.errors import CallError, MolqError

NAME = "train"
EPILOG = "Example: molq train configs/train_zinc250k.toml --seed 1"


def command(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.toml", help="Training file.", show_default=False)
    ],
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed instead of the file's.")
    ] = None,
    settings: options.Set = None,
    json: options.Json = False,
) -> None:
    """Train a prior and write it as a safetensors file.

    The file needs `data`, `output` and `run`; relative paths in it are meant from
    the working folder. An interrupted training goes on where it stopped when the
    same command is given again.
    """
    from pydantic import ValidationError

    from generative.settings import TrainingSettings
    from molq import diagnosis, overrides, tomlreader
    from molq.cli import threads

    document = overrides.apply(tomlreader.read(config), settings or ())
    if seed is not None:
        document["seed"] = seed
    try:
        training = TrainingSettings.model_validate(document)
    except ValidationError as error:
        lines = diagnosis.problems(error, TrainingSettings)
        raise CallError(*(f"{config.name}: {line}" for line in lines)) from error
    threads.limit(training.threads)

    from generative.training import train

    with Tracker("training") as tracker:
        try:
            path = train(training, tracker.update)
        except (ValueError, OSError) as error:
            raise MolqError(str(error)) from error
        except KeyboardInterrupt:
            note(f"molq: interrupted; go on with: molq train {config}")
            raise
    if json:
        write_json({"prior": str(path), "name": training.name, "seed": training.seed})
    else:
        note(f'wrote {path}; use it with prior = "{path}" in [generator], or molq sample --prior')
