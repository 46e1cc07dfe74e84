"""The tables, as migrations that are applied once each and never changed afterwards."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("survey")

# What a trial (`t`) asks: a rating with two pictures is one beside the original.
KIND = "iif(t.kind = 'rating' AND t.right_id IS NOT NULL, 'degradation', t.kind)"

FIRST = """
CREATE TABLE study (
    name TEXT PRIMARY KEY,
    protocol_sha256 TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    results_open INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
) STRICT;
CREATE TABLE stimulus (
    id TEXT PRIMARY KEY,
    study TEXT NOT NULL REFERENCES study (name),
    image TEXT NOT NULL,
    method TEXT NOT NULL,
    sha256 TEXT NOT NULL
) STRICT;
CREATE TABLE participant (
    id TEXT PRIMARY KEY,
    study TEXT NOT NULL REFERENCES study (name),
    code_hmac TEXT UNIQUE,
    consent_version TEXT NOT NULL,
    consented_at TEXT NOT NULL,
    language TEXT NOT NULL,
    browser TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    vision TEXT NOT NULL DEFAULT '',
    comment TEXT NOT NULL DEFAULT '',
    anonymised_at TEXT
) STRICT;
CREATE TABLE session (
    id TEXT PRIMARY KEY,
    participant TEXT NOT NULL REFERENCES participant (id),
    token_sha256 TEXT NOT NULL UNIQUE,
    first_block TEXT NOT NULL CHECK (first_block IN ('rating', 'pair')),
    display TEXT,
    break_taken INTEGER NOT NULL DEFAULT 0,
    started_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    finished_at TEXT
) STRICT;
CREATE TABLE trial (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL REFERENCES session (id),
    seq INTEGER NOT NULL,
    block TEXT NOT NULL CHECK (block IN ('practice', 'rating', 'pair')),
    kind TEXT NOT NULL CHECK (kind IN ('rating', 'pair')),
    role TEXT NOT NULL CHECK (
        role IN ('practice', 'warmup', 'main', 'golden', 'repeat', 'instructed')
    ),
    left_id TEXT NOT NULL REFERENCES stimulus (id),
    right_id TEXT REFERENCES stimulus (id),
    expected TEXT,
    repeat_of TEXT REFERENCES trial (id),
    UNIQUE (session, seq)
) STRICT;
CREATE TABLE picture (
    token TEXT PRIMARY KEY,
    session TEXT NOT NULL REFERENCES session (id),
    stimulus TEXT NOT NULL REFERENCES stimulus (id)
) STRICT;
CREATE TABLE response (
    trial_id TEXT PRIMARY KEY REFERENCES trial (id),
    score INTEGER CHECK (score BETWEEN 1 AND 5),
    choice TEXT CHECK (choice IN ('left', 'right', 'tie')),
    original_score INTEGER,
    original_choice TEXT,
    reopened INTEGER NOT NULL DEFAULT 0,
    undone INTEGER NOT NULL DEFAULT 0,
    rt_ms REAL NOT NULL,
    ready_ms REAL NOT NULL,
    switches INTEGER NOT NULL,
    flicker_ms REAL NOT NULL,
    focus_lost INTEGER NOT NULL,
    ppi REAL,
    ppi_method TEXT NOT NULL,
    distance_cm REAL,
    distance_method TEXT NOT NULL,
    ppd REAL,
    dpr REAL NOT NULL,
    visual_scale REAL NOT NULL,
    screen_width INTEGER NOT NULL,
    screen_height INTEGER NOT NULL,
    viewport_width INTEGER NOT NULL,
    viewport_height INTEGER NOT NULL,
    orientation TEXT NOT NULL,
    pixel_check TEXT NOT NULL,
    clipped REAL NOT NULL,
    flags TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT,
    CHECK ((score IS NULL) <> (choice IS NULL))
) STRICT;
CREATE TABLE withdrawal (
    participant TEXT PRIMARY KEY,
    withdrawn_at TEXT NOT NULL
) STRICT;
CREATE INDEX trial_left ON trial (left_id);
CREATE INDEX session_participant ON session (participant);
CREATE INDEX participant_study ON participant (study);
CREATE INDEX picture_session ON picture (session);
"""


@migrations()
def m001_tables(db: Database) -> None:
    """All tables of the first version."""
    _run(db, FIRST)


@migrations()
def m002_same_angle(db: Database) -> None:
    """Pictures that are magnified towards a density, and by how much they were."""
    db.execute("ALTER TABLE trial ADD COLUMN target_ppd REAL")  # NULL: pixel for pixel
    db.execute("ALTER TABLE response ADD COLUMN magnification INTEGER NOT NULL DEFAULT 1")


RECORD = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    sha256 TEXT NOT NULL
) STRICT;
CREATE TABLE erasure (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('withdrawal', 'anonymous')),
    day TEXT NOT NULL
) STRICT;
CREATE TABLE job (
    receipt TEXT PRIMARY KEY,
    is_clean_here INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE place (name TEXT PRIMARY KEY) STRICT;
ALTER TABLE trial ADD COLUMN left_token TEXT;
ALTER TABLE trial ADD COLUMN right_token TEXT;
UPDATE trial SET
    left_token = (SELECT token FROM picture
        WHERE picture.session = trial.session AND stimulus = left_id),
    right_token = (SELECT token FROM picture
        WHERE picture.session = trial.session AND stimulus = right_id);
DROP TABLE picture;
INSERT INTO erasure (kind, day)
    SELECT 'withdrawal', substr(withdrawn_at, 1, 10) FROM withdrawal ORDER BY rowid;
INSERT INTO erasure (kind, day)
    SELECT 'anonymous', substr(anonymised_at, 1, 10) FROM participant
    WHERE anonymised_at IS NOT NULL ORDER BY rowid;
DROP TABLE withdrawal;
CREATE INDEX trial_left_token ON trial (left_token);
CREATE INDEX trial_right_token ON trial (right_token);
"""


@migrations()
def m003_record(db: Database) -> None:
    """What happened, event by event; an address of its own for every picture of every trial."""
    _run(db, RECORD)


INVITED = """
CREATE TABLE invitation (
    code_hmac TEXT PRIMARY KEY,
    study TEXT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE panel (
    participant TEXT PRIMARY KEY REFERENCES participant (id),
    id TEXT NOT NULL
) STRICT;
ALTER TABLE study ADD COLUMN completion_url TEXT NOT NULL DEFAULT '';
"""


@migrations()
def m004_invited(db: Database) -> None:
    """Addresses for one person each, and panels, whose ids stand apart from all answers."""
    _run(db, INVITED)


@migrations()
def m005_shelf(db: Database) -> None:
    """Several studies: when raters were last given one, and whether it was put away."""
    db.execute("ALTER TABLE study ADD COLUMN opened_at TEXT")  # NULL: never chosen
    db.execute("ALTER TABLE study ADD COLUMN archived INTEGER NOT NULL DEFAULT 0")


def _run(db: Database, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m006_margins(db: Database) -> None:
    """Differences that do not matter, as the owner set them; NULL: not set."""
    for column in ("margin REAL", "share_margin REAL", "margins_set_at TEXT"):
        db.execute(f"ALTER TABLE study ADD COLUMN {column}")


def unknown_migrations(db: Database) -> list[str]:
    """Migrations of a newer version that a database has been through."""
    known = {m.name for m in migrations.pending(Database(memory=True))}
    return [m.name for m in migrations.applied(db) if m.name not in known]
