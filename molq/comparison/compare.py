"""``molq.compare``: a campaign run three ways on one budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from molq import execution, jsontext
from molq.campaign import default_directory
from molq.campaignfile import CampaignFile
from molq.comparison import arms, page, prices, sessions, table
from molq.comparison.armrun import ArmRun, measure
from molq.comparison.arms import ARMS, Arm
from molq.comparison.comparison import Comparison, compared
from molq.comparison.prices import Prices
from molq.errors import CallError
from molq.reading import journal_of, one_line_errors, settings_of
from molq.report.evidence import agreement
from screening import runfiles
from screening.compute.executor import Executor
from screening.progress import Listener
from screening.store.database import FILE as JOURNAL
from screening.store.records import Result

_PRACTICE = ("CCO", "CCN", "CCC")
PAGE, TABLE, DATA = "comparison.html", "comparison.csv", "comparison.json"


def compare(
    campaign: str | Path | CampaignFile,
    out: str | Path | None = None,
    *,
    seeds: int = 1,
    price_file: str | Path | None = None,
    on_arm: Callable[[str], None] | None = None,
    on_event: Listener | None = None,
    executor: Callable[[], Executor] | None = None,
) -> Comparison:
    """Run a campaign classical only, quantum only and as its file says, one after the other.

    Each arm is an ordinary run in a folder of its own. What is there already is not
    computed again: an interrupted comparison goes on with the same call.

    Args:
        campaign: its file, or the path of it.
        out: the comparison's folder, by default ``runs/<name>-compare``.
        seeds: runs of each arm; their seeds are the campaign's and those after it.
        price_file: of cores and devices; None for the one that comes with molq.
        on_arm: called with one line before each run.
        on_event: called with each ``screening.progress.Event`` of the runs.
        executor: makes what evaluates molecules in this very process; None for Ray.

    Raises:
        CallError: a file is wrong, or the folder holds something else.
        MolqError: Ray or a journal failed.
        KeyboardInterrupt: stopped by the user; the journals are whole.
    """
    file = campaign if isinstance(campaign, CampaignFile) else CampaignFile.from_toml(campaign)
    folder = Path(out) if out is not None else default_directory(f"{file.name}-compare")
    known = prices.read(None if price_file is None else Path(price_file))
    if seeds < 1:
        raise CallError(f"seeds: {seeds} runs of each arm compare nothing; give 1 or more")
    plan = check(file, folder, seeds, known)
    folder.mkdir(parents=True, exist_ok=True)
    _load(file)
    try:
        for number, (name, (arm, planned)) in enumerate(plan.items(), 1):
            if on_arm is not None:
                on_arm(f"{arm} arm, seed {planned.seed} ({number} of {len(plan)})")
            _carry_on(folder, name, planned, on_event, executor)
    except KeyboardInterrupt:
        write(read(file, folder, seeds, known), folder)  # what there is so far
        raise
    found = read(file, folder, seeds, known)
    write(found, folder)
    return found


def check(
    file: CampaignFile, folder: Path, seeds: int, known: Prices
) -> dict[str, tuple[Arm, CampaignFile]]:
    """What will be run, by the name of its folder; nothing is computed.

    Raises:
        CallError: the arms would not differ, an arm's settings do not work, or the
            folder holds something else or runs of other settings.
    """
    arms.check(file)
    if folder.exists() and not folder.is_dir():
        raise CallError(f"{folder} is a file: choose another --out")
    plan: dict[str, tuple[Arm, CampaignFile]] = {
        f"{arm}-seed{seed}": (arm, arms.campaign_of(file, arm, seed, known))
        for seed in range(file.seed, file.seed + seeds)
        for arm in ARMS
    }
    is_ours = (folder / sessions.FILE).exists()
    if folder.is_dir() and not is_ours and any(folder.iterdir()):
        raise CallError(f"{folder} is not empty and no comparison: choose another --out")
    checked: set[Arm] = set()
    for name, (arm, planned) in plan.items():
        if (folder / name / JOURNAL).exists():
            _check_same(folder / name, planned)
        elif (folder / name).exists():
            execution.check_free(folder / name)
        if arm not in checked:
            execution.check(planned)
            checked.add(arm)
    return plan


def read(file: CampaignFile, folder: Path, seeds: int, known: Prices) -> Comparison:
    """The comparison as it stands, from the journals; nothing is computed.

    Raises:
        MolqError: a journal is damaged.
    """
    log = sessions.read(folder / sessions.FILE)
    runs: list[ArmRun] = []
    results: dict[tuple[str, str], Result] = {}
    differences: dict[Arm, tuple[str, ...]] = {}
    for seed in range(file.seed, file.seed + seeds):
        for arm in ARMS:
            planned = arms.campaign_of(file, arm, seed, known)
            differences.setdefault(arm, arms.differences(file, planned))
            directory = folder / f"{arm}-seed{seed}"
            if not (directory / JOURNAL).exists():
                continue
            worked = [session for session in log if session.run == directory.name]
            run, found = measure(directory, arm, worked, known)
            runs.append(run)
            for result in found:
                if result.score is not None and planned.ranking.admits(result.score):
                    results.setdefault((result.candidate.inchikey, result.recipe), result)
    seeds_used = tuple(range(file.seed, file.seed + seeds))
    agreed = agreement(list(results.values()))
    return compared(file, seeds_used, runs, differences, agreed, known)


def write(comparison: Comparison, folder: Path) -> None:
    """Write page, table and data into the comparison's folder, each whole or not at all.

    Raises:
        MolqError: a file cannot be written.
    """
    with one_line_errors():
        runfiles.write_table(folder / TABLE, table.HEADER, table.lines(comparison))
        with runfiles.replaced(folder / DATA) as handle:
            handle.write(jsontext.dumps(comparison.to_json()))
        with runfiles.replaced(folder / PAGE) as handle:
            handle.write(page.html(comparison))


def _load(file: CampaignFile) -> None:
    """Import and compile what choosing needs, so that the first arm alone does not pay for it."""
    from screening import surrogate

    import_module("screening.campaign.loop")
    model = surrogate.create(file.surrogate)
    model.fit(_PRACTICE, [0.0, 1.0, 0.5])
    model.predict(_PRACTICE)


def _carry_on(
    folder: Path,
    name: str,
    planned: CampaignFile,
    on_event: Listener | None,
    executor: Callable[[], Executor] | None,
) -> None:
    directory = folder / name
    is_begun = (directory / JOURNAL).exists()
    if is_begun and _finished(directory):
        return
    own = None if executor is None else executor()

    def driver() -> float:
        """CPU s of this process, less what it calculated itself."""
        inside = 0.0 if own is None else _calculated(directory)
        return time.process_time() - inside

    end = sessions.begin(folder / sessions.FILE, name, driver)
    try:
        if is_begun:
            execution.go_on(directory, on_event=on_event, executor=own)
        else:
            execution.begin(planned, directory, on_event=on_event, executor=own)
    finally:
        end()


def _finished(directory: Path) -> bool:
    with journal_of(directory) as journal:
        return journal.finished


def _calculated(directory: Path) -> float:
    if not (directory / JOURNAL).exists():
        return 0.0
    with journal_of(directory) as journal:
        return sum(attempt.cpu_seconds or 0.0 for attempt in journal.attempts())


def _check_same(directory: Path, planned: CampaignFile) -> None:
    with journal_of(directory) as journal:
        begun = settings_of(journal)
    if begun == planned:
        return
    first = ""
    if isinstance(begun, CampaignFile):
        changed = arms.differences(begun, planned)
        first = f" (now {changed[0]})" if changed else ""
    raise CallError(
        f"{directory} was begun with other settings{first}: give the same ones, or choose another "
        "--out"
    )
