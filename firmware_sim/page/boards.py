"""The running boards of a folder: which there are, and what each looks like now."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge_agent.wire.topics import DEVICE_ID
from firmware_sim.control import SUFFIX, ControlError, Look, ask
from firmware_sim.sight import Sight

#: So many boards are looked at at once.
AT_ONCE = 32


def list_boards(folder: Path) -> list[str]:
    """The ids of the boards, in order."""
    names = [file.name.removesuffix(SUFFIX) for file in folder.glob(f"*{SUFFIX}")]
    return sorted(name for name in names if DEVICE_ID.fullmatch(name))


async def look_at(folder: Path, device: str) -> Sight | None:
    """The board as it is now; None when it is not there any more."""
    try:
        return (await ask(folder / f"{device}{SUFFIX}", Look())).sight
    except ControlError:
        return None


async def look_at_all(folder: Path) -> list[Sight]:
    """All boards that are there, by id."""
    room = asyncio.Semaphore(AT_ONCE)

    async def look(device: str) -> Sight | None:
        async with room:
            return await look_at(folder, device)

    found = await asyncio.gather(*(look(device) for device in list_boards(folder)))
    return [sight for sight in found if sight is not None]


def tone_of(sight: Sight) -> str:
    """How a board stands, as the shapes of all pages say it."""
    if not sight.power:
        return "off"
    if sight.lamps.get("siren") or sight.lamps.get("signal"):
        return "bad"
    return "ok" if sight.linked else "late"
