"""What a round is offered by the generator: proposals that can be evaluated, and a note."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from generative.proposal import Proposal, Scored, Worth
from generative.settings import GeneratorSettings
from screening import acquisition
from screening.acquisition import AcquisitionSettings
from screening.candidate import Candidate
from screening.failure import Failure
from screening.intake.standardise import candidate as standardised
from screening.objective import ObjectiveSettings, recipe_names
from screening.review.opinions import Opinions
from screening.store.records import SelectionRecord
from screening.surrogate import Surrogate

if TYPE_CHECKING:
    from generative.generator import Generator
    from screening.surrogate.outcome import OutcomeModel

NO_GENERATOR = "no generator"
NARROWED = "generator"  # kind of the log's line that says so


class Refusing(Protocol):
    """What every proposal passes."""

    def refuses(self, candidate: Candidate) -> Failure | None:
        """Why a molecule is not evaluated, None when it is."""
        ...


@dataclass(frozen=True)
class Offer:
    """Molecules of the generator that pass the sieve, each once."""

    candidates: tuple[Candidate, ...]
    note: str  # one line
    warning: str = ""  # one line, where proposals had collapsed


@dataclass(frozen=True)
class Outlook:
    """What a round knows when it proposes."""

    surrogates: Mapping[str, Surrogate]  # by recipe
    best_utility: float
    seed: int
    outcomes: OutcomeModel | None = None  # None where no calculation has told yet


class Proposals:
    """The generator's part of a campaign.

    Args:
        generator: the prior.
        settings: of the generator.
        sieve: that every proposal passes.
        objectives: the wishes.
        criterion: of the acquisition.
        max_heavy_atoms: of a molecule that is evaluated.
    """

    def __init__(
        self,
        generator: Generator,
        settings: GeneratorSettings,
        sieve: Refusing,
        objectives: Sequence[ObjectiveSettings],
        criterion: AcquisitionSettings,
        max_heavy_atoms: int,
    ) -> None:
        self._generator = generator
        self._settings = settings
        self._sieve = sieve
        self._objectives = objectives
        self._criterion = criterion
        self._max_heavy_atoms = max_heavy_atoms
        self._read: dict[str, Candidate | None] = {}

    def offer(self, scored: Sequence[Scored], known: Collection[str], outlook: Outlook) -> Offer:
        """Propose for one round.

        Args:
            scored: what the run has evaluated, in order (``scored``).
            known: InChIKeys that are not wanted again.
            outlook: what the acquisition rests on.
        """
        from generative.proposing import Proposer

        settings = self._settings
        found = Proposer(self._generator, settings).proposed(
            settings.pool,
            scored,
            seed=outlook.seed,
            worth=self._worth(outlook),
            scaffold=settings.scaffold,
            constraints=settings.constraints(),
        )
        fresh: dict[str, Candidate] = {}
        repeated = dropped = 0
        for proposal in found.proposals:
            candidate = self._candidate(proposal.smiles)
            if candidate is None:
                dropped += 1
            elif candidate.inchikey in known or candidate.inchikey in fresh:
                repeated += 1
            else:
                fresh[candidate.inchikey] = _made_by(candidate, proposal)
        note = (
            f"{found.note} gave {len(found.proposals)} molecules: {len(fresh)} fit, "
            f"{dropped} filtered out, {repeated} known"
        )
        warning = found.warning
        return Offer(tuple(fresh.values()), f"{note}; {warning}" if warning else note, warning)

    def _candidate(self, smiles: str) -> Candidate | None:
        """The molecule as it would be evaluated; None where it would not."""
        if smiles not in self._read:
            read = standardised(smiles, origin="generator", max_heavy_atoms=self._max_heavy_atoms)
            fits = isinstance(read, Candidate) and self._sieve.refuses(read) is None
            self._read[smiles] = read if fits and isinstance(read, Candidate) else None
        return self._read[smiles]

    def _worth(self, outlook: Outlook) -> Worth | None:
        """The acquisition of a molecule; None while nothing is known of the recipes."""
        if self._criterion.kind == "random":
            return None
        if recipe_names(self._objectives) and not outlook.surrogates:
            return None

        def worth(smiles: Sequence[str]) -> NDArray[np.float64]:
            read = [self._candidate(text) for text in smiles]
            suitable = [candidate for candidate in read if candidate is not None]
            values = np.full(len(smiles), -np.inf)
            if suitable:
                values[[candidate is not None for candidate in read]] = acquisition.worth(
                    suitable,
                    surrogates=outlook.surrogates,
                    objectives=self._objectives,
                    best_utility=outlook.best_utility,
                    settings=self._criterion,
                    seed=outlook.seed,
                    outcomes=outlook.outcomes,
                )
            return values

        return worth


def scored(
    computed: Sequence[SelectionRecord],
    utilities: Mapping[str, float],
    opinions: Opinions | None = None,
    weight: float = 0.0,
) -> list[Scored]:
    """What the generator learns from, in the order it was chosen.

    A molecule that a reviewer rejects teaches nothing. What reviewers find of another one is
    mixed into its utility.

    Args:
        computed: chosen molecules that have all their results.
        utilities: by InChIKey; a molecule without one counts zero.
        opinions: what stands of reviews.
        weight: share of the reviewers' judgement, 0..1.
    """
    said = opinions or Opinions()
    taught = []
    for selection in computed:
        key = selection.candidate.inchikey
        if said[key].is_rejected:
            continue
        worth, judgement = utilities.get(key, 0.0), said[key].judgement
        if judgement is not None and key in utilities:
            worth = (1 - weight) * worth + weight * judgement
        hand = "" if selection.candidate.origin == "reviewer" else selection.candidate.hand
        taught.append(Scored(selection.candidate.smiles, worth, hand))
    return taught


def _made_by(candidate: Candidate, proposal: Proposal) -> Candidate:
    return replace(candidate, hand=proposal.hand, parents=proposal.parents)
