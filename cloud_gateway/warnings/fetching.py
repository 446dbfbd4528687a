"""Gets documents of sources over HTTP, each bounded in size, time and redirects, from public addresses only.

The address that was checked is the one that is connected to: every hop is resolved once, and the name goes along in
`Host` and in TLS. So neither a redirect nor a name that changes its mind leads inside.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import NamedTuple

import httpx

from cloud_gateway.warnings.addresses import Address, CannotFetch, Origin, origin_of, read_url, resolve

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = "application/cap+xml, application/atom+xml, application/rss+xml, application/json, */*;q=0.5"
_ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")


@dataclass(frozen=True)
class Bounds:
    """How much one document may cost."""

    size: int = 8 * 1024 * 1024  # bytes, as sent and as unpacked
    total_s: float = 60.0
    step_s: float = 20.0  # connecting, or waiting for the next bytes
    redirects: int = 5


class Ask(NamedTuple):
    """What is asked for. `own` is the one origin that may be of our own network; the token goes to `home` only."""

    url: str
    home: Origin | None = None
    own: Origin | None = None
    token: str = ""
    etag: str = ""
    modified: str = ""


class Answer(NamedTuple):
    """A document; `body` is None where the publisher says that it has not changed. `url` is where it was at last."""

    body: bytes | None
    etag: str
    modified: str
    url: str


class Fetcher:
    """Gets documents; one for a process. Never uses a proxy or credentials of the environment."""

    def __init__(self, bounds: Bounds | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._tls = tls or httpx.create_ssl_context()
        self._agent = f"weiran/{version('weiran')}"

    async def fetch(self, ask: Ask) -> Answer:
        """The document, or word that it has not changed. Raises CannotFetch."""
        try:
            async with asyncio.timeout(self._bounds.total_s):
                return await self._follow(ask)
        except (TimeoutError, httpx.TimeoutException) as exc:
            raise CannotFetch("too_slow", f"no whole answer within {self._bounds.total_s:g} s") from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise CannotFetch("unreachable", f"{type(exc).__name__}: {exc}"[:300]) from exc

    async def _follow(self, ask: Ask) -> Answer:
        url = read_url(ask.url)
        for _ in range(self._bounds.redirects + 1):
            reached = await self._hop(url, ask)
            if isinstance(reached, Answer):
                return reached
            if url.scheme == "https" and reached.scheme == "http":
                raise CannotFetch("downgraded", f"redirected from https to {str(reached)[:200]}")
            url = reached
        raise CannotFetch("too_many_redirects", f"more than {self._bounds.redirects} redirects")

    async def _hop(self, url: httpx.URL, ask: Ask) -> Answer | httpx.URL:
        """What is at `url`, or where it sends us."""
        addresses = await resolve(url, may_be_ours=ask.own == origin_of(url))
        async with self._open(url, addresses, self._headers(url, ask)) as response:
            if response.status_code in _REDIRECTS and "location" in response.headers:
                return read_url(str(url.join(response.headers["location"])))
            if response.status_code not in (200, 304):
                retry_after = response.headers.get("retry-after", "")
                raise CannotFetch("http_status", f"HTTP status {response.status_code}", retry_after[:60])
            body = None if response.status_code == 304 else await self._read(response)
            etag, modified = (response.headers.get(name, "")[:300] for name in ("etag", "last-modified"))
            if body is None:
                etag, modified = etag or ask.etag, modified or ask.modified
            return Answer(body, etag, modified, str(url))

    def _headers(self, url: httpx.URL, ask: Ask) -> dict[str, str]:
        headers = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": self._agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": "gzip, deflate",
            "If-None-Match": ask.etag,
            "If-Modified-Since": ask.modified,
        }
        if ask.token and ask.home == origin_of(url):
            headers["Authorization"] = f"Bearer {ask.token}"
        return {name: value for name, value in headers.items() if value}

    @asynccontextmanager
    async def _open(
        self, url: httpx.URL, addresses: tuple[Address, ...], headers: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """A connection to the first address that takes one; none is kept, so that names never share one."""
        async with httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=self._bounds.step_s) as client:
            response = await self._send(client, url, addresses, headers)
            try:
                yield response
            finally:
                await response.aclose()

    async def _send(
        self, client: httpx.AsyncClient, url: httpx.URL, addresses: tuple[Address, ...], headers: dict[str, str]
    ) -> httpx.Response:
        failure: httpx.TransportError | None = None
        for address in addresses:
            request = client.build_request("GET", url.copy_with(host=str(address)), headers=headers)
            request.extensions["sni_hostname"] = url.raw_host.decode("ascii")
            try:
                return await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                failure = exc
        raise failure or CannotFetch("unreachable", f"{url.host}: no address")

    async def _read(self, response: httpx.Response) -> bytes:
        unpack = _Unpacking(response.headers.get("content-encoding", "").strip().lower(), self._bounds.size)
        async for chunk in response.aiter_raw():
            unpack.feed(chunk)
        return unpack.whole()


class _Unpacking:
    """Gathers a body while it comes, unpacked; nothing is ever unpacked beyond the bound. Raises CannotFetch."""

    def __init__(self, encoding: str, most: int) -> None:
        if encoding not in _ENCODINGS:
            raise CannotFetch("bad_encoding", f"content encoding {encoding[:40]!r}")
        self._is_packed = encoding not in ("", "identity")
        self._most = most
        self._sent = 0
        self._body = bytearray()
        self._inflate = zlib.decompressobj(wbits=47)  # gzip or zlib, by its first bytes

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._sent += len(chunk)
        self._body += self._unpack(chunk) if self._is_packed else chunk
        if max(self._sent, len(self._body)) > self._most:
            raise CannotFetch("too_large", f"more than {self._most} bytes")

    def whole(self) -> bytes:
        """The body; it must have come to its end."""
        if self._is_packed and self._sent and not self._inflate.eof:
            raise CannotFetch("bad_encoding", "the packed body ends too early")
        return bytes(self._body)

    def _unpack(self, chunk: bytes) -> bytes:
        try:
            unpacked = self._inflate.decompress(chunk, self._most - len(self._body) + 1)
        except zlib.error as exc:
            raise CannotFetch("bad_encoding", f"the packed body is damaged: {exc}") from exc
        if self._inflate.unconsumed_tail:
            raise CannotFetch("too_large", f"more than {self._most} bytes when unpacked")
        return unpacked
