"""Verifies an export of the evidence log offline: one file that needs Python 3.11 and `cryptography`, and no weiran.

Usage: python weiran_verify.py FILE [--key VKEY] [--checkpoint FILE] [--receipt TEXT] [--publication FILE] [--json]

It is a second implementation on purpose: RFC 6962 (Merkle tree), RFC 8785 (canonical JSON), C2SP signed-note and
tlog-checkpoint (heads), Ed25519 (RFC 8032). Exit status: 0 sound, 1 not sound, 2 unusable arguments or file.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import calendar
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import ceil, floor, isqrt
from pathlib import Path
from typing import NamedTuple, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_LINE = 4_000_000
MAX_WHOLE = 2**53 - 1
ED25519 = b"\x01"
HEAD = ("export", "keys", "made_at", "origin", "size")
ENTRY_START, TEXT_START, HEAD_START = b'{"entry":', b'{"text":', b'{"checkpoint":'
Object = Mapping[str, object]


class Unusable(Exception):
    """The file or an argument is not what it should be, so that nothing can be said. Exit status 2."""


class Broken(Exception):
    """The export is not sound. `index` is the first broken entry; what was altered lies in entries `first` to `last`.

    All three are null when no place can be told, as for a receipt that the log does not hold.
    """

    def __init__(
        self, reason: str, detail: str, index: int | None, first: int | None = None, last: int | None = None
    ) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.index = reason, detail, index
        self.first = index if first is None else first
        self.last = index if last is None else last


# Canonical JSON


def _whole(text: str) -> int:
    number = int(text) if len(text) <= 17 else MAX_WHOLE + 1
    if abs(number) > MAX_WHOLE:
        raise ValueError(f"a number of {len(text)} digits is not exact in JSON")
    return number


def _refuse(text: str) -> object:
    raise ValueError(f"{text} is no whole number")


_decode_json = json.JSONDecoder(parse_int=_whole, parse_float=_refuse, parse_constant=_refuse).decode
_encode_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def encode(value: object) -> bytes:
    """RFC 8785 of a value without floats whose names are ASCII. Raises ValueError."""
    return _encode_json(value).encode()


def decode(raw: bytes) -> object:
    """A value from its canonical bytes and from no others. Raises ValueError."""
    try:
        value = cast(object, _decode_json(raw.decode()))
        if encode(value) != raw:
            raise ValueError("not in canonical form (RFC 8785)")
        if not raw.isascii():
            _check_names(value)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc
    return value


def _check_names(value: object) -> None:
    """Names sort by UTF-16 there and by code point here: that is one order for ASCII only."""
    if isinstance(value, dict):
        if not all(name.isascii() for name in value):
            raise ValueError("a name is not ASCII")
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            _check_names(inner)


def _object(value: object, names: Iterable[str], what: str) -> Object:
    if not isinstance(value, dict) or sorted(value) != sorted(names):
        raise ValueError(f"{what} has the names {', '.join(names)}")
    return value


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_natural(value: object) -> bool:
    return type(value) is int and value >= 0


def _base64(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("no base64")
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError("no base64") from exc
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64 that is not canonical")
    return raw


# The Merkle tree


def hash_leaf(entry: bytes) -> bytes:
    """RFC 6962, 2.1: the hash of a leaf."""
    return hashlib.sha256(b"\0" + entry).digest()


def hash_pair(left: bytes, right: bytes) -> bytes:
    """RFC 6962, 2.1: the hash of two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


@dataclass
class Tree:
    """A growing tree: complete subtrees with their heights, from left to right."""

    size: int = 0
    parts: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        """Append the hash of a leaf."""
        height = 0
        while self.parts and self.parts[-1][0] == height:
            leaf, height = hash_pair(self.parts.pop()[1], leaf), height + 1
        self.parts.append((height, leaf))
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it is."""
        if not self.parts:
            return hashlib.sha256(b"").digest()
        root = self.parts[-1][1]
        for _, left in self.parts[-2::-1]:
            root = hash_pair(left, root)
        return root


# Signed heads


class Key(NamedTuple):
    """Who signs heads: a name, four bytes that tell keys of one name apart, the raw Ed25519 key."""

    name: str
    id: bytes
    public: bytes


class Head(NamedTuple):
    """A signed head. `fault` is a code when it cannot be trusted; `old`: it did not come with the export."""

    origin: str
    size: int
    root: bytes
    fault: str = ""
    old: bool = False


def make_key(name: str, public: bytes) -> Key:
    """A raw key under its name."""
    return Key(name, hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4], public)


def read_key(vkey: object) -> Key:
    """A key from its text name+id+base64. Raises ValueError."""
    name, id_, encoded = vkey.split("+", 2) if isinstance(vkey, str) and vkey.count("+") >= 2 else ("", "", "")
    raw = _base64(encoded)
    if not name or len(raw) != 33 or raw[:1] != ED25519:
        raise ValueError("a key is name+id+base64 of an Ed25519 key")
    key = make_key(name, raw[1:])
    if key.id.hex() != id_:
        raise ValueError("the id of the key is not that of its name and its bytes")
    return key


def read_head(note: str, keys: Sequence[Key], *, old: bool = False) -> Head:
    """The head that a note holds; its fault says whether one of the keys has signed it. Raises ValueError."""
    text, blank, signatures = note.rpartition("\n\n")
    origin, size, root, *_ = [*text.split("\n"), "", ""]
    if not blank or not origin or not re.fullmatch(r"[1-9][0-9]{0,15}", size) or len(_base64(root)) != 32:
        raise ValueError("a checkpoint is an origin, a size, a root, an empty line and signatures")
    fault = _judge_signatures(text.encode() + b"\n", signatures, keys)
    return Head(origin, int(size), _base64(root), fault, old)


def _judge_signatures(text: bytes, signatures: str, keys: Sequence[Key]) -> str:
    signed = False
    lines = signatures.split("\n")
    if lines.pop() or not lines:
        raise ValueError("signatures are whole lines")
    for line in lines:
        dash, name, encoded = line.split(" ") if line.count(" ") == 2 else ("", "", "")
        raw = _base64(encoded)
        if dash != "\u2014" or len(raw) < 5:
            raise ValueError("a signature is a dash, the name of its key, and base64")
        for key in keys:
            if (key.name, key.id) == (name, raw[:4]):
                if not is_signed(key.public, raw[4:], text):
                    return "head-signature"
                signed = True
    return "" if signed else "head-key"


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is this key's."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# Receipts


class Receipt(NamedTuple):
    """What its holder can show: the record as its device signed it, and the head that was known then."""

    device: str
    epoch: str
    seq: int
    facts: tuple[object, ...]  # kind, at, body_sha256, sig
    checkpoint: str | None


def read_receipt(text: str) -> Receipt:
    """A receipt from its text WR1.... Raises ValueError."""
    prefix, _, encoded = text.strip().partition(".")
    if prefix != "WR1" or not re.fullmatch(r"[A-Za-z0-9_-]+", encoded):
        raise ValueError("a receipt begins with WR1. and goes on in base64url")
    value = _decode_json(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    if isinstance(value, dict):
        value = {"c": ""} | value
    made = _object(value, "deskabgc", "a receipt")
    seq = made["s"]
    if not _are_texts(made[name] for name in "dekbgc") or type(seq) is not int or type(made["a"]) is not int:
        raise ValueError("a field of the receipt is not what it should be")
    facts = (made["k"], made["a"], made["b"], made["g"])
    return Receipt(str(made["d"]), str(made["e"]), seq, facts, str(made["c"]) or None)


# The walk through the entries


Place = tuple[str, str, int]  # device, epoch, seq of the lane `record`


@dataclass
class Counts:
    """What was seen on the way. `unproven`: records of devices whose key the log does not name, as in a trial.

    What follows `publications` is no break, and whoever must not trust the log's keeper asks about it. `restored`: so
    often did the log go on from a backup. `rekeyed`: devices of more than one key. `withheld`: texts of the wall that
    are not here, though no entry erases or masks them. `uncounted`: ratings by phone and on the web that no row counts.
    `superseded`: newer editions of the publication. `regulators`: by whose keys texts may be masked, name+id.
    """

    records: int = 0
    signed: int = 0
    unproven: int = 0
    heads: int = 0
    old_heads: int = 0
    receipts: int = 0
    texts: int = 0
    erased: int = 0
    publications: int = 0
    restored: int = 0
    rekeyed: int = 0
    withheld: int = 0
    uncounted: int = 0
    superseded: int = 0
    regulators: list[str] = field(default_factory=list)


@dataclass
class Walk:
    """The state after some entries."""

    origin: str
    heads: list[Head]  # by size; those of a size before those that go beyond it
    wanted: frozenset[Place] = frozenset()
    tree: Tree = field(default_factory=Tree)
    good: int = 0  # as far as a good head reaches
    covered: int = 0  # as far as one of the file's own does
    known: int = 0  # as far as one does that came from elsewhere
    passed: int = 0  # heads
    lives: list[tuple[str, int]] = field(default_factory=list)  # origins, each with the entries it shares
    keys: dict[str, tuple[bytes, ...]] = field(default_factory=dict)  # of devices
    regulators: list[Key] = field(default_factory=list)
    hidden: dict[tuple[int, str], str] = field(default_factory=dict)
    leaves: dict[int, str] = field(default_factory=dict)  # of entries with hidden texts, hex
    erased: set[tuple[object, object]] = field(default_factory=set)  # or masked
    found: dict[Place, tuple[int, tuple[object, ...]]] = field(default_factory=dict)
    walls: set[int] = field(default_factory=set)  # entries whose texts the public wall shows
    said: dict[str, tuple[object, ...]] = field(default_factory=dict)  # ratings that name their row, until it counts
    rated: dict[str, int] = field(default_factory=dict)  # others that no row counts yet, by channel
    counted: set[str] = field(default_factory=set)  # ids of rows
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.lives = self.lives or [(self.origin, 0)]

    def take(self, line: bytes) -> None:
        """The next line of an entry. Raises Broken."""
        index = self.tree.size
        tail = b',"i":%d,"root":"' % index
        cut = len(line) - len(tail) - 46
        if line[cut : cut + len(tail)] != tail:
            raise self._misshaped(line, index)
        raw = line[len(ENTRY_START) : cut]
        try:
            entry = _object(decode(raw), ("v", "type", "at", "body"), "an entry")
        except ValueError as exc:
            raise Broken("form", f"entry {index} is {exc}", index) from exc
        self.tree.add(hash_leaf(raw))
        self._check_root(index, line[cut + len(tail) :])
        self._read(index, entry, raw)
        self._pass_heads()

    def _misshaped(self, line: bytes, index: int) -> Broken:
        try:
            found = _object(decode(line), ("entry", "i", "root"), "the line of an entry")["i"]
        except ValueError as exc:
            return Broken("form", f"the line of entry {index}: {exc}", index)
        if found == index:
            return Broken("form", f"the root of entry {index} has not the length of a root", index)
        return Broken("order", f"where entry {index} should be stands {found!r}", index)

    def _check_root(self, index: int, end: bytes) -> None:
        root = base64.b64encode(self.tree.root())
        if end != root + b'"}':
            detail = f"with entry {index} the root of the log is {root.decode()}, not what stands beside it"
            raise Broken("root", detail, index, self.good)

    def _read(self, index: int, entry: Object, raw: bytes) -> None:
        kind, body = entry["type"], entry["body"]
        if type(entry["v"]) is not int or entry["v"] != 1 or not isinstance(kind, str) or not isinstance(body, dict):
            raise Broken("form", f"entry {index} is of no known version", index)
        try:
            if read := _READERS.get(kind):
                read(self, index, body)
            if b'{"sha256":"' in raw:
                self.hidden |= {(index, path): hash_ for path, hash_ in _find_hidden("body", body)}
                self.leaves[index] = hash_leaf(raw).hex()
                if kind in WALL and body.get("channel") != "phone":
                    self.walls.add(index)
        except (KeyError, TypeError, ValueError, RecursionError) as exc:
            raise Broken("form", f"entry {index} is no {kind}: {exc}", index) from exc

    def read_key(self, index: int, body: Object) -> None:
        """A device's or a regulator's key: what it signs from here on can be checked."""
        if body["role"] == "device":
            name = str(body["name"])
            self.keys[name] = (*self.keys.get(name, ()), _base64(body["key"]))
            self.counts.rekeyed += len(self.keys[name]) == 2
        if body["role"] == "regulator":
            self.regulators.append(key := make_key(str(body["name"]), _base64(body["key"])))
            self.counts.regulators.append(f"{key.name}+{key.id.hex()}")

    def read_record(self, index: int, body: Object) -> None:
        """A device's record: its signature is of a key that the log has named."""
        names = ("device", "epoch", "lane", "seq", "kind", "at", "body_sha256")
        device, sig, keys = str(body["device"]), body["sig"], self.keys.get(str(body["device"]))
        self.counts.records += 1
        if keys is None:
            self.counts.unproven += 1
        else:
            message = "".join(f"{line}\n" for line in ("weiran record 1", *(body[name] for name in names)))
            raw = b"" if sig is None else _base64(sig)
            if not any(is_signed(key, raw, message.encode()) for key in keys):
                raise Broken("record-signature", f"record {index} is not signed by its device {device}", index)
            self.counts.signed += 1
        if body["lane"] == "record":
            self._note_record(index, (device, str(body["epoch"]), cast(int, body["seq"])), body)

    def _note_record(self, index: int, place: Place, body: Object) -> None:
        if place in self.wanted:
            self.found[place] = index, (body["kind"], body["at"], body["body_sha256"], body["sig"])
        if body["kind"] == "rating/1":
            self.rated["counter"] = self.rated.get("counter", 0) + 1

    def read_rating(self, _index: int, body: Object) -> None:
        """A rating by phone or on the web; one that names its row says what stands in it."""
        if "count" in body:
            self.said.setdefault(str(body["count"]), tuple(body[name] for name in SAID))
        else:
            channel = str(body["channel"])
            self.rated[channel] = self.rated.get(channel, 0) + 1

    def read_count(self, index: int, body: Object) -> None:
        """Rows of the count: each is of a rating before it, and no rating has two."""
        for row in (_object(one, ROW, "a row of the count") for one in cast(Sequence[object], body["rows"])):
            _check_row(row)
            id_, channel = str(row["id"]), str(row["channel"])
            if id_ in self.counted:
                raise Broken("count-twice", f"entry {index} counts the row {id_}, which was counted before", index)
            self.counted.add(id_)
            if (said := self.said.pop(id_, None)) is None:
                self._take_rating(index, channel)
            elif said != tuple(row[name] for name in SAID):
                raise Broken("count-altered", f"the row {id_} in entry {index} is not what its rating says", index)

    def _take_rating(self, index: int, channel: str) -> None:
        """One of those that do not name their row: none can be told from another, but more rows than ratings can."""
        if not self.rated.get(channel):
            raise Broken("count-foreign", f"entry {index} counts a rating ({channel}) that nobody has given", index)
        self.rated[channel] -= 1

    def read_service_day(self, _index: int, body: Object) -> None:
        """What was served on a day, of which publications are made."""
        missed, texts = body["not_invited"], (body[name] for name in ("station", "counter", "clerk", "day"))
        if not isinstance(missed, dict) or not _are_texts(texts):
            raise ValueError("a field is not what it should be")
        if not all(map(_is_natural, (body["served"], body["invited"], body["answered"], *missed.values()))):
            raise ValueError("what is counted is a whole number")

    def read_publication(self, _index: int, body: Object) -> None:
        """That figures were published."""
        if not _are_texts((body["period"], body["sha256"])) or not _is_natural(body["edition"]):
            raise ValueError("a field is not what it should be")

    def read_restored(self, index: int, body: Object) -> None:
        """The log went on from a backup, under another origin."""
        self.lives.append((str(body["origin"]), index))
        self.counts.restored += 1

    def read_mask(self, index: int, body: Object) -> None:
        """A text that is shown no more: a regulator whose key the log has named has signed that he knows of it."""
        text, _, signatures = str(body["receipt"]).rpartition("\n\n")
        if fault := _judge_signatures(text.encode() + b"\n", signatures, self.regulators):
            detail = f"mask {index} bears no receipt of a regulator: {FAULTS[fault]}"
            raise Broken("mask-receipt", detail, index)
        self._fit_mask(index, body, text)
        self.erased.add((body["place"], body["path"]))

    def _fit_mask(self, index: int, body: Object, receipt: str) -> None:
        """Mask and receipt are about one text of an entry before them, by place, path and leaf, for one reason."""
        place, path, leaf = cast(int, body["place"]), str(body["path"]), body["leaf"]
        if (place, path) not in self.hidden:
            raise Broken(
                "mask-fit", f"mask {index} is about {path} of entry {place}, which is no text before it", index
            )
        if leaf != self.leaves[place]:
            raise Broken("mask-fit", f"mask {index} names another leaf than that of entry {place}", index)
        lines = receipt.split("\n")
        if lines[0] != "weiran report receipt 1" or lines[2:6] != [str(place), path, leaf, body["reason"]]:
            raise Broken("mask-fit", f"the receipt in mask {index} is about another text or reason than its own", index)

    def read_erasure(self, index: int, body: Object) -> None:
        """Texts that may be shown no more."""
        texts = cast(Sequence[Object], body["texts"])
        self.erased |= {(text["place"], text["path"]) for text in texts}

    def _pass_heads(self) -> None:
        while self.passed < len(self.heads) and self.heads[self.passed].size <= self.tree.size:
            self.pass_head(self.heads[self.passed], self.tree.root())
            self.passed += 1

    def pass_head(self, head: Head, root: bytes | None) -> None:
        """Compare a head with the log at its size; `root` is null where the log ends before. Raises Broken."""
        what = f"{'the old' if head.old else 'the'} head of {head.size} entries"
        good = self.known if head.old else self.good  # who rewrites a log signs it anew, too
        if head.fault:
            raise Broken(head.fault, f"{what}: {FAULTS[head.fault]}", good, None, head.size - 1)
        number = next((n for n, (origin, _) in enumerate(self.lives) if origin == head.origin), None)
        if number is None:
            raise Broken("origin", f"{what} is of another log: {head.origin}", good, None, head.size - 1)
        shared = min((first for _, first in self.lives[number + 1 :]), default=head.size)
        if shared < head.size:
            detail = f"{what} holds entries that were lost when the log was restored from a backup of {shared} entries"
            raise Broken("restored", detail, shared, None, head.size - 1)
        if root is None:
            size, detail = self.tree.size, f"{what} shows that {head.size - self.tree.size} entries are missing"
            raise Broken("cut-tail", detail, size, good, head.size - 1)
        if head.root != root:
            detail = f"{what} is signed for another log: one of the entries {good} to {head.size - 1} was altered"
            raise Broken("rewritten" if head.old else "head", detail, good, None, head.size - 1)
        self.good = head.size
        self.covered, self.known = (self.covered, head.size) if head.old else (head.size, self.known)
        self.counts.old_heads += head.old
        self.counts.heads += not head.old


FAULTS = {
    "head-signature": "its signature is not of these words",
    "head-key": "it is not signed by a key that is trusted (--key, or else those that the file names)",
    "head-order": "heads stand from small to large",
    "head-form": "it is none",
}
_READERS: dict[str, Callable[[Walk, int, Object], None]] = {
    "key": Walk.read_key,
    "record": Walk.read_record,
    "restored": Walk.read_restored,
    "erasure": Walk.read_erasure,
    "mask": Walk.read_mask,
    "rating": Walk.read_rating,
    "count": Walk.read_count,
    "service-day": Walk.read_service_day,
    "publication": Walk.read_publication,
}
#: Whose texts are published as they are written.
WALL = frozenset({"rating", "reply", "answer", "appeal", "ruling"})
ROW = ("channel", "clerk", "counter", "day", "id", "scale", "score", "stage", "station", "wait_s")
#: What a rating that names its row says of it.
SAID = ("channel", "scale", "score", "stage", "station", "day")


def _check_row(row: Object) -> None:
    scale, score, wait = row["scale"], row["score"], row["wait_s"]
    if scale not in (3, 5) or not _is_natural(score) or not 1 <= cast(int, score) <= scale:
        raise ValueError("a row has a score from 1 to its scale, which is 3 or 5")
    texts = (row[name] for name in ROW if name not in {"scale", "score", "wait_s"})
    if not _are_texts(texts) or not (wait is None or _is_natural(wait)):
        raise ValueError("a field of a row is not what it should be")


def _find_hidden(path: str, value: object) -> Iterator[tuple[str, str]]:
    """Where an entry holds the hash of a text in its place."""
    if not isinstance(value, dict):
        return
    hash_ = value.get("sha256")
    if len(value) == 1 and isinstance(hash_, str):
        yield path, hash_
        return
    for name, inner in value.items():
        yield from _find_hidden(f"{path}.{name}", inner)


# Publications of ratings: docs/publication.md says what is made here


Cell = tuple[int, str, str]  # level, station, name
LEVELS = ("all", "stage", "station", "counter", "clerk")
WEIGHT = 10
WHOLE: Cell = (0, "", "")
NOTE_LINES = 6


class Publication(NamedTuple):
    """A published document, and its signed note if there is one."""

    document: bytes
    note: str | None = None


def check_publication(read: Callable[[], Iterable[bytes]], size: int, given: Publication, keys: Sequence[Key]) -> int:
    """Make the document again from a sound export of so many entries; returns how many newer editions the log names.

    Raises Broken, Unusable.
    """
    try:
        asked = cast(Object, decode(given.document.removesuffix(b"\n")))
        period, upto, k = str(asked["period"]), cast(int, asked["size"]), cast(int, asked["k"])
        first, last = read_period(period)
        if type(upto) is not int or type(k) is not int:
            raise ValueError("size and k are whole numbers")
    except (ValueError, KeyError, TypeError) as exc:
        raise Unusable(f"no publication: {exc}") from exc
    if not 0 <= upto <= size:
        raise Unusable(f"the publication is made from {upto} entries, and the export has {size}: take a newer one")
    made, editions = remake(read(), period, first, last, upto, k)
    if made != given.document:
        at = next((i for i, (a, b) in enumerate(zip(made, given.document, strict=False)) if a != b), len(made))
        raise Broken("publication", f"what the log says differs from the publication from byte {at} on", None)
    digest = hashlib.sha256(made).hexdigest()
    if size > upto and digest not in editions:
        raise Broken("publication-entry", "the log does not say that this was published", None)
    if given.note is not None:
        _check_note(given.note, [period, str(upto), digest], keys)
    return sum(edition > editions.get(digest, edition) for edition in editions.values())


def _check_note(note: str, facts: Sequence[str], keys: Sequence[Key]) -> None:
    text, _, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    try:
        fault = _judge_signatures(text.encode() + b"\n", signatures, keys)
    except ValueError as exc:
        raise Broken("publication-note", f"the note of the publication: {exc}", None) from exc
    if fault:
        raise Broken("publication-note", f"the note of the publication: {FAULTS[fault]}", None)
    if len(lines) != NOTE_LINES or lines[0] != "weiran publication 1" or lines[2:5] != list(facts):
        raise Broken("publication-note", "the note is signed for another publication", None)


def read_period(text: str) -> tuple[str, str]:
    """The first and last day of a year, quarter, month or day. Raises ValueError."""
    found = re.fullmatch(r"(\d{4})(?:-(?:Q([1-4])|(\d\d)(?:-(\d\d))?))?", text, re.ASCII)
    if found is None:
        raise ValueError(f"{text!r} is no period")
    year, quarter, month, day = found.groups()
    if day:
        return date.fromisoformat(text).isoformat(), text
    begin, end = (3 * int(quarter) - 2, 3 * int(quarter)) if quarter else (int(month or 1), int(month or 12))
    days = calendar.monthrange(int(year), end)[1]
    return date(int(year), begin, 1).isoformat(), date(int(year), end, days).isoformat()


def remake(
    lines: Iterable[bytes], period: str, first: str, last: str, size: int, k: int
) -> tuple[bytes, Mapping[str, int]]:
    """The document made from the first `size` entries, and the editions of this period that the log names by digest."""
    ratings: dict[tuple[str, int], dict[Cell, list[Object]]] = {}
    services: dict[Cell, list[Object]] = {}
    editions: dict[str, int] = {}
    for index, kind, body in _released(lines):
        if kind == "publication" and body["period"] == period:
            editions[str(body["sha256"])] = cast(int, body["edition"])
        if index >= size:
            continue
        for row in cast(Sequence[Object], body["rows"]) if kind == "count" else ():
            if first <= str(row["day"]) <= last:
                table = ratings.setdefault((str(row["channel"]), cast(int, row["scale"])), {})
                _put(table, row, str(row["stage"]))
        if kind == "service-day" and first <= str(body["day"]) <= last:
            _put(services, body, None)
    document = {
        "publication": 1,
        "period": period,
        "first": first,
        "last": last,
        "size": size,
        "k": k,
        "weight": WEIGHT,
        "ratings": [
            {"channel": channel, "scale": scale, "cells": _rating_cells(table, scale, k)}
            for (channel, scale), table in sorted(ratings.items())
        ],
        "services": _service_cells(services, k),
    }
    return encode(document) + b"\n", editions


def _released(lines: Iterable[bytes]) -> Iterator[tuple[int, str, Object]]:
    index = -1
    for line in lines:
        if not line.startswith(ENTRY_START):
            continue
        index += 1
        for kind in ("count", "service-day", "publication"):
            if b'"type":"%b","v":1},"i":' % kind.encode() in line:
                entry = cast(Object, cast(Object, decode(line))["entry"])
                if entry["type"] == kind:
                    yield index, kind, cast(Object, entry["body"])


def _put(table: dict[Cell, list[Object]], row: Object, stage: str | None) -> None:
    station = str(row["station"])
    cells = [WHOLE, (2, station, ""), (3, station, str(row["counter"])), (4, station, str(row["clerk"]))]
    for cell in cells if stage is None else [*cells, (1, "", stage)]:
        table.setdefault(cell, []).append(row)


def _hide(sizes: Mapping[Cell, int], k: int) -> set[Cell]:
    """The cells that are left out."""
    hidden = {cell for cell, n in sizes.items() if n < k}
    stations = sorted({cell[1] for cell in sizes if cell[0] == 2})
    groups = [(WHOLE, 1, ""), (WHOLE, 2, None), *(((2, one, ""), level, one) for one in stations for level in (3, 4))]
    for above, level, station in groups:
        group = [cell for cell in sizes if cell[0] == level and station in {None, cell[1]}]
        if above in hidden:
            hidden.update(group)
        while True:
            out, rest = [c for c in group if c in hidden], [c for c in group if c not in hidden]
            if not out or not rest or (len(out) > 1 and sum(sizes[c] for c in out) >= k):
                break
            hidden.add(min(rest, key=lambda c: (sizes[c], c)))
    return hidden


def _name_cell(cell: Cell) -> dict[str, object]:
    return {"level": LEVELS[cell[0]], "station": cell[1], "name": cell[2]}


def _rating_cells(table: Mapping[Cell, Sequence[Object]], scale: int, k: int) -> list[object]:
    hidden = _hide({cell: len(rows) for cell, rows in table.items()}, k)
    shares = _count_scores(table[WHOLE], scale)
    return [
        _name_cell(cell)
        | ({"left_out": True} if cell in hidden else _describe_ratings(rows, _count_scores(rows, scale), shares, k))
        for cell, rows in sorted(table.items())
    ]


def _count_scores(rows: Sequence[Object], scale: int) -> list[int]:
    return [sum(row["score"] == score for row in rows) for score in range(1, scale + 1)]


def _describe_ratings(rows: Sequence[Object], counts: Sequence[int], whole: Sequence[int], k: int) -> dict[str, object]:
    scale, n, total = len(counts), sum(counts), sum(whole)
    shares = [
        (own + Fraction(WEIGHT * (all_ + 1), total + scale)) / (n + WEIGHT)
        for own, all_ in zip(counts, whole, strict=True)
    ]
    mean = sum((score * share for score, share in enumerate(shares, 1)), Fraction())
    variance = sum((score**2 * share for score, share in enumerate(shares, 1)), -mean * mean) / (n + WEIGHT + 1)
    score, width = _nearest(1000 * mean), isqrt(floor(1960**2 * variance)) + 1
    waits = sorted(cast(int, row["wait_s"]) for row in rows if row["wait_s"] is not None)
    bad = _share(sum(counts[: 1 if scale == 3 else 2]), n)
    return {
        "n": n,
        "counts": list(counts),
        "score": score,
        "low": max(1000, score - width),
        "high": min(1000 * scale, score + width),
        **dict(zip(("bad", "bad_low", "bad_high"), bad, strict=True)),
        "waited_n": len(waits),
        "wait_s": waits[(len(waits) - 1) // 2] if len(waits) >= k and waits else None,
    }


def _service_cells(cells: Mapping[Cell, Sequence[Object]], k: int) -> list[object]:
    hidden = _hide({cell: _sum(days, "answered") for cell, days in cells.items()}, k)
    return [
        _name_cell(cell) | ({"left_out": True} if cell in hidden else _describe_services(days))
        for cell, days in sorted(cells.items())
    ]


def _describe_services(days: Sequence[Object]) -> dict[str, object]:
    served, invited, answered = (_sum(days, name) for name in ("served", "invited", "answered"))
    missed: dict[str, int] = {}
    for day in days:
        for reason, n in cast(Mapping[str, int], day["not_invited"]).items():
            missed[reason] = missed.get(reason, 0) + n
    share: tuple[int | None, ...] = _share(answered, invited) if 0 < invited >= answered else (None, None, None)
    facts = {"served": served, "invited": invited, "answered": answered}
    facts_missed = {"not_invited": {reason: n for reason, n in missed.items() if n}}
    return facts | facts_missed | dict(zip(("share", "share_low", "share_high"), share, strict=True))


def _sum(rows: Iterable[Object], name: str) -> int:
    return sum(cast(int, row[name]) for row in rows)


def _nearest(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def _share(x: int, n: int) -> tuple[int, int, int]:
    """Of n, with Wilson's interval; thousandths."""
    middle, whole = 10_000 * x + 19_208, 10_000 * n + 38_416
    reach = isqrt(floor(Fraction(196**2 * (10_000 * x * (n - x) + 9604 * n), n))) + 1
    low, high = Fraction(1000 * (middle - reach), whole), Fraction(1000 * (middle + reach), whole)
    return _nearest(Fraction(1000 * x, n)), max(0, floor(low)), min(1000, ceil(high))


# The whole file


@dataclass
class Export:
    """What stands around the entries of a file."""

    origin: str
    size: int
    keys: list[Key]
    texts: list[bytes] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    stray: int | None = None  # the entry before which a line stands that has no place there


def survey(lines: Iterable[bytes]) -> Export:
    """Read what stands before and after the entries. Raises Unusable."""
    export, entries = None, 0
    for line in lines:
        if export is None:
            export = _read_header(line)
        elif line.startswith(ENTRY_START) and not export.texts and not export.notes:
            entries += 1
        elif line.startswith(TEXT_START) and not export.notes:
            export.texts.append(line)
        elif line.startswith(HEAD_START):
            export.notes.append(line)
        elif export.stray is None:
            export.stray = entries
    if export is None:
        raise Unusable("the file is empty")
    return export


def _read_header(line: bytes) -> Export:
    try:
        header = _object(decode(line), HEAD, "the first line of an export")
        size, origin, keys = header["size"], header["origin"], header["keys"]
        if encode(header["export"]) != b"1" or type(size) is not int or size < 1 or not isinstance(keys, list):
            raise ValueError("the export is of no known version, or empty")
        return Export(str(origin), size, [read_key(key) for key in keys])
    except ValueError as exc:
        raise Unusable(f"no export of an evidence log: {exc}") from exc


def begin_walk(export: Export, keys: Sequence[Key], old: Sequence[str] = (), wanted: Iterable[Place] = ()) -> Walk:
    """The walk before its first entry; heads are of these keys. Raises Unusable."""
    heads: list[Head] = []
    for line in export.notes:
        head = _read_head_line(line, keys, export)
        rises = not heads or heads[-1].size < head.size
        heads.append(head if rises or head.fault else head._replace(fault="head-order"))
    try:
        heads += [read_head(note, keys, old=True) for note in old]
    except ValueError as exc:
        raise Unusable(f"an old checkpoint: {exc}") from exc
    return Walk(export.origin, sorted(heads, key=lambda head: head.size), frozenset(wanted))


def _read_head_line(line: bytes, keys: Sequence[Key], export: Export) -> Head:
    try:
        return read_head(str(_object(decode(line), ("checkpoint",), "the line of a head")["checkpoint"]), keys)
    except ValueError:
        return Head(export.origin, export.size, b"", "head-form")


def take_entries(walk: Walk, export: Export, lines: Iterable[bytes]) -> None:
    """Take the entries among these lines. Raises Broken."""
    for line in lines:
        if not line.startswith(ENTRY_START):
            continue
        size = walk.tree.size
        if size == export.size:
            raise Broken("surplus", f"more entries than the {size} that the file should have", size)
        _check_stray(size, export)
        walk.take(line)


def _check_stray(size: int, export: Export) -> None:
    if export.stray is not None and export.stray <= size:
        raise Broken("form", f"where entry {export.stray} should be is a line of another kind", export.stray)


def end_walk(walk: Walk, export: Export, receipts: Sequence[Receipt] = ()) -> None:
    """What can be said when all entries were taken. Raises Broken."""
    size, last = walk.tree.size, export.size - 1
    _check_stray(size, export)
    if size <= last:
        raise Broken("cut-tail", f"{export.size - size} of {export.size} entries are missing", size, walk.good, last)
    for head in walk.heads[walk.passed :]:
        walk.pass_head(head, None)
    if walk.covered < size:
        raise Broken("no-head", f"no head of the file covers entry {walk.covered}", walk.covered, None, last)
    _check_texts(walk, export.texts)
    for receipt in receipts:
        _check_receipt(walk, receipt)


def _check_texts(walk: Walk, lines: Sequence[bytes]) -> None:
    shown: set[tuple[object, object]] = set()
    for line in lines:
        try:
            text = _object(_object(decode(line), ("text",), "a text")["text"], ("i", "path", "salt", "text"), "a text")
            if type(text["i"]) is not int or not _are_texts(text[name] for name in ("path", "salt", "text")):
                raise ValueError("it names no entry, or is none")
            place, salt = (text["i"], str(text["path"])), bytes.fromhex(str(text["salt"]))
        except ValueError as exc:
            raise Broken("form", f"a text after the entries: {exc}", walk.tree.size) from exc
        hash_ = hashlib.sha256(salt + str(text["text"]).encode()).hexdigest()
        if len(salt) != 16 or salt.hex() != text["salt"] or walk.hidden.get(place) != hash_ or place in shown:
            raise Broken(
                "text", f"the text {place[1]} of entry {place[0]} is not the one that it was made with", place[0]
            )
        if place in walk.erased:
            raise Broken(
                "erased-text", f"the text {place[1]} of entry {place[0]} was erased or masked, and is here", place[0]
            )
        shown.add(place)
    walk.counts.texts, walk.counts.erased = len(shown), len(walk.erased)
    walk.counts.withheld = sum(key[0] in walk.walls for key in walk.hidden.keys() - shown - walk.erased)
    walk.counts.uncounted = len(walk.said) + sum(n for channel, n in walk.rated.items() if channel != "counter")


def _check_receipt(walk: Walk, receipt: Receipt) -> None:
    place = (receipt.device, receipt.epoch, receipt.seq)
    kind, at, hash_, sig = receipt.facts
    message = "".join(
        f"{line}\n"
        for line in ("weiran record 1", receipt.device, receipt.epoch, "record", receipt.seq, kind, at, hash_)
    )
    keys = walk.keys.get(receipt.device, ())
    try:
        signed = any(is_signed(key, _base64(sig), message.encode()) for key in keys)
    except ValueError:
        signed = False
    if keys and not signed:
        detail = f"no key that the log names for {receipt.device} has signed the receipt: one of the two is forged"
        raise Broken("receipt-forged", detail, None)
    if place not in walk.found:
        raise Broken("receipt-missing", f"record {receipt.seq} of {receipt.device} is not in the log", None)
    index, facts = walk.found[place]
    if facts != receipt.facts:
        raise Broken("receipt-differs", f"entry {index} is not the record that the receipt is for", index)
    walk.counts.receipts += 1


@dataclass
class Result:
    """A sound export. `pinned`: the key was the caller's own, not only the file's."""

    origin: str
    size: int
    root: str
    pinned: bool
    counts: Counts


def verify(
    read: Callable[[], Iterable[bytes]],
    vkeys: Sequence[str] = (),
    old: Sequence[str] = (),
    receipts: Sequence[str] = (),
    publication: Publication | None = None,
) -> Result:
    """Verify the lines (without line feed) that `read` gives, read more than once. Raises Broken, Unusable."""
    try:
        pinned, held = [read_key(vkey) for vkey in vkeys], [read_receipt(text) for text in receipts]
    except (ValueError, RecursionError) as exc:
        raise Unusable(str(exc)) from exc
    export = survey(read())
    notes = [*old, *(receipt.checkpoint for receipt in held if receipt.checkpoint is not None)]
    walk = begin_walk(export, pinned or export.keys, notes, ((one.device, one.epoch, one.seq) for one in held))
    take_entries(walk, export, read())
    end_walk(walk, export, held)
    if publication is not None:
        walk.counts.superseded = check_publication(read, export.size, publication, pinned or export.keys)
        walk.counts.publications = 1
    root = base64.b64encode(walk.tree.root()).decode()
    return Result(export.origin, export.size, root, bool(pinned), walk.counts)


def read_lines(file: Path) -> Iterator[bytes]:
    """The lines of a file, without line feed; one that is too long comes in pieces. Raises Unusable."""
    try:
        with file.open("rb") as opened:
            while line := opened.readline(MAX_LINE):
                yield line.removesuffix(b"\n")
    except OSError as exc:
        raise Unusable(f"{file}: {exc.strerror}") from exc


# The command


def verify_file(
    file: Path,
    vkeys: Sequence[str] = (),
    checkpoints: Sequence[Path] = (),
    receipts: Sequence[str] = (),
    publication: Path | None = None,
) -> Result:
    """Verify an export; checkpoints are files of one note each, a publication's note is beside it, if it has one.

    Raises Broken, Unusable.
    """
    if file.exists() and not file.is_file():
        raise Unusable(f"{file} is no plain file; it is read more than once, so that no pipe will do")
    try:
        old = [one.read_bytes().decode() for one in checkpoints]
    except (OSError, UnicodeDecodeError) as exc:
        raise Unusable(f"a checkpoint cannot be read: {exc}") from exc
    published = None if publication is None else read_publication(publication)
    return verify(lambda: read_lines(file), vkeys, old, receipts, published)


def read_publication(file: Path) -> Publication:
    """A published document, and FILE.note if there is one. Raises Unusable."""
    note = Path(f"{file}.note")
    try:
        return Publication(file.read_bytes(), note.read_bytes().decode() if note.exists() else None)
    except (OSError, UnicodeDecodeError) as exc:
        raise Unusable(f"the publication cannot be read: {exc}") from exc


def describe(found: Result | Broken) -> dict[str, object]:
    """What --json prints."""
    if isinstance(found, Broken):
        where = {"sound": False, "index": found.index, "from": found.first, "to": found.last}
        return where | {"reason": found.reason, "detail": _plain(found.detail)}
    facts: dict[str, object] = {"sound": True, "origin": _plain(found.origin), "size": found.size, "root": found.root}
    return facts | {"key_pinned": found.pinned} | vars(found.counts)


def tell(found: Result | Broken) -> str:
    """A few lines for people."""
    if isinstance(found, Broken):
        place = "" if found.index is None else f" at entry {found.index}"
        if found.first != found.last:
            place += f" (altered: one of {found.first} to {found.last})"
        return f"NOT SOUND{place}: {found.reason}: {_plain(found.detail)}"
    c = found.counts
    remade = "\nThe publication, made again from the log, is the same byte for byte." if c.publications else ""
    pin = "" if found.pinned else "\nThe key is the one that the file itself names: key not pinned (--key)."
    return (
        f"Sound: {found.size} entries of {_plain(found.origin)}, {c.heads} signed heads, root {found.root}\n"
        f"{c.records} records, {c.signed} signed by their devices, {c.unproven} of devices without a key in the log; "
        f"{c.texts} texts, {c.erased} erased or masked; {c.old_heads} old heads and {c.receipts} receipts agree"
        f"{remade}{pin}{''.join(f'{chr(10)}{_plain(line)}' for line in _list_questions(c))}"
    )


def _list_questions(c: Counts) -> list[str]:
    """What is no break, and worth asking the log's keeper about."""
    questions = (
        (c.restored, "times the log went on from a backup: what was not in it is lost"),
        (c.rekeyed, "devices have signed with more than one key"),
        (c.withheld, "texts of the wall are not here, though no entry erases or masks them"),
        (c.uncounted, "ratings by phone or on the web wait to be counted"),
        (c.superseded, "newer editions of the publication are in the log"),
    )
    said = [f"Ask: {number} {what}" for number, what in questions if number]
    if c.regulators:
        said.append(f"Ask: texts may be masked by {', '.join(c.regulators)}: are these regulators?")
    return said


def _plain(text: str) -> str:
    """What a file says, as it is shown: nothing in it moves a cursor, hides a line or stops a terminal."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description="Verify an export of the evidence log.")
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--key", action="append", default=[], metavar="VKEY", help="the log's key, known from elsewhere"
    )
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, metavar="FILE", help="an old head")
    parser.add_argument("--receipt", action="append", default=[], metavar="TEXT", help="a receipt, WR1....")
    parser.add_argument("--publication", type=Path, metavar="FILE", help="a published document, to be made again")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        found: Result | Broken = verify_file(given.file, given.key, given.checkpoint, given.receipt, given.publication)
    except Broken as exc:
        found = exc
    except Unusable as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    told = json.dumps(describe(found), ensure_ascii=False) if given.json else tell(found)
    sys.stdout.write(told + "\n")
    return 1 if isinstance(found, Broken) else 0


if __name__ == "__main__":
    sys.exit(main())
