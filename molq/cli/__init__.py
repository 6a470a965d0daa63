"""The command line: one file a verb.

Exit codes: 0 done, 1 the work failed, 2 the call or the campaign file is
wrong, 130 interrupted. Errors are one line on stderr; ``--debug`` shows where
they come from.
"""

from __future__ import annotations

from molq.cli.entry import app, main

__all__ = ["app", "main"]
