"""2,000 hostile rows, from the file to everything that is made of them."""

import csv
import gzip
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hostilerecipe import SOURCE
from hostilerows import NAMES, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molq.campaignfile import ScreenFile
from molq.cli.entry import run_arguments
from molq.environment import environment
from molq.run import Run
from screening.compute.executor import Inline
from screening.intake.library import LibraryError, LibraryRow, read
from screening.screen import ScreenPlan, run_screen
from screening.store.journal import Journal

COUNT = 2000
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")  # direction of writing, on a terminal
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def _csv(delimiter: str, quoting: int) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerow(["smiles", "name"])
    writer.writerows(rows(COUNT))
    return text.getvalue().encode("utf-8", "surrogatepass")


def _smi() -> bytes:
    lines = (re.sub(r"[\r\n]", " ", f"{smiles}\t{name}") for smiles, name in rows(COUNT))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _sdf() -> bytes:
    entries = []
    for number, (smiles, name) in enumerate(rows(COUNT)):
        molecule = Chem.MolFromSmiles("C" * (1 + number % 9))
        block = Chem.MolToMolBlock(molecule).splitlines()
        block[0] = name
        if number % 5 == 0:
            block[3 + number % max(1, len(block) - 3)] = smiles
        entries.append("\n".join(block) + f"\n>  <{name[:40]}>\n{smiles}\n\n$$$$\n")
    return "".join(entries).encode("utf-8", "surrogatepass")


FILES = {
    "comma.csv": lambda: _csv(",", csv.QUOTE_ALL),
    "minimal.csv": lambda: _csv(",", csv.QUOTE_MINIMAL),
    "semicolon.csv": lambda: _csv(";", csv.QUOTE_ALL),
    "tab.tsv": lambda: _csv("\t", csv.QUOTE_ALL),
    "packed.csv.gz": lambda: gzip.compress(_csv(",", csv.QUOTE_ALL)),
    "plain.smi": _smi,
    "entries.sdf": _sdf,
}


def _check(row: LibraryRow) -> None:
    outcomes = (row.candidate is not None, row.failure is not None, row.duplicate_of is not None)
    assert sum(outcomes) == 1, row
    assert not CONTROL.search(row.name), row
    assert "\n" not in row.name
    assert not CONTROL.search(row.text.replace("\n", " ")), row
    if row.failure is not None:
        assert row.failure.kind == "input"
        assert not CONTROL.search(row.failure.message), row
        assert len(row.failure.message) < 500


@pytest.mark.parametrize("name", FILES)
def test_every_row_of_every_format_has_one_outcome(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    found = list(read(path))
    for row in found:
        _check(row)
    assert [row.row for row in found] == list(range(1, len(found) + 1))
    if name in ("comma.csv", "semicolon.csv", "packed.csv.gz", "plain.smi"):
        assert COUNT * 0.95 < len(found) <= COUNT * 1.05  # blank lines; quotes that do not close
    assert sum(row.candidate is not None for row in found) > 5
    assert list(tmp_path.iterdir()) == [path]


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=400), ending=st.sampled_from([".csv", ".smi", ".sdf", ".csv.gz"]))
def test_any_bytes_are_rows_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    path = tmp_path_factory.mktemp("library") / f"library{ending}"
    path.write_bytes(content)
    message = ""
    try:
        for row in read(path):
            _check(row)
    except LibraryError as error:
        message = str(error)
    assert "\n" not in message


class Markup(HTMLParser):
    """What of a page is not text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.scripts: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._script = tag == "script"
        for name, value in attributes:
            self.attributes.add(name)
            if name in ("href", "src", "action", "xlink:href", "formaction", "data"):
                self.addresses.add((value or "").strip())

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts.append(data)


def _markup(page: str) -> Markup:
    found = Markup()
    found.feed(page)
    return found


def _screened(folder: Path, library: Path, title: str) -> Path:
    file = ScreenFile.from_document(
        {
            "library": {"path": str(library)},
            "screen": {"name": title},
            "objective": [{"name": "warhead-ea", "transform": "at_least", "low": -4.0}],
        },
        folder=folder,
        source="screen",
    )
    out = folder / "run"
    with Journal.create(
        out, kind="screen", settings=file.to_document(), environment=environment()
    ) as journal:
        (out / "screen.toml").write_text(file.to_toml(), encoding="utf-8")
        for name in NAMES:
            journal.log("note", f"somebody wrote {name}")
        plan = ScreenPlan(file.library, file.recipes, objectives=file.objective)
        run_screen(journal=journal, plan=plan, executor=Inline(2), sources={"warhead-ea": SOURCE})
    return out


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def run(outside: Path) -> Iterator[Path]:
    """A finished screen of the corpus, with its report."""
    (outside / "library.csv").write_bytes(_csv(",", csv.QUOTE_ALL))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(outside)
        out = _screened(outside, outside / "library.csv", "<script>alert('title')</script>")
        Run.open(out).report()
        yield out


def test_no_cell_of_a_table_is_a_formula_or_a_command(run: Path) -> None:
    for name in ("results.csv", "leads.csv"):
        content = (run / name).read_text(encoding="utf-8")
        assert not CONTROL.search(content)
        table = list(csv.reader(io.StringIO(content)))
        assert len({len(line) for line in table}) == 1
        for cell in (cell for line in table for cell in line):
            assert not FORMULA.match(cell) or NUMBER.fullmatch(cell), cell
    with (run / "results.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert len(table) > 1900
    assert {row["status"] for row in table} >= {"scored", "dropped", "duplicate"}
    assert "pending" not in {row["status"] for row in table}


@pytest.mark.parametrize("what", ["results", "library", "attempts", "cuts"])
def test_no_cell_of_an_export_is_a_formula(
    run: Path, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"{what}.csv"
    assert run_arguments(["export", str(run), "--what", what, "--out", str(out)]) == 0
    content = out.read_text(encoding="utf-8")
    assert not CONTROL.search(content)
    for cell in (cell for line in csv.reader(io.StringIO(content)) for cell in line):
        assert not FORMULA.match(cell) or NUMBER.fullmatch(cell), cell
    table = tmp_path / f"{what}.parquet"
    assert run_arguments(["export", str(run), "--what", what, "--out", str(table)]) == 0
    assert table.stat().st_size > 0
    assert not TURNING.search(capsys.readouterr().err)


def test_no_entry_of_an_sd_file_ends_early(run: Path, tmp_path: Path) -> None:
    names = [run / "leads.sdf"]
    for what in ("results", "leads"):
        names.append(tmp_path / f"{what}.sdf")
        assert run_arguments(["export", str(run), "--what", what, "--out", str(names[-1])]) == 0
    for path in names:
        entries = [mol for mol in Chem.SDMolSupplier(str(path)) if mol is not None]
        assert len(entries) == path.read_text(encoding="utf-8").count("\n$$$$\n")
        assert len(entries) > 0


def test_no_name_becomes_markup_in_the_report(run: Path, outside: Path) -> None:
    plain = outside / "plain"
    plain.mkdir()
    (plain / "library.csv").write_text("smiles,name\nCCO,ethanol\nCN,amine\nC1CC,broken\n")
    page = _screened(plain, plain / "library.csv", "plain")
    Run.open(page).report()
    ours = _markup((page / "report.html").read_text(encoding="utf-8"))
    theirs = _markup((run / "report.html").read_text(encoding="utf-8"))
    assert theirs.tags - ours.tags <= {"path", "g", "circle", "line", "rect", "text", "wbr"}
    assert not [name for name in theirs.attributes if name.startswith("on")]
    assert not [to for to in theirs.addresses if not to.startswith("#")]
    assert len(theirs.scripts) == len(ours.scripts)
    for script in theirs.scripts:
        assert "alert(" not in script


@pytest.mark.parametrize(
    "arguments",
    [("status",), ("leads",), ("leads", "--json"), ("status", "--json"), ("logs",), ("verify",)],
    ids=" ".join,
)
def test_no_name_commands_the_terminal(
    run: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *options = arguments
    assert run_arguments([verb, str(run), *options]) == 0
    shown = capsys.readouterr()
    assert shown.out
    for text in shown:
        assert not CONTROL.search(text)
        assert not TURNING.search(text)


def test_nothing_is_written_beside_the_run(run: Path, outside: Path) -> None:
    assert {path.name for path in outside.iterdir()} <= {"library.csv", "run", "plain"}
    assert not list(Path("/").glob("outside*"))
    for path in run.rglob("*"):
        assert not path.is_symlink()
        assert path.parent == run or path.parent.parent == run
