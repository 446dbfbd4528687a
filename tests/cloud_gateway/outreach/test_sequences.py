"""From whole sequences of official messages to exactly the messages that people get and the notices that devices show.

The words of a first message relay the newest official text that is known then, so that they follow the order in which
messages came; who is told what, by which way, does not.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_gateway.warnings.model import Alert
from tests.cloud_gateway.exposures.ground import coded
from tests.cloud_gateway.exposures.test_event_orders import (
    CHAINS,
    HEAD,
    LIFT,
    SAME,
    STORM,
    UNDRAWN,
    alerts_in,
    inside,
    needs_chains,
)
from tests.cloud_gateway.outreach.desk import desk_in
from tests.databases import make_database

MINUTE = 60_000
OTHER_ORDERS = [("reversed", 0), ("shuffled", 1), ("shuffled", 2)]


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is migrated and empty, to be copied."""
    file = tmp_path_factory.mktemp("blank") / "gateway.db"
    make_database(file)
    return file


async def messages_of(
    folder: Path, blank: Path, chains: dict[str, list[Alert]], order: str, seed: int = 0
) -> tuple[list[str], list[str]]:
    """What leaves, and what a device shows, when chains come in one after the other.

    A site stands within each chain; an engineer has them all, a customer each one, a device stands at the first.
    """
    codes = [name.replace("_", "-").lower()[:32] for name in chains]
    async with desk_in(folder, blank) as desk:
        for code, alerts in zip(codes, chains.values(), strict=True):
            await desk.ground.add_site_at(code, *inside(alerts[0]))
            await desk.add_person(f"customer-{code}", [code], role="customer")
        await desk.ground.place("kiosk-0001", codes[0])
        await desk.add_person("device", codes[:1], role="branch", mail="", device="kiosk-0001")
        await desk.add_person("engineer", codes, chat="json://chat.example.org")
        await desk.add_person("duty", [], phone="555-0107")
        await desk.add_duty("duty")
        for alerts in chains.values():
            await desk.take_all(alerts, order, seed)
        return sorted(await desk.sent()), desk.shown


OF_ONE_FLOOD = [
    "customer-inside mail flood raised 3 inside",
    "device notice flood raised 3 inside",
    "duty call flood raised 3 call-out inside",
    "engineer chat flood raised 3 inside",
]


@needs_chains
async def test_real_chains_send_the_same_messages_in_any_order(tmp_path: Path, blank: Path) -> None:
    chains = {path.name: alerts_in(path) for path in sorted(CHAINS.iterdir())}
    expected = await messages_of(tmp_path / "sent", blank, chains, "sent")
    first = [line.split(" ", 1)[0] for line in expected[0] if " raised " in line and "call-out" not in line]
    assert (first.count("engineer"), len({name for name in first if name.startswith("customer-")})) == (12, 12)
    assert await messages_of(tmp_path / "reversed", blank, chains, "reversed") == expected
    assert await messages_of(tmp_path / "shuffled", blank, chains, "shuffled", seed=1) == expected


@pytest.mark.parametrize(("order", "seed"), [("sent", 0), *OTHER_ORDERS])
async def test_a_chain_sends_the_same_messages_in_any_order(tmp_path: Path, blank: Path, order: str, seed: int) -> None:
    sent, shown = await messages_of(tmp_path / "own", blank, {"inside": [HEAD, SAME, UNDRAWN]}, order, seed)
    assert (sent, shown) == (OF_ONE_FLOOD, ["kiosk-0001: flood 3 orange"])


#: Chen is told from blue on, Lin from orange on; Zhou, on duty, is asked at orange and red, and then told of the rest.
OF_THE_TYPHOON = [
    "chen mail typhoon raised 1 pudong",
    "device notice typhoon raised 1 pudong",
    "chen mail typhoon upgraded 2 pudong",
    "device notice typhoon upgraded 2 pudong",
    "chen mail typhoon upgraded 3 pudong",
    "device notice typhoon upgraded 3 pudong",
    "lin mail typhoon upgraded 3 pudong",
    "zhou call typhoon upgraded 3 call-out pudong",
    "chen mail typhoon upgraded 4 pudong",
    "device notice typhoon upgraded 4 pudong",
    "lin mail typhoon upgraded 4 pudong",
    "zhou call typhoon upgraded 4 pudong",
    "zhou call typhoon upgraded 4 call-out pudong",
    "chen mail typhoon downgraded 2 pudong",
    "device notice typhoon downgraded 2 pudong",
    "lin mail typhoon downgraded 2 pudong",
    "zhou call typhoon downgraded 2 pudong",
    "chen mail typhoon cleared 0 pudong",
    "device notice typhoon cleared 0 pudong",
    "lin mail typhoon cleared 0 pudong",
    "zhou call typhoon cleared 0 pudong",
]
SHOWN_OF_THE_TYPHOON = [
    "kiosk-0001: typhoon 1 blue",
    "kiosk-0001: typhoon 2 yellow",
    "kiosk-0001: typhoon 3 orange",
    "kiosk-0001: typhoon 4 red",
    "kiosk-0001: typhoon 2 yellow",
    "kiosk-0001: nothing",
]


async def test_a_chinese_sequence_sends_exactly_its_messages_and_notices(tmp_path: Path, blank: Path) -> None:
    async with desk_in(tmp_path / "own", blank) as desk:
        await desk.ground.add_site("pudong", coded("310115"))
        await desk.ground.place("kiosk-0001", "pudong")
        await desk.add_person("chen", ["pudong"])
        await desk.add_person("lin", ["pudong"], role="customer", least=3)
        await desk.add_person("device", ["pudong"], role="branch", mail="", device="kiosk-0001")
        await desk.add_person("zhou", [], mail="", phone="555-0107")
        await desk.add_duty("zhou")
        for one in (*STORM, LIFT):
            await desk.take(one.sent, one)
            await desk.take(one.sent + MINUTE, one, STORM[0])
            await desk.look(one.sent + 2 * MINUTE)
        assert await desk.sent() == OF_THE_TYPHOON
    assert desk.shown == SHOWN_OF_THE_TYPHOON
