"""Letters and recipients for tests of channels."""

from __future__ import annotations

from cloud_gateway.outreach.model import Change, Channel, Recipient
from cloud_gateway.outreach.sending import Letter
from cloud_gateway.warnings.model import Level

MADE_AT = 1_784_505_600_000


def letter(**more: object) -> Letter:
    said = {
        "id": "0197f2aa-0000-7000-8000-000000000001",
        "channel": Channel.MAIL,
        "hazard": "rainstorm",
        "change": Change.RAISED,
        "level": Level.SEVERE,
        "subject": "官方预警 · 暴雨（橙色） · 浦东仓库",
        "body": "第一行\n.\nFrom 未然\n> {{7*7}}\n",
        "made_at": MADE_AT,
    }
    return Letter(**said | more)  # type: ignore[arg-type]


def person(**more: object) -> Recipient:
    said = {"id": "r1", "name": "林一", "role": "customer", "language": "zh-Hans", "zone": "Asia/Shanghai", "sites": ()}
    return Recipient(**said | more)  # type: ignore[arg-type]
