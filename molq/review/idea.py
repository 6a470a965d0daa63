"""An idea of a reviewer on its way to the next batch: read, standardised, filtered, answered.

It passes what a row of a library passes, and the answer is given at once: it is taken, it is
known already, or why it is not computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rdkit import Chem, rdBase

from molq.campaignfile import CampaignFile, RunFile
from screening.campaign.reviewing import kept
from screening.candidate import Candidate
from screening.compute.gate import Gate
from screening.failure import Failure
from screening.funnel.funnelsieve import FunnelSieve, PropertyGate
from screening.intake.intake import Sieve
from screening.intake.standardise import standardise, standardise_molecule
from screening.objective import scorer_names, violations
from screening.review.opinions import review_of
from screening.store.journalview import JournalView

LONGEST = 200_000
"""Characters of a drawing."""

Fate = Literal["taken", "known", "refused"]


@dataclass(frozen=True)
class IdeaAnswer:
    """What becomes of an idea."""

    fate: Fate
    message: str  # one line
    inchikey: str = ""  # "" where it is no molecule
    smiles: str = ""  # as it is evaluated
    notes: tuple[str, ...] = ()  # what was changed on the way


def answer(text: str, journal: JournalView, file: RunFile) -> IdeaAnswer:
    """Read an idea and say what would become of it; nothing is written.

    Args:
        text: a SMILES, an InChI, or a molfile as an editor draws it.
        journal: open.
        file: the run's settings.
    """
    parent = _parent(text, file.simulation.max_heavy_atoms)
    if isinstance(parent, Failure):
        return IdeaAnswer("refused", parent.message)
    candidate, notes = parent

    def told(fate: Fate, message: str) -> IdeaAnswer:
        return IdeaAnswer(fate, message, candidate.inchikey, candidate.smiles, notes)

    if not isinstance(file, CampaignFile):
        return told("refused", "a screen computes its library alone: begin a campaign for ideas")
    if known := _known(candidate, journal, file):
        return told("known", known)
    if refusal := next(_refusals(candidate, journal, file), None):
        return told("refused", refusal)
    own = journal.candidate(candidate.inchikey)
    if own is not None and own.origin == "library":
        return told("taken", f"row {own.row} of the library: it moves up to the next batch")
    return told("taken", "it joins the next batch")


def _parent(text: str, most: int) -> tuple[Candidate, tuple[str, ...]] | Failure:
    """The molecule as it would be evaluated, and what was changed for it."""
    if not text.strip():
        return Failure("input", "idea", "nothing was drawn or written")
    if len(text) > LONGEST:
        return Failure("input", "idea", f"more than {LONGEST} characters are no molecule")
    with rdBase.BlockLogs():
        if "M  END" in text:
            mol = Chem.MolFromMolBlock(text)
            if mol is None or mol.GetNumAtoms() == 0:
                reason = "the drawing is no molecule: an atom has too many bonds, or it is empty"
                return Failure("input", "idea", reason)
            read = standardise_molecule(mol, max_heavy_atoms=most)
        elif text.strip().startswith("InChI="):
            mol = Chem.MolFromInchi(text.strip())
            if mol is None:
                return Failure("input", "idea", "the InChI cannot be read: copy it whole")
            read = standardise_molecule(mol, max_heavy_atoms=most)
        else:
            read = standardise(text, max_heavy_atoms=most)
    if isinstance(read, Failure):
        return read
    return Candidate(read.inchikey, read.smiles, "", "reviewer"), read.notes


def _known(candidate: Candidate, journal: JournalView, file: CampaignFile) -> str:
    """What the run knows of the molecule already; "" where it may be asked for."""
    key = candidate.inchikey
    results = [r for r in journal.results_of(key) if r.recipe in file.recipes]
    if results:
        of = results[0].round
        when = f" in round {of}" if of is not None else ""
        if any(result.failure is not None for result in results):
            return f"it was computed{when}, and the calculation failed"
        return f"it is computed already{when}"
    for chosen in kept(journal.selections(), journal.drops()):
        if chosen.candidate.inchikey == key:
            return f"round {chosen.round} has chosen it already: it is on its way"
    opinion = review_of(journal, key)
    if opinion.is_rejected:
        said = opinion.rejections[0]
        return f"{said.reviewer} rejects it: {said.text}; that has to be taken back first"
    if opinion.ideas:
        return f"{opinion.ideas[0].reviewer} has asked for it already"
    return ""


def _refusals(candidate: Candidate, journal: JournalView, file: CampaignFile) -> Iterator[str]:
    """Why it is not computed."""
    if journal.finished:
        yield "the run is finished and computes nothing any more"
    if _is_full(journal, file):
        yield "the last round has chosen all its molecules: nothing more is computed"
    gates = {
        stage.stage: PropertyGate(Gate(stage.at_least, stage.at_most), stage.settings)
        for stage in file.way.scorers
        if not stage.ranks
    }
    refused = FunnelSieve(Sieve(file.recipes, file.filters, {}), gates).refuses(candidate)
    if refused is not None:
        yield refused.message
    values = _properties(candidate, file)
    yield from violations(values, file.objective)


def _properties(candidate: Candidate, file: CampaignFile) -> dict[str, float]:
    """The exact properties among the wishes."""
    from screening import scorers

    exact = set(scorer_names(file.objective))
    return {
        wish.name: scorers.value(wish.name, candidate.smiles, wish.settings)
        for wish in file.objective
        if wish.name in exact
    }


def _is_full(journal: JournalView, file: CampaignFile) -> bool:
    """Whether no decision is left to make."""
    from molq.execution import plan_of
    from screening.campaign.openround import places

    last = journal.last_round()
    campaign = file.campaign
    if last < campaign.rounds:
        return campaign.budget is not None and journal.selected() >= campaign.budget
    drops = journal.drops()
    own = kept(journal.selections(last), drops)
    record = journal.rounds()[-1]
    return len(own) >= places(plan_of(file), record, journal.selections(), drops)
