"""Who may read and who may enter what is about service; what a regulator looks at is written down."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from cloud_gateway.database import transaction
from cloud_gateway.ratings.store_figures import note_view
from cloud_gateway.running import gateway_of, now_ms
from cloud_gateway.staff.guard import require_role
from cloud_gateway.staff.roles import Role
from cloud_gateway.staff.store import Staff

WRITERS = (Role.COUNTER_MANAGER, Role.OPERATIONS, Role.ADMINISTRATOR)
_admit = require_role(*WRITERS, Role.REGULATOR)


async def require_reader(request: Request) -> Staff:
    """Whoever may read; a regulator's look is written down before anything is shown. Raises Problem 401, 403."""
    who = await _admit(request)
    if who.role == Role.REGULATOR:
        async with transaction(gateway_of(request).engine) as connection:
            await note_view(connection, who.name, request.url.path, now_ms())
    return who


Reader = Annotated[Staff, Depends(require_reader)]
Writer = Annotated[Staff, Depends(require_role(*WRITERS))]
