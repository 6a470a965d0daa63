"""The receptor: a protein's atoms as Vina reads them, and the box around its pocket."""

from __future__ import annotations

import contextlib
import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from simulation.docking.meekopackage import meeko
from simulation.docking.settings import LONGEST, DockingSettings, Vector
from simulation.errors import InputError

STEP = "docking"

_LEAST_EDGE = 15.0  # Angstrom; a fragment as reference must leave room for a drug
_ATOMS = ("ATOM", "HETATM")


@dataclass(frozen=True)
class Receptor:
    """What molecules are docked into."""

    name: str  # of its file
    pdbqt: str  # rigid; atom types and charges are in it
    sha256: str  # of the file as it was given
    center: Vector  # of the box, Angstrom
    size: Vector  # edges of the box, Angstrom


def receptor(settings: DockingSettings) -> Receptor:
    """The receptor of these settings; prepared once in a process.

    A PDB file is given atom types and charges by meeko's templates for amino acids and
    nucleotides, with the protonation that its hydrogens show.

    Raises:
        InputError: a file is missing or cannot be used; says which and why.
    """
    content = _content(settings.receptor, "receptor")
    text = _lines(content)
    center, size = _box(settings)
    digest = hashlib.sha256(content).hexdigest()
    suffix = settings.receptor.suffix.lower()
    if suffix == ".pdbqt":
        prepared = text
    elif suffix in (".pdb", ".ent"):
        prepared = _prepared(text, settings.receptor.name)
    else:
        raise InputError(
            STEP,
            f"docking.receptor: {settings.receptor.name} is neither .pdb nor .pdbqt; convert it",
        )
    if not any(line.startswith(_ATOMS) for line in prepared.splitlines()):
        raise InputError(STEP, f"docking.receptor: {settings.receptor.name} holds no atom")
    return Receptor(settings.receptor.name, prepared, digest, center, size)


def _content(path: Path, key: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            STEP, f"docking.{key}: {path} cannot be read: {error.strerror}; check the path"
        ) from error


def _lines(content: bytes) -> str:
    """A file's text with its lines ended as Vina's and RDKit's parsers take them."""
    return content.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")


@lru_cache(maxsize=4)
def _prepared(pdb: str, name: str) -> str:
    """A PDB file's text as PDBQT."""
    package = meeko()

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), rdBase.BlockLogs():
            polymer = package.Polymer.from_pdb_string(
                pdb,
                package.ResidueChemTemplates.create_from_defaults(),
                package.MoleculePreparation(),
                default_altloc="A",
            )
            rigid, _ = package.PDBQTWriterLegacy.write_string_from_polymer(polymer)
    except Exception as error:
        # meeko raises what its parsers raise: a receptor that it does not take is the input's
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            STEP,
            f"docking.receptor: {name} is not prepared by meeko: {reason}; remove what is no "
            "protein, add hydrogens, or give a PDBQT file (mk_prepare_receptor.py)",
        ) from error
    return str(rigid)


def _box(settings: DockingSettings) -> tuple[Vector, Vector]:
    if settings.ligand is None:
        assert settings.center is not None
        assert settings.size is not None
        return settings.center, settings.size
    places = _places(settings.ligand)
    low, high = places.min(axis=0), places.max(axis=0)
    edges = np.maximum(high - low + 2 * settings.padding, _LEAST_EDGE)
    if edges.max() > LONGEST:
        raise InputError(
            STEP,
            f"docking.ligand: the box around {settings.ligand.name} is {edges.max():.0f} Angstrom "
            f"long, and {LONGEST:g} is the most: is it one molecule in one pocket?",
        )
    return _vector((low + high) / 2), _vector(edges)


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (round(float(value), 3) for value in values)
    return x, y, z


def _places(path: Path) -> NDArray[np.float64]:
    """Coordinates of a file's first molecule, Angstrom; shape (atoms, 3)."""
    text = _lines(_content(path, "ligand"))
    suffix = path.suffix.lower()
    if suffix in (".sdf", ".mol"):
        with rdBase.BlockLogs():
            mol = Chem.MolFromMolBlock(text, sanitize=False, removeHs=False)
        if mol is None or not mol.GetNumAtoms():
            raise InputError(STEP, f"docking.ligand: {path.name} holds no molecule")
        found = np.asarray(mol.GetConformer().GetPositions(), dtype=np.float64)
        if not mol.GetConformer().Is3D() and not found[:, 2].any():
            raise InputError(
                STEP, f"docking.ligand: {path.name} is flat; give the pose in the pocket"
            )
        return found
    if suffix not in (".pdb", ".pdbqt", ".ent"):
        raise InputError(STEP, f"docking.ligand: {path.name} is none of .sdf, .mol, .pdb, .pdbqt")
    try:
        rows = [
            [float(line[30:38]), float(line[38:46]), float(line[46:54])]
            for line in text.partition("ENDMDL")[0].splitlines()
            if line.startswith(_ATOMS)
        ]
    except ValueError as error:
        raise InputError(STEP, f"docking.ligand: {path.name}: {error}") from error
    if not rows:
        raise InputError(STEP, f"docking.ligand: {path.name} holds no atom")
    return np.array(rows, dtype=np.float64)
