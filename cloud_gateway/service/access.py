"""Decides who may read the metrics: who has the token, or, where there is none, a program of this machine."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from edge_agent.wire.tls import CredentialError, check_private

#: What a proxy adds to the requests that it passes on.
PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
#: A shorter token could be guessed.
LEAST_CHARACTERS = 16


class NoToken(Exception):
    """The token's file cannot be used; the text says why."""


@dataclass(frozen=True)
class Asker:
    """Who asks: the address of the connection, what it shows as its right, whether a proxy passed it on."""

    address: str
    authorization: str = ""
    passed_on: bool = False


def may_read(asker: Asker, token: str | None, has_origin: bool) -> bool:
    """Whether metrics are for this asker; `has_origin`: the process is reached by a public address, so by a proxy."""
    if token is not None:
        return hmac.compare_digest(asker.authorization.encode(), f"Bearer {token}".encode())
    return not has_origin and not asker.passed_on and _is_loopback(asker.address)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    inner = getattr(found, "ipv4_mapped", None)
    return (inner or found).is_loopback


def asker_of(request: Request) -> Asker:
    """Who asks by this request."""
    address = request.client.host if request.client else ""
    passed_on = any(name in request.headers for name in PASSED_ON)
    return Asker(address, request.headers.get("authorization", ""), passed_on)


def read_token(file: Path | None) -> str | None:
    """The token, read anew for each request so that it can be exchanged; None without a file. Raises NoToken."""
    if file is None:
        return None
    try:
        check_private(file)
        token = file.read_text().strip()
    except (OSError, ValueError, CredentialError) as exc:
        raise NoToken(str(exc)) from exc
    if len(token) < LEAST_CHARACTERS:
        raise NoToken(f"{file} holds fewer than {LEAST_CHARACTERS} characters")
    return token
