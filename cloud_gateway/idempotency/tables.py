"""The table of keys of requests that made something; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("staff", String(36), ForeignKey("staff.id"), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("digest", String(64), nullable=False),  # SHA-256 of method, path and body
    Column("answer", Text, nullable=False),  # JSON
    Column("at", Integer, nullable=False),
    Index("idempotency_key_old", "at"),
)
