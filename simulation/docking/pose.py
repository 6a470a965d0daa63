"""One molecule docked: its best pose and what that is worth.

AutoDock Vina (Trott and Olson, J. Comput. Chem. 31, 455 (2010); Eberhardt et al., J. Chem.
Inf. Model. 61, 3891 (2021)) searches poses and torsions of the molecule in a rigid receptor;
meeko writes its atom types and rotatable bonds, and reads the pose back.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from simulation.docking.meekopackage import meeko
from simulation.docking.receptor import STEP, Receptor
from simulation.errors import InputError, StochasticError

_CONFORMERS = 10
_EMBED_LIMIT_S = 60
_STEPS = 500  # of the force field
_POSES = 9
_SMALLEST_SEED = 1  # 0 asks Vina for a seed of its own


@dataclass(frozen=True)
class Pose:
    """The best pose of a molecule in a receptor.

    Hydrogens on nitrogen, oxygen and sulphur lie where Vina turned them; those on carbon, which
    Vina does not know, are set by geometry.
    """

    molecule: Chem.Mol  # with hydrogens, behind the heavy atoms, and one conformer; Angstrom
    energy: float  # kcal/mol, what Vina calls affinity
    intermolecular: float  # kcal/mol, between the molecule and the receptor
    torsional: float  # kcal/mol, what its rotatable bonds cost
    gap: float | None  # kcal/mol to the next pose; None for an only one


def accepted(into: Receptor, *, scoring: str) -> None:
    """Read the receptor into Vina, without a molecule.

    Raises:
        InputError: Vina does not take it.
    """
    with _search(into, scoring=scoring, seed=_SMALLEST_SEED):
        pass


@contextlib.contextmanager
def _search(into: Receptor, *, scoring: str, seed: int) -> Iterator[Any]:
    """Vina with the receptor in it.

    Raises:
        InputError: Vina does not take the receptor.
    """
    from vina import Vina

    with tempfile.TemporaryDirectory(prefix="molq-docking-") as folder:
        file = Path(folder) / "receptor.pdbqt"
        file.write_text(into.pdbqt, encoding="utf-8")
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                search = Vina(sf_name=scoring, cpu=1, seed=seed, verbosity=0)
                search.set_receptor(str(file))
        except (RuntimeError, TypeError, ValueError) as error:
            # the binding goes on with the prototypes of its overloads
            said = str(error).partition("Additional information")[0].replace(str(file), into.name)
            reason = " ".join(said.split())[:300]
            raise InputError(
                STEP,
                f"docking.receptor: Vina does not read {into.name}: {reason}; prepare it again "
                "(mk_prepare_receptor.py), rigid and without a ligand",
            ) from error
        yield search


def dock(
    molecule: Chem.Mol, into: Receptor, *, scoring: str, exhaustiveness: int, seed: int
) -> Pose:
    """Dock a molecule in the form and the stereochemistry that it is given.

    The same seed gives the same pose on one thread, which is what is used.

    Args:
        molecule: without explicit hydrogens.
        into: the receptor.
        scoring: ``vina`` or ``vinardo``.
        exhaustiveness: independent searches.
        seed: of the starting conformer (rings keep theirs) and the search.

    Raises:
        InputError: an element or a structure that Vina has no parameters for, or a receptor
            that it does not read.
        StochasticError: no starting conformer with this seed.
    """
    package = meeko()

    seed = max(seed, _SMALLEST_SEED)
    ligand = _ligand(_embedded(molecule, seed))
    with _search(into, scoring=scoring, seed=seed) as search:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                search.set_ligand_from_string(ligand)
                search.compute_vina_maps(center=list(into.center), box_size=list(into.size))
                search.dock(exhaustiveness=exhaustiveness, n_poses=_POSES)
                rows = search.energies(n_poses=_POSES)
                text = search.poses(n_poses=1)
        except (RuntimeError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(STEP, f"Vina does not dock this molecule: {reason}") from error
    if len(rows) == 0:
        raise InputError(STEP, "Vina finds no pose inside the box: is it large enough?")
    placed = package.RDKitMolCreate.from_pdbqt_mol(package.PDBQTMolecule(text, skip_typing=True))[0]
    if placed is None:
        raise InputError(STEP, "the pose cannot be read back as a molecule")
    total, intermolecular, _, torsional, _ = (float(x) for x in rows[0])
    return Pose(
        molecule=_ordered(placed, molecule),
        energy=total,
        intermolecular=intermolecular,
        torsional=torsional,
        gap=float(rows[1][0]) - total if len(rows) > 1 else None,
    )


def _embedded(molecule: Chem.Mol, seed: int) -> Chem.Mol:
    """With hydrogens, in the best of several conformers by the force field.

    Vina turns bonds and leaves rings and amides as they are: a boat or a cis amide from one
    conformer drawn at random would stay one.
    """
    made = Chem.AddHs(molecule)
    parameters: Any = rdDistGeom.ETKDGv3()  # whose fields the stubs do not know
    parameters.randomSeed = seed
    parameters.timeout = _EMBED_LIMIT_S
    found = list(rdDistGeom.EmbedMultipleConfs(made, _CONFORMERS, parameters))
    if not found:
        parameters.useRandomCoords = True
        found = list(rdDistGeom.EmbedMultipleConfs(made, _CONFORMERS, parameters))
    if not found:
        raise StochasticError(STEP, f"no conformer with the seed {seed}")
    best = found[0]
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(made):
        ends = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(made, maxIters=_STEPS)
        best = min(found, key=lambda number: ends[found.index(number)][1])
    elif rdForceFieldHelpers.UFFHasAllMoleculeParams(made):
        ends = rdForceFieldHelpers.UFFOptimizeMoleculeConfs(made, maxIters=_STEPS)
        best = min(found, key=lambda number: ends[found.index(number)][1])
    return Chem.Mol(made, confId=best)


def _ligand(embedded: Chem.Mol) -> str:
    """The molecule as PDBQT text."""
    package = meeko()

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), rdBase.BlockLogs():
            setup = package.MoleculePreparation().prepare(embedded)[0]
            text, is_fine, reason = package.PDBQTWriterLegacy.write_string(setup)
    except Exception as error:
        # typing a molecule ends in whatever error its rules come upon
        reason = " ".join(str(error).split())[:300]
        raise InputError(STEP, f"meeko does not prepare this molecule: {reason}") from error
    if not is_fine:
        raise InputError(STEP, f"meeko does not prepare this molecule: {' '.join(reason.split())}")
    return str(text)


def _ordered(placed: Chem.Mol, molecule: Chem.Mol) -> Chem.Mol:
    """The pose with its heavy atoms in the molecule's order, and every hydrogen behind them.

    In the order in which RDKit adds hydrogens to the molecule, whatever of them came back.
    """
    bare = Chem.RemoveHs(placed)
    match = bare.GetSubstructMatch(molecule, useChirality=True) or bare.GetSubstructMatch(molecule)
    if len(match) != molecule.GetNumAtoms():
        raise InputError(STEP, "the pose that came back is not the molecule that was docked")
    ordered = Chem.AddHs(Chem.RenumberAtoms(bare, list(match)), addCoords=True)
    heavy = [atom.GetIdx() for atom in placed.GetAtoms() if atom.GetAtomicNum() > 1]
    places, conformer = placed.GetConformer().GetPositions(), ordered.GetConformer()
    for new, old in enumerate(heavy[at] for at in match):
        turned = _hydrogens(placed.GetAtomWithIdx(old))
        for to, origin in zip(_hydrogens(ordered.GetAtomWithIdx(new)), turned, strict=False):
            conformer.SetAtomPosition(to, places[origin].tolist())
    return ordered


def _hydrogens(atom: Chem.Atom) -> list[int]:
    return [one.GetIdx() for one in atom.GetNeighbors() if one.GetAtomicNum() == 1]
