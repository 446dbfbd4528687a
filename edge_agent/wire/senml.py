"""Readings as SenML packs (RFC 8428): the body of ``reading/1``.

A pack is a JSON array of entries with `n` (stream name), `u` (unit), one of `v`, `vb`, `vs`, and `t`, seconds
relative to the record's `at` (the record stands for the pack's base time; absolute times are not used).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, structs

from edge_agent.wire.messages import Unit

#: Bounded only: who keeps a value checks the name's grammar once for each stream, not once for each value.
Name = Annotated[str, Meta(min_length=1, max_length=32)]
Value = float | bool | str


class Entry(Struct, frozen=True, omit_defaults=True, gc=False):
    """One value of one stream. Exactly one of `v`, `vb`, `vs` is set."""

    n: Name
    u: Unit = ""
    v: float | None = None
    vb: bool | None = None
    vs: Annotated[str, Meta(max_length=200)] | None = None
    t: Annotated[float, Meta(ge=-(2**28) + 1, lt=2**28)] = 0.0

    @property
    def value(self) -> Value:
        """The value, whichever kind it has. Raises ValueError unless exactly one is set."""
        given = [x for x in (self.v, self.vb, self.vs) if x is not None]
        if len(given) != 1:
            raise ValueError(f"entry {self.n!r} needs exactly one of v, vb, vs")
        return given[0]


Pack = Annotated[list[Entry], Meta(min_length=1, max_length=256)]
_decoder = msgspec.json.Decoder(Pack)
_encoder = msgspec.json.Encoder()


def entry(stream: str, unit: str, value: Value, t: float = 0.0) -> Entry:
    """Make an entry with the value in the field of its type. Refuses NaN and infinities by ValueError."""
    given = Entry(stream, unit, t=t) if t else Entry(stream, unit)  # an equal t of 0.0 would be written out
    if isinstance(value, bool):
        return structs.replace(given, vb=value)
    if isinstance(value, str):
        return structs.replace(given, vs=value)
    if not math.isfinite(value):
        raise ValueError(f"stream {stream!r}: {value} is not a finite number")
    return structs.replace(given, v=float(value))


def encode_pack(entries: Iterable[Entry]) -> bytes:
    """Encode entries in the one order used everywhere (time, then name), so equal packs are equal bytes."""
    return _encoder.encode(sorted(entries, key=lambda e: (e.t, e.n)))


def decode_pack(body: bytes | msgspec.Raw) -> list[Entry]:
    """Decode and check a pack. Raises ValueError (msgspec.ValidationError is one) naming what is wrong."""
    return _decoder.decode(body)
