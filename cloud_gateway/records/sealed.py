"""Opens the sealed texts of a record's body with the gateway's keys; the stored body stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge_agent.proof.sealing import SealError, read_key, unseal
from edge_agent.wire.tls import CredentialError, check_private

#: Of whatever version: one that this release cannot open is an error, never shown as if it were the text.
SEALED = re.compile(r"sealed/[0-9]+:")

TOO_DEEP = "the body is nested too deep to be looked through"


class CannotOpen(Exception):
    """A sealed text stays closed; the message names its field and the reason."""


class Opened(NamedTuple):
    """A body as decoded JSON with its texts in the clear, and the paths of what was sealed: `customer.name`."""

    body: object
    fields: tuple[str, ...]


def load_keys(files: Iterable[Path]) -> tuple[bytes, ...]:
    """The private sealing keys, in order. Raises CredentialError naming the file and the remedy."""
    return tuple(_load_key(file) for file in files)


def _load_key(file: Path) -> bytes:
    check_private(file)
    try:
        return read_key(file.read_text())
    except OSError as exc:
        raise CredentialError(f"{file}: {exc.strerror}; name a file that you may read") from exc
    except (SealError, UnicodeDecodeError) as exc:
        raise CredentialError(f"{file} is no sealing key; name sealing.key of the provisioning folder") from exc


def sealed_fields(body: bytes) -> tuple[str, ...]:
    """The paths of the sealed texts of a body. Raises CannotOpen for one that is too deep to be read."""
    try:
        return tuple(_sealed_in(msgspec.json.decode(body), ""))
    except RecursionError as exc:
        raise CannotOpen(TOO_DEEP) from exc


def _sealed_in(value: object, path: str) -> Iterator[str]:
    for inner, part in _parts(value):
        yield from _sealed_in(part, f"{path}.{inner}" if path else inner)
    if isinstance(value, str) and SEALED.match(value):
        yield path


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(index), part) for index, part in enumerate(value))


def open_body(body: bytes, keys: Sequence[bytes]) -> Opened:
    """Open every sealed text of a body, each with the first key that fits. Raises CannotOpen."""
    fields = sealed_fields(body)
    try:
        return Opened(_opened(msgspec.json.decode(body), "", keys), fields)
    except RecursionError as exc:
        raise CannotOpen(TOO_DEEP) from exc


def _opened(value: object, path: str, keys: Sequence[bytes]) -> object:
    if isinstance(value, str) and SEALED.match(value):
        return _open(value, path, keys)
    inner = {name: _opened(part, f"{path}.{name}" if path else name, keys) for name, part in _parts(value)}
    if isinstance(value, list):
        return list(inner.values())
    return inner if isinstance(value, dict) else value


def _open(text: str, path: str, keys: Sequence[bytes]) -> str:
    for key in keys:
        try:
            return unseal(key, text)
        except SealError:
            continue
    raise CannotOpen(f"{path} cannot be opened: it was sealed to none of the gateway's {len(keys)} keys, or altered")
