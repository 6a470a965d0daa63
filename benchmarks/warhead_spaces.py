"""Active spaces of typical warheads: affinity, triplet energy, weights and twist, by CASCI.

OMP_NUM_THREADS=1 python benchmarks/warhead_spaces.py [SMILES ...] [--seed 1]
"""

from __future__ import annotations

import argparse

import numpy as np

from simulation import warheads
from simulation.activespace import pi_axes
from simulation.geometry import embed, optimise
from simulation.molecule import parse
from simulation.recipes.recipe import find
from simulation.settings import SimulationSettings
from simulation.workup import Workup

GROUPS = {
    "methyl vinyl ketone": "C=CC(C)=O",
    "methyl acrylate": "C=CC(=O)OC",
    "acrylanilide": "C=CC(=O)Nc1ccccc1",
    "acrylamide": "C=CC(N)=O",
    "N-methyl-N-phenylacrylamide": "C=CC(=O)N(C)c1ccccc1",
    "N-methylmaleimide": "CN1C(=O)C=CC1=O",
    "methacrylanilide": "CC(=C)C(=O)Nc1ccccc1",
    "4-dimethylamino-N-methylcrotonamide": "CNC(=O)/C=C/CN(C)C",
    "N-methylcinnamamide": "CNC(=O)/C=C/c1ccccc1",
    "N-methylbut-2-ynamide": "CC#CC(=O)NC",
    "2-cyano-N-methylcrotonamide": "CNC(=O)/C(C#N)=C/C",
    "N,N-dimethylmethacrylamide": "CN(C)C(=O)C(C)=C",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("smiles", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    settings = SimulationSettings(solver="casci")
    recipe = find("warhead-ea")
    print("| group | EA, eV | triplet, eV | weakest weight | twist, degrees | flags |")
    print("|---|---|---|---|---|---|")
    for name, smiles in ({s: s for s in arguments.smiles} or GROUPS).items():
        score = recipe.score(Workup(smiles, settings, seed=arguments.seed))
        # the score keeps flags, not the angle: the same seed gives the same geometry
        molecule = parse(smiles, max_heavy_atoms=settings.max_heavy_atoms)
        geometry = optimise(embed(molecule, settings, seed=arguments.seed), settings)
        groups = {group.name: group.atoms for group in warheads.find(molecule)}
        axes = pi_axes(geometry, groups[score.sites[0].name])
        twist = np.degrees(np.arccos(np.clip(axes[1] @ axes[2], -1, 1)))
        space = score.active_space
        print(
            f"| {name} | {score.value:.2f} | {space.triplet_energy:.2f} | "
            f"{min(space.weights):.2f} | {twist:.0f} | {len(space.flags) or 'none'} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
