"""The one digest by which a fact is recognised: SHA-256 (FIPS 180-4) of its bytes, in lower-case hexadecimal."""

from __future__ import annotations

import hashlib


def digest(body: bytes) -> str:
    """64 hexadecimal characters."""
    return hashlib.sha256(body).hexdigest()
