"""Does docking find a ligand's crystal pose again? One row a seed.

    OMP_NUM_THREADS=1 python benchmarks/docking_redock.py --exhaustiveness 8 --seeds 3

The molecule is read as SMILES and embedded anew, so that nothing of the crystal's pose but
the box goes into the search. The default is imatinib in the pocket of Abl kinase (PDB 1IEP),
which is cut: a larger box than the default would reach where protein is missing.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from rdkit import Chem
from rdkit.Chem import rdMolAlign

from simulation.docking.settings import DockingSettings
from simulation.recipes.docking import RECIPE, docked
from simulation.settings import SimulationSettings
from simulation.workup import Workup

DATA = Path(__file__).parents[1] / "configs" / "receptors"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--receptor", type=Path, default=DATA / "abl_pocket.pdb")
    parser.add_argument("--ligand", type=Path, default=DATA / "imatinib_pose.sdf")
    parser.add_argument("--padding", type=float, default=1.0, help="of the box, Angstrom")
    parser.add_argument("--exhaustiveness", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    crystal = Chem.RemoveHs(Chem.MolFromMolFile(str(asked.ligand)))
    smiles = Chem.MolToSmiles(crystal)
    settings = SimulationSettings(
        docking=DockingSettings(
            receptor=asked.receptor,
            ligand=asked.ligand,
            padding=asked.padding,
            exhaustiveness=asked.exhaustiveness,
            ph=None,  # the form of the crystal's file
        )
    )
    print(f"{smiles}, padding {asked.padding:g} A, exhaustiveness {asked.exhaustiveness}")
    print(f"{'seed':>5} {'kcal/mol':>9} {'RMSD (A)':>9} {'CPU s':>7}")
    rows = []
    for seed in range(1, asked.seeds + 1):
        begun = time.process_time()
        found = RECIPE.score(Workup(smiles, settings, seed=seed))
        spent = time.process_time() - begun
        pose = docked(found)
        assert pose is not None
        rmsd = rdMolAlign.CalcRMS(Chem.RemoveHs(pose), crystal)
        rows.append((found.value, rmsd, spent))
        print(f"{seed:5d} {found.value:9.2f} {rmsd:9.2f} {spent:7.1f}", flush=True)
    near = sum(rmsd < 2.0 for _, rmsd, _ in rows)
    median = statistics.median(spent for _, _, spent in rows)
    print(f"within 2 A: {near} of {len(rows)}; median {median:.0f} CPU s")


if __name__ == "__main__":
    main()
