"""All of the gateway's tables: importing it completes the metadata that migrations are compared with."""

from __future__ import annotations

from cloud_gateway.tables import metadata

__all__ = ["metadata"]
