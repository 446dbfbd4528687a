"""A fleet of real agents against a real broker and ingest: every promise is counted, and hands reach every board."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud_gateway.settings import Series
from deploy.cli import run
from deploy.demo.ending import Ending
from deploy.demo.holdings import Holdings
from deploy.demo.naming import Gap
from deploy.demo.witness import Promise, Stored, Witness
from deploy.fleet.figures import Figures, Pulse, make_figures
from deploy.fleet.run import FleetOptions, play
from deploy.servers import Server, provision_of
from firmware_sim import control
from tests.end_to_end.gateway import make_settings, running_ingest

FIRST, SECOND = Promise("dev-1", "e1", "reading", 1), Promise("dev-1", "e1", "reading", 2)


async def follow(pulses: asyncio.Queue[Pulse], wanted: Callable[[Pulse], bool]) -> Pulse:
    """The first look that is so."""
    async with asyncio.timeout(60):
        while not wanted(pulse := await pulses.get()):
            pass
        return pulse


@pytest.mark.timeout(200)
async def test_fleet_enters_itself_runs_and_counts_nothing_lost(broker: Server, tmp_path: Path) -> None:
    settings, ending = make_settings(broker, tmp_path, Series()), Ending()
    pulses = asyncio.Queue[Pulse]()
    options = FleetOptions(
        3, 1, every_s=0.5, spread_s=0.5, say_every_s=0.0, gateway=settings, provision=provision_of(broker).folder
    )
    async with running_ingest(settings):
        playing = asyncio.create_task(play(options, tmp_path, ending, pulses.put_nowait, lambda _: None))
        first = await follow(pulses, lambda seen: seen.linked == 3)
        board = control.socket_of(tmp_path / "boards", "fleet-tide-0002")
        await control.ask(board, control.Cable(True))
        await follow(pulses, lambda seen: seen.linked == 2)
        await control.ask(board, control.Cable(False))
        await follow(pulses, lambda seen: seen.linked == 3)
        last = await follow(pulses, lambda seen: seen.acknowledged > first.put)
        ending.told.set()
        figures = await playing
    assert last.put > first.put
    assert figures.clean
    assert (figures.lost, figures.duplicates, figures.altered, figures.rejected) == (0, 0, 0, 0)
    assert figures.stored + figures.waiting == figures.put >= last.put


def witness_of(tmp_path: Path) -> Witness:
    """Two promises."""
    witness = Witness(tmp_path / "journal")
    facts = [("reading", 1, "seal-1"), ("reading", 2, "seal-2")]
    witness.note(Stored("dev-1", "e1", 0.0, 0, facts), b"")
    witness.close()
    return witness


@pytest.mark.parametrize(
    ("held", "wrong"),
    [
        pytest.param(Holdings({FIRST: "seal-1", SECOND: "seal-2"}), {}, id="all there"),
        pytest.param(Holdings({FIRST: "seal-1"}), {"lost": 1}, id="one gone"),
        pytest.param(Holdings({FIRST: "seal-1"}, waiting={SECOND}), {"waiting": 1}, id="one on its disk"),
        pytest.param(
            Holdings({FIRST: "seal-1"}, gap_list=[Gap("dev-1", "e1", "reading", "full", 1, 2, 2)]), {"gaps": 1},
            id="one let go by name",
        ),
        pytest.param(Holdings({FIRST: "seal-1", SECOND: "other"}), {"altered": 1}, id="one altered"),
        pytest.param(
            Holdings({FIRST: "seal-1", SECOND: "seal-2"}, doubled={SECOND}), {"duplicates": 1}, id="one twice"
        ),
        pytest.param(
            Holdings({FIRST: "seal-1", SECOND: "seal-2"}, doubled={Promise("other", "e1", "alarm", 1)}), {},
            id="another device's twice",
        ),
    ],
)  # fmt: skip
def test_what_became_of_promises_is_counted(tmp_path: Path, held: Holdings, wrong: dict[str, int]) -> None:
    figures = make_figures(witness_of(tmp_path), held, devices=1, processes=1, seconds=1.0)
    names = ("lost", "duplicates", "altered", "rejected", "waiting", "gaps")
    assert {name: getattr(figures, name) for name in names if getattr(figures, name)} == wrong
    assert figures.clean is not bool(wrong.keys() & {"lost", "duplicates", "altered"})


def test_fleet_that_put_nothing_is_not_clean(tmp_path: Path) -> None:
    figures: Figures = make_figures(Witness(tmp_path / "j"), Holdings(), devices=1, processes=1, seconds=1.0)
    assert not figures.clean


def test_fleet_of_which_nothing_has_arrived_is_not_clean(tmp_path: Path) -> None:
    held = Holdings(waiting={FIRST, SECOND})
    figures = make_figures(witness_of(tmp_path), held, devices=1, processes=1, seconds=1.0)
    assert (figures.waiting, figures.lost, figures.clean) == (2, 0, False)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["fleet", "--config", "gateway.toml"], "go together", id="half of a gateway"),
        pytest.param(["fleet", "--outages", "--for", "30"], "--for of at least 60 s", id="too short for outages"),
        pytest.param(["board", "--folder", "nowhere"], "no board runs in nowhere", id="no boards"),
    ],
)
def test_wrong_use_is_told(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    assert run(["sim", *arguments]) == 2
    assert told in capsys.readouterr().err
