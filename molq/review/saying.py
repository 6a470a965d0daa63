"""What is said of a run's molecules, written into its journal beside the run's own writer."""

from __future__ import annotations

from pathlib import Path

from molq.errors import CallError, MolqError
from molq.reading import check_run, journal_of, settings_of
from molq.review import idea
from screening.store.database import JournalError
from screening.store.journalview import JournalView
from screening.store.records import Review, ReviewKind
from screening.store.reviewbook import ReviewBook


def say(
    directory: Path,
    molecule: str,
    kind: ReviewKind,
    *,
    reviewer: str,
    text: str = "",
    rating: int | None = None,
    withdraws: int | None = None,
) -> Review:
    """Write down what somebody says of a molecule of a run.

    Args:
        directory: of the run.
        molecule: its InChIKey.
        kind: ``approve``, ``reject``, ``rate``, ``comment`` or ``withdraw``.
        reviewer: who.
        text: the reason of a rejection, or the comment.
        rating: 1..5.
        withdraws: id of the own review that is taken back.

    Returns:
        The record, which is on disk.

    Raises:
        CallError: there is no run, the molecule is none of it, or too little is said.
        MolqError: the journal is damaged or cannot be written.
    """
    check_run(directory)
    with journal_of(directory) as journal:
        smiles = _smiles(journal, molecule)
    if smiles is None:
        raise CallError(f"{molecule} is none of the run's molecules: give an InChIKey of them")
    try:
        with ReviewBook.open(directory) as book:
            return book.add(
                reviewer,
                molecule,
                smiles,
                kind,
                rating=rating,
                text=text,
                withdraws=withdraws,
            )
    except JournalError as error:
        raise MolqError(str(error)) from error
    except ValueError as error:
        raise CallError(str(error)) from error


def propose(
    directory: Path, text: str, *, reviewer: str, name: str = ""
) -> tuple[idea.IdeaAnswer, Review | None]:
    """Answer an idea, and write it down where it is taken.

    Args:
        directory: of the run.
        text: a SMILES, an InChI, or a molfile.
        reviewer: whose it is.
        name: what it is called; "" for nothing.

    Returns:
        What becomes of it, and its record; None where it is not taken.

    Raises:
        CallError: there is no run, or a name is too long.
        MolqError: the journal is damaged or cannot be written.
    """
    with journal_of(directory) as journal:
        answer = idea.answer(text, journal, settings_of(journal))
    if answer.fate != "taken":
        return answer, None
    try:
        with ReviewBook.open(directory) as book:
            name = " ".join(name.split())
            return answer, book.add(reviewer, answer.inchikey, answer.smiles, "idea", text=name)
    except JournalError as error:
        raise MolqError(str(error)) from error
    except ValueError as error:
        raise CallError(str(error)) from error


def _smiles(journal: JournalView, inchikey: str) -> str | None:
    """A molecule as it is evaluated; None where the run does not know it."""
    known = journal.candidate(inchikey)
    if known is not None:
        return known.smiles
    if journal.kind == "campaign" and journal.last_round():
        for offered in journal.offers(journal.last_round()):
            if offered.inchikey == inchikey:
                return offered.smiles
    said = journal.reviews_of(inchikey)
    return said[0].smiles if said else None
