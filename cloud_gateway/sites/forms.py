"""The form of a site: its facts as texts of fields, and the texts back as facts, or what is wrong with which field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from cloud_gateway.sites.changes import Facts
from cloud_gateway.sites.corners import CornersRefused, Doubt, read_corners, write_corners
from cloud_gateway.sites.datum import Datum
from cloud_gateway.sites.entries import Mistake, read_entry
from cloud_gateway.sites.money import write_amount
from cloud_gateway.sites.outline import Rings, read_outline
from edge_agent.web.times import find_zone
from edge_agent.web.words import _

BOXES = ("water_sensitive", "low_ground", "poor_drainage")
PLACE = (
    "code",
    "name",
    "name_zh",
    "zone",
    "datum",
    "latitude",
    "longitude",
    "outline",
    "adcode",
    "geocodes",
    "retired",
)
INSURANCE = ("insured_value", "currency", "open_rectifications", *BOXES)
FIELDS = (*PLACE, *INSURANCE)
#: What an empty form begins with.
EMPTY = dict.fromkeys(FIELDS, "") | {"zone": "Asia/Shanghai", "datum": Datum.WGS84.value, "currency": "CNY"}
#: Days that a retirement can mean.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
Form = Mapping[str, str]


def write_form(facts: Facts) -> dict[str, str]:
    """The texts that the form begins with."""
    site, risk = facts.site, facts.risk
    adcode, others = _split_codes(risk.geocodes)
    return EMPTY | {
        "code": site.code,
        "name": site.name,
        "name_zh": site.name_zh,
        "zone": site.zone,
        "latitude": repr(site.latitude),
        "longitude": repr(site.longitude),
        "outline": write_corners(read_outline(risk.outline)),
        "adcode": adcode,
        "geocodes": ";".join(f"{scheme}={code}" for scheme, code in others),
        "insured_value": write_amount(risk.insured_minor, risk.currency),
        "currency": risk.currency,
        "open_rectifications": str(risk.open_rectifications),
        "retired": _day_of(facts.retired_at, site.zone),
        **{name: "yes" if getattr(risk, name) else "" for name in BOXES},
    }


def read_form(sent: Form, known: Facts | None, *, may_insure: bool) -> Facts | tuple[Doubt, ...]:
    """The facts that a form means, in WGS-84. What nobody touched stays to the last digit.

    `known` is the site that is changed, None for a new one; its code stays. Who may not insure changes no INSURANCE.
    """
    before = EMPTY if known is None else write_form(known)
    form = {name: sent.get(name, "").strip() for name in FIELDS}
    form |= {} if known is None else {"code": known.site.code}
    form |= {} if may_insure else {name: before[name] for name in INSURANCE}
    rings, doubts = _read_rings(form["outline"])
    entry = read_entry(0, form, rings, None)
    retired_at, late = _read_day(form["retired"], form["zone"])
    doubts = (*doubts, *late, *(map(_doubt, entry) if isinstance(entry, list) else ()))
    if doubts or isinstance(entry, list):
        return doubts
    site = replace(entry.site, simulated=known is not None and known.site.simulated)
    facts = _keep_untouched(Facts(site, entry.risk, retired_at), known, form, before)
    wrong = _judge_place(facts, known)
    return facts if wrong is None else (wrong,)


def _keep_untouched(facts: Facts, known: Facts | None, form: Form, before: Form) -> Facts:
    """Fields whose text is as it was keep their value: the form shows fewer digits than are stored."""
    if known is None or form["datum"] != before["datum"]:
        return facts
    site, risk = facts.site, facts.risk
    if all(form[name] == before[name] for name in ("latitude", "longitude")):
        site = replace(site, latitude=known.site.latitude, longitude=known.site.longitude)
    if form["outline"].split() == before["outline"].split():
        risk = replace(risk, outline=known.risk.outline)
    if all(form[name] == before[name] for name in ("adcode", "geocodes")):
        risk = replace(risk, geocodes=known.risk.geocodes)
    retired_at = known.retired_at if form["retired"] == before["retired"] else facts.retired_at
    return Facts(site, risk, retired_at)


def _judge_place(facts: Facts, known: Facts | None) -> Doubt | None:
    """What is wrong with the outline; one that came with an import and is not touched here stays as it is."""
    now = (facts.site.latitude, facts.site.longitude, facts.risk.outline)
    if known is not None and now == (known.site.latitude, known.site.longitude, known.risk.outline):
        return None
    from cloud_gateway.sites.soundness import judge_outline  # noqa: PLC0415 - its libraries take 25 MB

    return judge_outline(read_outline(facts.risk.outline), facts.site.latitude, facts.site.longitude)


def _read_rings(text: str) -> tuple[Rings, tuple[Doubt, ...]]:
    try:
        return read_corners(text), ()
    except CornersRefused as exc:
        return (), (exc.doubt,)


def _read_day(text: str, zone: str) -> tuple[int | None, tuple[Doubt, ...]]:
    """The first moment of a day in the site's zone, ms UTC."""
    try:
        day = date.fromisoformat(text) if text else None
        return (None if day is None else _begin_of(day, zone)), ()
    except (ValueError, OverflowError):
        return None, (Doubt("retired", _("This is no day."), _("Write it as 2026-12-31, or leave it empty.")),)


def _begin_of(day: date, zone: str) -> int:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(day)
    return int(datetime(day.year, day.month, day.day, tzinfo=find_zone(zone)).timestamp() * 1000)


def _day_of(at: int | None, zone: str) -> str:
    if at is None:
        return ""
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).astimezone(find_zone(zone)).date().isoformat()
    )


def _split_codes(codes: tuple[tuple[str, str], ...]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The first administrative code, and the others."""
    first = next((number for number, (scheme, _code) in enumerate(codes) if scheme == "adcode"), None)
    return ("", codes) if first is None else (codes[first][1], (*codes[:first], *codes[first + 1 :]))


def _doubt(mistake: Mistake) -> Doubt:
    return Doubt(mistake.field, _("This cannot be used."), mistake.remedy)
