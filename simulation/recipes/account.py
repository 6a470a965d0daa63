"""How a score was computed: the provenance that every recipe gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulation.provenance import versions
from simulation.score import Provenance
from simulation.workup import Workup

if TYPE_CHECKING:
    from simulation.meanfield import MeanField


def provenance(
    work: Workup, field: MeanField | None, convergence: dict[str, Any] | None = None
) -> Provenance:
    """Settings, versions, times and geometry of a calculation.

    Args:
        work: the molecule.
        field: the mean field of its lowest conformer; None where there is none.
        convergence: of further steps.
    """
    geometry = work.geometry
    reached: dict[str, Any] = {"geometry": True}
    if field is not None:
        reached |= {
            "meanfield": field.rung,
            "meanfield_cycles": field.cycles,
            "meanfield_gradient": field.gradient_norm,
        }
    if work.checkpoint is not None and work.checkpoint.notes:
        reached["checkpoint"] = list(work.checkpoint.notes)
    return Provenance(
        charge=geometry.charge,
        multiplicity=1,
        basis=work.settings.basis,
        seed=work.seed,
        settings=work.settings.model_dump(mode="json"),
        versions=versions(),
        timings=work.clock.timings,
        wall_seconds=work.clock.wall_seconds,
        convergence=reached | (convergence or {}),
        geometry=geometry.to_xyz(f"{work.smiles} {geometry.method}"),
    )
