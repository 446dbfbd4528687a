"""What people do in the console: alarms in hand, tags of devices, and who did what."""

from __future__ import annotations

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
