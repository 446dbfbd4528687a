"""The register of devices as the command line works with it: each function is one change of a database file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.audit.commands import write_command
from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.enrolment import store
from cloud_gateway.enrolment.certificates import CertificateRefused, DeviceCertificate
from cloud_gateway.enrolment.store import Enrolment
from cloud_gateway.running import now_ms


async def enrol_devices(database: Path, certificates: Iterable[tuple[DeviceCertificate, str]]) -> None:
    """Enrol devices, each with its role, all or none. Raises Revoked."""
    async with _changing(database) as c:
        devices = []
        for certificate, role in certificates:
            await store.enrol(c, certificate, role, now_ms())
            devices.append(f"{certificate.device} {role}")
        await write_command(c, "gateway device enrol", ", ".join(devices), now_ms())


async def revoke_device(database: Path, device: str, reason: str) -> None:
    """Refuse a device; a running gateway does so within a second. Raises NotEnrolled."""
    async with _changing(database) as c:
        await store.revoke(c, device, reason, now_ms())
        await write_command(c, "gateway device revoke", device, now_ms())


async def readmit_device(database: Path, device: str, certificate: DeviceCertificate | None) -> None:
    """Let it speak again. Raises NotEnrolled, CertificateRefused when the certificate is another device's."""
    if certificate is not None and certificate.device != device:
        raise CertificateRefused(f"it is the certificate of {certificate.device}")
    async with _changing(database) as c:
        await store.readmit(c, device, certificate)
        await write_command(c, "gateway device readmit", device, now_ms())


async def list_devices(database: Path) -> list[Enrolment]:
    """All enrolments by device."""
    engine = open_database(database)
    try:
        async with reading(engine) as c:
            return await store.list_enrolments(c)
    finally:
        await engine.dispose()


@asynccontextmanager
async def _changing(database: Path) -> AsyncIterator[AsyncConnection]:
    engine = open_database(database)
    try:
        async with transaction(engine) as c:
            yield c
    finally:
        await engine.dispose()
