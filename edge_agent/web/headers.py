"""What protects every answer and every change: security headers, the origin check, and a bound on bodies."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Only our own files; nothing inline, nothing framed, forms only back to us.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: browsers then say `Origin: null` for forms; a page with a token in its address says it itself
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
#: Methods that change nothing (RFC 9110 section 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES = 64 * 1024
#: Files that came with the program, with an ETag each.
STATIC = "/static/"


@dataclass(frozen=True)
class Shield:
    """ASGI middleware around a whole application.

    `origin` is the public origin, `https://host`; empty means that the request's own host is the only one. `keyed` are
    paths, each ending in a slash, below which the request itself carries its right: no session speaks for the visitor,
    so that a foreign page has nothing to misuse, and a browser that says `Origin: null` is served. `bounds` says how
    many bytes a body may have below such a path, where that is not MAX_BODY_BYTES.
    """

    app: ASGIApp
    origin: str = ""
    keyed: tuple[str, ...] = ()
    bounds: tuple[tuple[str, int], ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what must not pass, and put the headers on every answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        guarded = _with_headers(send, self.is_https(scope), self.is_keyed(scope), _caching(scope))
        if refusal := self.refuse(scope):
            await refusal(scope, receive, guarded)
        else:
            await self.app(scope, _bounded(receive, self.most_bytes(scope)), guarded)

    def is_https(self, scope: Scope) -> bool:
        """Whether people reach this application over TLS, here or at a proxy in front."""
        return self.origin.startswith("https://") or scope["scheme"] == "https"

    def is_keyed(self, scope: Scope) -> bool:
        """Whether the request's path is below one of `keyed`."""
        return bool(scope["path"].startswith(self.keyed))

    def refuse(self, scope: Scope) -> JSONResponse | None:
        """The refusal of a changing request from another origin, or of one that is too large."""
        headers = Headers(scope=scope)
        if int(_digits(headers.get("content-length", "0"))) > self.most_bytes(scope):
            return _refusal(413, "too_large", "Send less at once.")
        if scope["method"] in SAFE_METHODS or self.is_keyed(scope) or self.is_own(scope, headers):
            return None
        return _refusal(403, "foreign_origin", "Send the request from the console's own pages.")

    def most_bytes(self, scope: Scope) -> int:
        """How large the body of a request may be."""
        return next((most for prefix, most in self.bounds if scope["path"].startswith(prefix)), MAX_BODY_BYTES)

    def is_own(self, scope: Scope, headers: Headers) -> bool:
        """Whether Origin, else Referer, names this application; a request with neither is refused."""
        own = self.origin or f"{scope['scheme']}://{headers.get('host', '')}"
        said = headers.get("origin") or headers.get("referer", "")
        try:
            parts = urlsplit(said)
        except ValueError:  # no address at all
            return False
        return bool(parts.netloc) and f"{parts.scheme}://{parts.netloc}" == own.rstrip("/")


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) < 16 else str(2**62)


def _refusal(status: int, code: str, remedy: str) -> JSONResponse:
    document = {
        "type": "about:blank",
        "title": "The request was refused.",
        "status": status,
        "code": code,
        "detail": None,
        "field": None,
        "remedy": remedy,
    }
    return JSONResponse(document, status, media_type="application/problem+json")


def _caching(scope: Scope) -> str:
    """Nothing is kept but our own files, and these are asked for again: the answer is short while they are the same."""
    return "no-cache" if scope["path"].startswith(STATIC) else "no-store"


def _with_headers(send: Send, secure: bool, keyed: bool, caching: str) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if keyed:  # the address itself is a secret, also where it is refused
                headers.setdefault("Referrer-Policy", "no-referrer")
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", caching)
            if secure:
                headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        await send(message)

    return wrapped


class BodyTooLarge(Exception):
    """A chunked body passed the bound; the connection ends."""


def _bounded(receive: Receive, most: int) -> Receive:
    taken = 0

    async def wrapped() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise BodyTooLarge(f"more than {most} bytes")
        return message

    return wrapped
