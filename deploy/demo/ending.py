"""How SIGINT and SIGTERM end a demo or a fleet that somebody watches."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field


@dataclass
class Ending:
    """An open-ended run that plays is told to stop, everything else is cut off."""

    told: asyncio.Event = field(default_factory=asyncio.Event)
    plays: bool = False
    by: int = 0
    task: asyncio.Task[int] | None = None

    def listen(self) -> None:
        """From now on the signals of this process end what runs."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.end, number)

    def end(self, number: int) -> None:
        """A signal has come."""
        self.by = self.by or number
        if self.plays:
            self.told.set()
        elif self.task is not None and not self.task.cancelling():
            self.task.cancel()
