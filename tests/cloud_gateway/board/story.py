"""A storm for the pages of warnings, through the real parts: messages come in, are settled, planned, answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils import uuid7

from cloud_gateway import tables as t
from cloud_gateway.database import transaction
from cloud_gateway.exposures.settings import Gauges
from cloud_gateway.exposures.settling import Settling
from cloud_gateway.exposures.store_sites import Risk, put_risk
from cloud_gateway.outreach.answering import Said
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.settings import LADDER
from cloud_gateway.outreach.store import plan_due
from cloud_gateway.outreach.store_answers import find_message, write_answer
from cloud_gateway.outreach.store_ladder import follow_ladder
from cloud_gateway.outreach.store_messages import Kit
from cloud_gateway.outreach.tables import duty, recipient, recipient_site
from cloud_gateway.outreach.texts import render
from cloud_gateway.outreach.tokens import AnswerKey
from cloud_gateway.plans.tables import plan, task
from cloud_gateway.sites.store import NewSite, add_site
from cloud_gateway.warnings.model import Alert, Area, Color, Finding, Info, MsgType, Severity, Status
from cloud_gateway.warnings.reading import Reading
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store import save_reading
from cloud_gateway.warnings.store_courses import follow_all

MINUTE, HOUR = 60_000, 3_600_000
SOURCE = Source(name="shanghai", kind="12379", url="https://alerts.example.org/cn")
SITES = (
    NewSite("waigaoqiao", "Waigaoqiao cold store", "外高桥冷库", 31.35, 121.58, "Asia/Shanghai"),
    NewSite("yangshan", "Yangshan warehouse", "洋山仓库", 30.64, 122.06, "Asia/Shanghai"),
    NewSite("hongqiao", "Hongqiao market", "虹桥市场", 31.19, 121.32, "Asia/Shanghai"),
    NewSite("suzhou", "Suzhou works", "苏州工厂", 31.30, 120.62, "Asia/Shanghai"),
)
COAST = ((30.5, 121.2), (31.6, 121.2), (31.6, 122.3), (30.5, 122.3), (30.5, 121.2))
#: What an issuer might write; pages show it letter by letter.
TEXT = "市气象台今天10时20分发布台风橙色预警：\n受强热带风暴影响，沿江沿海将出现11级大风。<b>{{7*7}}</b>"
PEOPLE: tuple[tuple[str, str, str, tuple[str, ...], dict[str, object]], ...] = (
    ("zhou", "周敏", "risk-engineer", ("waigaoqiao", "yangshan", "hongqiao"), {"chat": "json://desk.example.org/z"}),
    ("lin", "林涛", "customer", ("waigaoqiao",), {"phone": "+86 138 0000 0001"}),
    ("hu", "胡岚", "customer", ("yangshan",), {}),
    ("wang", "王颖", "branch", ("hongqiao", "yangshan"), {"least": 4}),
)


@dataclass
class Story:
    """The database of a gateway, and the time that its story is told at."""

    engine: AsyncEngine
    now: int

    async def tell(self) -> None:
        """All of it: yellow, orange, one who answers, one who is silent, one to be called."""
        await self.enter()
        await self.warn("first", Color.YELLOW, 180)
        await self.leave(175)
        await self.warn("second", Color.ORANGE, 50, refers="first")
        await self.leave(45)
        await self.answer("zhou", Choice.ACTING, 30, "水泵已到位")

    async def enter(self) -> None:
        """Sites, people and who is on duty."""
        async with transaction(self.engine) as connection:
            ids = {}
            for new in SITES:
                ids[new.code] = (await add_site(connection, new)).id
            known = Risk(insured_minor=8_000_000_000, water_sensitive=True, low_ground=True, open_rectifications=2)
            await put_risk(connection, ids["waigaoqiao"], known, 1)
            for name, shown, role, codes, more in PEOPLE:
                row: dict[str, object] = {
                    "id": name,
                    "name": shown,
                    "role": role,
                    "language": "zh-Hans",
                    "zone": "Asia/Shanghai",
                }
                row |= {"mail": f"{name}@example.org", "phone": "", "breaks_quiet": 1} | more
                await connection.execute(insert(recipient).values(row))
                links = [{"recipient": name, "site": ids[code]} for code in codes]
                await connection.execute(insert(recipient_site), links)
            turn = {"id": "d1", "recipient": "lin", "rank": 1, "since": 0, "until": self.now + 100 * HOUR}
            await connection.execute(insert(duty).values(turn))

    async def warn(self, name: str, color: Color | None, ago_min: int, refers: str = "", kind: str = "") -> None:
        """The office says something so many minutes ago, and all that follows from it is done at once."""
        sent = self.now - ago_min * MINUTE
        said = self.message(name, color, sent, kind or ("Update" if refers else "Alert"))
        await self.take(sent, said)

    def message(self, name: str, color: Color | None, sent: int, kind: str) -> Alert:
        """One message of the office about the coast."""
        info = Info(
            event="台风",
            hazard="typhoon",
            language="zh-CN",
            color=color,
            severity=Severity.SEVERE,
            sender_name="上海中心气象台",
            headline=f"上海中心气象台发布台风预警 {name}",
            description=TEXT,
            instruction="请做好防风工作。",
            areas=(Area("上海沿江沿海", polygons=(COAST,)),),
        )
        english = msgspec.structs.replace(info, language="en", headline=f"Typhoon warning {name}", description="Gale.")
        doubt = Finding("impossible_signal", "color", "no such colour", "doubtful")
        return Alert(
            identifier=name,
            sender="office@example.org",
            sent=sent,
            status=Status.ACTUAL,
            msg_type=MsgType(kind),
            format="12379",
            event_key="cn:310000:typhoon",
            issuer="310000",
            infos=() if kind == "Cancel" else (info, english),
            findings=(doubt,),
        )

    async def take(self, at: int, *alerts: Alert) -> None:
        """Messages come in at a time; sites, events and messages follow."""
        raws = tuple(msgspec.json.encode(alert) for alert in alerts)
        kit = Kit(LADDER, AnswerKey(b"k" * 32, "https://console.example.org"), render, lambda: str(uuid7()))
        async with transaction(self.engine) as connection:
            await save_reading(connection, SOURCE, Reading(alerts, raws=raws), at)
            await follow_all(connection, at)
            await Settling(Gauges()).settle(connection, at)
            await plan_due(connection, kit, at)
            await follow_ladder(connection, kit, at)

    async def leave(self, ago_min: int) -> None:
        """What is due leaves: mail to one of the customers fails."""
        at = {"now": self.now - ago_min * MINUTE}
        async with transaction(self.engine) as connection:
            failed = "UPDATE message SET state='failed', error='550', ended_at=:now WHERE recipient='hu'"
            await connection.execute(text(failed), at)
            sent = "UPDATE message SET state='sent', attempts=1, sent_at=:now WHERE state='queued' AND next_at<=:now"
            await connection.execute(text(sent), at)

    async def answer(self, who: str, choice: Choice, ago_min: int, note: str = "") -> None:
        """Somebody answers their newest message by its link."""
        query = "SELECT id FROM message WHERE recipient=:who ORDER BY made_at DESC, id DESC LIMIT 1"
        async with transaction(self.engine) as connection:
            asked = await find_message(connection, str(await connection.scalar(text(query), {"who": who})))
            assert asked is not None
            await write_answer(connection, asked, Said(choice, note, "link", self.now - ago_min * MINUTE))

    async def event_at(self, code: str) -> str:
        """The id of the newest event of a site."""
        query = "SELECT e.id FROM hazard_event e JOIN site s ON s.id=e.site WHERE s.code=:code ORDER BY opened_at DESC"
        async with transaction(self.engine) as connection:
            return str(await connection.scalar(text(query), {"code": code}))

    async def call_of(self, who: str) -> str:
        """The id of the call that is to be made to somebody."""
        query = "SELECT id FROM message WHERE recipient=:who AND channel='call' ORDER BY made_at DESC"
        async with transaction(self.engine) as connection:
            return str(await connection.scalar(text(query), {"who": who}))

    async def rows(self, sql: str, **values: object) -> Sequence[tuple[object, ...]]:
        """What stands in the database."""
        async with transaction(self.engine) as connection:
            return [tuple(row) for row in await connection.execute(text(sql), values)]

    async def add_task(self, code: str) -> None:
        """A plan has set off a task at a site, which is late."""
        event = await self.event_at(code)
        async with transaction(self.engine) as connection:
            site = await connection.scalar(text("SELECT id FROM site WHERE code=:code"), {"code": code})
            made = {"id": "p1", "site": site, "hazard": "typhoon", "version": 1, "steps": "[]", "review_by": self.now}
            await connection.execute(insert(plan).values(**made, made_at=1, made_by="zhou"))
            await connection.execute(insert(task).values(_task_row(event, self.now)))

    async def tell_pages(self, topic: str) -> None:
        """An event for live pages."""
        async with transaction(self.engine) as connection:
            await connection.execute(insert(t.event).values(at=self.now, topic=topic, body="{}"))


def _task_row(event: str, now: int) -> dict[str, object]:
    values: dict[str, object] = {
        "id": "t1", "event": event, "plan": "p1", "step": "pumps", "owner": "customer", "text": "Start the pumps",
        "text_zh": "启动水泵", "outdoor": False, "safe_lead_s": 0, "state": "open", "made_at": now - HOUR,
        "due_at": now - MINUTE,
    }  # fmt: skip
    filled = {"number": 1, "level": 3, "inspection": False, "proof_needed": "none", "drill": False}
    return values | {name: value for name, value in filled.items() if name in task.c}
