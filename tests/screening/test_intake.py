"""A library comes into the journal whole, in order, whatever its rows do to who reads them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from faultyrecipe import PLANS, SOURCE, TRACE
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from screening.compute.executor import Inline
from screening.failure import Failure
from screening.filters import FilterSettings, refusal
from screening.intake import intake
from screening.intake.firstrows import FirstRows
from screening.intake.intake import COMPLETE, Sieve, take_in
from screening.intake.intakepool import IntakePool
from screening.intake.library import LibraryError, LibrarySettings, read
from screening.intake.standardise import Parent, molecule
from screening.intake.structure import Structure
from screening.intake.verdict import Verdict, judged
from screening.intake.verdict import read as read_verdict
from screening.intake.verdict import written as written_verdict
from screening.progress import LibraryRead, MoleculeDone
from screening.screen import ScreenPlan, run_screen
from screening.store.journal import Journal

DATA = Path(__file__).parent / "data"
OPEN = Sieve((), FilterSettings(), {})
STRICT = Sieve((), FilterSettings(max_molecular_weight=120.0, brenk="drop"), {})

# A recipe that asks for a place in a molecule may do anything to its process.
DANGEROUS = """
import os, signal
from rdkit import Chem

class Dangerous:
    name = "dangerous"
    applies_to = ("anything",)

    def sites(self, mol):
        smiles = Chem.MolToSmiles(mol)
        if smiles == "CCBr":
            os.kill(os.getpid(), signal.SIGSEGV)
        if smiles == "CCI":
            while True:
                pass
        if smiles == "CCCl":
            raise ValueError("no such thing")
        if smiles == "CCF":
            return bytearray(1 << 40)
        return () if smiles == "CCS" else ((0,),)

recipe = Dangerous()
"""


def start(folder):
    return Journal.create(folder, kind="screen", settings={}, environment={})


def amides(n):
    """Different molecules that harm nobody."""
    return [f"{'C' * (1 + i % 30)}C(=O)N{'C' * (1 + i // 30)}" for i in range(n)]


def table(path, rows):
    path.write_text("smiles,name\n" + "".join(f"{row},m{i}\n" for i, row in enumerate(rows, 1)))
    return LibrarySettings(path=path)


def taken_in(folder, library, sieve=OPEN, **how):
    with start(folder) as journal:
        given_ = list(take_in(journal, library, sieve, lambda event: None, **how))
        assert journal.marked(COMPLETE)
        return [x for x in given_ if x is not None], list(journal.library_rows())


@pytest.fixture(scope="module")
def pool():
    with IntakePool(2, 80, STRICT) as pool:
        yield pool


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("sieve", [OPEN, STRICT])
def test_rows_are_what_they_are_without_processes(tmp_path, sieve, processes):
    header, hostile = (DATA / "hostile.csv").read_bytes().split(b"\n", 1)
    ordinary = "".join(f"m,{smiles}\n" for smiles in amides(300))
    path = tmp_path / "library.csv"
    path.write_bytes(header + b"\n" + ordinary.encode() + hostile)
    library = LibrarySettings(path=path)
    expected = []
    for row in read(library):
        failure = None if row.candidate is None else sieve.refuses(row.candidate)
        expected.append((row, failure))
    candidates, rows = taken_in(tmp_path / "run", library, sieve, processes=processes)
    assert len(rows) == len(expected) > 300
    for row, (plain, failure) in zip(rows, expected, strict=True):
        assert (row.row, row.text, row.name, row.notes) == (
            plain.row,
            plain.text,
            plain.name,
            plain.notes,
        )
        assert row.duplicate_of == plain.duplicate_of
        assert row.failure == (plain.failure or failure)
        assert row.candidate == plain.candidate
    assert candidates == [
        row.candidate for row, failure in expected if row.candidate and not failure
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=40),
            st.text(alphabet="CNOcno()[]=#123+-@H/\\.FlSBrX*% |", max_size=40),
            st.sampled_from(amides(40)),
        ),
        max_size=30,
    )
)
def test_a_process_says_what_the_function_says(pool, texts):
    structures = [Structure(text) for text in texts]
    assert pool.submit(structures).result() == [judged(x, 80, STRICT) for x in structures]


def test_drawings_and_texts_too_large_for_a_pipe_are_read(pool):
    drawn = Structure(Chem.MolToMolBlock(molecule("C=CC(N)=O")), is_block=True)
    broken = Structure("no mol block" * 100_000, is_block=True)
    verdicts = pool.submit([drawn, broken, Structure("C" * 90_000)]).result()
    assert isinstance(verdicts[0].parent, Parent)
    assert verdicts[0].parent.smiles == "C=CC(N)=O"
    assert "mol block cannot be read" in verdicts[1].parent.message
    assert "90000 characters" in verdicts[2].parent.message


@given(
    st.builds(
        Verdict,
        st.one_of(
            st.builds(Parent, st.text(), st.text(), st.lists(st.text()).map(tuple)),
            st.builds(Failure, st.just("input"), st.text(), st.text()),
        ),
        st.none(),
    )
)
def test_a_verdict_survives_its_way(verdict):
    assert read_verdict(written_verdict(verdict)) == verdict


@pytest.fixture
def dangerous(tmp_path, monkeypatch):
    (tmp_path / "dangerousrecipe.py").write_text(DANGEROUS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Sieve(("dangerous",), FilterSettings(), {"dangerous": "dangerousrecipe:recipe"})
    sys.modules.pop("dangerousrecipe", None)


def test_a_row_that_ends_its_process_is_that_row_s_failure(dangerous):
    texts = ["CCO", "CCBr", "CCC", "CCI", "CCCl", "CCF", "CCS", "CCN"]
    with IntakePool(1, 80, dangerous, row_limit_s=0.3) as pool:
        verdicts = pool.submit([Structure(text) for text in texts]).result()
        again = pool.submit([Structure("CCO")]).result()
    found = dict(zip(texts, verdicts, strict=True))
    for text in ("CCO", "CCC", "CCN"):
        assert isinstance(found[text].parent, Parent)
        assert found[text].refusal is None
    for text, words in (("CCBr", "crashed with SIGSEGV"), ("CCI", "more than 0.3 s of CPU time")):
        assert found[text].parent.kind == "input"
        assert words in found[text].parent.message
    assert "ran out of memory" in found["CCF"].parent.message
    assert "unexpected ValueError: no such thing" in found["CCCl"].refusal.message
    assert "does not apply" in found["CCS"].refusal.message
    assert isinstance(again[0].parent, Parent)


def test_a_process_killed_from_outside_blames_no_row():
    texts = [Structure(text) for text in amides(60)]
    expected = [judged(x, 80, None) for x in texts]
    with IntakePool(1, 80, OPEN) as pool:
        assert pool.submit(texts).result() == expected
        [pid] = pool.pids
        os.kill(pid, signal.SIGKILL)
        assert pool.submit(texts).result() == expected
        assert pool.pids != [pid]


def test_a_process_that_hangs_without_working_is_replaced():
    with IntakePool(1, 80, OPEN, silence_limit_s=1.0) as pool:
        pool.submit([Structure("C")]).result()
        [pid] = pool.pids
        os.kill(pid, signal.SIGSTOP)
        [verdict] = pool.submit([Structure("CCO")]).result()
        assert verdict == judged(Structure("CCO"), 80, None)
        assert not psutil.pid_exists(pid)


def test_no_process_outlives_the_intake(tmp_path):
    library = table(tmp_path / "long.csv", amides(900))
    before = set(psutil.Process().children())
    with start(tmp_path / "run") as journal:
        rows = take_in(journal, library, OPEN, lambda event: None, processes=2)
        for row in rows:
            if row is not None and row.row > 300:
                break
        started = set(psutil.Process().children()) - before
        assert any("screening.intake.intakeworker" in child.cmdline() for child in started)
        rows.close()
        _, alive = psutil.wait_procs(started, timeout=10)
        assert not alive


def test_processes_that_cannot_start_end_the_intake_in_one_line(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        IntakePool(1, 80, OPEN) as pool,
        pytest.raises(LibraryError, match="reads molecules ended with status 1"),
    ):
        pool.submit([Structure("C")]).result()
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with (
        IntakePool(1, 80, OPEN) as pool,
        pytest.raises(LibraryError, match="no process can be started"),
    ):
        pool.submit([Structure("C")]).result()


def test_a_later_session_repeats_no_chemistry(tmp_path):
    path = tmp_path / "long.csv"
    molecules = amides(700)
    library = table(path, [*molecules, *molecules[:20]])
    whole = taken_in(tmp_path / "whole", library)
    with start(tmp_path / "run") as journal:
        rows = take_in(journal, library, OPEN, lambda event: None)
        for row in rows:
            if row is not None and row.row == 250:
                break
        rows.close()
        seen = journal.last_library_row()
        assert 250 <= seen < 700
    # what was taken in is not looked at again: it could be anything now
    table(path, [*["broken("] * seen, *molecules[seen:], *molecules[:20]])
    with Journal.open(tmp_path / "run") as journal:
        left = list(take_in(journal, library, OPEN, lambda event: None))
        assert [row.row for row in left if row is not None] == list(range(seen + 1, 701))
        assert list(journal.library_rows()) == whole[1]
        assert list(take_in(journal, library, OPEN, lambda event: None)) == []


def test_many_rows_without_a_molecule_are_no_silence(tmp_path):
    library = table(tmp_path / "empty.csv", ["broken("] * 900)
    with start(tmp_path / "run") as journal:
        moments = list(take_in(journal, library, OPEN, lambda event: None, processes=1))
        assert moments
        assert set(moments) == {None}
        assert journal.library_counts()["dropped"] == 900


def test_few_ordinary_rows_need_no_process(tmp_path, monkeypatch):
    def none(*args):
        raise AssertionError("a process for three rows")

    monkeypatch.setattr(intake, "IntakePool", none)
    assert len(taken_in(tmp_path / "run", table(tmp_path / "few.csv", amides(200)))[0]) == 200
    with pytest.raises(AssertionError):
        taken_in(tmp_path / "odd", table(tmp_path / "odd.csv", ["CO", "C" * 151, "CCO"]))


@given(st.lists(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
def test_first_rows_are_those_of_a_dictionary(keys):
    expected = {}
    table = FirstRows()
    for row, key in enumerate(keys, 1):
        assert table.first(key, row) == expected.setdefault(key, row)
    again = FirstRows()
    again.add(expected.items())
    for key, row in expected.items():
        assert again.first(key, 10**9) == row
    table.close()
    again.close()


def test_no_room_for_the_first_rows_is_said_in_one_line():
    table = FirstRows()
    table.first("A", 1)
    table._table.execute("PRAGMA query_only = ON")
    with pytest.raises(LibraryError, match="free some space"):
        table.first("B", 2)
    with pytest.raises(LibraryError, match="TMPDIR"):
        table.add([("B", 2)])


@pytest.mark.parametrize(
    ("filters", "drops_nothing"),
    [
        ({}, True),
        ({"pains": "off", "brenk": "flag"}, True),
        ({"pains": "drop"}, False),
        ({"brenk": "drop"}, False),
        ({"max_heavy_atoms": 3}, False),
        ({"min_molecular_weight": 0.0}, False),
        ({"max_molecular_weight": 1e9}, False),
        ({"min_logp": 0.0}, False),
        ({"max_logp": 9.0}, False),
        ({"required": ("C",)}, False),
        ({"forbidden": ("[Xe]",)}, False),
    ],
)
def test_what_drops_nothing_drops_nothing(filters, drops_nothing):
    filters = FilterSettings(**filters)
    assert filters.drops_nothing is drops_nothing
    sieve = Sieve((), filters, {})
    assert sieve.is_open is drops_nothing
    if drops_nothing:
        assert sieve.settings() is None
        for smiles in ("Oc1ccccc1O", "C=CC(N)=O", "C" * 80):
            assert refusal(molecule(smiles), filters) is None
    else:
        copy = Sieve.from_settings(sieve.settings())
        assert copy.settings() == sieve.settings()


def test_the_program_ends_with_its_pipe():
    with IntakePool(1, 80, OPEN) as pool:
        pool.submit([Structure("C")]).result()
        [pid] = pool.pids
        process = psutil.Process(pid)
        child = pool._children[0]._process
        child.stdin.close()
        assert child.wait(timeout=10) == 0
        assert not process.is_running()


def test_results_are_looked_after_while_the_library_holds_no_molecule(tmp_path, monkeypatch):
    (tmp_path / "plans.json").write_text("{}")
    (tmp_path / "trace").touch()
    monkeypatch.setenv(PLANS, str(tmp_path / "plans.json"))
    monkeypatch.setenv(TRACE, str(tmp_path / "trace"))
    library = table(tmp_path / "poor.csv", ["CCO", *["broken("] * 1500, "CCN"])
    events = []
    with start(tmp_path / "run") as journal:
        run_screen(
            journal=journal,
            plan=ScreenPlan(library, ("faulty",)),
            executor=Inline(2),
            on_event=events.append,
            sources={"faulty": SOURCE},
        )
    told = [type(event) for event in events if isinstance(event, MoleculeDone | LibraryRead)]
    assert told == [MoleculeDone, LibraryRead, MoleculeDone]


WORKER = "screening.intake.intakeworker"


def test_a_machine_s_own_limit_of_memory_is_kept():
    shared = {"max_heavy_atoms": 80, "sieve": None, "row_limit_s": 5, "memory_limit_mb": 8192}
    done = subprocess.run(
        # no process may raise a hard limit
        ["sh", "-c", f"ulimit -v 4194304 && exec {sys.executable} -P -m {WORKER}"],
        input=f"{json.dumps(shared)}\n{json.dumps([['CCO', False]])}\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    ready, answer = done.stdout.splitlines()
    assert json.loads(ready) == {"ready": True}
    assert read_verdict(json.loads(answer)[0]) == judged(Structure("CCO"), 80, None)
