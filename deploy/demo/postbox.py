"""Where the demo's mail goes: a small SMTP server (RFC 5321) of its own that keeps each letter and sends none on."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage

LIMIT = 1024 * 1024
_ANSWERS = {b"EHLO": b"250 postbox", b"HELO": b"250 postbox", b"DATA": b"354 go on", b"QUIT": b"221 bye"}
_TAKEN = frozenset({b"MAIL", b"RCPT", b"RSET", b"NOOP"})


class Letter:
    """One delivery: who got it, which message it was (its Message-ID without the domain), and its words."""

    def __init__(self, raw: bytes) -> None:
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.raw = raw
        self.to = str(parsed["To"].addresses[0].addr_spec) if parsed["To"] else ""
        self.id = str(parsed["Message-ID"] or "").strip().strip("<>").partition("@")[0]
        body = parsed.get_body(("plain",))
        self.words = "" if body is None else str(body.get_content())


class Postbox:
    """Takes letters on a free port of this machine until it is closed; `notice` hears of each."""

    def __init__(self, notice: Callable[[Letter], None]) -> None:
        self._notice = notice
        self._server: asyncio.Server | None = None
        self.letters: list[Letter] = []
        self.port = 0

    async def open(self) -> None:
        """Take letters from now on."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Take none any more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"220 postbox\r\n")
            while (line := await reader.readline()) and await self._answer(line.strip()[:4].upper(), reader, writer):
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever was killed while sending sends again
        finally:
            writer.close()

    async def _answer(self, verb: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one command; False after the last one."""
        said = b"250 ok" if verb in _TAKEN else _ANSWERS.get(verb, b"502 not here")
        writer.write(said + b"\r\n")
        if verb == b"DATA":
            await writer.drain()
            self._keep(await reader.readuntil(b"\r\n.\r\n"))
            writer.write(b"250 taken\r\n")
        return verb != b"QUIT"

    def _keep(self, sent: bytes) -> None:
        lines = sent.removesuffix(b".\r\n").split(b"\r\n")
        letter = Letter(b"\r\n".join(line.removeprefix(b".") for line in lines))  # RFC 5321, 4.5.2
        self.letters.append(letter)
        self._notice(letter)
