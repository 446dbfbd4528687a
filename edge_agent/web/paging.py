"""What all API lists share: times in RFC 3339, pages, cursors and the bounded limit."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field, PlainSerializer

from edge_agent.web.problems import invalid
from edge_agent.web.times import parse_time, rfc3339

Item = TypeVar("Item")
MAX_LIMIT = 1000
#: int ms UTC inside, RFC 3339 with Z in answers.
Time = Annotated[int, PlainSerializer(rfc3339, return_type=str)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="At most so many items.")]
After = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next` is null on the last one."""

    items: list[Item]
    next: str | None = Field(None, description="Give it as `after` to get the next page.")


def make_page(rows: Sequence[Item], limit: int, key: Callable[[Item], Sequence[str | int]]) -> Page[Item]:
    """A page of at most `limit` of the rows; one row more than that tells that another page follows."""
    items = list(rows[:limit])
    return Page(items=items, next=encode_cursor(key(items[-1])) if len(rows) > limit else None)


def encode_cursor(key: Sequence[str | int]) -> str:
    """The place after an item, opaque to callers."""
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).rstrip(b"=").decode()


def decode_cursor(text: str | None, *kinds: type[str] | type[int]) -> list[str | int] | None:
    """The key in a cursor, or None for the first page. Raises Problem for a foreign cursor."""
    if text is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError) as exc:
        raise invalid("after", "this is not a cursor of this list") from exc
    fits = isinstance(key, list) and len(key) == len(kinds)
    if not fits or any(type(k) is not kind for k, kind in zip(key, kinds, strict=True)):
        raise invalid("after", "this is not a cursor of this list")
    if not all(_can_be_bound(k) for k in key):
        raise invalid("after", "this is not a cursor of this list")
    return list(key)


def _can_be_bound(value: str | int) -> bool:
    """Whether a database takes it: no number beyond 64 bits, no half of a surrogate pair."""
    if isinstance(value, int):
        return abs(value) < 2**63
    return not any("\ud800" <= sign <= "\udfff" for sign in value)


def read_time(field: str, text: str) -> int:
    """ms UTC of a time parameter. Raises Problem naming the field."""
    try:
        return parse_time(text)
    except (ValueError, OverflowError) as exc:
        raise invalid(field, str(exc)) from exc
