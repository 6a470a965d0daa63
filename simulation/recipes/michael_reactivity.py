"""``michael-reactivity``: predicted half-life of a Michael acceptor with glutathione."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rdkit import Chem

from simulation import michaelacceptor
from simulation.errors import ConvergenceError, InputError
from simulation.michaelacceptor import MichaelAcceptor
from simulation.reactivitymodel import BASELINE, GLUTATHIONE, LinearModel, Prediction, shipped
from simulation.recipes.account import provenance
from simulation.recipes.recipe import Better, Site
from simulation.recipes.thiol_adduct import RECOGNISED, species
from simulation.score import Baseline, Score, SiteScore
from simulation.workup import Workup

if TYPE_CHECKING:  # tblite is loaded when a molecule is scored
    from simulation.thioladdition import Addition

PH = 7.4


@dataclass(frozen=True)
class _Scored:
    acceptor: MichaelAcceptor  # in the molecule
    model: Workup  # its model compound at pH 7.4
    addition: Addition
    prediction: Prediction
    baseline: Prediction


@dataclass(frozen=True)
class MichaelReactivity:
    """log10 of the half-life (minutes) by a small linear model on quantum-chemical descriptors."""

    name: ClassVar[str] = "michael-reactivity"
    unit: ClassVar[str] = "log10(min)"
    better: ClassVar[Better] = "lower"
    summary: ClassVar[str] = (
        "predicted log10 half-life (minutes) of a Michael acceptor with glutathione, with a 95 % "
        "prediction interval; lower reacts faster"
    )
    method: ClassVar[str] = (
        "ridge regression on the GFN2-xTB/ALPB(water) energy of adding methanethiolate to the "
        "warhead's model compound at pH 7.4 and on marks of its substitution"
    )
    applies_to: ClassVar[tuple[str, ...]] = michaelacceptor.SMARTS
    recognises: ClassVar[str] = RECOGNISED
    cost: ClassVar[str] = "about 5-15 s CPU at any size, because the far part is cut away"
    validity: ClassVar[str] = (
        "series left out: Spearman 0.88 over 62 half-lives of two laboratories, 0.81 on the 13 "
        "drug-size molecules (0.87 when fitted on the small ones alone), rms error 0.33 log "
        "units; a classical ridge on the GFN2 LUMO 0.67, 0.56, 0.53, 0.53"
    )

    def sites(self, molecule: Chem.Mol) -> tuple[Site, ...]:
        """The acceptors of a molecule; indices are those of its canonical SMILES."""
        return tuple(Site(a.name, a.atoms) for a in michaelacceptor.find(molecule))

    def score(self, work: Workup) -> Score:
        """Predict the half-life of every acceptor; the shortest is the score's value.

        Raises:
            InputError: no Michael acceptor, or a molecule outside the methods.
            ConvergenceError: no geometry, or no adduct.
            ResourceError: a limit of time or memory was reached.
            StochasticError: no conformer was found with this seed.
        """
        acceptors = michaelacceptor.find(work.molecule)
        if not acceptors:
            raise InputError(
                "recipe", f"no Michael acceptor; michael-reactivity recognises {RECOGNISED}"
            )
        model, baseline = shipped(GLUTATHIONE), shipped(BASELINE)
        scored: list[_Scored] = []
        failures: list[ConvergenceError] = []
        for acceptor in acceptors:
            try:
                scored.append(_scored(work, acceptor, model, baseline))
            except ConvergenceError as error:
                failures.append(error)
        if not scored:
            raise failures[0]
        scored.sort(key=lambda s: s.prediction.value)
        return self._assembled(work, scored, failures, model)

    def _assembled(
        self,
        work: Workup,
        scored: list[_Scored],
        failures: list[ConvergenceError],
        model: LinearModel,
    ) -> Score:
        leading = scored[0]
        geometry = leading.model.geometry
        described = f"{geometry.method}, {leading.model.smiles}"
        low, high = leading.prediction.interval
        return Score(
            smiles=work.smiles,
            inchikey=work.inchikey,
            recipe=self.name,
            value=leading.prediction.value,
            unit=self.unit,
            solver="none",
            backend=work.settings.backend,
            casci_value=None,
            casci_deviation_mha=None,
            baselines={
                "classical_ridge": Baseline(
                    leading.baseline.value,
                    self.unit,
                    "ridge on the model compound's GFN2-xTB LUMO, alpha and beta substitution, "
                    "N-aryl and allylic amine",
                ),
                "gfn2_lumo": Baseline(geometry.lumo, "eV", f"{described} LUMO"),
                "gfn2_adduct": Baseline(
                    leading.addition.energy, "kcal/mol", f"{described} + CH3S-"
                ),
            },
            active_space=None,
            sites=tuple(
                SiteScore(
                    name=s.acceptor.name,
                    atoms=s.acceptor.atoms,
                    value=s.prediction.value,
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
                    "model": model.provenance,
                },
            ),
            flags=_flags(work, leading, failures, model),
            interval=(low, high),
            contributions=leading.prediction.contributions,
            species=species(leading.model, leading.addition),
        )


def _scored(
    work: Workup, acceptor: MichaelAcceptor, model: LinearModel, baseline: LinearModel
) -> _Scored:
    from simulation.reactivitydescriptors import addition, describe, model_compound

    compound, inside = model_compound(work, acceptor, ph=PH)
    added = addition(compound, inside)
    values = describe(work, acceptor, compound, inside, added)
    return _Scored(acceptor, compound, added, model.predict(values), baseline.predict(values))


def _flags(
    work: Workup, leading: _Scored, failures: list[ConvergenceError], model: LinearModel
) -> tuple[str, ...]:
    from simulation.protonation import at_ph
    from simulation.reactivitydescriptors import adduct_doubts

    flags = [*leading.model.geometry.flags, *adduct_doubts(leading.model, leading.addition)]
    applicability = [*leading.prediction.outside]
    if leading.acceptor.kind not in model.kinds:
        applicability.append(
            f"the model was fitted on {', '.join(model.kinds)}, and this is {leading.acceptor.kind}"
        )
    size = work.molecule.GetNumHeavyAtoms()
    if size > model.largest:
        applicability.append(
            f"{size} heavy atoms, and the largest molecule of the fit has {model.largest}"
        )
    flags += [f"outside the model's domain: {reason}" for reason in applicability]
    flags += [f"protonation at pH {PH} is uncertain: {g}" for g in at_ph(work.molecule).borderline]
    flags += [f"not scored: {error.message}" for error in failures]
    return tuple(flags)


RECIPE = MichaelReactivity()
