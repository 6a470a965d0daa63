"""Molecules with a geometry of their own: from ASE and QCSchema, scored as they stand, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import AllChem, rdDetermineBonds

from molq.errors import CallError, MolqError
from molq.exports.computed import placed
from molq.scoretable import ScoredMolecule, ScoreTable
from molq.scoring import (
    DEFAULT_RECIPE,
    check_ready,
    check_recipes,
    check_simulation,
    simulation_settings,
)
from screening.compute.evaluation import Evaluation
from screening.failure import Failure
from simulation.atomicunits import BOHR
from simulation.errors import InputError
from simulation.score import Score

if TYPE_CHECKING:
    from ase import Atoms

    from screening.ranking import Lead
    from simulation.workup import Workup

_SHOWN = 8  # records of a list that are told apart

WITH_GEOMETRY = "a molq.Structure, a score, a scored molecule or a lead"


@dataclass(frozen=True)
class Structure:
    """A molecule at a given geometry.

    The heavy atoms stand in the order of the canonical SMILES, the hydrogens behind them.
    """

    smiles: str  # canonical
    symbols: tuple[str, ...]
    coordinates: NDArray[np.float64]  # shape: (natoms, 3), Angstrom
    charge: int = 0

    @classmethod
    def of(
        cls,
        symbols: Sequence[str],
        coordinates: ArrayLike,
        *,
        charge: int | None = None,
        smiles: str | None = None,
    ) -> Structure:
        """A molecule from its atoms, in any order.

        Bonds are found from the distances, and their orders from the charge (Kim and Kim,
        Bull. Korean Chem. Soc. 36, 1769 (2015), as in RDKit); with ``smiles`` they are
        those of the SMILES.

        Args:
            symbols: of all atoms, hydrogens included.
            coordinates: Angstrom. # shape: (natoms, 3)
            charge: of the molecule; where None that of the SMILES, and without one 0.
            smiles: of the molecule, where bond orders are not to be guessed.

        Raises:
            CallError: the atoms are not one molecule with this charge, or not that of the
                SMILES, or the two charges differ.
        """
        places = np.asarray(coordinates, dtype=np.float64)
        if places.shape != (len(symbols), 3) or not np.isfinite(places).all() or not len(symbols):
            raise CallError(f"a structure has finite coordinates (n, 3), not {places.shape}")
        drawn = _bonded(symbols, places, charge, smiles)
        if charge is not None and Chem.GetFormalCharge(drawn) != charge:
            raise CallError(
                f"the charge is said to be {charge:+d}, and {smiles or 'the molecule'} has "
                f"{Chem.GetFormalCharge(drawn):+d}: correct one of them"
            )
        canonical = Chem.MolToSmiles(Chem.RemoveHs(drawn))
        wanted = Chem.AddHs(Chem.MolFromSmiles(canonical))
        # the places of the canonical SMILES' atoms among the given ones
        order = drawn.GetSubstructMatch(wanted, useChirality=True)
        if len(order) != len(symbols):
            raise CallError(f"the atoms of {canonical} cannot be told apart: give smiles=")
        return cls(
            canonical,
            tuple(symbols[index] for index in order),
            places[list(order)],
            Chem.GetFormalCharge(wanted),
        )

    def score(
        self, recipe: str | Sequence[str] = DEFAULT_RECIPE, *, seed: int = 0, **simulation: Any
    ) -> ScoredMolecule | ScoreTable:
        """Score the molecule at this geometry: no conformer search, no optimisation.

        As ``molq.score``, but that nothing is standardised: charge and tautomer are those of
        the structure. Recipes compare energies at the geometry itself (``warhead-ea``,
        ``warhead-st``, ``photo-st-gap``, ``redox``); those that optimise other species beside
        it (adducts, radicals, tautomers) compare a given with an optimised geometry, and
        every score carries a flag that says so.

        Args:
            recipe: by name, or several.
            seed: of everything random.
            **simulation: keys of the ``[simulation]`` table.

        Raises:
            CallError: an unknown recipe or setting.
        """
        from simulation.givengeometry import GivenGeometry

        settings = simulation_settings(simulation)
        recipes = [recipe] if isinstance(recipe, str) else list(recipe)
        check_recipes(recipes)
        check_simulation(settings)
        check_ready(recipes, settings)
        try:
            work = GivenGeometry(self.smiles, self.symbols, self.coordinates, settings, seed=seed)
        except InputError as error:
            failure = Failure(error.kind, error.step, error.message)
            found = [ScoredMolecule(self.smiles, name, None, failure) for name in recipes]
        else:
            evaluation = _Given(work)
            found = [_scored(self.smiles, name, evaluation.outcome(name)) for name in recipes]
        return found[0] if isinstance(recipe, str) else ScoreTable(tuple(found))

    def to_xyz(self) -> str:
        """XYZ text, Angstrom."""
        lines = [str(len(self.symbols)), self.smiles]
        lines += [
            f"{symbol:2s} {x:14.8f} {y:14.8f} {z:14.8f}"
            for symbol, (x, y, z) in zip(self.symbols, self.coordinates, strict=True)
        ]
        return "\n".join(lines) + "\n"


class _Given(Evaluation):
    """One molecule at a geometry that is there already."""

    def __init__(self, work: Workup) -> None:
        super().__init__(work.smiles, work.settings, work.seed)
        self._given = work

    @cached_property
    def _work(self) -> Workup:
        return self._given


def _scored(text: str, recipe: str, outcome: Score | Failure) -> ScoredMolecule:
    if isinstance(outcome, Failure):
        return ScoredMolecule(text, recipe, None, outcome)
    return ScoredMolecule(text, recipe, outcome, None)


def _bonded(
    symbols: Sequence[str], places: NDArray[np.float64], charge: int | None, smiles: str | None
) -> Chem.Mol:
    """The molecule with its bonds and the stereochemistry of its geometry."""
    lines = [f"{s} {x:.8f} {y:.8f} {z:.8f}" for s, (x, y, z) in zip(symbols, places, strict=True)]
    formula = " ".join(symbols)
    try:
        with rdBase.BlockLogs():
            drawn = Chem.MolFromXYZBlock("\n".join([str(len(symbols)), "", *lines]))
            if drawn is None:
                raise ValueError("an element that RDKit does not know")
            if smiles is None:
                rdDetermineBonds.DetermineBonds(drawn, charge=charge or 0, embedChiral=False)
            else:
                rdDetermineBonds.DetermineConnectivity(drawn)
                template = Chem.MolFromSmiles(smiles)
                if template is None:
                    raise CallError(f"{smiles!r} is no SMILES")
                drawn = AllChem.AssignBondOrdersFromTemplate(Chem.AddHs(template), drawn)
            Chem.SanitizeMol(drawn)
            Chem.AssignStereochemistryFrom3D(drawn)
    except CallError:
        raise
    except (ValueError, RuntimeError, Chem.MolSanitizeException) as error:
        reason = " ".join(str(error).split())[:160]
        if smiles is not None:
            raise CallError(
                f"the atoms {formula[:60]} are not those of {smiles} ({reason}): check the SMILES"
            ) from error
        raise CallError(
            f"the atoms {formula[:60]} make no molecule with the charge {charge or 0:+d} "
            f"({reason}): check the charge, or give smiles="
        ) from error
    if len(Chem.GetMolFrags(drawn)) != 1:
        raise CallError("the atoms are several molecules: give one at a time")
    return drawn


def from_ase(atoms: Atoms, *, charge: int | None = None, smiles: str | None = None) -> Structure:
    """A molecule of ASE, with its geometry.

    Args:
        atoms: one molecule, hydrogens included; cell and constraints are left out.
        charge: of the molecule; where None ``atoms.info["charge"]``, or else the sum of the
            initial charges where there are any, or that of the SMILES.
        smiles: of the molecule, where bond orders are not to be guessed.

    Raises:
        CallError: the atoms are not one molecule with this charge, or the SMILES has another.
    """
    if charge is None and "charge" in atoms.info:
        charge = round(float(atoms.info["charge"]))
    elif charge is None and atoms.has("initial_charges"):
        charge = round(float(atoms.get_initial_charges().sum()))
    return Structure.of(
        atoms.get_chemical_symbols(), atoms.get_positions(), charge=charge, smiles=smiles
    )


def to_ase(item: Structure | Score | ScoredMolecule | Lead) -> Atoms:
    """The geometry as ASE's ``Atoms``, Angstrom; what is known of it stands in ``info``.

    Args:
        item: a structure, or what a score was computed for; of a lead its first score.

    Raises:
        CallError: it has no geometry.
        MolqError: ASE is not installed.
    """
    try:
        from ase import Atoms
    except ImportError as error:
        raise MolqError("ASE is not installed: pip install 'molq[ase]'") from error
    structure, score = _structure_of(item)
    info: dict[str, Any] = {"smiles": structure.smiles, "charge": structure.charge}
    if score is not None:
        info |= {"inchikey": score.inchikey, "recipe": score.recipe}
        info |= {"value": score.value, "unit": score.unit}
    return Atoms(list(structure.symbols), positions=structure.coordinates, info=info)


@overload
def _structure_of(item: Score) -> tuple[Structure, Score]: ...
@overload
def _structure_of(item: Any) -> tuple[Structure, Score | None]: ...
def _structure_of(item: Any) -> tuple[Structure, Score | None]:
    if isinstance(item, Structure):
        return item, None
    score = _score_of(item)
    found = placed({score.recipe: score})
    if found is None:
        raise CallError(f"the score of {score.recipe} keeps no geometry")
    atoms = [line.split() for line in found.atoms]
    structure = Structure(
        found.smiles,
        tuple(atom[0] for atom in atoms),
        np.array([[float(x) for x in atom[1:4]] for atom in atoms]),
        score.provenance.charge,
    )
    return structure, score


def _score_of(item: Any) -> Score:
    if isinstance(item, ScoredMolecule):
        if item.score is None:
            raise CallError(f"{item.text} has no score, and so no geometry")
        return item.score
    scores = getattr(item, "scores", None)
    if isinstance(scores, Mapping):
        item = next(iter(scores.values()), None)
    if not isinstance(item, Score):
        raise CallError(f"give {WITH_GEOMETRY}")
    return item


def to_qcschema(
    item: Structure | Score | ScoredMolecule | Lead | Iterable[Score],
) -> list[dict[str, Any]]:
    """QCSchema records as plain JSON types: an ``AtomicResult`` for every energy of a score.

    A score without total energies, and a structure, is a ``Molecule``.

    Args:
        item: a structure, a score or a scored molecule; of a lead all its scores.

    Raises:
        CallError: it has no geometry.
    """
    from molq.exports.schemafile import of_score
    from molq.jsontext import finite
    from simulation.interchange import geometry_record

    if isinstance(item, Structure):
        return [
            geometry_record(
                item.symbols,
                item.coordinates,
                charge=item.charge,
                multiplicity=1,
                smiles=item.smiles,
            )
        ]
    several = getattr(item, "scores", None)
    scores = list(several.values()) if isinstance(several, Mapping) else [_score_of(item)]
    return [finite(record) for score in scores for record in of_score(score)]


def from_qcschema(
    record: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | Path,
    *,
    index: int | None = None,
    smiles: str | None = None,
) -> Structure:
    """The molecule of a QCSchema record, with its geometry.

    Args:
        record: a ``Molecule``, an ``AtomicInput`` or an ``AtomicResult``, or a list of them as
            ``molq.to_qcschema`` and ``molq export`` write it; read already or as the path of
            a JSON file.
        index: of a list, which record, from 0; may be left out where there is only one.
        smiles: of the molecule; where None the one that the record names, and else bond
            orders are found from the distances and the charge.

    Raises:
        CallError: it is no such record, its molecule is not a closed shell, the SMILES has
            another charge than the record, or of several records none is chosen.
    """
    source = str(record) if isinstance(record, str | Path) else "the record"
    known: Any = _read(Path(record)) if isinstance(record, str | Path) else record
    if isinstance(known, Sequence) and not isinstance(known, str):
        known = _one_of(known, index, "the list" if source == "the record" else source)
    elif index is not None:
        raise CallError(f"{source} is one record and no list: leave index out")
    try:
        molecule = known.get("molecule", known)
        symbols = [str(symbol) for symbol in molecule["symbols"]]
        places = np.array(molecule["geometry"], dtype=np.float64).reshape(-1, 3) * BOHR
        charge = round(float(molecule.get("molecular_charge", 0)))
        multiplicity = int(molecule.get("molecular_multiplicity", 1))
        named = (molecule.get("identifiers") or {}).get("canonical_smiles")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CallError(
            f"{source} is no QCSchema molecule ({type(error).__name__}: {error})"
        ) from error
    if multiplicity != 1:
        raise CallError(f"{source}: the multiplicity {multiplicity} is no closed shell")
    return Structure.of(symbols, places, charge=charge, smiles=smiles or named)


def _one_of(records: Sequence[Any], index: int | None, source: str) -> Any:
    """The record that is meant; what there is to choose from is said where it is not clear."""
    if not records:
        raise CallError(f"{source} holds no record")
    if index is None and len(records) == 1:
        return records[0]
    if index is not None and 0 <= index < len(records):
        return records[index]
    shown = [f"{place} {_described(record)}" for place, record in enumerate(records[:_SHOWN])]
    more = f", and {len(records) - _SHOWN} more" if len(records) > _SHOWN else ""
    asked = "name one by index=" if index is None else f"there is no index {index}"
    raise CallError(f"{source} holds {len(records)} records, {asked}: {', '.join(shown)}{more}")


def _described(record: Any) -> str:
    """What tells a record from its neighbours: molecule, charge and multiplicity."""
    if not isinstance(record, Mapping):
        return "no record"
    held = record.get("molecule", record)
    molecule = held if isinstance(held, Mapping) else {}
    named = (molecule.get("identifiers"), "canonical_smiles"), (record.get("keywords"), "smiles")
    names = [part.get(key) for part, key in named if isinstance(part, Mapping)]
    name = next((str(name)[:60] for name in names if name), "a molecule")
    charge, spin = molecule.get("molecular_charge", 0), molecule.get("molecular_multiplicity", 1)
    return f"({name}, charge {charge}, multiplicity {spin})"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CallError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise CallError(f"{path} is not JSON ({error})") from error
