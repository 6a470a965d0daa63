"""A reviewer as a program that tests can kill: ``reviewers.py RUN NAME NUMBER``.

Says so many things of a run's molecules, as fast as it can; prints the id of each when it is
on disk.
"""

import sys
from pathlib import Path

from screening.store.journal import Journal
from screening.store.reviewbook import ReviewBook


def main() -> int:
    run, name, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with Journal.open(run, readonly=True) as journal:
        molecules = journal.candidates()
    with ReviewBook.open(run) as book:
        for turn in range(number):
            of = molecules[turn % len(molecules)]
            said = book.add(name, of.inchikey, of.smiles, "comment", text=f"number {turn}")
            print(said.id, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
