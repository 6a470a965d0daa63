"""``molq verify``: whether a run's folder is whole."""

from __future__ import annotations

import sys

from molq.cli import options
from molq.cli.console import Column, note, write_json, write_table

NAME = "verify"
EPILOG = "Example: molq verify runs/first"


def command(directory: options.RunFolder, json: options.Json = False) -> int:
    """Prove a run's folder whole, or name what is damaged.

    Looks at every record's checksum and form, at what records say of each other, at every
    lead's way from its molecule to its score, at the files of leads and results against the
    same made anew, and at the checksums of what the run read. Nothing is written. The exit
    code is 1 when anything is damaged.
    """
    from molq.run import Run

    found = Run.open(directory).verify()
    if json:
        write_json(found.to_json())
        return 0 if found.holds else 1
    columns = [Column("check"), Column("looked at", is_number=True), Column("found")]
    write_table(columns, found.rows())
    for check in found.checks:
        for line in check.damage:
            sys.stdout.write(f"{line}\n")
        if check.damaged > len(check.damage):
            rest = check.damaged - len(check.damage)
            sys.stdout.write(f"{check.name}: {rest:,} more\n")
    if not found.holds:
        note(
            "molq: the run's folder is damaged: restore what is named above from a copy; "
            "`molq resume` writes leads and results anew from the journal"
        )
    return 0 if found.holds else 1
