"""The tables of the evidence log; part of the gateway's one metadata. A `place` is an entry's index, from 0."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from cloud_gateway.tables import metadata

evidence_log = Table(  # one row: how far the tree has grown
    "evidence_log",
    metadata,
    Column("id", Integer, primary_key=True),  # 1
    Column("size", Integer, nullable=False),
    Column("peaks", LargeBinary, nullable=False),  # hashes of the complete subtrees, the largest first
    Column("restored_from", String(36)),  # id of a backup whose restoring the log does not hold yet
    Column("restored_at", Integer),
    Column("fault", Text, nullable=False, server_default=""),  # why no head could be signed; empty: it could
    Column("fault_at", Integer),
)

evidence_entry = Table(
    "evidence_entry",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("type", String(16), nullable=False),
    Column("at", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the whole entry, canonical JSON
    Column("leaf", LargeBinary, nullable=False),  # its leaf hash
    Index("evidence_entry_leaf", "leaf"),
    Index("evidence_entry_type", "type", "place"),
)

evidence_node = Table(  # complete subtrees from level 1 on; written once, never changed
    "evidence_node",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

evidence_text = Table(  # personal or removable text of an entry, which holds its salted hash; erasing leaves the row
    "evidence_text",
    metadata,
    Column("place", Integer, ForeignKey("evidence_entry.place"), primary_key=True, autoincrement=False),
    Column("path", String(200), primary_key=True),  # body.text
    Column("salt", LargeBinary),  # 16 bytes; null: erased
    Column("text", Text),  # null: erased
    Column("published", Boolean, nullable=False),
    Column("masked_by", Integer),  # place of the entry that masks it
    Column("erased_by", Integer),  # place of the entry that erases it
)

evidence_key = Table(  # which keys the log names, so that each is named before it signs
    "evidence_key",
    metadata,
    Column("role", String(16), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("public_key", String(44), primary_key=True),  # Ed25519, raw, base64
    Column("place", Integer, ForeignKey("evidence_entry.place"), nullable=False),
)

evidence_life = Table(  # under which name heads are signed: a restored log goes on under a new one
    "evidence_life",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("origin", String(200), nullable=False, unique=True),
    Column("first_size", Integer, nullable=False),  # it shares so many entries with the life before
    Column("begun_at", Integer, nullable=False),
)

evidence_head = Table(  # every signed head
    "evidence_head",
    metadata,
    Column("life", Integer, ForeignKey("evidence_life.number"), primary_key=True),
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),  # C2SP tlog-checkpoint
    Column("at", Integer, nullable=False),
    Index("evidence_head_size", "size", "life"),
)

evidence_witness = Table(  # the newest head of each origin that a device says it has seen
    "evidence_witness",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("origin", String(200), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("seen_at", Integer, nullable=False),
    Column("code", String(16), nullable=False),  # empty: it agrees
)

evidence_dissent = Table(  # a witness that does not agree with the log: a gateway alarm, open until somebody closes it
    "evidence_dissent",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("origin", String(200), primary_key=True),
    Column("code", String(16), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("root", LargeBinary, nullable=False),  # as the device saw it first
    Column("first_at", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("closed_at", Integer),
    Column("closed_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("evidence_dissent_open", "closed_at"),
)
