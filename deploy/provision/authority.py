"""The certificate authority of one deployment (RFC 5280): what it signs, and for whom.

Every key is Ed25519. The authority signs names of the wire's grammar only: a device id, or a service's name with its
dot; a name such as ``dev-a/x`` would let its owner step out of its own part of the topic tree.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_agent.wire.topics import DEVICE_ID, SERVICE_NAME

#: A host name (RFC 1123), in ASCII as certificates hold it.
HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
CA_DAYS = 20 * 365
#: A certificate begins this much before it is made: the broker's clock may be a little behind.
HEAD_START = timedelta(minutes=10)


class NameRefused(ValueError):
    """A name that the authority does not sign; the text says what a name may be."""


class Authority(NamedTuple):
    """The authority's key and its certificate."""

    key: Ed25519PrivateKey
    certificate: x509.Certificate


def make_authority(key: Ed25519PrivateKey, now: datetime) -> x509.Certificate:
    """The authority's own certificate."""
    name = _name(f"Weiran CA {secrets.token_hex(4)}")
    usage = _key_usage(sign=False, certificates=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        _builder(name, name, key.public_key(), now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, None)
    )


def certify_client(
    authority: Authority, name: str, key: Ed25519PublicKey, now: datetime, days: float
) -> x509.Certificate:
    """A certificate with which a device or a service speaks to the broker. Raises NameRefused."""
    if not (DEVICE_ID.fullmatch(name) or SERVICE_NAME.fullmatch(name)):
        raise NameRefused(f"{name!r} is no device id ([a-z0-9-], 4 to 32) and no service name (gateway.ingest-1)")
    return _certify(authority, name, key, now, days, ExtendedKeyUsageOID.CLIENT_AUTH, [])


def certify_broker(
    authority: Authority, name: str, hosts: Sequence[str], key: Ed25519PublicKey, now: datetime, days: float
) -> x509.Certificate:
    """The broker's own certificate; clients reach it under `hosts`, names or addresses. Raises NameRefused."""
    if not hosts:
        raise NameRefused("the broker needs a name or address under which devices reach it: --host NAME")
    return _certify(authority, name, key, now, days, ExtendedKeyUsageOID.SERVER_AUTH, [_general_name(h) for h in hosts])


def revoke(authority: Authority, serials: Iterable[int], now: datetime) -> bytes:
    """The list of revoked certificates, PEM.

    It names no end of its own before the authority's: a broker refuses everybody once its list has run out.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - HEAD_START)
        .next_update(authority.certificate.not_valid_after_utc)
    )
    for serial in sorted(set(serials)):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(authority.key, None).public_bytes(serialization.Encoding.PEM)


def _certify(
    authority: Authority,
    name: str,
    key: Ed25519PublicKey,
    now: datetime,
    days: float,
    purpose: x509.ObjectIdentifier,
    hosts: Sequence[x509.GeneralName],
) -> x509.Certificate:
    builder = (
        _builder(_name(name), authority.certificate.subject, key, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign=True, certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return builder.sign(authority.key, None)


def _builder(
    name: x509.Name, issuer: x509.Name, key: Ed25519PublicKey, now: datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, now + timedelta(days=days)) - HEAD_START)
        .not_valid_after(now + timedelta(days=days))
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if HOST.fullmatch(host) is None:
            raise NameRefused(f"{host!r} is no name or address of a machine; write --host mqtt.example.org") from None
        return x509.DNSName(host)


def _key_usage(*, sign: bool, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
