"""The stand-alone verifier as a file that anybody can take from this gateway, and its digest."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from cloud_gateway.ratings.visitors import AtPace, seal

router = APIRouter(include_in_schema=False)
FILE = "weiran_verify.py"
ADDRESS = f"/{FILE}"


@dataclass(frozen=True)
class Verifier:
    """`data` is the file as it stands in the package; `sha256` its digest, 64 hexadecimal characters."""

    data: bytes
    sha256: str


@cache
def read_verifier() -> Verifier:
    """Read once: it changes with the release alone. Raises OSError."""
    data = Path(__file__).with_name(FILE).read_bytes()
    return Verifier(data, hashlib.sha256(data).hexdigest())


@router.get(ADDRESS)
async def give_verifier(_pace: AtPace) -> Response:
    """The file, its digest in `Repr-Digest` (RFC 9530)."""
    verifier = read_verifier()
    digest = base64.b64encode(bytes.fromhex(verifier.sha256)).decode()
    headers = {"Content-Disposition": f'attachment; filename="{FILE}"', "Repr-Digest": f"sha-256=:{digest}:"}
    return seal(Response(verifier.data, 200, headers, "text/x-python"))
