"""What a calculation can be told: the ``[simulation]`` table of a campaign."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulation.docking.settings import DockingSettings

ZNE_SCALES = (1, 3, 5)
"""How often each two-qubit gate is applied in zero-noise extrapolation."""

READOUT_CIRCUITS = 2
"""Of a readout calibration: all qubits in 0, all in 1."""

_SIMULATORS = ("exact", "aer", "fake")  # of a device as well


def is_simulated(backend: str) -> bool:
    """Whether a backend computes on the machine at hand; one of another package counts as remote.

    Args:
        backend: by name, as ``SimulationSettings.backend``.
    """
    return backend.partition(":")[0] in _SIMULATORS


class SimulationSettings(BaseModel):
    """Geometry, mean field and solver of every recipe.

    The defaults are the ones the recipes' validity was measured with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    conformers: int = Field(
        default=10,
        ge=1,
        le=300,
        description="GFN2-xTB optimisations at most; five times as many starting structures are "
        "embedded and screened",
    )
    embed_timeout_s: int = Field(
        default=60, ge=1, description="time limit of the embedding of one molecule, in seconds"
    )
    conformer_search: Literal["etkdg", "torsion-annealing", "torsion-qaoa"] = Field(
        default="etkdg",
        description="where starting conformers come from: ETKDGv3, or a torsion grid sampled by "
        "simulated annealing or by QAOA (torsion-qaoa runs its circuits on backend)",
    )
    solvent: str | None = Field(
        default="water", description="ALPB solvent of the GFN2-xTB optimisation; null for vacuum"
    )
    basis: str = Field(default="6-31g*", description="Gaussian basis of the mean field")
    density_fit: bool = Field(
        default=True, description="density-fitted two-electron integrals in the mean field"
    )
    solver: str = Field(
        default="vqe",
        description="active-space solver by name: vqe, vqe-circuit, casci; lucj, sqd (extra sqd)",
    )
    ansatz: Literal["auto", "uccsd", "adapt"] = Field(
        default="auto",
        description="form of the VQE trial state; auto takes the cheapest circuit within "
        "target_error_mha",
    )
    layers: int = Field(
        default=1, ge=1, le=8, description="repetitions of uccsd; auto and adapt choose their own"
    )
    target_error_mha: float = Field(
        default=0.1,
        gt=0,
        description="error against exact diagonalisation asked of auto and adapt, in mHartree",
    )
    mapping: Literal["auto", "jordan-wigner", "parity", "tapered"] = Field(
        default="auto",
        description="fermions to qubits in circuits: jordan-wigner, parity (two qubits fewer), "
        "tapered (all Z2 symmetries removed); auto is jordan-wigner, and on a device the one "
        "with the fewest two-qubit gates",
    )
    backend: str = Field(
        default="exact",
        description="where vqe-circuit runs its circuit: exact, aer, fake:<device>, ibm:<device>",
    )
    precision_mha: float = Field(
        default=1.0,
        gt=0,
        description="standard error asked of a sampled energy, in mHartree; decides the shots",
    )
    max_shots: int = Field(
        default=1_000_000, ge=100, description="shots of one energy at most, over all settings"
    )
    mitigation: tuple[Literal["readout", "zne"], ...] = Field(
        default=(),
        description="error mitigation on noisy backends: readout correction, zero-noise "
        "extrapolation",
    )
    queue_limit_s: int = Field(
        default=3000,
        ge=0,
        description="how long one calculation waits for a remote device, in seconds, less than "
        "the time limit of a recipe; the job is kept and found again by the next attempt",
    )
    technical_file: bool = Field(
        default=False,
        description="keep circuits, shots and calibration of every quantum evaluation with the "
        "score",
    )
    threads: int = Field(
        default=1, ge=1, description="threads of one calculation, and the CPU cores it takes"
    )
    max_heavy_atoms: int = Field(
        default=80, ge=2, description="larger molecules are refused before anything is computed"
    )
    docking: DockingSettings | None = Field(
        default=None, description="the receptor and the box of the recipe docking"
    )

    @model_validator(mode="before")
    @classmethod
    def _a_backend_needs_circuits(cls, values: Any) -> Any:
        """A backend was chosen and no solver: take the one that runs circuits on it."""
        if not isinstance(values, dict) or values.get("backend", "exact") == "exact":
            return values
        return {"solver": "vqe-circuit", **values}
