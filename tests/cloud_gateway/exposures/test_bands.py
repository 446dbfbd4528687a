"""From steps of the official word to bands of a chart."""

from __future__ import annotations

import pytest

from cloud_gateway.exposures.bands import Band, make_bands
from cloud_gateway.readings.series import WarningStep, point_time


def step(
    at: int, level: int, coming: int = 0, color: str = "", hazard: str = "rainstorm", **rest: object
) -> WarningStep:
    facts: dict[str, object] = {"warning": "w1", "simulated": False} | rest
    return WarningStep(hazard, hazard, point_time(at, 1), level, coming, color, **facts)  # type: ignore[arg-type]


def looks(bands: list[Band]) -> list[tuple[str, int, int | None, bool]]:
    return [(band.label, band.since, band.until, band.announced) for band in bands]


CASES = [
    pytest.param([], [], id="nothing"),
    pytest.param([step(1, 0)], [], id="none stands"),
    pytest.param([step(1, 2, color="yellow")], [("Heavy rain, yellow warning", 1, None, False)], id="it goes on"),
    pytest.param(
        [step(1, 2, color="yellow"), step(5, 4, color="red"), step(9, 0)],
        [("Heavy rain, yellow warning", 1, 5, False), ("Heavy rain, red warning", 5, 9, False)],
        id="upgraded and lifted",
    ),
    pytest.param(
        [step(1, 0, 3, color="orange"), step(5, 3, color="orange"), step(9, 0)],
        [("Heavy rain, orange warning", 1, 5, True), ("Heavy rain, orange warning", 5, 9, False)],
        id="announced, then in force",
    ),
    pytest.param(
        [step(1, 2, color="yellow"), step(3, 2, 3, color="yellow"), step(9, 0)],
        [("Heavy rain, yellow warning", 1, 9, False)],
        id="what is to come beyond it does not cut it",
    ),
    pytest.param([step(1, 3), step(2, 0)], [("Heavy rain, severe warning", 1, 2, False)], id="without a colour"),
    pytest.param(
        [step(1, 2, color="yellow"), step(2, 4, color="red", simulated=True), step(3, 0), step(4, 0, simulated=True)],
        [("Heavy rain, yellow warning", 1, 3, False), ("Heavy rain, red warning", 2, 4, False)],
        id="an exercise beside it",
    ),
    pytest.param(
        [step(1, 2, color="yellow"), step(2, 1, color="blue", hazard="gale"), step(3, 0)],
        [("Heavy rain, yellow warning", 1, 3, False), ("Gale, blue warning", 2, None, False)],
        id="two hazards",
    ),
    pytest.param(
        [step(1, 2, color="yellow"), step(2, 0), step(3, 2, color="yellow"), step(4, 0)],
        [("Heavy rain, yellow warning", 1, 2, False), ("Heavy rain, yellow warning", 3, 4, False)],
        id="a pause is seen",
    ),
]


@pytest.mark.parametrize(("steps", "expected"), CASES)
def test_bands(steps: list[WarningStep], expected: list[tuple[str, int, int | None, bool]]) -> None:
    assert looks(make_bands(steps)) == expected


def test_a_band_says_what_it_is_in_both_languages() -> None:
    (band,) = make_bands([step(1, 4, color="red", hazard="typhoon", simulated=True)])
    assert (band.label, band.label_zh, band.level, band.simulated) == ("Typhoon, red warning", "台风红色预警", 4, True)
