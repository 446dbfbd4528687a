"""A backlog does not stand before an alarm: order only, whatever the speed."""

from __future__ import annotations

from pathlib import Path

from cloud_gateway.settings import GatewaySettings
from deploy.servers import Server
from edge_agent.app import OUTBOX_FILE
from edge_agent.hardware.clock import SystemClock
from edge_agent.settings import OutboxSettings
from edge_agent.wire.topics import Lane, Topic
from firmware_sim.board import make_board
from tests.edge_agent.tasks.agents import flood, level, make_settings, running_agent
from tests.end_to_end.backfill import DEVICE, fill, gateway, listening, play, put_alarm
from tests.waiting import until

READINGS = 10_000
LIMIT_S = 120.0


async def test_alarm_put_after_the_backlog_began_to_drain_is_stored_before_it_is_over(
    own_broker: Server, sqlite_settings: GatewaySettings, tmp_path: Path
) -> None:
    folder, soon = tmp_path / "state", OutboxSettings(ack_timeout_s=1)
    agent = make_settings(folder, level(), rules=[flood()], broker=own_broker, device=DEVICE, outbox=soon)
    agent.state_dir.mkdir()
    await fill(agent.state_dir / OUTBOX_FILE, READINGS)
    async with (
        listening(own_broker, str(Topic(DEVICE, Lane.READING))) as listener,
        running_agent(agent, make_board("SIM-1"), SystemClock()) as device,
    ):
        await until(lambda: listener.readings_heard, LIMIT_S)  # a window of them is under way, and nobody takes it yet
        seq = await put_alarm(device)
        with gateway(sqlite_settings, tmp_path):
            await until(lambda: listener.upto(Lane.READING) >= READINGS, LIMIT_S)
            await until(lambda: listener.upto(Lane.ALARM) >= seq, LIMIT_S)
    assert listener.readings_at_alarm[seq] < READINGS


async def test_backlog_and_the_alarms_beside_it_are_stored_whole(own_broker: Server, tmp_path: Path) -> None:
    story = await play(own_broker, tmp_path, READINGS, interval_s=0.05, burst_s=3600, quiet=3)
    assert story.lost == 0
    assert story.busy.alarms >= 1
    assert story.quiet.alarms == 3
    assert story.points >= READINGS
