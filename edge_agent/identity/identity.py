"""A device's identity, read from the folder that `weiran provision device` made for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from edge_agent.proof.sealing import SealError, read_key, seal
from edge_agent.proof.signatures import SIGNED, Statement, sign
from edge_agent.wire.sealed import SealedText
from edge_agent.wire.tls import (
    CERTIFICATE,
    KEY,
    CertificateTime,
    ClientContext,
    CredentialError,
    check_private,
    folder_context,
)

SEALING = "sealing.pub"
#: The key that signs heads of the evidence log, base64 of raw Ed25519 in one line; folders of before it lack it.
EVIDENCE = "evidence.pub"
REMEDY = "copy the folder that `weiran provision device` made once more"


@dataclass(frozen=True)
class Identity:
    """One device's key and certificate; `sealing_key` is the gateway's public one, raw.

    `evidence_key` is the one that signs heads of the evidence log, raw Ed25519; None when the folder has none.

    `not_before_ms` is when the certificate begins: the time is later than that for certain.
    """

    device: str
    folder: Path
    not_before_ms: int
    not_after_ms: int
    sealing_key: bytes
    _key: Ed25519PrivateKey = field(repr=False)
    evidence_key: bytes | None = None

    def context(self, time: Callable[[], CertificateTime]) -> ClientContext:
        """How to connect as this device; `time` is asked at each handshake. Raises CredentialError."""
        return folder_context(self.folder, time)

    def sign(self, statement: Statement) -> str | None:
        """The signature of a record of a lane that is signed, None for the other lanes."""
        return sign(self._key, statement) if statement.lane in SIGNED else None

    def seal(self, plain: str) -> SealedText:
        """Hide a personal text from everybody but the gateway, this device included."""
        return seal(self.sealing_key, plain)


def load_identity(folder: Path, device: str) -> Identity:
    """Read the identity of `device`. Raises CredentialError with the remedy when it cannot be used."""
    check_private(folder / KEY)
    key = _read_key(folder / KEY)
    certificate = _read_certificate(folder / CERTIFICATE)
    _check_fit(folder, device, certificate, key)
    try:
        sealing_key = read_key(_read(folder / SEALING).decode())
    except (SealError, UnicodeDecodeError) as exc:
        raise CredentialError(f"{folder / SEALING}: {exc}; {REMEDY}") from exc
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    begun, ended = int(begins.timestamp() * 1000), int(ends.timestamp() * 1000)
    return Identity(device, folder, begun, ended, sealing_key, key, _read_evidence_key(folder / EVIDENCE))


def _check_fit(folder: Path, device: str, certificate: x509.Certificate, key: Ed25519PrivateKey) -> None:
    names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [device]:
        raise CredentialError(f"{folder} is the identity of {', '.join(names)}, not of {device}; correct `device`")
    if certificate.public_key() != key.public_key():
        raise CredentialError(f"{folder}: key and certificate do not belong together; {REMEDY}")


def _read_key(file: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(_read(file), None)
    except (ValueError, TypeError) as exc:
        raise CredentialError(f"{file} is no key; {REMEDY}") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise CredentialError(f"{file} is no Ed25519 key; {REMEDY}")
    return key


def _read_certificate(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(file))
    except ValueError as exc:
        raise CredentialError(f"{file} is no certificate; {REMEDY}") from exc


def _read_evidence_key(file: Path) -> bytes | None:
    if not file.exists():
        return None
    try:
        return read_key(_read(file).decode())
    except (SealError, UnicodeDecodeError) as exc:
        raise CredentialError(f"{file}: it holds no key; {REMEDY}") from exc


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise CredentialError(f"{file}: {exc.strerror}; {REMEDY}") from exc
