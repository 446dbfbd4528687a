"""The table of dead letters that were put through ingest again; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

dead_letter_replay = Table(  # append only
    "dead_letter_replay",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("letter", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("by", String(64), nullable=False),
    Column("result", String(16), nullable=False),  # stored, refused
    Column("code", String(40), nullable=False),  # of a refusal
    Column("detail", Text, nullable=False),
    Index("dead_letter_replay_of", "letter", "at"),
)
