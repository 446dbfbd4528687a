"""Receipts prove a record; secrets are read as they were written, however they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.wire.ratings import card_digest, count_id
from kiosk.rating.receipts import Receipt, ReceiptError, address, read_receipt, read_secret, write_receipt, write_secret

RECEIPT = Receipt("desk-01", "0" * 16, 7, "rating/1", 1_800_000_000_000, "ab" * 32, "c2ln", "")


@settings(max_examples=40, deadline=None)
@given(st.builds(Receipt, st.text(), st.text(), st.integers(1, 2**63 - 1), st.text(), st.integers(0, 2**53), st.text(),
                 st.text(), st.text()))  # fmt: skip
def test_receipt_is_read_as_it_was_written(receipt: Receipt) -> None:
    assert read_receipt(write_receipt(receipt)) == receipt


DAMAGED = {
    "another text": "hello",
    "its end is missing": write_receipt(RECEIPT)[:-9],
    "a letter is another": write_receipt(RECEIPT).replace("W", "%", 1),
    "no base64": "WR1.####",
    "a line feed": write_receipt(RECEIPT) + "\n",
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_damaged_receipt_is_refused(text: str) -> None:
    with pytest.raises(ReceiptError):
        read_receipt(text)


def test_address_keeps_the_receipt_behind_the_mark() -> None:
    assert address("https://ratings.example.org/", "WR1.abc") == "https://ratings.example.org/r#WR1.abc"


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=16, max_size=16))
def test_secret_is_read_as_it_was_written(secret: bytes) -> None:
    text = write_secret(secret)
    assert len(text.replace(" ", "")) == 26
    assert read_secret(text) == secret
    assert read_secret(text.lower().replace(" ", "-")) == secret


def test_letters_that_look_alike_are_the_same() -> None:
    assert read_secret("0011" + "0" * 22) == read_secret("oOIl" + "0" * 22)


@pytest.mark.parametrize("text", ["", "0" * 25, "U" * 26, "Z" * 26], ids=["nothing", "short", "a U", "too large"])
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(ReceiptError):
        read_secret(text)


def test_count_id_is_the_digest_of_the_domain_and_the_secret() -> None:
    assert count_id(bytes(16)) == "e328db8dd6d9f21a31e97e7f8cab3dfb346b5911647b85698374018a2dc3600a"
    with pytest.raises(ValueError, match="16 bytes"):
        count_id(bytes(15))


def test_card_is_not_told_by_its_digest_without_the_key() -> None:
    told = card_digest(b"k" * 32, " 04A1B2\r\n")
    assert told == "ff0a38eb4f9076d52869375449e6ee019311cb60f014d8e64da8a05b6ad1c61a"
    assert card_digest(b"l" * 32, "04A1B2") != told
