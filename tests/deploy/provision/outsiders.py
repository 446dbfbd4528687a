"""Certificates that the broker must turn away, made as an attacker or an accident would make them."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from deploy.provision.authority import Authority, certify_client, make_authority
from deploy.provision.folder import Provision
from deploy.servers import any_time
from edge_agent.wire.tls import CA, CERTIFICATE, KEY, ClientContext, folder_context

DEVICE = "dev-a"
DAY = timedelta(days=1)
Outsider = Callable[[Provision, Path], ssl.SSLContext]


def foreign_authority(provision: Provision, folder: Path) -> ClientContext:
    """The right name, signed by somebody else's authority."""
    return _present(provision, folder, _authority(Ed25519PrivateKey.generate()), datetime.now(UTC), 10)


def self_signed(provision: Provision, folder: Path) -> ClientContext:
    """The right name, and an authority's certificate of its own as the certificate."""
    key = Ed25519PrivateKey.generate()
    return _context(provision, folder, key, make_authority(key, datetime.now(UTC)))


def expired(provision: Provision, folder: Path) -> ClientContext:
    """Ended yesterday."""
    return _present(provision, folder, own_authority(provision), datetime.now(UTC) - 3 * DAY, 2)


def not_yet_valid(provision: Provision, folder: Path) -> ClientContext:
    """Begins tomorrow."""
    return _present(provision, folder, own_authority(provision), datetime.now(UTC) + DAY, 2)


def brokers_own(provision: Provision, folder: Path) -> ClientContext:
    """The broker's certificate, which is a server's."""
    context = folder_context(provision.services / "broker.probe-1", any_time)
    broker = provision.folder / "broker"
    context.load_cert_chain(broker / CERTIFICATE, broker / KEY)
    return context


def none_at_all(provision: Provision, folder: Path) -> ssl.SSLContext:
    """No certificate."""
    return ssl.create_default_context(cafile=str(provision.folder / "broker" / CA))


def _authority(key: Ed25519PrivateKey) -> Authority:
    return Authority(key, make_authority(key, datetime.now(UTC)))


def own_authority(provision: Provision) -> Authority:
    """The authority of a folder, to sign with what it would not sign itself."""
    folder = provision.folder / "ca"
    key = load_pem_private_key((folder / KEY).read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return Authority(key, x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes()))


def _present(provision: Provision, folder: Path, by: Authority, begins: datetime, days: float) -> ClientContext:
    key = Ed25519PrivateKey.generate()
    return _context(provision, folder, key, certify_client(by, DEVICE, key.public_key(), begins, days))


def _context(
    provision: Provision, folder: Path, key: Ed25519PrivateKey, certificate: x509.Certificate
) -> ClientContext:
    (folder / KEY).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / KEY).chmod(0o600)
    (folder / CERTIFICATE).write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / CA).write_bytes((provision.folder / "broker" / CA).read_bytes())
    return folder_context(folder, any_time)
