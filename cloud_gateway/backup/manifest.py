"""What a backup says of itself: `manifest.json`, written last, so that a folder without it is no backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

FILE = "manifest.json"
#: The copy of the key that signs the evidence log's heads; as secret as the key itself.
EVIDENCE_KEY = "evidence.key"
VERSION = 1

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
FileName = Annotated[str, Meta(pattern=r"^[a-z]+\.(db|key)\Z")]


class BadBackup(Exception):
    """The folder is no backup, or not the one that was made: nothing of it was used."""


class Copy(Struct, frozen=True):
    """One file of a backup. `bytes` and `sha256` are of the file as it lies in the folder."""

    file: FileName
    bytes: int
    sha256: Sha256


class Head(Struct, frozen=True):
    """How far one line of the ledger had come in the copy: all up to `upto`, and `ranges` above it."""

    device: str
    epoch: str
    lane: str
    upto: int
    ranges: list[tuple[int, int]] = []


class Manifest(Struct, frozen=True):
    """A backup. `readings` is null where the series store is a server, whose own backup is `influx`, if made.

    `answer_key` is the key of the answer links in sent messages, null where no message was ever planned. `photos` are
    the proofs of tasks, in a folder of that name, each named by its SHA-256.
    `evidence_key` is the SHA-256 of the copy of the key that signs the evidence log's heads, if there is one.
    `begun_at` and `finished_at` are ms UTC; `revision` is the relational copy's place in the chain of migrations.
    """

    id: str
    begun_at: int
    finished_at: int
    revision: str
    store: Literal["sqlite", "influx1", "influx2"]
    relational: Copy
    readings: Copy | None
    heads: list[Head]
    influx: str | None = None
    answer_key: Copy | None = None
    photos: list[Sha256] = []
    evidence_key: Sha256 | None = None
    v: int = VERSION


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup. Raises BadBackup."""
    file = folder / FILE
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
    except FileNotFoundError as exc:
        raise BadBackup(f"{folder} holds no {FILE}: it is no backup, or one that was not finished") from exc
    except OSError as exc:
        raise BadBackup(f"{file} cannot be read: {exc.strerror}") from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BadBackup(f"{file} cannot be understood: {exc}") from exc
    if manifest.v != VERSION:
        raise BadBackup(f"{file} is of version {manifest.v}; this release knows {VERSION}")
    return manifest
