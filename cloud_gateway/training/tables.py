"""The tables of training and of the self-assessment; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

training_result = Table(  # one row for each test taken; a withdrawn one stays
    "training_result",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("clerk", String(64), nullable=False),
    Column("course", String(40), nullable=False),
    Column("version", String(40), nullable=False),
    Column("right", Integer, nullable=False),
    Column("of", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("day", String(10), nullable=False),  # local
    Column("valid_until", String(10)),  # the last day; null: not passed
    Column("by", String(64), nullable=False),  # who saw to the test
    Column("withdrawn_at", Integer),
    Column("place", Integer, ForeignKey("evidence_entry.place"), nullable=False),
    Index("training_of_clerk", "clerk", "course", "at"),
)

assessment_answer = Table(  # what no data can say of a service centre; the newest counts, all are kept
    "assessment_answer",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("item", String(40), nullable=False),
    Column("met", String(8), nullable=False),  # yes, partly, no
    Column("note", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Column("by", String(64), nullable=False),
    Index("assessment_answer_newest", "item", "at"),
)
