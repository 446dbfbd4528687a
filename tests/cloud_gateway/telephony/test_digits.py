"""Keys of a telephone as ratings, messages of a telephone system, and telephones that are not kept."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from cloud_gateway.telephony.calls import Code, Refused, check_time, read_call, sign_call
from cloud_gateway.telephony.digits import Answer, Heard, read_digits
from cloud_gateway.telephony.phones import Finding, NoPhone, hash_phone, judge_phone, mask_phone, tidy_phone

SECRET = b"k" * 32
NOW = 1_793_577_600_000
CALL: dict[str, object] = {
    "number": "n-0000001", "at": NOW, "key": "telephony", "call": "c1", "purpose": "consultation", "digits": "1",
    "hung_up": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("digits", "scale", "best", "answer"),
    [
        ("1", 5, "first", Answer(Heard.RATED, 5)),
        ("5", 5, "first", Answer(Heard.RATED, 1)),
        ("5", 5, "last", Answer(Heard.RATED, 5)),
        ("3#", 3, "first", Answer(Heard.RATED, 1)),
        ("4", 3, "first", Answer(Heard.WRONG_DIGIT)),
        ("0", 5, "last", Answer(Heard.WRONG_DIGIT)),
        ("6", 5, "first", Answer(Heard.WRONG_DIGIT)),
        ("12", 5, "first", Answer(Heard.WRONG_DIGIT)),
        ("", 5, "first", Answer(Heard.NO_DIGIT)),
        ("#", 5, "first", Answer(Heard.NO_DIGIT)),
    ],
)
def test_keys_mean_what_the_settings_say(
    digits: str, scale: int, best: Literal["first", "last"], answer: Answer
) -> None:
    assert read_digits(digits, False, scale, best) == answer


def test_who_hangs_up_after_a_key_has_answered_and_before_one_has_not() -> None:
    assert read_digits("2", True, 5, "first") == Answer(Heard.RATED, 4)
    assert read_digits("", True, 5, "first") == Answer(Heard.HUNG_UP)


def refusal(body: bytes, signature: str) -> Code:
    with pytest.raises(Refused) as refused:
        read_call(body, signature, "telephony", SECRET)
    return refused.value.code


def test_message_is_read_once_its_signature_holds() -> None:
    body = json.dumps(CALL).encode()
    assert read_call(body, sign_call(SECRET, body).upper(), "telephony", SECRET).digits == "1"
    assert refusal(body + b" ", sign_call(SECRET, body)) is Code.BAD_SIGNATURE
    assert refusal(body, "") is Code.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": "other"}, Code.UNKNOWN_KEY),
        ({"digits": "one"}, Code.UNREADABLE),
        ({"purpose": "sale"}, Code.UNREADABLE),
        ({"number": "short"}, Code.UNREADABLE),
        ({"call": ""}, Code.UNREADABLE),
    ],
    ids=["key", "digits", "purpose", "number", "call"],
)
def test_signed_nonsense_is_refused_by_name(change: dict[str, object], code: Code) -> None:
    body = json.dumps(CALL | change).encode()
    assert refusal(body, sign_call(SECRET, body)) is code


@pytest.mark.parametrize(("later_s", "code"), [(301, Code.TOO_OLD), (-301, Code.TOO_NEW)], ids=["old", "new"])
def test_message_of_another_time_is_refused(later_s: int, code: Code) -> None:
    body = json.dumps(CALL).encode()
    ended = read_call(body, sign_call(SECRET, body), "telephony", SECRET)
    check_time(ended, NOW + 300_000, 300)
    with pytest.raises(Refused) as refused:
        check_time(ended, NOW + later_s * 1000, 300)
    assert refused.value.code is code


@pytest.mark.parametrize("text", ["13800000001", "+86 138 0000 0001", "0086-13800000001", "138-0000-0001"])
def test_one_number_has_one_hash_however_it_is_written(text: str) -> None:
    assert tidy_phone(text) == "13800000001"
    assert hash_phone(SECRET, tidy_phone(text)) == hash_phone(SECRET, "13800000001")
    assert hash_phone(b"x" * 32, "13800000001") != hash_phone(SECRET, "13800000001")


@pytest.mark.parametrize("text", ["", "none", "12", "1" * 40, "555-01x1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NoPhone):
        tidy_phone(text)


def test_masks_leave_no_number() -> None:
    assert [mask_phone(one) for one in ("13800000001", "5550101")] == ["138****0001", "****01"]


@pytest.mark.parametrize(
    ("agents", "policies", "findings"),
    [
        ([], 3, []),
        ([], 4, [Finding.SHARED]),
        (["A1"], 1, [Finding.AGENTS_OWN]),
        (["A1"], 9, [Finding.AGENTS_OWN, Finding.SHARED]),
    ],
)
def test_number_of_an_agent_or_of_many_policies_is_told(
    agents: list[str], policies: int, findings: list[Finding]
) -> None:
    assert judge_phone(agents, policies, 3) == findings
