"""All of the gateway's tables: importing it completes the metadata that migrations are compared with."""

from __future__ import annotations

from cloud_gateway.exposures import tables as exposures
from cloud_gateway.outreach import tables as outreach
from cloud_gateway.plans import tables as plans
from cloud_gateway.tables import metadata
from cloud_gateway.warnings import tables as warnings

__all__ = ["exposures", "metadata", "outreach", "plans", "warnings"]
