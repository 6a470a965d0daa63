"""A recipe that takes a given time and computes nothing, for what orchestration itself costs.

``ORCHESTRATION_SECONDS`` in the environment says how long a calculation takes,
``ORCHESTRATION_BUSY`` whether it holds a core meanwhile. Its score is as large as one of
``warhead-ea``: 5 kB of JSON.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import replace

from rdkit import Chem

from screening.candidate import Candidate
from simulation.recipes.recipe import Site
from simulation.score import (
    ActiveSpaceRecord,
    Baseline,
    ConformerRecord,
    Provenance,
    Score,
    SiteScore,
    SolverRecord,
)
from simulation.workup import Workup

NAME = "timed"
SOURCE = "orchestrationrecipe:RECIPE"
SECONDS = "ORCHESTRATION_SECONDS"
BUSY = "ORCHESTRATION_BUSY"
BEGUN = "ORCHESTRATION_BEGUN"  # a file that the first calculation writes its start to

_HEAVY_ATOMS = 30  # of the molecule whose record is imitated


class TimedRecipe:
    """Waits, or keeps a core busy."""

    name = NAME
    unit = "eV"
    better = "higher"
    summary = "a number after a given time"
    method = "waiting"
    applies_to = ("[#6]",)
    cost = "the time asked for"
    validity = "none"

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """One, in any molecule."""
        return (Site("atom", (0,)),)

    def score(self, work: Workup) -> Score:
        """The record of ``score_of``, after the time asked for."""
        if BEGUN in os.environ and not os.path.exists(os.environ[BEGUN]):
            with open(os.environ[BEGUN], "w") as file:
                file.write(repr(time.time()))
        seconds = float(os.environ[SECONDS])
        if os.environ.get(BUSY):
            end = time.process_time() + seconds
            while time.process_time() < end:
                pass
        else:
            time.sleep(seconds)
        return score_of(work.smiles, work.seed)


def score_of(smiles: str, seed: int) -> Score:
    """A record of the size of a real one; its value is a function of the seed."""
    value = -7.0 + 4.0 * seed / 2**31
    return replace(_RECORD, smiles=smiles, value=value, provenance=_provenance(seed))


def candidates(count: int) -> Iterator[Candidate]:
    """Distinct molecules: chains of nine atoms. Their keys are made up, and as long as real ones.

    Raises:
        ValueError: so many there are not.
    """
    if count > 4**12:
        raise ValueError(f"{count} molecules are more than the {4**12} there are")
    for number, atoms in enumerate(itertools.islice(_chains(), count), 1):
        key = f"{number:014d}-UHFFFAOYSA-N"
        yield Candidate(key, f"C{atoms}C", "", "library", number)


def _chains() -> Iterator[str]:
    length = 7
    while True:
        yield from ("".join(atoms) for atoms in itertools.product("CNOS", repeat=length))
        length += 1


def _provenance(seed: int) -> Provenance:
    return replace(_RECORD.provenance, seed=seed)


def _record() -> Score:
    space = ActiveSpaceRecord(
        electrons=4,
        orbitals=4,
        atoms=(0, 1, 2, 3),
        orbital_labels=("C1 2pz", "C2 2pz", "C3 2pz", "O4 2pz"),
        threshold=0.31,
        weights=(0.98, 0.97, 0.99, 0.96),
        natural_occupations=(1.97, 1.92, 0.08, 0.03),
        planarity=0.01,
        triplet_energy=3.5,
    )
    solutions = tuple(
        SolverRecord(sector, 2, 2, -100.0, -100.0, 26, 10, 1e-6, True) for sector in ("4e", "5e")
    )
    rows = [f"C {i * 1.4:.8f} {i * 0.7:.8f} {i * 0.1:.8f}" for i in range(2 * _HEAVY_ATOMS)]
    return Score(
        smiles="C",
        inchikey="00000000000000-UHFFFAOYSA-N",
        recipe=NAME,
        value=0.0,
        unit="eV",
        solver="vqe",
        backend="exact",
        casci_value=0.001,
        casci_deviation_mha=0.04,
        baselines={
            name: Baseline(1.0, "eV", f"{name} by a method with a name")
            for name in ("gfn2-lumo", "hf-lumo", "casci")
        },
        active_space=space,
        sites=(SiteScore("site", (0, 1, 2, 3), 0.0, 0.0, 0.04, 9.0, space, solutions),),
        conformers=ConformerRecord(50, 10, 6, 4, 0.0, "water"),
        provenance=Provenance(
            charge=0,
            multiplicity=1,
            basis="6-31g*",
            seed=0,
            settings={f"setting {i}": i for i in range(30)},
            versions={f"package {i}": "1.0.0" for i in range(12)},
            timings=dict.fromkeys(("geometry", "meanfield", "activespace", "solver"), 1.0),
            wall_seconds=0.0,
            convergence={},
            geometry="\n".join([str(len(rows)), "C", *rows]) + "\n",
        ),
    )


_RECORD = _record()
RECIPE = TimedRecipe()
