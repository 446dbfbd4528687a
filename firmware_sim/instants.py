"""A time in a scenario file: RFC 3339 with its zone, or TOML's own, as ms UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator

from firmware_sim.series import SeriesError, parse_time, to_ms


def _instant(given: object) -> int:
    if isinstance(given, datetime) and given.tzinfo is not None:
        return to_ms(given)
    if isinstance(given, str):
        try:
            return parse_time(given)
        except SeriesError as exc:
            raise ValueError(f"{exc}; {exc.remedy}") from exc
    raise ValueError("is not a time with a zone; write times as 1989-09-20T04:00:00Z")


Instant = Annotated[int, BeforeValidator(_instant)]
