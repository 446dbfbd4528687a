"""The charts' own arithmetic, run where it runs: in the browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.cloud_gateway.conftest import Opener

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def run(page: Page, code: str) -> object:
    return await page.evaluate(f"import('/static/console/series.js').then(m => {code})")


CASES = [
    ("nothing", "m.withHoles([], 60)", []),
    ("no hole at 2.5 intervals", "m.withHoles([[0, 1], [150, 2]], 60)", [[0, 1], [150, 2]]),
    ("a hole past 2.5 intervals", "m.withHoles([[0, 1], [151, 2]], 60)", [[0, 1], [1, None], [151, 2]]),
    ("merge to nothing", "(s => (s.merge('a', [[1, 1]]), s.get('a')))(new m.Series())", [[1, 1]]),
    (
        "merge appends and replaces the last interval",
        "(s => (s.merge('a', [[1, 1], [2, 2]]), s.merge('a', [[2, 9], [3, 3]]), s.get('a')))(new m.Series())",
        [[1, 1], [2, 9], [3, 3]],
    ),
    (
        "merge puts a backlog in its place and keeps what is newer",
        "(s => (s.merge('a', [[1, 1], [9, 9]]), s.merge('a', [[2, 2], [3, 3]]), s.get('a')))(new m.Series())",
        [[1, 1], [2, 2], [3, 3], [9, 9]],
    ),
    ("an empty answer changes nothing", "(s => (s.merge('a', [[1, 1]]), s.merge('a', []), s.get('a')))(new m.Series())",
     [[1, 1]]),
    ("corners of nothing", "m.corners([], 9)", []),
    (
        "corners where a contact changes",
        "m.corners([[0, false], [1, false], [2, true], [3, true], [4, false]], 6)",
        [[0, 0], [2, 0], [2, 1], [4, 1], [4, 0], [6, 0]],
    ),
    ("a contact that never changes", "m.corners([[0, true], [5, true]], 3)", [[0, 1], [5, 1]]),
    ("holes are seen", "[m.hasHole([[0, 1], [150, 1]], 60), m.hasHole([[0, 1], [151, 1]], 60)]", [False, True]),
    ("amounts by the hour", "m.hourly([[0, 1], [3599999, 2], [3600000, 4]])", [[0, 3], [3600000, 4]]),
    ("a value between", "m.valueAt([[0, 0], [10, 5]], 4)", 2),
    ("a value before and after", "[m.valueAt([[5, 1], [9, 2]], 0), m.valueAt([[5, 1], [9, 2]], 99)]", [1, 2]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
async def test_series(storm_screen: Opener, code: str, expected: object) -> None:
    screen = await storm_screen()
    assert await run(screen.page, code) == expected


async def test_axis_is_labelled_at_the_sites_own_hours(storm_screen: Opener) -> None:
    page = (await storm_screen()).page
    code = """import('/static/console/charts.js').then(async m => {
      const t = await import('/static/js/times.js');
      const show = (start, hours, zone) => m.ticks(start, start + hours * 3600000, zone, 400)
        .map(at => t.shortTime(at, zone));
      return [show(622267200000, 48, "America/New_York"), show(622267200000, 24, "Asia/Kolkata")];
    })"""
    assert await page.evaluate(code) == [
        ["9-20", "12:00", "9-21", "12:00", "9-22"],
        ["12:00", "18:00", "9-21", "06:00"],
    ]
