"""A device speaks to its own broker only, and its clock decides no more than it can be trusted with."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.provision.authority import certify_broker
from deploy.provision.folder import Provision
from edge_agent.wire.link import connect
from edge_agent.wire.session import LinkError, LinkOptions
from edge_agent.wire.tls import CertificateTime, folder_context
from tests.deploy.provision.outsiders import own_authority
from tests.edge_agent.wire.inbox import LIMIT_S, Inbox

NOW = datetime.now(UTC)
DAY_MS = 86_400_000
NOW_MS = int(NOW.timestamp() * 1000)
RIGHT_CLOCK = CertificateTime(NOW_MS, 0, trusted=True)
CLOCK_IN_1970 = CertificateTime(0, NOW_MS - 30 * DAY_MS, trusted=False)
CLOCK_AHEAD = CertificateTime(NOW_MS + 9000 * DAY_MS, NOW_MS, trusted=False)


@pytest.fixture
def provision(tmp_path: Path) -> Provision:
    made = Provision(tmp_path / "own")
    made.init(["127.0.0.1"], 0)
    made.device("dev-a")
    return made


class Broker:
    """Somebody who listens with a certificate, and notes the first bytes that he gets to hear."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if words := await reader.read(100):
            self.heard.put_nowait(words)
        writer.transport.abort()


@asynccontextmanager
async def listening(
    provision: Provision, folder: Path, host: str, begins: datetime = NOW, days: float = 10
) -> AsyncIterator[Broker]:
    """A broker whose certificate this authority has signed for `host`."""
    key = Ed25519PrivateKey.generate()
    made = certify_broker(own_authority(provision), "broker.any-1", [host], key.public_key(), begins, days)
    file = folder / "broker.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem + made.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    broker = Broker()
    async with await asyncio.start_server(broker.hear, "127.0.0.1", 0, ssl=context) as server:
        broker.port = server.sockets[0].getsockname()[1]
        yield broker


async def call(provision: Provision, broker: Broker, time: CertificateTime) -> str:
    """Why the connection did not come to be; this broker answers nobody."""
    context = folder_context(provision.devices / "dev-a", lambda: time)
    with pytest.raises(LinkError) as refused:
        async with connect(LinkOptions("127.0.0.1", broker.port, "dev-a", tls=context), Inbox()):
            pass
    return str(refused.value)


async def test_broker_of_another_authority_hears_nothing(provision: Provision, tmp_path: Path) -> None:
    foreign = Provision(tmp_path / "foreign")
    foreign.init(["127.0.0.1"], 0)
    async with listening(foreign, tmp_path, "127.0.0.1") as broker:
        assert "certificate verify failed" in await call(provision, broker, RIGHT_CLOCK)
        assert broker.heard.empty()


async def test_broker_of_another_name_hears_nothing(provision: Provision, tmp_path: Path) -> None:
    async with listening(provision, tmp_path, "broker.example") as broker:
        assert "IP address mismatch" in await call(provision, broker, RIGHT_CLOCK)
        assert broker.heard.empty()


REFUSED = {
    "expired, right clock": (NOW - timedelta(days=12), RIGHT_CLOCK, "has expired"),
    "not begun, right clock": (NOW + timedelta(days=2), RIGHT_CLOCK, "is not valid yet"),
    "expired before the floor, clock in 1970": (NOW - timedelta(days=90), CLOCK_IN_1970, "has expired"),
}


@pytest.mark.parametrize(("begins", "time", "why"), REFUSED.values(), ids=REFUSED.keys())
async def test_certificate_that_does_not_hold_now_is_refused(
    provision: Provision, tmp_path: Path, begins: datetime, time: CertificateTime, why: str
) -> None:
    async with listening(provision, tmp_path, "127.0.0.1", begins) as broker:
        assert why in await call(provision, broker, time)
        assert broker.heard.empty()


@pytest.mark.parametrize("time", [RIGHT_CLOCK, CLOCK_IN_1970, CLOCK_AHEAD], ids=["right", "1970", "ahead"])
async def test_wrong_clock_does_not_shut_a_device_out(
    provision: Provision, tmp_path: Path, time: CertificateTime
) -> None:
    async with listening(provision, tmp_path, "127.0.0.1") as broker:
        assert "certificate" not in await call(provision, broker, time)
        async with asyncio.timeout(LIMIT_S):
            assert b"MQTT" in await broker.heard.get()
