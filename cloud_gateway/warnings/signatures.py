"""XML signatures of CAP alerts (W3C XML Signature, enveloped), checked with the certificate that the settings name.

Keys that a message brings along are never trusted. What was signed is read again and must be the alert that was taken,
so that a sound signature around something else is worth nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec
from cryptography.x509 import Certificate
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidCertificate, InvalidDigest, InvalidSignature, SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from cloud_gateway.warnings.cap import parse_cap
from cloud_gateway.warnings.model import Alert, Refused
from cloud_gateway.warnings.xml import Element, read_xml

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


class Verdict(StrEnum):
    """What a message's signature is worth; UNVERIFIABLE: no key for it, or an algorithm that is not taken."""

    NONE = "none"
    VERIFIED = "verified"
    UNVERIFIABLE = "unverifiable"
    BROKEN = "broken"


class Checked(NamedTuple):
    """A verdict and, for people, its reason."""

    verdict: Verdict
    reason: str = ""


def check_signature(raw: bytes, alert: Alert, certificate: Certificate | None, *, sha1: bool = False) -> Checked:
    """Check the signature in `raw`, from which `alert` was read. `sha1`: whether SHA-1 counts, for old publishers."""
    if b"Signature" not in raw and b"\0" not in raw:
        return Checked(Verdict.NONE)
    try:
        root = read_xml(raw)
    except Refused:  # JSON, say
        return Checked(Verdict.NONE)
    if next(root.iter(_SIGNATURE), None) is None:
        return Checked(Verdict.NONE)
    if certificate is None:
        return Checked(Verdict.UNVERIFIABLE, "no certificate is configured for its source")
    return _verify(root, alert, certificate, sha1)


def _verify(root: Element, alert: Alert, certificate: Certificate, sha1: bool) -> Checked:
    try:
        signed = XMLVerifier().verify(root, x509_cert=certificate, validate_schema=False, expect_config=_config(sha1))
    except InvalidCertificate as exc:
        return Checked(Verdict.UNVERIFIABLE, f"the configured certificate does not hold: {exc}")
    except (InvalidDigest, InvalidSignature) as exc:
        return _judge_failure(exc)
    except (SignXMLException, ValueError, LookupError, TypeError, AttributeError) as exc:
        return Checked(Verdict.UNVERIFIABLE, f"its form cannot be checked: {exc}"[:300])
    found = signed.signed_xml if not isinstance(signed, list) else None
    if found is None or not _is_same(found, alert):
        return Checked(Verdict.BROKEN, "what is signed is not this alert")
    return Checked(Verdict.VERIFIED)


def _judge_failure(exc: InvalidSignature) -> Checked:
    what = "its content was changed" if isinstance(exc, InvalidDigest) else "it was not made with the configured key"
    return Checked(Verdict.BROKEN, what)


def _config(sha1: bool) -> SignatureConfiguration:
    """The signature must stand in the alert itself and cover one thing; keys shared by both sides are no proof."""
    methods = (one for one in SignatureMethod if not one.name.startswith("HMAC"))
    return SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=frozenset(one for one in methods if sha1 or "SHA1" not in one.name),
        digest_algorithms=frozenset(one for one in DigestAlgorithm if sha1 or "SHA1" not in one.name),
    )


def _is_same(signed: Element, alert: Alert) -> bool:
    """Whether the part that was signed says what was taken."""
    try:
        said = parse_cap(signed)
    except Refused:
        return False
    return msgspec.structs.replace(said, findings=()) == msgspec.structs.replace(alert, findings=())
