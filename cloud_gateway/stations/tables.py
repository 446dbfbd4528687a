"""The tables of stations; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from cloud_gateway.tables import metadata

station = Table(
    "station",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("zone", Text, nullable=False),  # IANA; its local days are what ratings are counted by
    Column("opens", Integer, nullable=False),  # minute of the local day
    Column("closes", Integer, nullable=False),  # the first minute after
    Column("duty_device", String(32)),  # shows calls to the duty manager; null: none
    Column("changed_at", Integer, nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("station", String(32), ForeignKey("station.code"), primary_key=True),
    Column("number", String(64), primary_key=True),  # as the counter system and the terminal name it
    Column("name", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
)

terminal = Table(  # which device stood at which counter, dated
    "terminal",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("since", Integer, primary_key=True),
    Column("station", String(32), ForeignKey("station.code"), nullable=False),
    Column("counter", String(64), nullable=False),
    Column("until", Integer),
    Index("terminal_at", "station", "counter", "until"),
)

clerk = Table(  # whose name, number and photo the counter shows
    "clerk",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("station", String(32), ForeignKey("station.code"), nullable=False),
    Column("name", Text, nullable=False),
    Column("card", String(64), nullable=False),  # `card_digest` of the card; empty: none
    Column("photo", Text, nullable=False),  # base64 of a small JPEG or PNG; empty: none
    Column("gone", Boolean, nullable=False),  # serves no longer
    Column("staff", String(64)),  # name of the sign-in that is this clerk's own
    Column("stars", Integer),  # null while there are too few ratings
    Column("star_ratings", Integer, nullable=False, default=0),  # how many stand behind it
    Column("star_day", String(10), nullable=False, default=""),  # local day that it was judged on
    Index("clerk_of_station", "station", "number"),
    UniqueConstraint("staff"),
)
