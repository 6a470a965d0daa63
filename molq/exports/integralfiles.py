"""FCIDUMP: the integrals of every active space that the scores rest on, a file a sector.

A journal keeps no integrals. They are made again at each recorded geometry, and a file is
written only where its exact energy is the recorded one (``simulation.interchange``). An index
lists every file with its electrons, its orbitals and both energies, and what has none with the
reason.
"""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from molq.errors import CallError, MolqError
from molq.exports.computed import Computed
from screening import runfiles
from screening.runfiles import Cell
from simulation.errors import SimulationError
from simulation.score import Score

INDEX = "index.csv"
SUFFIX = ".fcidump"
HEADER = (
    "file", "rank", "name", "inchikey", "smiles", "recipe", "site", "sector", "orbitals",
    "n_alpha", "n_beta", "core energy [Ha]", "CASCI energy [Ha]", "recorded CASCI energy [Ha]",
    "recorded solver energy [Ha]", "solver", "basis", "problem",
)  # fmt: skip
_PLAIN = re.compile(r"[^A-Za-z0-9]+")

Listener = Callable[[str], None]


@dataclass
class _Progress:
    rows: list[list[Cell]] = field(default_factory=list)
    files: int = 0
    molecules: int = 0


def write(molecules: Iterable[Computed], path: Path, on_molecule: Listener | None = None) -> int:
    """Write the files into a folder, or into one file whose name ends in ``.zip``.

    A name that ends in ``.fcidump`` is that of the only file, without an index.

    Args:
        molecules: with their scores.
        path: of the folder, which must not hold anything, of the ZIP file, or of the only file.
        on_molecule: called with a line about each molecule that is done.

    Returns:
        The number of molecules with a file at least.

    Raises:
        CallError: there is something in the folder, or the only file would be one of several.
        MolqError: no molecule has a file, or nothing can be written there.
    """
    done = _Progress()
    if path.suffix.lower() == SUFFIX:
        molecules = _of_one_file(molecules, path)
    with _folder(path) as folder:
        for molecule in molecules:
            before = done.files
            for recipe, score in molecule.scores.items():
                _write_score(molecule, recipe, score, folder, done)
            written = done.files - before
            done.molecules += written > 0
            if on_molecule is not None:
                on_molecule(f"{molecule.label}: {written} FCIDUMP files")
        if not done.files:
            reasons = dict.fromkeys(str(row[-1]) for row in done.rows)
            raise MolqError("no FCIDUMP file: " + ("; ".join(reasons) or "no molecule has a score"))
        with (folder / INDEX).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows([runfiles.cell(value) for value in row] for row in done.rows)
    return done.molecules


def _of_one_file(molecules: Iterable[Computed], path: Path) -> list[Computed]:
    """The molecule of which there is one file; refused before anything is made again."""
    found = list(islice(molecules, 2))
    files = sum(
        len(site.solutions)
        for molecule in found[:1]
        for score in molecule.scores.values()
        for site in score.sites
    )
    if len(found) > 1 or files > 1:
        several = f"its molecule has {files}" if len(found) == 1 else "there are several molecules"
        raise CallError(
            f"{path} names one file, and there is one for each energy of each molecule "
            f"({several}): name a folder, {path.with_suffix('')}, or a ZIP file, {path}.zip"
        )
    return found


def _write_score(
    molecule: Computed, recipe: str, score: Score, folder: Path, done: _Progress
) -> None:
    from simulation.interchange import write_fcidump
    from simulation.interchange.rebuilding import rebuilt_sectors

    own = folder / molecule.folder
    known: list[Cell] = [molecule.rank, molecule.label, molecule.candidate.inchikey]
    known += [score.smiles, recipe]
    try:
        sectors = rebuilt_sectors(score)
    except SimulationError as error:
        gaps: list[Cell] = [None] * (len(HEADER) - len(known) - 2)
        done.rows.append(["", *known, *gaps, error.message])
        return
    own.mkdir(parents=True, exist_ok=True)
    for sector in sectors:
        solved, hamiltonian = sector.solution, sector.hamiltonian
        electrons, spin = solved.n_alpha + solved.n_beta, solved.n_alpha - solved.n_beta
        beginning = f"{_PLAIN.sub('-', recipe)}-{sector.position + 1}"
        name = f"{beginning}-{electrons}e{hamiltonian.norb}o-ms{spin}.fcidump"
        if (own / name).exists():  # two species in one sector
            name = f"{beginning}-{_PLAIN.sub('-', solved.sector)}-second.fcidump"
        write_fcidump(hamiltonian, solved.n_alpha, solved.n_beta, own / name)
        done.files += 1
        done.rows.append(
            [
                *(f"{molecule.folder}/{name}", *known, sector.site, solved.sector),
                *(hamiltonian.norb, solved.n_alpha, solved.n_beta),
                _energy(hamiltonian.core_energy),
                *(_energy(sector.casci_energy), _energy(solved.casci_energy)),
                *(_energy(solved.energy), score.solver, score.provenance.basis, ""),
            ]
        )


def _energy(value: float) -> str:
    """Hartree to 1e-9, which ten significant digits of a total energy are not."""
    return f"{value:.9f}"


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """A folder that becomes ``path`` when all is well."""
    is_zip, is_file = path.suffix == ".zip", path.suffix.lower() == SUFFIX
    if is_file and path.is_dir():
        raise CallError(f"{path} is a folder: name a file")
    if not is_zip and not is_file and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise CallError(
            f"{path} is there already: FCIDUMP files go into a new folder or a .zip file"
        )
    try:
        with tempfile.TemporaryDirectory(prefix=".fcidump-", dir=path.parent) as temporary:
            made = Path(temporary) / "files"
            made.mkdir()
            yield made
            if is_zip:
                with runfiles.replaced_bytes(path) as file, zipfile.ZipFile(file, "w") as archive:
                    for one in sorted(made.rglob("*")):
                        if one.is_file():
                            _add(archive, one, one.relative_to(made).as_posix())
            elif is_file:
                (only,) = made.rglob(f"*{SUFFIX}")
                shutil.move(only, path)
            elif path.is_dir():
                for one in made.iterdir():
                    shutil.move(one, path / one.name)
            else:
                shutil.move(made, path)
    except OSError as error:
        raise MolqError(f"{path}: cannot be written ({error.strerror})") from error


def _add(archive: zipfile.ZipFile, file: Path, name: str) -> None:
    # the same bytes whenever it is written
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, file.read_bytes())
