"""How a site does on its page: devices, values, alarms, who stood there when, documents; live in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import insert, update

from cloud_gateway import app
from cloud_gateway import tables as t
from cloud_gateway.alarms.hand import Kind, Step
from cloud_gateway.alarms.store_hand import Key, add_step
from cloud_gateway.board.labels import BoardLabels
from cloud_gateway.board.site_reading import read_state
from cloud_gateway.board.site_state import StatePage, compose_state
from cloud_gateway.database import open_database, reading, transaction
from cloud_gateway.devices.condition import Tone
from cloud_gateway.plans.tables import plan, task
from cloud_gateway.sites.store import NewSite, add_site, find_site, place_device
from edge_agent.web.words import ENGLISH, LOCALE, read_words
from tests.axe import violations
from tests.cloud_gateway import field
from tests.cloud_gateway.conftest import Console, Opener, now_ms
from tests.databases import make_database

NOW = 1_800_000_000_000
HOUR = 3_600_000
WORDS = read_words([LOCALE, Path(app.__file__).parent / "locale"])
LABELS = BoardLabels(ENGLISH, WORDS.of(ENGLISH))
#: By how much a page is wider than its window.
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
ALARM: dict[str, object] = {
    "device": "tide-dock", "epoch": field.EPOCH, "rule": "high", "stream": "tide", "value": 2.0, "limit": 1.0,
    "unit": "m", "since": NOW - HOUR, "raised_at": NOW - HOUR, "received_at": NOW,
}  # fmt: skip
STREAM: dict[str, object] = {
    "device": "tide-dock", "name": "tide", "unit": "m", "interval_s": 60, "label": "Water level", "label_zh": "潮位",
    "value": "2.13", "at": NOW, "received_at": NOW,
}  # fmt: skip
PLAN: dict[str, object] = {"hazard": "flood", "steps": "[]", "review_by": NOW, "made_at": NOW - HOUR, "made_by": "x"}
TASK: dict[str, object] = {
    "id": "t1", "event": "e1", "plan": "p2", "step": "pump", "number": 1, "level": 2, "owner": "o", "text": "Pump",
    "text_zh": "启动水泵", "outdoor": False, "inspection": False, "safe_lead_s": 0, "proof_needed": "photo",
    "state": "done", "made_at": 1, "due_at": 2, "ended_at": NOW, "photo": "a" * 64,
}  # fmt: skip


async def compose(tmp_path: Path, *, in_scenario: bool = False) -> StatePage:
    """A dock with one device and a predicted stream, one that has left, three alarms, two plans; and another site."""
    make_database(tmp_path / "gateway.db")
    engine = open_database(tmp_path / "gateway.db")
    async with transaction(engine) as connection:
        dock = await add_site(connection, NewSite("dock", "Dock", "码头", 31.2, 121.5, "Asia/Shanghai"))
        await add_site(connection, NewSite("yard", "Yard", "堆场", 31.3, 121.6, "Asia/Shanghai"))
        stays = (
            ("tide-dock", "dock", 0),
            ("gone-1", "dock", 0),
            ("gone-1", "yard", NOW - HOUR),
            ("tide-yard", "yard", 0),
        )
        for device, code, since in stays:
            await place_device(connection, device, code, since)
        for device in ("tide-dock", "tide-yard", "gone-1"):
            row = field.device_row(device, NOW, NOW) | {"simulated": False, "birth_at": NOW}
            await connection.execute(insert(t.device).values(**row))
        streams = (STREAM, STREAM | {"name": "tide_predicted", "predicts": "tide"}, STREAM | {"device": "tide-yard"})
        for one in streams:
            await connection.execute(insert(t.stream).values(**one))
        await connection.execute(
            insert(t.alarm),
            [
                ALARM | {"seq": 1, "cleared_at": None},
                ALARM | {"seq": 2, "cleared_at": NOW - 9},
                ALARM | {"seq": 3, "cleared_at": NOW - 5},
                ALARM | {"seq": 4, "device": "tide-yard", "cleared_at": None},
            ],
        )
        closing = Step(NOW, "lin", Kind.CLOSED, text="The tide went out.")
        await add_step(connection, Key("tide-dock", field.EPOCH, 3), closing)
        plans = [PLAN | {"id": f"p{n}", "site": dock.id, "version": n} for n in (1, 2)]
        await connection.execute(insert(plan), plans)
        await connection.execute(insert(task).values(**TASK))
    async with reading(engine) as connection:
        site = await find_site(connection, "dock")
        assert site is not None
        state = await read_state(connection, site, NOW, LABELS, in_scenario=in_scenario)
    await engine.dispose()
    return compose_state(state, LABELS, NOW)


@pytest.mark.parametrize("in_scenario", [False, True], ids=["alone", "in a story"])
async def test_site_tells_of_itself_alone(tmp_path: Path, in_scenario: bool) -> None:
    page = await compose(tmp_path, in_scenario=in_scenario)
    assert (page.headline.tone, page.headline.title) == (Tone.BAD, "1 urgent alarm: Dock")
    assert [one.id for one in page.devices] == ["tide-dock"]
    assert [(one.id, one.shown, one.at) for one in page.streams] == [("tide-dock/tide", "2.13 m", NOW)]
    assert page.streams[0].chart == "/charts?s=tide-dock/tide&s=tide-dock/tide_predicted"
    assert [(one.device, one.since, one.until) for one in page.stays] == [
        ("tide-dock", 0, None),
        ("gone-1", 0, NOW - HOUR),
    ]


async def test_site_shows_open_alarms_and_the_last_that_were_closed(tmp_path: Path) -> None:
    page = await compose(tmp_path)
    shown = [[one.address.rpartition("/")[2] for one in lines] for lines in (page.open, page.closed)]
    assert (shown, page.more_open) == ([["1", "2"], ["3"]], False)


async def test_site_has_its_plans_in_force_and_the_photos_of_their_tasks(tmp_path: Path) -> None:
    papers = (await compose(tmp_path)).papers
    assert [(one.kind, one.address, one.note) for one in papers] == [
        ("Emergency plan", "/plans/p2", "version 2"),
        ("Photo", "/tasks/t1/photo", ""),
    ]


@pytest.mark.asyncio(loop_scope="session")
async def test_page_of_a_site_follows_readings_and_alarms_and_greys_when_it_is_cut(
    calm: Console, open_screen: Opener
) -> None:
    screen = await open_screen(calm, "en")
    page = screen.page
    await page.goto(f"{calm.origin}/sites/charleston")
    await expect(page.locator("[data-part=strip]")).to_contain_text("No alarm is open")
    at = field.CALM + 6 * field.MINUTE
    drain = update(t.stream).where(t.stream.c.device == "yard-charleston", t.stream.c.name == "drain_level")
    async with transaction(calm.engine) as connection:
        await connection.execute(drain.values(value="1.37", at=at))
    body = {"device": "yard-charleston", "streams": {"drain_level": [at, 1.37]}}
    await calm.add(t.event, {"at": now_ms(), "topic": "reading", "body": json.dumps(body)})
    value = page.locator("[data-value-of='yard-charleston/drain_level']")
    await expect(value).to_have_text("1.37 m")
    await expect(page.locator("[data-time-of='yard-charleston/drain_level']")).to_have_text("1989-09-20 20:06 EDT")
    raised = next(rows for table, rows in field._rows(field.CALM, now_ms(), field.STORM_ALARMS[:1]) if table is t.alarm)
    await calm.add(t.alarm, *raised)
    await calm.add(t.event, {"at": now_ms(), "topic": "alarm", "body": '{"device":"tide-charleston"}'})
    await expect(page.locator("[data-part=strip]")).to_contain_text("1 urgent alarm: Charleston harbour warehouse")
    await expect(page.locator("[data-part=alarms] li")).to_have_count(1)
    assert (await violations(page), screen.said) == ([], [])
    await page.set_viewport_size({"width": 390, "height": 844})
    assert (await violations(page), await page.evaluate(BEYOND)) == ([], 0)
    await calm.stop()
    await expect(page.locator("#cut")).to_contain_text(re.compile(r"You see what was known at \d\d:\d\d:\d\d"))
    await expect(page.locator("main")).to_have_class("cut")
    await expect(page.locator("[data-part=alarms] li")).to_have_count(1)
