-- What a lane holds is counted where it changes; a checksum tells rows that the card has altered.
-- `kept` holds acknowledged alarms and records until the gateway's backup has them, `salvaged` what could be read of a
-- damaged file, under the epoch and the numbers that it had.
ALTER TABLE pending ADD COLUMN crc INTEGER;

ALTER TABLE lane ADD COLUMN rows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lane ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lane ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lane ADD COLUMN thinned INTEGER NOT NULL DEFAULT 0;

UPDATE lane SET
    rows = (SELECT count(*) FROM pending WHERE lane = lane.name),
    bytes = (SELECT coalesce(sum(length(body) * 5 / 4 + 120), 0) FROM pending WHERE lane = lane.name);

CREATE TABLE kept (
    lane  TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    kind  TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    clock TEXT    NOT NULL,
    mono  INTEGER NOT NULL,
    boot  TEXT    NOT NULL,
    body  BLOB    NOT NULL,
    crc   INTEGER,
    PRIMARY KEY (lane, seq)
) WITHOUT ROWID;

CREATE TABLE salvaged (
    epoch TEXT    NOT NULL,
    lane  TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    kind  TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    clock TEXT    NOT NULL,
    mono  INTEGER NOT NULL,
    boot  TEXT    NOT NULL,
    body  BLOB    NOT NULL,
    crc   INTEGER,
    PRIMARY KEY (epoch, lane, seq)
) WITHOUT ROWID;
