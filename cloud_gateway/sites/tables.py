"""The tables of what was changed of sites and of sites that are insured no more; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

site_change = Table(  # what somebody changed of a site; kept for good
    "site_change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(36), ForeignKey("site.id"), nullable=False),
    Column("at", Integer, nullable=False),
    Column("staff", String(36), ForeignKey("staff.id")),  # null for an import from the command line
    Column("name", Text, nullable=False),  # as they were called then; "" for an import
    Column("fields", Text, nullable=False),  # JSON [[field, before, after], ...]; all before "" for a new site
    Index("site_change_of_site", "site", "id"),
    sqlite_autoincrement=True,
)

site_retirement = Table(  # a site that is not matched with warnings any more
    "site_retirement",
    metadata,
    Column("site", String(36), ForeignKey("site.id"), primary_key=True),
    Column("at", Integer, nullable=False),  # from then on, ms UTC
)
