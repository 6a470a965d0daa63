"""XYZ: one conformer a molecule, one after the other, with what is known of it beside.

The second line of each structure holds ``key=value`` pairs as in extended XYZ, which ASE
reads into ``atoms.info``; programs that know plain XYZ alone take it for a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from molq.exports.computed import Computed, Placed, placed
from screening import runfiles

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\"\\]+")


def write(molecules: Iterable[Computed], path: Path) -> int:
    """Write the structures, in Angstrom; the number of them. Who has none is left out.

    Raises:
        JournalError: the file cannot be written.
    """
    count = 0
    with runfiles.replaced(path) as file:
        for molecule in molecules:
            found = placed(molecule.scores)
            if found is not None:
                file.write(structure(molecule, found))
                count += 1
    return count


def structure(molecule: Computed, found: Placed) -> str:
    """One structure of an XYZ file."""
    provenance = found.score.provenance
    pairs: dict[str, str | int | float] = {"name": molecule.label}
    if molecule.rank is not None:
        pairs["rank"] = molecule.rank
    pairs |= {"smiles": found.smiles, "inchikey": molecule.candidate.inchikey}
    if found.smiles != found.score.smiles:
        pairs["model_of"] = found.score.smiles
    pairs |= {"charge": provenance.charge, "multiplicity": provenance.multiplicity}
    pairs |= {
        "recipe": found.recipe,
        "value": found.score.value,
        "unit": found.score.unit,
        "geometry": found.score.conformers.method,
    }
    if molecule.utility is not None:
        pairs["utility"] = molecule.utility
    text = " ".join(f"{key}={_value(value)}" for key, value in pairs.items())
    head = f"{len(found.atoms)}\nProperties=species:S:1:pos:R:3 {text}\n"
    return head + "\n".join(line.rstrip() for line in found.atoms) + "\n"


def _value(value: str | int | float) -> str:
    if isinstance(value, str):
        return f'"{_BREAKS.sub(" ", value).strip()}"'
    return f"{value:.10g}"
