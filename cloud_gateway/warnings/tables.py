"""The tables of sources, messages and warnings; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from cloud_gateway.tables import metadata

warning_source = Table(  # how each configured source does; its settings are in the settings file
    "warning_source",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("url", Text, nullable=False, default=""),  # the address that etag and modified are of
    Column("etag", Text, nullable=False, default=""),
    Column("modified", Text, nullable=False, default=""),  # Last-Modified as it came
    Column("polled_at", Integer),
    Column("answered_at", Integer),  # newest good answer, 304 included
    Column("changed_at", Integer),  # newest answer with something new
    Column("failures", Integer, nullable=False, default=0),  # in a row
    Column("error", Text, nullable=False, default=""),
    Column("next_at", Integer, nullable=False, default=0),
    Column("silent_since", Integer),  # its freshness alarm: null while it is fresh
    Column("added_at", Integer, nullable=False, default=0),  # when it was first configured; its freshness counts on
)

warning_document = Table(  # a message that an index links to: fetched once, and again when the index says it is newer
    "warning_document",
    metadata,
    Column("source", String(32), primary_key=True),
    Column("url", Text, primary_key=True),
    Column("updated", Integer),  # as the index says
    Column("seen_at", Integer, nullable=False),  # newest index that named it as new
    Column("taken_at", Integer),  # null while it is to be fetched
    Column("tries", Integer, nullable=False, default=0),  # in vain
    Column("next_at", Integer, nullable=False, default=0),
    Index("warning_document_due", "source", "taken_at", "next_at"),
)

alert = Table(  # every message as published; never changed, never deleted here
    "alert",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("source", String(32), nullable=False),
    Column("sender", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("received_at", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("parsed", Text, nullable=False),  # JSON of model.Alert
    Column("signature", String(16), nullable=False, default="none"),  # none, verified, unverifiable, broken
    Column("warning", String(36), ForeignKey("warning.id")),  # null until followed
    Column("chain", String(36), nullable=False),  # the same for all that may speak of one warning
    Column("simulated", Boolean, nullable=False, default=False),
    Column("other_body_at", Integer),  # when its key last came with another body, which was refused
    UniqueConstraint("sender", "identifier", "sent"),
    Index("alert_of_warning", "warning"),
    Index("alert_of_chain", "chain"),
)

chain_key = Table(  # the names and event keys that messages of a chain have or refer to
    "chain_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("chain", String(36), nullable=False),
    Index("chain_key_of", "chain"),
)

alert_refused = Table(  # what came and could not be taken, with the reason
    "alert_refused",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(32), nullable=False),
    Column("received_at", Integer, nullable=False),  # the newest time
    Column("code", String(40), nullable=False),
    Column("field", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("head", LargeBinary, nullable=False),  # the first 64 KiB
    Column("times", Integer, nullable=False, default=1),
    UniqueConstraint("source", "sha256", "code"),
    sqlite_autoincrement=True,
)

warning = Table(  # one row per course; re-derived from its messages whenever one comes or time passes
    "warning",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("hazard", String(40), nullable=False),
    Column("issuer", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("level", Integer, nullable=False),
    Column("head", String(36), nullable=False),  # id of alert
    Column("course", Text, nullable=False),  # JSON of course.Course
    Column("since", Integer, nullable=False),
    Column("changed_at", Integer, nullable=False),
    Column("ends", Integer),
    Column("unconfirmed_since", Integer),
    Column("simulated", Boolean, nullable=False, default=False),
    Column("next_at", Integer),  # when time alone may change it; null: never
    Column("merged_into", String(36), ForeignKey("warning.id")),  # it turned out to be the same as that one
    Column("settle_at", Integer, default=0, onupdate=0),  # when its sites are next looked at: 0 at once
    Index("warning_by_state", "state", "changed_at"),
    Index("warning_due", "next_at"),
    Index("warning_unsettled", "settle_at"),
)

warning_closing = Table(  # a duty engineer's signed closing of a warning without an end
    "warning_closing",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("warning", String(36), ForeignKey("warning.id"), nullable=False),
    Column("alert", String(36), ForeignKey("alert.id"), nullable=False),  # the message that headed it then
    Column("at", Integer, nullable=False),
    Column("staff", String(36), ForeignKey("staff.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

storm_track = Table(  # every advisory of a storm's course as published: no warning; of one source and storm the newest
    "storm_track",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("source", String(32), nullable=False),
    Column("storm", String(8), nullable=False),  # basin, number and year: WP152026
    Column("name", Text, nullable=False),
    Column("technique", String(8), nullable=False),
    Column("issued", Integer, nullable=False),  # when its forecast begins, or its newest position is
    Column("received_at", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("parsed", Text, nullable=False),  # JSON of tracks.Track
    Column("simulated", Boolean, nullable=False, default=False),
    Column("superseded_at", Integer),  # null while it is the newest
    Column("settle_at", Integer, default=0),  # when its sites are next looked at: 0 at once; null: never
    UniqueConstraint("source", "storm", "sha256"),
    Index("storm_track_unsettled", "settle_at"),
    Index("storm_track_newest", "superseded_at", "source", "storm"),
)
