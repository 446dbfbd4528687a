"""Codes of places: what names the same place, and what lies inside what."""

from __future__ import annotations

import pytest

from cloud_gateway.exposures.codes import lineage


@pytest.mark.parametrize(
    ("scheme", "code", "expected"),
    [
        ("adcode", "310115", "cn:310115 cn:3101 cn:31"),
        ("adcode", "310100", "cn:3101 cn:31"),
        ("GB/T 2260", "310000", "cn:31"),
        ("adcode", "429004", "cn:429004 cn:4290 cn:42"),
        ("CPEAS Geographic Code", "310115104203", "cn:310115104203 cn:310115104 cn:310115 cn:3101 cn:31"),
        ("SAME", "045019", "us:45019 us:45 us:"),
        ("SAME", "145019", "us:450191 us:45019 us:45 us:"),
        ("SAME", "000000", "us:"),
        ("FIPS6", "045019", "us:45019 us:45 us:"),
        ("fips", "45019", "us:45019 us:45 us:"),
        ("UGC", "SCC019", "us:45019 us:45 us:"),
        ("UGC", "scz050", "us-zone:SC050 us:45 us:"),
        ("UGC", "SCZALL", "us:45 us:"),
        ("UGC", "AMZ350", "us-zone:AM350"),
        ("NUTS3", "FR822", "nuts:FR822 nuts:FR82 nuts:FR8 nuts:FR"),
        ("EMMA_ID", "IL043", "emmaid:IL043"),
        ("profile:CAP-CP:Location:0.3", "3537034", "sgc:3537034 sgc:3537 sgc:35"),
        ("WARNCELLID", "913076002", "warncellid:913076002"),
        ("adcode", "31011", "adcode:31011"),
        ("SAME", "4501", "same:4501"),
        ("SAME", "<script>", "same:<SCRIPT>"),
        ("", "", ":"),
    ],
)
def test_place_and_the_areas_around_it(scheme: str, code: str, expected: str) -> None:
    assert " ".join(":".join(c) for c in lineage(scheme, code)) == expected
