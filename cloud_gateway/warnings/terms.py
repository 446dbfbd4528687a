"""CAP's words of a fixed list, read from feeds that spell them in their own way."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from cloud_gateway.warnings.model import Finding

Term = TypeVar("Term", bound=StrEnum)


def read_term(field: str, text: str | None, default: Term) -> tuple[Term, tuple[Finding, ...]]:
    """The word of `default`'s list that `text` is, letters in any case; empty is `default`, unknown also a finding."""
    word = (text or "").strip().casefold()
    if not word:
        return default, ()
    found = next((term for term in type(default) if term.value.casefold() == word), None)
    if found is not None:
        return found, ()
    return default, (Finding("unknown_word", field, f"{field} {word[:40]!r} is no word of CAP", "doubtful"),)
