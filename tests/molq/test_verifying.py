"""Every kind of damage to a run's folder is found, and the damaged record is named."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import molq
from molq.verifying import Verification
from screening.store import schema
from screening.store.database import FILE
from screening.store.journal import Journal
from screening.store.records import Cut
from screening.store.reviewbook import ReviewBook


@pytest.fixture(scope="module")
def whole(campaign_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished campaign with something in every table."""
    directory = tmp_path_factory.mktemp("whole") / "run"
    shutil.copytree(campaign_run.directory, directory)
    with Journal.open(directory) as journal:
        key = journal.results()[0].candidate.inchikey
        journal.add_cuts([Cut(key, "qed", 0.25, "0.25 is below 0.5", 1)])
        db = journal._db
        offered = f"INSERT INTO offers ({', '.join(schema.CHECKED['offers'])}) VALUES "
        db.write(f"{offered} (1, 1, 'KEY', 'CCO', '', 'prior', '')")
        db.write(schema.signing("offers"))
        with ReviewBook.open(directory) as book:
            chosen = journal.selections()[-1]
            book.add("Ann", key, "CCO", "rate", rating=4)
            said = book.add("Ann", chosen.candidate.inchikey, "CCO", "reject", text="too greasy")
            book.add("Ann", key, "CCO", "withdraw", withdraws=1)
        journal.drop([(chosen, said.id)])
        journal.log("run", "a line of the log")
        # one file, so that a page of it is what is read
        db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return directory


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


def verified(directory: Path) -> Verification:
    return molq.Run.open(directory).verify()


def edited(directory: Path, *statements: str) -> Verification:
    with sqlite3.connect(directory / FILE) as db:
        for statement in statements:
            assert db.execute(statement).rowcount > 0
    db.close()
    return verified(directory)


def damaged(found: Verification) -> set[str]:
    return {check.name for check in found.checks if not check.holds}


def test_a_whole_run_is_said_to_be_whole(
    whole: Path, screen_run: Path, molq_command: Callable[..., Any]
) -> None:
    for directory in (whole, screen_run):
        found = verified(directory)
        assert found.damage == ()
        assert found.holds
        assert all(check.note == "" for check in found.checks)
    looked_at = {check.name: check.looked_at for check in verified(whole).checks}
    assert all(count > 0 for count in looked_at.values()), looked_at
    call = molq_command("verify", whole)
    assert call.code == 0, call.err
    assert "leads.csv" in call.out
    assert "damaged" not in call.out + call.err


@pytest.mark.parametrize("table", sorted(schema.CHECKED))
def test_every_column_of_every_record_is_under_its_checksum(copy: Path, table: str) -> None:
    path = copy / FILE
    sound = path.read_bytes()
    with sqlite3.connect(path) as db:
        kinds = {row[1]: row[2] for row in db.execute(f"PRAGMA table_info({table})")}
    db.close()
    keys = {"round", "position", "row", "id", "inchikey", "recipe", "stage", "key"}
    for column in sorted(set(kinds) - keys):
        change = f"coalesce({column}, '') || 'x'"
        if kinds[column] != "TEXT":
            change = f"coalesce({column}, 0) + 1"
        with sqlite3.connect(path) as db:
            db.execute(f"UPDATE {table} SET {column} = {change}")
        db.close()
        found = verified(copy)
        assert table in damaged(found), column
        assert any(line.startswith(f"{table}: ") for line in found.damage), column
        path.write_bytes(sound)
    assert verified(copy).holds


def test_a_record_that_was_taken_out_is_missed(copy: Path) -> None:
    found = edited(copy, "DELETE FROM library WHERE row = 2")
    assert "library: 1 of 7 records are missing" in found.damage


def test_a_result_needs_its_attempt(copy: Path) -> None:
    found = edited(copy, "DELETE FROM attempts WHERE id = 1")
    assert damaged(found) == {"links"}
    assert "has neither the attempt that gave it" in found.damage[0]


def test_a_reference_to_nothing_is_found(copy: Path) -> None:
    found = edited(copy, "DELETE FROM rounds")
    assert any("names one that rounds does not hold" in line for line in found.damage)


def resigned(directory: Path, table: str, statement: str) -> Verification:
    """An edit by somebody who knows how records are signed."""
    from screening.store.checksum import digest

    with sqlite3.connect(directory / FILE) as db:
        db.create_function("digest", -1, digest)
        db.execute(statement)
        db.execute(schema.signing(table))
    db.close()
    return verified(directory)


def best(directory: Path) -> str:
    return f"inchikey = '{molq.Run.open(directory).leads(1)[0].candidate.inchikey}'"


def test_a_lead_needs_the_row_it_came_from(copy: Path) -> None:
    change = f"UPDATE candidates SET row = 6 WHERE {best(copy)}"
    found = resigned(copy, "candidates", change)
    assert {"links", "leads"} <= damaged(found)
    assert any("row 6 of the library is not its" in line for line in found.damage)


def test_a_lead_that_a_hand_made_needs_parents(copy: Path) -> None:
    lead = best(copy)
    made = "UPDATE candidates SET origin = 'generator', row = NULL, hand = 'crossover'"
    found = resigned(copy, "candidates", f"{made} WHERE {lead}")
    assert any("the hand crossover has no parents" in line for line in found.damage)
    found = resigned(copy, "candidates", f"UPDATE candidates SET hand = '' WHERE {lead}")
    assert any("no hand of the generator is named" in line for line in found.damage)


def test_a_score_of_another_run_is_no_lead_of_this_one(copy: Path) -> None:
    with Journal.open(copy, readonly=True) as journal:
        settings = journal.settings()
    settings["campaign"]["seed"] = 4
    settings["simulation"]["conformers"] = 2
    text = json.dumps(settings)
    found = resigned(copy, "meta", f"UPDATE meta SET value = '{text}' WHERE key = 'settings'")
    assert any("seed of its score by warhead-ea is not this run's" in x for x in found.damage)
    assert any("was computed with another conformers" in line for line in found.damage)
    assert "settings" in damaged(found)


@pytest.mark.parametrize("name", ["leads.csv", "leads.sdf", "campaign.source.toml"])
def test_a_file_that_was_changed_or_lost_is_found(copy: Path, name: str) -> None:
    path = copy / name
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    found = verified(copy)
    assert damaged(found) == {name if name.startswith("leads") else "settings"}
    assert any(name in line for line in found.damage)
    path.unlink()
    assert not verified(copy).holds


def test_settings_and_inputs_are_those_of_the_beginning(copy: Path, tmp_path: Path) -> None:
    path = copy / "campaign.toml"
    path.write_text(path.read_text().replace("rounds = 2", "rounds = 5"))
    found = verified(copy)
    assert found.damage == ("campaign.toml does not say the settings that the journal holds",)


def test_another_library_is_found_and_a_lost_one_is_said(copy: Path, folder: Path) -> None:
    library = folder / "library.csv"
    before = library.read_bytes()
    try:
        library.write_bytes(before + b"more,CC\n")
        assert damaged(verified(copy)) == {"inputs"}
        library.unlink()
        found = verified(copy)
        assert found.holds
        (note,) = [check.note for check in found.checks if check.name == "inputs"]
        assert note == "not compared, for it is gone: library"
    finally:
        library.write_bytes(before)


def test_an_unfinished_run_is_not_held_to_its_files(copy: Path) -> None:
    (copy / "leads.csv").unlink()
    found = edited(copy, "DELETE FROM meta WHERE key = 'finished'")
    assert found.holds
    notes = {check.name: check.note for check in found.checks}
    assert notes["leads.csv"] == "not compared: the run is not at its end"


def test_damage_is_printed_with_exit_code_1(copy: Path, molq_command: Callable[..., Any]) -> None:
    edited(copy, "UPDATE results SET value = value + 0.001 WHERE id = 1")
    call = molq_command("verify", copy)
    assert call.code == 1
    assert "does not match its checksum" in call.out
    assert "restore what is named above from a copy" in call.err
    found = json.loads(molq_command("verify", copy, "--json").out)
    assert found["holds"] is False


def content(path: Path) -> list[Any] | None:
    """All that a journal says, None where SQLite cannot read it."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            db.text_factory = bytes
            said = [db.execute("PRAGMA user_version").fetchone()]
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
                said += db.execute(f"SELECT * FROM {table.decode()}").fetchall()
        db.close()
    except sqlite3.Error:
        return None
    return said


def test_a_flipped_bit_anywhere_in_the_file_is_found_where_it_says_something_else(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what the journal alone shows; leads and files are looked at above
    from screening.store import verification

    path = copy / FILE
    sound, before = path.read_bytes(), content(path)
    rng = np.random.default_rng(20)
    changed = 0
    for place in rng.integers(0, 8 * len(sound), 150):
        raw = bytearray(sound)
        raw[place // 8] ^= 1 << (place % 8)
        path.write_bytes(raw)
        said = content(path)
        if said != before:
            changed += 1
            found = verification.verify(copy)
            assert not all(check.holds for check in found), f"bit {place}"
        path.write_bytes(sound)
    assert changed > 30
