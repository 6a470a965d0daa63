import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from screening.candidate import Candidate
from screening.failure import Failure
from screening.intake.delimited import MAX_LINE
from screening.intake.library import MAX_TEXT, LibraryError, LibrarySettings, read

DATA = Path(__file__).parent / "data"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def outcomes(path, **settings_):
    """What became of each row: a SMILES, "= row" for a duplicate, or the failure's message."""
    found = []
    for row in read(LibrarySettings(path=path, **settings_)):
        if row.candidate is not None:
            found.append(row.candidate.smiles)
        elif row.duplicate_of is not None:
            found.append(f"= {row.duplicate_of}")
        else:
            found.append(row.failure.message)
    return found


def assert_sound(rows):
    assert [row.row for row in rows] == list(range(1, len(rows) + 1))
    first = {}
    for row in rows:
        given_ = [x is not None for x in (row.candidate, row.failure, row.duplicate_of)]
        assert sum(given_) == 1
        assert len(row.text) <= MAX_TEXT
        row.text.encode()
        row.name.encode()
        if row.candidate is not None:
            assert row.candidate.row == row.row
            assert row.candidate.inchikey not in first
            first[row.candidate.inchikey] = row.row
            mol = Chem.MolFromSmiles(row.candidate.smiles)
            assert Chem.MolToInchiKey(mol) == row.candidate.inchikey
        elif row.failure is not None:
            assert (row.failure.kind, row.failure.step) == ("input", "library")
            assert "\n" not in row.failure.message
            assert 0 < len(row.failure.message) < 400
        else:
            assert row.duplicate_of in first.values()
            assert row.duplicate_of < row.row


# row -> the SMILES of its candidate, the row it repeats, or a word of its failure
HOSTILE = {
    1: "C=CC(N)=O",
    2: ["empty"],
    3: ["'(' at position 10 is never closed"],
    4: ["metal Pt"],
    5: ["radical at atom 3 (C)"],
    6: "C=CC(=O)NCCN",
    7: ["200 heavy atoms", "80"],
    8: "C=CC(=O)NC",
    9: "C=C(C)C(N)=O",
    10: 1,
    11: "C=CC(=O)N(C)C",
    12: ["U+00E9", "position 9"],
    13: ["[#7;H1,H2] is a query atom"],
    14: ["reaction"],
    15: "[2H]C([2H])=CC(N)=O",
    16: "NCC(=O)O",
    17: ["151 heavy atoms"],
    18: "C=CC(=O)NCC",
    19: ["empty"],
    20: ["U+2212", "write '-'"],
    21: "C/C=C/C(N)=O",
    22: ["U+0000"],
    23: ["6000 characters"],
    24: ["no SMILES", "column 2", "has 1"],
    25: ["empty", "'None'"],
    26: ["empty", "'nan'"],
    27: "C=CC(=O)NCC#N",
    28: "CC=C(C)C(N)=O",
    29: ["atom 5 (N) has 4 bonds"],
    30: "[13CH2]=CC(N)=O",
    31: "NCC(=O)NCC(=O)NCC(=O)O",
    32: ["attachment point"],
    33: "C=C(Cl)C(N)=O",
    34: "C[N+](C)(C)C",
    35: ["no carbon"],
    36: ["no carbon"],
    37: "C=CC(=O)O",
    38: ["aromatic ring", "[nH]"],
    39: "C=CC(=O)NOC",
    40: "C=CC(=O)NC(C)C",
    41: ["empty"],
    42: ["metal Fe"],
    43: ["'j' at position 1"],
}


def test_every_hostile_row_has_one_outcome_in_order():
    rows = list(read(DATA / "hostile.csv"))
    assert_sound(rows)
    assert [row.row for row in rows] == list(HOSTILE)
    for row in rows:
        expected = HOSTILE[row.row]
        if isinstance(expected, str):
            assert row.candidate is not None, row
            assert row.candidate.smiles == expected
            assert row.candidate.origin == "library"
        elif isinstance(expected, int):
            assert row.duplicate_of == expected
        else:
            assert row.failure is not None, row
            for word in expected:
                assert word in row.failure.message


def test_hostile_names_stay_plain_text():
    names = {row.row: row.name for row in read(DATA / "hostile.csv")}
    assert names[8] == "<script>alert(1)</script>"
    assert names[9] == "=cmd|' /C calc'!A0"
    assert names[11] == "méthylacrylamide"  # Latin-1 bytes in a UTF-8 file
    assert names[18] == '"unclosed quote'
    assert names[21] == "crotonamide 🧪"
    assert names[39] == "quoted, with a line break"


def test_hostile_notes_say_what_was_changed():
    notes = {row.row: row.notes for row in read(DATA / "hostile.csv")}
    assert notes[1] == ()
    assert notes[6] == ("stripped [Cl-]", "charges normalised")
    assert notes[33] == ("mixture: kept the largest of 2 organic fragments",)


def test_nothing_is_printed(capfd):
    list(read(DATA / "hostile.csv"))
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_logging_of_rdkit_is_as_before(capfd):
    list(read(DATA / "hostile.csv"))
    Chem.MolFromSmiles("not a smiles")
    assert "SMILES Parse Error" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "smiles,name\nCCO,ethanol\nCCN,ethylamine\n"),
        ("a.csv", "Name;Canonical_SMILES\nethanol;CCO\nethylamine;CCN\n"),
        ("a.csv", "id\tIsomeric SMILES\nethanol\tCCO\nethylamine\tCCN\n"),
        ("a.csv", "name,weight,structure\nethanol,46,CCO\nethylamine,45,CCN\n"),
        ("a.csv", "ethanol,CCO\nethylamine,CCN\n"),
        ("a.csv", "name smiles\nethanol CCO\nethylamine CCN\n"),
        ("a.csv", "\n\nname,smiles\nethanol,CCO\nethylamine,CCN"),
        ("a.csv", "name,Structure (SMILES)\nethanol,CCO\nethylamine,CCN"),
        ("a.tsv", "smiles\tname\nCCO\tethanol\nCCN\tethylamine\n"),
        ("a.tsv", "compound\tname\r\nCCO\tethanol\r\nCCN\tethylamine\r\n"),
        ("a.smi", "CCO ethanol\nCCN ethylamine\n"),
        ("a.smi", "CCO\tethanol\nCCN\tethylamine\n"),
        ("a.smi", "SMILES Name\nCCO ethanol\nCCN ethylamine\n"),
        ("a.txt", "CCO   ethanol\nCCN   ethylamine"),
        ("a.txt", "name\tx\tsmiles\rethanol\t1\tCCO\rethylamine\t2\tCCN\r"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("compressed", [False, True])
def test_formats_are_recognised(tmp_path, name, content, encoding, compressed):
    data = content.encode(encoding)
    path = write(
        tmp_path / (name + ".gz" if compressed else name),
        gzip.compress(data) if compressed else data,
    )
    rows = list(read(path))
    assert [row.candidate.smiles for row in rows] == ["CCO", "CCN"]
    assert [row.name for row in rows] == ["ethanol", "ethylamine"]


def test_column_is_found_by_content_beside_numbers_and_words(tmp_path):
    path = write(
        tmp_path / "a.csv",
        "7,C1,benzene,c1ccccc1,N\n8,C2,acrylamide,C=CC(N)=O,Y\n9,C3,broken,c1cc,N\n",
    )
    assert outcomes(path)[:2] == ["c1ccccc1", "C=CC(N)=O"]
    assert "ring 1" in outcomes(path)[2]


def test_named_columns_and_delimiter(tmp_path):
    path = write(tmp_path / "a.csv", "product;label;reactant\nCCO;one;CC\nCCN;two;CC\n")
    settings_ = LibrarySettings(
        path=path, smiles_column="Reactant", name_column="label", delimiter=";"
    )
    rows = list(read(settings_))
    assert [(row.name, row.duplicate_of) for row in rows] == [("one", None), ("two", 1)]
    assert outcomes(path, smiles_column="1") == ["CCO", "CCN"]


def test_numbered_columns_without_header(tmp_path):
    path = write(tmp_path / "a.csv", "CCO,CC,x\nCCN,CCC,y\n")
    rows = list(read(LibrarySettings(path=path, smiles_column="2", name_column="3")))
    assert [(row.candidate.smiles, row.name) for row in rows] == [("CC", "x"), ("CCC", "y")]


def test_first_row_that_is_broken_is_not_taken_for_a_header(tmp_path):
    path = write(tmp_path / "a.smi", "C1CC broken\nCCO ethanol\n")
    assert outcomes(path)[1] == "CCO"
    assert "ring 1" in outcomes(path)[0]


@pytest.mark.parametrize(
    ("name", "content", "words", "settings_"),
    [
        ("a.xlsx", "x", ["unknown format '.xlsx'", ".csv"], {}),
        ("a", "x", ["unknown format ''"], {}),
        ("a.csv", "", ["is empty"], {}),
        ("a.csv", "\n \n\n", ["is empty"], {}),
        ("a.csv", b"PK\x03\x04....", ["Excel", "CSV"], {}),
        ("a.csv", "name,weight\nethanol,46\n", ["no column of SMILES", "smiles_column"], {}),
        ("a.csv", "smi,x\nCCO,1\n", ["no column 'mol'", "smi, x"], {"smiles_column": "mol"}),
        ("a.csv", "smiles,x\nCCO,1\n", ["no column 'y' for names"], {"name_column": "y"}),
        ("a.csv", "CCO,1\nCCN,2\n", ["no header", "number"], {"name_column": "y"}),
        ("a.sdf", "x", ["SDF", "smiles_column"], {"smiles_column": "x"}),
        ("a.csv.gz", b"\x1f\x8b\x08\x00rubbish", ["damaged"], {}),
    ],
)
def test_unreadable_library_is_one_clear_line(tmp_path, name, content, words, settings_):
    path = write(tmp_path / name, content)
    with pytest.raises(LibraryError) as caught:
        read(LibrarySettings(path=path, **settings_))
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    for word in words:
        assert word in message


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(LibraryError, match="does not exist"):
        read(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(LibraryError, match="is a folder"):
        read(tmp_path / "folder.csv")


def test_settings_refuse_what_they_do_not_know(tmp_path):
    with pytest.raises(ValueError, match="unknown delimiter"):
        LibrarySettings(path=tmp_path, delimiter="::")
    with pytest.raises(ValueError, match="Extra inputs"):
        LibrarySettings(path=tmp_path, colunm="x")


def test_cut_off_gzip_keeps_the_rows_before_the_damage(tmp_path):
    content = "smiles\n" + "".join(f"{'C' * n}O\n" for n in range(1, 60)) * 40
    whole = gzip.compress(content.encode(), compresslevel=0)
    path = write(tmp_path / "a.csv.gz", whole[: len(whole) // 2])
    rows = list(read(path))
    assert_sound(rows)
    assert sum(row.candidate is not None for row in rows) > 20
    assert "damaged or cut off" in rows[-1].failure.message


def test_unclosed_quotes_do_not_swallow_rows(tmp_path):
    lines = [f'"open {n},{"C" * n}O' if n % 7 == 0 else f"n{n},{'C' * n}O" for n in range(1, 60)]
    path = write(tmp_path / "a.csv", "name,smiles\n" + "\n".join(lines) + "\n")
    rows = list(read(path))
    assert len(rows) == 59
    assert all(row.candidate is not None for row in rows)
    assert rows[6].name == '"open 7'


def test_overlong_line_is_one_row(tmp_path):
    path = write(tmp_path / "a.csv", "smiles,name\nCCO,a\n" + "C" * (3 * MAX_LINE) + ",b\nCCN,c\n")
    rows = list(read(path))
    assert_sound(rows)
    assert [row.candidate is not None for row in rows] == [True, False, True]
    assert f"more than {MAX_LINE} characters" in rows[1].failure.message


def test_limit(tmp_path):
    path = write(tmp_path / "a.smi", "CCO\nCCN\nCCC\n")
    assert outcomes(path, limit=2) == ["CCO", "CCN"]


def test_max_heavy_atoms(tmp_path):
    path = write(tmp_path / "a.smi", "CCO\nCCCCO\nCCO.CCCCO\n")
    found = outcomes(path, max_heavy_atoms=4)
    assert found[0] == "CCO"
    assert all("5 heavy atoms; the limit is 4" in message for message in found[1:])


def test_reading_is_lazy(tmp_path):
    path = write(tmp_path / "a.smi", "CCO\n" * 200_000)
    rows = read(path)
    assert next(rows).candidate.smiles == "CCO"
    assert next(rows).duplicate_of == 1


def mol_block(smiles: str, title: str) -> str:
    mol = Chem.MolFromSmiles(smiles)
    mol.SetProp("_Name", title)
    return Chem.MolToMolBlock(mol)


def test_sdf_keeps_the_errors_of_single_entries(tmp_path):
    good = mol_block("C=CC(N)=O", "acrylamide") + "> <code>\nA-1\n\n$$$$\n"
    valence = mol_block("C=CC(=O)N(C)C", "broken").replace("5  7  1  0", "5  7  3  0")
    content = (
        good
        + "garbage\n$$$$\n"
        + valence
        + "$$$$\n\n$$$$\n"
        + mol_block("C[C@H](O)c1ccccc1", "chiral")
        + "> <code>\nA-2\nsecond line\n\n$$$$\n"
        + mol_block("NC(=O)C=C", "again")
        + "$$$$\n"
        + mol_block("*CC(N)=O", "R group")
    )
    for name, data in (
        ("a.sdf", content.encode()),
        ("a.sdf.gz", gzip.compress(content.replace("\n", "\r\n").encode())),
    ):
        path = write(tmp_path / name, data)
        rows = list(read(path))
        assert_sound(rows)
        assert [row.name for row in rows] == [
            "acrylamide",
            "garbage",
            "broken",
            "",
            "chiral",
            "again",
            "R group",
        ]
        assert rows[0].candidate.smiles == "C=CC(N)=O"
        assert "mol block" in rows[1].failure.message
        assert "bonds, more than its charge allows" in rows[2].failure.message
        assert "empty" in rows[3].failure.message
        assert rows[4].candidate.smiles == "C[C@H](O)c1ccccc1"
        assert rows[5].duplicate_of == 1
        assert "attachment point" in rows[6].failure.message
        named = list(read(LibrarySettings(path=path, name_column="code")))
        assert [row.name for row in named] == ["A-1", "", "", "", "A-2", "", ""]


def test_sdf_query_atoms_are_refused(tmp_path):
    block = mol_block("C=CC(N)=O", "query").replace(" O   0", " A   0")
    assert "A   0" in block
    (row,) = read(write(tmp_path / "a.sdf", block))
    assert "atom" in row.failure.message


HEADS = [
    b"",
    b"smiles,name\n",
    b"name\tsmiles\n",
    b"\xef\xbb\xbfsmiles\n",
    b"\xff\xfe",
    b"\x1f\x8b",
]


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    head=st.sampled_from(HEADS),
    body=st.one_of(
        st.binary(max_size=300),
        st.text(alphabet=st.sampled_from('CNO()[]=#1%c"\n,\t >*.+-@/\\|\0é'), max_size=120).map(
            lambda text: text.encode()
        ),
    ),
    suffix=st.sampled_from([".csv", ".smi", ".tsv", ".txt", ".sdf", ".csv.gz"]),
)
def test_no_bytes_crash_the_reader(tmp_path, head, body, suffix):
    path = write(tmp_path / f"fuzz{suffix}", head + body)
    refusals = []
    try:
        rows = list(read(path))
    except LibraryError as error:
        refusals.append(str(error))
        rows = []
    assert_sound(rows)
    assert all("\n" not in refusal for refusal in refusals)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_mol_block_never_crashes(tmp_path_factory, data):
    block = bytearray(mol_block("C=CC(=O)Nc1ccccc1", "x").encode())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(block) - 1))
        block[place] = data.draw(st.sampled_from(b" 0129-CNXMQ*\n\0\xff"))
    path = write(tmp_path_factory.mktemp("sdf") / "a.sdf", bytes(block) + b"$$$$\n")
    assert_sound(list(read(path)))


def test_rows_are_plain_records():
    row = next(read(DATA / "hostile.csv"))
    assert row.candidate == Candidate(
        "HRPVXLWXLXDGHG-UHFFFAOYSA-N", "C=CC(N)=O", "acrylamide", "library", 1
    )
    assert row.failure is None
    assert not isinstance(row.candidate, Failure)
