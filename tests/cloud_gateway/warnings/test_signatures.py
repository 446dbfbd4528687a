"""XML signatures of alerts: sound, broken, not to be checked, around something else; and what a policy lets in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from pydantic import ValidationError
from signxml.algorithms import DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from cloud_gateway.warnings.admission import admit, read_certificate
from cloud_gateway.warnings.reading import read_alerts
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.signatures import Verdict, check_signature
from tests.cloud_gateway.warnings.documents import NAMESPACE, atom, cap_xml

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Office(NamedTuple):
    """Somebody who signs."""

    key: Key
    certificate: x509.Certificate


def make_office(key: Key, days: int = 30) -> Office:
    """A self-signed certificate that began a day ago and ends in so many days."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "office.example.org")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=40))
    return Office(key, builder.not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256()))


OFFICE = make_office(rsa.generate_private_key(public_exponent=65537, key_size=2048))
CURVE = make_office(ec.generate_private_key(ec.SECP256R1()))
EXPIRED = make_office(ec.generate_private_key(ec.SECP256R1()), days=-1)


class _OldSigner(XMLSigner):
    """Signs with SHA-1, as some publishers still do."""

    def check_deprecated_methods(self) -> None:
        """Let it pass."""


def sign(raw: bytes, office: Office = OFFICE, signer: XMLSigner | None = None) -> bytes:
    root = etree.fromstring(raw)
    method = SignatureMethod.RSA_SHA256 if isinstance(office.key, rsa.RSAPrivateKey) else SignatureMethod.ECDSA_SHA256
    made = signer or XMLSigner(signature_algorithm=method)
    return etree.tostring(made.sign(root, key=office.key, cert=[office.certificate]), encoding="UTF-8")


def sign_old(
    raw: bytes, method: SignatureMethod = SignatureMethod.RSA_SHA1, digest: DigestAlgorithm = DigestAlgorithm.SHA1
) -> bytes:
    enveloped = SignatureConstructionMethod.enveloped
    return sign(raw, OFFICE, _OldSigner(method=enveloped, signature_algorithm=method, digest_algorithm=digest))


def verdict(raw: bytes, certificate: x509.Certificate | None = OFFICE.certificate, *, sha1: bool = False) -> Verdict:
    (alert,) = read_alerts(raw).alerts
    return check_signature(raw, alert, certificate, sha1=sha1).verdict


SIGNED = sign(cap_xml("A"))
OLD = sign_old(cap_xml("A"))


def wrap() -> bytes:
    """A forged alert that holds the sound, signed one inside: its signature is still right."""
    root = etree.fromstring(cap_xml("FORGED", severity="Minor"))
    holder = etree.SubElement(root, "{urn:example}holder")
    holder.append(etree.fromstring(SIGNED))
    return etree.tostring(root)


def wrap_by_id() -> bytes:
    """A forged alert whose signature points to a sound alert hidden in it."""
    hidden = etree.fromstring(cap_xml("A"))
    hidden.set("Id", "the-real-one")
    signed = XMLSigner().sign(hidden, key=OFFICE.key, cert=[OFFICE.certificate], reference_uri="#the-real-one")
    signature = signed.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    signed.remove(signature)
    root = etree.fromstring(cap_xml("FORGED", severity="Minor"))
    etree.SubElement(root, f"{{{NAMESPACE}}}resource").append(signed)
    root.append(signature)
    return etree.tostring(root)


CASES = [
    ("no signature", cap_xml("A"), Verdict.NONE),
    ("sound", SIGNED, Verdict.VERIFIED),
    ("a comment added", SIGNED.replace(b"<info>", b"<info><!-- seen -->"), Verdict.VERIFIED),
    ("a word changed", SIGNED.replace(b"Severe", b"Minor"), Verdict.BROKEN),
    ("an info added", SIGNED.replace(b"</alert>", b"<info><event>Hail</event></info></alert>"), Verdict.BROKEN),
    (
        "signed by another",
        sign(cap_xml("A"), make_office(OFFICE.key)._replace(key=rsa.generate_private_key(65537, 2048))),
        Verdict.BROKEN,
    ),
    ("signed elliptically by another", sign(cap_xml("A"), CURVE), Verdict.UNVERIFIABLE),
    ("SHA-1", OLD, Verdict.UNVERIFIABLE),
    ("SHA-1 in its method", sign_old(cap_xml("A"), digest=DigestAlgorithm.SHA256), Verdict.UNVERIFIABLE),
    ("SHA-1 in its digest", sign_old(cap_xml("A"), SignatureMethod.RSA_SHA256), Verdict.UNVERIFIABLE),
    ("an unknown algorithm", SIGNED.replace(b"#rsa-sha256", b"#rsa-sm3"), Verdict.UNVERIFIABLE),
    ("no value", SIGNED.replace(b"SignatureValue>", b"SignatureWorth>"), Verdict.UNVERIFIABLE),
    ("around a sound one", wrap(), Verdict.UNVERIFIABLE),
    ("pointing to a sound one inside", wrap_by_id(), Verdict.BROKEN),
]


@pytest.mark.parametrize(("raw", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_signature_is_judged(raw: bytes, expected: Verdict) -> None:
    assert verdict(raw) is expected


def test_the_curve_of_the_office_is_checked_too() -> None:
    assert verdict(sign(cap_xml("A"), CURVE), CURVE.certificate) is Verdict.VERIFIED


def test_without_a_certificate_nothing_can_be_checked() -> None:
    assert verdict(SIGNED, None) is Verdict.UNVERIFIABLE


def test_a_certificate_that_has_run_out_does_not_hold() -> None:
    assert verdict(sign(cap_xml("A"), EXPIRED), EXPIRED.certificate) is Verdict.UNVERIFIABLE


def test_sha1_counts_where_the_settings_say_so() -> None:
    assert verdict(OLD, sha1=True) is Verdict.VERIFIED
    assert verdict(OLD.replace(b"Severe", b"Minor"), sha1=True) is Verdict.BROKEN


def source(folder: Path, policy: str) -> Source:
    (folder / "office.pem").write_bytes(OFFICE.certificate.public_bytes(Encoding.PEM))
    made = {"name": "office", "kind": "cap", "url": "https://alerts.example.org/", "signature": policy}
    return Source.model_validate(made | {"certificate_file": folder / "office.pem"})


@pytest.mark.parametrize(
    ("policy", "raw", "taken", "refused"),
    [
        ("ignore", SIGNED.replace(b"Severe", b"Minor"), ["none"], []),
        ("mark", SIGNED.replace(b"Severe", b"Minor"), ["broken"], []),
        ("mark", cap_xml("A"), ["none"], []),
        ("require", SIGNED, ["verified"], []),
        ("require", cap_xml("A"), [], ["unsigned"]),
        ("require", OLD, [], ["signature_unverifiable"]),
        ("require", SIGNED.replace(b"Severe", b"Minor"), [], ["signature_broken"]),
        ("require", wrap_by_id(), [], ["signature_broken"]),
    ],
)
def test_a_policy_decides_what_is_taken(
    tmp_path: Path, policy: str, raw: bytes, taken: list[str], refused: list[str]
) -> None:
    made = source(tmp_path, policy)
    admitted = admit(made, read_alerts(raw), read_certificate(made))
    assert [one.signature.value for one in admitted.taken] == taken
    assert [one.reason.code for one in admitted.refused] == refused


def test_a_signed_alert_inside_an_index_can_be_checked(tmp_path: Path) -> None:
    made = source(tmp_path, "mark")
    index = atom([], f"<entry><content>{SIGNED.decode().partition('?>')[2] or SIGNED.decode()}</content></entry>")
    (one,) = admit(made, read_alerts(index), read_certificate(made)).taken
    assert one.signature is Verdict.VERIFIED


def test_a_policy_that_needs_signatures_needs_a_certificate() -> None:
    with pytest.raises(ValidationError, match="certificate_file"):
        Source(name="office", kind="cap", url="https://alerts.example.org/", signature="require")
