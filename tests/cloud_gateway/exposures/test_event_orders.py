"""The same changes are told in whatever order messages come, over sites inside the areas of real and made chains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cloud_gateway.exposures.geometry import ring_shape
from cloud_gateway.exposures.store_sites import Risk
from cloud_gateway.warnings.model import Alert, Area, Circle, Color, Geocode, Info
from cloud_gateway.warnings.reading import read_alerts
from cloud_gateway.warnings.replay import arrange
from tests.cloud_gateway.exposures.ground import Ground, coded, ground_in
from tests.cloud_gateway.warnings.messages import alert, at, info

SHARED = Path(__file__).parents[4] / "shared" / "data"
CHAINS = SHARED / "cap-chains-derived"
MODELLED = SHARED / "cn-alerts-modelled" / "shanghai_typhoon_upgrade_downgrade_cancel.json"
needs_chains = pytest.mark.skipif(not CHAINS.is_dir(), reason="shared data not here: cap-chains-derived")
needs_modelled = pytest.mark.skipif(not MODELLED.is_file(), reason="shared data not here: cn-alerts-modelled")
OTHER_ORDERS = [("reversed", 0), ("shuffled", 1), ("shuffled", 2)]


async def take_all(ground: Ground, alerts: Sequence[Alert], order: str, seed: int) -> None:
    """Each message comes by itself, at the newest `sent` of all so far."""
    arranged = arrange(alerts, order, seed)
    for count, one in enumerate(arranged, 1):
        await ground.take(max(a.sent for a in arranged[:count]), one)


async def told_of_chains(
    folder: Path, blank: Path, chains: dict[str, list[Alert]], order: str, seed: int = 0
) -> list[str]:
    """What is told of a site inside the newest message of each chain."""
    async with ground_in(folder, blank) as ground:
        for name, alerts in chains.items():
            await ground.add_site_at(name.replace("_", "-").lower()[:32], *inside(alerts[-1]))
        for alerts in chains.values():
            await take_all(ground, alerts, order, seed)
        return sorted(await ground.told()) + await ground.exposures()


def inside(newest: Alert) -> tuple[float, float]:
    """A place inside the first polygon of a message."""
    shape = ring_shape(newest.infos[0].areas[0].polygons[0])
    assert shape is not None
    point = shape.surface.representative_point()
    return float(point.y), float(point.x)


def alerts_in(folder: Path) -> list[Alert]:
    """All messages of a folder, the oldest first."""
    found = [one for path in sorted(folder.iterdir()) for one in read_alerts(path.read_bytes()).alerts]
    return sorted(found, key=lambda one: one.sent)


@needs_chains
async def test_real_chains_tell_the_same_in_any_order(tmp_path: Path, blank: Path) -> None:
    chains = {path.name: alerts_in(path) for path in sorted(CHAINS.iterdir())}
    expected = await told_of_chains(tmp_path / "sent", blank, chains, "sent")
    assert len([line for line in expected if " raised " in line]) == 12
    assert await told_of_chains(tmp_path / "reversed", blank, chains, "reversed") == expected
    assert await told_of_chains(tmp_path / "shuffled", blank, chains, "shuffled", seed=1) == expected


SQUARE = ((31.0, 121.0), (31.0, 122.0), (32.0, 122.0), (32.0, 121.0), (31.0, 121.0))
DRAWN = Area("Drawn", polygons=(SQUARE,))
CODED = Area("Named", geocodes=(Geocode("UGC", "IAZ100"),))


def over(area: Area, identifier: str, hour: float, *earlier: Alert) -> Alert:
    """A warning of one area, which takes the place of earlier ones."""
    flood = Info("Flood", "flood", color=Color.ORANGE, ends=at(20), areas=(area,))
    return alert(identifier, hour, flood, refs=tuple(a.key for a in earlier), kind="Update" if earlier else "Alert")


HEAD = over(DRAWN, "A", 1)
SAME = over(DRAWN, "B", 2, HEAD)
UNDRAWN = over(CODED, "C", 3, SAME)


@pytest.mark.parametrize(("order", "seed"), [("sent", 0), *OTHER_ORDERS])
async def test_an_update_that_draws_nothing_keeps_the_sites_that_were_drawn(
    ground: Ground, order: str, seed: int
) -> None:
    await ground.add_site_at("inside", 31.5, 121.5)
    await ground.add_site_at("outside", 33.5, 121.5)
    await take_all(ground, (HEAD, SAME, UNDRAWN), order, seed)
    assert await ground.exposures() == ["inside flood polygon possible 3/3"]
    assert await ground.told() == ["inside flood raised 3"]


async def test_an_update_that_draws_elsewhere_lets_the_site_go(ground: Ground) -> None:
    await ground.add_site_at("inside", 31.5, 121.5)
    elsewhere = over(Area("Elsewhere", circles=(Circle(40.0, 100.0, 1_000.0),)), "B", 2, HEAD)
    await take_all(ground, (HEAD, elsewhere), "sent", 0)
    assert await ground.told() == ["inside flood raised 3", "inside flood cleared 0"]


SHANGHAI, DESK = "310000", "cn:310000:11B01"
STORM = tuple(
    alert(f"S{hour}", hour, info(color, places=SHANGHAI, hazard="typhoon"), issuer=SHANGHAI, event_key=DESK)
    for hour, color in ((1, "blue"), (9, "yellow"), (13, "orange"), (14, "orange"), (18, "red"), (31, "yellow"))
)  # fmt: skip
LIFT = alert("L", 37, kind="Cancel", issuer=SHANGHAI, event_key=DESK)
NOTICES = ["raised 1", "upgraded 2", "upgraded 3", "upgraded 4", "downgraded 2", "cleared 0"]


async def test_a_chinese_sequence_gives_exactly_its_notices(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    for one in (*STORM, LIFT):
        await ground.take(one.sent, one)
        await ground.take(one.sent + 60_000, one, STORM[0])
        await ground.look(one.sent + 120_000)
    assert await ground.told() == [f"pudong typhoon {notice}" for notice in NOTICES]


async def test_old_signals_that_come_late_tell_nothing(ground: Ground) -> None:
    await ground.add_site("pudong", coded("310115"))
    await take_all(ground, STORM, "reversed", 0)
    assert await ground.told() == ["pudong typhoon raised 2"]


@needs_modelled
async def test_the_modelled_typhoon_gives_exactly_its_notices(ground: Ground) -> None:
    await ground.add_site("pudong", Risk(geocodes=(("adcode", "310115"),)))
    alerts = read_alerts(MODELLED.read_bytes()).alerts
    for one in arrange(alerts, "sent"):
        await ground.take(one.sent, one)
        await ground.take(one.sent, one)
    told = [line.split(" ", 2)[2] for line in await ground.told() if " typhoon " in line]
    assert told == NOTICES
