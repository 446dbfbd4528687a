"""Photos of clerks: small JPEG or PNG files that fit into a terminal's notice."""

from __future__ import annotations

import base64
import binascii

#: Bytes of a photo; base64 makes a third more of it.
MAX_BYTES = 9000
#: How a JPEG and a PNG file begin and end.
FORMS = ((b"\xff\xd8\xff", b"\xff\xd9"), (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"))


def write_photo(raw: bytes) -> str:
    """The photo in base64. Raises ValueError saying what is wrong with it."""
    if len(raw) > MAX_BYTES:
        raise ValueError(f"a photo of {len(raw)} bytes; at most {MAX_BYTES}")
    if not any(raw.startswith(begin) and raw.endswith(end) for begin, end in FORMS):
        raise ValueError("a photo that is neither a JPEG nor a PNG file")
    return base64.b64encode(raw).decode()


def check_photo(text: str) -> str:
    """The same photo as it is stored; empty for none. Raises ValueError."""
    if not text:
        return ""
    try:
        return write_photo(base64.b64decode(text, validate=True))
    except binascii.Error as exc:
        raise ValueError("a photo that is no base64") from exc
