"""The table of acts; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table

from cloud_gateway.tables import metadata

act = Table(  # written before what was asked for is done; no body, no query, no personal text, no token
    "act",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", Integer, nullable=False),
    Column("staff", String(36)),  # id; null: a command
    Column("name", String(64), nullable=False),  # as it was then
    Column("role", String(32), nullable=False),  # as it was then; of a command empty
    Column("address", String(64), nullable=False),  # network address; of a command the machine's user
    Column("method", String(8), nullable=False),  # RUN: a command
    Column("route", String(200), nullable=False),  # with its parameters by name, or the command's words
    Column("subject", String(300), nullable=False),  # the parameters' values
    Column("status", Integer),  # null: not known, the gateway ended meanwhile; of a command 0
    Column("took_ms", Integer),
    Index("act_when", "at", "id"),
)
