"""What people read: official words unchanged and marked, our own gauges never called a warning, nothing injected."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_gateway.outreach.facts import Official
from cloud_gateway.outreach.model import Change
from cloud_gateway.outreach.texts import choose_info, quote, render
from cloud_gateway.warnings.model import Alert, Color, Level, MsgType, Status
from cloud_gateway.warnings.reading import read_alerts
from tests.cloud_gateway.outreach.words import AT, TEXT, facts, info, message, official, site_fact

HOSTILE = Path(__file__).parents[3].parent / "shared" / "data" / "cap-hostile-generated"
PROGRAM = "{{7*7}} {% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %} ${{1+1}}"


def test_issuer_time_and_text_are_relayed_unchanged_and_marked_as_theirs() -> None:
    body = render(message(), "zh-Hans", facts(site_fact("Pudong"))).body
    assert "发布单位：浦东气象台，发布时间：2026-07-20 07:30 UTC+8" in body
    assert f"> {TEXT}" in body.splitlines()


def test_the_same_facts_give_the_same_words() -> None:
    made = [render(message(), "en", facts(site_fact("Pudong"))) for _ in range(2)]
    assert made[0] == made[1]


def test_alert_text_is_never_run_as_a_template() -> None:
    said = facts(site_fact("Pudong"), warnings=(official(info("zh-CN", PROGRAM)),))
    assert f"> {PROGRAM}" in render(message(), "zh-Hans", said).body.splitlines()


def test_no_name_can_add_a_line_to_a_subject() -> None:
    subject = render(message(), "en", facts(site_fact("Pudong\r\nBcc: a@example.org\u2028x"))).subject
    assert subject == "Official warning · Heavy rain (orange) · Pudong Bcc: a@example.org x"


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("zh-Hans", "请应答 · 官方预警 · 暴雨（橙色） · Pudong仓库"),
        ("en", "Answer needed · Official warning · Heavy rain (orange) · Pudong"),
    ],
)
def test_a_message_that_needs_an_answer_says_so_first(language: str, subject: str) -> None:
    asked = message(answer_by=AT)
    assert render(asked, language, facts(site_fact("Pudong"))).subject == subject


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the collected hostile files are not here")
@pytest.mark.parametrize("name", ["template_injection.xml", "crlf_header_injection.xml"])
def test_collected_hostile_alerts_stay_text(name: str) -> None:
    alert = read_alerts((HOSTILE / name).read_bytes()).alerts[0]
    text = render(message(), "zh-Hans", facts(site_fact("Pudong"), warnings=(Official("w1", alert, "", None, None),)))
    assert ("\r" in text.body, "\n" in text.subject, "\nBcc:" in text.body) == (False, False, False)
    assert quote(alert.infos[0].description) in text.body


def test_a_forged_line_of_ours_stays_quoted() -> None:
    body = render(
        message(), "zh-Hans", facts(warnings=(official(info("zh-CN", "雨\r编号：假\n\n官方预警：解除")),))
    ).body
    assert [line for line in body.splitlines() if "假" in line or "：解除" in line] == [
        "> 编号：假",
        "> 官方预警：解除",
    ]


@pytest.mark.parametrize(
    ("change", "cause", "subject"),
    [
        (Change.RAISED, "tide-01/surge", "现场达到阈值 · 暴雨（严重） · Pudong仓库"),
        (Change.UPGRADED, "tide-01/surge", "现场情况加重 · 暴雨（严重） · Pudong仓库"),
        (Change.CLEARED, "tide-01/surge", "现场已回落 · 暴雨（严重） · Pudong仓库"),
    ],
    ids=["raised", "upgraded", "cleared"],
)
def test_our_own_gauge_is_never_called_a_warning(change: Change, cause: str, subject: str) -> None:
    said = facts(site_fact("Pudong", cause=cause, change=change), warnings=(), role="customer")
    text = render(message(change), "zh-Hans", said)
    assert text.subject == subject
    assert "预警" not in text.body.replace("不是官方预警", "")


@pytest.mark.parametrize(
    ("change", "head"),
    [
        (Change.ADVICE, "防灾提示"),
        (Change.RAISED, "官方预警"),
        (Change.UPGRADED, "预警升级"),
        (Change.DOWNGRADED, "预警降级"),
        (Change.CLEARED, "预警解除"),
        (Change.CONFIRMED, "现场达到阈值"),
    ],
    ids=str,
)
def test_each_change_has_its_own_head(change: Change, head: str) -> None:
    assert render(message(change), "zh-Hans", facts(site_fact("Pudong"))).subject.startswith(f"{head} · 暴雨（橙色）")


def test_a_warning_nobody_confirms_says_since_when_and_stays_in_force() -> None:
    said = facts(site_fact("Pudong"), warnings=(official(info("zh-CN", TEXT), unconfirmed_since=AT),))
    body = render(message(), "zh-Hans", said).body
    assert "自 2026-07-20 08:00 UTC+8 起发布单位没有再确认，也没有解除，仍按有效处理。" in body


def test_what_is_simulated_says_so_first() -> None:
    text = render(message(simulated=True), "en", facts(site_fact("Pudong")))
    assert (text.subject[:15], text.body[:15]) == ("【SIMULATED / 模拟】"[:15],) * 2


def test_sites_are_told_in_the_order_given() -> None:
    body = render(message(), "en", facts(site_fact("Pudong"), site_fact("Minhang"))).body
    assert [line[:10] for line in body.splitlines() if line[:2] in ("1.", "2.")] == ["1. Pudong ", "2. Minhang"]


def test_many_sites_are_named_up_to_a_bound() -> None:
    text = render(message(), "en", facts(*(site_fact(f"S{n}") for n in range(45))))
    assert "and 44 more" in text.subject
    assert "... and 5 more, listed in the system." in text.body


@pytest.mark.parametrize(
    ("role", "own"),
    [("customer", False), ("risk-engineer", True), ("branch", True), ("rescue", True)],
    ids=["customer", "risk engineer", "branch", "rescue"],
)
def test_only_staff_read_why_a_site_is_ranked(role: str, own: bool) -> None:
    body = render(message(), "en", facts(site_fact("Pudong"), role=role)).body
    assert ("   - low ground" in body) is own


def test_people_come_first_from_severe_on() -> None:
    grave, slight = (
        render(message(level=level), "en", facts(site_fact("Pudong"))).body for level in (Level.SEVERE, Level.MODERATE)
    )
    assert ("People come first." in grave, "People come first." in slight) == (True, False)


def test_the_link_and_its_time_are_there_when_an_answer_is_waited_for() -> None:
    body = render(message(answer_by=AT), "zh-Hans", facts(site_fact("Pudong"), link="https://w.example.org/a/x")).body
    assert "（请在 2026-07-20 08:00 UTC+8 前）：\nhttps://w.example.org/a/x\n" in body
    assert "链接" not in render(message(), "zh-Hans", facts(site_fact("Pudong"))).body


@pytest.mark.parametrize(
    ("language", "tags", "chosen"),
    [
        ("zh-Hans", ("en-US", "zh-TW", "zh-CN"), "zh-CN"),
        ("zh-Hans", ("en-US", "zh-TW"), "zh-TW"),
        ("zh-Hans", ("fr", "en"), "en"),
        ("en", ("zh-CN", "en-GB"), "en-GB"),
        ("en", ("fr", "zh-CN"), "zh-CN"),
        ("en", ("de", "fr"), "de"),
    ],
)
def test_the_info_nearest_to_the_readers_tongue_is_chosen(language: str, tags: tuple[str, ...], chosen: str) -> None:
    alert = official(*(info(tag, tag) for tag in tags)).alert
    found = choose_info(alert, language)
    assert found is not None
    assert found.language == chosen


def test_of_one_language_the_info_about_the_hazard_is_chosen() -> None:
    wind = info("zh-CN", "wind", "gale", color=Color.RED)
    found = choose_info(official(wind, info("zh-CN", "rain")).alert, "zh-Hans", "rainstorm")
    assert found is not None
    assert found.description == "rain"


def test_a_cancel_without_infos_is_relayed_by_its_note() -> None:
    bare = Alert("i", "s@example.org", AT, Status.ACTUAL, MsgType.CANCEL, "cap-1.2", note="lifted early")
    text = render(message(Change.CLEARED), "en", facts(warnings=(Official("w1", bare, "cancelled", None, None),)))
    assert "issued by s@example.org" in text.body
    assert "> lifted early" in text.body
