"""Personal text from a real agent's card to the gateway's rows: nobody reads it until somebody opens it by name."""

from __future__ import annotations

import asyncio
import base64
import getpass
import json
import shutil
from pathlib import Path

import msgspec
import pytest

from cloud_gateway.enrolment.certificates import read_certificate
from cloud_gateway.enrolment.register import enrol_devices
from cloud_gateway.settings import Devices, GatewaySettings
from deploy.cli import run
from deploy.servers import Server, credentials_of, provision_of
from edge_agent.hardware.clock import SystemClock
from edge_agent.proof.sealing import make_sealing_key
from edge_agent.proof.signatures import Statement, is_signed
from edge_agent.settings import AgentSettings, IdentitySettings
from edge_agent.tasks.device import Device
from edge_agent.wire.sealed import Sealed
from edge_agent.wire.topics import Lane
from firmware_sim.board import make_board
from tests.cloud_gateway.ingest.pieces import AT
from tests.edge_agent.tasks.agents import make_settings, running_agent
from tests.end_to_end.gateway import Books, running_ingest
from tests.waiting import until

DEVICE = "kiosk-01"
SLIP = "slip/1"
#: Invented; the number's month is the fourteenth.
NAME, NUMBER = "欧阳未然", "110105199014079991"
#: How the two could stand in a file.
TRACES = (
    NAME.encode(),
    NAME.encode("gbk"),
    NAME.encode("utf-16-le"),
    json.dumps(NAME).strip('"').encode(),
    base64.b64encode(NAME.encode()),
    NUMBER.encode(),
    NUMBER.encode("utf-16-le"),
    base64.b64encode(NUMBER.encode()),
)
COUNTER = "counter seven"

Output = pytest.CaptureFixture[str]


class SlipBody(msgspec.Struct, frozen=True):
    """A body as the kiosk will have them: something for everybody beside personal text."""

    counter: str
    customer: Sealed
    id_number: Sealed


def contents(folder: Path) -> bytes:
    """All bytes of all files below a folder."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def traces(data: bytes) -> list[bytes]:
    return [trace for trace in TRACES if trace in data]


async def put_slip(device: Device) -> int:
    """What a duty does with a customer's papers."""
    body = SlipBody(COUNTER, device.seal("customer", NAME), device.seal("id_number", NUMBER))
    return await device.outbox.put(device.record(SLIP, body))


@pytest.fixture
def card(own_broker: Server, tmp_path: Path) -> AgentSettings:
    """A device whose whole card is one folder: settings, identity, state."""
    folder = tmp_path / "card"
    shutil.copytree(credentials_of(own_broker, DEVICE), folder / "identity")
    settings = make_settings(folder / "state", device=DEVICE, broker=own_broker)
    identity = IdentitySettings(folder=folder / "identity")
    made = settings.model_copy(update={"identity": identity})
    (folder / "agent.json").write_text(made.model_dump_json())
    return made


@pytest.fixture
async def gateway(own_broker: Server, sqlite_settings: GatewaySettings) -> GatewaySettings:
    """A gateway that knows the device, and so checks its signatures."""
    pem = (credentials_of(own_broker, DEVICE) / "certificate.pem").read_bytes()
    await enrol_devices(sqlite_settings.database, [(read_certificate(pem, AT), "kiosk")])
    return sqlite_settings.model_copy(update={"devices": Devices(admit="enrolled")})


def write_config(file: Path, gateway: GatewaySettings, key: Path) -> Path:
    """The settings of somebody who holds a key."""
    file.write_text(f'data_dir = "{gateway.data_dir}"\n[sealing]\nkeys = ["{key}"]\n')
    return file


async def test_personal_text_stands_on_no_card_and_in_no_store_and_the_gateway_opens_it(
    own_broker: Server, card: AgentSettings, gateway: GatewaySettings, tmp_path: Path, capfd: Output
) -> None:
    folder, books = tmp_path / "card", Books(gateway)
    async with running_agent(card, make_board("SIM-1"), SystemClock()) as device:
        seq = await put_slip(device)
        epoch = device.outbox.epoch
        at_work = contents(folder)
        assert {file.name for file in (folder / "state").iterdir()} >= {"outbox.db", "outbox.db-wal", "outbox.db-shm"}
    at_rest = contents(folder)
    async with running_ingest(gateway), running_agent(card, make_board("SIM-1"), SystemClock()):
        await until(lambda: books.rows(f"SELECT 1 FROM record WHERE kind = '{SLIP}'"))
        everywhere = contents(tmp_path)
    for data in (at_work, at_rest, everywhere, contents(tmp_path)):
        assert COUNTER.encode() in data
        assert traces(data) == []

    ((body, sig, at),) = books.rows(f"SELECT body, sig, coalesce(said_at, at) FROM record WHERE kind = '{SLIP}'")
    assert isinstance(body, bytes)
    keys = books.rows("SELECT public_key FROM enrolment")
    said = Statement(DEVICE, epoch, Lane.RECORD, seq, SLIP, int(str(at)), body)
    assert is_signed(base64.b64decode(str(keys[0][0])), said, str(sig))

    key = provision_of(own_broker).folder / "sealing" / "sealing.key"
    words = ["gateway", "record", "show", DEVICE, epoch, "record", str(seq), "--json"]
    words += ["--config", str(write_config(tmp_path / "gateway.toml", gateway, key))]
    assert await asyncio.to_thread(run, words) == 0
    shown = capfd.readouterr()
    assert json.loads(shown.out)["sealed"] == ["customer", "id_number"]
    assert traces((shown.out + shown.err).encode()) == []
    assert await asyncio.to_thread(run, [*words, "--unseal"]) == 0
    shown = capfd.readouterr()
    assert json.loads(shown.out)["body"] == {"counter": COUNTER, "customer": NAME, "id_number": NUMBER}
    assert traces(shown.err.encode()) == []
    assert books.rows("SELECT who, device, epoch, lane, seq, fields FROM unsealing") == [
        (getpass.getuser(), DEVICE, epoch, "record", seq, '["customer", "id_number"]')
    ]
    assert traces(contents(tmp_path)) == []


async def test_another_key_opens_nothing_and_says_so(
    card: AgentSettings, gateway: GatewaySettings, tmp_path: Path, capfd: Output
) -> None:
    books, wrong = Books(gateway), tmp_path / "wrong.key"
    wrong.write_bytes(base64.b64encode(make_sealing_key()[0]))
    wrong.chmod(0o600)
    async with running_ingest(gateway), running_agent(card, make_board("SIM-1"), SystemClock()) as device:
        seq = await put_slip(device)
        await until(lambda: books.rows(f"SELECT 1 FROM record WHERE kind = '{SLIP}'"))
    config = write_config(tmp_path / "gateway.toml", gateway, wrong)
    words = ["gateway", "record", "show", DEVICE, device.outbox.epoch, "record", str(seq), "--unseal"]
    capfd.readouterr()
    assert await asyncio.to_thread(run, [*words, "--config", str(config)]) == 2
    told = capfd.readouterr()
    assert "customer cannot be opened: it was sealed to none of the gateway's 1 keys" in told.err
    assert told.out == ""
    assert books.rows("SELECT * FROM unsealing") == []
