"""Text from other people's files, without what a terminal obeys."""

from __future__ import annotations

import re

# control characters of both sets, and those that turn the direction of what follows
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """The text with U+FFFD for every character that a terminal obeys; line ends and tabs stay.

    Names and messages come from other people's files: an escape sequence in one could
    clear the screen, set the window's title or hide what follows.
    """
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", text)


def escaped(json_text: str) -> str:
    """JSON text with such characters as escapes, of which JSON itself makes only some.

    Args:
        json_text: in which they stand inside of strings alone.
    """
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)
