"""The settings of sources of official warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from cloud_gateway.section import Section

Kind = Literal[
    "cap", "feed", "nws", "meteoalarm", "gdacs", "12379", "nmc", "qweather-7", "qweather-1", "two-digit", "atcf", "push"
]


class Covers(Section):
    """The place that a source was asked for: a code, or a circle."""

    scheme: str = Field("adcode", pattern=r"^[^;=@]{1,60}$", description="Of the code: adcode, SAME, UGC, NUTS3...")
    code: str = Field("", pattern=r"^[^;=@\s]{0,40}$", description="The administrative code; empty with a circle.")
    latitude: float | None = Field(None, ge=-90, le=90, description="Middle of the circle, WGS-84.")
    longitude: float | None = Field(None, ge=-180, le=180, description="Middle of the circle, WGS-84.")
    radius_km: float = Field(10.0, gt=0, le=500, description="Radius of the circle.")

    @model_validator(mode="after")
    def _is_one_place(self) -> Covers:
        if (self.latitude is None) is not (self.longitude is None) or bool(self.code) is (self.latitude is not None):
            raise ValueError("covers needs a code, or latitude and longitude, and not both")
        return self


class Source(Section):
    """One publisher of official warnings; polled, or, with kind "push", posted to us with a token."""

    name: str = Field(pattern=r"^[a-z0-9-]{2,32}$", description="Short name, unique; tags its warnings.")
    kind: Kind = Field(description="How it publishes: single CAP files, an Atom or RSS index of CAP, or one of these.")
    url: str = Field("", description="Where it is polled; empty with kind push.")
    every_s: int = Field(60, ge=10, le=86400, description="Polled this often; longer after failures.")
    silent_after_s: int = Field(
        900, ge=30, le=604_800, description="Without a good answer for so long its freshness alarm is raised."
    )
    senders: tuple[str, ...] = Field((), description="Whose messages (CAP sender) are taken from it; empty: anybody's.")
    signature: Literal["ignore", "mark", "require"] = Field(
        "mark", description="XML signatures: not looked at, looked at and shown, or needed and sound."
    )
    certificate_file: Path | None = Field(
        None, description="Certificate, PEM, that its XML signatures are checked with."
    )
    signature_sha1: bool = Field(
        False, description="Whether signatures with SHA-1 count; some publishers have no other."
    )
    token_file: Path | None = Field(
        None, description="File with the token of this source, mode 0600: pushers send it as Bearer, pollers too."
    )
    private_addresses: bool = Field(
        False, description="Whether its own address may be a private one: a mirror in one's network. Links never may."
    )
    covers: Covers | None = Field(
        None, description="Where its warnings hold that name no place: a source that is asked by location, as QWeather."
    )
    simulated: bool = Field(False, description="Its warnings are SIMULATED and say so wherever they are seen.")

    @model_validator(mode="after")
    def _complete(self) -> Source:
        if self.kind != "push" and not self.url.startswith(("http://", "https://")):
            raise ValueError(f"source {self.name}: url is needed, http://... or https://...; only kind push has none")
        if self.signature == "require" and self.certificate_file is None:
            raise ValueError(f"source {self.name}: signature = 'require' needs certificate_file")
        return self
