"""Stations are entered whole, terminals show the badges of their station, and the duty manager's device is called."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from cloud_gateway.database import reading
from cloud_gateway.outreach.store_notices import list_versions, read_notice
from cloud_gateway.stations.badges import PHOTO_ROOM, make_counter
from cloud_gateway.stations.entries import FileStation, StationEntry
from cloud_gateway.stations.importing import import_stations
from cloud_gateway.stations.photos import check_photo, write_photo
from cloud_gateway.stations.store import Clerk, Counter, list_clerks, list_counters, list_stations
from cloud_gateway.stations.tables import terminal
from edge_agent.wire.messages import MAX_NOTICE_BYTES, Notice
from edge_agent.wire.ratings import card_digest
from tests.cloud_gateway.ratings.hall import CARD_KEY, NINE, ONE, STATION, TWO, Hall, rating

JPEG = b"\xff\xd8\xff" + bytes(100) + b"\xff\xd9"
DUTY = "duty-desk-1"


async def notice_of(hall: Hall, device: str) -> Notice:
    async with reading(hall.engine) as connection:
        return await read_notice(connection, device)


async def versions(hall: Hall) -> dict[str, int]:
    async with reading(hall.engine) as connection:
        return await list_versions(connection)


def changed(**other: object) -> StationEntry:
    return StationEntry.model_validate(STATION.model_dump() | other)


async def test_a_terminal_shows_its_counter_and_who_may_sign_on(hall: Hall) -> None:
    await hall.count()
    notice = await notice_of(hall, ONE)
    assert notice.counter is not None
    assert (notice.counter.name_zh, notice.counter.calls) == ("1 号窗口", [])
    badges = {badge.number: badge for badge in notice.counter.clerks}
    assert (badges["1024"].card, badges["1024"].stars) == (card_digest(CARD_KEY, "card-1024"), None)
    assert sorted(badges) == ["1024", "2048"]


async def test_a_notice_changes_only_when_what_it_shows_does(hall: Hall) -> None:
    await hall.count()
    await hall.count(NINE + 60_000)
    assert await versions(hall) == {ONE: 1, TWO: 1, DUTY: 1}
    await hall.enter(changed(clerk=[{"number": "2048", "name": "Zhao Invented", "gone": True}]))
    await hall.count(NINE + 120_000)
    assert await versions(hall) == {ONE: 2, TWO: 2, DUTY: 1}


async def test_a_bad_rating_calls_the_duty_manager_and_nobody_at_the_counter(hall: Hall) -> None:
    await hall.hear(rating(1, 1), rating(2, 3))
    await hall.count()
    duty, counter = await notice_of(hall, DUTY), await notice_of(hall, ONE)
    assert duty.counter is not None and counter.counter is not None
    assert [(call.counter, call.at) for call in duty.counter.calls] == [("1", NINE)]
    assert counter.counter.calls == []
    assert b"score" not in msgspec.json.encode(duty)
    await hall.count(NINE + 660_000)
    assert (await notice_of(hall, DUTY)).counter == msgspec.structs.replace(duty.counter, calls=[])


async def test_a_terminal_that_moves_counts_where_it_stood(hall: Hall) -> None:
    hall.now = NINE + 1000
    counters = [{"number": "1", "name": "A", "name_zh": "A", "device": TWO}]
    other = {"code": "airport", "counter": counters, "clerk": [], "duty_device": ""}
    await hall.enter(changed(**other))
    await hall.hear(rating(1), device=TWO, at=NINE)
    await hall.hear(rating(2), device=TWO, at=NINE + 2000)
    await hall.close_day()
    assert sorted(str(row["station"]) for row in await hall.released()) == ["airport", "harbour"]
    async with reading(hall.engine) as connection:
        stands = (await connection.execute(select(terminal.c.until).where(terminal.c.device == TWO))).all()
    assert sorted(stand.until or 0 for stand in stands) == [0, NINE + 1000]


async def test_what_an_entry_does_not_say_stays_as_it_was(hall: Hall) -> None:
    await hall.enter(changed(clerk=[{"number": "1024", "name": "Lin Renamed"}]))
    async with reading(hall.engine) as connection:
        clerks = {one.number: one for one in await list_clerks(connection, "harbour")}
        counters = await list_counters(connection, "harbour")
    assert (clerks["1024"].name, clerks["1024"].card) == ("Lin Renamed", card_digest(CARD_KEY, "card-1024"))
    assert [one.device for one in counters] == [ONE, TWO]


def file_station(**clerk: object) -> FileStation:
    return FileStation.model_validate(
        STATION.model_dump() | {"clerk": [{"number": "7", "name": "Wu Invented"} | clerk]}
    )


async def test_a_file_brings_its_photos(bare_hall: Hall, tmp_path: Path) -> None:
    (tmp_path / "wu.jpg").write_bytes(JPEG)
    assert await import_stations(bare_hall.ground.file, [file_station(photo_file="wu.jpg")], tmp_path, NINE, None) == []
    async with reading(bare_hall.engine) as connection:
        assert [one.photo for one in await list_clerks(connection)] == [base64.b64encode(JPEG).decode()]


@pytest.mark.parametrize(
    ("clerk", "field"),
    [({"photo_file": "none.jpg"}, "clerk.photo_file"), ({"number": "8", "card": "card-7"}, "clerk.card")],
    ids=["no-photo", "card-of-another"],
)
async def test_a_file_with_a_mistake_enters_nothing(
    bare_hall: Hall, tmp_path: Path, clerk: dict[str, object], field: str
) -> None:
    good = file_station(card="card-7")
    bad = file_station(**clerk).model_copy(update={"code": "airport"})
    mistakes = await import_stations(bare_hall.ground.file, [good, bad], tmp_path, NINE, CARD_KEY)
    async with reading(bare_hall.engine) as connection:
        assert await list_stations(connection) == []
    assert [(one.station, one.field) for one in mistakes] == [("airport", field)]


async def test_no_card_is_entered_without_the_key_that_it_is_known_by(bare_hall: Hall, tmp_path: Path) -> None:
    mistakes = await import_stations(bare_hall.ground.file, [file_station(card="card-7")], tmp_path, NINE, None)
    async with reading(bare_hall.engine) as connection:
        assert await list_clerks(connection) == []
    assert [(one.station, one.field) for one in mistakes] == [("harbour", "clerk.card")]


@pytest.mark.parametrize(
    "raw", [b"GIF89a", JPEG[:-2], bytes(9001), b"<svg onload=1>"], ids=["gif", "cut", "large", "script"]
)
def test_what_is_no_small_photo_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="photo"):
        write_photo(raw)
    with pytest.raises(ValueError, match="photo"):
        check_photo(base64.b64encode(raw).decode())


def test_lapsed_training_and_many_photos_leave_a_notice_that_fits() -> None:
    clerks = [Clerk(f"{n:04}", "harbour", "名" * 40, "", "A" * 12_000, False, None, 5, 99, "") for n in range(70)]
    counter = make_counter(Counter("1", "Counter", "窗口", ONE), clerks, {"0000"}, 90)
    lapsed, second = counter.clerks[:2]
    assert (lapsed.lapsed, lapsed.stars, lapsed.photo) == (True, None, "")
    assert (second.lapsed, second.stars, len(second.photo)) == (False, 5, 12_000)
    assert sum(len(badge.photo) for badge in counter.clerks) <= PHOTO_ROOM
    assert len(msgspec.json.encode(Notice(1, [], NINE, counter=counter))) < MAX_NOTICE_BYTES
