"""MolSSI's QCSchema: energies and integrals as JSON records.

A record is an ``AtomicResult`` (``qcschema_output``, version 1), held in Qiskit
Nature's ``QCSchema`` class. What the schema has no place for, such as the
active space and the exact energy in it, stands under ``keywords``. Lengths are
in Bohr and energies in Hartree.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from simulation.atomicunits import BOHR
from simulation.errors import InputError
from simulation.hamiltonian import Hamiltonian
from simulation.score import Score, SolverRecord

if TYPE_CHECKING:
    from qiskit_nature.second_q.formats.qcschema import QCProvenance, QCSchema, QCTopology

Atoms = Sequence[tuple[str, tuple[float, float, float]]]  # symbol and position, Angstrom


def score_records(score: Score) -> tuple[QCSchema, ...]:
    """A record for every energy that a score rests on.

    The solver's energy of every sector of every site, then that of every other
    species (an adduct, say) at its own geometry.

    Args:
        score: of any recipe.

    Raises:
        InputError: the score keeps no total energies.
    """
    from qiskit_nature.second_q.formats.qcschema import QCModel, QCProperties, QCSchema

    provenance = score.provenance
    atoms = _atoms(provenance.geometry)
    records = []
    for site in score.sites:
        space = site.active_space
        for solved in site.solutions:
            electrons = solved.n_alpha + solved.n_beta
            neutral = electrons if space is None else space.electrons
            keywords: dict[str, Any] = {
                "recipe": score.recipe,
                "site": site.name,
                "smiles": score.smiles,
                "backend": score.backend,
                "active_electrons": electrons,
                "n_alpha": solved.n_alpha,
                "n_beta": solved.n_beta,
                "casci_energy": solved.casci_energy,
                "standard_error": solved.standard_error,
                "converged": solved.converged,
                "solvent": provenance.settings.get("solvent"),
                "seed": provenance.seed,
            }
            if space is not None:
                keywords["active_orbitals"] = space.orbitals
            records.append(
                QCSchema(
                    **_NAMES,
                    molecule=_topology(
                        atoms,
                        provenance.charge + neutral - electrons,
                        _multiplicity(solved),
                    ),
                    driver="energy",
                    model=QCModel(method=score.solver, basis=provenance.basis),
                    keywords={key: value for key, value in keywords.items() if value is not None},
                    provenance=_provenance(score.recipe),
                    return_result=solved.energy,
                    success=solved.converged,
                    properties=QCProperties(calcinfo_natom=len(atoms), return_energy=solved.energy),
                )
            )
    for species in score.species:
        atoms = _atoms(species.geometry)
        records.append(
            QCSchema(
                **_NAMES,
                molecule=_topology(atoms, species.charge, species.multiplicity, species.name),
                driver="energy",
                model=QCModel(method=species.method, basis=""),
                keywords={"recipe": score.recipe, "smiles": species.smiles},
                provenance=_provenance(score.recipe),
                return_result=species.energy,
                success=True,
                properties=QCProperties(calcinfo_natom=len(atoms), return_energy=species.energy),
            )
        )
    if not records:
        raise InputError(
            "interchange",
            f"the score of {score.recipe} keeps no total energies to write as QCSchema; "
            "take a recipe with an active space or with several species",
        )
    return tuple(records)


def molecule_record(score: Score) -> dict[str, Any]:
    """The molecule of a score at its geometry, as a QCSchema ``Molecule`` in plain JSON types.

    For scores without total energies; with them ``score_records`` says more.

    Args:
        score: of any recipe.
    """
    provenance = score.provenance
    atoms = _atoms(provenance.geometry)
    smiles = provenance.geometry.strip().splitlines()[1].split(" ", 1)[0]
    record = geometry_record(
        [symbol for symbol, _ in atoms],
        [position for _, position in atoms],
        charge=provenance.charge,
        multiplicity=provenance.multiplicity,
        smiles=smiles,
    )
    record["name"] = smiles
    record["identifiers"]["inchikey"] = score.inchikey
    origin = _provenance(score.recipe)
    record["provenance"] = {
        "creator": origin.creator,
        "version": origin.version,
        "routine": origin.routine,
    }
    return record


def geometry_record(
    symbols: Sequence[str],
    coordinates: ArrayLike,
    *,
    charge: int,
    multiplicity: int,
    smiles: str,
) -> dict[str, Any]:
    """A QCSchema ``Molecule`` in plain JSON types, held where it is.

    Args:
        symbols: of all atoms.
        coordinates: Angstrom. # shape: (natoms, 3)
        charge: of the molecule.
        multiplicity: 2 S + 1.
        smiles: canonical, by which the molecule is identified.
    """
    return {
        "schema_name": "qcschema_molecule",
        "schema_version": 2,
        "symbols": list(symbols),
        "geometry": _in_bohr(coordinates),
        "molecular_charge": float(charge),
        "molecular_multiplicity": multiplicity,
        "fix_com": True,
        "fix_orientation": True,
        "identifiers": {"canonical_smiles": smiles},
    }


def hamiltonian_record(
    hamiltonian: Hamiltonian,
    n_alpha: int,
    n_beta: int,
    atoms: Atoms,
    *,
    method: str,
    energy: float,
    basis: str,
    charge: int = 0,
) -> QCSchema:
    """A record that carries the integrals of the active space along.

    They stand where Qiskit Nature's ``qcschema_to_problem`` finds them, with the
    core energy as nuclear repulsion.

    Args:
        hamiltonian: of the active space.
        n_alpha: in the active space.
        n_beta: in the active space.
        atoms: of the whole molecule.
        method: that gave the energy, e.g. ``casci``.
        energy: total, Hartree.
        basis: of the mean field.
        charge: of the molecule with these electrons.

    Raises:
        InputError: the electrons do not fit into the orbitals.
    """
    from qiskit_nature.second_q.formats.qcschema import (
        QCModel,
        QCProperties,
        QCSchema,
        QCWavefunction,
    )

    hamiltonian.check_sector(n_alpha, n_beta)
    return QCSchema(
        **_NAMES,
        molecule=_topology(atoms, charge, abs(n_alpha - n_beta) + 1),
        driver="energy",
        model=QCModel(method=method, basis=basis),
        keywords={},
        provenance=_provenance("simulation.interchange"),
        return_result=energy,
        success=True,
        properties=QCProperties(
            calcinfo_nmo=hamiltonian.norb,
            calcinfo_nalpha=n_alpha,
            calcinfo_nbeta=n_beta,
            calcinfo_natom=len(atoms),
            nuclear_repulsion_energy=hamiltonian.core_energy,
            return_energy=energy,
        ),
        wavefunction=QCWavefunction(
            basis=basis,
            scf_fock_mo_a=hamiltonian.one_body.ravel().tolist(),
            scf_eri_mo_aa=hamiltonian.two_body.ravel().tolist(),
        ),
    )


def from_qcschema(record: QCSchema) -> tuple[Hamiltonian, int, int]:
    """The Hamiltonian of a record with integrals over restricted orbitals.

    Returns:
        the Hamiltonian, n_alpha and n_beta.

    Raises:
        InputError: the record carries no integrals or no numbers of electrons,
            or its orbitals are not spin-restricted.
    """
    from qiskit_nature.second_q.formats import qcschema_to_problem

    from simulation.interchange.qiskitnature import from_problem

    wavefunction, properties = record.wavefunction, record.properties
    if (
        wavefunction is None
        or (wavefunction.scf_eri_mo_aa is None and wavefunction.scf_eri is None)
        or properties.nuclear_repulsion_energy is None
        or None in (properties.calcinfo_nalpha, properties.calcinfo_nbeta, properties.calcinfo_nmo)
    ):
        raise InputError(
            "interchange",
            "the QCSchema record has no integrals or no numbers of electrons; write it with its "
            "wavefunction",
        )
    return from_problem(qcschema_to_problem(record, include_dipole=False))


def write_qcschema(record: QCSchema, path: Path) -> None:
    """Write a record as JSON.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        path.write_text(record.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError("interchange", f"cannot write {path}: {error.strerror}") from error


def read_qcschema(path: Path) -> QCSchema:
    """Read a record from JSON.

    Raises:
        InputError: there is no such file, or it holds no AtomicResult.
    """
    from qiskit_nature.second_q.formats.qcschema import QCSchema

    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        known = QCSchema.__dataclass_fields__.keys()
        # Other programs add what the class does not know (id, extras, stdout, ...).
        record = QCSchema.from_dict({key: data[key] for key in data if key in known})
        complete = isinstance(record.return_result, float | int | list)
    except OSError as error:
        raise InputError("interchange", f"cannot read {path}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            "interchange",
            f"{path} is not a QCSchema AtomicResult ({type(error).__name__}: {error})",
        ) from error
    if not complete:
        raise InputError("interchange", f"{path} is not a QCSchema AtomicResult (no return_result)")
    return record


_NAMES: dict[str, Any] = {"schema_name": "qcschema_output", "schema_version": 1}


def _multiplicity(solved: SolverRecord) -> int:
    return abs(solved.n_alpha - solved.n_beta) + 1


def _provenance(routine: str) -> QCProvenance:
    from qiskit_nature.second_q.formats.qcschema import QCProvenance

    return QCProvenance(creator="molq", version=version("molq"), routine=routine)


def _topology(atoms: Atoms, charge: int, multiplicity: int, name: str | None = None) -> QCTopology:
    from qiskit_nature.second_q.formats.qcschema import QCTopology

    return QCTopology(
        symbols=[symbol for symbol, _ in atoms],
        geometry=_in_bohr([position for _, position in atoms]),
        schema_name="qcschema_molecule",
        schema_version=2,
        molecular_charge=charge,
        molecular_multiplicity=multiplicity,
        fix_com=True,
        fix_orientation=True,
        name=name,
    )


def _in_bohr(coordinates: ArrayLike) -> list[float]:
    positions: list[float] = (np.asarray(coordinates, dtype=np.float64) / BOHR).ravel().tolist()
    return positions


def _atoms(xyz: str) -> list[tuple[str, tuple[float, float, float]]]:
    """The atoms of an XYZ text, Angstrom."""
    atoms = []
    for line in xyz.strip().splitlines()[2:]:
        symbol, x, y, z = line.split()[:4]
        atoms.append((symbol, (float(x), float(y), float(z))))
    return atoms
