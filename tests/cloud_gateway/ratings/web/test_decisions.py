"""What is decided about ratings on the web without asking a database."""

from __future__ import annotations

import pytest

from cloud_gateway.ratings.appeals import Appeal, Bias, Mark, find_bias, mark_of
from cloud_gateway.ratings.invitations import Invitation, Stage, Standing, derive_keys
from cloud_gateway.ratings.masks import MaskRefused, Reason, Refusal, Report, read_report, write_report
from cloud_gateway.ratings.pace import Pace
from cloud_gateway.ratings.receipts import Facts, Verdict, decode_receipt, judge, split_receipts
from cloud_gateway.ratings.replies import MAX_TEXT, tidy_text
from tests.cloud_gateway.ratings.web.ground import AT, KIND, make_receipt

RECEIPT = decode_receipt(make_receipt(1))
SAME = (KIND, AT, RECEIPT.b)
OTHER = (KIND, AT, "0" * 64)
APPEAL = Appeal(7, 3, "1024", "lin", "boss", "desk", ruled=False)
INVITATION = Invitation("i", Stage.CLAIM, 5, "", "", "", 1000, None)
REPORT = Report("weiran.example/evidence", 7, "body.text", "ab" * 32, Reason.ABUSE, "R-1")

VERDICTS = {
    "a device that nobody knows": (Facts(False, False), Verdict.UNKNOWN_DEVICE),
    "not its signature": (Facts(True, False, SAME, True, True), Verdict.FORGED),
    "in the log": (Facts(True, True, SAME, True, True, True), Verdict.INCLUDED),
    "in the log, no head yet": (Facts(True, True, SAME, True, False, True), Verdict.UNSIGNED),
    "stored, not in the log": (Facts(True, True, SAME, False, False, True), Verdict.LOST),
    "another record in its place": (Facts(True, True, OTHER, True, True, True), Verdict.DEVICE_FORK),
    "not come": (Facts(True, True), Verdict.NOT_YET),
    "refused, though confirmed": (Facts(True, True, confirmed=True, refusal="bad_value"), Verdict.REFUSED),
    "confirmed and gone": (Facts(True, True, confirmed=True), Verdict.LOST),
    "in another log": (Facts(True, True, SAME, True, True, True, head=Verdict.LOG_FORK), Verdict.LOG_FORK),
    "gone with a backup": (Facts(True, True, confirmed=True, head=Verdict.RESTORED), Verdict.RESTORED),
    "back after a backup": (Facts(True, True, SAME, True, True, True, head=Verdict.RESTORED), Verdict.INCLUDED),
    "a made-up head": (Facts(True, True, SAME, True, True, head=Verdict.FORGED_CHECKPOINT), Verdict.FORGED_CHECKPOINT),
}


@pytest.mark.parametrize(("facts", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_verdict_is_the_gravest_that_is_true(facts: Facts, verdict: Verdict) -> None:
    assert judge(RECEIPT, facts) is verdict


def test_receipts_are_found_in_whatever_was_pasted() -> None:
    one, two = make_receipt(1), make_receipt(2)
    assert split_receipts(f" see https://w.example/r#{one}\n{two} {one}. ") == [one, two]


RULERS = {
    "the clerk by number": ("1024", Bias.CLERK),
    "the clerk by sign-in": ("lin", Bias.CLERK),
    "his manager": ("boss", Bias.MANAGER),
    "who wrote it down": ("desk", Bias.FILER),
    "somebody else": ("other", None),
}


@pytest.mark.parametrize(("reviewer", "bias"), RULERS.values(), ids=RULERS)
def test_who_has_a_part_in_it_may_not_rule(reviewer: str, bias: Bias | None) -> None:
    assert find_bias(APPEAL, reviewer) is bias


def test_nobody_rules_twice() -> None:
    assert find_bias(APPEAL._replace(ruled=True), "other") is Bias.RULED


@pytest.mark.parametrize(
    ("appealed", "outcomes", "mark"),
    [(False, [], Mark.NONE), (True, [], Mark.PENDING), (True, ["rejected"], Mark.REJECTED)],
    ids=["never", "open", "ruled"],
)
def test_mark_follows_the_appeal(appealed: bool, outcomes: list[str], mark: Mark) -> None:
    assert mark_of(appealed, outcomes) is mark


@pytest.mark.parametrize(
    ("used_at", "now", "standing"),
    [(None, 999, Standing.OPEN), (None, 1000, Standing.EXPIRED), (5, 10, Standing.USED), (5, 2000, Standing.USED)],
    ids=["in time", "too late", "used", "used and late"],
)
def test_invitation_lasts_until_its_use_or_its_day(used_at: int | None, now: int, standing: Standing) -> None:
    assert INVITATION._replace(used_at=used_at).standing(now) is standing


def test_keys_need_token_and_draw() -> None:
    known = derive_keys("t" * 43, "0" * 32)
    assert derive_keys("t" * 43, "0" * 32) == known
    assert known.secret != derive_keys("t" * 43, "1" * 32).secret
    assert known.holder != derive_keys("u" * 43, "0" * 32).holder


def test_report_is_read_as_it_was_written() -> None:
    assert read_report(write_report(REPORT)) == REPORT


BAD_REPORTS = {
    "another domain": write_report(REPORT).replace("weiran report receipt 1", "weiran record 1"),
    "a line more": write_report(REPORT) + "x\n",
    "an unknown reason": write_report(REPORT._replace(reason=Reason.ABUSE)).replace("abuse", "dislike"),
    "a place that is none": write_report(REPORT).replace("\n7\n", "\n-7\n"),
    "no number": write_report(REPORT._replace(number="")),
}


@pytest.mark.parametrize("text", BAD_REPORTS.values(), ids=BAD_REPORTS)
def test_what_is_no_report_masks_nothing(text: str) -> None:
    with pytest.raises(MaskRefused) as caught:
        read_report(text)
    assert caught.value.code is Refusal.MALFORMED


TEXTS = {
    "line breaks": ("a\r\nb\rc", "a\nb\nc"),
    "controls and turned writing": ("a\x00\u202eb\u200b", "ab"),
    "markup stays as it is": ("<b>&amp;</b>", "<b>&amp;</b>"),
    "one form of a letter": ("e\u0301", "\u00e9"),
    "too long": ("长" * (MAX_TEXT + 5), "长" * MAX_TEXT),
}


@pytest.mark.parametrize(("raw", "kept"), TEXTS.values(), ids=TEXTS)
def test_text_is_tidied(raw: str, kept: str) -> None:
    assert tidy_text(raw) == kept


def test_pace_takes_a_burst_then_so_many_a_second_from_each() -> None:
    pace = Pace(burst=2, each_ms=100)
    assert [pace.wait_ms("a", 0) for _ in range(3)] == [0, 0, 100]
    assert pace.wait_ms("b", 0) == 0
    assert [pace.wait_ms("a", 100), pace.wait_ms("a", 100)] == [0, 100]
