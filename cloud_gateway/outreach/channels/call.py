"""Calling by hand: a letter of this channel is on the call sheet once it is stored; people do the rest."""

from __future__ import annotations

from cloud_gateway.outreach.model import Recipient
from cloud_gateway.outreach.sending import CannotSend, Letter


class CallSender:
    """The channel of the duty desk's telephone."""

    async def send(self, letter: Letter, recipient: Recipient) -> None:
        """The sheet shows every message of this channel that was handed over. Raises CannotSend without a number."""
        if not recipient.phone:
            raise CannotSend("the recipient has no telephone number", retry=False)
