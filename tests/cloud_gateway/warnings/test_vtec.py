"""VTEC: the event that a message is about, and the key that joins its messages."""

from __future__ import annotations

import pytest

from cloud_gateway.warnings.vtec import Vtec, parse_vtec, vtec_event_key

SENT = 1_716_319_560_000  # 2024-05-21T19:26Z
LINE = "/O.CON.KOAX.TO.W.0076.000000T0000Z-240521T2000Z/"


def test_a_line_is_read_with_its_open_begin_and_its_end() -> None:
    assert parse_vtec([LINE]) == Vtec("CON", "KOAX", "TO", "W", "0076", None, 1_716_321_600_000)


def test_an_end_left_open_is_none() -> None:
    event = parse_vtec(["/O.EXT.KLKN.FA.W.0018.110709T2052Z-000000T0000Z/"])
    assert event is not None
    assert (event.begins, event.ends) == (1_310_244_720_000, None)


def test_of_several_events_the_one_that_goes_on_counts() -> None:
    event = parse_vtec(
        ["/O.UPG.KBUF.WI.Y.0012.000000T0000Z-240521T2000Z/\n/O.NEW.KBUF.HW.W.0003.240521T1200Z-240521T2000Z/"]
    )
    assert event is not None
    assert (event.phenomenon, event.significance) == ("HW", "W")


def test_an_event_that_only_ends_is_still_named() -> None:
    event = parse_vtec(["/O.CAN.PAAQ.TS.W.0001.000000T0000Z-000000T0000Z/"])
    assert event is not None
    assert vtec_event_key(event, SENT) == "vtec:PAAQ.TS.W.0001.2024"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "/00000.0.SM.000000T0000Z.000000T0000Z.000000T0000Z.OO/",
        LINE.lower(),
        "/O.CON",
        LINE.replace("/O", "/T"),
        LINE.replace("CON", "ROU"),
        LINE.replace("0076", "٠٠٧٦"),
    ],
)
def test_what_is_no_event_line_gives_none(line: str) -> None:
    assert parse_vtec([line]) is None


def test_messages_of_one_event_share_their_key_and_another_number_does_not() -> None:
    first, second = parse_vtec([LINE.replace("CON", "NEW")]), parse_vtec([LINE.replace("0076", "0077")])
    assert first is not None
    assert second is not None
    assert vtec_event_key(first, SENT) == "vtec:KOAX.TO.W.0076.2024"
    assert vtec_event_key(second, SENT) == "vtec:KOAX.TO.W.0077.2024"
