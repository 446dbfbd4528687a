"""Turns of duty from iCalendar files: what recurs is laid out, what was moved or left out is heeded."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud_gateway.outreach.duty_calendar import is_calendar, read_icalendar
from cloud_gateway.outreach.sheets import TableRefused
from deploy.cli import run
from tests.cloud_gateway.outreach.ground import AT, ground

ZONE = "Asia/Shanghai"
NIGHT = "DTSTART:20260720T200000\nDTEND:20260721T080000"


def calendar(*events: str) -> bytes:
    """A file with these events, each given by its own lines."""
    inside = "\n".join(f"BEGIN:VEVENT\nUID:u{n}\n{one}\nEND:VEVENT" for n, one in enumerate(events))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//\n{inside}\nEND:VCALENDAR\n".replace("\n", "\r\n").encode()


def turns(raw: bytes, now: int = AT) -> list[tuple[str, str, int]]:
    """Name, beginning in UTC and rank of each turn; nothing was wrong."""
    found = read_icalendar(raw, ZONE, now)
    assert found.mistakes == ()
    return [(t.name, f"{datetime.fromtimestamp(t.since / 1000, UTC):%m-%d %H:%M}", t.rank) for t in found.turns]


BERLIN = "DTSTART;TZID=Europe/Berlin:20260720T200000\nDTEND;TZID=Europe/Berlin:20260721T080000"


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (NIGHT, ["07-20 12:00"]),
        ("DTSTART:20260720T120000Z\nDURATION:PT12H", ["07-20 12:00"]),
        ("DTSTART;VALUE=DATE:20260721\nDTEND;VALUE=DATE:20260722", ["07-20 16:00"]),
        (BERLIN, ["07-20 18:00"]),
        (f"{NIGHT}\nSTATUS:CANCELLED", []),
        ("DTSTART:20260620T200000\nDTEND:20260621T080000", []),
        (f"{NIGHT}\nRRULE:FREQ=WEEKLY;COUNT=3", ["07-20 12:00", "07-27 12:00", "08-03 12:00"]),
        (f"{NIGHT}\nRRULE:FREQ=DAILY;UNTIL=20260721T120000Z", ["07-20 12:00", "07-21 12:00"]),
        (f"{NIGHT}\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260721T200000", ["07-20 12:00", "07-22 12:00"]),
        (f"{NIGHT}\nRDATE:20260725T200000", ["07-20 12:00", "07-25 12:00"]),
    ],
    ids=["night", "duration", "day", "another zone", "cancelled", "over", "weekly", "until", "left out", "added"],
)
def test_an_event_is_a_turn_each_time_that_it_takes_place(event: str, found: list[str]) -> None:
    assert turns(calendar(f"SUMMARY:Lin\n{event}")) == [("Lin", at, 1) for at in found]


def test_priority_is_the_rank() -> None:
    assert turns(calendar(f"SUMMARY:Lin\n{NIGHT}\nPRIORITY:2")) == [("Lin", "07-20 12:00", 2)]


def test_a_turn_begins_at_the_same_hour_in_summer_and_in_winter() -> None:
    times = "DTSTART;TZID=Europe/Berlin:20261023T200000\nDTEND;TZID=Europe/Berlin:20261024T080000"
    found = turns(calendar(f"SUMMARY:Lin\n{times}\nRRULE:FREQ=DAILY;COUNT=3"))
    assert [at for _, at, _ in found] == ["10-23 18:00", "10-24 18:00", "10-25 19:00"]


def test_one_turn_of_many_that_somebody_else_takes_is_theirs() -> None:
    weekly = f"SUMMARY:Lin\n{NIGHT}\nRRULE:FREQ=DAILY;COUNT=3"
    taken = "UID:u0\nRECURRENCE-ID:20260721T200000\nSUMMARY:Zhou\nDTSTART:20260721T200000\nDTEND:20260722T080000"
    raw = calendar(weekly, taken).replace(b"UID:u1\r\n", b"")
    assert [(name, at[:5]) for name, at, _ in turns(raw)] == [("Lin", "07-20"), ("Lin", "07-22"), ("Zhou", "07-21")]


def test_what_recurs_without_end_is_laid_out_a_year_ahead() -> None:
    found = turns(calendar(f"SUMMARY:Lin\n{NIGHT}\nRRULE:FREQ=DAILY"))
    assert 360 < len(found) <= 366


@pytest.mark.parametrize("begun", ["20210720", "20090720"])
def test_a_turn_that_has_recurred_for_years_goes_on(begun: str) -> None:
    night = f"DTSTART:{begun}T200000\nDTEND:{begun}T235900"
    assert turns(calendar(f"SUMMARY:Lin\n{night}\nRRULE:FREQ=DAILY"))[0][1] == f"{_day(AT)} 12:00"


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%m-%d}"


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ("SUMMARY:Lin\nDTSTART:20260720T200000\nDTEND:20260720T080000", "DTEND"),
        ("SUMMARY:Lin\nDTEND:20260720T080000", "DTSTART"),
        (NIGHT, "name"),
        (f"SUMMARY:Lin\n{NIGHT}\nRRULE:FREQ=SECONDLY", "RRULE"),
        (f"SUMMARY:Lin\n{NIGHT}\nRRULE:FREQ=WEEKLY;BYDAY=XX", "RRULE"),
        (f"SUMMARY:Lin\n{NIGHT}\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "RRULE"),
        (f"SUMMARY:Lin\n{NIGHT}\nRRULE:FREQ=DAILY;INTERVAL=0", "RRULE"),
        (f"SUMMARY:Lin\n{NIGHT}\nRRULE:FREQ=DAILY\nEXDATE:rubbish", "EXDATE"),
        ("SUMMARY:Lin\nDTSTART:19000101T200000\nDTEND:19000102T080000\nRRULE:FREQ=DAILY", "RRULE"),
    ],
    ids=[
        "ends before it begins",
        "no beginning",
        "nobody",
        "every second",
        "no such weekday",
        "never",
        "at a stand",
        "rubbish",
        "for too long",
    ],
)
def test_what_is_wrong_with_an_event_is_named(event: str, field: str) -> None:
    found = read_icalendar(calendar(f"SUMMARY:Zhou\n{NIGHT}", event), ZONE, AT)
    assert ([one.name for one in found.turns], [(one.row, one.field) for one in found.mistakes]) == (
        ["Zhou"],
        [(2, field)],
    )


@pytest.mark.parametrize("raw", [b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", b"BEGIN:VCALENDAR", b"\xff\xfe"], ids=repr)
def test_what_is_no_calendar_is_refused(raw: bytes) -> None:
    with pytest.raises(TableRefused):
        read_icalendar(raw, ZONE, AT)


@pytest.mark.parametrize(
    ("rule", "count", "why"),
    [("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 3, "never comes"), ("FREQ=DAILY", 20, "more than 100000 times")],
    ids=["never comes", "too often"],
)
def test_a_calendar_that_would_keep_the_machine_busy_is_refused(rule: str, count: int, why: str) -> None:
    event = f"SUMMARY:Lin\nDTSTART:20090720T200000\nDTEND:20090720T235900\nRRULE:{rule}"
    with pytest.raises(TableRefused, match=why):
        read_icalendar(calendar(*[event] * count), ZONE, AT)


def test_a_table_is_not_taken_for_a_calendar() -> None:
    assert [is_calendar(raw) for raw in (b"name,since,until\n", b"\xef\xbb\xbfBEGIN:VCALENDAR\r\n")] == [False, True]


async def test_command_enters_an_icalendar_file_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, file = tmp_path / "gateway.toml", tmp_path / "duty.ics"
    config.write_text(f'data_dir = "{tmp_path}"\n')
    file.write_bytes(calendar("SUMMARY:lin\nDTSTART:20990720T200000\nDTEND:20990721T080000"))
    async with ground(tmp_path) as place:
        await place.add_person("lin")
        command = ["outreach", "duty", "import", str(file), "--config", str(config), "--json"]
        codes = [await asyncio.to_thread(run, command) for _ in range(2)]
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (codes, [one["added"] for one in said]) == ([0, 0], [1, 0])
