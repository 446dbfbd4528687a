"""A socket that is read in large chunks and written in joined pieces: system calls are most of a message's cost."""

from __future__ import annotations

import contextlib
import socket
import ssl

READ_CHUNK = 256 * 1024
#: The longest record of TLS (RFC 8446, 5.1).
TLS_RECORD = 16 * 1024


class BufferedSocket:
    """What paho asks of a socket (its `SocketLike`), over a non-blocking one."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = b""
        self._position = 0
        self.unsent = bytearray()
        self.fault = ""  # what TLS said last

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; the socket is read only when none are left of the last chunk. Raises OSError."""
        if self._position == len(self._read):
            self._read, self._position = self._receive(), 0
        part = self._read[self._position : self._position + size]
        self._position += len(part)
        return part

    def pending(self) -> int:
        """Bytes that were read and not yet asked for."""
        decrypted = self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0
        return len(self._read) - self._position + decrypted

    def last_words(self) -> str:
        """What TLS said before the other side went away: in TLS 1.3 it refuses a certificate after the handshake."""
        with contextlib.suppress(OSError):
            self._receive()
        return self.fault

    def _receive(self) -> bytes:
        if not isinstance(self._sock, ssl.SSLSocket):
            return self._sock.recv(READ_CHUNK)
        try:
            return _join_records(self._sock)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as exc:
            self.fault = str(exc)
            raise

    def send(self, buffer: bytes | bytearray) -> int:
        """Hold the bytes until `flush`."""
        self.unsent += buffer
        return len(buffer)

    def flush(self) -> bool:
        """Write what is held; returns whether all of it went out. Raises OSError."""
        while self.unsent:
            try:
                sent = self._sock.send(self.unsent)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return False
            del self.unsent[:sent]
        return True

    def fileno(self) -> int:
        """The socket's own number."""
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        """As of the socket."""
        self._sock.setblocking(flag)

    def close(self) -> None:
        """Close the socket; what is held is lost."""
        self._sock.close()


def _join_records(sock: ssl.SSLSocket) -> bytes:
    """What has come. TLS gives one record at a time, and the broker makes one of each packet. Raises OSError."""
    parts = [sock.recv(TLS_RECORD)]
    size = len(parts[0])
    with contextlib.suppress(OSError):  # nothing more now; what ends the connection is met again
        while parts[-1] and size < READ_CHUNK:
            parts.append(sock.recv(TLS_RECORD))
            size += len(parts[-1])
    return b"".join(parts)
