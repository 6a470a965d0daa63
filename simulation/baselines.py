"""The cheap classical numbers that are printed beside every score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.atomicunits import HARTREE_EV
from simulation.score import Baseline

if TYPE_CHECKING:  # pyscf and tblite are loaded when a molecule is computed
    from simulation.activespace import ActiveSpace
    from simulation.geometry import Geometry
    from simulation.meanfield import MeanField


def electrophilicity(
    geometry: Geometry, field: MeanField, space: ActiveSpace
) -> dict[str, Baseline]:
    """What a chemist would take for an electron affinity without any correlation.

    All three are orbital energies (eV): the lower, the more readily the
    molecule takes up an electron.
    """
    return {
        "hf_lumo": hf_lumo(field),
        "gfn2_lumo": gfn2_lumo(geometry),
        "hf_pi_star": Baseline(
            space.pi_star, "eV", f"{field.method} lowest virtual orbital of the active space"
        ),
    }


def gfn2_lumo(geometry: Geometry) -> Baseline:
    """The LUMO by GFN2-xTB, eV."""
    return Baseline(geometry.lumo, "eV", f"{geometry.method} LUMO")


def hf_lumo(field: MeanField) -> Baseline:
    """The LUMO of the mean field, eV."""
    return Baseline(field.lumo, "eV", f"{field.method} LUMO")


def hf_gap(field: MeanField) -> Baseline:
    """Between HOMO and LUMO of the mean field, eV."""
    homo, lumo = field.orbital_energies[field.occupied - 1 : field.occupied + 1] * HARTREE_EV
    return Baseline(float(lumo - homo), "eV", f"{field.method} HOMO-LUMO gap")


def koopmans_ip(field: MeanField) -> Baseline:
    """The ionisation potential by Koopmans' theorem, eV."""
    homo = -float(field.orbital_energies[field.occupied - 1]) * HARTREE_EV
    return Baseline(homo, "eV", f"-HOMO of {field.method}")
