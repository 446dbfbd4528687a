"""Events of services: only signed ones, for this counter, of now, and each number once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.wire.ratings import ServedBy
from edge_agent.wire.shared_keys import read_shared_key
from edge_agent.wire.tls import CredentialError
from kiosk.rating.tickets import (
    EventCode,
    Refused,
    ServiceEvent,
    SharedKey,
    Used,
    read_event,
    sign_event,
    take_number,
)

SECRET = b"k" * 32
KEYS = {"queue": SharedKey(SECRET, ServedBy.TICKET)}
NOW = 1_800_000_000_000
MIN = 60_000
GIVEN: dict[str, object] = {
    "counter": "2", "event": "begin", "ticket": "A12", "number": "6f1c0a52", "at": NOW, "key": "queue", "waited_s": 30,
}  # fmt: skip


def body(**other: object) -> bytes:
    return json.dumps(GIVEN | other).encode()


def event(number: str, at: int) -> ServiceEvent:
    return ServiceEvent("2", "end", "A12", number, at, "queue")


def test_signed_event_is_read() -> None:
    read = read_event(body(), sign_event(SECRET, body()).upper(), KEYS)
    assert (read.event, read.ticket, read.waited_s) == ("begin", "A12", 30)


REFUSED = {
    "no signature": (body(), "", EventCode.BAD_SIGNATURE),
    "a signature that is no text of it": (body(), "ü", EventCode.BAD_SIGNATURE),
    "another key's signature": (body(), sign_event(b"x" * 32, body()), EventCode.BAD_SIGNATURE),
    "another body's signature": (body(ticket="A13"), sign_event(SECRET, body()), EventCode.BAD_SIGNATURE),
    "an unknown key": (body(key="other"), sign_event(SECRET, body(key="other")), EventCode.UNKNOWN_KEY),
    "no JSON": (b"{", "", EventCode.UNREADABLE),
    "too deep": (b"[" * 4000, "", EventCode.UNREADABLE),
    "no UTF-8": (b'{"counter":"\xff"}', "", EventCode.UNREADABLE),
    "an event of another kind": (body(event="open"), sign_event(SECRET, body(event="open")), EventCode.UNREADABLE),
    "a number that is too short": (body(number="1"), sign_event(SECRET, body(number="1")), EventCode.UNREADABLE),
    "too long": (b" " * 5000 + body(), sign_event(SECRET, b" " * 5000 + body()), EventCode.UNREADABLE),
}


@pytest.mark.parametrize(("raw", "signature", "code"), REFUSED.values(), ids=REFUSED)
def test_event_that_is_not_right_is_refused_by_name(raw: bytes, signature: str, code: EventCode) -> None:
    with pytest.raises(Refused) as caught:
        read_event(raw, signature, KEYS)
    assert caught.value.code is code


YOUNG = Used(0, {"used-before": NOW})
TIMES = {
    "of now": (YOUNG, NOW, NOW, None),
    "a little old": (YOUNG, NOW - 2 * MIN, NOW, None),
    "a little new": (YOUNG, NOW + 2 * MIN, NOW, None),
    "too old": (YOUNG, NOW - 2 * MIN - 1, NOW, EventCode.TOO_OLD),
    "of the future": (YOUNG, NOW + 2 * MIN + 1, NOW, EventCode.TOO_NEW),
    "without a clock, newer than all": (YOUNG, NOW + 900 * MIN, None, None),
    "without a clock, older than what was taken": (YOUNG, NOW - 3 * MIN, None, EventCode.TOO_OLD),
    "after one of the future that a bad clock let through": (
        Used(0, {"of-the-future": NOW + 900 * MIN}),
        NOW,
        NOW,
        None,
    ),
    "no younger than one that was forgotten": (Used(NOW, {}), NOW, NOW, EventCode.TOO_OLD),
}


@pytest.mark.parametrize(("used", "at", "now", "code"), TIMES.values(), ids=TIMES)
def test_event_is_of_now(used: Used, at: int, now: int | None, code: EventCode | None) -> None:
    try:
        found = take_number(used, event("a-new-number", at), now, 120)
    except Refused as exc:
        assert exc.code is code
    else:
        assert code is None
        assert "a-new-number" in found.numbers


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(-300, 300)), max_size=30))
def test_no_number_opens_twice_whatever_the_order_and_the_clock(steps: list[tuple[int, int | None]]) -> None:
    """Six events, 50 s apart, come again and again; this clock is set to and fro, or is not known."""
    used, taken = Used(), []
    for number, clock_s in steps:
        now = None if clock_s is None else NOW + 1000 * clock_s
        try:
            used = take_number(used, event(f"number-{number}", NOW + 50_000 * number), now, 120)
        except Refused:
            continue
        taken.append(number)
    assert len(taken) == len(set(taken))


def test_numbers_are_forgotten_once_their_time_alone_refuses_them() -> None:
    used = take_number(Used(0, {"old-one": NOW}), event("new-one", NOW + 10 * MIN), NOW + 10 * MIN, 120)
    assert used == Used(NOW, {"new-one": NOW + 10 * MIN})


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [(b"k" * 32, 0o644, "chmod"), (b"short", 0o600, "32 bytes"), (None, 0o600, "file")],
    ids=["others can read it", "too short", "not there"],
)
def test_shared_key_must_be_long_and_private(tmp_path: Path, content: bytes | None, mode: int, reason: str) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(CredentialError, match=reason):
        read_shared_key(file)
