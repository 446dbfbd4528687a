"""Sealed texts in a body: found wherever they stand, opened by the key they were sealed to, or refused by name."""

from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest

from cloud_gateway.records.sealed import CannotOpen, load_keys, open_body, sealed_fields
from edge_agent.proof.sealing import make_sealing_key, seal
from edge_agent.wire.tls import CredentialError

OLD, OLD_PUBLIC = make_sealing_key()
NEW, NEW_PUBLIC = make_sealing_key()
NAME, NUMBER = "欧阳未然", "110105199014079991"


def body_of(name: str, number: str) -> bytes:
    people = [{"age": 40, "name": name}, {"age": None, "name": "sealed envelope"}]
    return msgspec.json.encode({"id": number, "people": people, "open": True, "price": 1.5})


SEALED = body_of(seal(OLD_PUBLIC, NAME), seal(NEW_PUBLIC, NUMBER))


def test_texts_of_several_keys_are_opened_each_by_its_own() -> None:
    opened = open_body(SEALED, (NEW, OLD))
    assert opened.body == msgspec.json.decode(body_of(NAME, NUMBER))
    assert opened.fields == sealed_fields(SEALED) == ("id", "people.0.name")


@pytest.mark.parametrize(
    ("body", "keys", "told"),
    [
        (SEALED, (NEW,), "people.0.name .* none of the gateway's 1 keys"),
        (SEALED, (), "id .* none of the gateway's 0 keys"),
        (body_of(seal(OLD_PUBLIC, NAME)[:-8] + "AAAAAAA=", ""), (OLD,), "people.0.name .* or altered"),
        (body_of("sealed/2:" + "A" * 64, ""), (OLD,), "people.0.name"),
        (body_of("sealed/1:", ""), (OLD,), "people.0.name"),
        (b'"sealed/1:x"', (OLD,), "cannot be opened"),
    ],
    ids=["another key", "no key", "altered", "later version", "empty", "the body itself"],
)
def test_text_that_stays_closed_is_named(body: bytes, keys: tuple[bytes, ...], told: str) -> None:
    with pytest.raises(CannotOpen, match=told):
        open_body(body, keys)


def test_body_without_sealed_text_needs_no_key() -> None:
    assert open_body(b'[1,{"a":"sealed"}]', ()) == ([1, {"a": "sealed"}], ())


def test_body_that_is_too_deep_is_refused() -> None:
    with pytest.raises(CannotOpen, match="too deep"):
        open_body(b"[" * 900 + b"]" * 900, ())


def test_keys_are_read_in_their_order(tmp_path: Path) -> None:
    files = [tmp_path / "new.key", tmp_path / "old.key"]
    files[0].write_bytes(base64.b64encode(NEW) + b"\n")
    files[1].write_bytes(base64.b64encode(OLD) + b"\n")
    for file in files:
        file.chmod(0o600)
    assert load_keys(files) == (NEW, OLD)


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        (base64.b64encode(OLD), 0o640, "may be read by others .* chmod 600"),
        (b"not a key", 0o600, "is no sealing key; name sealing.key"),
        (b"\xff\xfe", 0o600, "is no sealing key"),
        (base64.b64encode(OLD[:16]), 0o600, "is no sealing key"),
    ],
    ids=["open to others", "text", "bytes", "short"],
)
def test_key_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, mode: int, told: str) -> None:
    file = tmp_path / "sealing.key"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(CredentialError, match=f"{file} {told}"):
        load_keys([file])


def test_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match=r"none\.key: No such file"):
        load_keys([tmp_path / "none.key"])
