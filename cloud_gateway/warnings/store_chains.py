"""Says which chain a new message belongs to: all messages that may speak of one warning have the same one.

A chain here is a little wider than the lifecycle's: also what one sender says of another's message is looked at
together, so that it can be told as not counted. Nothing else needs to be read to follow a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils import uuid7

from cloud_gateway.warnings.chains import name_of, references_of
from cloud_gateway.warnings.model import Alert
from cloud_gateway.warnings.tables import alert, chain_key

#: Other senders' messages that one message may name and be looked at with.
MOST_FOREIGN = 20
_AT_ONCE = 500


def keys_of(said: Alert, *, simulated: bool) -> tuple[str, ...]:
    """What a message has in common with others of its chain: names and its event key, the own name first.

    What is simulated never shares a chain with what is not.
    """
    world = "simulated" if simulated else "real"
    own = name_of(said.key)[0]
    names = [name_of(said.key), *_references(said, own)]
    keys = ["\t".join((world, "message", *name)) for name in names]
    if said.event_key:
        keys.append("\t".join((world, "event", own, said.event_key)))
    return tuple(dict.fromkeys(keys))


def _references(said: Alert, own: str) -> Iterator[tuple[str, str]]:
    """The names that references may mean: as written, and as the sender's own, which some write otherwise."""
    foreign = 0
    for key in references_of(said):
        sender, identifier = name_of(key)
        yield own, identifier
        if sender != own and foreign < MOST_FOREIGN:
            foreign += 1
            yield sender, identifier


async def place_in_chains(connection: AsyncConnection, alerts: Sequence[Alert], *, simulated: bool) -> list[str]:
    """The chain of each new message; chains that it joins become one."""
    keys = [keys_of(said, simulated=simulated) for said in alerts]
    known = await _find_chains(connection, {key for some in keys for key in some})
    union = _Union(known)
    chains = [union.join(some) for some in keys]
    for old, new in union.merged():
        for table in (alert, chain_key):
            await connection.execute(update(table).where(table.c.chain == old).values(chain=new))
    added = [{"key": key, "chain": chain} for key, chain in union.added()]
    for start in range(0, len(added), _AT_ONCE):
        await connection.execute(upsert(chain_key).on_conflict_do_nothing(), added[start : start + _AT_ONCE])
    return [union.find(chain) for chain in chains]


async def _find_chains(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, str]:
    wanted = sorted(keys)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(chain_key.c.key, chain_key.c.chain).where(chain_key.c.key.in_(wanted[start : start + _AT_ONCE]))
        found |= {row.key: row.chain for row in await connection.execute(query)}
    return found


class _Union:
    """Chains by key, and which of them have become one; the older one's id stays."""

    def __init__(self, known: dict[str, str]) -> None:
        self._known = known
        self._chain_of = dict(known)
        self._into: dict[str, str] = {}

    def find(self, chain: str) -> str:
        """What has become of a chain."""
        while chain in self._into:
            chain = self._into[chain]
        return chain

    def join(self, keys: Iterable[str]) -> str:
        """Make one chain of all that have one of the keys."""
        keys = tuple(keys)
        found = sorted({self.find(self._chain_of[key]) for key in keys if key in self._chain_of}) or [str(uuid7())]
        self._into |= dict.fromkeys(found[1:], found[0])
        self._chain_of |= dict.fromkeys(keys, found[0])
        return found[0]

    def merged(self) -> Iterator[tuple[str, str]]:
        """Stored chains that are now part of another."""
        yield from ((old, self.find(old)) for old in sorted(set(self._known.values())) if old in self._into)

    def added(self) -> Iterator[tuple[str, str]]:
        """Keys that are new, with their chains."""
        yield from ((key, self.find(chain)) for key, chain in self._chain_of.items() if key not in self._known)
