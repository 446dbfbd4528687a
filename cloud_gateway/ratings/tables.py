"""The tables of counted ratings and of what terminals say of services; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from cloud_gateway.tables import metadata

rating_progress = Table(  # one row: every record entry below this place of the evidence log has been taken
    "rating_progress",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("place", Integer, nullable=False),
)

rating = Table(  # one row for each rating that counts, whatever its channel; never changed but for its release
    "rating",
    metadata,
    Column("count", String(64), primary_key=True),  # hex; its secret is the holder's
    Column("channel", String(8), nullable=False),  # counter, phone, web
    Column("stage", String(32), nullable=False),
    Column("scale", Integer, nullable=False),
    Column("score", Integer, nullable=False),
    Column("station", String(32), nullable=False),  # empty: of none, or its terminal stands nowhere yet
    Column("counter", String(64), nullable=False),
    Column("clerk", String(64), nullable=False),
    Column("at", Integer, nullable=False),  # when it was given
    Column("day", String(10), nullable=False),  # the local day of that
    Column("wait_s", Integer),  # whole minutes
    Column("answered_ms", Integer),
    Column("device", String(32)),  # of a terminal, with its window
    Column("window", String(32)),
    Column("due_at", Integer, nullable=False),  # when the local day on which it came is over
    Column("taken_at", Integer, nullable=False),
    Column("place", Integer, ForeignKey("evidence_entry.place")),  # of the `count` entry; null: waits
    UniqueConstraint("device", "window"),
    Index("rating_waiting", "place", "station", "counter", "clerk", "channel"),
    Index("rating_of_clerk", "clerk", "at"),
    Index("rating_taken", "taken_at"),
    Index("rating_day", "day"),
)

rating_more = Table(  # what customers chose to add
    "rating_more",
    metadata,
    Column("count", String(64), primary_key=True),
    Column("reasons", Text, nullable=False),  # JSON list of codes
    Column("settled", Boolean),
    Column("recommend", Integer),  # 0 to 10
)

service = Table(  # one service at a counter, rated or not
    "service",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("window", String(32), primary_key=True),
    Column("station", String(32), nullable=False),  # empty: its terminal stands nowhere yet
    Column("counter", String(64), nullable=False),
    Column("clerk", String(64), nullable=False),
    Column("by", String(16), nullable=False),
    Column("waited_s", Integer),
    Column("opened_at", Integer, nullable=False),
    Column("closed_at", Integer, nullable=False),
    Column("day", String(10), nullable=False),
    Column("invited", Boolean, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("why_not", String(32), nullable=False),
    Column("due_at", Integer, nullable=False),
    Column("place", Integer, ForeignKey("evidence_entry.place")),  # of the `service-day` entry; null: waits
    Index("service_waiting", "place", "station", "due_at"),
    Index("service_closed", "station", "closed_at"),
    Index("service_day", "day"),
)

press = Table(  # every raw press, counted or not
    "press",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("epoch", String(16), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("station", String(32), nullable=False),
    Column("counter", String(64), nullable=False),
    Column("button", Integer, nullable=False),
    Column("source", String(8), nullable=False),
    Column("counted", Boolean, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("present", Boolean),
    Index("press_at", "station", "at"),
)

shift = Table(  # clerks sign on, go for a break, leave
    "shift",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("epoch", String(16), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("station", String(32), nullable=False),
    Column("counter", String(64), nullable=False),
    Column("clerk", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Index("shift_at", "station", "at"),
)

publication = Table(  # each edition of a period's figures, as it was published
    "publication",
    metadata,
    Column("period", String(10), primary_key=True),
    Column("edition", Integer, primary_key=True),
    Column("size", Integer, nullable=False),  # made from so many entries of the log
    Column("document", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),  # C2SP signed note over its digest
    Column("at", Integer, nullable=False),
    Column("place", Integer, ForeignKey("evidence_entry.place"), nullable=False),
)

figures_view = Table(  # when a regulator looked at which figures; never deleted
    "figures_view",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Integer, nullable=False),
    Column("who", String(64), nullable=False),
    Column("what", Text, nullable=False),
    sqlite_autoincrement=True,
)
