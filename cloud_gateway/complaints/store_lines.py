"""What was said in the steps of a complaint: their rows, with the texts that the evidence log still holds."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_gateway.complaints.lifecycle import State, Step
from cloud_gateway.complaints.model import Line
from cloud_gateway.complaints.tables import complaint_step
from cloud_gateway.evidence.tables import evidence_text

_s, _t = complaint_step.c, evidence_text.c


async def read_texts(connection: AsyncConnection, places: Collection[int]) -> dict[tuple[int, str], str]:
    """Texts by the place of their entry and their field; what was masked or erased is not there."""
    shown = _t.place.in_(places) & _t.text.is_not(None) & _t.masked_by.is_(None) & _t.erased_by.is_(None)
    rows = await connection.execute(select(_t.place, _t.path, _t.text).where(shown))
    return {(row.place, row.path.removeprefix("body.")): row.text for row in rows}


async def list_lines(connection: AsyncConnection, number: str) -> list[Line]:
    """The steps of a complaint in their order."""
    rows = (await connection.execute(select(complaint_step).where(_s.complaint == number).order_by(_s.number))).all()
    texts = await read_texts(connection, {row.place for row in rows})
    return [
        Line(
            row.number,
            Step(row.step),
            State(row.state),
            row.at,
            row.by,
            row.to,
            date.fromisoformat(row.due),
            row.place,
            texts.get((row.place, "text")),
            texts.get((row.place, "approved_by")),
        )
        for row in rows
    ]
