"""The settings of the list of acts."""

from __future__ import annotations

from pydantic import Field

from cloud_gateway.section import Section


class Audit(Section):
    """Who did what: how long it is kept."""

    days: int = Field(
        730, ge=30, le=36500, description="Days that acts are kept; older ones go when somebody signs in."
    )
