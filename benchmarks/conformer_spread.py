"""How far a score depends on the seed of its conformer search.

    OMP_NUM_THREADS=1 python benchmarks/conformer_spread.py [SMILES ...] [--seeds 5]

For each molecule, number of conformers optimised and number of structures embedded for
each of them: how many seeds found the lowest geometry of all, how far above it the others
ended, and the range of the twist of the warhead and of the GFN2 LUMO over the seeds.
Geometries only, no mean field; CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import time
from itertools import product

import numpy as np

from simulation import warheads
from simulation.activespace import pi_axes
from simulation.atomicunits import HARTREE_KCAL
from simulation.conformers import EMBEDDED_PER_OPTIMISED, embed
from simulation.geometry import optimise
from simulation.molecule import parse
from simulation.settings import SimulationSettings

MOLECULES = (
    "C=CC(=O)Nc1ccccc1",
    "C=CC(=O)N1CCCCC1",
    "C=CC(=O)N1CCN(CC1)c1ccccc1",
    "CNC(=O)/C=C/CN1CCCCC1",
)
SAME = 0.05  # kcal/mol


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("smiles", nargs="*", default=MOLECULES)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--conformers", type=int, nargs="+", default=[10])
    parser.add_argument("--embedded", type=int, nargs="+", default=[1, EMBEDDED_PER_OPTIMISED])
    arguments = parser.parse_args()
    widths = (34, -11, -9, -8, -9, -10, -16, -7)
    for heads in (
        ("molecule", "conformers", "embedded", "lowest", "excess", "twist", "GFN2 LUMO", "CPU"),
        ("", "", "each", "seeds", "kcal/mol", "degrees", "eV", "s"),
    ):
        print(
            "".join(
                f"{h:{w}}" if w > 0 else f"{h:>{-w}}" for h, w in zip(heads, widths, strict=True)
            )
        )
    for smiles in arguments.smiles:
        molecule = parse(smiles, max_heavy_atoms=80)
        atoms = warheads.find(molecule)[0].atoms
        table = []
        for count, each in product(arguments.conformers, arguments.embedded):
            begun = time.process_time()
            settings = SimulationSettings(conformers=count)
            rows = []
            for seed in range(1, arguments.seeds + 1):
                geometry = optimise(
                    embed(molecule, settings, seed=seed, per_optimised=each), settings
                )
                axes = pi_axes(geometry, atoms)
                twist = np.degrees(np.arccos(min(1.0, abs(float(axes[1] @ axes[2])))))
                rows.append((geometry.energy * HARTREE_KCAL, twist, geometry.lumo))
            table.append((count, each, np.array(rows), time.process_time() - begun))
        lowest = min(rows[:, 0].min() for _, _, rows, _ in table)
        for count, each, rows, seconds in table:
            excess = rows[:, 0] - lowest
            print(
                f"{smiles:34}{count:11d}{each:9d}{int((excess < SAME).sum()):5d}/{len(rows)}"
                f"{excess.max():9.2f}{f'{rows[:, 1].min():.0f}-{rows[:, 1].max():.0f}':>10}"
                f"{f'{rows[:, 2].min():.2f} to {rows[:, 2].max():.2f}':>16}"
                f"{seconds / len(rows):7.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
