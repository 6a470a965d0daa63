"""The active spaces on which VQE engines are compared, and their integrals as files.

    python benchmarks/engine_cases.py --write FOLDER     every case as FOLDER/<case>.npz
    python benchmarks/engine_cases.py --drugs            compute the drug spaces that have no file

A file holds ``one_body`` (norb, norb), ``two_body`` (norb,) * 4 in chemists'
notation, ``core`` (all Hartree), ``n_alpha`` and ``n_beta``. The small molecules
are computed when asked for. The drug spaces, RHF/6-31G* on a GFN2-xTB
geometry, take minutes each, so their integrals lie beside this file in
``engine_integrals``, and ``--drugs`` is the command that made them; a space
without a file is left out of the comparison.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from pyscf import ao2mo, gto, mcscf, scf

from simulation.hamiltonian import Hamiltonian

STORED = Path(__file__).with_name("engine_integrals")

# Angstrom; planar acrylamide, s-cis.
ACRYLAMIDE = """
C  1.852  0.462 0; C  0.700 -0.205 0; C -0.613  0.507 0; O -0.695  1.727 0
N -1.719 -0.279 0; H  2.800 -0.063 0; H  1.880  1.548 0; H  0.642 -1.290 0
H -1.650 -1.286 0; H -2.633  0.149 0
"""
WATER = "O 0 0 0.1173; H 0 0.7572 -0.4692; H 0 -0.7572 -0.4692"
BENZENE = "; ".join(
    f"{symbol} {radius * np.cos(angle):.8f} {radius * np.sin(angle):.8f} 0"
    for symbol, radius in (("C", 1.397), ("H", 2.481))
    for angle in np.arange(6) * np.pi / 3
)

Sector = tuple[Hamiltonian, int, int]  # and the numbers of alpha and beta electrons


@dataclass(frozen=True)
class Window:
    """Orbitals around HOMO and LUMO of RHF/STO-3G, or the pi orbitals among them."""

    geometry: str
    electrons: int
    orbitals: int
    pi: bool = False  # the molecule lies in the xy plane: only orbitals odd under z -> -z

    def sector(self) -> Sector:
        """Its integrals."""
        molecule = gto.M(atom=self.geometry, basis="sto-3g", verbose=0)
        field = scf.RHF(molecule)
        field.conv_tol = 1e-12
        field.kernel()
        space = mcscf.CASCI(field, self.orbitals, self.electrons)
        coefficients = field.mo_coeff
        if self.pi:
            odd = np.abs(coefficients[molecule.search_ao_label("2pz")]).max(axis=0) > 1e-6
            coefficients = space.sort_mo(np.flatnonzero(odd), base=0)
        one_body, core = space.get_h1eff(coefficients)
        two_body = ao2mo.restore(1, space.get_h2eff(coefficients), self.orbitals)
        pairs = self.electrons // 2
        return Hamiltonian(np.asarray(one_body), np.asarray(two_body), float(core)), pairs, pairs


@dataclass(frozen=True)
class Drug:
    """The frontier pi orbitals of a part of a drug, RHF/6-31G* with density fitting."""

    smiles: str
    part: str  # SMARTS; a 2p function stands on each of its atoms, across the local plane
    electrons: int
    orbitals: int

    def sector(self) -> Sector:
        """Its integrals: minutes and gigabytes."""
        from rdkit import Chem

        from simulation.integrals import active_hamiltonian
        from simulation.settings import SimulationSettings
        from simulation.workup import Workup

        work = Workup(self.smiles, SimulationSettings(conformers=2), seed=1)
        geometry, field = work.geometry, work.field
        atoms = geometry.molecule.GetSubstructMatch(Chem.MolFromSmarts(self.part))
        functions = gto.M(
            atom=[(geometry.symbols[i], geometry.coordinates[i].tolist()) for i in atoms],
            basis="minao",
            spin=None,
            verbose=0,
        )
        across = np.zeros((functions.nao, len(atoms)))
        for place, atom in enumerate(atoms):
            centre = geometry.molecule.GetAtomWithIdx(atom)
            if centre.GetDegree() < 3:  # the oxygen of a carbonyl: the plane of its carbon
                centre = centre.GetNeighbors()[0]
            near = [neighbour.GetIdx() for neighbour in centre.GetNeighbors()]
            a, b, c = geometry.coordinates[near[:3]]
            normal = np.cross(b - a, c - a)
            normal /= np.linalg.norm(normal)
            for component, letter in zip(normal, "xyz", strict=True):
                across[functions.search_ao_label(f"^{place} .* 2p{letter}")[0], place] = component
        overlap = across.T @ functions.intor_symmetric("int1e_ovlp") @ across
        cross = across.T @ gto.intor_cross("int1e_ovlp", functions, field.molecule)
        cross = cross @ field.coefficients
        projector = cross.T @ np.linalg.solve(overlap, cross)
        pairs = self.electrons // 2
        chosen = []
        blocks = (slice(0, field.occupied), slice(field.occupied, None))
        for block, occupied in zip(blocks, (True, False), strict=True):
            weights, vectors = np.linalg.eigh(projector[block, block])
            pi = vectors[:, weights > 0.5]
            level = field.orbital_energies[block]
            pi = pi @ np.linalg.eigh(pi.T @ (level[:, None] * pi))[1]
            pi = pi[:, -pairs:] if occupied else pi[:, : self.orbitals - pairs]
            chosen.append(field.coefficients[:, block] @ pi)
        return active_hamiltonian(field, np.hstack(chosen), active_occupied=pairs), pairs, pairs


WINDOWS = {
    "H2": Window("H 0 0 0; H 0 0 0.735", 2, 2),
    "LiH": Window("Li 0 0 0; H 0 0 1.6", 4, 6),
    "H2O frozen core": Window(WATER, 8, 6),
    "N2 (6,6)": Window("N 0 0 0; N 0 0 1.0", 6, 6),
    "benzene pi (6,6)": Window(BENZENE, 6, 6, pi=True),
    "acrylamide (4,4)": Window(ACRYLAMIDE, 4, 4),
    "acrylamide (6,6)": Window(ACRYLAMIDE, 6, 6),
    "acrylamide (8,8)": Window(ACRYLAMIDE, 8, 8),
    "acrylamide (10,10)": Window(ACRYLAMIDE, 10, 10),
}
LARGEST = {"acrylamide (12,12)": Window(ACRYLAMIDE, 12, 12)}  # one energy with gradient
DRUGS = {
    "ibrutinib acrylamide (4,4)": Drug(
        "C=CC(=O)N1CCC[C@H](C1)n1nc(-c2ccc(Oc3ccccc3)cc2)c2c(N)ncnc12", "C=CC=O", 4, 4
    ),
    "afatinib crotonamide (6,6)": Drug(
        "CN(C)C/C=C/C(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1O[C@H]1CCOC1", "c1ccccc1NC(=O)C=C", 6, 6
    ),
    "osimertinib acrylanilide (10,10)": Drug(
        "C=CC(=O)Nc1cc(Nc2nccc(-c3cn(C)c4ccccc34)n2)c(OC)cc1N(C)CCN(C)C",
        "c1ccccc1NC(=O)C=C",
        10,
        10,
    ),
}


def file_name(case: str) -> str:
    """The name of a case's file: "acrylamide (8,8)" -> "acrylamide-8-8.npz"."""
    words = "".join(letter if letter.isalnum() else " " for letter in case)
    return "-".join(words.split()) + ".npz"


def save(path: Path, sector: Sector) -> None:
    """Write the integrals and the electrons of a sector."""
    hamiltonian, n_alpha, n_beta = sector
    np.savez(
        path,
        one_body=hamiltonian.one_body,
        two_body=hamiltonian.two_body,
        core=hamiltonian.core_energy,
        n_alpha=n_alpha,
        n_beta=n_beta,
    )


def load(path: Path) -> Sector:
    """Read what ``save`` wrote."""
    with np.load(path) as data:
        hamiltonian = Hamiltonian(data["one_body"], data["two_body"], float(data["core"]))
        return hamiltonian, int(data["n_alpha"]), int(data["n_beta"])


@cache
def sector(name: str) -> Sector:
    """The case of that name; a drug space is read from its file."""
    if name in DRUGS:
        return load(STORED / file_name(name))
    return {**WINDOWS, **LARGEST}[name].sector()


class _Cases(Mapping[str, Sector]):
    """Name -> sector, each computed when first asked for."""

    def __getitem__(self, name: str) -> Sector:
        return sector(name)

    def __iter__(self) -> Iterator[str]:
        yield from WINDOWS
        # A checkout without the stored files still runs every other case.
        yield from (name for name in DRUGS if (STORED / file_name(name)).exists())

    def __len__(self) -> int:
        return sum(1 for _ in self)


CASES: Mapping[str, Sector] = _Cases()


def main() -> None:
    parser = argparse.ArgumentParser(description="Integrals of the spaces engines are compared on.")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="every case as a file")
    parser.add_argument("--drugs", action="store_true", help="compute those that have no file")
    arguments = parser.parse_args()
    if arguments.drugs:
        STORED.mkdir(exist_ok=True)
        for name, drug in DRUGS.items():
            if (STORED / file_name(name)).exists():
                continue
            save(STORED / file_name(name), drug.sector())
            print(STORED / file_name(name), flush=True)
    if arguments.write:
        arguments.write.mkdir(parents=True, exist_ok=True)
        for name, case in CASES.items():
            save(arguments.write / file_name(name), case)
            print(arguments.write / file_name(name))


if __name__ == "__main__":
    main()
