"""Numbers as the pages write them."""

from __future__ import annotations

_MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int) -> str:
    """A fixed number of digits, a real minus sign, a dash where there is no value."""
    if value is None or value != value:
        return "\N{EN DASH}"
    text = f"{value:,.{digits}f}"
    if text.strip("-0.,") == "":
        text = text.removeprefix("-")
    return text.replace(",", "\N{THIN SPACE}").replace("-", _MINUS)


def percent(share: float, digits: int = 1) -> str:
    """A share of 1 in hundredths."""
    return f"{number(100 * share, digits)} %"


def signed(value: float, digits: int) -> str:
    """The same with a plus sign in front of what is added."""
    text = number(value, digits)
    return text if text.startswith(_MINUS) else f"+{text}"
