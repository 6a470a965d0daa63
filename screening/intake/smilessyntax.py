"""Where and why a text is not a SMILES, said in one line.

RDKit writes its reasons to a process-wide log, which other threads share. This
module looks at the text itself, after RDKit has refused it.
"""

from __future__ import annotations

import re
import unicodedata

# https://www.opensmiles.org/opensmiles.html, sections 3.1 to 3.9
_ORGANIC = re.compile(r"Cl|Br|[BCNOPSFI]|[bcnops]|\*")
_BRACKET = re.compile(
    r"\[\d*(?:[A-Z][a-z]?|[bcnops]|se|as|te|si|\*)"
    r"(?:@(?:@|TH[12]|AL[12]|SP[123]|TB\d{1,2}|OH\d{1,2})?)?"
    r"(?:H\d*)?(?:\++|-+|[+-]\d{1,2})?(?::\d+)?\]"
)
_BONDS = frozenset("-=#$:/\\.")
_QUERY = re.compile(r"[#;,!&$]|^R\d*$|^[AQM]$")


def _shown(character: str) -> str:
    if character.isprintable() and character.isascii():
        return repr(character)
    name = unicodedata.name(character, "control character")
    return f"U+{ord(character):04X} ({name.lower()})"


def explain(smiles: str) -> str:
    """One line on the first thing that is wrong with a text refused as SMILES.

    Positions count characters from 1.
    """
    for position, character in enumerate(smiles, 1):
        if not character.isascii() or not character.isprintable():
            remedy = (
                "; write '-'"
                if unicodedata.category(character) == "Pd" or ord(character) == 0x2212
                else ""
            )
            return f"{_shown(character)} at position {position} is not part of SMILES{remedy}"
    return _scan(smiles) or "the text breaks SMILES grammar"


def _scan(smiles: str) -> str | None:
    branches: list[int] = []
    rings: dict[str, int] = {}
    index = 0
    while index < len(smiles):
        character = smiles[index]
        position = index + 1
        if character == "[":
            end = smiles.find("]", index)
            if end < 0:
                return f"'[' at position {position} is never closed"
            atom = smiles[index : end + 1]
            if not _BRACKET.fullmatch(atom):
                if _QUERY.search(atom[1:-1]):
                    return f"{atom} at position {position} is a query atom: give a whole molecule"
                return f"{atom} at position {position} is not an atom"
            index = end + 1
        elif character == "(":
            if index == 0:
                return "'(' at position 1 has no atom before it"
            branches.append(position)
            index += 1
        elif character == ")":
            if not branches:
                return f"')' at position {position} was never opened"
            if smiles[index - 1] == "(":
                return f"the branch at position {branches[-1]} is empty"
            branches.pop()
            index += 1
        elif character.isdigit() or character == "%":
            label = re.match(r"\d|%\d\d|%\(\d{1,5}\)", smiles[index:])
            if label is None:
                return f"ring number at position {position} needs two digits after '%'"
            number = label.group().strip("%()").lstrip("0") or "0"
            if rings.pop(number, None) is None:
                rings[number] = position
            index += label.end()
        elif character in _BONDS:
            if smiles[index + 1 : index + 2] in _BONDS:
                return f"two bonds in a row at position {position}"
            index += 1
        else:
            symbol = _ORGANIC.match(smiles, index)
            if symbol is None:
                if character.isalpha():
                    return (
                        f"{character!r} at position {position} is not an atom; "
                        "elements other than B C N O P S F Cl Br I stand in brackets"
                    )
                return f"{character!r} at position {position} is not part of SMILES"
            index = symbol.end()
    if branches:
        return f"'(' at position {branches[-1]} is never closed"
    if rings:
        number, position = next(iter(rings.items()))
        return f"ring {number} opened at position {position} is never closed"
    if smiles[-1:] in _BONDS:
        return f"bond {smiles[-1]!r} at the end leads to no atom"
    return None
