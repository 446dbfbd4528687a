"""Warnings in the demo: story time on a leash, a postbox that keeps letters, a report that finds what is broken."""

from __future__ import annotations

import asyncio
import tomllib
from collections import Counter
from pathlib import Path

import aiosmtplib
import pytest

from cloud_gateway.outreach.settings import Mail, Outreach
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.warnings.settings import Source
from deploy.demo.leash import Leash, StoryTime
from deploy.demo.outreach import DESK
from deploy.demo.people import invent_duty, invent_people
from deploy.demo.postbox import Letter, Postbox
from deploy.demo.told import Told, find_broken, make_warning_report
from deploy.demo.toml import write_toml
from firmware_sim.scenario import load_scenario

LIMIT_S = 60.0
LETTER = b"From: a@example.org\r\nTo: duty@example.org\r\nMessage-ID: <%s@example.org>\r\n\r\n%s\r\n"


def letter(name: bytes, words: bytes = b"Rain.") -> Letter:
    return Letter(LETTER % (name, words))


def told(messages: list[tuple[str, str, str, str]], **others: int) -> Told:
    facts = {"refused": 0, "unplanned": 0, "of_tests": 0, "answered": 0, **others}
    return Told(["SIM-1", "SIM-2.11B01"], courses=Counter(), events=[], changes=Counter(), messages=messages, **facts)


SENT = ("m1", "sent", "mail", "branch")


async def test_devices_wait_at_the_leash_and_go_on_when_it_is_let_out(tmp_path: Path) -> None:
    story = StoryTime(tmp_path, 1000)
    leash = Leash(story.leash_file, lambda: 1000)
    waiting = asyncio.create_task(leash.hold())
    await asyncio.sleep(0)
    assert not waiting.done()
    story.allow(2000)
    await asyncio.wait_for(waiting, LIMIT_S)


async def test_below_the_leash_nobody_waits(tmp_path: Path) -> None:
    story = StoryTime(tmp_path, 1000)
    story.allow(2000)
    await asyncio.wait_for(Leash(story.leash_file, lambda: 1999).hold(), LIMIT_S)


def test_story_time_never_goes_back(tmp_path: Path) -> None:
    story = StoryTime(tmp_path, 1000)
    story.tell(3000)
    story.tell(2000)
    assert (story.now, story.clock_file.read_text()) == (3000, "3000\n")


async def test_the_postbox_keeps_each_letter_as_it_was_sent() -> None:
    heard: list[str] = []
    postbox = Postbox(lambda letter: heard.append(letter.id))
    await postbox.open()
    sent = LETTER % (b"m1", b".begins with a dot")
    await aiosmtplib.send(
        sent, sender="a@example.org", recipients=["duty@example.org"], hostname="127.0.0.1", port=postbox.port,
        start_tls=False, timeout=LIMIT_S,
    )  # fmt: skip
    await postbox.close()
    (kept,) = postbox.letters
    assert (kept.id, kept.to, kept.words.strip(), heard) == ("m1", "duty@example.org", ".begins with a dot", ["m1"])


def test_a_clean_report_finds_nothing_broken() -> None:
    report = make_warning_report(["SIM-1", "SIM-2"], told([SENT]), [letter(b"m1")])
    assert (report.notices_sent, report.letters, find_broken(report, killed=False)) == (1, 1, [])


@pytest.mark.parametrize(
    ("published", "messages", "letters", "others", "broken"),
    [
        pytest.param(["SIM-3"], [SENT], [b"m1"], {}, "not_stored 1", id="a message of an office is missing"),
        pytest.param([], [SENT], [], {}, "notices_lost 1", id="sent and never come"),
        pytest.param([], [SENT], [b"m1", b"m1"], {}, "notices_doubled 1", id="come twice"),
        pytest.param([], [(*SENT[:3], "customer")], [b"m1"], {}, "to_customers 1", id="a customer is told"),
        pytest.param([], [("m1", "failed", *SENT[2:])], [], {}, "notices_failed 1", id="given up"),
        pytest.param([], [], [], {"refused": 1}, "refused 1", id="refused"),
        pytest.param([], [], [], {"unplanned": 2}, "changes_unplanned 2", id="not planned"),
        pytest.param([], [], [], {"of_tests": 1}, "tests_told 1", id="a test is told"),
    ],
)
def test_what_is_broken_is_named(
    published: list[str],
    messages: list[tuple[str, str, str, str]],
    letters: list[bytes],
    others: dict[str, int],
    broken: str,
) -> None:
    report = make_warning_report(published, told(messages, **others), [letter(name) for name in letters])
    assert find_broken(report, killed=False) == [f"warnings: {broken}"]


def test_what_the_dead_mans_switch_sends_is_no_notice() -> None:
    test = Letter(f"To: {DESK}\r\nMessage-ID: <t@example.org>\r\n\r\nA test.\r\n".encode())
    assert make_warning_report([], told([SENT]), [letter(b"m1"), test, test]).letters == 1


def test_after_a_kill_a_letter_may_come_twice_but_not_altered() -> None:
    same = make_warning_report([], told([SENT]), [letter(b"m1"), letter(b"m1")])
    other = make_warning_report([], told([SENT]), [letter(b"m1"), letter(b"m1", b"Other words.")])
    assert find_broken(same, killed=True) == []
    assert find_broken(other, killed=True) == ["warnings: notices_altered 1"]


def test_the_invented_people_have_invented_addresses() -> None:
    people = invent_people(load_scenario("shanghai-typhoon"))
    assert {person.mail.partition("@")[2] for person in people if person.mail} == {"example.org"}
    assert {person.phone for person in people if person.phone} == {"555-0101"}
    assert [turn.rank for turn in invent_duty(load_scenario("shanghai-typhoon"))] == [1, 2]


def test_settings_survive_the_file_that_the_processes_read(tmp_path: Path) -> None:
    settings = GatewaySettings(
        data_dir=tmp_path,
        sources=(Source(name="simulated", kind="feed", url="http://127.0.0.1:1/index.atom", simulated=True),),
        outreach=Outreach(mail=Mail(host="127.0.0.1", tls="none", sender="a@example.org"), tick_s=0.5),
        clock_file=tmp_path / "clock",
    )
    assert GatewaySettings.model_validate(tomllib.loads(write_toml(settings))) == settings
