"""What the steps of a calculation take: the table `molq plan` begins from.

Every molecule is one job in a child process, as in a run: its cheap stages first, so that
geometry and mean field are counted by themselves, then each recipe's own share on top of
them. Recipes on model compounds are jobs of their own. A call that was interrupted goes on.

    python benchmarks/plan_costs.py --raw costs.jsonl --run runs/quickstart \
        --out molq/planning/costs.json
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from rdkit import Chem

from molq.environment import environment
from molq.reading import journal_of
from screening.compute.costmodel import heavy_atoms
from screening.compute.evaluation import Job, decode
from screening.compute.isolation import Isolation
from screening.failure import Failure
from screening.intake.library import LibrarySettings, read
from screening.store.database import FILE
from screening.store.journal import Journal
from simulation.settings import SimulationSettings

GEOMETRY, MEANFIELD = "warhead-ea/gfn2_lumo", "warhead-ea/hf_lumo"
SHARED = {GEOMETRY: "geometry", MEANFIELD: "meanfield"}
ON_BOTH = ("warhead-ea", "warhead-st", "photo-st-gap")
DEAR = ("tautomer-de", "ch-bde")
ALONE = ("michael-reactivity", "thiol-adduct")
SEED = 1
FEW_CONFORMERS = 3

# Electrophiles of drug discovery and their fragments; none is of the quickstart's library.
MICHAEL = (
    "C=CS(C)(=O)=O",
    "CC=CC(=O)OC",
    "CC(=O)C=Cc1ccc[nH]1",
    "C=CC(=O)NCc1ccn[nH]1",
    "COC(=O)C=Cc1ccc(O)cc1",
    "C=CC(=O)Nc1ccc2[nH]ncc2c1C",
    "C=CC(=O)N1CCC(c2nc3ccccc3[nH]2)CC1",
    "C=CC(=O)Nc1ccc2ncnc(Nc3ccccc3)c2c1",
)
# With mean fields in water these take minutes each.
SMALL = ("C=CS(C)(=O)=O", "CC=CC(=O)OC", "C=CC(N)=O", "C=CC(=O)NC", "CC=CC(N)=O")
IN_WATER = ("CC=CC(=O)OC",)
LARGE = (
    "C=CC(=O)Nc1cccc(Nc2nccc(-c3cn(C)c4ccccc34)n2)c1",
    "C=CC(=O)N1CCC[C@H](C1)n1nc(-c2ccc(Oc3ccccc3)cc2)c2c(N)ncnc12",  # ibrutinib
)
CHLOROACETAMIDES = (
    "CNC(=O)CCl",
    "O=C(CCl)Nc1ccccc1",
    "O=C(CCl)N1CCN(c2ccccc2)CC1",
    "COCN(C(=O)CCl)c1c(CC)cccc1CC",  # alachlor
)


def jobs() -> list[tuple[str, tuple[str, ...], int]]:
    """SMILES, recipes and conformers of every job."""
    found = [(smiles, (GEOMETRY, MEANFIELD, *ON_BOTH), 10) for smiles in (*MICHAEL, *LARGE)]
    found += [(smiles, (name,), 10) for smiles in MICHAEL for name in ALONE]
    found += [(smiles, ("sn2-warhead",), 10) for smiles in CHLOROACETAMIDES]
    found += [(smiles, (GEOMETRY,), FEW_CONFORMERS) for smiles in (*MICHAEL, *LARGE)]
    found += [(smiles, (GEOMETRY, MEANFIELD, *DEAR), 10) for smiles in SMALL]
    return found + [(smiles, (GEOMETRY, "redox"), 10) for smiles in IN_WATER]


def measured(smiles: str, recipes: tuple[str, ...], conformers: int) -> list[dict[str, Any]]:
    """What the recipes of one molecule took, those that apply to it."""
    smiles = Chem.CanonSmiles(smiles)
    settings = SimulationSettings(conformers=conformers)
    job = Job(0, "", smiles, recipes, settings.model_dump(mode="json"), SEED, 3600.0, 8000)
    rows = []
    with Isolation(threads=settings.threads) as isolation:
        # imports and compiled kernels are a process's, not a molecule's
        isolation.run(
            Job(1, "", "C=CC=O", (GEOMETRY, "warhead-ea"), job.settings, SEED, 3600.0, 8000)
        )
        for answer in isolation.run(job):
            outcome = decode(answer.outcome)
            failure = outcome.message if isinstance(outcome, Failure) else None
            rows.append(
                {
                    "smiles": smiles,
                    "heavy_atoms": heavy_atoms(smiles),
                    "conformers": conformers,
                    "step": SHARED.get(answer.recipe, answer.recipe),
                    "behind": [SHARED[r] for r in recipes if r in SHARED and r != answer.recipe],
                    "cpu_seconds": round(answer.usage.cpu_seconds, 3),
                    "wall_seconds": round(answer.usage.wall_seconds, 3),
                    "peak_memory_mb": round(answer.usage.peak_memory_mb, 1),
                    "failure": failure,
                }
            )
    return rows


def run_figures(directory: Path) -> dict[str, float]:
    """What a finished campaign took beside its calculations, and what its journal takes."""
    with journal_of(directory) as journal:
        attempts, rounds = journal.attempts(), journal.rounds()
        begun = datetime.datetime.fromisoformat(journal.created)
        results = journal.counts()["scored"]
    started = [datetime.datetime.fromisoformat(a.started) for a in attempts]
    gaps = [
        datetime.datetime.fromisoformat(b.started) - datetime.datetime.fromisoformat(a.finished)
        for a, b in itertools.pairwise(rounds)
        if a.finished is not None
    ]
    return {
        "start_seconds": round((min(started) - begun).total_seconds(), 2),
        "round_seconds": round(statistics.median(gap.total_seconds() for gap in gaps), 2),
        "first_job_seconds": round(first_job_seconds(), 2),
        "wall_share": round(
            sum(a.wall_seconds or 0.0 for a in attempts)
            / sum(a.cpu_seconds or 0.0 for a in attempts),
            3,
        ),
        "row_bytes": round(row_bytes(), 1),
        "result_bytes": round((directory / FILE).stat().st_size / results, 1),
    }


def first_job_seconds() -> float:
    """CPU s that the first job of a process takes more than the same one again."""
    settings = SimulationSettings().model_dump(mode="json")
    job = Job(0, "", "C=CC=O", ("warhead-ea",), settings, SEED, 3600.0, 8000)
    with Isolation() as isolation:
        first, again = (isolation.run(job)[0].usage.cpu_seconds for _ in range(2))
    return first - again


def row_bytes(rows: int = 900) -> float:
    """What a row of a library that is never computed takes of a journal."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library.smi"
        chains = (("C" * (1 + i % 30), "C" * (1 + i // 30)) for i in range(rows))
        library.write_text("".join(f"{a}OC(N){b} {a}{b}\n" for a, b in chains))
        sizes = []
        for limit in (1, rows):
            directory = Path(folder) / str(limit)
            with Journal.create(directory, kind="screen", settings={}, environment={}) as journal:
                journal.add_library(read(LibrarySettings(path=library, limit=limit)))
            sizes.append((directory / FILE).stat().st_size)
        return (sizes[1] - sizes[0]) / (rows - 1)


def command(arguments: argparse.Namespace) -> str:
    """The call that makes the table."""
    return (
        f"python benchmarks/plan_costs.py --raw {arguments.raw} --run {arguments.run} "
        f"--out {arguments.out}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="what was measured, by line")
    parser.add_argument("--out", type=Path, help="the table, of all that was measured")
    parser.add_argument(
        "--run", type=Path, help="a finished campaign on the same machine, for --out"
    )
    arguments = parser.parse_args()
    if arguments.out is not None and arguments.run is None:
        parser.error("--out needs --run: the folder of a finished campaign, as configs/quickstart")
    arguments.raw.touch()
    lines = [json.loads(line) for line in arguments.raw.read_text().splitlines()]
    done = {(line["smiles"], tuple(line["recipes"]), line["conformers"]) for line in lines}
    for smiles, recipes, conformers in jobs():
        if (smiles, recipes, conformers) in done:
            continue
        rows = measured(smiles, recipes, conformers)
        line = {"smiles": smiles, "recipes": recipes, "conformers": conformers, "rows": rows}
        lines.append(line)
        with arguments.raw.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(smiles, [(r["step"], r["cpu_seconds"], r["failure"]) for r in rows], flush=True)
    if arguments.out is not None:
        machine = environment()
        table = {
            "what": "CPU time and memory of the steps of calculations, default settings",
            "command": command(arguments),
            "date": datetime.date.today().isoformat(),
            "processor": machine["processor"],
            "versions": machine["versions"],
            "run": run_figures(arguments.run),
            "rows": [row for line in lines for row in line["rows"]],
        }
        arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
