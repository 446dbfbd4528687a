"""Keys that two parties share (HMAC, RFC 2104): each in a file that its owner alone may read."""

from __future__ import annotations

from pathlib import Path

from edge_agent.wire.tls import CredentialError, check_private

KEY_BYTES = 32


def read_shared_key(file: Path) -> bytes:
    """The key in a file. Raises CredentialError for one that others can read, or that is short."""
    check_private(file)
    try:
        secret = file.read_bytes().strip()
    except OSError as exc:
        raise CredentialError(f"{file}: {exc.strerror}; name the file of the key") from exc
    if len(secret) < KEY_BYTES:
        text = f"{file}: a shared key has {KEY_BYTES} bytes or more, this one {len(secret)}; make another"
        raise CredentialError(text)
    return secret
