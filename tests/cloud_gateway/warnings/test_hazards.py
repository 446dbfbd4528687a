"""Hazards: the same name for one thing, by code or by word, in every language of the sources."""

from __future__ import annotations

import pytest

from cloud_gateway.warnings.hazard_codes import HAZARD_OF_CODE
from cloud_gateway.warnings.hazard_words import WORDS
from cloud_gateway.warnings.hazards import HAZARDS, OTHER, hazard_of_event


@pytest.mark.parametrize(
    ("scheme", "code", "hazard"),
    [
        ("12379", "11B03", "rainstorm"),
        ("any scheme", "11B01", "typhoon"),
        ("12379", "11A01", "flood"),
        ("12379", "11D00", "landslide"),
        ("NMC", "0015", "thunderstorm"),
        ("QWeather", "1006", "gale"),
        ("two-digit", "09", "lightning"),
        ("VTEC", "TO", "tornado"),
        ("SAME", "FFW", "flash-flood"),
        ("same", "svr", "thunderstorm"),
        ("awareness_type", "5; high-temperature", "heat"),
        ("GDACS", "TC", "typhoon"),
    ],
)
def test_a_known_code_counts_over_the_words(scheme: str, code: str, hazard: str) -> None:
    assert hazard_of_event("Fog", [(scheme, code)]) == hazard


def test_an_unknown_code_leaves_it_to_the_words() -> None:
    assert hazard_of_event("某地暴雪", [("QWeather", "2999"), ("SAME", "XYZ")]) == "snowstorm"


@pytest.mark.parametrize(
    ("event", "hazard"),
    [
        ("STURMBÖEN", "gale"),
        ("orages", "thunderstorm"),
        ("Vent de tempête", "gale"),
        ("Freezing rain, icing", "ice"),
        ("Severe Thunderstorm Warning", "thunderstorm"),
        ("Winter Storm Warning", "snowstorm"),
        ("Tropical Storm Watch", "typhoon"),
        ("Flash Flood Watch", "flash-flood"),
        ("Coastal Flood Advisory", "coastal-flood"),
        ("Red Flag Warning", "wildfire"),
        ("颱風", "typhoon"),
        ("海上大风", "marine-gale"),
        ("雷雨大风", "thunderstorm"),
        ("森林(草原)火险", "wildfire"),
        ("地质灾害气象风险", "landslide"),
        ("Гололёд", "ice"),
        ("Notice of a threat", OTHER),
        ("Special Weather Statement", OTHER),
        ("停课", OTHER),
        ("", OTHER),
    ],
)
def test_words_name_the_hazard(event: str, hazard: str) -> None:
    assert hazard_of_event(event) == hazard


def test_tables_name_only_known_hazards() -> None:
    by_code = {hazard for table in HAZARD_OF_CODE.values() for hazard in table.values()}
    assert by_code | {hazard for _, hazard in WORDS} <= set(HAZARDS)
