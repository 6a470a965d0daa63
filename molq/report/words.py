"""How the report calls what has a short name elsewhere."""

from __future__ import annotations

from molq.report.numerals import number

_SOLVERS = {
    "vqe": "VQE",
    "vqe-circuit": "VQE (circuit)",
    "casci": "CASCI",
    "lucj": "LUCJ",
    "sqd": "SQD",
}
_BASELINES = {"hf_pi_star": "HF \N{GREEK SMALL LETTER PI}*"}
_SPELT = {"hf": "HF", "gfn2": "GFN2", "homo": "HOMO", "lumo": "LUMO", "casci": "CASCI"}


def solver_words(name: str) -> str:
    """A solver as readers know it."""
    return _SOLVERS.get(name, name)


def baseline_words(name: str) -> str:
    """A baseline as readers know it, also behind a recipe's name."""
    prefix, space, last = name.rpartition(" ")
    plain = " ".join(_SPELT.get(word, word) for word in last.split("_"))
    return prefix + space + _BASELINES.get(last, plain)


def small(value: float, digits: int) -> str:
    """A size that may be tiny: ``< 0.001`` says more than ``0.000``."""
    least = 10.0**-digits
    return f"< {number(least, digits)}" if abs(value) < least else number(value, digits)
