"""What a rating by telephone is committed to before its batch: the text whose salted hash its entry holds. Pure."""

from __future__ import annotations

import msgspec
from msgspec import Struct

#: The text's path, from the entry's body and from its top.
FIELD = "given"
PATH = f"body.{FIELD}"


class Commitment(Struct, frozen=True):
    """What the row of the count says of the rating; `day` local, `id` the row's."""

    id: str
    stage: str
    scale: int
    score: int
    station: str
    clerk: str
    day: str

    @property
    def facts(self) -> dict[str, object]:
        """What the row has to say, but for its id."""
        said: dict[str, object] = {name: getattr(self, name) for name in self.__struct_fields__ if name != "id"}
        return said | {"channel": "phone", "counter": "", "wait_s": None}


_encoder, _decoder = msgspec.json.Encoder(order="sorted"), msgspec.json.Decoder(Commitment)


def write_commitment(commitment: Commitment) -> str:
    """The text: canonical JSON."""
    return _encoder.encode(commitment).decode()


def read_commitment(text: str) -> Commitment:
    """The commitment back from its text. Raises msgspec.DecodeError."""
    return _decoder.decode(text)
