"""The tables of ratings on the web and of what is said to them; part of the gateway's one metadata.

All that is said is an entry of the evidence log; these rows find it again. Texts stand in `evidence_text` alone.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

rating_invitation = Table(  # one-time; the token itself is never stored
    "rating_invitation",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("stage", String(16), nullable=False),
    Column("scale", Integer, nullable=False),
    Column("station", String(64), nullable=False),
    Column("counter", String(64), nullable=False),
    Column("clerk", String(64), nullable=False),
    Column("made_by", String(36), ForeignKey("staff.id"), nullable=False),
    Column("made_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("used_at", Integer),
)

web_rating = Table(
    "web_rating",
    metadata,
    Column("place", Integer, ForeignKey("evidence_entry.place"), primary_key=True, autoincrement=False),
    Column("invitation", String(36), ForeignKey("rating_invitation.id"), nullable=False, unique=True),
    Column("stage", String(16), nullable=False),
    Column("station", String(64), nullable=False),
    Column("scale", Integer, nullable=False),
    Column("score", Integer, nullable=False),
    Column("day", String(10), nullable=False),  # local
    Column("at", Integer, nullable=False),
    Column("count", String(64), nullable=False, unique=True),  # id of its row in the count
    Column("holder_hash", String(64), nullable=False, unique=True),  # of the token in its holder's link
    Index("web_rating_stage", "stage", "place"),
    Index("web_rating_station", "station", "place"),
)

rating_word = Table(  # what was said to a rating, or done about it
    "rating_word",
    metadata,
    Column("place", Integer, ForeignKey("evidence_entry.place"), primary_key=True, autoincrement=False),
    Column("rating", Integer, ForeignKey("web_rating.place"), nullable=False),
    Column("kind", String(16), nullable=False),  # reply, answer, appeal, ruling, mask
    Column("of", Integer),  # the appeal that is ruled on, the entry whose text is masked
    Column("code", String(40), nullable=False),  # outcome of a ruling, reason of a mask
    Column("by", Text, nullable=False),  # member of staff; empty: the customer
    Column("at", Integer, nullable=False),
    Index("rating_word_of", "rating", "place"),
)

rating_appeal = Table(  # who may not rule on it
    "rating_appeal",
    metadata,
    Column("place", Integer, ForeignKey("evidence_entry.place"), primary_key=True, autoincrement=False),
    Column("rating", Integer, ForeignKey("web_rating.place"), nullable=False, unique=True),
    Column("clerk", String(64), nullable=False),
    Column("manager", String(64), nullable=False),  # name of the clerk's manager among the staff
    Column("filed_by", String(36), ForeignKey("staff.id"), nullable=False),
    Column("ruling", Integer, ForeignKey("evidence_entry.place")),
)
