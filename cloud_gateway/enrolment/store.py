"""Writes and reads the enrolments. Each change raises the row's version above all others, for who follows them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.enrolment.certificates import DeviceCertificate
from cloud_gateway.tables import device as known_device
from cloud_gateway.tables import device_boot, enrolment

e = enrolment.c


class NotEnrolled(LookupError):
    """No device of this id was ever enrolled."""


class Revoked(ValueError):
    """The device is revoked: readmitting it is a decision of its own."""


@dataclass(frozen=True)
class Enrolment:
    """One device that may speak, or might. Times are ms UTC; `keys` are raw Ed25519, the newest first."""

    device: str
    role: str
    keys: tuple[bytes, ...]
    certificate: str
    not_after: int
    enrolled_at: int
    revoked_at: int | None
    reason: str
    version: int


async def enrol(c: AsyncConnection, certificate: DeviceCertificate, role: str, now: int) -> None:
    """Let a device speak, or note its renewed certificate. Raises Revoked.

    At a renewal the key before is kept, because what the outbox still holds was signed with it.
    """
    values: dict[str, object] = {
        "role": role,
        "public_key": base64.b64encode(certificate.public_key).decode(),
        "certificate": certificate.sha256,
        "not_after": certificate.not_after,
        "version": _next_version(),
    }
    known = await find_enrolment(c, certificate.device)
    if known is None:
        await c.execute(insert(enrolment).values(device=certificate.device, enrolled_at=now, reason="", **values))
        return
    if known.revoked_at is not None:
        raise Revoked(f"{certificate.device} is revoked: {known.reason}")
    if known.keys[0] != certificate.public_key:
        values["former_key"] = base64.b64encode(known.keys[0]).decode()
    await _change(c, certificate.device, values)


async def revoke(c: AsyncConnection, device: str, reason: str, now: int) -> None:
    """Refuse a device from now on, for this reason. Raises NotEnrolled. Of one that is revoked the first stands."""
    known = await find_enrolment(c, device)
    if known is None:
        raise NotEnrolled(device)
    if known.revoked_at is None:
        await _change(c, device, {"revoked_at": now, "reason": reason, "version": _next_version()})


async def readmit(c: AsyncConnection, device: str, certificate: DeviceCertificate | None = None) -> None:
    """Let a device speak again; with another certificate its old keys count no more. Raises NotEnrolled.

    The mark of a second device with its identity goes with it.
    """
    if await find_enrolment(c, device) is None:
        raise NotEnrolled(device)
    values: dict[str, object] = {"revoked_at": None, "reason": "", "version": _next_version()}
    if certificate is not None:
        values |= {"public_key": base64.b64encode(certificate.public_key).decode(), "former_key": None}
        values |= {"certificate": certificate.sha256, "not_after": certificate.not_after}
    await _change(c, device, values)
    await c.execute(update(known_device).where(known_device.c.id == device).values(clone_at=None))
    await c.execute(delete(device_boot).where(device_boot.c.device == device))


async def find_enrolment(c: AsyncConnection, device: str) -> Enrolment | None:
    """The enrolment of a device, revoked or not."""
    found = await _read(c, e.device == device)
    return found[0] if found else None


async def list_enrolments(c: AsyncConnection) -> list[Enrolment]:
    """All of them by device."""
    return sorted(await _read(c, e.version > 0), key=lambda known: known.device)


async def read_changes(c: AsyncConnection, after: int) -> list[Enrolment]:
    """Enrolments that changed after version `after`, the oldest change first: one look in an index."""
    return await _read(c, e.version > after)


async def newest_version(c: AsyncConnection) -> int:
    """The version of the newest change; 0 without any."""
    return int(await c.scalar(select(func.max(e.version))) or 0)


def _next_version() -> ScalarSelect[int]:
    return select(func.coalesce(func.max(e.version), 0) + 1).scalar_subquery()


async def _change(c: AsyncConnection, device: str, values: dict[str, object]) -> None:
    await c.execute(update(enrolment).where(e.device == device).values(values))


async def _read(c: AsyncConnection, where: ColumnElement[bool]) -> list[Enrolment]:
    rows = await c.execute(select(enrolment).where(where).order_by(e.version))
    return [
        Enrolment(
            device=row.device,
            role=row.role,
            keys=_keys((row.public_key, row.former_key)),
            certificate=row.certificate,
            not_after=row.not_after,
            enrolled_at=row.enrolled_at,
            revoked_at=row.revoked_at,
            reason=row.reason,
            version=row.version,
        )
        for row in rows
    ]


def _keys(texts: Sequence[str | None]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(text) for text in texts if text)
