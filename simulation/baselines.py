"""The cheap classical numbers that are printed beside every score."""

from __future__ import annotations

from simulation.activespace import ActiveSpace
from simulation.geometry import Geometry
from simulation.meanfield import MeanField
from simulation.score import Baseline


def electrophilicity(
    geometry: Geometry, field: MeanField, space: ActiveSpace
) -> dict[str, Baseline]:
    """What a chemist would take for an electron affinity without any correlation.

    All three are orbital energies (eV): the lower, the more readily the
    molecule takes up an electron.
    """
    return {
        "hf_lumo": Baseline(field.lumo, "eV", f"{field.method} LUMO"),
        "gfn2_lumo": Baseline(geometry.lumo, "eV", f"{geometry.method} LUMO"),
        "hf_pi_star": Baseline(
            space.pi_star, "eV", f"{field.method} lowest virtual orbital of the active space"
        ),
    }
