"""The MQTT link against a real broker: what arrives, what is refused, and that no loss of a connection goes unseen."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.bench.packets import connect_packet
from deploy.servers import Recipe, Server, free_port
from edge_agent.wire.link import Connection, connect
from edge_agent.wire.messages import MAX_FRAME_BYTES
from edge_agent.wire.session import Delivery, LinkError, LinkOptions, Refused, Will
from tests.edge_agent.wire.inbox import LIMIT_S, Inbox
from tests.edge_agent.wire.relay import open_relay
from tests.links import secured
from tests.waiting import until

#: PINGREQ and PINGRESP as they go over the line.
PING, PONG = b"\xc0\x00", b"\xd0\x00"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def options(broker: Server, device: str) -> LinkOptions:
    return secured(broker, device)


@pytest.fixture
def sender_options(broker: Server, device: str) -> LinkOptions:
    return replace(secured(broker, f"{device}.sender"), session_expiry_s=0)


@pytest.fixture
async def sender(sender_options: LinkOptions) -> AsyncIterator[Connection]:
    async with connect(sender_options, Inbox()) as connection:
        yield connection


def strict_conf(folder: Path, port: int) -> list[str]:
    """A broker in the clear that takes three messages at once, and nothing under `no/`."""
    acl = folder / "acl"
    acl.write_text("topic readwrite yes/#\n")
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "max_inflight_messages 3", f"acl_file {acl}"]
    (folder / "strict.conf").write_text("\n".join([*lines, "user root", "log_dest stderr", ""]))
    return ["-c", str(folder / "strict.conf")]


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


@pytest.fixture
def strict_broker(tmp_path: Path) -> Iterator[Server]:
    with Server(Recipe("mosquitto", "mosquitto", "mqtt", strict_conf, listens), tmp_path, free_port()) as server:
        yield server


# -- messages ---------------------------------------------------------------------------------------------


async def test_message_arrives_as_it_was_sent(options: LinkOptions, sender: Connection, inbox: Inbox) -> None:
    topic = f"test/{options.client_id}"
    payload = bytes(range(256)) + b"\0" * 10
    async with connect(options, inbox) as connection:
        await connection.subscribe([topic])
        await asyncio.wait_for(sender.publish(topic, payload), LIMIT_S)
        (delivery,) = await inbox.take(1)
        assert delivery[:3] == (topic, payload, False)
        connection.acknowledge([delivery.token])


async def test_retained_message_is_marked(options: LinkOptions, sender: Connection, inbox: Inbox) -> None:
    topic = f"test/{options.client_id}"
    await asyncio.wait_for(sender.publish(topic, b"kept", retain=True), LIMIT_S)
    async with connect(options, inbox) as connection:
        await connection.subscribe([topic])
        assert [(d.payload, d.retain) for d in await inbox.take(1)] == [(b"kept", True)]


@pytest.mark.parametrize("qos", [0, 1])
async def test_message_with_properties_arrives_as_well(
    options: LinkOptions, sender_options: LinkOptions, inbox: Inbox, qos: int
) -> None:
    topic = f"test/{options.client_id}".encode()
    content_type = b"\x08\x03\0\x05text/"  # MQTT 5, 3.3.2.3.9
    rest = len(topic).to_bytes(2, "big") + topic + b"\0\x07" * qos + content_type + b"word"
    async with connect(options, inbox) as connection:
        await connection.subscribe([topic.decode()])
        assert sender_options.tls is not None
        with (
            socket.create_connection((options.host, options.port)) as plain,
            sender_options.tls.wrap_socket(plain, server_hostname=options.host) as other,
        ):
            other.sendall(connect_packet(sender_options.client_id) + bytes([0x30 | qos << 1, len(rest)]) + rest)
            (delivery,) = await inbox.take(1)
        assert delivery[:3] == (topic.decode(), b"word", False)
        assert (delivery.token > 0) == bool(qos)


async def test_largest_frames_go_through_both_ways(options: LinkOptions, inbox: Inbox) -> None:
    topic = f"test/{options.client_id}"
    payloads = [bytes([number]) * MAX_FRAME_BYTES for number in range(40)]
    async with connect(options, inbox) as connection:
        await connection.subscribe([topic])
        await asyncio.wait_for(asyncio.gather(*(connection.publish(topic, p) for p in payloads)), LIMIT_S)
        assert [d.payload for d in await inbox.take(40)] == payloads


@pytest.mark.parametrize("qos", [0, 1])
async def test_socket_is_not_read_while_too_many_bytes_are_in_hand(
    options: LinkOptions, sender: Connection, inbox: Inbox, qos: int
) -> None:
    topic, size = f"test/{options.client_id}", 50_000
    async with connect(replace(options, receive_bytes=4 * size), inbox) as connection:
        await connection.subscribe([topic])
        for number in range(40):
            (sender.publish if qos else sender.send)(topic, bytes([number]) * size)
        held = await inbox.take(5)
        await asyncio.wait_for(sender.publish("test/elsewhere", b""), LIMIT_S)  # all has passed the broker
        assert inbox.queue.empty()
        connection.acknowledge([d.token for d in held])
        for number in range(5, 40):
            (delivery,) = await inbox.take(1)
            assert delivery.payload[0] == number
            connection.acknowledge([delivery.token])


async def test_messages_that_were_not_acknowledged_come_again_and_the_others_do_not(
    options: LinkOptions, sender: Connection, inbox: Inbox
) -> None:
    topic = f"test/{options.client_id}"
    async with connect(options, inbox) as connection:
        await connection.subscribe([topic])
        for payload in (b"1", b"2", b"3"):
            await asyncio.wait_for(sender.publish(topic, payload), LIMIT_S)
        first, _, third = await inbox.take(3)
        connection.acknowledge([first.token, third.token])
    again = Inbox()
    async with connect(options, again):
        assert [d.payload for d in await again.take(1)] == [b"2"]


async def test_messages_of_the_time_away_come_on_return(options: LinkOptions, sender: Connection, inbox: Inbox) -> None:
    topic = f"test/{options.client_id}"
    async with connect(options, inbox) as connection:
        await connection.subscribe([topic])
    await asyncio.wait_for(sender.publish(topic, b"meanwhile"), LIMIT_S)
    async with connect(options, inbox):
        assert [d.payload for d in await inbox.take(1)] == [b"meanwhile"]


async def test_no_more_come_than_were_asked_for_before_they_are_acknowledged(
    options: LinkOptions, sender: Connection, inbox: Inbox
) -> None:
    topic = f"test/{options.client_id}"
    async with connect(replace(options, receive_maximum=5), inbox) as connection:
        await connection.subscribe([topic])
        sent = [sender.publish(topic, str(number).encode()) for number in range(12)]
        await asyncio.wait_for(asyncio.gather(*sent), LIMIT_S)
        sender.send(topic, b"a word in between")  # QoS 0 is not held back: what comes before it has come
        held = await inbox.take(6)
        assert [d.payload for d in held] == [b"0", b"1", b"2", b"3", b"4", b"a word in between"]
        connection.acknowledge([d.token for d in held])
        assert [d.payload for d in await inbox.take(5)] == [b"5", b"6", b"7", b"8", b"9"]


async def test_acknowledging_a_message_of_qos_0_leaves_the_connection_alone(
    options: LinkOptions, sender: Connection, inbox: Inbox
) -> None:
    topic = f"test/{options.client_id}"
    async with connect(options, inbox) as connection:
        await connection.subscribe([topic])
        sender.send(topic, b"fire and forget")
        connection.acknowledge([d.token for d in await inbox.take(1)])
        await asyncio.wait_for(connection.publish(topic, b"still there"), LIMIT_S)
        assert [d.payload for d in await inbox.take(1)] == [b"still there"]


async def test_brokers_receive_maximum_is_known_and_kept(strict_broker: Server, device: str, inbox: Inbox) -> None:
    options = LinkOptions(strict_broker.host, strict_broker.port, device)
    async with connect(options, inbox) as connection:
        assert connection.receive_maximum == 3
        sent = [connection.publish("yes/many", b"x") for _ in range(50)]
        await asyncio.wait_for(asyncio.gather(*sent), LIMIT_S)


async def test_publish_that_the_broker_refuses_says_so_and_the_connection_stands(
    strict_broker: Server, device: str, inbox: Inbox
) -> None:
    options = LinkOptions(strict_broker.host, strict_broker.port, device)
    async with connect(options, inbox) as connection:
        with pytest.raises(Refused, match="Not authorized"):
            await asyncio.wait_for(connection.publish("no/way", b"x"), LIMIT_S)
        await asyncio.wait_for(connection.publish("yes/way", b"x"), LIMIT_S)


async def test_message_too_large_for_the_broker_fails_and_does_not_stay(options: LinkOptions, inbox: Inbox) -> None:
    topic = f"test/{options.client_id}"
    async with connect(options, inbox) as connection:
        sent = connection.publish(topic, b"x" * 300_000)
        with pytest.raises(LinkError):
            await asyncio.wait_for(sent, LIMIT_S)
        await asyncio.wait_for(connection.wait_closed(), LIMIT_S)
    async with connect(options, inbox) as connection:
        await asyncio.wait_for(connection.publish(topic, b"small"), LIMIT_S)


# -- wills ------------------------------------------------------------------------------------------------


async def test_will_comes_after_its_delay_when_the_line_breaks(
    options: LinkOptions, sender: Connection, inbox: Inbox, broker: Server
) -> None:
    topic = f"test/{options.client_id}"
    async with connect(secured(broker, f"{options.client_id}.reader"), inbox) as reader:
        await reader.subscribe([topic])
        async with open_relay(broker.port) as relay:
            mortal = replace(options, port=relay.port, will=Will(topic, b"lost", delay_s=1))
            async with connect(mortal, Inbox()) as connection:
                broken_at = time.monotonic()
                relay.cut()
                await asyncio.wait_for(connection.wait_closed(), LIMIT_S)
                assert [d.payload for d in await inbox.take(1)] == [b"lost"]
                assert time.monotonic() - broken_at > 0.5


async def test_will_is_dropped_when_the_device_is_back_in_time_or_says_goodbye(
    options: LinkOptions, inbox: Inbox, broker: Server
) -> None:
    topic = f"test/{options.client_id}"
    async with connect(secured(broker, f"{options.client_id}.reader"), inbox) as reader:
        await reader.subscribe([topic])
        async with open_relay(broker.port) as relay:
            first = replace(options, port=relay.port, will=Will(topic, b"first", delay_s=1))
            async with connect(first, Inbox()) as connection:
                relay.cut()
                await asyncio.wait_for(connection.wait_closed(), LIMIT_S)
            async with connect(replace(first, will=Will(topic, b"second", delay_s=1)), Inbox()) as connection:
                pass
            async with connect(replace(first, will=Will(topic, b"third", delay_s=2)), Inbox()) as connection:
                relay.cut()
                assert [d.payload for d in await inbox.take(1)] == [b"third"]


# -- loss -------------------------------------------------------------------------------------------------


async def test_nobody_at_the_port_is_an_error_that_names_it(options: LinkOptions, inbox: Inbox) -> None:
    nobody = replace(options, port=free_port())
    with pytest.raises(LinkError, match=f"127.0.0.1:{nobody.port}"):
        async with connect(nobody, inbox):
            pass


async def test_what_is_done_on_a_dead_connection_harms_nobody(
    options: LinkOptions, sender: Connection, inbox: Inbox, broker: Server
) -> None:
    topic = f"test/{options.client_id}"
    async with open_relay(broker.port) as relay, connect(replace(options, port=relay.port), inbox) as connection:
        await connection.subscribe([topic])
        await asyncio.wait_for(sender.publish(topic, b"x"), LIMIT_S)
        (delivery,) = await inbox.take(1)
        relay.cut()
        await asyncio.wait_for(connection.wait_closed(), LIMIT_S)
        connection.acknowledge([delivery.token])
        connection.send(topic, b"x")
        with pytest.raises(LinkError):
            await connection.publish(topic, b"x")
        await connection.close()


async def test_publish_under_way_fails_when_the_line_breaks(options: LinkOptions, broker: Server) -> None:
    async with open_relay(broker.port) as relay, connect(replace(options, port=relay.port), Inbox()) as connection:
        relay.swallows = True
        sent = connection.publish("test/any", b"x")
        relay.cut()
        with pytest.raises(LinkError):
            await asyncio.wait_for(sent, LIMIT_S)


async def test_handler_that_raises_drops_the_connection_with_a_log(
    options: LinkOptions, sender: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(delivery: Delivery) -> None:
        raise ZeroDivisionError("a mistake")

    topic = f"test/{options.client_id}"
    async with connect(options, fail) as connection:
        await connection.subscribe([topic])
        await asyncio.wait_for(sender.publish(topic, b"x"), LIMIT_S)
        assert "a mistake" in await asyncio.wait_for(connection.wait_closed(), LIMIT_S)
    assert any(record.exc_info and "handler failed" in record.message for record in caplog.records)


async def test_silent_broker_is_noticed_by_keep_alive(options: LinkOptions, broker: Server) -> None:
    async with open_relay(broker.port) as relay:
        short = replace(options, port=relay.port, keepalive_s=1)
        async with connect(short, Inbox()) as connection:
            beating = asyncio.create_task(connection.keep_alive())
            relay.swallows = True
            assert await asyncio.wait_for(connection.wait_closed(), LIMIT_S)
            assert await asyncio.wait_for(beating, LIMIT_S)


async def test_idle_connection_is_kept_alive_by_pings_that_are_answered(strict_broker: Server, device: str) -> None:
    async with open_relay(strict_broker.port) as relay:
        async with connect(LinkOptions(strict_broker.host, relay.port, device, keepalive_s=1), Inbox()) as connection:
            beating = asyncio.create_task(connection.keep_alive())
            await until(lambda: relay.seen.count(PING) == relay.seen.count(PONG) == 2)
            await asyncio.wait_for(connection.publish("yes/any", b"x"), LIMIT_S)
            assert not beating.done()
        await beating


async def test_two_with_one_name_end_with_the_newer_one(options: LinkOptions) -> None:
    async with connect(options, Inbox()) as older, connect(options, Inbox()) as newer:
        assert await asyncio.wait_for(older.wait_closed(), LIMIT_S)
        await asyncio.wait_for(newer.publish("test/any", b"x"), LIMIT_S)
