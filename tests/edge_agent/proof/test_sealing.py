"""Sealed text is read by the gateway's key alone, and shows when it was altered."""

from __future__ import annotations

import pytest

from edge_agent.proof.sealing import SealError, make_sealing_key, read_key, seal, unseal

PLAIN = "张三, 13800000000"


def test_sealed_text_comes_back_and_shows_nothing() -> None:
    private, public = make_sealing_key()
    sealed = seal(public, PLAIN)
    assert unseal(private, sealed) == PLAIN
    assert sealed.isascii()
    assert sealed != seal(public, PLAIN)


def test_another_key_cannot_read_it() -> None:
    _, public = make_sealing_key()
    other, _ = make_sealing_key()
    with pytest.raises(SealError, match="not sealed to this key"):
        unseal(other, seal(public, PLAIN))


@pytest.mark.parametrize("text", ["", PLAIN, "sealed/1:", "sealed/1:!!", "sealed/1:AAAA", "sealed/2:AAAA"])
def test_what_is_not_sealed_is_refused(text: str) -> None:
    private, _ = make_sealing_key()
    with pytest.raises(SealError):
        unseal(private, text)


@pytest.mark.parametrize("text", ["", "!!", "AAAA"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(SealError):
        read_key(text)
