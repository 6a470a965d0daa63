"""Where the structures that are optimised come from: ETKDG, or a sampled torsion grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers, rdMolTransforms

from simulation import conformers
from simulation.checkpoint import Checkpoint, StepCheckpoint
from simulation.quantum.qubo import QUBO, Samples, anneal
from simulation.settings import SimulationSettings
from simulation.torsionqubo import Encoding, blocks, greedy, whole
from simulation.torsions import TorsionGrid, grid

RINGS = 3  # ring conformations that get a torsion grid of their own
LAYERS = 2
SHOTS = 1024
MOST_QUBITS = 14  # of one QAOA circuit; larger problems are split
_TRIED_PER_START = 3  # states built and relaxed, of which many end alike
_ETKDG_SEEDS = 12  # embedded for their rings
_FORCE_FIELD_STEPS = 500

# kcal/mol; annealing that ends here leaves a sample of the low states, not one minimum.
_LAST_TEMPERATURE = 1.0

Sampler = Literal["torsion-annealing", "torsion-qaoa"]


@dataclass(frozen=True)
class Starts:
    """Starting structures, and in words where they come from."""

    molecule: Chem.Mol  # with hydrogens and conformers
    method: str  # e.g. "ETKDGv3", "torsion grid, simulated annealing"


def starts(
    molecule: Chem.Mol,
    settings: SimulationSettings,
    *,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> Starts:
    """Structures by ``settings.conformer_search``.

    A torsion grid is made on each of a few ring conformations that ETKDG finds.
    The low states of its QUBO are built, relaxed by the force field as ETKDG's
    structures are, and up to as many are handed on. Molecules without a torsion to
    search get ETKDG's.

    Args:
        molecule: without explicit hydrogens.
        settings: ``conformer_search``, ``conformers``, ``backend``.
        seed: the same seed gives the same structures.
        checkpoint: where structures that took long are kept and found again.

    Raises:
        InputError: the backend is unknown or lacks something.
        ResourceError: the embedding reached its time limit.
        StochasticError: nothing was embedded with this seed.
    """
    if checkpoint is None:
        return _found(molecule, settings, seed)
    smiles = Chem.MolToSmiles(molecule)
    inputs = {
        "smiles": smiles,
        "order": list(molecule.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]),
        "search": settings.conformer_search,
        "conformers": settings.conformers,
        "backend": settings.backend,
        "seed": seed,
    }
    saved = checkpoint.step("conformers", inputs)
    kept = _kept(saved, molecule)
    if kept is not None:
        return kept
    found = _found(molecule, settings, seed)
    places = [conformer.GetPositions() for conformer in found.molecule.GetConformers()]
    method = np.frombuffer(found.method.encode(), np.uint8)
    saved.finish({"places": np.array(places), "method": method})
    return found


def _kept(saved: StepCheckpoint, molecule: Chem.Mol) -> Starts | None:
    """The structures of a checkpoint, None where there is none."""
    arrays = saved.load()
    if arrays is None:
        return None
    made = Chem.AddHs(molecule)
    try:
        places, method = arrays["places"], arrays["method"].tobytes().decode()
        if places.shape[1:] != (made.GetNumAtoms(), 3) or not np.isfinite(places).all():
            raise ValueError("not structures of this molecule")
    except (KeyError, ValueError, TypeError) as error:
        saved.ignored(str(error))
        return None
    for positions in places:
        conformer = Chem.Conformer(made.GetNumAtoms())
        conformer.SetPositions(np.ascontiguousarray(positions))
        made.AddConformer(conformer, assignId=True)
    saved.resumed(f"with {len(places)} structures")
    return Starts(made, method)


def _found(molecule: Chem.Mol, settings: SimulationSettings, seed: int) -> Starts:
    kind = settings.conformer_search
    if kind == "etkdg":
        return Starts(conformers.embed(molecule, settings, seed=seed), "ETKDGv3")
    count = conformers.EMBEDDED_PER_OPTIMISED * settings.conformers
    few = settings.model_copy(update={"conformers": 1})
    embedded = conformers.embed(molecule, few, seed=seed, per_optimised=_ETKDG_SEEDS)
    grids = [grid(embedded, conformer) for conformer in _ring_conformations(embedded)]
    if not any(g.torsions for g in grids):
        return Starts(
            conformers.embed(molecule, settings, seed=seed), "ETKDGv3 (no torsion to search)"
        )
    made = Chem.Mol(embedded)
    made.RemoveAllConformers()
    share = -(-_TRIED_PER_START * count // len(grids))
    model: list[float] = []
    for number, torsion_grid in enumerate(grids):
        sampling_seed = (seed + number) % 2**31  # what every sampler takes
        for states in _low_states(torsion_grid, kind, share, settings, sampling_seed):
            conformer = Chem.Conformer(made.GetNumAtoms())
            conformer.SetPositions(np.ascontiguousarray(torsion_grid.built(states)))
            made.AddConformer(conformer, assignId=True)
            model.append(torsion_grid.energy(states))
    conformers.relax_by_force_field(made, max_steps=_FORCE_FIELD_STEPS)
    _keep_distinct(made, model, count)
    return Starts(made, _described(kind, settings))


def _keep_distinct(made: Chem.Mol, model: list[float], count: int) -> None:
    """Leave the structures that differ after relaxation, of the lowest model energies."""
    energies = _force_field_energies(made)
    ids = list(energies)
    places = np.array([made.GetConformer(i).GetPositions() for i in ids])
    kept = conformers.distinct(made, np.array([energies[i] for i in ids]), places)
    lowest = {ids[k] for k in sorted(kept, key=lambda k: (model[k], k))[:count]}
    for i in ids:
        if i not in lowest:
            made.RemoveConformer(i)


def _described(kind: Sampler, settings: SimulationSettings) -> str:
    if kind == "torsion-annealing":
        return "torsion grid, simulated annealing"
    return f"torsion grid, QAOA p={LAYERS} on {settings.backend}"


def _low_states(
    torsion_grid: TorsionGrid, kind: Sampler, count: int, settings: SimulationSettings, seed: int
) -> list[tuple[int, ...]]:
    """The lowest distinct states that the sampler finds."""
    if not torsion_grid.torsions:
        return [()]
    if kind == "torsion-annealing":
        encoding = whole(torsion_grid)
        samples = anneal(
            encoding.qubo(), seed=seed, reads=16 * count, sweeps=100, cold=_LAST_TEMPERATURE
        )
        found = _decoded(encoding, samples)
    else:
        found = _by_qaoa(torsion_grid, settings, seed)
    found.add(greedy(torsion_grid))
    return sorted(found, key=lambda s: (torsion_grid.energy(s), s))[:count]


def _decoded(encoding: Encoding, samples: Samples) -> set[tuple[int, ...]]:
    states = (encoding.states(bits) for bits in samples.bits)
    return {s for s in states if s is not None}


def _by_qaoa(
    torsion_grid: TorsionGrid, settings: SimulationSettings, seed: int
) -> set[tuple[int, ...]]:
    """States sampled block by block, each on the best found so far for the rest."""
    from simulation.quantum.backends import find
    from simulation.quantum.sampling import qaoa

    backend = find(settings.backend)
    most = min(MOST_QUBITS, backend.qubits or MOST_QUBITS)
    best = greedy(torsion_grid)
    found = {best}
    for number, block in enumerate(blocks(torsion_grid, most)):
        encoding = Encoding(torsion_grid, block, best)
        problem: QUBO = encoding.qubo()
        samples = qaoa(
            problem,
            backend.sampler(seed + number),
            layers=LAYERS,
            shots=SHOTS,
            compiler=backend.pass_manager(seed),
        )
        found |= _decoded(encoding, samples)
        best = min(found, key=lambda s: (torsion_grid.energy(s), s))
    return found


def _ring_conformations(embedded: Chem.Mol) -> list[int]:
    """Conformers whose rings differ, the lowest by the force field of each kind first."""
    rings = [list(r) for r in embedded.GetRingInfo().AtomRings()]
    turning = [
        tuple(ring[(i + k) % len(ring)] for k in range(4))
        for ring in rings
        for i in range(len(ring))
        if not embedded.GetAtomWithIdx(ring[0]).GetIsAromatic()
    ]
    energies = _force_field_energies(embedded)
    kinds: dict[tuple[int, ...], int] = {}
    for conformer in sorted(embedded.GetConformers(), key=lambda c: energies[c.GetId()]):
        folds = tuple(
            round(rdMolTransforms.GetDihedralDeg(conformer, *atoms) / 60) % 6 for atoms in turning
        )
        kinds.setdefault(folds, conformer.GetId())
    return list(kinds.values())[:RINGS]


def _force_field_energies(embedded: Chem.Mol) -> dict[int, float]:
    ids = [c.GetId() for c in embedded.GetConformers()]
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(embedded):
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(embedded)
        return {
            i: rdForceFieldHelpers.MMFFGetMoleculeForceField(
                embedded, properties, confId=i
            ).CalcEnergy()
            for i in ids
        }
    if rdForceFieldHelpers.UFFHasAllMoleculeParams(embedded):
        return {
            i: rdForceFieldHelpers.UFFGetMoleculeForceField(embedded, confId=i).CalcEnergy()
            for i in ids
        }
    return {i: float(place) for place, i in enumerate(ids)}
