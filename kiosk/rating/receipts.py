"""What a customer takes home: proof that a rating is in the records, and apart from it the secret that says which.

A receipt repeats what the device has signed of the rating's record: anybody can check it against the device's key and
find the record in the log. It does not say what was pressed; that opens with the secret alone, which is shown once.
"""

from __future__ import annotations

from edge_agent.identity.identity import Identity
from edge_agent.proof.digest import digest
from edge_agent.proof.signatures import Statement
from edge_agent.wire.receipts import Receipt, ReceiptError, read_receipt, read_secret, write_receipt, write_secret

__all__ = [
    "Receipt",
    "ReceiptError",
    "address",
    "make_receipt",
    "read_receipt",
    "read_secret",
    "write_receipt",
    "write_secret",
]


def make_receipt(identity: Identity, statement: Statement, checkpoint: str = "") -> Receipt:
    """The receipt of a record that is stored under this number."""
    signature = identity.sign(statement)
    assert signature is not None, "records are signed"
    s = statement
    return Receipt(s.device, s.epoch, s.seq, s.kind, s.at, digest(s.body), signature, checkpoint)


def address(origin: str, text: str) -> str:
    """What the QR code says: all after # stays in the holder's browser."""
    return f"{origin.rstrip('/')}/r#{text}"
