"""The document that is published of a period, byte for byte what docs/publication.md says. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from cloud_gateway.evidence.entries import Json, encode_json
from cloud_gateway.ratings.cells import (
    LEVELS,
    Place,
    Row,
    Served,
    ServiceDay,
    Tally,
    leave_out,
    tally_rows,
    tally_services,
)
from cloud_gateway.ratings.days import Period
from cloud_gateway.ratings.figures import WEIGHT, lower_median, shrink_score, wilson
from cloud_gateway.ratings.model import BAD_UPTO

FORMAT = 1
ALL = Place(0, "", "")


def write_publication(period: Period, rows: Iterable[Row], services: Iterable[ServiceDay], size: int, k: int) -> bytes:
    """The document: canonical JSON and a line feed. `rows` and `services` are those of the first `size` entries."""
    document: dict[str, Json] = {
        "publication": FORMAT,
        "period": period.name,
        "first": period.first,
        "last": period.last,
        "size": size,
        "k": k,
        "weight": WEIGHT,
        "ratings": _rating_tables([row for row in rows if lies_in(row.day, period)], k),
        "services": _service_cells([one for one in services if lies_in(one.day, period)], k),
    }
    return encode_json(document) + b"\n"


def lies_in(day: str, period: Period) -> bool:
    """Whether a local day lies in a period."""
    return period.first <= day <= period.last


def note_text(name: str, period: str, size: int, document: bytes, edition: int) -> str:
    """What is signed of a publication; `name` is the log's."""
    digest = hashlib.sha256(document).hexdigest()
    return f"weiran publication {FORMAT}\n{name}\n{period}\n{size}\n{digest}\n{edition}\n"


def _rating_tables(rows: Sequence[Row], k: int) -> list[Json]:
    tables: list[Json] = []
    for (channel, scale), table in tally_rows(rows).items():
        out = leave_out({place: tally.n for place, tally in table.items()}, k)
        whole = table[ALL].counts
        cells = [_place(at) | (_LEFT_OUT if at in out else _ratings(tally, whole, k)) for at, tally in table.items()]
        tables.append({"channel": channel, "scale": scale, "cells": cells})
    return tables


def _service_cells(days: Sequence[ServiceDay], k: int) -> list[Json]:
    cells = tally_services(days)
    out = leave_out({place: cell.n for place, cell in cells.items()}, k)
    return [_place(at) | (_LEFT_OUT if at in out else _services(cell)) for at, cell in cells.items()]


_LEFT_OUT: dict[str, Json] = {"left_out": True}


def _place(place: Place) -> dict[str, Json]:
    return {"level": LEVELS[place.level], "station": place.station, "name": place.name}


def _ratings(tally: Tally, whole: Sequence[int], k: int) -> dict[str, Json]:
    score = shrink_score(tally.counts, whole)
    bad = wilson(sum(tally.counts[: BAD_UPTO[len(tally.counts)]]), tally.n)
    return {
        "n": tally.n,
        "counts": tally.counts,
        "score": score.score,
        "low": score.low,
        "high": score.high,
        "bad": bad.share,
        "bad_low": bad.low,
        "bad_high": bad.high,
        "waited_n": len(tally.waits),
        "wait_s": lower_median(tally.waits) if len(tally.waits) >= k else None,
    }


def _services(cell: Served) -> dict[str, Json]:
    share = wilson(cell.answered, cell.invited) if 0 < cell.invited >= cell.answered else None
    return {
        "served": cell.served,
        "invited": cell.invited,
        "answered": cell.answered,
        "not_invited": {reason: n for reason, n in cell.not_invited.items() if n},
        "share": share.share if share else None,
        "share_low": share.low if share else None,
        "share_high": share.high if share else None,
    }
