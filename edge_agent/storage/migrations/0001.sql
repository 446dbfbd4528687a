-- The outbox of one device. `pending` holds what the gateway has not acknowledged; `lane.next` gives each seq once.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

CREATE TABLE lane (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE pending (
    lane  TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    kind  TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    clock TEXT    NOT NULL,
    mono  INTEGER NOT NULL,
    boot  TEXT    NOT NULL,
    body  BLOB    NOT NULL,
    PRIMARY KEY (lane, seq)
) WITHOUT ROWID;

-- What the gateway refused for good: kept for the people who mend it, bounded by the outbox.
CREATE TABLE dead (
    lane  TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    code  TEXT    NOT NULL,
    kind  TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    body  BLOB    NOT NULL,
    PRIMARY KEY (lane, seq)
) WITHOUT ROWID;
