"""SIMULATED counters in real time, for hands: customers come one after the other, people press the keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edge_agent.hardware.clock import Clock, SystemClock
from edge_agent.storage.outbox import Observer
from edge_agent.tasks.device import Duty
from firmware_sim.board import SimBoard
from firmware_sim.day import Act, Said, Showed, Stood
from firmware_sim.desk import SimDesk
from firmware_sim.scenario import Scenario
from kiosk import app as terminal_app
from kiosk.app import Observers
from kiosk.settings import KioskSettings

#: A customer comes this often, is served so long, and stands there until so long after he came, ms.
EVERY_MS, SERVED_MS, GONE_MS = 75_000, 20_000, 55_000
#: The clerk's card is read so long after the counter opens, ms.
CARD_MS = 500


async def run_terminal(
    settings: KioskSettings,
    board: SimBoard,
    clock: Clock,
    desk: SimDesk,
    duties: Sequence[Duty] = (),
    *,
    observer: Observer | None = None,
    screen: Callable[[str, int], None] | None = None,
) -> None:
    """Run the product's own terminal on a SIMULATED board; `screen` is told its device and port."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)

    def tell(port: int) -> None:
        desk.serve_at(port)
        if screen is not None:
            screen(settings.device, port)

    watching = Observers(observer, desk)
    await terminal_app.run(
        settings, board, clock, duties, observer=watching, machine_clock=SystemClock(), terminal=desk.terminal,
        started=tell,
    )  # fmt: skip


async def keep_open(scenario: Scenario, device: str, desk: SimDesk, clock: Clock) -> None:
    """The clerk of a counter signs on, and customers come, for as long as it runs."""
    form = scenario.device_of(device).rating
    assert form is not None, "only rating terminals are run here"
    await desk.ready()
    clerks = {clerk.number: clerk.card for clerk in scenario.station_of(form).clerk}
    card = next((clerks[card.clerk] for card in form.card), "")
    await desk.play(come_and_go(clock.now(), card))


def come_and_go(start_ms: int, card: str) -> Iterator[Act]:
    """The clerk signs on, then customers without an end; none of them presses anything."""
    if card:
        yield Act(start_ms + CARD_MS, Showed(card))
    number, came = 1, start_ms + 2 * CARD_MS
    while True:
        yield Act(came, Stood(True))
        yield Act(came, Said("begin", f"H{number:04}", waited_s=60 * (number % 9)))
        yield Act(came + SERVED_MS, Said("end", f"H{number:04}"))
        yield Act(came + GONE_MS, Stood(False))
        number, came = number + 1, came + EVERY_MS
