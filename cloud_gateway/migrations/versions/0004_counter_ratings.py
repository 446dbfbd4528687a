"""The evidence log, stations and their counters, ratings, complaints and training."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    _make_evidence()
    _make_witnesses()
    _make_stations()
    _make_ratings()
    _make_presses()
    _make_web_ratings()
    _make_complaints()
    _make_follow_ups()
    _make_telephony()
    _make_training()


def _make_evidence() -> None:
    op.create_table(
        "evidence_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("restored_from", sa.String(length=36), nullable=True),
        sa.Column("restored_at", sa.Integer(), nullable=True),
        sa.Column("fault", sa.Text(), server_default="", nullable=False),
        sa.Column("fault_at", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "evidence_entry",
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_index("evidence_entry_leaf", "evidence_entry", ["leaf"], unique=False)
    op.create_index("evidence_entry_type", "evidence_entry", ["type", "place"], unique=False)
    op.create_table(
        "evidence_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "place"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evidence_text",
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("masked_by", sa.Integer(), nullable=True),
        sa.Column("erased_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("place", "path"),
    )
    op.create_table(
        "evidence_key",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("public_key", sa.String(length=44), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("role", "name", "public_key"),
    )
    op.create_table(
        "evidence_life",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("first_size", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("origin"),
    )


def _make_witnesses() -> None:
    op.create_table(
        "evidence_head",
        sa.Column("life", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["life"],
            ["evidence_life.number"],
        ),
        sa.PrimaryKeyConstraint("life", "size"),
    )
    op.create_index("evidence_head_size", "evidence_head", ["size", "life"], unique=False)
    op.create_table(
        "evidence_witness",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("device", "origin"),
    )
    op.create_table(
        "evidence_dissent",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("first_at", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.Integer(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("device", "origin", "code"),
    )
    op.create_index("evidence_dissent_open", "evidence_dissent", ["closed_at"], unique=False)


def _make_web_ratings() -> None:
    op.create_table(
        "rating_invitation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("counter", sa.String(length=64), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=36), nullable=False),
        sa.Column("made_at", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "web_rating",
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("invitation", sa.String(length=36), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("count", sa.String(length=64), nullable=False),
        sa.Column("holder_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation"],
            ["rating_invitation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("place"),
        sa.UniqueConstraint("count"),
        sa.UniqueConstraint("holder_hash"),
        sa.UniqueConstraint("invitation"),
    )
    op.create_index("web_rating_stage", "web_rating", ["stage", "place"], unique=False)
    op.create_index("web_rating_station", "web_rating", ["station", "place"], unique=False)
    op.create_table(
        "rating_word",
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("of", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.ForeignKeyConstraint(
            ["rating"],
            ["web_rating.place"],
        ),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_index("rating_word_of", "rating_word", ["rating", "place"], unique=False)
    op.create_table(
        "rating_appeal",
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("manager", sa.String(length=64), nullable=False),
        sa.Column("filed_by", sa.String(length=36), nullable=False),
        sa.Column("ruling", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["filed_by"],
            ["staff.id"],
        ),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.ForeignKeyConstraint(
            ["rating"],
            ["web_rating.place"],
        ),
        sa.ForeignKeyConstraint(
            ["ruling"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("place"),
        sa.UniqueConstraint("rating"),
    )


def _make_stations() -> None:
    op.create_table(
        "station",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.Column("duty_device", sa.String(length=32), nullable=True),
        sa.Column("changed_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "clerk",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("card", sa.String(length=64), nullable=False),
        sa.Column("photo", sa.Text(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("staff", sa.String(length=64), nullable=True),
        sa.Column("stars", sa.Integer(), nullable=True),
        sa.Column("star_ratings", sa.Integer(), nullable=False),
        sa.Column("star_day", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["station"],
            ["station.code"],
        ),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("staff"),
    )
    op.create_index("clerk_of_station", "clerk", ["station", "number"], unique=False)
    op.create_table(
        "counter",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station"],
            ["station.code"],
        ),
        sa.PrimaryKeyConstraint("station", "number"),
    )
    op.create_table(
        "terminal",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("counter", sa.String(length=64), nullable=False),
        sa.Column("until", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["station"],
            ["station.code"],
        ),
        sa.PrimaryKeyConstraint("device", "since"),
    )
    op.create_index("terminal_at", "terminal", ["station", "counter", "until"], unique=False)
    op.add_column("notice", sa.Column("counter", sa.Text(), nullable=True))


def _make_ratings() -> None:
    op.create_table(
        "rating_more",
        sa.Column("count", sa.String(length=64), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=True),
        sa.Column("recommend", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("count"),
    )
    op.create_table(
        "rating_progress",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "rating",
        sa.Column("count", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("counter", sa.String(length=64), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("wait_s", sa.Integer(), nullable=True),
        sa.Column("answered_ms", sa.Integer(), nullable=True),
        sa.Column("device", sa.String(length=32), nullable=True),
        sa.Column("window", sa.String(length=32), nullable=True),
        sa.Column("due_at", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("count"),
        sa.UniqueConstraint("device", "window"),
    )
    op.create_index("rating_day", "rating", ["day"], unique=False)
    op.create_index("rating_of_clerk", "rating", ["clerk", "at"], unique=False)
    op.create_index("rating_taken", "rating", ["taken_at"], unique=False)
    op.create_index("rating_waiting", "rating", ["place", "station", "counter", "clerk", "channel"], unique=False)
    op.create_table(
        "service",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("window", sa.String(length=32), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("counter", sa.String(length=64), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=16), nullable=False),
        sa.Column("waited_s", sa.Integer(), nullable=True),
        sa.Column("opened_at", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("invited", sa.Boolean(), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("why_not", sa.String(length=32), nullable=False),
        sa.Column("due_at", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("device", "window"),
    )
    op.create_index("service_closed", "service", ["station", "closed_at"], unique=False)
    op.create_index("service_day", "service", ["day"], unique=False)
    op.create_index("service_waiting", "service", ["place", "station", "due_at"], unique=False)


def _make_presses() -> None:
    op.create_table(
        "figures_view",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "press",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("counter", sa.String(length=64), nullable=False),
        sa.Column("button", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("device", "epoch", "seq"),
    )
    op.create_index("press_at", "press", ["station", "at"], unique=False)
    op.create_table(
        "shift",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("counter", sa.String(length=64), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("device", "epoch", "seq"),
    )
    op.create_index("shift_at", "shift", ["station", "at"], unique=False)
    op.create_table(
        "publication",
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("period", "edition"),
    )


def _make_complaints() -> None:
    op.create_table(
        "number_series",
        sa.Column("series", sa.String(length=16), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series"),
    )
    op.create_table(
        "handler",
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("skills", sa.Text(), nullable=False),
        sa.Column("manages", sa.Text(), nullable=False),
        sa.Column("given_at", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.Integer(), nullable=True),
        sa.Column("mail", sa.String(length=200), nullable=False),
        sa.Column("above", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("staff"),
    )
    op.create_table(
        "handler_absence",
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("until", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff"],
            ["handler.staff"],
        ),
        sa.PrimaryKeyConstraint("staff", "since"),
    )
    op.create_table(
        "complaint",
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("received_at", sa.Integer(), nullable=False),
        sa.Column("received", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("due", sa.String(length=10), nullable=False),
        sa.Column("first_due", sa.String(length=10), nullable=False),
        sa.Column("complex", sa.Boolean(), nullable=False),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("answered", sa.String(length=10), nullable=True),
        sa.Column("first_answered", sa.String(length=10), nullable=True),
        sa.Column("review_asked", sa.String(length=10), nullable=True),
        sa.Column("handler", sa.String(length=64), nullable=True),
        sa.Column("answered_by", sa.String(length=64), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("by_head", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("complaint_due", "complaint", ["state", "due"], unique=False)
    op.create_index("complaint_of_handler", "complaint", ["handler", "state"], unique=False)
    op.create_index("complaint_received", "complaint", ["received"], unique=False)
    op.create_table(
        "complaint_step",
        sa.Column("complaint", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("to", sa.String(length=64), nullable=False),
        sa.Column("due", sa.String(length=10), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint"],
            ["complaint.number"],
        ),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("complaint", "number"),
    )
    op.create_table(
        "complaint_interest",
        sa.Column("complaint", sa.String(length=16), nullable=False),
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint"],
            ["complaint.number"],
        ),
        sa.PrimaryKeyConstraint("complaint", "staff"),
    )


def _make_follow_ups() -> None:
    op.create_table(
        "follow_up",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("count", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("counter", sa.String(length=64), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("contact_due", sa.String(length=10), nullable=False),
        sa.Column("close_due", sa.String(length=10), nullable=False),
        sa.Column("contacted_at", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.Integer(), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("complaint", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint"],
            ["complaint.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("count"),
    )
    op.create_index("follow_up_open", "follow_up", ["closed_at", "at"], unique=False)
    op.create_table(
        "corrective_action",
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("complaint", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("due", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("made_at", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("done_at", sa.Integer(), nullable=True),
        sa.Column("checked_at", sa.Integer(), nullable=True),
        sa.Column("checked_by", sa.String(length=64), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint"],
            ["complaint.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("corrective_action_due", "corrective_action", ["state", "due"], unique=False)
    op.create_table(
        "praise",
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("praise_of_clerk", "praise", ["clerk", "at"], unique=False)
    _make_reminders()


def _make_reminders() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("matter", sa.String(length=12), nullable=False),
        sa.Column("of", sa.String(length=64), nullable=False),
        sa.Column("due", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("to", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reminder_of", "reminder", ["of"], unique=False)
    op.create_index("reminder_once", "reminder", ["matter", "of", "due", "stage", "to"], unique=True)


def _make_telephony() -> None:
    op.create_table(
        "telephony_number",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("telephony_number_at", "telephony_number", ["at"], unique=False)
    op.create_table(
        "rated_call",
        sa.Column("call", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("count", sa.String(length=64), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("call"),
    )
    op.create_index("rated_call_day", "rated_call", ["day", "station"], unique=False)
    op.create_table(
        "call_back",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("phone_hash", sa.String(length=64), nullable=False),
        sa.Column("phone_masked", sa.String(length=24), nullable=False),
        sa.Column("due", sa.String(length=10), nullable=False),
        sa.Column("handler", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.Integer(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=False),
        sa.Column("call", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("call_back_due", "call_back", ["state", "due"], unique=False)
    op.create_index("call_back_of_handler", "call_back", ["handler", "state"], unique=False)
    op.create_index("call_back_once", "call_back", ["campaign", "policy"], unique=True)
    op.create_table(
        "policy_phone",
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("phone_hash", sa.String(length=64), nullable=False),
        sa.Column("phone_masked", sa.String(length=24), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("policy"),
    )
    op.create_index("policy_phone_same", "policy_phone", ["phone_hash"], unique=False)
    op.create_table(
        "agent_phone",
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("phone_hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agent", "phone_hash"),
    )
    op.create_index("agent_phone_same", "agent_phone", ["phone_hash"], unique=False)


def _make_training() -> None:
    op.create_table(
        "training_result",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("clerk", sa.String(length=64), nullable=False),
        sa.Column("course", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("right", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("valid_until", sa.String(length=10), nullable=True),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("withdrawn_at", sa.Integer(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["place"],
            ["evidence_entry.place"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("training_of_clerk", "training_result", ["clerk", "course", "at"], unique=False)
    op.create_table(
        "assessment_answer",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("met", sa.String(length=8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("assessment_answer_newest", "assessment_answer", ["item", "at"], unique=False)
