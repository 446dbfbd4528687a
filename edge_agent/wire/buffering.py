"""A socket that is read in large chunks and written in joined pieces: system calls are most of a message's cost."""

from __future__ import annotations

import socket
import ssl

READ_CHUNK = 256 * 1024


class BufferedSocket:
    """What paho asks of a socket (its `SocketLike`), over a non-blocking one."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = b""
        self._position = 0
        self.unsent = bytearray()

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; the socket is read only when none are left of the last chunk. Raises OSError."""
        if not self.pending():
            self._read, self._position = self._sock.recv(READ_CHUNK), 0
        part = self._read[self._position : self._position + size]
        self._position += len(part)
        return part

    def pending(self) -> int:
        """Bytes that were read and not yet asked for."""
        return len(self._read) - self._position

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
