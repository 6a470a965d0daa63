"""``molq.silent_trial``: what another policy would have chosen beside a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molq import execution, jsontext
from molq.campaignfile import CampaignFile
from molq.errors import CallError, MolqError
from molq.reading import check_run, one_line_errors
from screening import runfiles
from screening.objective import validate
from screening.runfiles import Cell

if TYPE_CHECKING:
    from screening.validation.silent import SilentTrial

DATA, TABLE = "silent.json", "silent.csv"

HEADER = (
    "round", "decision", "known results", "pool", "inchikey", "smiles", "name", "origin",
    "place in the run's choice", "place in the policy's choice", "utility the run expected",
    "utility the policy expected", "realised utility", "rank among all computed",
)  # fmt: skip


def silent_trial(
    campaign: str | Path | CampaignFile,
    against: str | Path,
    out: str | Path | None = None,
    *,
    set: Iterable[str] | Mapping[str, Any] = (),
) -> SilentTrial:
    """Let the policy of a campaign file watch a run that is finished or goes on.

    Every decision of the run is made again, of the same molecules and with the same
    results; see ``screening.validation.silent``. Nothing is computed, and not a byte of
    the run's folder changes.

    Args:
        campaign: the policy: a campaign file, or the path of one.
        against: the run's folder.
        out: folder to which ``silent.json`` and ``silent.csv`` are written; None for none.
        set: settings to change where a path is given, as ``molq run --set`` takes them.

    Raises:
        CallError: the file is wrong, the folder holds no campaign, ``out`` is the run's
            own folder, or the run did not compute what the policy's wishes need.
        MolqError: the journal is damaged, or ``out`` cannot be written.
    """
    from screening.validation.journalcopy import copied
    from screening.validation.silent import watch

    file = campaign if isinstance(campaign, CampaignFile) else CampaignFile.from_toml(campaign, set)
    directory = Path(against)
    check_run(directory)
    folder = None if out is None else Path(out)
    if folder is not None and folder.resolve() == directory.resolve():
        raise CallError(f"{folder} is the run that is watched: choose another --out")
    if folder is not None and folder.exists() and not folder.is_dir():
        raise CallError(f"{folder} is a file: choose another --out")
    try:
        validate(file.objective)
        execution.check_circuits(file.acquisition)
        with one_line_errors(), copied(directory) as journal:
            trial = watch(journal, execution.plan_of(file))
    except ValueError as error:
        raise CallError(str(error)) from error
    if folder is not None:
        write(trial, folder)
    return trial


def write(trial: SilentTrial, folder: Path) -> None:
    """Write ``silent.json`` and ``silent.csv`` into a folder, which is made when missing.

    Raises:
        MolqError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MolqError(f"{folder}: cannot make the folder: {error.strerror}") from error
    with one_line_errors():
        with runfiles.replaced(folder / DATA) as handle:
            handle.write(jsontext.dumps(to_json(trial)))
        runfiles.write_table(folder / TABLE, HEADER, lines(trial))


def to_json(trial: SilentTrial) -> dict[str, Any]:
    """Plain JSON types."""
    return {
        "ranked": trial.ranked,
        "offers_known": trial.offers_known,
        "overlap": trial.overlap,
        "run": asdict(trial.run),
        "policy": asdict(trial.policy),
        "rounds": [asdict(round) for round in trial.rounds],
        "decisions": [asdict(decision) for decision in trial.watched],
    }


def lines(trial: SilentTrial) -> list[Sequence[Cell]]:
    """One line for each molecule that either side chose, under ``HEADER``."""
    return [
        (
            decision.round, decision.decision, decision.known, decision.pool,
            pick.candidate.inchikey, pick.candidate.smiles, pick.candidate.name,
            pick.candidate.origin, pick.run_position, pick.policy_position, pick.run_predicted,
            pick.policy_predicted,
            None if pick.realised is None else pick.realised.utility,
            None if pick.realised is None else pick.realised.rank,
        )
        for decision in trial.watched
        for pick in decision.picks
    ]  # fmt: skip


def findings(trial: SilentTrial) -> tuple[str, ...]:
    """The trial in plain words."""
    run, policy = trial.run, trial.policy
    if not run.chosen:
        return ("The run has chosen nothing yet.",)
    parts = [
        f"Of {run.chosen} molecules that the run chose, the policy would have chosen "
        f"{trial.overlap} at the same decision.",
        f"Of the {policy.chosen} that it would have chosen, the run computed {policy.known} at "
        "some time; only their utility is known.",
    ]
    if policy.realised is not None and run.realised is not None:
        parts.append(
            f"Mean utility: run {run.realised:.3f} ({run.known} molecules, mean rank "
            f"{run.rank:.1f} of {trial.ranked}), policy {policy.realised:.3f} ({policy.known}, "
            f"{policy.rank:.1f})."
        )
    for who, side in (("run", run), ("policy", policy)):
        if side.expected_of_foreseen is not None and side.realised_of_foreseen is not None:
            parts.append(
                f"Of its known molecules the {who} had predicted {side.foreseen}: mean "
                f"{side.expected_of_foreseen:.3f} expected, {side.realised_of_foreseen:.3f} came."
            )
    if not trial.offers_known:
        parts.append(
            "The run's journal does not say what the generator offered, only what was taken: "
            "the pools lack the rest."
        )
    return tuple(parts)
