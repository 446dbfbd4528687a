"""The register of devices: who is enrolled, with which keys, and what a change of it says to those who follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_gateway.enrolment.certificates import CertificateRefused, read_certificate
from cloud_gateway.enrolment.register import enrol_devices, list_devices, readmit_device, revoke_device
from cloud_gateway.enrolment.store import NotEnrolled, Revoked
from tests.cloud_gateway.enrolment.cards import certificate_of, make_key, make_pem
from tests.cloud_gateway.ingest.pieces import AT, DEVICE
from tests.databases import make_database

OLD, NEW = make_key(1), make_key(2)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with nobody enrolled."""
    make_database(tmp_path / "gateway.db")
    return tmp_path / "gateway.db"


def raw(*numbers: int) -> tuple[bytes, ...]:
    return tuple(make_key(n).public_key().public_bytes_raw() for n in numbers)


async def test_renewed_certificate_keeps_the_key_before(database: Path) -> None:
    await enrol_devices(database, [(certificate_of(OLD), "kiosk")])
    await enrol_devices(database, [(certificate_of(NEW), "kiosk")])
    (known,) = await list_devices(database)
    assert known.keys == raw(2, 1)


async def test_enrolling_the_same_certificate_again_keeps_the_key_before(database: Path) -> None:
    for key in (OLD, NEW, NEW):
        await enrol_devices(database, [(certificate_of(key), "kiosk")])
    (known,) = await list_devices(database)
    assert known.keys == raw(2, 1)


async def test_revoked_device_is_not_enrolled_by_the_way(database: Path) -> None:
    await enrol_devices(database, [(certificate_of(OLD), "kiosk")])
    await revoke_device(database, DEVICE, "stolen")
    with pytest.raises(Revoked, match="stolen"):
        await enrol_devices(database, [(certificate_of(NEW), "kiosk")])
    (known,) = await list_devices(database)
    assert (known.reason, known.keys) == ("stolen", raw(1))


async def test_readmitting_with_a_new_certificate_ends_the_old_keys(database: Path) -> None:
    await enrol_devices(database, [(certificate_of(OLD), "kiosk")])
    await revoke_device(database, DEVICE, "stolen")
    await readmit_device(database, DEVICE, certificate_of(NEW))
    (known,) = await list_devices(database)
    assert (known.revoked_at, known.keys) == (None, raw(2))


async def test_every_change_has_a_greater_version(database: Path) -> None:
    await enrol_devices(database, [(certificate_of(OLD, f"gauge-{n:02}"), "kiosk") for n in range(3)])
    await revoke_device(database, "gauge-00", "lost")
    assert {d.device: d.version for d in await list_devices(database)} == {"gauge-00": 4, "gauge-01": 2, "gauge-02": 3}


async def test_who_was_never_enrolled_cannot_be_revoked(database: Path) -> None:
    with pytest.raises(NotEnrolled):
        await revoke_device(database, DEVICE, "lost")


async def test_one_refused_certificate_enrols_none_of_them(database: Path) -> None:
    await enrol_devices(database, [(certificate_of(OLD), "kiosk")])
    await revoke_device(database, DEVICE, "lost")
    with pytest.raises(Revoked):
        await enrol_devices(database, [(certificate_of(OLD, "gauge-02"), "kiosk"), (certificate_of(OLD), "kiosk")])
    assert [d.device for d in await list_devices(database)] == [DEVICE]


def test_certificate_says_whose_key_it_is() -> None:
    read = read_certificate(make_pem(key=OLD), AT)
    assert (read.device, (read.public_key,)) == (DEVICE, raw(1))


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (b"nonsense", "no certificate"),
        (make_pem("gateway.ingest-1"), "no device id"),
        (make_pem("Gauge/../x"), "no device id"),
        (make_pem(days=-1), "it ended at"),
    ],
    ids=["not PEM", "a service", "a path", "ended"],
)
def test_certificate_that_no_device_can_be_enrolled_with_is_refused(pem: bytes, why: str) -> None:
    with pytest.raises(CertificateRefused, match=why):
        read_certificate(pem, AT)
