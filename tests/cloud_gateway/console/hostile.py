"""A gateway in which every text that people, devices and sources can set tries to run as a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import Column, Table, Text, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils import uuid7

from cloud_gateway import tables as t
from cloud_gateway.alarms.tables import alarm_step
from cloud_gateway.audit.tables import act
from cloud_gateway.complaints.model import NewComplaint
from cloud_gateway.complaints.store import receive
from cloud_gateway.complaints.store_actions import NewAction, add_action
from cloud_gateway.complaints.store_followups import Rated, open_follow_up
from cloud_gateway.complaints.store_handlers import Handler, put_handler
from cloud_gateway.database import reading, transaction
from cloud_gateway.deadletters.tables import dead_letter_replay
from cloud_gateway.every_table import metadata
from cloud_gateway.evidence.tables import evidence_dissent, evidence_witness
from cloud_gateway.exposures.tables import claim
from cloud_gateway.outreach.tables import handover
from cloud_gateway.outreach.tokens import AnswerKey
from cloud_gateway.plans.model import Step
from cloud_gateway.plans.tables import partner, resource, resource_log, resource_request
from cloud_gateway.readings.series import Point, point_time
from cloud_gateway.seasons.tables import long_record, season_outlook
from cloud_gateway.sites.tables import site_change
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import find_staff
from cloud_gateway.stations.tables import clerk, counter, station
from cloud_gateway.telephony.tables import call_back, policy_phone
from cloud_gateway.training.tables import assessment_answer
from cloud_gateway.warnings.model import Alert, Color, Level
from cloud_gateway.warnings.tables import alert_refused
from edge_agent.wire.messages import KeyResult, Reported, TwinState
from tests.cloud_gateway.board.story import Story
from tests.cloud_gateway.complaints.conftest import CLERK, STATION
from tests.cloud_gateway.conftest import Console, now_ms
from tests.cloud_gateway.field import EPOCH, device_row, write_points
from tests.cloud_gateway.ratings.web.ground import Ground

#: As an address, in a tag, in an attribute, in a script, in templates of Jinja, scripts, gettext and ECharts.
EVIL = (
    "javascript:ran=1//\"'><i data-injected onmouseover='ran=2'></i></script><script>ran=3</script>"
    "<img src=x onerror=ran=4><svg onload=ran=5>{{7*7}}${7*7}{b}{a|c}%(name)s%s$&--><!--"
)
DEVICE, CODE, DAY = "evil-device", "waigaoqiao", 86_400_000
#: Columns of free text, by table, that nobody but the gateway writes, or whose form the text is put into below.
KEPT = {
    "alert": "parsed", "backup": "folder", "chain_key": "key", "clerk": "photo", "complaint": "zone",
    "device": "health", "event": "body", "event_change": "cause", "evidence_head": "note", "evidence_text": "text",
    "figures_view": "what", "follow_up": "zone", "handler": "manages skills", "handover": "open_events",
    "hazard_event": "gauge reasons", "idempotency_key": "answer", "ledger": "ranges", "matched_sites": "mark",
    "message": "failed_ways", "notice": "counter entries", "plan": "steps", "publication": "note",
    "rating_more": "reasons", "recipient": "hazards zone", "record": "sig", "rule": "severity type", "site": "zone",
    "site_change": "fields", "site_risk": "geocodes outline", "staff": "password", "station": "zone",
    "storm_track": "parsed", "stream": "value", "twin": "reported sections", "unsealing": "fields",
    "warning": "course",
}  # fmt: skip
#: Short texts that people or devices set, by table.
SHORT = {
    "staff": "name", "act": "name address route subject", "alarm": "unit", "stream": "unit", "rule": "unit",
    "alarm_step": "by whom", "dead_letter": "code", "dead_letter_replay": "by code", "device": "role",
    "record": "kind boot", "session": "address", "call_back": "campaign policy agent phone_masked",
    "policy_phone": "agent", "handler": "mail", "corrective_action": "owner made_by", "complaint_step": "by to",
    "assessment_answer": "by", "alert_refused": "code", "long_record": "unit", "figures_view": "who",
}  # fmt: skip


class HostileStory(Story):
    """A typhoon whose warnings are written by somebody who means harm."""

    def message(self, name: str, color: Color | None, sent: int, kind: str) -> Alert:
        """Every text of a message of the office."""
        said = super().message(name, color, sent, kind)
        texts = dict.fromkeys(
            ("event", "sender_name", "headline", "description", "instruction", "web", "contact", "audience"), EVIL
        )
        infos = tuple(
            msgspec.structs.replace(
                info, areas=tuple(msgspec.structs.replace(area, description=EVIL) for area in info.areas), **texts
            )
            for info in said.infos
        )
        findings = tuple(msgspec.structs.replace(one, code=EVIL, field=EVIL, text=EVIL) for one in said.findings)
        return msgspec.structs.replace(said, infos=infos, findings=findings)


@dataclass(frozen=True)
class Names:
    """What stands in addresses in place of the parameters, by their names; tokens by the address."""

    values: dict[str, str]
    tokens: dict[str, str]

    def address(self, path: str) -> str:
        """The path with names in it. Raises KeyError for a parameter that is not known here: give it a value."""
        return path.format(**self.values | {"token": self.tokens.get(path, "")})


async def fill(console: Console, wall: Ground) -> Names:
    """Tell every story there is, through the real parts where they take such texts, and spoil all that they left."""
    now = now_ms()
    story = HostileStory(console.engine, now)
    await story.tell()
    await story.add_task(CODE)
    event, site = await story.event_at(CODE), await _one(console.engine, "SELECT id FROM site WHERE code = :x", CODE)
    async with transaction(console.engine) as connection:
        case = await _serve(connection, now)
        who = await find_staff(connection, Role.INSPECTOR.value)
        assert who is not None
        for table, row in _rows(now, {"event": event, "site": site, "staff": who.id}):
            await connection.execute(insert(table).values(row))
    kept = await wall.rate(2, EVIL)
    await wall.post("operations", f"/wall/{kept.place}/replies", {"text": EVIL})
    await wall.visitor.post(kept.own, data={"text": EVIL})
    invited = await wall.invite()
    await write_points(console.settings, list(_points(now)))
    message = await _one(
        console.engine, "SELECT id FROM message WHERE token_hash IS NOT NULL AND recipient = :x", "lin"
    )
    warning = await _one(console.engine, "SELECT id FROM warning WHERE hazard = :x", "typhoon")
    await spoil(console.engine)
    sums = {"device": DEVICE, "name": "sums", "unit": "=1+1", "interval_s": 60.0, "label": "", "label_zh": ""}
    await console.add(t.stream, sums | {"value": "1.0", "at": now - 60_000, "received_at": now})
    step = msgspec.json.encode([Step("pumps", EVIL, EVIL, EVIL, Level.SEVERE)]).decode()
    await _write(console.engine, "UPDATE plan SET steps = :x", step)
    values = {"device": DEVICE, "epoch": EPOCH, "seq": "1", "code": CODE, "warning": warning, "event": event}
    values |= {"plan": "p1", "task": "t1", "number": case, "course": "counter-service", "staff": who.id}
    tokens = {"/a/{token}": AnswerKey(b"k" * 32, "").token(message), "/rate/{token}": invited.rpartition("/")[2]}
    return Names(values | {"place": str(kept.place)}, tokens | {"/rating/{token}": kept.own.rpartition("/")[2]})


async def spoil(engine: AsyncEngine) -> None:
    """Put it into every column of free text; a number behind it keeps apart what must be."""
    async with transaction(engine) as connection:
        for column in free_texts():
            where = f'UPDATE "{column.table.name}" SET "{column.name}" = :evil || rowid'
            await connection.execute(text(where), {"evil": EVIL})


def free_texts() -> Iterator[Column[str]]:
    """The columns of free text, a new one among them, and the short ones that people or devices set."""
    for table in metadata.sorted_tables:
        kept, short = (names.get(table.name, "").split() for names in (KEPT, SHORT))
        for column in table.columns:
            free = isinstance(column.type, Text) and not column.primary_key and column.name not in kept
            if free or column.name in short:
                yield column


async def _write(engine: AsyncEngine, statement: str, value: str) -> None:
    async with transaction(engine) as connection:
        await connection.execute(text(statement), {"x": value})


async def _one(engine: AsyncEngine, query: str, value: str) -> str:
    async with reading(engine) as connection:
        return str(await connection.scalar(text(query), {"x": value}))


async def _serve(connection: AsyncConnection, now: int) -> str:
    """A station with a clerk, a complaint about them, what is done about it, and a bad rating; its number."""
    await connection.execute(insert(station).values(STATION))
    await connection.execute(insert(counter).values(station="pudong", number="1", name=EVIL, name_zh=EVIL))
    await connection.execute(insert(clerk).values(CLERK | {"staff": "operations"}))
    await put_handler(connection, Handler("counter-manager", ("claims",), ()), now)
    new = NewComplaint("waiting", "counter", EVIL, EVIL, EVIL, "pudong", "07")
    case = await receive(connection, new, "operations", "Asia/Shanghai", now)
    due = case.course.due
    await add_action(connection, NewAction(case.number, EVIL, EVIL, "operations", due), "demo", due, now)
    rated = Rated("ef" * 32, "counter", "pudong", "1", "07", 3, 1, now, "Asia/Shanghai")
    await open_follow_up(connection, rated, now)
    return case.number


def _points(now: int) -> Iterator[Point]:
    for seq in range(1, 30):
        at = now - seq * 60_000
        yield Point(DEVICE, "level", "m", point_time(at, seq), seq / 10, EPOCH, seq, "ntp")
        said = [*FORMULAS, EVIL][seq % (len(FORMULAS) + 1)]
        yield Point(DEVICE, "words", "", point_time(at, seq), said, EPOCH, seq, "ntp")
        yield Point(DEVICE, "sums", "=1+1", point_time(at, seq), 1.0, EPOCH, seq, "ntp")


#: Texts that a spreadsheet would work out.
FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "\uff1d1+1")


def _rows(now: int, known: dict[str, str]) -> Iterator[tuple[Table, dict[str, object]]]:
    yield from _device(now)
    yield t.placement, {"device": DEVICE, "site": known["site"], "since": 0}
    yield from _hands(now, known)
    yield from _lent(now, known)
    yield from _around(now, known)


def _device(now: int) -> Iterator[tuple[Table, dict[str, object]]]:
    of = {"device": DEVICE, "epoch": EPOCH}
    yield t.device, device_row(DEVICE, now, now) | {"health": '{"uptime_s": 5, "depth": {"alarm": 1}}'}
    yield t.device_epoch, {**of, "first_seen_at": 1}
    yield t.device_boot, {"device": DEVICE, "boot": EVIL, "serial": "", "first_at": 1, "last_at": 2, "said_at": 1}
    for name, unit, value in (("level", "m", 1.5), ("words", "", EVIL)):
        row = {"device": DEVICE, "name": name, "unit": unit, "interval_s": 60.0, "label": "", "label_zh": ""}
        yield t.stream, row | {"value": json.dumps(value), "at": now - 60_000, "received_at": now}
    rule = {"device": DEVICE, "name": "high", "stream": "level", "type": "threshold", "limit": 1.0, "unit": "m"}
    yield t.rule, rule | {"severity": "urgent", "label": "", "label_zh": ""}
    times = {"since": now - DAY // 48, "raised_at": now - DAY // 48, "received_at": now}
    for seq in (1, 2):
        alarm = {**of, "seq": seq, "rule": "high", "stream": "level", "value": 1.5, "limit": 1.0, "unit": "m"}
        yield t.alarm, alarm | times | {"cleared_at": None if seq == 1 else now}
    yield (
        t.gap,
        {**of, "lane": "reading", "seq": 3, "reason": "", "count": 1, "first": 1, "last": 1, "since": 1, "until": 2},
    )
    record = {**of, "lane": "record", "seq": 1, "kind": "note/1", "at": 1, "clock": "ntp", "boot": "b", "mono": 1}
    yield t.record, record | {"body": json.dumps(EVIL).encode(), "received_at": 2}
    letter = {**of, "received_at": now, "topic": "", "lane": "alarm", "seq": 7, "code": "x", "detail": "", "sha256": ""}
    yield t.dead_letter, letter | {"id": 1, "payload": EVIL.encode(), "size": 9, "times": 1}
    yield dead_letter_replay, {"id": "1", "letter": 1, "at": 1, "by": "", "result": "refused", "code": "", "detail": ""}
    key = {"role": "sensor-node", "public_key": "", "certificate": "", "not_after": now, "enrolled_at": 1}
    yield t.enrolment, {"device": DEVICE, "revoked_at": 2, "reason": "", "version": 1} | key
    used = {"rules": {"high.above": msgspec.Raw(b"1")}}
    said = Reported(1, "h", TwinState.REFUSED, {"rules.high.above": KeyResult(False, EVIL)}, used, now)
    twin = {
        "sections": '{"rules": {"high.above": 2}}',
        "desired_at": now,
        "reported": msgspec.json.encode(said).decode(),
    }
    yield t.twin, {"device": DEVICE, "version": 1, "hash": "h", "reported_at": now} | twin


def _hands(now: int, known: dict[str, str]) -> Iterator[tuple[Table, dict[str, object]]]:
    of = {"device": DEVICE, "epoch": EPOCH, "seq": 1, "at": now, "by": "demo"}
    for kind in ("noted", "assigned"):
        yield alarm_step, of | {"id": str(uuid7()), "kind": kind, "whom": "demo" * (kind == "assigned"), "text": ""}
    asked = {"method": "POST", "route": "/x", "subject": "", "status": 200, "address": ""}
    yield act, asked | {"id": str(uuid7()), "at": now, "staff": known["staff"], "name": "", "role": "inspector"}
    changed = json.dumps([["name", EVIL, EVIL], [EVIL, EVIL, EVIL]])
    yield site_change, {"site": known["site"], "at": now, "staff": known["staff"], "name": "", "fields": changed}
    note = {"id": "h1", "at": now, "staff": known["staff"], "text": "", "open_events": "[]"}
    yield handover, note


def _lent(now: int, known: dict[str, str]) -> Iterator[tuple[Table, dict[str, object]]]:
    yield partner, {"id": "w1", "name": "", "latitude": 31.3, "longitude": 121.6}
    yield resource, {"id": "r1", "partner": "w1", "kind": "pump", "count": 2, "detail": ""}
    asked = {"event": known["event"], "site": known["site"], "resource": "r1", "count": 1, "state": "asked"}
    yield resource_request, asked | {"id": "q1", "at": now, "by": ""}
    yield resource_log, {"request": "q1", "number": 1, "at": now, "by": "", "state": "asked", "note": ""}


def _around(now: int, known: dict[str, str]) -> Iterator[tuple[Table, dict[str, object]]]:
    yield claim, {"id": "c1", "site": known["site"], "hazard": "typhoon", "at": 1, "amount_minor": 1}
    refused = {
        "source": "shanghai",
        "received_at": now,
        "code": "x",
        "field": "",
        "detail": "",
        "sha256": "",
        "size": 1,
    }
    yield alert_refused, refused | {"head": EVIL.encode(), "times": 1}
    season = {"place": f"site:{CODE}", "hazard": "typhoon", "valid_from": "2020-01-01", "valid_to": "2099-01-01"}
    yield season_outlook, season | {"issuer": EVIL, "issued": "2020-01-01", "text": "", "imported_at": 1}
    record = {"place": f"site:{CODE}", "quantity": "rain-24h", "unit": "mm", "source": "", "stream": ""}
    for year in range(1990, 2020):
        yield long_record, record | {"period": str(year), "value": year - 1900.0, "imported_at": 1}
    phone = {"agent": "", "phone_hash": "x", "phone_masked": ""}
    call = {"id": "b1", "campaign": "", "policy": "", "station": "pudong", "due": "2020-01-01", "state": "open"}
    yield call_back, phone | call | {"handler": "counter-manager", "made_at": now}
    for name in ("P1", "P2", "P3"):
        yield policy_phone, phone | {"policy": f"{EVIL}{name}", "at": now}
    yield assessment_answer, {"id": "s1", "item": "place-signs", "met": "no", "note": "", "at": now, "by": ""}
    seen = {"device": DEVICE, "origin": EVIL, "size": 1, "root": b"", "code": "differs"}
    yield evidence_witness, seen | {"seen_at": now}
    yield evidence_dissent, seen | {"first_at": now, "at": now, "closed_by": "", "reason": ""}
