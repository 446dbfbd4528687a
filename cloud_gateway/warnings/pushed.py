"""Takes what a source posts to us: who it is by its token, then what of it can be used."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.database import transaction
from cloud_gateway.warnings.admission import Admitted, read_certificate
from cloud_gateway.warnings.model import Refused
from cloud_gateway.warnings.polling import Taken, read_token, take
from cloud_gateway.warnings.receipts import NotTaken, Receipt
from cloud_gateway.warnings.settings import Source
from cloud_gateway.warnings.store import save_admitted
from cloud_gateway.warnings.store_sources import note_answer


def find_pusher(sources: Sequence[Source], name: str, token: str) -> Source | None:
    """The source of that name whose token this is; None for any other, in the same time. Raises OSError, ValueError."""
    source = next((one for one in sources if one.name == name), None)
    wanted = "" if source is None or source.kind != "push" else read_token(source)
    is_right = secrets.compare_digest(token.encode(), wanted.encode())
    return source if is_right and wanted else None


async def take_push(engine: AsyncEngine, source: Source, body: bytes, now: int) -> Receipt:
    """Store what was posted; an empty body is a sign of life. Raises OSError, ValueError for its certificate."""
    certificate = read_certificate(source)
    taken = await asyncio.to_thread(take, source, body, "", certificate) if body.strip() else Taken(Admitted())
    async with transaction(engine) as connection:
        saved = await save_admitted(connection, source, taken.admitted, now)
        if not taken.unreadable:
            await note_answer(connection, source.name, now, 0, changed=bool(saved.new))
    refused = [_not_taken(one) for one in (*saved.refused, *[_LINKS] * len(taken.links))]
    return Receipt(list(saved.new), saved.known, refused)


_LINKS = Refused(
    "link_not_followed", "link", "Links of a posted index are not followed", "Post the messages themselves"
)


def _not_taken(reason: Refused) -> NotTaken:
    return NotTaken(reason.code, reason.field, reason.text, reason.remedy)
