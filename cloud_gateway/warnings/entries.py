"""The door to JSON: bounded, never deeper or larger than a feed of warnings needs; each entry is decoded by itself."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from cloud_gateway.warnings.model import Refused

MAX_BYTES = 8 * 1024 * 1024
#: Values, roughly: what a decoder would have to build in memory. The largest real feed here has 30,000.
MAX_VALUES = 1_000_000
MAX_ENTRIES = 10_000
MAX_DEPTH = 64

Shape = TypeVar("Shape", bound=msgspec.Struct)
Members = dict[str, msgspec.Raw]
_REMEDY = "Ask the publisher for a correct message"


def read_json(raw: bytes) -> Members | list[msgspec.Raw]:
    """The members of the outermost object, or the items of the outermost array, each undecoded.

    UTF-8 with or without a mark at its start, else GB 18030. Raises Refused: too large, too deep, no JSON.
    """
    text = _as_utf8(raw)
    _check_size(text)
    first = text.lstrip()[:1]
    if first not in (b"[", b"{"):
        raise Refused("not_a_warning", "$", "this is neither XML nor a JSON object or array", _REMEDY)
    try:
        if first == b"[":
            return msgspec.json.decode(text, type=list[msgspec.Raw])
        return msgspec.json.decode(text, type=Members)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Refused("not_json", "$", f"this is no JSON: {exc}", _REMEDY) from exc


def members_of(raw: msgspec.Raw | None) -> Members:
    """The members of an object inside; {} where there is none or something else."""
    try:
        return {} if raw is None else msgspec.json.decode(raw, type=Members)
    except msgspec.DecodeError:
        return {}


def items_of(raw: msgspec.Raw | None) -> list[msgspec.Raw] | None:
    """The items of an array inside; None where there is none or something else."""
    try:
        return None if raw is None else msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return None


def decode_entry(raw: bytes, shape: type[Shape]) -> Shape:
    """One entry as a struct; numbers may be written as text. Raises Refused naming the member that is wrong."""
    try:
        return msgspec.json.decode(raw, type=shape, strict=False)
    except msgspec.ValidationError as exc:
        text, _, path = str(exc).partition(" - at ")
        raise Refused("bad_entry", path.strip("`") or "$", text, _REMEDY) from exc
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Refused("bad_entry", "$", f"an entry cannot be read: {exc}", _REMEDY) from exc


def needed(field: str, text: str | None) -> str:
    """`text` without white space around it; raises Refused where it is missing."""
    found = (text or "").strip()
    if not found:
        raise Refused("missing_field", field, f"the message has no {field}", _REMEDY)
    return found


def _as_utf8(raw: bytes) -> bytes:
    if len(raw) > MAX_BYTES:
        raise Refused("too_large", "$", f"{len(raw)} bytes; {MAX_BYTES} are taken", "Split the file")
    text = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("gb18030", errors="replace").encode()
    return text


def _check_size(text: bytes) -> None:
    brackets = text.translate(None, _NO_BRACKETS)
    values = text.count(b",") + len(brackets)
    if values > MAX_VALUES:
        raise Refused("too_large", "$", f"some {values} values; {MAX_VALUES} are taken", "Split the file")
    if _depth(brackets) > MAX_DEPTH:
        raise Refused("too_deep", "$", f"nested deeper than {MAX_DEPTH}", _REMEDY)


def _depth(brackets: bytes) -> int:
    """An upper bound that is cheap: brackets in texts count too, which matters only for hostile ones."""
    depth = deepest = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
