"""meeko, imported without what it does to RDKit's messages."""

from __future__ import annotations

import sys
from types import ModuleType

from rdkit import rdBase


def meeko() -> ModuleType:
    """The package.

    Its first import sends RDKit's messages of the whole process to Python's logging; they go
    on to where they went before.

    Raises:
        ImportError: it is not installed.
    """
    is_first = "meeko" not in sys.modules
    import meeko as package

    if is_first:
        rdBase.LogToCppStreams()
    return package
