"""What of a reading is taken from its source: by the source's policy on senders and signatures."""

from __future__ import annotations

from typing import NamedTuple

from cryptography.x509 import Certificate, load_pem_x509_certificate

from cloud_gateway.warnings.covering import cover
from cloud_gateway.warnings.model import Alert, Refused
from cloud_gateway.warnings.reading import Reading
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.signatures import Checked, Verdict, check_signature
from cloud_gateway.warnings.tracks import Track


class Incoming(NamedTuple):
    """A message that may be stored, its bytes as published, and what its signature is worth."""

    alert: Alert
    raw: bytes
    signature: Verdict


class RefusedRaw(NamedTuple):
    """What was refused, and its bytes."""

    reason: Refused
    raw: bytes


class IncomingTracks(NamedTuple):
    """The storms of a deck, and its bytes as published."""

    tracks: tuple[Track, ...]
    raw: bytes


class Admitted(NamedTuple):
    """One answer of a source, sorted."""

    taken: tuple[Incoming, ...] = ()
    refused: tuple[RefusedRaw, ...] = ()
    storms: IncomingTracks | None = None


def read_certificate(source: Source) -> Certificate | None:
    """The certificate that a source's settings name. Raises OSError, ValueError for a file that is none."""
    file = source.certificate_file
    return None if file is None or source.signature == "ignore" else load_pem_x509_certificate(file.read_bytes())


def admit(source: Source, reading: Reading, certificate: Certificate | None = None, whole: bytes = b"") -> Admitted:
    """Sort the messages of a reading of `whole`; nothing of it is stored yet."""
    taken: list[Incoming] = []
    refused = [RefusedRaw(*pair) for pair in zip(reading.refused, reading.refused_raws, strict=True)]
    for alert, raw in zip(reading.alerts, reading.raws, strict=True):
        judged = _judge(source, alert, raw, certificate)
        if isinstance(judged, Incoming):
            taken.append(judged._replace(alert=cover(source, judged.alert)))
        else:
            refused.append(judged)
    storms = IncomingTracks(reading.tracks, whole) if reading.tracks else None
    return Admitted(tuple(taken), tuple(refused), storms)


def _judge(source: Source, alert: Alert, raw: bytes, certificate: Certificate | None) -> Incoming | RefusedRaw:
    if source.senders and alert.sender not in source.senders:
        text = f"{source.name} is not taken at its word for messages of {alert.sender[:200]}"
        return RefusedRaw(Refused("sender_not_listed", "sender", text, "Name the sender in the source's senders"), raw)
    if source.signature == "ignore":
        return Incoming(alert, raw, Verdict.NONE)
    checked = check_signature(raw, alert, certificate, sha1=source.signature_sha1)
    if source.signature == "require" and checked.verdict is not Verdict.VERIFIED:
        return RefusedRaw(_unsigned(checked), raw)
    return Incoming(alert, raw, checked.verdict)


def _unsigned(checked: Checked) -> Refused:
    code = "unsigned" if checked.verdict is Verdict.NONE else f"signature_{checked.verdict}"
    text = f"The signature is {checked.verdict.value}: {checked.reason or 'there is none'}"
    return Refused(code, "Signature", text, "Check the source's certificate, or ask the publisher")
