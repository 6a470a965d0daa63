"""QCSchema: a JSON list with a record for every energy that the molecules' scores rest on.

An ``AtomicResult`` (``qcschema_output``, version 1) where a score keeps total energies, and
else a ``Molecule`` (``qcschema_molecule``, version 2) at the geometry of the score, which
carries its value under ``extras``. See MolSSI's QCSchema and ``simulation.interchange``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from molq.exports.computed import Computed, has_geometry
from molq.jsontext import finite
from screening import runfiles
from simulation.errors import InputError
from simulation.score import Score


def write(molecules: Iterable[Computed], path: Path) -> int:
    """Write the records one by one; the number of molecules that have any.

    Raises:
        JournalError: the file cannot be written.
    """
    count = 0
    with runfiles.replaced(path) as file:
        file.write("[")
        separator = "\n"
        for molecule in molecules:
            found = list(records(molecule))
            for record in found:
                file.write(separator + json.dumps(finite(record), allow_nan=False))
                separator = ",\n"
            count += bool(found)
        file.write("\n]\n")
    return count


def records(molecule: Computed) -> Iterator[dict[str, Any]]:
    """The records of a molecule, as plain JSON types."""
    beside: dict[str, Any] = {
        "molq_name": molecule.label,
        "molq_inchikey": molecule.candidate.inchikey,
    }
    if molecule.rank is not None:
        beside |= {"molq_rank": molecule.rank, "molq_utility": molecule.utility}
    for score in molecule.scores.values():
        for record in of_score(score):
            record["extras"] = {**record.get("extras", {}), **beside}
            yield record


def of_score(score: Score) -> list[dict[str, Any]]:
    """The records of a score, as plain JSON types.

    A molecule alone where it has no energy, and none where it has no geometry.
    """
    if not has_geometry(score):
        return []
    from simulation.interchange import molecule_record, score_records

    value = {
        "molq_recipe": score.recipe,
        "molq_value": score.value,
        "molq_unit": score.unit,
        "molq_baselines": {
            name: {"value": one.value, "unit": one.unit, "method": one.method}
            for name, one in score.baselines.items()
        },
        "molq_flags": list(score.flags),
    }
    try:
        energies = [record.to_dict() for record in score_records(score)]
    except InputError:  # a recipe that keeps no total energy
        energies = [molecule_record(score)]
    return [{**record, "extras": value} for record in energies]
