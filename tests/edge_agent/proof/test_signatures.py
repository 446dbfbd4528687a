"""A record's signature holds for that record of that device alone, and is the same however often it is made."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.proof.signatures import Statement, is_signed, sign, signed_message
from edge_agent.wire.topics import Lane

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
SAID = Statement("gauge-01", "00ff00ff00ff00ff", Lane.ALARM, 7, "alarm/1", 1_700_000_000_000, b'{"value":1}')


def test_message_is_the_documented_lines() -> None:
    assert signed_message(SAID) == (
        b"weiran record 1\ngauge-01\n00ff00ff00ff00ff\nalarm\n7\nalarm/1\n1700000000000\n"
        b"48208f9428d64634bd8e28ff345bf0eab60d53c18fa2fbdb0b9bc1e84df2b5f6\n"
    )


def test_signature_holds_and_is_always_the_same() -> None:
    assert is_signed(PUBLIC, SAID, sign(KEY, SAID))
    assert sign(KEY, SAID) == sign(KEY, SAID)
    assert len(sign(KEY, SAID)) == 88


@pytest.mark.parametrize(
    "other",
    [
        SAID._replace(device="gauge-02"),
        SAID._replace(epoch="00ff00ff00ff00fe"),
        SAID._replace(lane=Lane.RECORD),
        SAID._replace(seq=8),
        SAID._replace(kind="alarm/2"),
        SAID._replace(at=SAID.at + 1),
        SAID._replace(body=b'{"value": 1}'),
    ],
    ids=["device", "epoch", "lane", "seq", "kind", "at", "body"],
)
def test_signature_holds_for_nothing_else(other: Statement) -> None:
    assert not is_signed(PUBLIC, other, sign(KEY, SAID))


@pytest.mark.parametrize(
    "signature",
    [None, "", "no base64!", base64.b64encode(bytes(64)).decode(), base64.b64encode(bytes(63)).decode(), "鍵"],
)
def test_what_is_no_signature_is_refused(signature: str | None) -> None:
    assert not is_signed(PUBLIC, SAID, signature)


def test_signature_is_written_in_one_way_only() -> None:
    said = sign(KEY, SAID)
    other = f"{said[:85]}{chr(ord(said[85]) + 1)}=="
    assert base64.b64decode(other) == base64.b64decode(said)
    assert not is_signed(PUBLIC, SAID, other)


def test_another_key_or_no_key_is_refused() -> None:
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert not is_signed(other, SAID, sign(KEY, SAID))
    assert not is_signed(b"short", SAID, sign(KEY, SAID))


def test_field_with_a_line_feed_is_never_signed() -> None:
    with pytest.raises(ValueError, match="line feed"):
        sign(KEY, SAID._replace(kind="alarm/1\n1"))
    assert not is_signed(PUBLIC, SAID._replace(kind="alarm/1\n1"), sign(KEY, SAID))
