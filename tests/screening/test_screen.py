import csv
import errno
import json

import pytest
from faultyrecipe import PLANS, SOURCE, TRACE
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from screening import runfiles
from screening.compute.executor import Inline
from screening.filters import FilterSettings
from screening.intake.intake import COMPLETE
from screening.intake.library import LibrarySettings
from screening.objective import ObjectiveSettings
from screening.progress import LibraryRead, MoleculeDone
from screening.screen import ScreenPlan, run_screen
from screening.store.journal import Journal, JournalError

SOURCES = {"faulty": SOURCE}

HOSTILE = [
    ("CCO", "ethanol", "scored"),
    ("", "empty", "dropped"),
    ("C1CC", "open ring", "dropped"),
    ("OCC", "again", "duplicate"),
    ("CCN", '=HYPERLINK("http://x","y")', "scored"),
    ("CCC", "<script>alert(1)</script>", "scored"),
    ("CCCl", "-5", "scored"),
    ("CCBr", "-1+1", "scored"),
    ("[Na+].CC(=O)[O-]", "@salt", "scored"),
    ("C" * 300, "long", "dropped"),
    ("[CH3]", "radical", "dropped"),
    ("CCF", "fails", "failed"),
    ("FCC", "fails too", "duplicate"),
    ("c1ccccc1O", "filtered", "dropped"),
    ("Oc1ccccc1", "filtered too", "duplicate"),
    ("=cmd|'/c calc'!A1", "+1", "dropped"),
]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    path = tmp_path / "library.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("smiles", "name"), *((smiles, name) for smiles, name, _ in HOSTILE)]
        )
    (tmp_path / "plans.json").write_text(json.dumps({"CCF": {"mode": "convergence"}}))
    (tmp_path / "trace").touch()
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    monkeypatch.setenv(TRACE, str(tmp_path / "trace"))
    return ScreenPlan(
        LibrarySettings(path=path),
        ("faulty",),
        filters=FilterSettings(forbidden=("c[OX2H]",)),
        objectives=(ObjectiveSettings(name="faulty", transform="at_least", low=-4.0),),
    )


def screen(journal, plan, listener=None):
    run_screen(journal=journal, plan=plan, executor=Inline(2), on_event=listener, sources=SOURCES)


def start(folder):
    return Journal.create(folder, kind="screen", settings={}, environment={})


def table(folder):
    with (folder / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_ends_in_a_score_or_a_reason_in_the_order_of_the_input(plan, tmp_path):
    events = []
    with start(tmp_path / "run") as journal:
        screen(journal, plan, events.append)
        assert journal.finished
    rows = table(tmp_path / "run")
    assert [int(row["row"]) for row in rows] == list(range(1, len(HOSTILE) + 1))
    assert [row["status"] for row in rows] == [status for _, _, status in HOSTILE]
    for row in rows:
        assert (row["faulty [eV]"] != "") == (
            row["status"] == "scored" or row["message"] == "same molecule as row 1"
        )
        if row["status"] in ("dropped", "failed"):
            assert row["failure_kind"] in ("input", "convergence")
            assert row["failure_step"] in ("library", "filters", "meanfield")
            assert row["message"]
    assert rows[3]["faulty [eV]"] == rows[0]["faulty [eV]"]
    assert rows[8]["smiles"] == "CC(=O)O"
    assert rows[12]["message"] == "same molecule as row 12; did not converge on any rung"
    assert rows[13]["failure_step"] == rows[14]["failure_step"] == "filters"
    assert rows[13]["smiles"] == "Oc1ccccc1"
    assert list(rows[0])[9:] == [
        "faulty [eV]",
        "faulty CASCI deviation [mHa]",
        "faulty hf-lumo [eV]",
        "faulty flags",
    ]
    (read,) = [event for event in events if isinstance(event, LibraryRead)]
    assert (read.rows, read.candidates, read.dropped, read.duplicates) == (16, 7, 6, 3)
    done = [event for event in events if isinstance(event, MoleculeDone)]
    assert [event.done for event in done] == list(range(1, 8))
    assert done[-1].total == 7


def test_no_cell_is_a_formula(plan, tmp_path):
    with start(tmp_path / "run") as journal:
        screen(journal, plan)
    for name in ("results.csv", "leads.csv"):
        with (tmp_path / "run" / name).open(newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        for text in cells:
            if text.startswith(("=", "+", "-", "@")):
                float(text)
    names = [row["name"] for row in table(tmp_path / "run")]
    assert names[4] == """'=HYPERLINK("http://x","y")"""
    assert names[6:8] == ["-5", "'-1+1"]


def test_a_screen_stopped_anywhere_resumes_to_the_same_table(plan, tmp_path):
    with start(tmp_path / "whole") as journal:
        screen(journal, plan)
    whole = (tmp_path / "whole" / "results.csv").read_text()
    computed = len((tmp_path / "trace").read_text().splitlines())
    for stop in (1, 2, 4, 7):
        (tmp_path / "trace").write_text("")
        folder = tmp_path / f"stopped-{stop}"
        left = stop

        def listener(event):
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        with start(folder) as journal, pytest.raises(KeyboardInterrupt):
            screen(journal, plan, listener)
        pending = [row["status"] for row in table(folder)].count("pending")
        assert 0 < pending <= 7
        with Journal.open(folder) as journal:
            screen(journal, plan)
        assert (folder / "results.csv").read_text() == whole
        # The one that was being computed when the stop came may begin anew.
        assert len((tmp_path / "trace").read_text().splitlines()) <= computed + 1


def test_a_long_library_is_taken_in_as_workers_come_free(tmp_path):
    path = tmp_path / "long.smi"
    path.write_text("".join(f"{'C' * (1 + n % 40)}O m{n}\n" for n in range(2000)))
    plan = ScreenPlan(LibrarySettings(path=path), ("faulty",))
    seen = []

    def listener(event):
        if isinstance(event, MoleculeDone):
            seen.append((journal.last_library_row(), event.total))
            if len(seen) == 3:
                raise KeyboardInterrupt

    with start(tmp_path / "run") as journal, pytest.raises(KeyboardInterrupt):
        screen(journal, plan, listener)
    assert seen == [(200, None)] * 3
    with Journal.open(tmp_path / "run") as journal:
        assert journal.marked(COMPLETE) is None
        screen(journal, plan)
        assert journal.library_counts() == {
            "rows": 2000,
            "passed": 40,
            "dropped": 0,
            "duplicates": 1960,
        }
    assert {row["status"] for row in table(tmp_path / "run")} == {"scored", "duplicate"}


def test_leads_of_a_screen_hold_their_geometry(plan, tmp_path):
    with start(tmp_path / "run") as journal:
        screen(journal, plan)
    mols = list(Chem.SDMolSupplier(str(tmp_path / "run" / "leads.sdf"), removeHs=False))
    assert len(mols) == 6
    utilities = [float(mol.GetProp("utility")) for mol in mols]
    assert utilities == sorted(utilities, reverse=True)
    for mol in mols:
        assert mol.GetConformer().Is3D()
        assert (
            mol.GetNumAtoms() == Chem.AddHs(Chem.MolFromSmiles(mol.GetProp("smiles"))).GetNumAtoms()
        )


@given(st.one_of(st.text(), st.text("=+-@\t\x1f 1eE._x")))
def test_a_cell_begins_no_formula_unless_it_is_a_number(text):
    cell = runfiles.cell(text)
    assert not any(ord(c) < 32 for c in cell)
    if cell.lstrip().startswith(("=", "+", "-", "@")):
        float(cell)


def test_numbers_are_written_as_numbers():
    values = [-4.85, 3, None, float("nan"), float("inf"), 1e-12]
    assert [runfiles.cell(v) for v in values] == ["-4.85", "3", "", "", "", "1e-12"]


def test_a_table_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "results.csv"
    runfiles.write_table(path, ["a"], [["old"]])

    def broken():
        yield ["new"]
        raise RuntimeError("killed here")

    with pytest.raises(RuntimeError):
        runfiles.write_table(path, ["a"], broken())
    assert path.read_text() == "a\nold\n"
    assert list(tmp_path.iterdir()) == [path]


def test_no_file_takes_the_place_of_a_journal(tmp_path):
    journal = tmp_path / "journal.sqlite"
    journal.write_text("the truth")
    with pytest.raises(JournalError, match="choose another"):
        runfiles.write_table(journal, ["a"], [])
    assert journal.read_text() == "the truth"


def test_a_file_that_cannot_be_written_says_what_to_do_about_it(tmp_path):
    with pytest.raises(JournalError, match=r"No such file or directory\): check the path$"):
        runfiles.write_table(tmp_path / "nowhere" / "results.csv", ["a"], [])

    def filled():
        yield ["row"]
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(JournalError, match=r"No space left on device\): free some space$"):
        runfiles.write_table(tmp_path / "results.csv", ["a"], filled())
    (tmp_path / "journal.sqlite").touch()
    with pytest.raises(JournalError, match="beside it is whole: free some space, then `molq resum"):
        runfiles.write_table(tmp_path / "results.csv", ["a"], filled())
