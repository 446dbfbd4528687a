"""The tables of long records and seasonal outlooks; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table, Text

from cloud_gateway.tables import metadata

long_record = Table(  # the highest value of a quantity at a place in a period
    "long_record",
    metadata,
    Column("place", String(48), primary_key=True),  # site:CODE or adcode:CODE
    Column("quantity", String(24), primary_key=True),
    Column("period", String(10), primary_key=True),  # YYYY, YYYY-MM or YYYY-MM-DD
    Column("unit", String(8), nullable=False),
    Column("value", Float, nullable=False),
    Column("source", Text, nullable=False),
    Column("stream", String(32), nullable=False),  # the site's own stream that measures the same; "" for none
    Column("imported_at", Integer, nullable=False),
)

season_outlook = Table(  # what a service expects of a season, relayed as it was given
    "season_outlook",
    metadata,
    Column("place", String(48), primary_key=True),
    Column("issuer", Text, primary_key=True),
    Column("hazard", String(40), primary_key=True),
    Column("valid_from", String(10), primary_key=True),  # local dates
    Column("issued", String(10), primary_key=True),
    Column("valid_to", String(10), nullable=False),
    Column("below", Float),  # chances in percent; null where the issuer gave none
    Column("near", Float),
    Column("above", Float),
    Column("text", Text, nullable=False),
    Column("imported_at", Integer, nullable=False),
)
