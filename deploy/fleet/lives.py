"""What the gateway's processes took in memory, life by life, and whether a life was flat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

import msgspec

#: Looked at so often, s.
EVERY_S = 10.0
#: All processes of the gateway together, resident MB (10^6 bytes).
MOST_MB = 300.0
#: From the middle of a life to its end, MB.
MOST_GROWTH_MB = 15.0
#: The median of so many looks stands for a moment: one look can fall on a large answer that is being written.
AROUND = 5
#: A life of fewer looks says nothing of growth.
LEAST_LOOKS = 2 * AROUND


class Look(msgspec.Struct, frozen=True):
    """Resident MB of each process at one moment, s since the fleet's begin."""

    seconds: float
    mb: dict[str, float]

    @property
    def whole(self) -> float:
        """All processes together."""
        return round(sum(self.mb.values()), 1)


class Life(msgspec.Struct, frozen=True):
    """From one start of the gateway to its end. `growth_mb` is None for a life too short to say."""

    began_s: float
    ended_s: float
    highest_mb: float
    highest: dict[str, float]
    growth_mb: float | None
    looks: list[Look]

    def find_broken(self) -> Iterator[str]:
        """What the life had to keep, and did not."""
        name = f"the gateway from {self.began_s:.0f} to {self.ended_s:.0f} s"
        if self.highest_mb >= MOST_MB:
            yield f"{name}: took {self.highest_mb} MB, not under {MOST_MB:.0f}"
        if self.growth_mb is not None and self.growth_mb > MOST_GROWTH_MB:
            yield f"{name}: grew by {self.growth_mb} MB from its middle to its end, not at most {MOST_GROWTH_MB:.0f}"


def tell_lives(looks: Sequence[Look], starts: Sequence[float]) -> list[Life]:
    """The looks, parted where the gateway was started again (s since the fleet's begin)."""
    edges = [float("-inf"), *starts, float("inf")]
    parts = [[look for look in looks if low <= look.seconds < high] for low, high in pairwise(edges)]
    return [_tell_life(part) for part in parts if part]


def _tell_life(looks: list[Look]) -> Life:
    names = sorted({name for look in looks for name in look.mb})
    return Life(
        began_s=looks[0].seconds,
        ended_s=looks[-1].seconds,
        highest_mb=max(look.whole for look in looks),
        highest={name: max(look.mb.get(name, 0.0) for look in looks) for name in names},
        growth_mb=measure_growth([look.whole for look in looks]),
        looks=looks,
    )


def measure_growth(wholes: Sequence[float]) -> float | None:
    """MB from the middle to the end of a life, each the median of a few looks; None when there are too few."""
    if len(wholes) < LEAST_LOOKS:
        return None
    first = (len(wholes) - AROUND) // 2
    return round(median(wholes[-AROUND:]) - median(wholes[first : first + AROUND]), 1)
