"""A campaign on real Ray, as a program that tests can kill: ``campaigndriver.py FOLDER [free]``.

With ``free`` it has no barrier.
"""

from __future__ import annotations

import sys
from pathlib import Path

from faultyrecipe import SOURCE

from generative.settings import GeneratorSettings
from screening.campaign.loop import CampaignPlan, run_campaign
from screening.compute.executor import Executor
from screening.compute.scheduler import Scheduler
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.settings import CampaignSettings, ComputeSettings
from screening.store.journal import Journal, JournalError

ALCOHOLS = [f"{'C' * n}O" for n in range(1, 13)]


def plan(folder: Path, *, barrier: bool = True) -> CampaignPlan:
    return CampaignPlan(
        objectives=(ObjectiveSettings(name="faulty", transform="window", low=-5.0, high=-4.0),),
        library=LibrarySettings(path=folder / "library.smi"),
        campaign=CampaignSettings(seed=5, rounds=3, batch=4, barrier=barrier),
        generator=GeneratorSettings(share=0.0),
    )


def run(folder: Path, executor: Executor, *, barrier: bool = True) -> list[str]:
    """Create or resume the run in the folder; its leads' InChIKeys and utilities."""
    (folder / "library.smi").write_text("\n".join(ALCOHOLS) + "\n")
    try:
        journal = Journal.open(folder / "run")
    except JournalError:
        journal = Journal.create(folder / "run", kind="campaign", settings={}, environment={})
    with journal:
        leads = run_campaign(
            journal=journal,
            plan=plan(folder, barrier=barrier),
            generator=None,
            executor=executor,
            sources={"faulty": SOURCE},
        )
    return [f"{lead.candidate.inchikey} {lead.utility!r} {lead.round}" for lead in leads]


def main() -> int:
    folder = Path(sys.argv[1])
    try:
        with Scheduler(ComputeSettings(workers=2, memory_limit_mb=500)) as scheduler:
            run(folder, scheduler, barrier=sys.argv[2:] != ["free"])
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
