"""A depot in heavy rain, for the pages of plans: plans, tasks under way, a drill, partners and a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import uuid4

import httpx
from sqlalchemy import select, update

from cloud_gateway.database import reading, transaction
from cloud_gateway.exposures.tables import hazard_event
from cloud_gateway.outreach.tables import recipient, recipient_site
from cloud_gateway.plans.store import run_plans
from cloud_gateway.plans.tables import task
from cloud_gateway.sites.store import find_site
from cloud_gateway.staff.roles import Role
from cloud_gateway.warnings.model import Level
from tests.cloud_gateway.conftest import Console, now_ms

#: The smallest picture there is: a PNG of one point.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501012718e366"
    "0000000049454e44ae426082"
)
STEPS = (
    {"name": "clear-drains", "text": "Clear the drains of the yard", "text_zh": "疏通院内排水沟", "owner": "customer",
     "level": "blue", "lead_s": 14400, "outdoor": True, "safe_lead_s": 7200, "proof": "photo"},
    {"name": "lift-goods", "text": "Lift the goods onto the racks", "text_zh": "把货物抬上货架", "owner": "customer",
     "level": "yellow", "deadline_s": 7200, "proof": "photo"},
    {"name": "call-crew", "text": "Call in the crew", "text_zh": "召集人员", "owner": "branch",
     "level": "yellow", "deadline_s": 3600, "proof": "note"},
    {"name": "walk-the-dyke", "text": "Walk along the dyke", "text_zh": "沿围堰巡查", "owner": "branch",
     "level": "orange", "deadline_s": 3600, "inspection": True},
)  # fmt: skip


@dataclass
class Scene:
    """A site of this scene alone, with a signed-in risk engineer."""

    console: Console
    client: httpx.AsyncClient
    code: str
    event: str = ""
    tasks: dict[str, str] | None = None

    async def enter(self) -> None:
        """The site, its plan, and somebody whose contacts nobody has tried."""
        entry = {"code": self.code, "name": f"Depot {self.code}", "name_zh": f"仓库 {self.code}"}
        place = {"latitude": 31.25, "longitude": 121.55, "zone": "Asia/Shanghai"}
        await self.made("/sites", entry | place)
        await self.plan()
        async with reading(self.console.engine) as connection:
            site = await find_site(connection, self.code)
        assert site is not None
        person: dict[str, object] = {"id": f"p-{self.code}", "name": "韩梅", "role": "customer", "language": "zh-Hans"}
        contact = {"zone": "Asia/Shanghai", "phone": "13800000000", "mail": "han@example.org"}
        await self.console.add(recipient, person | contact)
        await self.console.add(recipient_site, {"recipient": person["id"], "site": site.id})

    async def plan(self, **change: object) -> str:
        """Enter a version of the plan and give its id."""
        entry = {"site": self.code, "hazard": "rainstorm", "review_by": "2099-05-01", "step": STEPS}
        return str((await self.made("/plans", entry | change))["id"])

    async def made(self, path: str, body: object) -> dict[str, object]:
        """Post to the API."""
        answer = await self.client.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": uuid4().hex})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def rain(self, level: Level) -> dict[str, str]:
        """Heavy rain at this level, in force; gives the ids of its tasks by step."""
        self.event, now = str(uuid4()), now_ms()
        async with reading(self.console.engine) as connection:
            site = await find_site(connection, self.code)
        assert site is not None
        facts = {"holds": level, "level": level, "peak": level, "gauge": "", "priority": 1.0, "reasons": "[]"}
        times = {"onset": now, "opened_at": now, "changed_at": now, "number": 1}
        place = {"id": self.event, "site": site.id, "hazard": "rainstorm", "simulated": False}
        await self.console.add(hazard_event, place | facts | times)
        return await self.settle()

    async def turn(self, level: Level) -> dict[str, str]:
        """The event is at this level now."""
        facts = {"holds": level, "level": level, "number": hazard_event.c.number + 1}
        async with transaction(self.console.engine) as connection:
            await connection.execute(update(hazard_event).where(hazard_event.c.id == self.event).values(facts))
        return await self.settle()

    async def settle(self) -> dict[str, str]:
        """Run the plans; the newest task of each step."""
        async with transaction(self.console.engine) as connection:
            await run_plans(connection, now_ms())
        return await self.tasks_of(self.event)

    async def tasks_of(self, event: str) -> dict[str, str]:
        """The newest task of each step of an event or drill."""
        query = select(task.c.step, task.c.id).where(task.c.event == event).order_by(task.c.id)
        async with reading(self.console.engine) as connection:
            return {row.step: row.id for row in await connection.execute(query)}

    async def drill(self, level: Level = Level.SEVERE) -> str:
        """Begin a drill of the plan by its page; gives its id."""
        answer = await self.client.post(f"/plans/{await self.plan()}/drills", data={"level": str(int(level))})
        found = re.search("event=(.+)", answer.headers["location"])
        assert found is not None
        return found[1]

    async def partner(self, name: str, latitude: float = 31.26, pumps: int = 3) -> dict[str, object]:
        """Somebody who lends pumps."""
        lent = {"resources": [{"kind": "pump", "count": pumps, "detail": "DN150"}]}
        entry = {"name": name, "latitude": latitude, "longitude": 121.55, "phone": "13800000000"}
        return await self.made("/partners", entry | lent)

    async def page(self, path: str, lang: str = "en", role: Role | None = None) -> str:
        """The text of a page, as the risk engineer or as another role."""
        where = f"{path}{'&' if '?' in path else '?'}lang={lang}"
        if role is None:
            return (await self.client.get(where)).text
        async with self.console.client(role.value) as other:
            return (await other.get(where)).text
