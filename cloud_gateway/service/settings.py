"""The settings of health, readiness and metrics."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from cloud_gateway.section import Section


class Service(Section):
    """`/healthz`, `/readyz` and `/metrics`: the web process has them at its own address, the others at these ports."""

    host: str = Field("127.0.0.1", description="Address that ingest and outreach listen on for this.")
    ingest_port: int = Field(0, ge=0, le=65535, description="TCP port of ingest; 0: none.")
    outreach_port: int = Field(0, ge=0, le=65535, description="TCP port of outreach, which has no metrics; 0: none.")
    metrics_token_file: Path | None = Field(
        None,
        description="File with the bearer token that /metrics asks for, mode 0600. Without one it answers this "
        "machine alone, and the web process nobody where web.origin is set: a proxy would pass strangers on.",
    )
