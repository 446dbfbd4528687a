"""The settings of the evidence log."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from cloud_gateway.section import Section


class Evidence(Section):
    """The log that shows what was altered: its name, and the key that signs its heads."""

    origin: str = Field(
        "weiran.example/evidence",
        pattern=r"^[a-z0-9][a-z0-9.-]*(/[a-z0-9._-]+)*$",
        max_length=150,
        description="Name of the log in its heads: an address without scheme; never changed once a head is signed.",
    )
    key_file: Path | None = Field(
        None,
        description="File with the key that signs heads, mode 0600: evidence.key of the provisioning folder.",
    )
    head_s: int = Field(10, ge=1, le=3600, description="A log that has grown gets a new signed head within this.")
