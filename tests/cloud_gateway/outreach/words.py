"""Messages and facts for tests of what people are told."""

from __future__ import annotations

from cloud_gateway.outreach.facts import Facts, Official, SiteFact
from cloud_gateway.outreach.model import Change, Channel, Message, Recipient
from cloud_gateway.warnings.model import Alert, Color, Info, Level, MsgType, Severity, Status

AT = 1_784_505_600_000  # 2026-07-20 08:00 in Shanghai
ISSUED = AT - 1_800_000
TEXT = "预计未来3小时内降雨量将达100毫米以上，请注意防范。"


def site_fact(name: str, *, cause: str = "w1", level: Level = Level.SEVERE, change: Change = Change.RAISED) -> SiteFact:
    return SiteFact(
        event=f"e-{name}",
        site=f"id-{name}",
        code=name.lower(),
        name=name,
        name_zh=f"{name}仓库",
        zone="Asia/Shanghai",
        change=change,
        level=level,
        at=AT,
        onset=None,
        priority=1.0,
        reasons=(("low-ground", 2.0, "low ground"),),
        cause=cause,
        warning="" if "/" in cause else cause,
    )


def info(language: str, description: str, hazard: str = "rainstorm", **more: object) -> Info:
    said = {"color": Color.ORANGE, "severity": Severity.SEVERE, "sender_name": "浦东气象台"} | more
    return Info("暴雨", hazard, language=language, description=description, **said)  # type: ignore[arg-type]


def official(*infos: Info, unconfirmed_since: int | None = None) -> Official:
    alert = Alert("id-1", "cma@example.org", ISSUED, Status.ACTUAL, MsgType.ALERT, "cap-1.2", infos=infos)
    return Official("w1", alert, "in-force", None, unconfirmed_since)


def facts(
    *sites: SiteFact, role: str = "risk-engineer", warnings: tuple[Official, ...] | None = None, link: str = ""
) -> Facts:
    recipient = Recipient("r1", "Lin Yi", role, "zh-Hans", "Asia/Shanghai", ())
    known = (official(info("zh-CN", TEXT)),) if warnings is None else warnings
    return Facts(recipient, sites, known, link, AT)


def message(change: Change = Change.RAISED, level: Level = Level.SEVERE, **more: object) -> Message:
    said = {"hazard": "rainstorm", "sites": (), "changes": (), "due_at": AT} | more
    return Message("0197-m", "r1", Channel.MAIL, change=change, level=level, **said)  # type: ignore[arg-type]
