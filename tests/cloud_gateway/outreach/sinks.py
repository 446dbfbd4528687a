"""Where messages arrive in tests: a real SMTP server and a real HTTP endpoint, on free ports, with scripted answers."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.provision.authority import Authority, certify_broker, make_authority

LIMIT_S = 60.0
TAKEN = "250 taken"


class PostOffice:
    """What came by mail, as bytes. `to_recipient` and `to_data` are what the server says, until they are changed."""

    def __init__(self) -> None:
        self.port = 0
        self.letters: list[bytes] = []
        self.to_recipient = TAKEN
        self.to_data = TAKEN
        self.safe: list[bool] = []
        self._came = asyncio.Condition()

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.to_data == TAKEN:
            async with self._came:
                self.letters.append(envelope.original_content or b"")
                assert server.transport is not None
                self.safe.append(server.transport.get_extra_info("ssl_object") is not None)
                self._came.notify_all()
        return self.to_data

    async def came(self, count: int = 1) -> list[EmailMessage]:
        """Wait for so many letters."""
        async with asyncio.timeout(LIMIT_S), self._came:
            await self._came.wait_for(lambda: len(self.letters) >= count)
        return [message_from_bytes(raw, policy=policy.default) for raw in self.letters]


@asynccontextmanager
async def post_office(tls: ssl.SSLContext | None = None, *, needs_starttls: bool = False) -> AsyncIterator[PostOffice]:
    """A mail server; with `tls` it speaks TLS from the first byte, or offers STARTTLS and wants it."""
    office = PostOffice()
    loop = asyncio.get_running_loop()
    offered = tls if needs_starttls else None

    def serve() -> SMTP:
        return SMTP(office, tls_context=offered, require_starttls=needs_starttls, enable_SMTPUTF8=False, loop=loop)

    server = await loop.create_server(serve, "127.0.0.1", 0, ssl=None if needs_starttls else tls)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()


def certify(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server on this machine shows, and the file of the authority that has signed it."""
    now = datetime.now(UTC)
    root, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    authority = Authority(root, make_authority(root, now))
    made = certify_broker(authority, "broker.mail-1", ["127.0.0.1"], key.public_key(), now, 10)
    file, ca = folder / "mail.pem", folder / "ca.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem + made.public_bytes(Encoding.PEM))
    ca.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, ca


class Hook:
    """What came by HTTP, as JSON. `status` is what is answered; with `held` set nothing is, until it is cleared."""

    def __init__(self) -> None:
        self.port = 0
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.open = asyncio.Event()
        self.open.set()
        self._came = asyncio.Condition()

    @property
    def address(self) -> str:
        """For apprise."""
        return f"json://127.0.0.1:{self.port}/hook"

    async def came(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait for so many bodies."""
        async with asyncio.timeout(LIMIT_S), self._came:
            await self._came.wait_for(lambda: len(self.bodies) >= count)
        return self.bodies

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and answer it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head.split("\r\n")}
        body = await reader.readexactly(int(fields["content-length"]))
        async with self._came:
            self.bodies.append(json.loads(body))
            self.paths.append(head.split(" ")[1])
            self._came.notify_all()
        await self.open.wait()
        writer.write(f"HTTP/1.1 {self.status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def hook() -> AsyncIterator[Hook]:
    """An HTTP endpoint until the block ends."""
    made = Hook()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.open.set()
        server.close()
