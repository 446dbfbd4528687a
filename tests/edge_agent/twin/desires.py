"""What a gateway would publish to `config/desired`, well made or not."""

from __future__ import annotations

import msgspec

from edge_agent.proof.canonical import canonical_hash

AT = 1_763_800_000_000


def desire(sections: object, version: int = 1, **other: object) -> bytes:
    """A desired message with the right hash, unless `other` says otherwise."""
    message = {"version": version, "hash": canonical_hash(sections), "sections": sections, "at": AT, "v": 1}
    return msgspec.json.encode(message | other)
