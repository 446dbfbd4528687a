"""How long changed warnings wait for more to come: a burst is settled in few rounds, a grave one at once."""

from __future__ import annotations

from cloud_gateway.warnings.model import Level

#: From this level on nothing waits.
AT_ONCE = Level.SEVERE


class Gathering:
    """Remembers since when something waits, by the gateway's clock and by the machine's, which always goes on."""

    def __init__(self) -> None:
        self._since: tuple[int, int] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether anything waits."""
        return self._since is not None

    def is_over(self, fresh: Level | None, now: int, mono_ms: int, gather_s: float) -> bool:
        """Whether what waits is settled now; `fresh` is the gravest level among it, None where nothing waits."""
        if fresh is None or fresh >= AT_ONCE:
            self._since = None
            return True
        since = self._since = self._since or (now, mono_ms)
        if max(now - since[0], mono_ms - since[1]) < gather_s * 1000:
            return False
        self._since = None
        return True
