"""The journal's tables, and the version that says how to read them."""

from __future__ import annotations

VERSION = 5

KNOWN_BEFORE = (
    "coalesce((SELECT max(id) FROM results WHERE results.round < {}.round), 0)"  # of a table
)


def _offers(*more: str) -> str:
    """What the generator offered a round, in its order.

    The round chooses from these and the library as its workers come free.
    """
    columns = (
        "round INTEGER NOT NULL REFERENCES rounds (round)",
        "position INTEGER NOT NULL",
        "inchikey TEXT NOT NULL",
        "smiles TEXT NOT NULL",
        "name TEXT NOT NULL",
        "hand TEXT NOT NULL",
        "parents TEXT NOT NULL",
        *more,
        "PRIMARY KEY (round, position)",
    )
    return f"CREATE TABLE offers ({', '.join(columns)}) WITHOUT ROWID"


ADDRESSES = """
    -- The content address of the calculation behind a result, and where the result came from
    -- when it was not computed here: the folder of the run that did.
    CREATE TABLE addresses (
        inchikey TEXT NOT NULL,
        recipe TEXT NOT NULL,
        address TEXT NOT NULL,
        source TEXT NOT NULL,
        checksum INTEGER,
        PRIMARY KEY (inchikey, recipe),
        FOREIGN KEY (inchikey, recipe) REFERENCES results (inchikey, recipe)
    ) WITHOUT ROWID
    """

CUTS = """
    -- Molecules that a stage of the funnel let go no further: its value there and why.
    CREATE TABLE cuts (
        id INTEGER PRIMARY KEY,
        inchikey TEXT NOT NULL,
        stage TEXT NOT NULL,
        value REAL,
        reason TEXT NOT NULL,
        round INTEGER,
        recorded TEXT NOT NULL,
        checksum INTEGER
    )
    """

REVIEWS = """
    -- What people said of molecules, in the order they said it; nothing is changed or taken out.
    -- Written by the processes of reviewers beside the run's own. What is taken back is followed
    -- by a record that names it (withdraws).
    CREATE TABLE reviews (
        id INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        reviewer TEXT NOT NULL,
        inchikey TEXT NOT NULL,
        smiles TEXT NOT NULL,
        kind TEXT NOT NULL,
        rating INTEGER,
        text TEXT NOT NULL,
        withdraws INTEGER REFERENCES reviews (id),
        checksum INTEGER
    )
    """

DROPS = """
    -- Chosen molecules that a reviewer rejected before they were computed: the round left them
    -- out. A decision states the last one that it knew.
    CREATE TABLE drops (
        id INTEGER PRIMARY KEY,
        round INTEGER NOT NULL,
        position INTEGER NOT NULL,
        inchikey TEXT NOT NULL,
        review INTEGER NOT NULL REFERENCES reviews (id),
        recorded TEXT NOT NULL,
        checksum INTEGER,
        UNIQUE (round, position),
        FOREIGN KEY (round, position) REFERENCES selections (round, position)
    )
    """

REVIEWED = "CREATE INDEX reviews_of ON reviews (inchikey)"

INDICES = (
    "CREATE INDEX addresses_found ON addresses (address)",
    "CREATE INDEX addresses_taken ON addresses (source) WHERE source <> ''",
    # NULLs differ from each other in an index: a screen has no round.
    "CREATE UNIQUE INDEX cuts_of ON cuts (inchikey, stage, coalesce(round, 0))",
    # What a reader asks of a run of a million molecules, answered without its large rows.
    "CREATE INDEX results_values ON results "
    "(recipe, outcome, inchikey, value, standard_error, round, cpu_seconds)",
    "CREATE INDEX library_passed ON library (row) "
    "WHERE failure_kind IS NULL AND duplicate_of IS NULL",
    "CREATE INDEX library_dropped ON library (row) WHERE failure_kind IS NOT NULL",
    "CREATE INDEX library_duplicates ON library (row) WHERE duplicate_of IS NOT NULL",
)

CHECKED: dict[str, tuple[str, ...]] = {
    "meta": ("key", "value"),
    "library": (
        *("row", "text", "name", "smiles", "inchikey", "failure_kind", "failure_step"),
        *("failure_message", "duplicate_of", "notes"),
    ),
    "candidates": ("inchikey", "smiles", "name", "origin", "row", "hand", "parents"),
    "rounds": (
        *("round", "seed", "pool_size", "generator_note", "surrogate_note", "started"),
        *("finished", "summary", "known", "facts"),
    ),
    "offers": ("round", "position", "inchikey", "smiles", "name", "hand", "parents"),
    "selections": (
        *("round", "position", "inchikey", "predicted", "utility_mean", "utility_std"),
        *("acquisition", "reason", "known", "decision", "facts"),
    ),
    "attempts": (
        *("id", "inchikey", "recipe", "attempt", "started", "finished", "outcome"),
        *("failure_kind", "failure_step", "failure_message", "wall_seconds", "cpu_seconds"),
        *("peak_memory_mb", "node"),
    ),
    "addresses": ("inchikey", "recipe", "address", "source"),
    "cuts": ("inchikey", "stage", "value", "reason", "round", "recorded"),
    "reviews": (
        *("id", "time", "reviewer", "inchikey", "smiles", "kind", "rating", "text"),
        "withdraws",
    ),
    "drops": ("round", "position", "inchikey", "review", "recorded"),
    "events": ("time", "kind", "message"),
    # its checksum, a longer one, was there before and covers the rest of a result
    "results": ("inchikey", "recipe", "checksum", "recorded", "standard_error"),
}
"""The columns whose digest stands in ``digest_column``, table by table."""


def digest_column(table: str) -> str:
    """Where the digest of a record stands."""
    return "seal" if table == "results" else "checksum"


def signing(table: str) -> str:
    """The statement that gives every record of a table its digest, without a WHERE."""
    return f"UPDATE {table} SET {digest_column(table)} = digest({', '.join(CHECKED[table])})"


# What brings a journal of an earlier version to the next one. A reader cannot do so and
# reads the earlier one as it is.
_SINCE = {"addresses": 4, "cuts": 4, "reviews": 5, "drops": 5}
_BEFORE_4 = tuple(table for table in CHECKED if table not in _SINCE)
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE candidates ADD COLUMN hand TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE candidates ADD COLUMN parents TEXT NOT NULL DEFAULT ''",
    ),
    2: (
        "ALTER TABLE rounds ADD COLUMN known INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE rounds ADD COLUMN facts TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE selections ADD COLUMN known INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE selections ADD COLUMN decision INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE selections ADD COLUMN facts TEXT NOT NULL DEFAULT '{}'",
        # Rounds had a barrier: each was one decision, with all earlier rounds known.
        f"UPDATE rounds SET known = {KNOWN_BEFORE.format('rounds')}",
        f"UPDATE selections SET known = {KNOWN_BEFORE.format('selections')}",
        _offers(),
    ),
    3: (
        "ALTER TABLE attempts ADD COLUMN node TEXT",
        "ALTER TABLE results ADD COLUMN standard_error REAL",
        "UPDATE results SET standard_error = json_extract(record, '$.score.standard_error') "
        "WHERE outcome = 'scored' AND json_valid(record)",  # one that is damaged stays so
        *(f"ALTER TABLE {table} ADD COLUMN {digest_column(table)} INTEGER" for table in _BEFORE_4),
        *(signing(table) for table in _BEFORE_4),
        ADDRESSES,
        CUTS,
        *INDICES,
    ),
    4: (REVIEWS, DROPS, REVIEWED),
}


def tables_of(version: int) -> tuple[str, ...]:
    """The tables whose records carry checksums in a journal of a version."""
    return tuple(t for t in CHECKED if version > 3 and _SINCE.get(t, 1) <= version)


APPLICATION_ID = 0x6D6F6C71  # "molq", in the header of the SQLite file

TABLES: tuple[str, ...] = (
    """
    CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL,
        checksum INTEGER
    ) WITHOUT ROWID
    """,
    """
    -- Every row of the input, in order, with what became of it.
    CREATE TABLE library (
        row INTEGER PRIMARY KEY,
        text TEXT NOT NULL,
        name TEXT NOT NULL,
        smiles TEXT,
        inchikey TEXT,
        failure_kind TEXT,
        failure_step TEXT,
        failure_message TEXT,
        duplicate_of INTEGER,
        notes TEXT NOT NULL,
        checksum INTEGER
    )
    """,
    """
    CREATE TABLE candidates (
        id INTEGER PRIMARY KEY,
        inchikey TEXT NOT NULL UNIQUE,
        smiles TEXT NOT NULL,
        name TEXT NOT NULL,
        origin TEXT NOT NULL,
        row INTEGER,
        hand TEXT NOT NULL DEFAULT '',
        parents TEXT NOT NULL DEFAULT '',
        checksum INTEGER
    )
    """,
    """
    CREATE TABLE rounds (
        round INTEGER PRIMARY KEY,
        seed INTEGER NOT NULL,
        pool_size INTEGER NOT NULL,
        generator_note TEXT NOT NULL,
        surrogate_note TEXT NOT NULL,
        started TEXT NOT NULL,
        finished TEXT,
        summary TEXT,
        known INTEGER NOT NULL DEFAULT 0,
        facts TEXT NOT NULL DEFAULT '{}',
        checksum INTEGER
    )
    """,
    _offers("checksum INTEGER"),
    """
    -- What a round evaluates: written before the first molecule of it is computed. Those
    -- chosen together share the position of their first (decision); known is the id of the
    -- last result that the choice knew.
    CREATE TABLE selections (
        round INTEGER NOT NULL REFERENCES rounds (round),
        position INTEGER NOT NULL,
        inchikey TEXT NOT NULL REFERENCES candidates (inchikey),
        predicted TEXT NOT NULL,
        utility_mean REAL NOT NULL,
        utility_std REAL NOT NULL,
        acquisition REAL NOT NULL,
        reason TEXT NOT NULL,
        known INTEGER NOT NULL DEFAULT 0,
        decision INTEGER NOT NULL DEFAULT 1,
        facts TEXT NOT NULL DEFAULT '{}',
        checksum INTEGER,
        PRIMARY KEY (round, position)
    ) WITHOUT ROWID
    """,
    """
    -- One line for each recipe of each job that was begun. One without an end was
    -- interrupted with its session, or not reached because the process ended at another
    -- recipe of the job, and says nothing about the molecule.
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        inchikey TEXT NOT NULL,
        recipe TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        started TEXT NOT NULL,
        finished TEXT,
        outcome TEXT,
        failure_kind TEXT,
        failure_step TEXT,
        failure_message TEXT,
        wall_seconds REAL,
        cpu_seconds REAL,
        peak_memory_mb REAL,
        node TEXT, -- the host that computed it
        checksum INTEGER
    )
    """,
    """
    CREATE INDEX attempts_of ON attempts (inchikey, recipe)
    """,
    """
    -- The final word on a molecule and recipe; checksum covers all that is before it, seal what
    -- is behind it. The standard error repeats the record's own.
    CREATE TABLE results (
        id INTEGER PRIMARY KEY,
        inchikey TEXT NOT NULL REFERENCES candidates (inchikey),
        recipe TEXT NOT NULL,
        outcome TEXT NOT NULL,
        value REAL,
        round INTEGER,
        attempt INTEGER NOT NULL,
        wall_seconds REAL NOT NULL,
        cpu_seconds REAL NOT NULL,
        peak_memory_mb REAL NOT NULL,
        record TEXT NOT NULL,
        checksum TEXT NOT NULL,
        recorded TEXT NOT NULL,
        standard_error REAL,
        seal INTEGER,
        UNIQUE (inchikey, recipe)
    )
    """,
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        kind TEXT NOT NULL,
        message TEXT NOT NULL,
        checksum INTEGER
    )
    """,
    ADDRESSES,
    CUTS,
    REVIEWS,
    DROPS,
    REVIEWED,
    *INDICES,
)
