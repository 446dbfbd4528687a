"""The form of personal text on the wire: sealed to the gateway's key, so that nobody on the way can read it."""

from __future__ import annotations

from typing import Annotated, NewType

from msgspec import Meta

PREFIX = "sealed/1:"
#: A text that has been sealed; only `edge_agent.proof.sealing.seal` makes one.
SealedText = NewType("SealedText", str)
#: A personal field of a body: text in the clear is refused by the type checker, and by who decodes it.
Sealed = Annotated[SealedText, Meta(pattern=r"^sealed/1:[A-Za-z0-9+/]{64,}={0,2}\Z")]
