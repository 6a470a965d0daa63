"""The commands that the documentation shows, as it shows them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "deploy" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
)

_BLOCK = re.compile(r"^( *)```([\w-]*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_SHELLS = {"", "sh", "bash", "console", "shell", "text"}
_PROGRAM = re.compile(
    r"(?:[A-Z_]+=\S+ +)*(?:\S*/)?(molq|python3?|make|mkdocs|pip|ray|sbatch|squeue|scancel|"
    r"kubectl|docker|ssh|git|jupyter|export)(?= |$)"
)
_NO_COMMAND = re.compile(r"molq(?::| +->)")  # what molq prints, and a drawing of its packages


@dataclass(frozen=True)
class DocumentedCommand:
    """One line that a reader may type."""

    text: str  # without prompt, comment and line breaks
    pages: tuple[str, ...]  # where it stands, below the checkout

    @property
    def words(self) -> list[str]:
        """The words that a shell would make of it, assignments first."""
        return shlex.split(self.text)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that are set for it alone."""
        return dict(word.split("=", 1) for word in self._assignments())

    @property
    def program(self) -> str:
        """What is called, without its folder."""
        return self.words[len(self._assignments())].rsplit("/", 1)[-1]

    @property
    def arguments(self) -> list[str]:
        """What the program is given."""
        return self.words[len(self._assignments()) + 1 :]

    def _assignments(self) -> list[str]:
        found = []
        for word in self.words:
            if not re.fullmatch(r"[A-Z_]+=.*", word):
                break
            found.append(word)
        return found


def commands() -> list[DocumentedCommand]:
    """Every command of every page, each once, in the order of the pages."""
    where: dict[str, list[str]] = {}
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        for text in in_text(page.read_text(encoding="utf-8")):
            where.setdefault(text, []).append(name)
    return [DocumentedCommand(text, tuple(dict.fromkeys(pages))) for text, pages in where.items()]


def in_text(markdown: str) -> list[str]:
    """The commands in the blocks of a page that are a shell's: fenced ones, then indented ones."""
    fenced = [body for _, language, body in _BLOCK.findall(markdown) if language in _SHELLS]
    indented = re.findall(r"^(?: {4}\S.*\n)+", _BLOCK.sub("", markdown), re.MULTILINE)
    found = []
    for body in [*fenced, *indented]:
        for line in re.sub(r"\\\n\s*", "", body).splitlines():
            prompt = re.sub(r"^\s*(?:\$ +)?", "", line)
            if _PROGRAM.match(prompt) and not _NO_COMMAND.match(prompt):
                found.append(_without_comment(prompt))
    return found


def _without_comment(line: str) -> str:
    """The line up to a ``#`` at the beginning of a word, which a shell takes for a comment."""
    kept = re.match(r"""(?:'[^']*'|"[^"]*"|(?<!\s)#|[^'"#])*""", line)
    assert kept is not None
    return " ".join(_outside_quotes(kept[0]))


def _outside_quotes(line: str) -> list[str]:
    """The words with their quotes."""
    return re.findall(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+""", line)
