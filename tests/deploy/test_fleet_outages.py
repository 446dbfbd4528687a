"""Gateway and broker killed under a fleet: what is noted of each, what memory says, and which limits are broken."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from cloud_gateway.settings import Series
from deploy.demo.holdings import Holdings
from deploy.demo.programs import Program
from deploy.demo.witness import Promise, Stored, Witness
from deploy.fleet.figures import Figures, add_trial, look_at_memory, make_figures
from deploy.fleet.gateway import Gateway
from deploy.fleet.lives import Look, measure_growth, tell_lives
from deploy.fleet.outages import Outage, Trial, What, count_signs
from deploy.fleet.telling import describe_trial
from deploy.servers import provision_of, start_mosquitto
from tests.end_to_end.gateway import make_settings
from tests.waiting import until

WELL = Outage("gateway", 200.0, 205.0, 6.5, 1.0, {"ingest": 1, "page": 1}, 1)


@dataclass
class Onlooker:
    """Stands where the page in the browser is; sees what it was told to see, and notes what it was asked."""

    lives_again: bool = True
    openings: int = 1
    asked: list[str] = field(default_factory=list)

    async def saw_cut(self, limit_s: float) -> bool:
        self.asked.append("cut")
        return True

    async def saw_live(self, since_ms: float, limit_s: float) -> bool:
        self.asked.append("live")
        return self.lives_again


def make_program(folder: Path, name: str) -> Program:
    """A real process that does nothing but run."""
    return Program(name, ("http.server", "0", "--bind", "127.0.0.1"), folder / f"{name}.log")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("what", "asked", "live"),
    [
        pytest.param("gateway", ["cut", "live"], True, id="gateway"),
        pytest.param("broker", ["live"], False, id="broker, and the page does not come back"),
    ],
)
async def test_what_is_killed_is_started_again_while_somebody_looks(
    tmp_path: Path, what: What, asked: list[str], live: bool
) -> None:
    onlooker = Onlooker(lives_again=live)
    with start_mosquitto(tmp_path / "broker") as broker:
        programs = [make_program(tmp_path, name) for name in ("ingest", "web")]
        gateway = Gateway(make_settings(broker, tmp_path, Series()), provision_of(broker), programs, [broker])
        for program in programs:
            program.start()
        before = {"gateway": [p.pid for p in programs], "broker": [broker.process.pid]}
        trial = Trial(gateway, [], onlooker, time.monotonic(), lambda _: None, away_s=0.0)
        outage = await trial.suffer(what)
        after = {"gateway": [p.pid for p in programs], "broker": [broker.process.pid]}
        assert all(p.running for p in programs)
        assert broker.running
        await gateway.end_programs()
    assert {name for name in after if not set(after[name]) & set(before[name])} == {what}
    assert (outage.what, onlooker.asked, outage.live_after_s is not None) == (what, asked, live)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({}, [], id="all kept"),
        pytest.param({"live_after_s": 10.0}, [], id="live just in time"),
        pytest.param({"live_after_s": 10.1}, ["live again after 10.1 s, not within 10 s"], id="live too late"),
        pytest.param({"live_after_s": None}, ["live again not at all"], id="never live"),
        pytest.param({"openings": 2}, ["the page was loaded 2 times"], id="somebody had to reload"),
        pytest.param({"linked_after_s": None}, ["not all devices were linked"], id="devices stay away"),
        pytest.param({"noticed": {}}, ["nobody noticed"], id="unnoticed"),
    ],
)
def test_an_outage_says_what_it_did_not_keep(changes: dict[str, object], told: list[str]) -> None:
    found = list(msgspec.structs.replace(WELL, **changes).find_broken())
    assert len(found) == len(told)
    assert all(part in text for part, text in zip(told, found, strict=True))


def look(seconds: float, mb: float) -> Look:
    return Look(seconds, {"ingest": mb / 2, "web": mb / 2})


@pytest.mark.parametrize(
    ("wholes", "growth"),
    [
        pytest.param([200.0] * 9, None, id="too short to say"),
        pytest.param([100.0] * 2 + [200.0] * 10, 0.0, id="what a start takes is no growth"),
        pytest.param([200.0] * 19 + [290.0], 0.0, id="one large look is no growth"),
        pytest.param([200.0 + n for n in range(21)], 8.0, id="a leak is"),
    ],
)
def test_growth_is_from_the_middle_of_a_life_to_its_end(wholes: list[float], growth: float | None) -> None:
    assert measure_growth(wholes) == growth


def test_a_restart_parts_two_lives_and_each_keeps_its_own_limits() -> None:
    lives = tell_lives([look(n * 10.0, 250.0) for n in range(12)] + [look(130.0, 301.0)], [125.0])
    assert [(life.began_s, life.ended_s, life.highest_mb) for life in lives] == [(0, 110, 250), (130, 130, 301)]
    assert lives[1].highest == {"ingest": 150.5, "web": 150.5}
    assert [list(life.find_broken()) for life in lives] == [
        [],
        ["the gateway from 130 to 130 s: took 301.0 MB, not under 300"],
    ]


def test_a_life_that_grows_is_not_flat() -> None:
    (life,) = tell_lives([look(n * 10.0, 200.0 + 2 * n) for n in range(30)], [])
    assert list(life.find_broken()) == [
        "the gateway from 0 to 290 s: grew by 26.0 MB from its middle to its end, not at most 15"
    ]


def make_clean_figures(folder: Path) -> Figures:
    """One promise, kept."""
    witness = Witness(folder / "journal")
    witness.note(Stored("dev-1", "e1", 0.0, 0, [("reading", 1, "seal")]), b"")
    witness.close()
    held = Holdings({Promise("dev-1", "e1", "reading", 1): "seal"})
    return make_figures(witness, held, devices=1, processes=1, seconds=1.0)


@pytest.mark.parametrize(
    ("outages", "last"),
    [
        pytest.param([WELL, msgspec.structs.replace(WELL, what="broker")], "gateway from 0 to 0 s", id="all kept"),
        pytest.param([WELL], "NOT KEPT: 1 of 2 outages took place", id="one did not take place"),
    ],
)
def test_a_trial_is_clean_when_all_was_kept(tmp_path: Path, outages: list[Outage], last: str) -> None:
    figures = add_trial(make_clean_figures(tmp_path), outages, tell_lives([look(0.0, 250.0)], []), 2)
    lines = list(describe_trial(figures))
    assert lines[-1].startswith(last)
    assert figures.clean is not lines[-1].startswith("NOT KEPT")


def test_who_noticed_is_read_from_logs_since_the_kill(tmp_path: Path) -> None:
    ingest, fleet = make_program(tmp_path, "ingest"), make_program(tmp_path, "fleet 0")
    lines = [("2026-01-01T00:00:09Z", "dev-1"), ("2026-01-01T00:00:11Z", "dev-1"), ("2026-01-01T00:00:12Z", "dev-2")]
    told = [json.dumps({"at": at, "client": who, "message": "link down: gone"}) for at, who in lines]
    fleet.log.write_text("\n".join([*told, told[-1]]))
    ingest.log.write_text(told[0])
    assert count_signs([ingest, fleet], "link down", 1767225610.0) == {"devices": 2}


async def test_memory_is_that_of_programs_that_run(tmp_path: Path) -> None:
    running, ended = make_program(tmp_path, "ingest"), make_program(tmp_path, "web")
    running.start()
    await until(lambda: look_at_memory([running, ended], 7.0).whole > 1.0)
    seen = look_at_memory([running, ended], 7.0)
    running.kill()
    assert (seen.seconds, list(seen.mb)) == (7.0, ["ingest"])
