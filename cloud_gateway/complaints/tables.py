"""The tables of complaints, handlers, follow-ups, corrective actions and praise; part of the gateway's one metadata.

What customers said, and who they are, stands in the evidence log's texts alone, where it can be erased.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

number_series = Table(  # numbers that people say; none is used twice
    "number_series",
    metadata,
    Column("series", String(16), primary_key=True),  # C2026
    Column("last", Integer, nullable=False),
)

handler = Table(  # staff who take complaints and call-backs
    "handler",
    metadata,
    Column("staff", String(64), primary_key=True),  # name of the sign-in
    Column("skills", Text, nullable=False),  # JSON list
    Column("manages", Text, nullable=False),  # JSON list of numbers of clerks
    Column("given_at", Integer, nullable=False, default=0),
    Column("ended_at", Integer),
    Column("mail", String(200), nullable=False, default=""),  # where reminders go; empty: nowhere
    Column("above", String(64), nullable=False, default=""),  # the handler who is told too when a last day has passed
)

handler_absence = Table(
    "handler_absence",
    metadata,
    Column("staff", String(64), ForeignKey("handler.staff"), primary_key=True),
    Column("since", String(10), primary_key=True),  # local days, both included
    Column("until", String(10), nullable=False),
)

complaint = Table(
    "complaint",
    metadata,
    Column("number", String(16), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("station", String(32), nullable=False),  # empty: of none
    Column("clerk", String(64), nullable=False),  # whom it is about; empty: nobody
    Column("zone", Text, nullable=False),  # IANA, of its days
    Column("rule", String(40), nullable=False),
    Column("received_at", Integer, nullable=False),
    Column("received", String(10), nullable=False),  # local days from here on
    Column("state", String(12), nullable=False),
    Column("due", String(10), nullable=False),
    Column("first_due", String(10), nullable=False),  # for the first answer, with all that was added
    Column("complex", Boolean, nullable=False),
    Column("extended", Boolean, nullable=False),
    Column("answered", String(10)),
    Column("first_answered", String(10)),
    Column("review_asked", String(10)),
    Column("handler", String(64)),  # null: nobody may take it
    Column("answered_by", String(64)),  # does not decide its review
    Column("people", Integer, nullable=False),  # who complain together
    Column("by_head", Boolean, nullable=False),  # the head of the station received them in person
    Column("place", Integer, ForeignKey("evidence_entry.place"), nullable=False),  # of the first entry
    Index("complaint_due", "state", "due"),
    Index("complaint_received", "received"),
    Index("complaint_of_handler", "handler", "state"),
)

complaint_step = Table(  # appended, never changed
    "complaint_step",
    metadata,
    Column("complaint", String(16), ForeignKey("complaint.number"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("step", String(16), nullable=False),
    Column("state", String(12), nullable=False),  # after it
    Column("at", Integer, nullable=False),
    Column("by", String(64), nullable=False),
    Column("to", String(64), nullable=False),
    Column("due", String(10), nullable=False),
    Column("place", Integer, ForeignKey("evidence_entry.place"), nullable=False),
)

complaint_interest = Table(  # staff who said, or of whom it is known, that they have a part in it
    "complaint_interest",
    metadata,
    Column("complaint", String(16), ForeignKey("complaint.number"), primary_key=True),
    Column("staff", String(64), primary_key=True),
)

follow_up = Table(  # of a bad rating; no entry of the log tells of it, because that would tell the score early
    "follow_up",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("count", String(64), nullable=False, unique=True),  # of the rating
    Column("channel", String(8), nullable=False),
    Column("station", String(32), nullable=False),
    Column("counter", String(64), nullable=False),
    Column("clerk", String(64), nullable=False),
    Column("scale", Integer, nullable=False),
    Column("score", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("zone", Text, nullable=False),
    Column("rule", String(40), nullable=False),
    Column("contact_due", String(10), nullable=False),
    Column("close_due", String(10), nullable=False),
    Column("contacted_at", Integer),
    Column("closed_at", Integer),
    Column("closed_by", String(64), nullable=False, default=""),
    Column("outcome", String(16), nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("complaint", String(16), ForeignKey("complaint.number")),
    Index("follow_up_open", "closed_at", "at"),
)

corrective_action = Table(
    "corrective_action",
    metadata,
    Column("number", String(16), primary_key=True),
    Column("complaint", String(16), ForeignKey("complaint.number"), nullable=False),
    Column("cause", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("due", String(10), nullable=False),
    Column("state", String(12), nullable=False),  # open, done, effective, not-effective
    Column("made_at", Integer, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("done_at", Integer),
    Column("checked_at", Integer),
    Column("checked_by", String(64), nullable=False, default=""),
    Column("effect", Text, nullable=False, default=""),
    Index("corrective_action_due", "state", "due"),
)

praise = Table(  # thanks to somebody by name
    "praise",
    metadata,
    Column("number", String(16), primary_key=True),
    Column("station", String(32), nullable=False),
    Column("clerk", String(64), nullable=False),
    Column("at", Integer, nullable=False),
    Column("place", Integer, ForeignKey("evidence_entry.place"), nullable=False),
    Index("praise_of_clerk", "clerk", "at"),
)

reminder = Table(  # written down before it leaves; its id is its Message-ID
    "reminder",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("matter", String(12), nullable=False),  # complaint, call-backs
    Column("of", String(64), nullable=False),  # number of a complaint, or whose call-backs
    Column("due", String(10), nullable=False),
    Column("stage", Integer, nullable=False),  # days left when it began
    Column("to", String(64), nullable=False),  # a handler
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("made_at", Integer, nullable=False),
    Column("state", String(8), nullable=False),  # owed, sent, failed
    Column("tries", Integer, nullable=False, default=0),
    Column("next_at", Integer, nullable=False),
    Column("sent_at", Integer),
    Column("error", Text, nullable=False, default=""),
    Index("reminder_once", "matter", "of", "due", "stage", "to", unique=True),
    Index("reminder_of", "of"),
)
