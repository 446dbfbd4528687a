"""The roles of staff. A regulator may read everything and change nothing."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a member of staff is there for."""

    RISK_ENGINEER = "risk-engineer"
    INSPECTOR = "inspector"
    COUNTER_MANAGER = "counter-manager"
    OPERATIONS = "operations"
    REGULATOR = "regulator"
    ADMINISTRATOR = "administrator"
