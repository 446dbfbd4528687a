"""All of the gateway's tables: importing it completes the metadata that migrations are compared with."""

from __future__ import annotations

import cloud_gateway.alarms.tables
import cloud_gateway.audit.tables
import cloud_gateway.complaints.tables
import cloud_gateway.deadletters.tables
import cloud_gateway.devices.tables
import cloud_gateway.evidence.tables
import cloud_gateway.exposures.tables
import cloud_gateway.idempotency.tables
import cloud_gateway.outreach.tables
import cloud_gateway.plans.tables
import cloud_gateway.ratings.tables
import cloud_gateway.ratings.tables_web
import cloud_gateway.seasons.tables
import cloud_gateway.sites.tables
import cloud_gateway.staff.tables
import cloud_gateway.stations.tables
import cloud_gateway.telephony.tables
import cloud_gateway.training.tables
import cloud_gateway.warnings.tables  # noqa: F401  # each adds its tables
from cloud_gateway.tables import metadata

__all__ = ["metadata"]
