"""Everything that is known of a lead, as data for the page that shows one.

``leadview.js`` draws it. What many leads have in common (settings, versions, recipes, the
functions of a basis) stands once beside all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from molq.report import conformerdata, explaining
from molq.report.contents import AgreementRow, ExplanationCard, ForecastCard
from molq.report.orbitalshells import harmonics_json, orbitals_json, shells_json
from molq.report.words import baseline_words, solver_words
from screening import scorers
from screening.explanation import Explanation, Forecast
from screening.objective import ObjectiveSettings
from screening.ranking import Lead
from screening.scorersettings import ScorerSettings
from simulation.computedform import computed_form
from simulation.recipes import recipe as recipes
from simulation.score import ActiveSpaceRecord, Score, SiteScore, SolverRecord

NO_SOLVER = "none"
_PAGES = "docs/recipes"  # where molq's own recipes say what was measured, and on which data
_DIGITS = 6  # significant, of a number
_ENERGY_DIGITS = 12  # of a total energy, whose differences matter
_ENERGIES = frozenset({"energy", "casci", "casci_energy", "before", "after"})


@dataclass(frozen=True)
class LeadDetails:
    """The details of leads."""

    shared: dict[str, Any]  # what several of them refer to
    leads: tuple[dict[str, Any], ...]  # in the order given; empty where a lead has no score


def details(
    leads: Sequence[Lead],
    explanations: Mapping[str, Explanation] | None = None,
    agreement: Sequence[AgreementRow] = (),
    objectives: Sequence[ObjectiveSettings] = (),
) -> LeadDetails:
    """Plain JSON types without NaN.

    Args:
        leads: in the page's order.
        explanations: by InChIKey; of leads without one nothing is said.
        agreement: how far each baseline ranks this run's molecules as the score does.
        objectives: the wishes, for the settings of their scorers.
    """
    known = explanations or {}
    told = {key: known[key] for key in map(_key, leads) if key in known}
    cards = explaining.cards(list(told.values()))
    why = {} if cards is None else dict(zip(told, cards.cards, strict=True))
    shared = _Shared()
    settings = {wish.name: wish.settings for wish in objectives}
    found = []
    for lead in leads:
        detail = _detail(lead, shared, agreement, settings)
        if detail and (card := why.get(_key(lead))) is not None:
            detail["why"] = _why(card, told[_key(lead)])
        found.append(_plain(detail))
    method = "" if cards is None else cards.method
    return LeadDetails({**shared.to_json(method), "explained": len(told)}, tuple(found))


def _key(lead: Lead) -> str:
    return lead.candidate.inchikey


def _is_own(recipe: object) -> bool:
    return type(recipe).__module__.startswith("simulation.")


@dataclass
class _Shared:
    """What details refer to, collected while they are made."""

    settings: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, str]] = field(default_factory=list)
    recipes: dict[str, dict[str, str]] = field(default_factory=dict)
    scorers: dict[str, list[str]] = field(default_factory=dict)  # name -> unit, summary
    functions: set[tuple[str, str]] = field(default_factory=set)  # element, basis

    def place(self, known: list[Any], entry: Any) -> int:
        """Of an entry in a list, which gets it where it is new."""
        if entry not in known:
            known.append(entry)
        return known.index(entry)

    def recipe(self, name: str) -> None:
        """Say what a recipe is, where it is installed."""
        if name in self.recipes or name.partition("/")[0] not in recipes.names():
            return
        found = recipes.find(name)
        self.recipes[name] = {
            "summary": found.summary,
            "method": found.method,
            "validity": found.validity,
            # a recipe of another package has its page there
            "page": f"{_PAGES}/{name.partition('/')[0]}.md" if _is_own(found) else "",
        }

    def scorer(self, name: str) -> None:
        """Say what a scorer is."""
        if name not in self.scorers:
            found = scorers.find(name)
            self.scorers[name] = [found.unit, found.summary]

    def to_json(self, method: str) -> dict[str, Any]:
        shells = {f"{s} {basis}": shells_json(s, basis) for s, basis in sorted(self.functions)}
        degrees = {shell[0] for listed in shells.values() for shell in listed}
        return {
            "settings": self.settings,
            "versions": self.versions,
            "recipes": self.recipes,
            "scorers": self.scorers,
            "shells": shells,
            "harmonics": {str(degree): harmonics_json(degree) for degree in sorted(degrees)},
            "explained_by": method,
        }


def _detail(
    lead: Lead,
    shared: _Shared,
    agreement: Sequence[AgreementRow],
    settings: Mapping[str, ScorerSettings | None],
) -> dict[str, Any]:
    if not lead.scores:
        return {}
    solid = next((s for s in lead.scores.values() if s.provenance.geometry), None)
    geometry = "" if solid is None else solid.provenance.geometry
    return {
        "conformer": None if solid is None else conformerdata.conformer_json(solid),
        "given": lead.candidate.smiles,  # as it came; the scores say what was computed
        "form": list(computed_form(solid or next(iter(lead.scores.values()))).lines()),
        "medicinal": _medicinal(lead, shared, settings),
        "review": _review(lead),
        "desirabilities": lead.desirabilities,
        "scores": [
            _score(name, score, geometry, shared, agreement) for name, score in lead.scores.items()
        ],
    }


def _medicinal(
    lead: Lead, shared: _Shared, settings: Mapping[str, ScorerSettings | None]
) -> list[list[Any]]:
    """Name, value and a note of the scorers among the wishes and of the usual profile."""
    rows = []
    profile = [name for name in scorers.PROFILE if scorers.is_scorer(name)]
    for name in dict.fromkeys((*lead.properties, *profile)):
        known, smiles = settings.get(name), lead.candidate.smiles
        value = lead.properties.get(name)
        shared.scorer(name)
        rows.append(
            [
                name,
                scorers.value(name, smiles, known) if value is None else value,
                scorers.note(name, smiles, known),
            ]
        )
    return rows


def _review(lead: Lead) -> dict[str, Any] | None:
    """What stands of reviewers' words, the earliest first."""
    if lead.review is None:
        return None
    opinion = lead.review
    parts = (opinion.approvals, opinion.rejections, opinion.ratings, opinion.comments,
             opinion.ideas)  # fmt: skip
    said = sorted((one for part in parts for one in part), key=lambda one: one.time)
    return {
        "verdict": opinion.verdict,
        "rating": opinion.rating,
        "said": [[one.time, one.reviewer, one.kind, one.rating, one.text] for one in said],
    }


def _score(
    name: str,
    score: Score,
    geometry: str,
    shared: _Shared,
    agreement: Sequence[AgreementRow],
) -> dict[str, Any]:
    shared.recipe(name)
    spaces = _distinct(site.active_space for site in score.sites)
    atoms = conformerdata.lines(score.provenance.geometry)
    symbols = tuple(line[0] for line in atoms)
    places = np.array([[float(x) for x in line[1:4]] for line in atoms if line[0] != "H"])
    own = score.provenance.geometry not in ("", geometry)
    return {
        "recipe": name,
        "smiles": score.smiles,
        "value": score.value,
        "unit": score.unit,
        "error": score.standard_error,
        "interval": score.interval,
        "solver": None if score.solver == NO_SOLVER else solver_words(score.solver),
        "backend": score.backend,
        "casci": score.casci_value,
        "deviation": score.casci_deviation_mha,
        "flags": list(score.flags),
        "baselines": [
            {
                "name": baseline_words(key),
                "value": baseline.value,
                "unit": baseline.unit,
                "method": baseline.method,
                "ranks": _ranks(name, key, agreement),
            }
            for key, baseline in score.baselines.items()
        ],
        "terms": [asdict(term) for term in score.contributions],
        "sites": [
            _site(site, spaces) | {"turn": conformerdata.turn(places, site.atoms)}
            for site in score.sites
        ],
        "spaces": [_space(space, symbols, shared) for space in spaces],
        "species": [conformerdata.species_json(species) for species in score.species],
        "conformer": conformerdata.conformer_json(score) if own else None,
        "search": asdict(score.conformers),
        "provenance": _provenance(score, shared),
    }


def _distinct(spaces: Iterable[ActiveSpaceRecord | None]) -> list[ActiveSpaceRecord]:
    found: list[ActiveSpaceRecord] = []
    for space in spaces:
        if space is not None and space not in found:
            found.append(space)
    return found


def _ranks(recipe: str, baseline: str, agreement: Sequence[AgreementRow]) -> Any:
    """Spearman's coefficient with the score over the run's molecules, and their number."""
    words = baseline_words(baseline)
    for row in agreement:
        if row.baseline in (words, f"{recipe}: {words}"):
            return [row.spearman, row.molecules]
    return None


def _site(site: SiteScore, spaces: list[ActiveSpaceRecord]) -> dict[str, Any]:
    return {
        "name": site.name,
        "atoms": list(site.atoms),
        "value": site.value,
        "casci": site.casci_value,
        "deviation": site.casci_deviation_mha,
        "ionisation": site.ionisation_potential,
        "space": None if site.active_space is None else spaces.index(site.active_space),
        "sectors": [_sector(solution) for solution in site.solutions],
    }


def _sector(solution: SolverRecord) -> dict[str, Any]:
    reduced, trace = solution.reduced, solution.trace
    return {
        "sector": solution.sector,
        "spins": [solution.n_alpha, solution.n_beta],
        "energy": solution.energy,
        "casci": solution.casci_energy,
        "parameters": solution.parameters,
        "evaluations": solution.evaluations,
        "gradient": solution.gradient_norm,
        "error": solution.standard_error,
        "circuit": None if solution.circuit is None else asdict(solution.circuit),
        "mitigation": [asdict(step) for step in solution.mitigation],
        "reduced": None if reduced is None else asdict(reduced),
        "subspace": None if solution.subspace is None else asdict(solution.subspace),
        "trace": None if trace is None else asdict(trace),
    }


def _space(space: ActiveSpaceRecord, symbols: tuple[str, ...], shared: _Shared) -> dict[str, Any]:
    kept = space.natural_orbitals
    orbitals = None if kept is None else orbitals_json(kept, symbols)
    if kept is not None and orbitals is not None:
        used = {atom for one in orbitals for atom in one["terms"][::4]}
        shared.functions |= {(symbols[atom], kept.basis[symbols[atom]]) for atom in used}
    return {
        "electrons": space.electrons,
        "orbitals": space.orbitals,
        "atoms": list(space.atoms),
        "targets": list(space.orbital_labels),
        "threshold": space.threshold,
        "weights": list(space.weights),
        "occupations": list(space.natural_occupations),
        "planarity": space.planarity,
        "triplet": space.triplet_energy,
        "basis": None if kept is None else kept.basis,
        "natural": orbitals,
    }


def _provenance(score: Score, shared: _Shared) -> dict[str, Any]:
    told = score.provenance
    return {
        "charge": told.charge,
        "multiplicity": told.multiplicity,
        "basis": told.basis,
        "seed": told.seed,
        "settings": shared.place(shared.settings, told.settings),
        "versions": shared.place(shared.versions, told.versions),
        "timings": told.timings,
        "wall": told.wall_seconds,
        "convergence": told.convergence,
        "origin": " ".join(told.geometry.splitlines()[1:2]),
    }


def _why(card: ExplanationCard, told: Explanation) -> dict[str, Any]:
    return {
        "restraint": card.restraint,
        "choice": card.choice,
        "facts": [list(fact) for fact in card.facts],
        "unexplained": list(card.unexplained),
        "forecasts": [
            _forecast(one, _atom_shares(told.lead.scores[forecast.recipe], forecast))
            for one, forecast in zip(card.forecasts, told.forecasts, strict=True)
        ],
    }


def _atom_shares(score: Score, forecast: Forecast) -> list[float]:
    """What each heavy atom of the geometry adds; empty where its atoms are in another order."""
    parts = forecast.attribution
    return [float(share) for share in parts.atoms] if parts.smiles == score.smiles else []


def _forecast(card: ForecastCard, atoms: list[float]) -> dict[str, Any]:
    return {
        "recipe": card.recipe,
        "unit": card.unit,
        "says": card.says,
        "verdict": card.verdict,
        "digits": card.digits,
        "full": card.full,
        "atoms": atoms,
        "baseline": card.baseline,
        "shares": [[share.name, share.kind, share.share] for share in card.shares],
        "prediction": card.prediction,
        "neighbours": [
            [near.label, near.smiles, near.similarity, near.value] for near in card.neighbours
        ],
    }


def _plain(value: Any, key: str = "") -> Any:
    """Plain JSON types: numbers as long as a reader can use them, None for no number."""
    if isinstance(value, dict):
        return {name: _plain(entry, name) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, key) for entry in value]
    if isinstance(value, float):
        digits = _ENERGY_DIGITS if key in _ENERGIES else _DIGITS
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return value
