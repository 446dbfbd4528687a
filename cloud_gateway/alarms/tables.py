"""The table of what people did about alarms; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

alarm_step = Table(  # append only: how an alarm stands is derived from it
    "alarm_step",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("device", String(32), nullable=False),
    Column("epoch", String(16), nullable=False),
    Column("seq", Integer, nullable=False),  # with device and epoch: of the alarm
    Column("at", Integer, nullable=False),
    Column("by", String(64), nullable=False),  # name of the member of staff
    Column("kind", String(16), nullable=False),
    Column("whom", String(64), nullable=False, default=""),  # who has it now; empty: given back
    Column("text", Text, nullable=False, default=""),
    Column("crossed", Boolean, nullable=False, default=False),  # closed although its threshold still was
    Index("alarm_step_of", "device", "epoch", "seq", "id"),
)
