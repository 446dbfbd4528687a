"""Gets lines into a server that may refuse some of them: halves what is refused until the bad line stands alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cloud_gateway.readings.series import StoreUnavailable

MAX_DETAIL = 500
MAX_RETRY_AFTER_S = 300.0
DENIED_RETRY_S = 10.0


class BodyRefused(Exception):
    """The server will not take this body: a line of it is bad, or it is too large. The text is the server's."""


def deliver(lines: Sequence[str], send: Callable[[bytes], None]) -> list[tuple[int, str]]:
    """Send all lines; the indexes of those that the server refuses even alone, with its words.

    `send` raises BodyRefused or StoreUnavailable; the latter goes through, and then nothing counts as stored.
    A server may have taken the good lines of a refused body (InfluxDB 1.x does): sending them again is harmless.
    """
    refused: list[tuple[int, str]] = []
    pending = [(0, len(lines))] if lines else []
    while pending:
        first, end = pending.pop()
        try:
            send("\n".join(lines[first:end]).encode())
        except BodyRefused as exc:
            if end - first == 1:
                refused.append((first, str(exc)))
            else:
                middle = (first + end) // 2
                pending += [(middle, end), (first, middle)]
    return refused


def check_answer(status: int, text: str, retry_after: str | None) -> None:
    """Return for a success. Raises BodyRefused for 400, 413 and 422, StoreUnavailable for the rest."""
    if 200 <= status < 300:
        return
    detail = text.strip()[:MAX_DETAIL]
    if status in (400, 413, 422):
        raise BodyRefused(detail or f"HTTP {status}")
    wait = DENIED_RETRY_S if status in (401, 403) else 1.0
    raise StoreUnavailable(f"the series store answered {status}: {detail}", retry_after_s=_seconds(retry_after, wait))


def _seconds(retry_after: str | None, otherwise: float) -> float:
    """The wait that a Retry-After header asks for (RFC 9110: seconds or a date), within bounds."""
    if retry_after is None:
        return otherwise
    try:
        wait = float(retry_after)
    except ValueError:
        wait = _until(retry_after, otherwise)
    return min(max(wait, 0.1), MAX_RETRY_AFTER_S)


def _until(date: str, otherwise: float) -> float:
    try:
        then = parsedate_to_datetime(date)
    except ValueError:
        return otherwise
    return (then - datetime.now(UTC)).total_seconds() if then.tzinfo else otherwise
