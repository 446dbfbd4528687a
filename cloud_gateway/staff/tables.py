"""The table of failed sign-ins; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table

from cloud_gateway.tables import metadata

sign_in_failure = Table(  # what slows down guessing
    "sign_in_failure",
    metadata,
    Column("key", String(64), primary_key=True),  # SHA-256 of name and address: people type passwords as names
    Column("times", Integer, nullable=False),
    Column("last_at", Integer, nullable=False),
    Index("sign_in_failure_old", "last_at"),
)
