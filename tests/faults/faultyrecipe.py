"""A recipe without chemistry that misbehaves on demand, for tests of everything around it.

``score`` returns a number of the SMILES at once, unless the file named by
``PLANS`` in the environment says otherwise: of one SMILES, or under ``EVERY`` of all
others and of one whose own plan is over.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import stat
import time
from dataclasses import replace
from pathlib import Path

from rdkit import Chem

from simulation.errors import ConvergenceError, InputError, ResourceError, StochasticError
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

SOURCE = "faultyrecipe:RECIPE"
FRAIL = "faultyrecipe:SECOND"  # the same under the name "frail", with plans of its own
PLANS = "FAULTY_RECIPE_PLANS"  # a JSON file: SMILES -> {"mode": ..., "times": ..., "recipe": ...}
TRACE = "FAULTY_RECIPE_TRACE"  # a file: one line for each calculation begun
EVERY = "*"
LAST = "FAULTY_RECIPE_LAST"  # calculations begun after so many lines of the trace never end


class FaultyRecipe:
    unit = "eV"
    better = "higher"
    summary = "a number of the SMILES"
    method = "SHA-256"
    applies_to = ("[#6]",)
    cost = "nothing"
    validity = "none"

    def __init__(self, name: str = "faulty") -> None:
        self.name = name

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        return (Site("atom", (0,)),) if molecule.GetNumAtoms() else ()

    def score(self, work: Workup) -> Score:
        smiles, seed = work.smiles, work.seed
        if TRACE in os.environ:
            with Path(os.environ[TRACE]).open("a") as trace:
                trace.write(f"{smiles} {seed}{'' if self.name == 'faulty' else ' ' + self.name}\n")
        if LAST in os.environ and self._begun() > int(os.environ[LAST]):
            time.sleep(600)
        plans = self._plans()
        plan = plans.get(smiles)
        if plan is not None and plan.get("recipe", self.name) != self.name:
            plan = None
        if plan is not None and plan.get("times") is not None and self._met(smiles) > plan["times"]:
            plan = None
        plan = plan or plans.get(EVERY)
        score = replace(number_score(smiles, seed), recipe=self.name)
        if plan is None:
            return score
        if plan["mode"] == "slow":
            time.sleep(plan["seconds"])
        elif plan["mode"] == "large":
            time.sleep(plan["seconds"])
            filled = score.provenance.geometry + "\n" * plan["bytes"]
            score = replace(score, provenance=replace(score.provenance, geometry=filled))
        else:
            self._fail(plan["mode"])
        return score

    def _plans(self) -> dict[str, dict]:
        return json.loads(Path(os.environ[PLANS]).read_text()) if PLANS in os.environ else {}

    def _begun(self) -> int:
        return len(Path(os.environ[TRACE]).read_text().splitlines())

    def _met(self, smiles: str) -> int:
        lines = Path(os.environ[TRACE]).read_text().splitlines()
        own = [] if self.name == "faulty" else [self.name]
        return sum(1 for line in lines if [line.split()[0], *line.split()[2:]] == [smiles, *own])

    def _fail(self, mode: str) -> None:
        if mode == "leak":
            self.leaked = [*getattr(self, "leaked", ()), b"\x01" * (32 << 20)]
        elif mode == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif mode == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif mode == "exit":
            print("no more of this", flush=True)
            os._exit(3)
        elif mode == "hang":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
            while True:
                time.sleep(60)
        elif mode == "hog":
            held = []
            while True:
                held.append(b"\x01" * (32 << 20))
                time.sleep(0.002)
        elif mode == "balloon":
            held = [bytearray(b"\x01") * (64 << 20) for _ in range(20)]
            time.sleep(20)
            del held
        elif mode == "huge":
            bytearray(1 << 62)
        elif mode == "print":
            print("x" * 100_000, flush=True)
        elif mode == "input":
            raise InputError("recipe", "not a molecule for this recipe")
        elif mode == "convergence":
            raise ConvergenceError("meanfield", "did not converge on any rung")
        elif mode == "queue":
            raise ResourceError("backend", "job d0e9 on ibm:fez has not run yet")
        elif mode == "random":
            raise StochasticError("geometry", "no conformer with this seed")
        elif mode == "bug":
            raise KeyError("a bug\nof the recipe")
        elif mode == "worker":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        elif mode == "stop-worker":
            os.kill(os.getppid(), signal.SIGSTOP)
            time.sleep(60)
        elif mode == "garble":
            os.write(_answers(), b"\xff\x00 not a message\n")
        elif mode == "half":
            os.write(_answers(), b'{"outcome": "{\\"sco')
            os._exit(0)
        elif mode == "unreadable":
            message = {"outcome": '{"score": "nothing"}', "cpu_seconds": 0, "peak_memory_mb": 0}
            os.write(_answers(), json.dumps(message).encode() + b"\n")
        elif mode == "unconverged":
            _stop_too_early()
        else:
            raise AssertionError(mode)


def _answers() -> int:
    """The pipe on which this process answers its worker."""
    own = [int(fd) for fd in os.listdir("/proc/self/fd")]
    return next(fd for fd in sorted(own) if fd > 2 and _is_written_pipe(fd))


def _is_written_pipe(fd: int) -> bool:
    try:
        writable = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
        return writable and stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError:  # the descriptor that listed the folder
        return False


def _stop_too_early() -> None:
    """A real Hartree-Fock calculation of acrylamide that has three cycles to converge."""
    from simulation import meanfield
    from simulation.settings import SimulationSettings

    settings = SimulationSettings(conformers=1, basis="sto-3g", density_fit=False, solvent=None)
    geometry = Workup("C=CC(N)=O", settings, seed=0).geometry
    ladder = (meanfield.Rung("diis", max_cycles=2), meanfield.Rung("newton", 1, second_order=True))
    meanfield.solve(geometry, settings, ladder=ladder)


def number_score(smiles: str, seed: int = 0, *, value: float | None = None) -> Score:
    """A complete score whose value is a number of the SMILES alone, in -7 .. -3 eV."""
    molecule = Chem.MolFromSmiles(smiles)
    digest = hashlib.sha256(smiles.encode()).digest()
    number = -7.0 + 4.0 * int.from_bytes(digest[:4], "big") / 2**32 if value is None else value
    space = ActiveSpaceRecord(
        electrons=4,
        orbitals=4,
        atoms=(0,),
        orbital_labels=("C1 2pz",),
        threshold=0.5,
        weights=(1.0, 1.0, 1.0, 1.0),
        natural_occupations=(2.0, 2.0, 0.0, 0.0),
        planarity=0.0,
        triplet_energy=3.5,
    )
    solution = SolverRecord("4e", 2, 2, -100.0, -100.0, 26, 10, 1e-6, True)
    hydrogens = Chem.AddHs(molecule)
    lines = [f"{a.GetSymbol()} {a.GetIdx():.6f} 0.0 0.0" for a in hydrogens.GetAtoms()]
    return Score(
        smiles=smiles,
        inchikey=Chem.MolToInchiKey(molecule),
        recipe="faulty",
        value=number,
        unit="eV",
        solver="casci",
        backend="exact",
        casci_value=number + 0.001,
        casci_deviation_mha=0.04,
        baselines={"hf-lumo": Baseline(number + 5, "eV", "HF/6-31g* LUMO")},
        active_space=space,
        sites=(SiteScore("atom", (0,), number, number, 0.04, 9.0, space, (solution,)),),
        conformers=ConformerRecord(1, 1, 1, 1, 0.0, "none"),
        provenance=Provenance(
            charge=0,
            multiplicity=1,
            basis="none",
            seed=seed,
            settings={},
            versions={"molq": "0"},
            timings={},
            wall_seconds=0.0,
            convergence={},
            geometry="\n".join([str(len(lines)), smiles, *lines]) + "\n",
        ),
    )


RECIPE = FaultyRecipe()
SECOND = FaultyRecipe("frail")
