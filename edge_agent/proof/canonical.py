"""The one form of a JSON value that hashes and signatures are taken of: RFC 8785, by the package of that name."""

from __future__ import annotations

from typing import cast

import rfc8785

from edge_agent.proof.digest import digest


class CanonicalError(ValueError):
    """The value has no canonical form: a number that a double cannot hold, a broken text, too deep."""


def canonical(value: object) -> bytes:
    """A decoded JSON value in its one form. Raises CanonicalError."""
    try:
        return rfc8785.dumps(cast("str", value))  # its own type of JSON is private
    except (ValueError, RecursionError) as exc:  # an integer too long to be told is a plain ValueError
        raise CanonicalError(str(exc)) from exc


def canonical_hash(value: object) -> str:
    """SHA-256 of the canonical form, 64 hexadecimal characters. Raises CanonicalError."""
    return digest(canonical(value))
