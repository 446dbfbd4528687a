"""One device: builds everything, and runs its duties in one task group."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

import msgspec

from edge_agent.hardware.board import Board
from edge_agent.hardware.clock import Clock, SystemClock
from edge_agent.hardware.tables import TideTable
from edge_agent.identity.identity import Identity, load_identity
from edge_agent.settings import AgentSettings, TableSensor
from edge_agent.storage.outbox import Observer, Outbox
from edge_agent.storage.quotas import Quotas
from edge_agent.storage.sqlite import DamagedError
from edge_agent.tasks.alarms import AlarmDesk, make_watches
from edge_agent.tasks.device import Device, Duty
from edge_agent.tasks.heads import HeadDesk
from edge_agent.tasks.heartbeat import send_heartbeats
from edge_agent.tasks.notices import NoticeDesk
from edge_agent.tasks.salvaged import tell_of_salvage
from edge_agent.tasks.sampling import sample
from edge_agent.tasks.timekeeping import keep_time, restore_floor
from edge_agent.tasks.twin import TwinDesk
from edge_agent.tasks.uplink import Uplink, describe_streams
from edge_agent.wire.link import connect
from edge_agent.wire.messages import RuleInfo, StreamInfo

OUTBOX_FILE = "outbox.db"


async def run(
    settings: AgentSettings,
    hardware: Board,
    clock: Clock,
    duties: Sequence[Duty] = (),
    *,
    observer: Observer | None = None,
    machine_clock: SystemClock | None = None,
) -> None:
    """Run one device until cancelled, or until a duty of `duties` sets `device.stopping`.

    `machine_clock` is real time for a device that lives in another; `clock` itself where that is the machine's.

    Installs no signal handler, configures no logging, touches no global: hundreds run in one process. `boot` is
    new for every life of the agent, so that `mono` never steps within it. Raises StorageError, HardwareError,
    CredentialError; DamagedError when its file breaks while it runs, so that the next start salvages it.
    """
    identity = find_identity(settings)
    bounds = settings.outbox
    outbox = await Outbox.open(
        settings.state_dir / OUTBOX_FILE,
        boot=secrets.token_hex(8),
        max_mb=bounds.max_mb,
        queue=bounds.queue,
        observer=observer,
        quotas=Quotas(bounds.alarm_share, bounds.record_share, bounds.reading_share, bounds.diagnostic_share),
        ballast_kb=bounds.ballast_kb,
    )
    real = machine_clock or (clock if isinstance(clock, SystemClock) else SystemClock())
    device = Device(settings, hardware, clock, outbox, identity, real)
    outbox.on_trouble(device.report)
    try:
        await restore_floor(device)
        await tell_of_salvage(device)
        await _run_duties(device, duties)
    except ExceptionGroup as group:
        if (damage := group.subgroup(DamagedError)) is None:
            raise
        raise DamagedError(str(damage.exceptions[0])) from group
    finally:
        await outbox.close()
        hardware.close()


async def _run_duties(device: Device, duties: Sequence[Duty]) -> None:
    twin = await TwinDesk.open(device)
    notices = await NoticeDesk.open(device)
    heads = await HeadDesk.open(device)
    desk = AlarmDesk(device)
    await desk.restore()
    uplink = Uplink(device, desk.rules, connect=connect, twin=twin, notices=notices, heads=heads)
    desk.on_known = uplink.declare_again
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(desk.write_alarms(), name="alarms"),
                group.create_task(uplink.run(), name="uplink"),
                group.create_task(twin.run(), name="twin"),
                group.create_task(notices.run(), name="notices"),
                group.create_task(heads.run(), name="heads"),
                group.create_task(send_heartbeats(device), name="heartbeat"),
                group.create_task(keep_time(device), name="time"),
                group.create_task(device.outbox.watch(), name="store"),
                *(group.create_task(sample(device, desk, s), name=s.stream) for s in device.settings.sensor),
                *(group.create_task(_as_coroutine(duty, device)) for duty in duties),
            ]
            await device.stopping.wait()
            for task in tasks:
                task.cancel()
    finally:  # however it ends: what sounded is on record
        await desk.flush()


async def _as_coroutine(duty: Duty, device: Device) -> None:
    await duty(device)


def find_identity(settings: AgentSettings) -> Identity | None:
    """The device's identity; None when it has none. Raises CredentialError."""
    folder = settings.identity.folder
    return None if folder is None else load_identity(folder, settings.device)


def check(settings: AgentSettings) -> None:
    """Raise ValueError, TableError or CredentialError for settings that a device could not live with.

    No pin is touched. Its tables and identity must be readable, and the gateway what it would declare.
    """
    find_identity(settings)
    for sensor in settings.sensor:
        if isinstance(sensor, TableSensor):
            TideTable.load(sensor.file)
    rules = [watch.info for watch in make_watches(settings)]
    declared = msgspec.json.encode((describe_streams(settings), rules))
    msgspec.json.decode(declared, type=tuple[list[StreamInfo], list[RuleInfo]])


def main(settings: AgentSettings) -> None:
    """Run the agent on the pins of this machine until it is told to stop (SIGTERM or SIGINT)."""
    from edge_agent.hardware.gpio import GpioBoard  # noqa: PLC0415 a simulated device needs no real pins

    asyncio.run(_run_until_signal(settings, GpioBoard()))


async def _run_until_signal(settings: AgentSettings, board: Board) -> None:
    import os  # noqa: PLC0415 only the process's own entry looks at its surroundings
    import signal  # noqa: PLC0415

    from edge_agent.tasks.notify import Notifier  # noqa: PLC0415
    from edge_agent.tasks.watchdog import keep_watch  # noqa: PLC0415

    notifier = Notifier.find(os.environ)

    async def stop_on_signal(device: Device) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, device.stopping.set)

    async def supervised(device: Device) -> None:
        if notifier is not None:
            await keep_watch(device, notifier)

    await run(settings, board, SystemClock(), (stop_on_signal, supervised))
