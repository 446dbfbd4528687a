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
#: What a setting is, with its unit.
SETTINGS = {
    "interval_s": _("measured every … s"),
    "max_interval_s": _("sent at least every … s"),
    "deadband": _("smallest change that is sent"),
    "above": _("raised from"),
    "clear": _("cleared below"),
    "hold_s": _("must last … s before it is raised"),
    "window_s": _("rise is measured over … s"),
    "keepalive_s": _("sign of life every … s"),
    "window": _("messages under way at once"),
    "ack_timeout_s": _("sent again after … s without an answer"),
    "heartbeat_s": _("report every … s"),
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
