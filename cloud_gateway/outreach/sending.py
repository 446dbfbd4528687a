"""What the worker asks of a way to people: take one finished message to one recipient, or say why not."""

from __future__ import annotations

from typing import Protocol

import msgspec

from cloud_gateway.outreach.model import Change, Channel, Recipient
from cloud_gateway.warnings.model import Level


class Letter(msgspec.Struct, frozen=True):
    """A message as it leaves: the same `id` has the same words, however often it is sent."""

    id: str
    channel: Channel
    hazard: str
    change: Change
    level: Level
    subject: str
    body: str
    made_at: int
    simulated: bool = False


class CannotSend(Exception):
    """The message did not leave; with `retry` the same message may leave later. The text names no address."""

    def __init__(self, text: str, *, retry: bool) -> None:
        super().__init__(text)
        self.retry = retry


class Sender(Protocol):
    """One channel. It may be asked for the same letter again after a crash, and then sends exactly the same."""

    async def send(self, letter: Letter, recipient: Recipient) -> None:
        """Return once the next station has taken it. Raises CannotSend."""
