"""A geometry that ASE holds, scored as it stands, and the scored geometry back in ASE.

    python examples/ase_geometry.py

Wants ASE: pip install "molq[ase]". Any program that ASE reads (ORCA, Gaussian, xyz files, ...)
comes in the same way: ase.io.read("file").
"""

from __future__ import annotations

from ase.build import molecule

import molq


def main() -> None:
    """Score the geometry of butadiene that comes with ASE."""
    structure = molq.from_ase(molecule("butadiene"))
    result = structure.score("photo-st-gap", solver="casci", basis="sto-3g", density_fit=False)
    print(f"{structure.smiles}: singlet-triplet gap {result.value:.3f} {result.unit}")
    for flag in result.score.flags:
        print(f"  {flag}")
    atoms = molq.to_ase(result)
    print(f"{len(atoms)} atoms, C=C {atoms.get_distance(0, 1):.3f} Angstrom")
    for record in molq.to_qcschema(result):
        print(f"{record['model']['method']}: {record['return_result']:.6f} Hartree")


if __name__ == "__main__":
    main()
