"""The journal's tables, and the version that says how to read them."""

from __future__ import annotations

VERSION = 3

KNOWN_BEFORE = (
    "coalesce((SELECT max(id) FROM results WHERE results.round < {}.round), 0)"  # of a table
)

OFFERS = """
    -- What the generator offered a round, in its order: the round chooses from these and
    -- the library as its workers come free.
    CREATE TABLE offers (
        round INTEGER NOT NULL REFERENCES rounds (round),
        position INTEGER NOT NULL,
        inchikey TEXT NOT NULL,
        smiles TEXT NOT NULL,
        name TEXT NOT NULL,
        hand TEXT NOT NULL,
        parents TEXT NOT NULL,
        PRIMARY KEY (round, position)
    ) WITHOUT ROWID
    """

# What brings a journal of an earlier version to the next one. A reader cannot do so and
# reads the earlier one as it is.
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
        OFFERS,
    ),
}

APPLICATION_ID = 0x6D6F6C71  # "molq", in the header of the SQLite file

TABLES: tuple[str, ...] = (
    """
    CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
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
        notes TEXT NOT NULL
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
        parents TEXT NOT NULL DEFAULT ''
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
        facts TEXT NOT NULL DEFAULT '{}'
    )
    """,
    OFFERS,
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
        peak_memory_mb REAL
    )
    """,
    """
    CREATE INDEX attempts_of ON attempts (inchikey, recipe)
    """,
    """
    -- The final word on a molecule and recipe; checksum covers all that is before it.
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
        UNIQUE (inchikey, recipe)
    )
    """,
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        kind TEXT NOT NULL,
        message TEXT NOT NULL
    )
    """,
)
