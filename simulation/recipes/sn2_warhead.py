"""``sn2-warhead``: how readily a thiolate displaces the halide of an alpha-halo carbonyl."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rdkit import Chem

from simulation import sn2warhead
from simulation.errors import ConvergenceError, InputError
from simulation.recipes.account import provenance
from simulation.recipes.recipe import Better, Reach, Site
from simulation.score import Baseline, Score, SiteScore, SpeciesRecord
from simulation.sn2descriptors import Described, describe
from simulation.workup import Workup

LARGE_SPREAD = 2.0  # kcal/mol, between the two sides of attack
RECOGNISED = (
    "one chlorine, bromine or iodine on an sp3 carbon beside C=O (chloroacetamides, "
    "chloroacetates, alpha-halo ketones)"
)


@dataclass(frozen=True)
class SN2Warhead:
    """E(CH3S...C...X) - E(molecule) - E(CH3S-), both bonds held half way."""

    name: ClassVar[str] = "sn2-warhead"
    unit: ClassVar[str] = "kcal/mol"
    better: ClassVar[Better] = "lower"
    summary: ClassVar[str] = (
        "energy of a point near the transition state in which methanethiolate displaces the "
        "halide of an alpha-halo carbonyl compound, in water; lower reacts faster"
    )
    method: ClassVar[str] = (
        "ETKDGv3, GFN2-xTB/ALPB(water) of every conformer of the warhead's model compound; S-C "
        "held at 2.50 and C-Cl at 2.25 Angstrom (Br 2.40, I 2.60), everything else relaxed, the "
        "halide turned to either side of the carbonyl's plane"
    )
    reach: ClassVar[Reach] = "geometry"
    applies_to: ClassVar[tuple[str, ...]] = sn2warhead.SMARTS
    recognises: ClassVar[str] = RECOGNISED
    cost: ClassVar[str] = "about 3-10 s CPU at any size, because the far part is cut away"
    validity: ClassVar[str] = (
        "R2 0.45, Spearman 0.80 against the computed barriers of 104 chloroacetamides drawn at "
        "random (electrophilicity index 0.00 and -0.07)"
    )

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The warheads of a molecule; indices are those of its canonical SMILES."""
        return tuple(Site(w.name, w.atoms) for w in sn2warhead.find(molecule))

    def score(self, work: Workup) -> Score:
        """Compute the energy of every warhead's point; the lowest is the score's value.

        Raises:
            InputError: no alpha-halo carbonyl, or a molecule outside the methods.
            ConvergenceError: no geometry, or no point near the transition state.
            ResourceError: a limit of time or memory was reached.
            StochasticError: no conformer was found with this seed.
        """
        found = sn2warhead.find(work.molecule)
        if not found:
            raise InputError(
                "recipe", f"no alpha-halo carbonyl; sn2-warhead recognises {RECOGNISED}"
            )
        scored: list[tuple[sn2warhead.SN2Warhead, Described]] = []
        failures: list[ConvergenceError] = []
        for warhead in found:
            try:
                scored.append((warhead, describe(work, warhead)))
            except ConvergenceError as error:
                failures.append(error)
        if not scored:
            raise failures[0]
        scored.sort(key=lambda pair: pair[1].values["point"])
        leading = scored[0][1]
        geometry = leading.model.geometry
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=leading.values["point"],
            unit=self.unit,
            solver="none",
            backend=work.settings.backend,
            casci_value=None,
            casci_deviation_mha=None,
            baselines={
                "gfn2_lumo": Baseline(
                    geometry.lumo, "eV", f"{geometry.method}, {leading.model.smiles} LUMO"
                )
            },
            active_space=None,
            sites=tuple(
                SiteScore(
                    name=warhead.name,
                    atoms=warhead.atoms,
                    value=described.values["point"],
                    casci_value=None,
                    casci_deviation_mha=None,
                    ionisation_potential=None,
                    active_space=None,
                    solutions=(),
                )
                for warhead, described in scored
            ),
            conformers=geometry.conformers,
            provenance=provenance(
                leading.model,
                None,
                {
                    "points_started": leading.displacement.started,
                    "points_kept": len(leading.displacement.found),
                },
            ),
            flags=_flags(scored[0][0], leading, failures),
            species=_species(leading),
        )


def _flags(
    warhead: sn2warhead.SN2Warhead, leading: Described, failures: list[ConvergenceError]
) -> tuple[str, ...]:
    flags = list(leading.model.geometry.flags)
    found = leading.displacement.found
    if max(found) - min(found) > LARGE_SPREAD:
        flags.append(
            f"the two sides of attack differ by {max(found) - min(found):.1f} kcal/mol: one "
            "is crowded, or a group nearby holds the thiolate"
        )
    if leading.model.geometry.charge:
        flags.append(
            f"charge {leading.model.geometry.charge:+d}: compare with molecules of the same "
            "charge only"
        )
    if not warhead.kind.startswith("alpha-chloro amide"):
        flags.append(
            f"outside the measured domain: validity was measured on chloroacetamides, and this is "
            f"an {warhead.kind}; compare within one leaving group and one kind of carbonyl"
        )
    flags += [f"not scored: {error.message}" for error in failures]
    return tuple(flags)


def _species(leading: Described) -> tuple[SpeciesRecord, ...]:
    from simulation import thiolate

    model, displacement = leading.model, leading.displacement
    nucleophile = model.species(thiolate.SMILES, name="methanethiolate")
    return (
        model.record("alpha-halo carbonyl"),
        nucleophile.record(),
        SpeciesRecord(
            name="point near the transition state",
            smiles=f"{model.smiles}.{thiolate.SMILES}",
            charge=model.geometry.charge - 1,
            multiplicity=1,
            energy=displacement.point.energy,
            method=f"{model.geometry.method}, S-C and C-halogen held",
            geometry=thiolate.to_xyz(displacement.complex, displacement.point),
        ),
    )


RECIPE = SN2Warhead()
