"""The tables of emergency plans, their tasks, and partners with resources; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

plan = Table(  # versions are added, never changed
    "plan",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("site", String(36), ForeignKey("site.id"), nullable=False),
    Column("hazard", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("steps", Text, nullable=False),  # JSON of plans.model.PlanStep
    Column("review_by", Integer, nullable=False),
    Column("made_at", Integer, nullable=False),
    Column("made_by", Text, nullable=False),
    Index("plan_of", "site", "hazard", "version", unique=True),
)

task = Table(  # a step of a plan that an event has set off
    "task",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("event", String(36), nullable=False),
    Column("plan", String(36), ForeignKey("plan.id"), nullable=False),
    Column("step", String(32), nullable=False),
    Column("number", Integer, nullable=False),  # of the event's change that set it off; 0 in a drill
    Column("level", Integer, nullable=False),  # from which on it is to be done
    Column("owner", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_zh", Text, nullable=False),
    Column("outdoor", Boolean, nullable=False),
    Column("inspection", Boolean, nullable=False),
    Column("safe_lead_s", Integer, nullable=False),
    Column("proof_needed", String(8), nullable=False),  # none, note, photo
    Column("state", String(16), nullable=False),  # open, done, unsafe-not-done, rolled-back, closed-unsafe
    Column("made_at", Integer, nullable=False),
    Column("due_at", Integer, nullable=False),
    Column("unsafe_at", Integer),  # from then on nobody goes out for it; null: never as things stand
    Column("ended_at", Integer),
    Column("ended_by", Text, nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("photo", String(64), nullable=False, default=""),  # SHA-256 of the picture, hex
    Column("drill", Boolean, nullable=False, default=False),
    Index("task_of_event", "event"),
    Index("task_by_state", "state", "unsafe_at"),
)

plan_run = Table(  # how an open event stood when its plan was last looked at; the same again changes nothing
    "plan_run",
    metadata,
    Column("event", String(36), ForeignKey("hazard_event.id"), primary_key=True),
    Column("number", Integer, nullable=False),  # of its newest change then
    Column("onset", Integer, nullable=False),
)

drill = Table(  # an exercise of a plan; its id stands as the event of its tasks
    "drill",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("plan", String(36), ForeignKey("plan.id"), nullable=False),
    Column("level", Integer, nullable=False),
    Column("onset", Integer, nullable=False),
    Column("begun_at", Integer, nullable=False),
    Column("begun_by", Text, nullable=False),
    Column("ended_at", Integer),
    Index("drill_of", "plan", "ended_at"),
)

partner = Table(
    "partner",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("phone", Text, nullable=False, default=""),
    Column("mail", Text, nullable=False, default=""),
    Column("checked_at", Integer),
)

resource = Table(
    "resource",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("partner", String(36), ForeignKey("partner.id"), nullable=False),
    Column("kind", String(32), nullable=False),  # pump, sandbags, vehicle, generator, crew, boat
    Column("count", Integer, nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Index("resource_of", "partner", "kind", unique=True),
)

resource_request = Table(
    "resource_request",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("event", String(36), nullable=False),
    Column("site", String(36), ForeignKey("site.id"), nullable=False),
    Column("resource", String(36), ForeignKey("resource.id"), nullable=False),
    Column("count", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # asked, accepted, declined, arrived, returned
    Column("at", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Index("resource_request_of_event", "event"),
    Index("resource_request_holding", "resource", "state"),
)

resource_log = Table(  # every word on a request, appended
    "resource_log",
    metadata,
    Column("request", String(36), ForeignKey("resource_request.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("by", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("note", Text, nullable=False, default=""),
)
