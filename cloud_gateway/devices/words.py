"""What devices, their certificates, lanes and settings are called, as message ids."""

from __future__ import annotations

from cloud_gateway.twin.difference import Standing
from edge_agent.web.words import _

ROLES = {
    "rating-terminal": _("rating terminal"),
    "kiosk": _("service kiosk"),
    "camera": _("inspection camera"),
    "sensor-node": _("sensor node"),
}
LANES = {
    "alarm": _("alarms"),
    "record": _("records"),
    "diagnostic": _("diagnostics"),
    "reading": _("readings"),
}
SECTIONS = {
    "sampling": _("Sampling"),
    "rules": _("Alarm rules"),
    "uplink": _("Connection"),
    "health": _("Health reports"),
}
#: Where a change of settings stands: tone and words.
TWIN_STANDINGS = {
    Standing.UNASKED: ("off", _("nothing is set from here")),
    Standing.WAITING: ("late", _("waiting for the device")),
    Standing.TRIAL: ("late", _("the device is trying it")),
    Standing.APPLIED: ("ok", _("in use")),
    Standing.REVERTED: ("bad", _("the device went back to what it had")),
    Standing.REFUSED: ("bad", _("the device refused it")),
}
CERTIFICATES = {
    "none": _("not enrolled"),
    "expired": _("expired"),
    "soon": _("ends soon"),
    "good": _("valid"),
}
STATES = {
    "bad": _("needs help now"),
    "late": _("attention"),
    "off": _("not heard"),
    "ok": _("normal"),
}
