"""The three arms of a comparison, each a campaign file of its own.

What differs between them is what decides and what computes; the library, the filters,
the wishes, the geometry, the mean field, the active space, the number of molecules
and the seed are the file's in all three.

classical
    No quantum step anywhere: the active space is solved by exact diagonalisation
    (CASCI), and what the file has a quantum method for gets its classical counterpart
    (the Boltzmann machine for the Born machine, annealing for QAOA, the surrogate
    without its quantum kernel). Surrogate, acquisition and generator work as in the
    file. This is the strongest classical competitor, not a weak one: on spaces of this
    size it gives the energies that a VQE aims at.
quantum
    Quantum energies decide alone: the file's solver and backend score molecules drawn
    at random from the library and the untaught generator. There is no surrogate's
    choice, no teaching, no evolution, no screening by a cheap number.
hybrid
    The campaign as its file says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from molq import overrides
from molq.campaignfile import CampaignFile
from molq.comparison.prices import Prices
from molq.documentpaths import UNSET
from molq.errors import CallError

Arm = Literal["classical", "quantum", "hybrid"]
ARMS: tuple[Arm, ...] = get_args(Arm)

CLASSICAL_SOLVER = "casci"

_ROOT = Path("/")  # the paths of a file that was read are absolute

MEANING: dict[Arm, str] = {
    "classical": "CASCI energies; the file's surrogate, acquisition and generator choose; "
    "no quantum step anywhere",
    "quantum": "the file's solver and backend score molecules drawn at random; nothing is "
    "learned and nothing screened",
    "hybrid": "the campaign as its file says: quantum scores, chosen by surrogate and acquisition",
}

# what a quantum method of a campaign becomes where there is none
_COUNTERPARTS: dict[str, dict[Any, Any]] = {
    "simulation.conformer_search": {"torsion-qaoa": "torsion-annealing"},
    "generator.prior": {"qcbm": "rbm"},
    "acquisition.batch": {"qaoa": "annealing"},
    "surrogate.quantum_kernel": {True: False},
}


def check(file: CampaignFile) -> None:
    """That the arms of a campaign differ.

    Raises:
        CallError: the file has no quantum step, or no recipe to compute.
    """
    if not file.recipes:
        raise CallError(
            "the campaign computes nothing, so there is nothing to compare: "
            "name a recipe in an [[objective]], e.g. warhead-ea"
        )
    if file.simulation.solver == CLASSICAL_SOLVER:
        raise CallError(
            'simulation.solver is "casci", so no arm would have a quantum step: compare with '
            "--set simulation.solver=vqe"
        )


def campaign_of(file: CampaignFile, arm: Arm, seed: int, prices: Prices) -> CampaignFile:
    """The campaign of one arm.

    Args:
        file: as it was read.
        arm: which.
        seed: of the arm's run.
        prices: say which backends are devices, whose shots are kept to be counted.
    """
    document = file.to_document()
    changes: dict[str, Any] = {
        "campaign.seed": seed,
        "campaign.name": f"{file.name}, {arm}",
    }
    if arm == "classical":
        changes |= _without_quantum(document)
    elif not prices.is_simulator(file.simulation.backend):
        changes["simulation.technical_file"] = True
    if arm == "quantum":
        changes |= _without_choice(file, document)
    return CampaignFile.from_document(
        overrides.apply(document, changes), folder=_ROOT, source=f"the {arm} arm"
    )


def differences(file: CampaignFile, arm: CampaignFile) -> tuple[str, ...]:
    """The settings in which an arm differs from the file, as ``key = value``."""
    ours, theirs = _flat(file.to_document()), _flat(arm.to_document())
    return tuple(
        f"{key} = {value}"
        for key, value in theirs.items()
        if value != ours.get(key) and key not in ("campaign.name", "campaign.seed")
    )


def _without_quantum(document: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "simulation.solver": CLASSICAL_SOLVER,
        "simulation.backend": "exact",
        "simulation.mitigation": [],
        "simulation.technical_file": False,
        "generator.backend": "exact",
        "acquisition.backend": "exact",
    }
    for key, counterparts in _COUNTERPARTS.items():
        table, name = key.split(".")
        value = document.get(table, {}).get(name)
        if isinstance(value, str | bool) and value in counterparts:
            changes[key] = counterparts[value]
    return changes


def _without_choice(file: CampaignFile, document: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {"acquisition.kind": "random"}
    for key, value in (("acquisition.cost_aware", False), ("acquisition.batch", "sequential")):
        table, name = key.split(".")
        if name in document[table]:
            changes[key] = value
    changes["generator.hands"] = {"prior": 1.0, "crossover": 0.0, "mutation": 0.0, "edit": 0.0}
    changes["generator.adapt"] = False
    if file.campaign.stop_below is not None:
        changes["campaign.stop_below"] = UNSET  # what a surrogate expects ends nothing here
    changes["generator.generations"] = 0
    if file.generator.prior != "qcbm":  # whose learning is its quantum step
        changes["generator.finetune"] = False
    return changes


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {
            key: leaf
            for name, item in value.items()
            for key, leaf in _flat(item, f"{prefix}.{name}" if prefix else name).items()
        }
    return {prefix: value}
