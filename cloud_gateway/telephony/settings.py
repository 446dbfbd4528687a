"""The settings of ratings by telephone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from cloud_gateway.section import Section


class Telephony(Section):
    """The telephone system that asks callers for a rating, and the check of customers' telephones."""

    key: str = Field("telephony", min_length=1, max_length=64, description="Name of the key that it signs with.")
    key_file: Path | None = Field(
        None, description="File with the key shared with it, 32 bytes or more, mode 0600; empty: nothing is taken."
    )
    tolerance_s: int = Field(300, ge=10, le=86_400, description="What it sends is taken this long, before and after.")
    scale: Literal[3, 5] = Field(5, description="Levels that callers choose from.")
    best_digit: Literal["first", "last"] = Field("first", description="Which digit is the best: 1, or the scale's.")
    phone_key_file: Path | None = Field(
        None, description="File with the key of the hashes that stand for telephone numbers, mode 0600."
    )
    most_policies: int = Field(3, ge=1, le=1000, description="More policies with one customer's telephone are told.")
