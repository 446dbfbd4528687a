"""The tables of recipients, messages and answers; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

recipient = Table(
    "recipient",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(32), nullable=False),
    Column("language", String(8), nullable=False),
    Column("zone", Text, nullable=False),
    Column("mail", Text, nullable=False, default=""),
    Column("chat", Text, nullable=False, default=""),
    Column("phone", Text, nullable=False, default=""),
    Column("device", String(32), nullable=False, default=""),
    Column("quiet_from_min", Integer),
    Column("quiet_to_min", Integer),
    Column("breaks_quiet", Integer, nullable=False, default=4),
    Column("least", Integer, nullable=False, default=1),
    Column("hazards", Text, nullable=False, default="[]"),  # JSON list
    Column("contact_checked_at", Integer),  # somebody has tried the addresses
    Column("disabled_at", Integer),
)

recipient_site = Table(
    "recipient_site",
    metadata,
    Column("recipient", String(36), ForeignKey("recipient.id"), primary_key=True),
    Column("site", String(36), ForeignKey("site.id"), primary_key=True),
    Index("recipient_of_site", "site"),
)

duty = Table(  # who is on duty when; the ladder's next persons, in order
    "duty",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("recipient", String(36), ForeignKey("recipient.id"), nullable=False),
    Column("since", Integer, nullable=False),
    Column("until", Integer, nullable=False),
    Column("rank", Integer, nullable=False),  # 1 is called first
    Index("duty_at", "since", "until"),
)

silence = Table(  # a person asked for quiet on a site's hazard; an upgrade breaks it
    "silence",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("recipient", String(36), ForeignKey("recipient.id"), nullable=False),
    Column("event", String(36), nullable=False),
    Column("level", Integer, nullable=False),  # broken by anything above it
    Column("since", Integer, nullable=False),
    Column("until", Integer, nullable=False),
    Column("reviewed_at", Integer),  # after its end it was seen to what had been held back
    Index("silence_open", "reviewed_at", "until"),
)

message = Table(
    "message",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("recipient", String(36), ForeignKey("recipient.id"), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("hazard", String(40), nullable=False),
    Column("change", String(16), nullable=False),
    Column("level", Integer, nullable=False),
    Column("step", String(32), nullable=False, default=""),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),  # made once, when planned: a resend is identical
    Column("made_at", Integer, nullable=False),
    Column("due_at", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", Integer, nullable=False),
    Column("sent_at", Integer),
    Column("ended_at", Integer),
    Column("error", Text, nullable=False, default=""),
    Column("failed_ways", Text, nullable=False, default="[]"),  # JSON of outreach.fallback.FailedWay, oldest first
    Column("answer_needed_by", Integer),  # null: no answer is waited for
    Column("token_hash", String(64)),  # of the answer link; the token itself stands in the body only until it is sent
    Column("simulated", Boolean, nullable=False, default=False),
    Index("message_due", "state", "next_at"),
    Index("message_waiting", "answer_needed_by"),
    Index("message_token", "token_hash"),
)

message_change = Table(  # which changes of which events it tells, ranked
    "message_change",
    metadata,
    Column("message", String(36), ForeignKey("message.id"), primary_key=True),
    Column("event", String(36), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("rank", Integer, nullable=False),
    Index("message_of_change", "event", "number"),
)

answer = Table(
    "answer",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("message", String(36), ForeignKey("message.id"), nullable=False),
    Column("at", Integer, nullable=False),
    Column("by", Text, nullable=False),  # "link", or the member of staff who wrote down a call
    Column("choice", String(16), nullable=False),  # acting, unsafe, need-help, not-mine
    Column("note", Text, nullable=False, default=""),
    Index("answer_of", "message"),
)

ladder_step = Table(  # a rung that waits for its time; durable, so that a restart forgets none
    "ladder_step",
    metadata,
    Column("event", String(36), ForeignKey("hazard_event.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # of the change that set it off
    Column("name", String(32), primary_key=True),
    Column("try", Integer, primary_key=True),
    Column("due_at", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # waiting, made, answered, escalated, stopped
    Column("message", String(36)),
    Index("ladder_due", "state", "due_at"),
    Index("ladder_of_message", "message"),
)

channel_check = Table(  # the dead man's switch: the newest test of each channel
    "channel_check",
    metadata,
    Column("channel", String(8), primary_key=True),
    Column("at", Integer, nullable=False),
    Column("ok_at", Integer),
    Column("error", Text, nullable=False, default=""),
)

notice = Table(  # what each device shall show; ingest brings it to the broker
    "notice",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("entries", Text, nullable=False),  # JSON list of wire NoticeEntry
    Column("counter", Text),  # JSON of a wire CounterNotice; null: no rating terminal's
    Column("changed_at", Integer, nullable=False),
    Column("said_version", Integer, nullable=False, default=0),  # the newest one that the broker has taken
    Column("said_at", Integer),
)

handover = Table(  # a duty engineer's notes to the next one
    "handover",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", Integer, nullable=False),
    Column("staff", String(36), ForeignKey("staff.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("open_events", Text, nullable=False),  # JSON of the events that were open then
    Column("taken_by", String(36), ForeignKey("staff.id")),
    Column("taken_at", Integer),
)
