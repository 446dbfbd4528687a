"""Exports of made-up logs, written by the project's own tree and heads, and ways to alter them."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_gateway.evidence import weiran_verify as verifier
from cloud_gateway.evidence.entries import Entry, Json, Sealed, Text, seal_entry
from cloud_gateway.evidence.export import write_checkpoint_line, write_entry, write_header, write_text
from cloud_gateway.evidence.heads import Signer
from cloud_gateway.evidence.records import RecordFact, record_entry
from cloud_gateway.evidence.store_export import ShownText
from edge_agent.proof.checkpoints import Checkpoint
from edge_agent.proof.merkle import Frontier, leaf_hash
from edge_agent.proof.signatures import Statement, sign
from edge_agent.wire.topics import Lane
from tests.cloud_gateway.evidence.pieces import AT

ORIGIN = "weiran.example/evidence"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
DEVICE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
#: As many lines as are looked at before an alteration shows.
SOME = 500
DEVICE, TRIAL, EPOCH = "terminal-01", "trial-01", "0123456789abcdef"


class Made(NamedTuple):
    """A log, and the lines of its export without line feeds: the header, `entries`, then `rest`."""

    header: bytes
    entries: list[bytes]
    rest: list[bytes]
    sealed: Sequence[Sealed]
    heads: Sequence[int]

    @property
    def lines(self) -> list[bytes]:
        return [self.header, *self.entries, *self.rest]


def key_entry(key: Ed25519PrivateKey = DEVICE_KEY) -> Entry:
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return Entry("key", {"role": "device", "name": DEVICE, "key": public, "enrolment": ""})


def signed_record(seq: int, *, device: str = DEVICE, said: bytes = b"{}", key: Ed25519PrivateKey = DEVICE_KEY) -> Entry:
    statement = Statement(device, EPOCH, Lane.RECORD, seq, "rating/1", AT + seq, said)
    fact = RecordFact(device, EPOCH, "record", seq, "rating/1", AT + seq, "ntp", said, sign(key, statement))
    return record_entry(fact)


def plain_record(seq: int) -> Entry:
    """Of a device that the log names no key of."""
    return record_entry(RecordFact(TRIAL, EPOCH, "record", seq, "press/1", AT + seq, "ntp", b"%d" % seq, None))


def hold_entry(number: int, reason: str = "查封 case 7") -> Entry:
    """An entry with a text."""
    body: dict[str, Json] = {
        "hold": f"hold-{number}",
        "state": "on",
        "places": [number],
        "types": [],
        "by": "operator-1",
    }
    return Entry("hold", body, [Text("reason", reason, published=True)])


def make_export(entries: Iterable[Entry], every: int = 0, signer: Signer = SIGNER) -> Made:
    """The export of a log of these entries; a head after each `every` entries and at the end."""
    sealed = [seal_entry(entry, AT + place) for place, entry in enumerate(entries)]
    return write_log(sealed, every, signer)


def write_log(sealed: Sequence[Sealed], every: int = 0, signer: Signer = SIGNER, origin: str = ORIGIN) -> Made:
    """The export of a log whose heads are of this origin."""
    frontier, lines, rest, heads = Frontier(), [], [], []
    for place, one in enumerate(sealed):
        frontier.extend([leaf_hash(one.body)])
        lines.append(write_entry(place, frontier.root, one.body)[:-1])
        rest += [write_text(ShownText(place, t.path, t.salt, t.text))[:-1] for t in one.texts if t.published]
        if frontier.size == len(sealed) or (every and frontier.size % every == 0):
            heads.append((frontier.size, frontier.root))
    rest += [write_checkpoint_line(signer.sign(Checkpoint(origin, *head)))[:-1] for head in heads]
    header = write_header(ORIGIN, len(sealed), AT, [signer.public.vkey])[:-1]
    return Made(header, lines, rest, sealed, [size for size, _ in heads])


def note_at(made: Made, number: int) -> str:
    """The signed note of a head."""
    note: str = json.loads(made.rest[number - len(made.heads)])["checkpoint"]
    return note


def receipt(seq: int, checkpoint: str | None = None, said: bytes = b"{}", key: Ed25519PrivateKey = DEVICE_KEY) -> str:
    """What the terminal would have printed for a signed record."""
    body = signed_record(seq, said=said, key=key).body
    facts = {"d": DEVICE, "e": EPOCH, "s": seq, "k": body["kind"], "a": body["at"], "b": body["body_sha256"]}
    facts |= {"g": body["sig"]} | ({} if checkpoint is None else {"c": checkpoint})
    raw = json.dumps(facts, separators=(",", ":")).encode()
    return "WR1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def judge(
    lines: Sequence[bytes], keys: Sequence[str] = (), old: Sequence[str] = (), receipts: Sequence[str] = ()
) -> verifier.Result | verifier.Broken:
    """What the verifier says of these lines."""
    try:
        return verifier.verify(lambda: lines, keys, old, receipts)
    except verifier.Broken as exc:
        return exc


def walk_through(made: Made, step: int) -> list[verifier.Walk]:
    """Walks through the first 0, `step`, 2 `step` ... entries."""
    export = verifier.survey(made.lines)
    walk = verifier.begin_walk(export, export.keys)
    walks = [copy.deepcopy(walk)]
    for first in range(0, len(made.entries), step):
        verifier.take_entries(walk, export, made.entries[first : first + step])
        walks.append(copy.deepcopy(walk))
    verifier.end_walk(walk, export)
    return walks


def find_break(made: Made, walk: verifier.Walk, lines: Sequence[bytes]) -> verifier.Broken:
    """As `judge` of altered `lines` of entries, from a walk on through entries that are the same."""
    walk, export = copy.deepcopy(walk), verifier.survey([made.header, *made.rest])
    try:
        verifier.take_entries(walk, export, lines[walk.tree.size :])
        verifier.end_walk(walk, export)
    except verifier.Broken as exc:
        return exc
    raise AssertionError("what was altered was not found")


def edit(lines: list[bytes], place: int) -> None:
    """Another digit in the entry's time."""
    line = lines[place]
    lines[place] = line[:20] + (b"2" if line[20:21] != b"2" else b"3") + line[21:]


def delete(lines: list[bytes], place: int) -> None:
    del lines[place]


def insert(lines: list[bytes], place: int) -> None:
    lines.insert(place, lines[place // 2])


def swap(lines: list[bytes], place: int) -> None:
    lines[place - 1 : place + 1] = lines[place - 1 : place + 1][::-1]


def leave(lines: list[bytes], walk: verifier.Walk) -> list[bytes]:
    """By one who does not know how the log works."""
    return lines


def relabel(lines: list[bytes], walk: verifier.Walk) -> list[bytes]:
    """By one who gives the lines the places where they stand."""
    made, first = list(lines), walk.tree.size
    for place in range(first, min(first + SOME, len(lines))):
        made[place] = _line(place, _entry_of(lines[place]), lines[place][-46:-2])
    return made


def recompute(lines: list[bytes], walk: verifier.Walk) -> list[bytes]:
    """By one who sets places and roots right."""
    frontier = Frontier(walk.tree.size, [part for _, part in walk.tree.parts])
    made = list(lines)
    for place in range(frontier.size, min(frontier.size + SOME, len(lines))):
        raw = _entry_of(lines[place])
        frontier.extend([leaf_hash(raw)])
        made[place] = _line(place, raw, base64.b64encode(frontier.root))
    return made


def _entry_of(line: bytes) -> bytes:
    return line[len(b'{"entry":') : line.rindex(b',"i":')]


def _line(place: int, raw: bytes, root: bytes) -> bytes:
    return b'{"entry":%b,"i":%d,"root":"%b"}' % (raw, place, root)
