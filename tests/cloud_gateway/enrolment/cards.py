"""Devices' keys and certificates for tests, and records that they have signed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from cloud_gateway.enrolment.certificates import DeviceCertificate
from edge_agent.proof.signatures import Statement, sign
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.ingest.pieces import AT, DEVICE, EPOCH

NOT_AFTER = 4_000_000_000_000


def make_key(number: int = 1) -> Ed25519PrivateKey:
    """The same key each time."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def certificate_of(key: Ed25519PrivateKey, device: str = DEVICE) -> DeviceCertificate:
    """What an enrolment keeps of this key's certificate."""
    return DeviceCertificate(device, key.public_key().public_bytes_raw(), "00" * 32, NOT_AFTER)


def make_pem(name: str = DEVICE, key: Ed25519PrivateKey | None = None, days: float = 20_000) -> bytes:
    """A certificate in PEM that its own key has signed; with days below 0 it has ended by `AT`."""
    key = key or make_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    ends = datetime.fromtimestamp(AT / 1000, UTC) + timedelta(days=days)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(ends - timedelta(days=365)).not_valid_after(ends)
    return builder.sign(key, None).public_bytes(serialization.Encoding.PEM)


def signed(text: str, key: Ed25519PrivateKey, seq: int, kind: str, body: str, *, lane: Lane, at: int = AT) -> str:
    """The record with its device's signature."""
    signature = sign(key, Statement(DEVICE, EPOCH, lane, seq, kind, at, body.encode()))
    assert len(base64.b64decode(signature)) == 64
    return f'{text[:-1]},"sig":"{signature}"}}'
