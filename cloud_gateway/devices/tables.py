"""The table of the tags of devices; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from cloud_gateway.tables import metadata

device_tag = Table(
    "device_tag",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("tag", String(32), primary_key=True),
)
