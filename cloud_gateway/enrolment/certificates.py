"""Reads a device's certificate for its enrolment: whose it is, its public key, until when it lasts."""

from __future__ import annotations

from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import NameOID

from edge_agent.wire.topics import DEVICE_ID


class CertificateRefused(ValueError):
    """No device can be enrolled with this certificate; the text says why."""


class DeviceCertificate(NamedTuple):
    """What an enrolment keeps of a certificate: `public_key` raw, `sha256` of the whole in hex, `not_after` ms UTC."""

    device: str
    public_key: bytes
    sha256: str
    not_after: int


def read_certificate(pem: bytes, now: int) -> DeviceCertificate:
    """The certificate in the PEM text; `now` is ms UTC. Raises CertificateRefused.

    Who signed it is the broker's to check (TLS): whoever may enrol a device has been handed its certificate.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as exc:
        raise CertificateRefused("the file holds no certificate in PEM") from exc
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise CertificateRefused("its key is not Ed25519, which devices sign their records with")
    not_after = int(certificate.not_valid_after_utc.timestamp() * 1000)
    if not_after <= now:
        raise CertificateRefused(f"it ended at {certificate.not_valid_after_utc.isoformat()}")
    return DeviceCertificate(
        _device(certificate), key.public_bytes_raw(), certificate.fingerprint(hashes.SHA256()).hex(), not_after
    )


def _device(certificate: x509.Certificate) -> str:
    names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(names) != 1 or not DEVICE_ID.fullmatch(names[0]):
        raise CertificateRefused(f"its name {', '.join(names)!r} is no device id ([a-z0-9-], 4 to 32)")
    return names[0]
