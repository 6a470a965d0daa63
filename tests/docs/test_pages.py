"""The Markdown pages: links lead somewhere, code is code, a broken list is no paragraph."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import textwrap
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
)
OWN = ("molq", "screening", "generative", "simulation")

_FENCE = re.compile(r"^( *)```(\S*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """The text without what is quoted as code."""
    return _CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """What `#...` may name, by the rule of hosting services and of the site."""
    found = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        words = re.sub(r"[^\w\- ]", "", heading.lower()).strip()
        found |= {words.replace(" ", "-"), re.sub(r"[-\s]+", "-", words)}
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    lost = []
    for target in _LINK.findall(prose(page)):
        if "://" in target or target.startswith("mailto:"):
            continue
        where, _, anchor = target.partition("#")
        file = (page.parent / where).resolve() if where else page
        made = file.parent == ROOT / "docs" and file.name in ("contributing.md", "changelog.md")
        if made:  # docs/sitepages.py makes it for the site
            continue
        notebook = file.with_suffix(".ipynb")
        if notebook.parent.name == "notebooks" and notebook.is_file():
            continue
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            lost.append(target)
    assert not lost


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_list_is_set_apart_from_the_paragraph_before_it(page: Path) -> None:
    """Else the site runs it into the paragraph."""
    lines = prose(page).splitlines()
    joined = [
        line
        for before, line in pairwise(lines)
        if re.match(r"(- |\d+\. )", line) and before and not re.match(r"[-#>\s|]|\d+\. ", before)
    ]
    assert not joined


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_word_in_angle_brackets_is_lost_as_a_tag(page: Path) -> None:
    text = "\n".join(line for line in prose(page).splitlines() if not line.startswith("    "))
    assert not re.findall(r"(?<!\\)</?[A-Za-z][^>\n]*>", text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_of_a_page_compiles_and_names_what_exists(page: Path) -> None:
    for _, language, block in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language != "python":
            continue
        tree = compile(
            textwrap.dedent(block), name_of(page), "exec",
            flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        )  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and _is_own(node.module):
                module = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(module, alias.name) or importlib.util.find_spec(
                        f"{node.module}.{alias.name}"
                    ), f"{node.module}.{alias.name}"
            elif isinstance(node, ast.Import):
                for alias in filter(lambda a: _is_own(a.name), node.names):
                    importlib.import_module(alias.name)
            elif _of_molq(node):
                assert hasattr(importlib.import_module("molq"), node.attr), node.attr


def _is_own(module: str) -> bool:
    return module.partition(".")[0] in OWN


def _of_molq(node: ast.AST) -> bool:
    """Whether a node is `molq.something`."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "molq"
    )


def test_every_picture_is_made_by_the_command_and_shown() -> None:
    spec = importlib.util.spec_from_file_location("figures", ROOT / "docs" / "figures.py")
    assert spec is not None
    assert spec.loader is not None
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    there = {path.stem for path in figures.IMAGES.iterdir()}
    assert there == set(figures.FIGURES)
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert all(f"images/{name}.png" in shown for name in there)


GUIDE = ROOT / "docs" / "guides" / "computational-chemist.md"


def block(heading: str) -> str:
    """The first Python below a heading of the guide."""
    _, _, below = GUIDE.read_text(encoding="utf-8").partition(f"{heading}\n")
    found = _FENCE.search(below)
    assert found is not None, heading
    assert found.group(2) == "python", heading
    return found.group(3)


def test_the_steps_of_the_guide_end_near_the_exact_energy() -> None:
    names: dict[str, object] = {}
    exec(compile(block("## One step at a time"), str(GUIDE), "exec"), names)
    state, exact = names["state"], names["exact"]
    assert 0 <= 1000 * (state.energy - exact.energy) <= 0.1  # mHa, as the comment says
    assert names["group"].name == "acrylamide C1=C2-C3=O5"


def test_the_recipe_of_the_guide_computes_an_ionisation_potential() -> None:
    from simulation.settings import SimulationSettings
    from simulation.workup import Workup

    names: dict[str, object] = {}
    exec(compile(block("### A recipe, in ten lines"), str(GUIDE), "exec"), names)
    settings = SimulationSettings(conformers=1, basis="sto-3g", density_fit=False, solver="casci")
    score = names["RECIPE"].score(Workup("C=CC(N)=O", settings, seed=1))
    assert score.recipe == "warhead-ip"
    assert score.value == pytest.approx(score.sites[0].ionisation_potential)
    assert 5 < score.value < 15  # eV


def test_the_scorer_of_the_guide_is_a_scorer() -> None:
    from rdkit import Chem

    names: dict[str, object] = {}
    exec(compile(block("### A scorer, in ten lines"), str(GUIDE), "exec"), names)
    assert names["SCORER"].score(Chem.MolFromSmiles("CCc1ccccc1")) == pytest.approx(0.25)
