"""Devices in the field: enrolment, lives and clocks, the twin, backups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables and columns."""
    op.create_table(
        "backup",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("begun_at", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.Integer(), nullable=True),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "boot_clock",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("offset_ms", sa.Integer(), nullable=False),
        sa.Column("fixed_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device", "epoch", "boot"),
    )
    op.create_table(
        "device_boot",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("first_at", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.Integer(), nullable=False),
        sa.Column("mono", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("device", "boot"),
    )
    op.create_index("device_boot_newest", "device_boot", ["device", "last_at"], unique=False)
    op.create_table(
        "enrolment",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("public_key", sa.String(length=44), nullable=False),
        sa.Column("former_key", sa.String(length=44), nullable=True),
        sa.Column("certificate", sa.String(length=64), nullable=False),
        sa.Column("not_after", sa.Integer(), nullable=False),
        sa.Column("enrolled_at", sa.Integer(), nullable=False),
        sa.Column("revoked_at", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device"),
        sa.UniqueConstraint("version"),
    )
    op.create_table(
        "twin",
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.Column("desired_at", sa.Integer(), nullable=True),
        sa.Column("desired_by", sa.Text(), nullable=False),
        sa.Column("reported", sa.Text(), nullable=True),
        sa.Column("reported_at", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("device"),
    )
    op.create_table(
        "unsealing",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("device", sa.Column("health", sa.Text(), nullable=True))
    op.add_column("device", sa.Column("clone_at", sa.Integer(), nullable=True))
    op.add_column("device", sa.Column("clock_off_ms", sa.Integer(), nullable=True))
    op.add_column("ledger", sa.Column("safe", sa.Integer(), server_default="0", nullable=False))
    op.add_column("record", sa.Column("said_at", sa.Integer(), nullable=True))
    _widen_dead_letters()


def _widen_dead_letters() -> None:
    """Two devices with one outbox say different things under one number: the hash tells them apart.

    SQLite cannot change a constraint in its place.
    """
    op.rename_table("dead_letter", "dead_letter_before")
    op.drop_index("dead_letter_same", "dead_letter_before")
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("received_at", sa.Integer(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=True),
        sa.Column("epoch", sa.String(length=16), nullable=True),
        sa.Column("lane", sa.String(length=16), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("device", "epoch", "lane", "seq", "sha256"),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO dead_letter SELECT * FROM dead_letter_before")
    op.drop_table("dead_letter_before")
    op.create_index("dead_letter_same", "dead_letter", ["topic", "sha256"], unique=False)
