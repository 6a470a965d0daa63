"""Pages of the site that are no Markdown file under docs/.

mkdocs calls `on_files` (see `hooks` in mkdocs.yml): notebooks become pages with the outputs
they were committed with, and the two documents at the root of the repository, which hosting
services look for there, get a page of their own.
"""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT_DOCUMENTS = ("CONTRIBUTING.md", "CHANGELOG.md")
_LINK = re.compile(r"(!?)\[([^\]]+)\]\(([^)\s]+)\)")
_ACTIVE = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages; the notebooks themselves stay files of the site, to be downloaded."""
    docs = Path(config["docs_dir"])
    for path in sorted(docs.glob("notebooks/*.ipynb")):
        source = path.relative_to(docs).with_suffix(".md").as_posix()
        files.append(File.generated(config, source, content=notebook_page(path)))
    for name in ROOT_DOCUMENTS:
        text = root_document((docs.parent / name).read_text(encoding="utf-8"))
        files.append(File.generated(config, name.lower(), content=text))
    return files


def root_document(text: str) -> str:
    """A document from the root of the repository with its links as the site has them.

    Links into docs/ and to the other root documents are kept. A link to a source file, which
    is not part of the site, keeps its text alone.
    """

    def moved(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match.group()
        if target in ROOT_DOCUMENTS:
            return f"[{label}]({target.lower()})"
        inside = target.removeprefix("docs/")
        if inside != target and inside.partition("#")[0].endswith((".md", ".png")):
            return f"{mark}[{label}]({inside})"
        return label

    return _LINK.sub(moved, text)


def notebook_page(path: Path) -> str:
    """Markdown of a notebook: its text, its code, and the outputs that stand in it."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    blocks: list[str] = []
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            blocks.append(source)
        else:
            blocks.append(_fenced(source, "python"))
            blocks.extend(block for output in cell["outputs"] for block in _shown(output))
    blocks.append(f"[Download this notebook]({path.name}){{ download }}")
    return "\n\n".join(blocks) + "\n"


def _shown(output: dict[str, Any]) -> Iterator[str]:
    if output["output_type"] == "stream":
        yield _fenced("".join(output["text"]), "text")
        return
    data = output["data"]
    if "image/png" in data:
        image = "".join(data["image/png"]).strip()
        label = html.escape(" ".join("".join(data.get("text/plain", "")).split()), quote=True)
        yield f'<img class="output" alt="{label}" src="data:image/png;base64,{image}">'
    elif "image/svg+xml" in data:
        yield _raw("".join(data["image/svg+xml"]))
    elif "text/html" in data:
        yield _raw("".join(data["text/html"]))
    else:
        yield _fenced("".join(data["text/plain"]), "text")


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def _raw(markup: str) -> str:
    # Blank lines would end a block of HTML in Markdown.
    kept = _ACTIVE.sub("", markup)
    lines = [line for line in kept.splitlines() if line.strip() and not line.startswith("<?xml")]
    return '<div class="output">\n' + "\n".join(lines) + "\n</div>"
