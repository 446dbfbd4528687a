"""The list of devices: what is wrong first, what a search finds, how long certificates hold."""

from __future__ import annotations

import dataclasses

import pytest

from cloud_gateway.console.labels import Labels
from cloud_gateway.console.store import Snapshot
from cloud_gateway.devices.fleet import Fleet, FleetPage, Wanted, compose_fleet, with_unheard
from cloud_gateway.devices.store import Health
from cloud_gateway.devices.tags import WrongTags, read_tags
from cloud_gateway.enrolment.store import Enrolment
from edge_agent.web.words import ENGLISH
from tests.cloud_gateway.console.test_overview import ALARM, DEVICE, HOUR, MIN, NOW, SITE, STREAM, WORDS

DAY = 24 * HOUR


def device(name: str, **more: object) -> object:
    return dataclasses.replace(DEVICE, id=name, **more)  # type: ignore[arg-type]  # the cases below are the check


def enrolled(name: str, left: int = 400 * DAY, revoked_at: int | None = None) -> Enrolment:
    return Enrolment(name, "sensor-node", (), "c", NOW + left, NOW - DAY, revoked_at, "", 1)


FIELD = [
    device("fine"),
    device("silent-long", heard_at=NOW - 60 * MIN, site=None),
    device("silent", heard_at=NOW - 6 * MIN, role="kiosk"),
    device("waiting", depth=214, oldest_at=NOW - 6 * MIN, software="2"),
    device("expired"),
    device("revoked", revoked_at=NOW - DAY),
    device("ends-soon"),
]
REGISTER = [
    *(enrolled(name) for name in ("fine", "silent-long", "silent", "waiting", "unheard")),
    enrolled("expired", -1),
    enrolled("revoked", -1, NOW - DAY),
    enrolled("ends-soon", 29 * DAY),
]
TAGS = {"silent": ("harbour", "north"), "fine": ("north",)}


def compose(wanted: Wanted) -> FleetPage:
    snapshot = Snapshot(sites=[SITE], devices=FIELD, alarms=[dataclasses.replace(ALARM, device="fine")])  # type: ignore[arg-type]  # see above
    fleet = Fleet(with_unheard(snapshot, REGISTER), {one.device: one for one in REGISTER}, TAGS)
    return compose_fleet(fleet, wanted, NOW, Labels(ENGLISH, WORDS.of(ENGLISH)), in_scenario=False)


FOUND = [
    (Wanted(), ["expired", "waiting", "ends-soon", "silent-long", "silent", "unheard", "revoked", "fine"]),
    (Wanted("kiosk"), ["silent"]),
    (Wanted("DOCK silent"), ["silent"]),
    (Wanted("no site"), ["silent-long", "unheard"]),
    (Wanted(state="bad"), ["expired"]),
    (Wanted(role="kiosk"), ["silent"]),
    (Wanted(software="2"), ["waiting"]),
    (Wanted(tag="north"), ["silent", "fine"]),
    (Wanted("nor", tag="harbour"), ["silent"]),
    (Wanted("nothing like it"), []),
]


@pytest.mark.parametrize(("wanted", "names"), FOUND, ids=[str(n) for n in range(len(FOUND))])
def test_list_has_what_is_asked_for_what_is_wrong_first(wanted: Wanted, names: list[str]) -> None:
    page = compose(wanted)
    assert [row.id for row in page.rows] == names
    assert (page.all, page.counts) == (8, {"bad": 1, "late": 2, "off": 4, "ok": 1})


@pytest.mark.parametrize(
    ("name", "state", "tone"),
    [
        ("fine", "good", "ok"),
        ("ends-soon", "soon", "late"),
        ("expired", "expired", "bad"),
        ("revoked", "expired", "off"),
        ("unheard", "good", "off"),
    ],
)
def test_certificate_that_ends_is_something_wrong_but_not_of_a_revoked_device(name: str, state: str, tone: str) -> None:
    (row,) = (row for row in compose(Wanted()).rows if row.id == name)
    assert (row.certificate.state, row.tone) == (state, tone)


def test_row_counts_its_open_alarms_and_device_of_no_register_is_not_enrolled() -> None:
    snapshot = Snapshot(devices=[DEVICE], streams={DEVICE.id: [STREAM]}, alarms=[ALARM, ALARM])
    page = compose_fleet(Fleet(snapshot), Wanted(), NOW, Labels(ENGLISH, WORDS.of(ENGLISH)), in_scenario=False)
    assert [(row.alarms, row.certificate.state, row.tone) for row in page.rows] == [(2, "none", "ok")]


TROUBLES = [
    ("nothing", Health(1, {}), (), "ok"),
    ("a part", Health(1, {}, ["printer", "siren"]), ("does not work: printer, siren",), "late"),
    ("voltage", Health(1, {}, undervoltage=True), ("its supply voltage is too low",), "late"),
    ("nearly full", Health(1, {}, hours_left={"record": 3.0, "reading": 24.0}), ("records: full in 3 h",), "late"),
]


@pytest.mark.parametrize(("health", "told", "tone"), [c[1:] for c in TROUBLES], ids=[c[0] for c in TROUBLES])
def test_what_a_device_says_of_itself_is_told(health: Health, told: tuple[str, ...], tone: str) -> None:
    snapshot = Snapshot(devices=[dataclasses.replace(DEVICE, health=health)])
    page = compose_fleet(Fleet(snapshot), Wanted(), NOW, Labels(ENGLISH, WORDS.of(ENGLISH)), in_scenario=False)
    assert [(row.troubles, row.tone) for row in page.rows] == [(told, tone)]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", ()),
        ("harbour north", ("harbour", "north")),
        (" North, north，a-1 ", ("a-1", "north")),
        ("x" * 32, ("x" * 32,)),
    ],
    ids=["none", "two", "written freely", "the longest"],
)
def test_tags_are_read_as_people_write_them(text: str, tags: tuple[str, ...]) -> None:
    assert read_tags(text) == tags


@pytest.mark.parametrize(
    "text",
    ["x" * 33, "<b>", "港口", " ".join(f"t{n}" for n in range(21))],
    ids=["too long", "signs", "other letters", "too many"],
)
def test_what_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(WrongTags):
        read_tags(text)
