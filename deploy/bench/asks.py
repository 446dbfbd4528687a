"""What people who work in the console ask for, and the bare queries that read the same data."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from cloud_gateway.charts.widths import choose_width
from cloud_gateway.readings.lines import MEASUREMENT
from deploy.bench.year import DAY_S, Year

#: Intervals that a chart asks for.
POINTS = 1500
#: Spans of charts, days; and what each may take to the bare query over all its values.
SPANS = {"day": 1, "month": 30, "year": 365}
LIMITS = {"day": 3.0, "month": 0.5, "year": 0.1}
NS = 1_000_000_000


@dataclass(frozen=True)
class Ask:
    """A request, and statements that read what it shows: of the gateway's database, or of the store of readings.

    `at_most` times as long as these it may take.
    """

    name: str
    path: str
    bare: str
    tables: tuple[str, ...] = ()
    readings: str = ""
    at_most: float | None = None


OPEN_ALARMS = "SELECT * FROM alarm WHERE cleared_at IS NULL"
FIELD = ("SELECT * FROM site", "SELECT * FROM device", "SELECT * FROM stream", "SELECT * FROM rule", OPEN_ALARMS)
DEVICES = ("SELECT * FROM device", "SELECT * FROM stream", "SELECT * FROM device_tag")
OF = "SELECT * FROM {} WHERE {}"
IN_SITE = "device IN (SELECT device FROM placement JOIN site ON site.id = placement.site WHERE code = '{}')"
BUCKETS = """SELECT time_ns - time_ns % {width} AS start, min(value), avg(value), max(value), count(*) FROM reading
    WHERE series IN (SELECT id FROM series WHERE device = '{device}' AND stream = '{stream}')
    AND time_ns >= {start} AND time_ns < {end} GROUP BY start"""
INFLUX_BUCKETS = """SELECT min(v), mean(v), max(v), count(v) FROM "{measurement}"
    WHERE device = '{device}' AND stream = '{stream}' AND time >= {start} AND time < {end}
    GROUP BY time({width}ns) fill(none)"""


def page_asks(device: str, site: str) -> list[Ask]:
    """Pages and answers from the gateway's database, of a device and a site among all."""
    field = "SELECT of sites, devices, streams, rules, open alarms"
    of_device = tuple(OF.format(table, f"device = '{device}'") for table in ("stream", "rule", "twin", "alarm"))
    of_site = tuple(OF.format(table, IN_SITE.format(site)) for table in ("stream", "rule", "alarm"))
    return [
        Ask("overview", "/", field, FIELD),
        Ask("what changes of it", "/overview/state", field, FIELD),
        Ask("list of devices", "/devices", "SELECT of devices, streams, tags", DEVICES),
        Ask("page of a device", f"/devices/{device}", "SELECT of its streams, rules, twin, alarms", of_device),
        Ask("list of alarms", "/alarms", "SELECT of open alarms and steps", (OPEN_ALARMS, "SELECT * FROM alarm_step")),
        Ask("page of a site", f"/sites/{site}", "SELECT of its streams, rules, alarms", of_site),
        Ask("devices, by the API", "/api/v1/devices?limit=1000", "SELECT of devices", DEVICES[:1]),
    ]


def chart_asks(year: Year, now_s: int, *, influx: bool) -> list[Ask]:
    """A day, a month and a year of the dense stream up to now; a shorter year for a shorter run."""
    spans = {name: days for name, days in SPANS.items() if days <= max(year.days, 1)}
    return [_chart(name, days, year, now_s, influx) for name, days in spans.items()]


def _chart(name: str, days: int, year: Year, now_s: int, influx: bool) -> Ask:
    start, end = now_s - days * DAY_S, now_s
    query = {"s": str(year.dense), "from": start * 1000, "to": end * 1000, "points": POINTS}
    place = {"device": year.dense.device, "stream": year.dense.stream, "measurement": MEASUREMENT}
    width = choose_width(days * DAY_S * 1000, POINTS) * NS // 1000
    text = (INFLUX_BUCKETS if influx else BUCKETS).format(width=width, start=start * NS, end=end * NS, **place)
    bare = f"{'InfluxQL' if influx else 'SQL'} over its values"
    return Ask(
        f"chart of a {name}, by the API",
        f"/api/v1/charts?{urlencode(query)}",
        bare,
        readings=text,
        at_most=LIMITS[name],
    )
