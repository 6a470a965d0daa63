"""A run to be disturbed, also as a program that can be killed: ``disturbedrun.py FOLDER``.

``FOLDER/plan.json`` says what is run (``Disturbed``). The program ends with 0 when the run is
complete, 3 when Ray or the journal refused (the reason on stderr) and 130 when interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from faultyrecipe import SOURCE

from screening.compute.executor import Executor
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.progress import MoleculeDone
from screening.store.journal import Journal, JournalError, Result

RUN, PLAN = "run", "plan.json"
SOURCES = {"faulty": SOURCE}
WISHES = (ObjectiveSettings(name="faulty", transform="maximize", low=-7.0, high=-3.0),)

_GROUPS = [
    "C", "CC", "CCC", "C(C)C", "CCCC", "CC(C)C", "C1CC1", "C1CCC1", "C1CCCC1", "C1CCCCC1",
    "CCO", "CCOC", "CCF", "CC(F)F", "CC(F)(F)F", "CC#N", "CCC#N", "CCN(C)C", "CC1CC1",
    "Cc1ccccc1", "c1ccccc1", "c1ccncc1", "c1ccc(F)cc1", "c1ccc(Cl)cc1", "CCc1ccccc1",
]  # fmt: skip


@dataclass(frozen=True)
class Disturbed:
    """What is run: acrylamides, scored by ``faultyrecipe``."""

    molecules: int = 12
    kind: str = "screen"  # or "campaign": with a barrier, so that its leads are promised
    rounds: int = 3  # of a campaign
    batch: int = 4
    compute: dict[str, Any] = field(default_factory=dict)  # ComputeSettings
    kill: dict[str, Any] | None = None  # suddendeath.Death


def acrylamides(n: int) -> list[str]:
    """Distinct ones, as canonical SMILES."""
    from rdkit import Chem

    pairs = ((a, b) for i, a in enumerate(_GROUPS) for b in _GROUPS[: i + 1])
    made = (Chem.MolFromSmiles(f"C=CC(=O)N({a}){b}") for a, b in pairs)
    found = dict.fromkeys(Chem.MolToSmiles(molecule) for molecule in made)
    assert len(found) >= n
    return list(found)[:n]


def prepare(folder: Path, plan: Disturbed) -> None:
    """Write what the program reads: the plan, and the library with a bad row and a duplicate."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = acrylamides(plan.molecules)
    rows[len(rows) // 2 : len(rows) // 2] = ["C1CC(", rows[0]]
    (folder / "library.smi").write_text("\n".join(rows) + "\n")
    (folder / PLAN).write_text(json.dumps(asdict(plan)))


def read_plan(folder: Path) -> Disturbed:
    return Disturbed(**json.loads((folder / PLAN).read_text()))


def perform(
    folder: Path, executor: Executor, on_result: Callable[[Result], None] | None = None
) -> None:
    """Create or resume the run of a prepared folder."""
    plan = read_plan(folder)
    try:
        journal = Journal.open(folder / RUN)
    except JournalError:
        if plan.kind == "screen":
            journal = Journal.create(folder / RUN, kind="screen", settings={}, environment={})
        else:
            journal = Journal.create(folder / RUN, kind="campaign", settings={}, environment={})

    def listener(event: Any) -> None:
        if on_result is not None and isinstance(event, MoleculeDone):
            on_result(event.result)

    library = LibrarySettings(path=folder / "library.smi")
    with journal:
        if plan.kind == "screen":
            from screening.screen import ScreenPlan, run_screen

            screen = ScreenPlan(library, ("faulty",), seed=5, objectives=WISHES)
            run_screen(
                journal=journal, plan=screen, executor=executor, on_event=listener, sources=SOURCES
            )
        else:
            from generative.settings import GeneratorSettings
            from screening.campaign.loop import CampaignPlan, run_campaign
            from screening.settings import CampaignSettings

            shape = CampaignSettings(seed=5, rounds=plan.rounds, batch=plan.batch, barrier=True)
            campaign = CampaignPlan(
                objectives=WISHES,
                library=library,
                campaign=shape,
                generator=GeneratorSettings(share=0.0),
            )
            run_campaign(
                journal=journal,
                plan=campaign,
                generator=None,
                executor=executor,
                on_event=listener,
                sources=SOURCES,
            )


def main() -> int:
    folder = Path(sys.argv[1])
    plan = read_plan(folder)
    if plan.kill is not None:
        import suddendeath

        suddendeath.await_it(folder, suddendeath.Death(**plan.kill))
    from molq.cli.watching import resumable
    from screening.compute.scheduler import Scheduler, SchedulerError
    from screening.settings import ComputeSettings

    try:
        with resumable(folder / RUN), Scheduler(ComputeSettings(**plan.compute)) as scheduler:
            perform(folder, scheduler)
    except KeyboardInterrupt:
        return 130
    except (JournalError, SchedulerError) as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
