"""Messages taken one after the other, as a source might deliver them: where each leaves its warning, and the end."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cloud_gateway.warnings.chains import sift
from cloud_gateway.warnings.course import Course
from cloud_gateway.warnings.lifecycle import follow
from cloud_gateway.warnings.model import Alert, AlertKey

#: How messages may arrive.
ORDERS = ("sent", "reversed", "shuffled")


class Taken(NamedTuple):
    """A message just taken, and the warning that it belongs to at `now`: the newest `sent` of all taken so far."""

    alert: Alert
    course: Course
    now: int


def arrange(alerts: Iterable[Alert], order: str, seed: int = 0) -> list[Alert]:
    """The messages, each once, in one of ORDERS; `seed` is for "shuffled"."""
    kept, _ = sift(alerts)
    if order == "shuffled":
        return random.Random(seed).sample(kept, len(kept))  # noqa: S311 - an order, not a secret
    return kept[::-1] if order == "reversed" else kept


def replay(alerts: Sequence[Alert]) -> Iterator[Taken]:
    """Take `alerts` in the order given. Only the messages of one chain are followed anew for each of them."""
    chain_of = {member: course.root for course in follow(alerts, (), 0) for member in course.members}
    taken: dict[AlertKey, list[Alert]] = {}
    now = 0
    for alert in alerts:
        now = max(now, alert.sent)
        chain = taken.setdefault(chain_of[alert.key], [])
        chain.append(alert)
        course = next(course for course in follow(chain, (), now) if alert.key in course.members)
        yield Taken(alert, course, now)
