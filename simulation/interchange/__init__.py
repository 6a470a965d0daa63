"""The same Hamiltonian in the words of other programs.

FCIDUMP (Knowles and Handy, Comput. Phys. Commun. 54, 75 (1989)), OpenFermion's
``InteractionOperator`` and ``MolecularData``, Qiskit Nature's
``ElectronicStructureProblem`` and MolSSI's QCSchema. The core energy travels
along in each.
"""

from __future__ import annotations

from simulation.interchange.fcidump import read_fcidump, write_fcidump
from simulation.interchange.openfermion import (
    from_interaction_operator,
    from_molecular_data,
    interaction_operator,
    read_molecular_data,
    write_molecular_data,
)
from simulation.interchange.qcschema import (
    from_qcschema,
    geometry_record,
    hamiltonian_record,
    molecule_record,
    read_qcschema,
    score_records,
    write_qcschema,
)
from simulation.interchange.qiskitnature import electronic_structure_problem, from_problem

__all__ = [
    "electronic_structure_problem",
    "from_interaction_operator",
    "from_molecular_data",
    "from_problem",
    "from_qcschema",
    "geometry_record",
    "hamiltonian_record",
    "interaction_operator",
    "molecule_record",
    "read_fcidump",
    "read_molecular_data",
    "read_qcschema",
    "score_records",
    "write_fcidump",
    "write_molecular_data",
    "write_qcschema",
]
