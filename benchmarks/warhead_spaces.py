"""Active spaces of typical warheads: affinity, triplet energy, weights and twist, by CASCI.

OMP_NUM_THREADS=1 python benchmarks/warhead_spaces.py [SMILES ...] [--seed 1] [--anions]

The second affinity leaves the substituents out of the frontier orbitals (the space as
AVAS alone finds it). ``--anions`` adds the vertical affinity by separate mean fields of
molecule and anion (RHF and ROHF), which a bias of the space would show against.
"""

from __future__ import annotations

import argparse

from simulation.activespace import select
from simulation.atomicunits import HARTREE_EV
from simulation.casci import CASCISolver
from simulation.integrals import active_hamiltonian
from simulation.meanfield import solve
from simulation.recipes.warhead_ea import affinities
from simulation.settings import SimulationSettings
from simulation.workup import Workup

GROUPS = {
    "methyl vinyl ketone": "C=CC(C)=O",
    "methyl acrylate": "C=CC(=O)OC",
    "acrylanilide": "C=CC(=O)Nc1ccccc1",
    "acrylamide": "C=CC(N)=O",
    "N-methylacrylamide": "C=CC(=O)NC",
    "N-methylcrotonamide": "C/C=C/C(=O)NC",
    "N-methylmethacrylamide": "CNC(=O)C(C)=C",
    "N,3-dimethylcrotonamide": "CC(C)=CC(=O)NC",
    "N-methyl-N-phenylacrylamide": "C=CC(=O)N(C)c1ccccc1",
    "N-methylmaleimide": "CN1C(=O)C=CC1=O",
    "methacrylanilide": "CC(=C)C(=O)Nc1ccccc1",
    "4-dimethylamino-N-methylcrotonamide": "CNC(=O)/C=C/CN(C)C",
    "N-methylcinnamamide": "CNC(=O)/C=C/c1ccccc1",
    "2-fluoro-N-methylacrylamide": "C=C(F)C(=O)NC",
    "N-methylpropiolamide": "C#CC(=O)NC",
    "N-methylbut-2-ynamide": "CC#CC(=O)NC",
    "2-cyano-N-methylcrotonamide": "CNC(=O)/C(C#N)=C/C",
    "methyl vinyl sulfone": "C=CS(C)(=O)=O",
    "N-methylvinylsulfonamide": "C=CS(=O)(=O)NC",
    "acrylonitrile": "C=CC#N",
    "N,N-dimethylmethacrylamide": "CN(C)C(=O)C(C)=C",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("smiles", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--conformers", type=int, default=10)
    parser.add_argument("--anions", action="store_true")
    arguments = parser.parse_args()
    settings = SimulationSettings(solver="casci", conformers=arguments.conformers)
    exact = CASCISolver()
    heads = ["group", "EA, eV", "EA without substituents", "triplet, eV", "weakest weight"]
    heads += ["twist, degrees", "flags"] + (["EA by mean fields"] if arguments.anions else [])
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, smiles in ({s: s for s in arguments.smiles} or GROUPS).items():
        work = Workup(smiles, settings, seed=arguments.seed)
        site = affinities(work)[0]
        space, record = site.warhead.space, site.warhead.record
        bare = select(work.field, work.geometry, space.atoms, groups=())
        hamiltonian = active_hamiltonian(work.field, bare.coefficients, bare.occupied)
        sectors = site.warhead.sectors
        energies = [exact.solve(hamiltonian, *s).energy for s in (sectors.neutral, sectors.anion)]
        cells = [
            name,
            f"{site.score.value:.2f}",
            f"{(energies[0] - energies[1]) * HARTREE_EV:.2f}",
            f"{record.triplet_energy:.2f}",
            f"{min(record.weights):.2f}",
            f"{space.twist:.0f}",
            str(len(record.flags) or "none"),
        ]
        if arguments.anions:
            anion = solve(work.geometry, settings, charge=work.geometry.charge - 1)
            cells.append(f"{(work.field.energy - anion.energy) * HARTREE_EV:.2f}")
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
