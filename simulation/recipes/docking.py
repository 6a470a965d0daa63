"""``docking``: how well a molecule fits into the pocket of a given protein, by AutoDock Vina."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from rdkit import Chem

from simulation.docking.settings import DockingSettings
from simulation.errors import InputError
from simulation.molecule import canonical, unassigned_stereo
from simulation.protonation import Protonated, at_ph
from simulation.provenance import versions
from simulation.recipes.recipe import Better, Content, Reach, Site, whole_molecule
from simulation.score import Baseline, ConformerRecord, Contribution, Provenance, Score
from simulation.settings import SimulationSettings
from simulation.workup import Workup

if TYPE_CHECKING:  # vina and meeko are loaded when a molecule is docked
    from simulation.docking.pose import Pose
    from simulation.docking.receptor import Receptor

_PACKAGES = ("vina", "meeko")

LEAST_EXHAUSTIVENESS = 8
"""Vina's own default; the energies of a shorter search are flagged."""


@dataclass(frozen=True)
class Docking:
    """The energy of the best pose in a rigid receptor."""

    name: ClassVar[str] = "docking"
    unit: ClassVar[str] = "kcal/mol"
    better: ClassVar[Better] = "lower"
    reach: ClassVar[Reach] = "geometry"  # no active space, and nothing sampled
    version: ClassVar[int] = 1
    summary: ClassVar[str] = (
        "AutoDock Vina's energy of the best pose in a given protein pocket: lower fits better"
    )
    method: ClassVar[str] = (
        "the form at pH 7.4; ETKDGv3 and MMFF94 for the rings; Vina's search of the torsions in a "
        "rigid receptor; the receptor and its box are those of [simulation.docking]"
    )
    applies_to: ClassVar[tuple[str, ...]] = ("[#6]",)
    cost: ClassVar[str] = "CPU seconds for a fragment, minutes for a drug with eight torsions"
    validity: ClassVar[str] = (
        "Vina's own standard error on measured affinities is 2.85 kcal/mol (Trott and Olson 2010): "
        "it tells what fits from what does not, and ranks close analogues poorly"
    )

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The whole molecule; none where there is no carbon."""
        return whole_molecule(molecule)

    def ready(self, settings: SimulationSettings) -> None:
        """Check what docking needs, and load the receptor into Vina.

        Raises:
            InputError: a package, the settings, or a file is missing or cannot be used.
        """
        from simulation.docking.pose import accepted
        from simulation.docking.receptor import receptor

        chosen = _settings(settings)
        accepted(receptor(chosen), scoring=chosen.scoring)

    def content(self, settings: SimulationSettings) -> Content:
        """What the energies are a function of.

        Raises:
            InputError: as ``ready``.
        """
        from simulation.docking.receptor import receptor

        chosen = _settings(settings)
        return Content(_asked(chosen, receptor(chosen)), ("rdkit", *_PACKAGES))

    def score(self, work: Workup) -> Score:
        """Dock the molecule.

        Raises:
            InputError: a package or a setting is missing, or Vina has no parameters for the
                molecule.
            StochasticError: no starting conformer was found with this seed.
        """
        from simulation.docking.pose import dock
        from simulation.docking.receptor import receptor

        settings = _settings(work.settings)
        if not self.sites(work.molecule):
            raise InputError("recipe", "docking does not apply: nothing matches [#6]")
        with work.clock.step("receptor"):
            into = receptor(settings)
        form = _form(work.molecule, settings.ph)
        with work.clock.step("docking"):
            pose = dock(
                form.molecule,
                into,
                scoring=settings.scoring,
                exhaustiveness=settings.exhaustiveness,
                seed=work.seed,
            )
        heavy = form.molecule.GetNumAtoms()
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=pose.energy,
            unit=self.unit,
            solver="none",
            backend=work.settings.backend,
            casci_value=None,
            casci_deviation_mha=None,
            baselines={
                "ligand_efficiency": Baseline(
                    pose.energy / heavy, "kcal/mol per heavy atom", "energy over heavy atoms"
                )
            },
            active_space=None,
            sites=(),
            conformers=ConformerRecord(
                requested=1,
                embedded=1,
                optimised=0,
                distinct=1,
                spread=0.0,
                method=f"ETKDGv3 / MMFF94, docked by {settings.scoring} into {into.name}",
            ),
            provenance=_provenance(work, form, pose, _asked(settings, into)),
            flags=_flags(work, form, pose, settings.exhaustiveness),
            contributions=(
                Contribution(
                    "intermolecular", pose.intermolecular, "kcal/mol", pose.intermolecular,
                    "classical",
                ),
                Contribution("torsions", pose.torsional, "kcal/mol", pose.torsional, "classical"),
            ),
        )  # fmt: skip


def _settings(settings: SimulationSettings) -> DockingSettings:
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError(
            "docking",
            f"docking needs {' and '.join(missing)}: pip install 'molq[docking]'",
        )
    if settings.docking is None:
        raise InputError(
            "docking",
            "docking needs a receptor and a box: add [simulation.docking] with receptor = "
            '"protein.pdb" and ligand = "ligand.sdf" (a molecule in the pocket)',
        )
    return settings.docking


def _form(molecule: Chem.Mol, ph: float | None) -> Protonated:
    """What is docked."""
    if ph is None:
        return Protonated(canonical(molecule), (), ())
    found = at_ph(molecule, ph)
    # in the order of its own canonical SMILES, from which the pose is read again
    return Protonated(canonical(found.molecule), found.changes, found.borderline)


def _asked(settings: DockingSettings, into: Receptor) -> dict[str, Any]:
    """What was docked into and how, by content: not by where the files lie."""
    return {
        "receptor_sha256": into.sha256,
        "box_center": list(into.center),
        "box_size": list(into.size),
        "scoring": settings.scoring,
        "exhaustiveness": settings.exhaustiveness,
        "ph": settings.ph,
    }


def _provenance(
    work: Workup, form: Protonated, pose: Pose, asked: dict[str, Any]
) -> Provenance:  # fmt: skip
    smiles = Chem.MolToSmiles(form.molecule)
    return Provenance(
        charge=Chem.GetFormalCharge(form.molecule),
        multiplicity=1,
        basis="none",
        seed=work.seed,
        settings=work.settings.model_dump(mode="json"),
        versions={**versions(), **{name: _version(name) for name in _PACKAGES}},
        timings=work.clock.timings,
        wall_seconds=work.clock.wall_seconds,
        convergence={
            "docking": asked,
            "form": smiles,
            "protonation": list(form.changes),
            "energy_to_next_pose": None if pose.gap is None else round(pose.gap, 3),
        },
        geometry=_xyz(pose.molecule, f"{smiles} docked"),
    )


def _flags(work: Workup, form: Protonated, pose: Pose, exhaustiveness: int) -> tuple[str, ...]:
    found = []
    if exhaustiveness < LEAST_EXHAUSTIVENESS:
        found.append(
            f"short search: exhaustiveness {exhaustiveness}, below Vina's default of "
            f"{LEAST_EXHAUSTIVENESS}; a better pose may have been missed"
        )
    if open_stereo := unassigned_stereo(work.molecule):
        left_open = ", ".join(open_stereo)
        found.append(f"one stereoisomer was docked, chosen at random: {left_open} left open")
    if form.borderline:
        found.append(f"another form is nearly as frequent: {'; '.join(form.borderline)}")
    if pose.energy >= 0:
        found.append("no pose is better than none: the molecule does not fit the box")
    return tuple(found)


def _xyz(molecule: Chem.Mol, comment: str) -> str:
    positions = molecule.GetConformer().GetPositions()
    lines = [str(molecule.GetNumAtoms()), comment]
    lines += [
        f"{atom.GetSymbol():2s} {x:14.8f} {y:14.8f} {z:14.8f}"
        for atom, (x, y, z) in zip(molecule.GetAtoms(), positions, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def docked(score: Score) -> Chem.Mol | None:
    """The pose of a docking score with the bonds of the form that was docked; Angstrom.

    Args:
        score: by the recipe ``docking``; None is given for one by another recipe.
    """
    form = score.provenance.convergence.get("form")
    if score.recipe != Docking.name or not isinstance(form, str):
        return None
    molecule = Chem.AddHs(Chem.MolFromSmiles(form))
    lines = score.provenance.geometry.strip().splitlines()[2:]
    if [line.split()[0] for line in lines] != [a.GetSymbol() for a in molecule.GetAtoms()]:
        return None
    conformer = Chem.Conformer(len(lines))
    for index, line in enumerate(lines):
        conformer.SetAtomPosition(index, [float(part) for part in line.split()[1:4]])
    conformer.Set3D(True)
    molecule.AddConformer(conformer, assignId=True)
    return molecule


RECIPE = Docking()
