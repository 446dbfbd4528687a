"""The words for what a long record is of."""

from __future__ import annotations

from edge_agent.web.words import _

QUANTITIES = {
    "rain-1h": _("rain in one hour"),
    "rain-24h": _("rain in 24 hours"),
    "rain-3d": _("rain in three days"),
    "water-level": _("water level"),
    "tide-level": _("tide level"),
    "wave-height": _("wave height"),
    "wind-gust": _("gust of wind"),
    "snow-depth": _("depth of snow"),
    "temperature-max": _("highest temperature"),
    "discharge": _("discharge"),
}
