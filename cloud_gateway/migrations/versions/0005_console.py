"""What people do in the console: alarms in hand, tags of devices, and who did what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    _make_people()
    _make_alarm_steps()
    _make_devices()


def _make_alarm_steps() -> None:
    op.create_table(
        "alarm_step",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("whom", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("crossed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alarm_step_of", "alarm_step", ["device", "epoch", "seq", "id"])
    op.create_index("alarm_newest", "alarm", ["raised_at"])


def _make_people() -> None:
    op.create_table(
        "act",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("staff", sa.String(length=36), nullable=True),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("act_when", "act", ["at", "id"], unique=False)
    op.create_table(
        "sign_in_failure",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("sign_in_failure_old", "sign_in_failure", ["last_at"], unique=False)
    op.add_column("session", sa.Column("address", sa.String(length=64), server_default="", nullable=False))
    op.add_column("session", sa.Column("seen_at", sa.Integer(), nullable=True))


def _make_devices() -> None:
    op.create_table(
        "device_tag",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("device", "tag"),
    )
    op.add_column("dead_letter", sa.Column("boot", sa.String(length=64), nullable=True))
    op.add_column("dead_letter", sa.Column("record", sa.LargeBinary(), nullable=True))
    op.create_table(
        "dead_letter_replay",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("letter", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("dead_letter_replay_of", "dead_letter_replay", ["letter", "at"])
