"""Notices on site: a message of this channel is sent once the broker has the device's newest notice."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import reading
from cloud_gateway.outreach.model import Recipient
from cloud_gateway.outreach.sending import CannotSend, Letter
from cloud_gateway.outreach.store_notices import find_standing


class NoticeSender:
    """The channel of devices: what one shows follows from the open events at its site, not from single messages."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def send(self, letter: Letter, recipient: Recipient) -> None:
        """See that the broker has what was made known since the letter was made. Raises CannotSend."""
        if not recipient.device:
            raise CannotSend("the recipient has no device", retry=False)
        try:
            async with reading(self._engine) as connection:
                found = await find_standing(connection, recipient.device)
        except SQLAlchemyError as exc:
            raise CannotSend("the notices cannot be read", retry=True) from exc
        if found is None:
            raise CannotSend("the device stands at no site in danger", retry=True)
        if found.said_version < found.version:
            raise CannotSend("the broker does not have the notice yet", retry=True)
