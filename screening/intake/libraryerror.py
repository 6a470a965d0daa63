"""What ends the reading of a library as a whole."""

from __future__ import annotations


class LibraryError(ValueError):
    """A library that cannot be read at all; one line with reason and remedy."""
