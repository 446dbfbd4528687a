"""The tables of rated calls, call-backs and telephones; no number of a telephone is kept, only a keyed hash of it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from cloud_gateway.tables import metadata

telephony_number = Table(  # numbers used once, as long as a message with one could still be young enough
    "telephony_number",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("at", Integer, nullable=False),
    Index("telephony_number_at", "at"),
)

rated_call = Table(  # every call at whose end a rating was asked for
    "rated_call",
    metadata,
    Column("call", String(64), primary_key=True),
    Column("purpose", String(16), nullable=False),  # consultation, call-back
    Column("station", String(32), nullable=False),
    Column("clerk", String(64), nullable=False),
    Column("at", Integer, nullable=False),
    Column("day", String(10), nullable=False),
    Column("scale", Integer, nullable=False),
    Column("answer", String(16), nullable=False),  # rated, no-digit, wrong-digit, hung-up
    Column("count", String(64)),  # of the rating, when there is one
    Column("simulated", Boolean, nullable=False),
    Index("rated_call_day", "day", "station"),
)

call_back = Table(  # a customer to be called after a sale or a service
    "call_back",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("campaign", String(64), nullable=False),
    Column("policy", String(64), nullable=False),
    Column("agent", String(64), nullable=False),  # who sold it: never calls back himself
    Column("station", String(32), nullable=False),
    Column("phone_hash", String(64), nullable=False),
    Column("phone_masked", String(24), nullable=False),
    Column("due", String(10), nullable=False),
    Column("handler", String(64)),  # null: nobody may take it
    Column("state", String(12), nullable=False),  # open, reached, not-reached, wrong-number
    Column("tries", Integer, nullable=False, default=0),
    Column("made_at", Integer, nullable=False),
    Column("ended_at", Integer),
    Column("ended_by", String(64), nullable=False, default=""),
    Column("call", String(64)),  # whose rating came of it
    Index("call_back_once", "campaign", "policy", unique=True),
    Index("call_back_of_handler", "handler", "state"),
    Index("call_back_due", "state", "due"),
)

policy_phone = Table(
    "policy_phone",
    metadata,
    Column("policy", String(64), primary_key=True),
    Column("agent", String(64), nullable=False),
    Column("phone_hash", String(64), nullable=False),
    Column("phone_masked", String(24), nullable=False),
    Column("at", Integer, nullable=False),
    Index("policy_phone_same", "phone_hash"),
)

agent_phone = Table(
    "agent_phone",
    metadata,
    Column("agent", String(64), primary_key=True),
    Column("phone_hash", String(64), primary_key=True),
    Column("at", Integer, nullable=False),
    Index("agent_phone_same", "phone_hash"),
)
