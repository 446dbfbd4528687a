"""Which addresses of the network a source may lead us to: public ones, and its own where its settings allow that."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

import httpx

Address = IPv4Address | IPv6Address
#: RFC 6052: an IPv4 address behind a translator stands in the last 32 bits.
_NAT64 = IPv6Network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}
LONGEST_URL = 2000


class CannotFetch(Exception):
    """A document was not got. `code` is stable; `retry_after` is that header of the answer, "" without one.

    Codes: bad_address, private_address, unreachable, too_many_redirects, downgraded, too_large, too_slow,
    bad_encoding, http_status.
    """

    def __init__(self, code: str, text: str, retry_after: str = "") -> None:
        super().__init__(text)
        self.code, self.text, self.retry_after = code, text, retry_after


class Origin(NamedTuple):
    """Scheme, host and port: what a token and a permission are tied to."""

    scheme: str
    host: str
    port: int


def read_url(text: str) -> httpx.URL:
    """An address of http or https with a host and without a password in it. Raises CannotFetch."""
    try:
        url = httpx.URL(text[: LONGEST_URL + 1])
    except httpx.InvalidURL as exc:
        raise CannotFetch("bad_address", f"{text[:200]!r} is no address: {exc}") from exc
    if len(text) > LONGEST_URL or url.scheme not in _PORTS or not url.host or url.userinfo:
        raise CannotFetch("bad_address", f"{text[:200]!r} is no plain address of http or https")
    return url


def origin_of(url: httpx.URL) -> Origin:
    """Where an address leads, the usual port filled in."""
    return Origin(url.scheme, url.host.lower(), url.port or _PORTS[url.scheme])


def is_public(address: Address) -> bool:
    """Whether an address is of the public network, also inside the forms that carry an IPv4 address in an IPv6 one."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_ours(address: Address) -> bool:
    """Whether an address can be a machine of one's own network: private or this machine, never link-local."""
    plain = _inner(address) or address
    is_none = plain.is_unspecified or plain.is_multicast or plain.is_link_local
    return not is_none and (plain.is_private or plain.is_loopback)


def _inner(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


async def resolve(url: httpx.URL, *, may_be_ours: bool) -> tuple[Address, ...]:
    """The addresses behind a URL's host; all must be allowed. Raises CannotFetch: unreachable, private_address."""
    origin = origin_of(url)
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise CannotFetch("unreachable", f"{origin.host}: no such host ({exc})") from exc
    addresses = tuple(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
    for address in addresses:
        if not (is_public(address) or (may_be_ours and is_ours(address))):
            raise CannotFetch("private_address", f"{origin.host} is {address}, which is no public address")
    return addresses
