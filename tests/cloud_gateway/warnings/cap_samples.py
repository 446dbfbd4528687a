"""CAP messages for tests: invented offices, places and texts, built from the parts that a test is about."""

from __future__ import annotations

CAP_12 = "urn:oasis:names:tc:emergency:cap:1.2"
CAP_11 = "urn:oasis:names:tc:emergency:cap:1.1"
CAP_10 = "http://www.incident.com/cap/1.0"
SENT = "2026-07-20T08:00:00+08:00"
SENT_MS = 1_784_505_600_000
RING = "34.6,113.5 34.6,113.8 34.9,113.8 34.9,113.5 34.6,113.5"


def pair(element: str, name: str, value: str) -> str:
    """A CAP 1.1 or 1.2 pair: parameter, eventCode or geocode."""
    return f"<{element}><valueName>{name}</valueName><value>{value}</value></{element}>"


def area(inside: str = f"<polygon>{RING}</polygon>") -> str:
    """An area with whatever is put into it."""
    return f"<area><areaDesc>Invented county</areaDesc>{inside}</area>"


def info(inside: str = "", areas: str | None = None, event: str = "暴雨", certainty: str = "Likely") -> str:
    """An info; `inside` stands before its areas."""
    return (
        f"<info><category>Met</category><event>{event}</event><urgency>Immediate</urgency><severity>Severe</severity>"
        f"<certainty>{certainty}</certainty>{inside}{area() if areas is None else areas}</info>"
    )


def cap(
    infos: str | None = None,
    *,
    inside: str = "<scope>Public</scope>",
    namespace: str = CAP_12,
    identifier: str = "X1",
    sender: str = "office@example.org",
    sent: str = SENT,
    status: str = "Actual",
    msg_type: str = "Alert",
) -> str:
    """A message as text, without XML declaration; `inside` stands before its infos."""
    declared = f' xmlns="{namespace}"' if namespace else ""
    return (
        f"<alert{declared}><identifier>{identifier}</identifier><sender>{sender}</sender><sent>{sent}</sent>"
        f"<status>{status}</status><msgType>{msg_type}</msgType>{inside}{info() if infos is None else infos}</alert>"
    )
