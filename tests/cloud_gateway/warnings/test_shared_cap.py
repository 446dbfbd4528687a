"""Real, derived, malformed and hostile CAP files and feeds of the shared data, where it is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_gateway.warnings.cap import find_caps, parse_cap
from cloud_gateway.warnings.feeds import is_feed, parse_feed
from cloud_gateway.warnings.model import Refused, Status
from cloud_gateway.warnings.xml import read_xml

SHARED = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not (SHARED / "cap-xml").is_dir(), reason="shared data not here: cap-xml and others")
pytestmark = needs_data


def files(pattern: str) -> list[Path]:
    """Those files, none where the data is not here."""
    return sorted(SHARED.glob(pattern))


@pytest.mark.parametrize(
    "path", files("cap-xml/*.xml") + files("cap-chains-derived/*/*.xml"), ids=lambda path: path.name[:60]
)
def test_a_real_file_is_read_whole(path: Path) -> None:
    root = read_xml(path.read_bytes())
    alert = parse_cap(root)
    assert len(alert.infos) == sum(1 for _ in root.iter("{*}info"))
    assert sum(len(info.areas) for info in alert.infos) == sum(1 for _ in root.iter("{*}area"))
    assert sum(len(area.polygons) for info in alert.infos for area in info.areas) == sum(
        1 for polygon in root.iter("{*}polygon") if polygon.text
    )
    assert all(info.event and info.hazard for info in alert.infos)
    assert not {finding.code for finding in alert.findings} & {"bad_time", "bad_polygon", "too_many", "bad_reference"}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("bad_references", ["bad_reference"]),
        ("cancel_without_info", []),
        ("circle_zero_radius", ["point_only"]),
        ("crlf_header_injection", ["line_break"]),
        ("gb18030_declared", []),
        ("geocode_only_adcode", []),
        ("huge_polygon_200k_points", ["too_many_points"]),
        ("lonlat_swapped", ["longitude_first"]),
        ("no_expires", []),
        ("no_namespace", ["unknown_namespace"]),
        ("same_id_different_body", []),
        ("sent_buddhist_year", ["buddhist_year", "buddhist_year"]),
        ("sent_without_offset", ["no_offset"]),
        ("template_injection", []),
        ("test_must_not_notify", []),
        ("unclosed_ring", ["unclosed_ring"]),
        ("update_unknown_reference", []),
    ],
)
def test_a_hostile_file_that_says_something_is_read_with_its_findings(name: str, codes: list[str]) -> None:
    alert = parse_cap(read_xml((SHARED / "cap-hostile-generated" / f"{name}.xml").read_bytes()))
    assert [finding.code for finding in alert.findings] == codes
    assert alert.status is (Status.TEST if name == "test_must_not_notify" else Status.ACTUAL)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("cap-hostile-generated/billion_laughs.xml", "xml_doctype"),
        ("cap-hostile-generated/xxe_file.xml", "xml_doctype"),
        ("cap-malformed/xee.cap", "xml_doctype"),
        ("cap-hostile-generated/truncated.xml", "xml_malformed"),
        ("cap-hostile-generated/xinclude.xml", "missing_field"),
    ],
)
def test_a_hostile_file_is_refused_by_name(name: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_cap(read_xml((SHARED / name).read_bytes()))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("invalid.cap", {"missing_field"}),
        ("noaa_errors.cap", {"missing_field"}),
    ],
)
def test_a_malformed_alert_is_read_with_its_findings(name: str, codes: set[str]) -> None:
    alert = parse_cap(read_xml((SHARED / "cap-malformed" / name).read_bytes()))
    assert {finding.code for finding in alert.findings} == codes


@pytest.mark.parametrize(
    ("name", "entries", "links", "alerts", "refused"),
    [
        ("feeds/alert-hub-2016-08_rss.xml", 1272, 1272, 0, 0),
        ("feeds/earthquake_index.atom", 1, 1, 0, 0),
        ("feeds/weather.atom", 1, 0, 1, 0),
        ("feeds/weather_index.atom", 2, 2, 0, 0),
        ("cap-malformed/invalid.rss", 1, 0, 0, 1),
        ("cap-malformed/no_entries.atom", 0, 0, 0, 0),
        ("cap-malformed/no_link.atom", 1, 0, 0, 1),
        ("cap-malformed/weather_invalid.atom", 1, 0, 1, 0),
    ],
)
def test_a_feed_gives_its_links_and_alerts(name: str, entries: int, links: int, alerts: int, refused: int) -> None:
    root = read_xml((SHARED / name).read_bytes())
    found = parse_feed(root)
    assert is_feed(root)
    assert len(found) == entries
    assert sum(entry.link != "" for entry in found) == links
    assert sum(len(entry.alerts) for entry in found) == alerts
    assert sum(len(entry.refused) for entry in found) == refused


def test_the_link_of_the_earthquake_index_leads_to_cap_not_to_the_page() -> None:
    (entry,) = parse_feed(read_xml((SHARED / "feeds" / "earthquake_index.atom").read_bytes()))
    assert "/catalogs/cap/" in entry.link


def test_an_alert_outside_the_entries_can_be_found_all_the_same() -> None:
    root = read_xml((SHARED / "cap-malformed" / "no_entries.atom").read_bytes())
    assert len(find_caps(root)) == 1
