"""The gateway's settings: one TOML file for its two processes, checked whole, frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cloud_gateway.audit.settings import Audit
from cloud_gateway.evidence.settings import Evidence
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.outreach.settings import Outreach
from cloud_gateway.ratings.settings import Ratings
from cloud_gateway.section import Section
from cloud_gateway.service.settings import Service
from cloud_gateway.telephony.settings import Telephony
from cloud_gateway.warnings.settings import Source
from edge_agent.wire.tls import needs_tls


class Broker(Section):
    """Where the MQTT broker is, and who this gateway is there."""

    host: str = Field("127.0.0.1", description="Name or address of the MQTT broker.")
    port: int = Field(1883, ge=1, le=65535, description="TCP port of the MQTT broker.")
    keepalive_s: int = Field(30, ge=5, le=3600, description="MQTT keep-alive.")
    client_id: Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9.-]+$")] = Field(
        "gateway.ingest-1", description="MQTT client id: the CN of the certificate; holds a dot."
    )
    ca_file: Path | None = Field(None, description="Certificate of the authority; ca.pem of the service's folder.")
    certificate_file: Path | None = Field(None, description="This gateway's certificate; certificate.pem there.")
    key_file: Path | None = Field(None, description="Its key; key.pem there, mode 0600.")

    @model_validator(mode="after")
    def _speaks_safely(self) -> Broker:
        files = [self.ca_file, self.certificate_file, self.key_file]
        if any(files) and not all(files):
            raise ValueError("ca_file, certificate_file and key_file go together; weiran provision makes them")
        if not any(files) and needs_tls(self.host):
            raise ValueError("a broker on another machine needs ca_file, certificate_file and key_file")
        return self


class Ingest(Section):
    """How much is taken at once, and how long it may wait."""

    receive_maximum: int = Field(
        4000,
        ge=10,
        le=65535,
        description="Messages not yet stored that the broker may send: the back-pressure.",
    )
    flush_ms: int = Field(50, ge=1, le=1000, description="A batch is written at the latest after this.")
    batch_readings: int = Field(5000, ge=100, le=100_000, description="A batch is written when it has this many.")


class Devices(Section):
    """Who may speak, and how much: what a device sends above it waits on the device and comes again.

    Each bound holds for its readings, and once more for all else, so that alarms wait for no back-fill.
    """

    admit: Literal["enrolled", "any"] = Field(
        "enrolled", description="Whose messages are stored: enrolled devices', or, for trials only, anybody's."
    )
    messages_per_s: int = Field(500, ge=1, le=1_000_000, description="Messages of one device taken per second.")
    readings_per_s: int = Field(5000, ge=1, le=10_000_000, description="Records of one device taken per second.")
    kib_per_s: int = Field(1024, ge=1, le=1_000_000, description="KiB of one device taken per second.")
    burst_s: int = Field(10, ge=1, le=3600, description="Seconds' worth of these that a device may send at once.")


class Series(Section):
    """Where readings are kept."""

    store: Literal["sqlite", "influx1", "influx2"] = Field("sqlite", description="Which kind of series store.")
    url: str = Field("http://127.0.0.1:8086", description="Address of InfluxDB; unused with sqlite.")
    database: str = Field("weiran", description="InfluxDB 1.x database, or the DBRP-mapped name in 2.x.")
    retention_policy: str = Field("autogen", description="InfluxDB 1.x retention policy, or the mapped name in 2.x.")
    org: str = Field("", description="InfluxDB 2.x organisation.")
    bucket: str = Field("", description="InfluxDB 2.x bucket.")
    username: str = Field("", description="InfluxDB 1.x user; empty without authentication.")
    secret_file: Path | None = Field(None, description="File with the 1.x password or the 2.x token; mode 0600.")
    backup_host: str = Field(
        "", description="InfluxDB 1.x: host:port of its `bind-address`, for `weiran gateway backup`; empty: not asked."
    )

    @model_validator(mode="after")
    def _complete(self) -> Series:
        if self.store == "influx2":
            for key in ("org", "bucket", "secret_file"):
                if not getattr(self, key):
                    raise ValueError(f"series.{key} is needed with store = 'influx2'; set it")
        return self


class Storage(Section):
    """The disk that the databases are on."""

    reserve_mb: int = Field(
        100, ge=0, le=1_000_000, description="MB that stay free: below it readings wait on the devices."
    )


class Retention(Section):
    """How long readings of some streams are kept; the first entry that fits a stream holds, and no entry: for ever."""

    stream: str = Field(min_length=1, max_length=64, description="Name of the stream, or a pattern: * ? [abc].")
    raw_days: int | None = Field(None, ge=1, le=36500, description="Days as they came; then down-sampled. None: ever.")
    bucket_s: int = Field(3600, ge=1, le=86400, description="Width of what old numbers are down-sampled to.")
    bucket_days: int | None = Field(None, ge=1, le=36500, description="Days until they are let go. None: never.")

    @model_validator(mode="after")
    def _in_order(self) -> Retention:
        if self.bucket_days is not None and self.bucket_days < (self.raw_days or 0):
            raise ValueError("bucket_days is less than raw_days; raise it or leave it out")
        return self


class Sealing(Section):
    """What opens the personal text that devices have sealed; only who reads such text needs the files."""

    keys: tuple[Path, ...] = Field(
        (), description="A list of files with private sealing keys, mode 0600, the newest first."
    )


class Web(Section):
    """The console's address and sessions."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="TCP port to listen on.")
    origin: str = Field("", description="Public origin of the console, https://...; empty: the request's own host.")
    session_hours: int = Field(12, ge=1, le=720, description="A sign-in lasts this long.")
    notice: str = Field("", description="Name of the running scenario; shows the SIMULATED ribbon when not empty.")


class GatewaySettings(Section):
    """Everything the two gateway processes need to know."""

    data_dir: Path = Field(description="Folder of the databases.")
    broker: Broker = Broker()
    ingest: Ingest = Ingest()
    devices: Devices = Devices()
    series: Series = Series()
    storage: Storage = Storage()
    sealing: Sealing = Sealing()
    retention: tuple[Retention, ...] = ()
    web: Web = Web()
    audit: Audit = Audit()
    service: Service = Service()
    sources: tuple[Source, ...] = ()
    gauges: Gauges = Gauges()
    outreach: Outreach = Outreach()
    evidence: Evidence = Evidence()
    ratings: Ratings = Ratings()
    telephony: Telephony = Telephony()
    clock_file: Path | None = Field(
        None,
        description="SIMULATED time, for demos and training: file with the ms UTC that warnings and outreach go by.",
    )

    @property
    def database(self) -> Path:
        """The relational database file."""
        return self.data_dir / "gateway.db"
