"""A device as a witness of the evidence log: it keeps what it has seen, tells it, and forgets it for nobody."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.servers import Server, provision_of
from edge_agent.proof.checkpoints import Checkpoint, sign_note, write_checkpoint
from edge_agent.tasks.heads import MAX_ORIGINS, UNFIT, UNREADABLE, Fit, HeadDesk, Kept, weigh
from edge_agent.wire.messages import Ack
from edge_agent.wire.ratings import HEAD_SEEN, HeadSeenBody
from firmware_sim.board import make_board
from firmware_sim.clock import ScenarioClock
from tests.edge_agent.tasks.agents import START, Witness, level, make_settings, running_agent
from tests.edge_agent.tasks.ear import Ear, listening
from tests.waiting import until

ORIGIN = "weiran.example/evidence"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ROOT, OTHER_ROOT = bytes(32), b"\x01" * 32


def head(size: int, root: bytes = ROOT, origin: str = ORIGIN, key: Ed25519PrivateKey = KEY) -> str:
    return sign_note(write_checkpoint(Checkpoint(origin, size, root)), ORIGIN, key)


def seen(witness: Witness) -> list[tuple[str, int]]:
    bodies = [msgspec.json.decode(i.body, type=HeadSeenBody) for i in witness.items if i.kind == HEAD_SEEN]
    return [(body.origin.removeprefix(ORIGIN), body.size) for body in bodies]


@pytest.mark.parametrize(
    ("size", "root", "fit"),
    [
        pytest.param(8, OTHER_ROOT, Fit.NEWER, id="longer"),
        pytest.param(7, ROOT, Fit.SAME, id="the same"),
        pytest.param(6, ROOT, Fit.SHORTER, id="shorter"),
        pytest.param(7, OTHER_ROOT, Fit.FORKED, id="another of that size"),
    ],
)
def test_a_head_is_weighed_against_the_one_before(size: int, root: bytes, fit: Fit) -> None:
    assert weigh(Kept(ORIGIN, 7, ROOT, ""), Checkpoint(ORIGIN, size, root)) is fit
    assert weigh(None, Checkpoint(ORIGIN, size, root)) is Fit.NEWER


async def test_no_head_is_forgotten_for_a_shorter_or_another_one(tmp_path: Path) -> None:
    async with running_agent(make_settings(tmp_path, level()), make_board("SIM-1"), ScenarioClock(START)) as agent:
        desk = await HeadDesk.open(agent)
        desk.receive(head(7))
        desk.receive(head(6))
        assert UNFIT in agent.degraded
        desk.receive(head(8))
        assert UNFIT not in agent.degraded
        desk.receive(head(8, OTHER_ROOT))
        desk.receive(head(9))
        assert UNFIT in agent.degraded  # two logs of one size stay two
        assert agent.checkpoint == head(9)


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("", id="nothing"),
        pytest.param(head(9).replace("\n9\n", "\nnine\n"), id="no checkpoint"),
        pytest.param("x" * 20_000, id="too long"),
    ],
)
async def test_what_cannot_be_read_is_told_and_changes_nothing(tmp_path: Path, note: str) -> None:
    async with running_agent(make_settings(tmp_path, level()), make_board("SIM-1"), ScenarioClock(START)) as agent:
        desk = await HeadDesk.open(agent)
        desk.receive(head(7))
        desk.receive(note)
        assert UNREADABLE in agent.degraded
        assert agent.checkpoint == head(7)
        desk.receive(head(8))
        assert UNREADABLE not in agent.degraded


async def test_no_origin_is_forgotten_for_one_too_many(tmp_path: Path) -> None:
    async with running_agent(make_settings(tmp_path, level()), make_board("SIM-1"), ScenarioClock(START)) as agent:
        desk = await HeadDesk.open(agent)
        for number in range(MAX_ORIGINS):
            desk.receive(head(7, origin=f"{ORIGIN}/{number}"))
        desk.receive(head(7, origin=f"{ORIGIN}/more"))
        assert UNFIT in agent.degraded
        desk.receive(head(6, origin=f"{ORIGIN}/0"))
        assert agent.checkpoint == head(7, origin=f"{ORIGIN}/{MAX_ORIGINS - 1}")


def answer(ear: Ear, note: str) -> None:
    ear.say(msgspec.json.encode(Ack(ear.births[0].epoch, {}, checkpoint=note)))


def log_key(broker: Server) -> Ed25519PrivateKey:
    file = provision_of(broker).folder / "evidence" / "evidence.key"
    key = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


async def test_a_head_comes_with_the_ack_is_told_and_is_there_after_a_restart(
    broker: Server, device: str, tmp_path: Path
) -> None:
    key, first, second = log_key(broker), Witness(), Witness()
    settings = make_settings(tmp_path, level(), device=device, broker=broker)
    async with (
        listening(broker, device) as ear,
        running_agent(settings, make_board("SIM-1"), ScenarioClock(START), first) as agent,
    ):
        await until(lambda: bool(ear.births))
        answer(ear, head(7, key=key))
        await until(lambda: seen(first) == [("", 7)])
        answer(ear, head(9, key=KEY))  # another's signature
        await until(lambda: UNREADABLE in agent.degraded)
        answer(ear, head(1, origin=f"{ORIGIN}/2", key=key))  # the log of a restored gateway
        await until(lambda: seen(first)[1:] == [("", 7), ("/2", 1)])
        answer(ear, head(6, key=key))
        await until(lambda: seen(first)[3:] == [("", 7)])
        assert UNFIT in agent.degraded
    alone = make_settings(tmp_path, level(), device=device)
    async with running_agent(alone, make_board("SIM-1"), ScenarioClock(START), second) as agent:
        assert agent.checkpoint == head(1, origin=f"{ORIGIN}/2", key=key)
        await until(lambda: seen(second) == [("", 7), ("/2", 1)])
