import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest
from faultyrecipe import number_score
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from screening.acquisition import Selection
from screening.candidate import Candidate
from screening.compute.evaluation import Usage
from screening.failure import Failure
from screening.intake.library import LibraryRow
from screening.scorecolumns import ScoreColumns
from screening.store import database, runlock, schema
from screening.store.checksum import digest
from screening.store.journal import AddressRecord, Cut, Journal, JournalError, Result
from screening.store.reviewbook import ReviewBook


def candidate(smiles, row=None, name="", origin="library"):
    return Candidate(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles)), smiles, name, origin, row)


def result(smiles, round=None, outcome=None):
    outcome = number_score(smiles) if outcome is None else outcome
    return Result(candidate(smiles), "faulty", outcome, round, 1, 1.5, 1.25, 99.5)


def create(folder, **changes):
    fields = {"kind": "campaign", "settings": {"a": [1, None]}, "environment": {"molq": "0"}}
    return Journal.create(folder, **{**fields, **changes})


@pytest.fixture
def journal(tmp_path):
    with create(tmp_path / "run") as journal:
        yield journal


def test_a_run_is_created_once_and_opened_ever_after(tmp_path):
    with create(tmp_path / "a" / "run") as journal:
        assert journal.kind == "campaign"
        assert journal.settings() == {"a": [1, None]}
        assert journal.environment() == {"molq": "0"}
        assert not journal.finished
        journal.finish()
    with pytest.raises(JournalError, match=r"already holds a run.*molq resume"):
        create(tmp_path / "a" / "run")
    with Journal.open(tmp_path / "a" / "run") as journal:
        assert journal.finished


def test_everything_is_read_back_as_it_was_written(journal):
    alcohol, amine = candidate("CCO", 1, "=alcohol"), candidate("CCN", origin="generator")
    rows = [
        LibraryRow(1, "CCO", "=alcohol", candidate=alcohol, notes=("salt stripped",)),
        LibraryRow(2, "xx", "", failure=Failure("input", "library", "not a SMILES")),
        LibraryRow(3, "OCC", "again", duplicate_of=1),
    ]
    journal.add_library(rows)
    assert list(journal.library_rows()) == rows
    assert journal.library_row(3) == rows[2]
    assert journal.library_row(4) is None
    assert journal.last_library_row() == 3
    assert journal.library_counts() == {"rows": 3, "passed": 1, "dropped": 1, "duplicates": 1}

    journal.begin_round(1, seed=7, pool_size=2, generator_note="g", surrogate_note="s")
    chosen = [
        Selection(amine, 1, {"faulty": (-4.5, 0.25)}, 0.5, 0.125, 0.0625, "why"),
        Selection(alcohol, 2, {}, 0.25, 0.0, 0.0, "why not"),
    ]
    journal.add_selections(1, chosen)
    assert [s.candidate for s in journal.selections(1)] == [amine, alcohol]
    first = journal.selections()[0]
    assert first.round == 1
    assert first.predicted == {"faulty": (-4.5, 0.25)}
    assert (first.utility_mean, first.utility_std, first.acquisition) == (0.5, 0.125, 0.0625)
    assert first.reason == "why"
    assert journal.selections(2) == []
    assert journal.candidates() == [alcohol, amine]

    failure = Failure("random", "geometry", "no conformer")
    one, number = journal.begin_attempt(alcohol.inchikey, "faulty")
    assert number == 1
    journal.end_attempt(one, failure, Usage(1.0, 2.0, 3.0))
    two, number = journal.begin_attempt(alcohol.inchikey, "faulty")
    assert number == 2
    attempts = journal.attempts()
    assert [a.id for a in attempts] == [one, two]
    assert (attempts[0].outcome, attempts[0].failure) == ("failed", failure)
    assert (attempts[0].wall_seconds, attempts[0].peak_memory_mb) == (1.0, 3.0)
    assert (attempts[1].finished, attempts[1].outcome) == (None, None)
    assert journal.failures(alcohol.inchikey, "faulty") == [failure]

    scored = Result(alcohol, "faulty", number_score("CCO"), 1, 2, 1.5, 1.25, 99.5)
    failed = Result(amine, "faulty", failure, 1, 3, 0.0, 0.0, 0.0)
    journal.record(scored)
    journal.record(failed)
    assert sorted(journal.results(), key=lambda r: r.attempt) == [scored, failed]
    assert journal.results_of(alcohol.inchikey) == [scored]
    assert journal.has_result(alcohol.inchikey, "faulty")
    assert not journal.has_result(alcohol.inchikey, "another")
    columns = journal.columns("faulty")
    assert columns == ScoreColumns.of("faulty", [r.score for r in journal.results() if r.score])
    assert (columns.unit, columns.baselines) == ("eV", (("hf-lumo", "eV"),))
    assert journal.counts() == {
        "rows": 3,
        "candidates": 2,
        "scored": 1,
        "failed": 1,
        "attempts": 2,
    }

    assert journal.rounds()[0].finished is None
    journal.finish_round(1, {"best_utility": 0.5, "calibration": {}})
    record = journal.rounds()[0]
    assert (record.seed, record.pool_size, record.generator_note) == (7, 2, "g")
    assert record.finished is not None
    assert record.summary == {"best_utility": 0.5, "calibration": {}}
    journal.log("run", "a line")
    assert [(e.kind, e.message) for e in journal.events()] == [("run", "a line")]


def test_results_come_in_one_order_however_they_were_written(tmp_path):
    results = [result("CCO", 2), result("CCN", 1), result("CCC", 1), result("CCF", 2)]
    orders = []
    for name, order in (("a", results), ("b", results[::-1])):
        with create(tmp_path / name) as journal:
            for each in order:
                journal.record(each)
            orders.append(journal.results())
    assert orders[0] == orders[1]
    assert [r.round for r in orders[0]] == [1, 1, 2, 2]


def test_a_molecule_has_one_final_result(journal):
    journal.record(result("CCO"))
    with pytest.raises(JournalError, match="UNIQUE"):
        journal.record(result("CCO"))
    assert len(journal.results()) == 1


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(), name=st.text(), message=st.text())
def test_any_text_goes_in_and_comes_out(journal, text, name, message):
    row = journal.last_library_row() + 1
    written = LibraryRow(row, text, name, failure=Failure("input", "library", message))
    journal.add_library([written])
    assert journal.library_row(row) == written


def test_half_a_character_does_not_stop_a_run(journal):
    journal.add_library([LibraryRow(1, "C\udcff", "\ud800", duplicate_of=1)])
    assert journal.library_row(1).text == "C?"


def test_a_transaction_is_all_or_nothing(journal):
    def half():
        with journal.transaction():
            journal.log("run", "one")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        half()
    assert journal.events() == []
    with journal.transaction():
        journal.log("run", "one")
        with journal.transaction():
            journal.log("run", "two")
        assert journal.events() == []
    assert len(journal.events()) == 2


def test_a_selection_that_cannot_be_written_leaves_no_half_round(journal):
    def begin():
        with journal.transaction():
            journal.begin_round(1, seed=0, pool_size=1, generator_note="", surrogate_note="")
            chosen = Selection(candidate("CCO"), 1, {}, 0.0, 0.0, 0.0, "")
            journal.add_selections(1, [chosen, chosen])

    with pytest.raises(JournalError):
        begin()
    assert journal.rounds() == []
    assert journal.candidates() == []


WRITER = """
import sys
from screening.store.journal import Journal, JournalError
try:
    Journal.open(sys.argv[1])
except JournalError as error:
    sys.exit(str(error))
"""


def test_a_second_writer_is_refused_with_the_name_of_the_first(journal):
    with pytest.raises(JournalError, match=r"in use by process \d+"):
        Journal.open(journal.directory)
    other = subprocess.run(
        [sys.executable, "-c", WRITER, str(journal.directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode == 1
    assert "in use by process" in other.stderr
    assert len(other.stderr.strip().splitlines()) == 1
    assert runlock.in_use(journal.directory)
    journal.close()
    assert not runlock.in_use(journal.directory)
    Journal.open(journal.directory).close()


def test_readers_read_while_the_writer_writes(journal):
    with Journal.open(journal.directory, readonly=True) as reader:
        for number, smiles in enumerate(["CCO", "CCN"], 1):
            journal.record(result(smiles))
            assert len(reader.results()) == number
        with pytest.raises(JournalError, match="reading only"):
            reader.log("run", "no")
        # A reader in the middle of a query does not stop the writer.
        rows = reader.iterate_results()
        next(rows)
        journal.record(result("CCC"))
        assert len(list(rows)) == 1


def test_a_finished_run_can_be_read_from_a_folder_that_cannot_be_written(journal, monkeypatch):
    journal.record(result("CCO"))
    journal.close()
    folder = journal.directory
    assert sorted(p.name for p in folder.iterdir()) == [runlock.LOCK, database.FILE]
    monkeypatch.setattr(database.os, "access", lambda path, mode: False)
    with Journal.open(folder, readonly=True) as reader:
        assert len(reader.results()) == 1
    assert sorted(p.name for p in folder.iterdir()) == [runlock.LOCK, database.FILE]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (f"PRAGMA user_version = {schema.VERSION + 1}", "another version of molq"),
        ("PRAGMA application_id = 1", "another program"),
    ],
)
def test_a_file_of_another_kind_is_refused(journal, sql, words):
    journal.close()
    with sqlite3.connect(journal.directory / database.FILE) as other:
        other.execute(sql)
    other.close()
    for readonly in (True, False):
        with pytest.raises(JournalError, match=words):
            Journal.open(journal.directory, readonly=readonly)


def test_what_proposed_a_molecule_stays_with_it(journal):
    made = replace(candidate("CCN"), origin="generator", hand="crossover", parents=("CC", "CN"))
    journal.add_candidates([candidate("CCO"), made])
    assert journal.candidates() == [candidate("CCO"), made]


def made_by_version_4(db):
    """Take away what version 5 of the schema added."""
    for table in ("drops", "reviews"):
        db.execute(f"DROP TABLE {table}")
    db.execute("PRAGMA user_version = 4")


def made_by_version_3(db):
    """Take away what versions 4 and 5 of the schema added."""
    made_by_version_4(db)
    for index in ("results_values", "library_passed", "library_dropped", "library_duplicates"):
        db.execute(f"DROP INDEX {index}")
    for table in ("addresses", "cuts"):
        db.execute(f"DROP TABLE {table}")
    for table in schema.CHECKED.keys() - {"addresses", "cuts", "reviews", "drops"}:
        db.execute(f"ALTER TABLE {table} DROP COLUMN {schema.digest_column(table)}")
    db.execute("ALTER TABLE attempts DROP COLUMN node")
    db.execute("ALTER TABLE results DROP COLUMN standard_error")
    db.execute("PRAGMA user_version = 3")


def made_by_version_2(db):
    """Take away what versions 3 and 4 of the schema added."""
    made_by_version_3(db)
    for table, columns in (("rounds", ("known", "facts")), ("selections", SELECTION_3)):
        for column in columns:
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    db.execute("DROP TABLE offers")
    db.execute("PRAGMA user_version = 2")


SELECTION_3 = ("known", "decision", "facts")


def begin(journal, round, smiles, **changes):
    journal.begin_round(round, seed=1, pool_size=9, generator_note="", surrogate_note="", **changes)
    chosen = [
        Selection(candidate(text), position, {}, 0.5, 0.1, 0.2, "why")
        for position, text in enumerate(smiles, 1)
    ]
    journal.add_selections(round, chosen, known=changes.get("known", 0))


def test_a_journal_of_the_second_version_knows_what_its_barriers_made_known(journal):
    begin(journal, 1, ["CCO", "CCN"])
    journal.record(result("CCO", 1))
    journal.record(result("CCN", 1))
    begin(journal, 2, ["CCC", "CCF"])
    journal.record(result("CCC", 2))
    journal.close()
    with sqlite3.connect(journal.directory / database.FILE) as second:
        made_by_version_2(second)
    second.close()
    before = (journal.directory / database.FILE).read_bytes()

    def known(journal):
        selections = journal.selections()
        assert [(s.round, s.position, s.decision) for s in selections] == [
            *[(1, 1, 1), (1, 2, 1)],
            *[(2, 1, 1), (2, 2, 1)],
        ]
        assert all(s.facts == {} for s in selections)
        assert [s.known for s in selections] == [0, 0, 2, 2]
        assert [(r.known, r.facts) for r in journal.rounds()] == [(0, {}), (2, {})]
        assert journal.offers(2) == []
        assert [r.candidate.smiles for r in journal.results(known=2)] == ["CCO", "CCN"]

    with Journal.open(journal.directory, readonly=True) as reader:
        known(reader)
    assert (journal.directory / database.FILE).read_bytes() == before
    with Journal.open(journal.directory) as writer:
        known(writer)
        offered = replace(candidate("CCBr"), origin="generator", hand="prior")
        begin(writer, 3, ["CCCl"], known=3, facts={"gain": 0.25}, offers=[offered])
    with Journal.open(journal.directory, readonly=True) as reader:
        assert reader.offers(3) == [offered]
        assert (reader.rounds()[2].known, reader.rounds()[2].facts) == (3, {"gain": 0.25})
        assert reader.selections(3)[0].known == 3
        assert reader.selections(1)[0].known == 0


def checksums(journal):
    """Of every record of the short ones: whether it is right."""
    found = {}
    with sqlite3.connect(journal.directory / database.FILE) as db:
        for table, columns in schema.CHECKED.items():
            seen = ", ".join((*columns, schema.digest_column(table)))
            rows = list(db.execute(f"SELECT {seen} FROM {table}"))
            found[table] = [digest(*row[:-1]) == row[-1] for row in rows]
    db.close()
    return found


def filled(journal):
    """Something in every table."""
    journal.add_library(
        [
            LibraryRow(1, "CCO", "a", candidate=candidate("CCO", 1, "a")),
            LibraryRow(2, "x", "", failure=Failure("input", "library", "not a SMILES")),
            LibraryRow(3, "OCC", "b", duplicate_of=1),
        ]
    )
    begin(journal, 1, ["CCO", "CCN"], offers=[candidate("CCF", origin="generator")])
    attempt, _ = journal.begin_attempt(candidate("CCO").inchikey, "faulty")
    journal.end_attempt(attempt, None, Usage(1, 2, 3), node="one")
    journal.begin_attempt(candidate("CCN").inchikey, "faulty")
    sampled = replace(number_score("CCN"), standard_error=0.125)
    journal.record(result("CCO", 1), address="ab12")
    journal.record(result("CCN", 1, sampled))
    journal.finish_round(1, {"best": 1})
    journal.amend_summary(1, {"best": 2})
    journal.add_cuts([Cut(candidate("CCF").inchikey, "qed", 0, "0.0 is below 0.5", 1)])
    chosen = journal.selections()[1]
    with ReviewBook.open(journal.directory) as book:
        said = book.add("Ann", chosen.candidate.inchikey, "CCN", "reject", text="smells")
        book.add("Ann", chosen.candidate.inchikey, "CCN", "rate", rating=2)
        book.add("Ann", chosen.candidate.inchikey, "CCN", "withdraw", withdraws=2)
    journal.drop([(chosen, said.id)])
    journal.mark("library", "complete")
    journal.log("run", "a line")


def test_every_record_has_its_checksum_also_after_it_was_changed(journal):
    filled(journal)
    journal.mark("library", "again")
    found = checksums(journal)
    assert all(found.values())  # no table is empty
    assert all(all(right) for right in found.values())


def test_a_journal_of_the_third_version_is_read_and_brought_to_this_one(journal):
    filled(journal)
    results, counts = journal.results(), journal.library_counts()
    journal.close()
    with sqlite3.connect(journal.directory / database.FILE) as third:
        made_by_version_3(third)
    third.close()

    def same(journal):
        assert journal.results() == results
        assert journal.library_counts() == counts
        assert journal.sampled(["faulty"]) == 1
        low, high = journal.extremes("faulty", sampled=False)
        assert low == high == number_score("CCO").value
        assert journal.sources() == journal.cut_counts() == {}
        assert journal.find_address("ab12") is None
        assert journal.address_of(candidate("CCO").inchikey, "faulty") is None
        assert list(journal.cuts()) == journal.cuts_of(candidate("CCF").inchikey) == []
        assert not journal.is_cut(candidate("CCF").inchikey)
        assert [a.node for a in journal.attempts()] == [None, None]

    with Journal.open(journal.directory, readonly=True) as reader:
        same(reader)
    with Journal.open(journal.directory) as writer:
        same(writer)
        found = checksums(writer)
        assert all(all(right) for right in found.values())
        writer.record(result("CCF", 1), address="cd34", source="runs/old")
        assert writer.sources() == {"runs/old": 1}


def test_a_damaged_record_does_not_keep_a_journal_of_the_third_version_closed(journal):
    filled(journal)
    journal.close()
    with sqlite3.connect(journal.directory / database.FILE) as third:
        made_by_version_3(third)
        third.execute("UPDATE results SET record = substr(record, 1, 40) WHERE outcome = 'scored'")
    third.close()
    with (
        Journal.open(journal.directory) as writer,
        pytest.raises(JournalError, match="does not match its checksum"),
    ):
        writer.results()


def test_a_score_is_found_by_the_address_of_its_calculation(journal):
    failure = Failure("convergence", "meanfield", "no")
    journal.record(result("CCO"), address="ab", source="runs/old")
    journal.record(result("CCN"), address="cd")
    journal.record(result("CCC", outcome=failure), address="ef")
    journal.record(result("CCF"))
    assert journal.find_address("ab") == result("CCO")
    assert journal.find_address("cd") == result("CCN")
    assert journal.find_address("ef") is None  # a failure may be this machine's
    assert journal.find_address("99") is None
    assert journal.find_address("c") is None
    assert journal.find_address("c", is_prefix=True) == result("CCN")
    assert journal.find_address("", is_prefix=True) is None
    key = candidate("CCO").inchikey
    assert journal.address_of(key, "faulty") == AddressRecord(key, "faulty", "ab", "runs/old")
    assert journal.address_of(candidate("CCF").inchikey, "faulty") is None
    assert journal.sources() == {"runs/old": 1}


def test_what_a_stage_cut_is_there_once_a_round(journal):
    one, two = candidate("CCO").inchikey, candidate("CCN").inchikey
    cuts = [
        Cut(one, "qed", 0.25, "0.25 is below 0.5"),
        Cut(two, "predicted", None, "no prediction"),
        Cut(one, "qed", 0.25, "0.25 is below 0.5", 2),
    ]
    journal.add_cuts(cuts)
    journal.add_cuts([Cut(one, "qed", 0.75, "again"), cuts[1]])
    assert list(journal.cuts()) == cuts
    assert journal.cuts_of(one) == [cuts[0], cuts[2]]
    assert journal.is_cut(two)
    assert not journal.is_cut(candidate("CCC").inchikey)
    assert journal.cut_counts() == {"qed": 2, "predicted": 1}
    journal.add_cuts(Cut(f"{n}", "warhead", float(n), "far") for n in range(2500))
    assert len(list(journal.cuts())) == 2503


def test_the_log_of_writes_is_small_again_after_a_long_reader(journal, monkeypatch):
    monkeypatch.setattr(database, "_LOG_BYTES", 1 << 16)
    journal.close()
    log = journal.directory / f"{database.FILE}-wal"
    with Journal.open(journal.directory) as writer:
        for smiles in ("CCO", "CCN", "CCC"):
            writer.record(result(smiles))
        with Journal.open(journal.directory, readonly=True) as reader:
            rows = reader.iterate_results()
            next(rows)
            for number in range(1200):
                writer.log("run", "x" * 4000 + str(number))
            assert log.stat().st_size > 1 << 22  # the reader's view needs it
            rows.close()
        writer.log("run", "one")
        writer.log("run", "two")
        assert log.stat().st_size <= 1 << 17


def test_a_decision_and_what_it_knew_stay_with_its_molecules(journal):
    begin(journal, 1, ["CCO", "CCN"])
    journal.record(result("CCN", 1))
    late = replace(
        Selection(candidate("CCF"), 3, {}, 0.5, 0.1, 0.2, "why"), facts={"success": 0.75}
    )
    journal.add_selections(1, [late], known=journal.last_result())
    last = journal.selections(1)[-1]
    assert (last.position, last.decision, last.known, last.facts) == (3, 3, 1, {"success": 0.75})
    journal.record(result("CCO", 1))
    assert [r.candidate.smiles for r in journal.results(known=1)] == ["CCN"]
    assert [r.candidate.smiles for r in journal.results(after=1)] == ["CCO"]


def test_a_journal_of_the_first_version_is_read_and_brought_to_this_one(journal):
    journal.record(result("CCO"))
    journal.close()
    with sqlite3.connect(journal.directory / database.FILE) as first:
        made_by_version_2(first)
        first.execute("ALTER TABLE candidates DROP COLUMN hand")
        first.execute("ALTER TABLE candidates DROP COLUMN parents")
        first.execute("PRAGMA user_version = 1")
    first.close()
    with Journal.open(journal.directory, readonly=True) as reader:
        assert reader.results() == [result("CCO")]
        assert [c.hand for c in reader.candidates()] == [""]
    with Journal.open(journal.directory) as writer:
        made = replace(candidate("CCN"), origin="generator", hand="mutation", parents=("CCO",))
        writer.add_candidates([made])
        assert writer.results() == [result("CCO")]
    with Journal.open(journal.directory, readonly=True) as reader:
        assert reader.candidates()[-1] == made


def test_what_is_no_run_is_said_to_be_none(tmp_path):
    with pytest.raises(JournalError, match="not a run's folder"):
        Journal.open(tmp_path / "nowhere")
    (tmp_path / database.FILE).write_bytes(b"")
    with pytest.raises(JournalError, match="not a run's folder"):
        Journal.open(tmp_path)
    create(tmp_path).close()  # what a killed `create` left is no obstacle
    (tmp_path / database.FILE).write_text("no database at all\n" * 1000)
    with pytest.raises(JournalError, match="damaged or not a journal"):
        Journal.open(tmp_path)


def test_a_folder_that_is_a_file_is_said_to_be_one(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(JournalError, match="cannot make the folder"):
        create(tmp_path / "run")


@pytest.mark.parametrize("column", ["value = value + 1e-9", "record = replace(record, 'HF', 'KS')"])
def test_an_edited_record_is_found_by_its_checksum(journal, column):
    journal.record(result("CCO"))
    journal.record(result("CCN"))
    journal.close()
    with sqlite3.connect(journal.directory / database.FILE) as other:
        other.execute(f"UPDATE results SET {column} WHERE id = 1")
    other.close()
    with (
        Journal.open(journal.directory, readonly=True) as reader,
        pytest.raises(JournalError, match="does not match its checksum"),
    ):
        reader.results()


def full(journal):
    """Leave no page free in the file, as on a full disk."""
    connection = journal._db.connection
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def fill(journal):
    for length in range(1, 60):
        journal.record(result("C" * length))


def test_a_full_disk_is_one_clear_line_and_nothing_written_is_lost(journal):
    journal._db.patience_s = 0.05
    journal._db._release_reserve()
    journal.record(result("CCO"))
    full(journal)
    with pytest.raises(JournalError, match="disk is full: free some space, then `molq resume"):
        fill(journal)
    survivors = journal.results()
    assert result("CCO") in survivors
    journal.close()
    with Journal.open(journal.directory) as again:
        assert again.results() == survivors
        again.record(result("CCBr"))
        assert len(again.results()) == len(survivors) + 1


def test_a_disk_that_is_freed_in_time_stops_nothing(journal, monkeypatch):
    full(journal)
    waits = []

    def free(seconds):
        waits.append(seconds)
        journal._db.connection.execute("PRAGMA max_page_count = 100000")

    monkeypatch.setattr(database.time, "sleep", free)
    fill(journal)
    assert len(waits) == 1
    assert len(journal.results()) == 59


def test_the_reserve_takes_the_last_results_before_the_run_ends(journal, monkeypatch):
    reserve = journal.directory / database.RESERVE
    assert reserve.stat().st_blocks * 512 >= 1 << 20
    journal._db.patience_s = 0.0
    full(journal)
    release = journal._db._release_reserve

    def freed():
        journal._db.connection.execute("PRAGMA max_page_count = 100000")
        return release()

    monkeypatch.setattr(journal._db, "_release_reserve", freed)
    with pytest.raises(JournalError, match="everything computed so far is saved"):
        fill(journal)
    assert not reserve.exists()
    last = max(journal.results(), key=lambda r: len(r.candidate.smiles))
    assert last == result(last.candidate.smiles)


def test_a_file_that_stays_locked_is_one_clear_line(journal):
    journal._db.patience_s = 0.05
    journal._db.connection.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(journal.directory / database.FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="holds the file locked"):
        journal.log("run", "no")
    other.execute("ROLLBACK")
    other.close()
    journal.log("run", "yes")
    assert [e.message for e in journal.events()] == ["yes"]


def test_a_score_that_is_no_number_is_written_as_a_failure(journal):
    bad = replace(number_score("CCO"), casci_deviation_mha=float("inf"))
    journal.record(result("CCO", outcome=bad))
    (read,) = journal.results()
    assert read.failure is not None
    assert read.failure.kind == "convergence"
    assert journal.counts()["failed"] == 1


@pytest.fixture
def foreign(monkeypatch):
    """Folders that this process may read and not write, also when root runs the tests."""
    monkeypatch.setattr(database.os, "access", lambda *_: False)


def test_a_finished_run_in_a_folder_of_others_is_read_without_the_index_of_its_log(
    tmp_path, foreign
):
    with create(tmp_path / "run") as journal:
        journal.add_candidates([candidate("CCO")])
        journal.record(result("CCO"))
        journal.finish()
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / database.FILE).write_bytes((tmp_path / "run" / database.FILE).read_bytes())
    (folder / f"{database.FILE}-wal").touch()
    with Journal.open(folder, readonly=True) as reader:
        assert [r.candidate.smiles for r in reader.results()] == ["CCO"]
    assert {path.name for path in folder.iterdir()} == {database.FILE, f"{database.FILE}-wal"}


def test_a_log_that_cannot_be_read_where_it_lies_is_to_be_copied(tmp_path, foreign):
    with create(tmp_path / "run") as journal:
        folder = tmp_path / "copy"
        folder.mkdir()
        for end in ("", "-wal"):
            name = f"{database.FILE}{end}"
            (folder / name).write_bytes((journal.directory / name).read_bytes())
    assert (folder / f"{database.FILE}-wal").stat().st_size > 0
    with pytest.raises(JournalError, match="copy the folder to such a place"):
        Journal.open(folder, readonly=True)
