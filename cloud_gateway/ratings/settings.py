"""The settings of ratings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from cloud_gateway.section import Section


class Ratings(Section):
    """What is released and published of ratings, and when."""

    batch_k: int = Field(
        5,
        ge=1,
        le=1000,
        description="Ratings are released together: so many, or more, of each counter and of each clerk; fewer wait.",
    )
    batch_days: int = Field(
        31, ge=1, le=366, description="Ratings that have waited so many days after theirs are released, however few."
    )
    publish_k: int = Field(20, ge=2, le=10_000, description="A published cell has at least so many ratings.")
    tick_s: float = Field(1.0, ge=0.05, le=60, description="What terminals have said is counted this often.")
    zone: str = Field("Asia/Shanghai", description="IANA zone of the local day of ratings that belong to no station.")
    visitor_burst: int = Field(
        60, ge=1, le=100_000, description="A visitor may ask for so many public pages at once, then for four a second."
    )
    card_key_file: Path | None = Field(
        None,
        description="File with the key that clerks' cards are known by, `cards.key` of `weiran provision`, mode 0600.",
    )
    web_scale: Literal[3, 5] = Field(5, description="Levels of a rating on the web, where its invitation names none.")
