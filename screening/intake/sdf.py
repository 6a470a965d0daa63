"""Records of an SD file, each on its own, so that a broken one harms no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rdkit import Chem, rdBase

from screening.intake.delimited import Line
from screening.intake.standardise import chemistry_problem

MAX_RECORD = 1_000_000  # characters; what is beyond is not kept
_END = "$$$$"


@dataclass(frozen=True)
class SDRecord:
    """One entry: title, mol block and data fields."""

    title: str
    block: str  # up to and with "M  END"
    data: dict[str, str]  # field name -> first line of its value
    too_long: bool = False


def records(lines: Iterable[Line]) -> Iterator[SDRecord]:
    """The entries of an SD file. Blank space after the last ``$$$$`` is no entry."""
    kept: list[str] = []
    size = 0
    for line in lines:
        if line.text.rstrip() == _END:
            yield _record(kept, size > MAX_RECORD)
            kept, size = [], 0
            continue
        size += len(line.text) + 1
        if size <= MAX_RECORD:
            kept.append(line.text)
    if any(text.strip() for text in kept) or size > MAX_RECORD:
        yield _record(kept, size > MAX_RECORD)


def _record(lines: list[str], too_long: bool) -> SDRecord:
    end = next((i for i, text in enumerate(lines) if text.startswith("M  END")), len(lines) - 1)
    data: dict[str, str] = {}
    field: str | None = None
    for text in lines[end + 1 :]:
        if text.startswith(">"):
            start, stop = text.find("<"), text.rfind(">")
            field = text[start + 1 : stop] if 0 <= start < stop else None
        elif field is not None:
            data.setdefault(field, text.strip())
            field = None
    title = lines[0].strip() if lines else ""
    return SDRecord(title, "\n".join(lines[: end + 1]) + "\n", data, too_long)


def molecule(block: str) -> Chem.Mol | str:
    """The sanitised molecule of a mol block, or one line on why there is none."""
    if not block.strip():
        return "empty: no structure in this entry"
    with rdBase.BlockLogs():
        try:
            mol = Chem.MolFromMolBlock(block, strictParsing=False)
            if mol is not None:
                return mol
            unsanitised = Chem.MolFromMolBlock(block, sanitize=False, strictParsing=False)
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()
            return f"the mol block cannot be read: {reason[0] if reason else 'unknown reason'}"
    if unsanitised is None:
        return "the mol block cannot be read; check its counts line and that it ends with M  END"
    return f"impossible molecule: {chemistry_problem(unsanitised) or 'not a valid structure'}"
