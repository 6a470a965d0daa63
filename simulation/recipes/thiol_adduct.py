"""``thiol-adduct``: energy of adding methanethiolate to a Michael acceptor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rdkit import Chem

from simulation import michaelacceptor
from simulation.errors import ConvergenceError, InputError
from simulation.michaelacceptor import MichaelAcceptor
from simulation.recipes.account import provenance
from simulation.recipes.recipe import Better, Reach, Site
from simulation.score import Baseline, Score, SiteScore, SpeciesRecord
from simulation.workup import Workup

if TYPE_CHECKING:  # tblite is loaded when a molecule is scored
    from simulation.thioladdition import Addition

RECOGNISED = (
    "C=C or C#C outside aromatic rings next to C=O, S(=O)(=O), S=O, C#N, NO2 or P=O (acrylamides, "
    "acrylates, enones, maleimides, cyanoacrylamides, alkynamides, vinyl sulfones, nitroalkenes)"
)


@dataclass(frozen=True)
class _Scored:
    acceptor: MichaelAcceptor  # in the molecule
    model: Workup  # its model compound, or the molecule
    addition: Addition
    value: float  # kcal/mol


@dataclass(frozen=True)
class ThiolAdduct:
    """E(adduct) - E(acceptor) - E(CH3S-), the lowest conformer of each."""

    whole: bool = False  # the whole molecule instead of the model compound of the warhead
    functional: str | None = None  # of DFT energies at the GFN2-xTB geometries, e.g. "r2scan"

    name: ClassVar[str] = "thiol-adduct"
    unit: ClassVar[str] = "kcal/mol"
    better: ClassVar[Better] = "lower"
    summary: ClassVar[str] = (
        "energy of adding methanethiolate to the beta carbon of a Michael acceptor, to the "
        "carbanion, in water; lower (more negative) holds the thiolate more firmly"
    )
    method: ClassVar[str] = (
        "ETKDGv3, GFN2-xTB/ALPB(water) of every conformer of the acceptor's model compound; "
        "methanethiolate on both faces of those within 3 kcal/mol, every adduct optimised"
    )
    reach: ClassVar[Reach] = "geometry"
    applies_to: ClassVar[tuple[str, ...]] = michaelacceptor.SMARTS
    recognises: ClassVar[str] = RECOGNISED
    cost: ClassVar[str] = "about 5-15 s CPU at any size, because the far part is cut away"
    validity: ClassVar[str] = (
        "at pH 7.4, Spearman 0.88 against log glutathione half-life of 62 acrylamides and "
        "relatives, 0.83 on the 13 of 20 heavy atoms and more (series left out)"
    )

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The acceptors of a molecule; indices are those of its canonical SMILES."""
        return tuple(Site(a.name, a.atoms) for a in michaelacceptor.find(molecule))

    def score(self, work: Workup) -> Score:
        """Compute the addition energy of every acceptor; the lowest is the score's value.

        Raises:
            InputError: no Michael acceptor, or a molecule outside the methods.
            ConvergenceError: no geometry, or no adduct.
            ResourceError: a limit of time or memory was reached.
            StochasticError: no conformer was found with this seed.
        """
        acceptors = michaelacceptor.find(work.molecule)
        if not acceptors:
            raise InputError("recipe", f"no Michael acceptor; thiol-adduct recognises {RECOGNISED}")
        scored: list[_Scored] = []
        failures: list[ConvergenceError] = []
        for acceptor in acceptors:
            try:
                scored.append(self._scored(work, acceptor))
            except ConvergenceError as error:
                failures.append(error)
        if not scored:
            raise failures[0]
        scored.sort(key=lambda s: s.value)
        return self._assembled(work, scored, failures)

    def _scored(self, work: Workup, acceptor: MichaelAcceptor) -> _Scored:
        from simulation.reactivitydescriptors import addition, model_compound

        model, inside = (work, acceptor) if self.whole else model_compound(work, acceptor)
        added = addition(model, inside)
        value = added.energy
        if self.functional is not None:
            from simulation.thioladdition import density_functional_energy

            with work.clock.step("dft"):
                value = density_functional_energy(
                    added,
                    model.geometry,
                    methanethiolate(model).geometry,
                    self.functional,
                    solvent=work.settings.solvent,
                )
        return _Scored(acceptor, model, added, value)

    def _assembled(
        self, work: Workup, scored: list[_Scored], failures: list[ConvergenceError]
    ) -> Score:
        leading = scored[0]
        geometry = leading.model.geometry
        settings = work.settings
        method = f"{geometry.method}, {leading.model.smiles}"
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=leading.value,
            unit=self.unit,
            solver="none",
            backend=settings.backend,
            casci_value=None,
            casci_deviation_mha=None,
            baselines={
                "gfn2_lumo": Baseline(geometry.lumo, "eV", f"{method} LUMO"),
                "gfn2_adduct": Baseline(leading.addition.energy, "kcal/mol", f"{method} + CH3S-"),
            },
            active_space=None,
            sites=tuple(
                SiteScore(
                    name=s.acceptor.name,
                    atoms=s.acceptor.atoms,
                    value=s.value,
                    casci_value=None,
                    casci_deviation_mha=None,
                    ionisation_potential=None,
                    active_space=None,
                    solutions=(),
                )
                for s in scored
            ),
            conformers=geometry.conformers,
            provenance=provenance(
                leading.model,
                None,
                {
                    "adducts_started": leading.addition.started,
                    "adducts_kept": leading.addition.kept,
                },
            ),
            flags=_flags(leading, failures),
            species=species(leading.model, leading.addition),
        )


def methanethiolate(work: Workup) -> Workup:
    """The nucleophile as a species of a molecule's calculation."""
    from simulation import thiolate

    return work.species(thiolate.SMILES, name="methanethiolate")


def species(model: Workup, addition: Addition) -> tuple[SpeciesRecord, ...]:
    """Acceptor, nucleophile and adduct as a score reports them."""
    from simulation import thiolate

    point, adduct = addition.point, addition.adduct
    return (
        model.record("acceptor"),
        methanethiolate(model).record(),
        SpeciesRecord(
            name="thiolate adduct",
            smiles=str(Chem.MolToSmiles(Chem.RemoveHs(adduct, sanitize=False))),
            charge=model.geometry.charge - 1,
            multiplicity=1,
            energy=point.energy,
            method=model.geometry.method,
            geometry=thiolate.to_xyz(adduct, point),
        ),
    )


def _flags(leading: _Scored, failures: list[ConvergenceError]) -> tuple[str, ...]:
    from simulation.reactivitydescriptors import adduct_doubts

    flags = [*leading.model.geometry.flags, *adduct_doubts(leading.model, leading.addition)]
    flags += [f"not scored: {error.message}" for error in failures]
    return tuple(flags)


RECIPE = ThiolAdduct()
