"""What a receipt proves, in one of a few words: judged from the facts that the gateway holds about it; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

from edge_agent.proof.checkpoints import Checkpoint, LogKey, NoteError, open_checkpoint
from edge_agent.proof.signatures import digested_message, is_signed_message
from edge_agent.wire.receipts import Receipt, ReceiptError, read_receipt
from edge_agent.wire.topics import Lane

#: A receipt with a checkpoint is some 900 characters; so many receipts may be compared at once.
MAX_RECEIPT = 6000
MAX_RECEIPTS = 4
_ONE = re.compile(r"WR1\.[A-Za-z0-9_-]+")
_FIELDS = {
    "d": re.compile(r"[a-z0-9-]{4,32}\Z"),
    "e": re.compile(r"[0-9a-f]{16}\Z"),
    "k": re.compile(r"[a-z][a-z0-9-]{0,31}/[0-9]{1,4}\Z"),
    "b": re.compile(r"[0-9a-f]{64}\Z"),
}


class Verdict(StrEnum):
    """What is true of a receipt.

    `unsigned`: its entry is in the log, no head covers it yet. `lost`: the centre confirmed the record and does not
    have it. `device-fork`: the device signed two records under one number. `log-fork`: the receipt's checkpoint was
    signed by the log's key and the log is another. `restored`: the log came back from a backup without what it had.
    """

    DAMAGED = "damaged"
    UNKNOWN_DEVICE = "unknown-device"
    FORGED = "forged"
    INCLUDED = "included"
    UNSIGNED = "unsigned"
    NOT_YET = "not-yet"
    REFUSED = "refused"
    LOST = "lost"
    DEVICE_FORK = "device-fork"
    LOG_FORK = "log-fork"
    RESTORED = "restored"
    FORGED_CHECKPOINT = "forged-checkpoint"


class Facts(NamedTuple):
    """What the gateway knows. `stored` is (kind, at, SHA-256 of the body) of the record under the receipt's number.

    `signed`: by a key of the device; `proven`: its entry's proof held; `confirmed`: the centre told the device that it
    has the record; `refusal` the code of its dead letter; `head` what is wrong with the receipt's checkpoint.
    """

    device_known: bool
    signed: bool
    stored: tuple[str, int, str] | None = None
    logged: bool = False
    proven: bool = False
    confirmed: bool = False
    refusal: str = ""
    head: Verdict | None = None


def split_receipts(text: str) -> list[str]:
    """The receipts in a text, each once, as they came: pasted, scanned, or a whole address."""
    return list(dict.fromkeys(_ONE.findall(text[: MAX_RECEIPT * MAX_RECEIPTS])))[:MAX_RECEIPTS]


def decode_receipt(text: str) -> Receipt:
    """A receipt whose fields have the forms that terminals write. Raises ReceiptError."""
    receipt = read_receipt(text[:MAX_RECEIPT])
    fits = all(form.match(getattr(receipt, name)) for name, form in _FIELDS.items())
    if not fits or not 0 <= receipt.s < 2**53 or abs(receipt.a) >= 2**53:
        raise ReceiptError("a field of the receipt is none")
    return receipt


def is_genuine(receipt: Receipt, device_keys: Sequence[bytes]) -> bool:
    """Whether one of the device's keys (raw Ed25519) has signed what the receipt says."""
    r = receipt
    message = digested_message(r.d, r.e, Lane.RECORD, r.s, r.k, r.a, r.b)
    return any(is_signed_message(key, message, r.g) for key in device_keys)


def read_head(receipt: Receipt, keys: Sequence[LogKey]) -> Checkpoint | None:
    """The checkpoint on a receipt; None when it has none. Raises NoteError for one that the log has not signed."""
    return open_checkpoint(receipt.c, keys) if receipt.c else None


def judge(receipt: Receipt, facts: Facts) -> Verdict:
    """The one word for a receipt: the gravest that is true."""
    said = (receipt.k, receipt.a, receipt.b)
    table = (
        (not facts.device_known, Verdict.UNKNOWN_DEVICE),
        (not facts.signed, Verdict.FORGED),
        (facts.stored is not None and facts.stored != said, Verdict.DEVICE_FORK),
        (facts.head is Verdict.LOG_FORK, Verdict.LOG_FORK),
        (facts.head is Verdict.FORGED_CHECKPOINT, Verdict.FORGED_CHECKPOINT),
        (facts.logged and facts.proven, Verdict.INCLUDED),
        (facts.logged, Verdict.UNSIGNED),
        (bool(facts.refusal), Verdict.REFUSED),
        (facts.head is Verdict.RESTORED, Verdict.RESTORED),
        (facts.confirmed or facts.stored is not None, Verdict.LOST),
    )
    return next((verdict for applies, verdict in table if applies), Verdict.NOT_YET)


class Disagreement(StrEnum):
    """How two receipts that are both genuine cannot both be true."""

    DEVICE = "device"
    LOG = "log"


def find_disagreement(receipts: Sequence[Receipt], keys: Sequence[LogKey]) -> Disagreement | None:
    """Whether two of these receipts, all signed by their devices, expose a fork."""
    for one, other in combinations(receipts, 2):
        if (one.d, one.e, one.s) == (other.d, other.e, other.s) and (one.k, one.a, one.b) != (
            other.k,
            other.a,
            other.b,
        ):
            return Disagreement.DEVICE
        if _heads_differ(one, other, keys):
            return Disagreement.LOG
    return None


def _heads_differ(one: Receipt, other: Receipt, keys: Sequence[LogKey]) -> bool:
    try:
        first, second = read_head(one, keys), read_head(other, keys)
    except NoteError:
        return False
    if first is None or second is None or first.origin != second.origin:
        return False
    return first.size == second.size and first.root != second.root
