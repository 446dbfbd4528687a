"""Who can say, hear and leave what at a secured broker: every role by every topic, judged by what arrives."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.bench.packets import CONNACK, connect_packet, split_packets
from deploy.provision.folder import PROBE
from deploy.servers import Server, credentials_of, provision_of, start_mosquitto
from edge_agent.wire.link import Connection, connect
from edge_agent.wire.rights import RIGHTS, Way
from edge_agent.wire.session import LinkError, Refused
from edge_agent.wire.topics import Topic
from tests.deploy.provision import outsiders
from tests.deploy.provision.outsiders import Outsider
from tests.edge_agent.wire.inbox import LIMIT_S, Inbox
from tests.links import secured
from tests.waiting import until

A, B = "dev-a", "dev-b"
GATEWAY, OTHER_GATEWAY = "gateway.ingest-1", "gateway.web-1"
#: Hears and says everything: by it the others are judged.
ORACLE = "oracle.tests-1"
ROLES = (A, B, GATEWAY, OTHER_GATEWAY, "bench.load-1", PROBE)
#: Beside what the wire has: neighbours of it, and other people's.
STRAYS = (
    "weiran/1/dev-a",
    "weiran/1/dev-a/up",
    "weiran/1/dev-a/up/gossip",
    "weiran/1/dev-a/up/alarm/more",
    "weiran/1/dev-a/config",
    "weiran/1/dev-a/config/desired/more",
    "weiran/1/dev-a/x/up/alarm",
    "weiran/1/dev-a/command/1",
    "weiran/1/up/alarm",
    "weiran/2/dev-a/up/alarm",
    "weiran/1",
    "dev-a/up/alarm",
    "bench/anything",
)
TOPICS = (*(str(Topic(device, right.part)) for device in (A, B) for right in RIGHTS), *STRAYS)
FILTERS = ("#", "+/#", "weiran/#", "weiran/1/+/#", "+/+/+/+/+", "+/+/+/+", "$SYS/#", *TOPICS)


def topics(devices: Iterable[str], way: Way) -> set[str]:
    """The topics of these devices in one direction."""
    return {str(Topic(device, right.part)) for device in devices for right in RIGHTS if right.way is way}


SAYS: dict[str, set[str]] = {role: set() for role in ROLES} | {
    A: topics([A], Way.UP),
    B: topics([B], Way.UP),
    GATEWAY: topics([A, B], Way.DOWN),
    OTHER_GATEWAY: topics([A, B], Way.DOWN),
}
HEARS: dict[str, set[str]] = {role: set() for role in ROLES} | {
    A: topics([A], Way.DOWN),
    B: topics([B], Way.DOWN),
    GATEWAY: topics([A, B], Way.UP),
    OTHER_GATEWAY: topics([A, B], Way.UP),
}


@pytest.fixture(scope="module")
def secure_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A broker as in the field, and the oracle beside."""
    folder = tmp_path_factory.mktemp("secured")
    with start_mosquitto(folder, extra_rights=[f"user {ORACLE}", "topic readwrite #"]) as server:
        for role in ROLES:
            credentials_of(server, role)
        server.restart()  # it reads its access list at the start
        yield server


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@asynccontextmanager
async def online(broker: Server, role: str, inbox: Inbox | None = None) -> AsyncIterator[Connection]:
    """A role that is connected, without a session from before."""
    options = replace(secured(broker, role), session_expiry_s=0, receive_maximum=10_000)
    async with connect(options, inbox or Inbox()) as connection:
        yield connection


async def say_everywhere(connection: Connection, *, retain: bool = False) -> None:
    """Publish on every topic, and wait for the broker's word on each."""
    said = [connection.publish(topic, b"word", retain=retain) for topic in TOPICS]
    await asyncio.wait(said, timeout=LIMIT_S)
    for answer in said:
        with suppress(Refused):
            answer.result()


async def hear_all(connection: Connection, inbox: Inbox) -> list[str]:
    """The topics of what has come; the broker answers in order, so that nothing is still on its way."""
    await connection.subscribe(["test/barrier"])
    return [inbox.queue.get_nowait().topic for _ in range(inbox.queue.qsize())]


# -- topics -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
async def test_what_a_role_says_arrives_where_the_wire_lets_it_and_nowhere_else(
    secure_broker: Server, inbox: Inbox, role: str
) -> None:
    async with online(secure_broker, ORACLE, inbox) as oracle, online(secure_broker, role) as speaker:
        await oracle.subscribe(["#"])
        await say_everywhere(speaker)
        assert sorted(await hear_all(oracle, inbox)) == sorted(SAYS[role])


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_hears_what_the_wire_lets_it_and_nothing_else(
    secure_broker: Server, inbox: Inbox, role: str
) -> None:
    async with online(secure_broker, ORACLE) as oracle, online(secure_broker, role, inbox) as listener:
        await listener.subscribe(FILTERS)
        await say_everywhere(oracle)
        assert set(await hear_all(listener, inbox)) == HEARS[role]


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_leaves_messages_where_it_may_speak_and_nowhere_else(
    secure_broker: Server, inbox: Inbox, role: str
) -> None:
    async with online(secure_broker, role) as speaker:
        await say_everywhere(speaker, retain=True)
    async with online(secure_broker, ORACLE, inbox) as oracle:
        await oracle.subscribe(["#"])
        left = await hear_all(oracle, inbox)
        await asyncio.gather(*(oracle.publish(topic, b"", retain=True) for topic in TOPICS))
    assert sorted(left) == sorted(SAYS[role])


@pytest.mark.parametrize("role", [GATEWAY, OTHER_GATEWAY, "bench.load-1", PROBE])
async def test_a_service_is_no_device_of_its_own_name(secure_broker: Server, inbox: Inbox, role: str) -> None:
    own = [f"weiran/1/{role}/{right.part}" for right in RIGHTS] + [f"weiran/1/{role}/up/alarm"]
    async with online(secure_broker, ORACLE, inbox) as oracle, online(secure_broker, role) as speaker:
        await oracle.subscribe(["#"])
        for topic in own:
            with pytest.raises(Refused):
                await asyncio.wait_for(speaker.publish(topic, b"word"), LIMIT_S)
        assert await hear_all(oracle, inbox) == []


# -- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("victim", [B, GATEWAY])
async def test_a_device_that_calls_itself_another_throws_nobody_off_and_stays_itself(
    secure_broker: Server, inbox: Inbox, victim: str
) -> None:
    mine, theirs = str(Topic(A, RIGHTS[0].part)), str(Topic(B, RIGHTS[0].part))
    async with (
        online(secure_broker, ORACLE, inbox) as oracle,
        online(secure_broker, victim) as honest,
        connect(replace(secured(secure_broker, A), client_id=victim, session_expiry_s=0), Inbox()) as thief,
    ):
        await oracle.subscribe([mine, theirs])
        with pytest.raises(Refused):
            await asyncio.wait_for(thief.publish(theirs, b"as another"), LIMIT_S)
        await asyncio.wait_for(thief.publish(mine, b"as itself"), LIMIT_S)
        await honest.subscribe(["test/still-there"])
        assert await hear_all(oracle, inbox) == [mine]


async def test_a_user_name_in_connect_gives_no_rights(secure_broker: Server) -> None:
    tls = secured(secure_broker, A).tls
    assert tls is not None
    named = connect_packet(A)
    user = b"\0\x10gateway.ingest-1"
    flags = named.index(b"MQTT") + 5
    packet = (
        bytes([named[0], named[1] + len(user)]) + named[2:flags] + bytes([named[flags] | 0x80]) + named[flags + 1 :]
    )
    async with online(secure_broker, GATEWAY) as gateway:
        answer = await asyncio.to_thread(exchange, secure_broker, tls, packet + user)
        await gateway.subscribe(["test/still-there"])
    assert [kind for kind, _ in split_packets(bytearray(answer))] == [CONNACK]


def exchange(broker: Server, tls: ssl.SSLContext, packet: bytes) -> bytes:
    """Send a packet over TLS; what the broker answers first."""
    with (
        socket.create_connection((broker.host, broker.port), timeout=LIMIT_S) as plain,
        tls.wrap_socket(plain, server_hostname=broker.host) as sock,
    ):
        sock.sendall(packet)
        return sock.recv(1000)


# -- certificates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outsider",
    [
        outsiders.foreign_authority,
        outsiders.self_signed,
        outsiders.expired,
        outsiders.not_yet_valid,
        outsiders.brokers_own,
        outsiders.none_at_all,
    ],
    ids=lambda outsider: outsider.__name__,
)
async def test_outsider_is_turned_away_and_the_owner_of_the_name_stays(
    secure_broker: Server, tmp_path: Path, outsider: Outsider
) -> None:
    async with online(secure_broker, A) as honest:
        options = replace(secured(secure_broker, A), tls=outsider(provision_of(secure_broker), tmp_path))
        with pytest.raises(LinkError, match="alert"):
            async with connect(options, Inbox()):
                pass
        await honest.subscribe(["test/still-there"])


async def test_nobody_is_heard_in_the_clear(secure_broker: Server) -> None:
    with pytest.raises(LinkError):
        async with connect(replace(secured(secure_broker, A), tls=None), Inbox()):
            pass


async def test_revoked_device_cannot_connect_once_the_broker_has_read_its_list(
    secure_broker: Server, device: str
) -> None:
    other = secured(secure_broker, f"{device}-2")  # asks instead of the first, whose place it would take
    async with connect(secured(secure_broker, device), Inbox()) as connected:
        for revoked in (device, f"{device}-2"):
            provision_of(secure_broker).revoke(revoked)
        secure_broker.process.send_signal(signal.SIGHUP)
        await until(lambda: is_refused(secure_broker, other.tls))
        await connected.subscribe(["test/still-there"])  # who is connected stays: the gateway refuses it by name


def is_refused(broker: Server, tls: ssl.SSLContext | None) -> bool:
    """Whether the broker breaks off what is begun with this certificate."""
    assert tls is not None
    try:
        return exchange(broker, tls, connect_packet("any")) == b""
    except ssl.SSLError:
        return True
