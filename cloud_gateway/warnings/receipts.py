"""What a source is answered that has posted warnings to us."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotTaken:
    """One message that was refused, and why."""

    code: str
    field: str
    detail: str
    remedy: str


@dataclass(frozen=True)
class Receipt:
    """What became of a post: ids of the new messages, how many were known already, and what was refused."""

    new: list[str]
    known: int
    refused: list[NotTaken]
