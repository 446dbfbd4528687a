"""Entries for the tests of the evidence log."""

from __future__ import annotations

from cloud_gateway.evidence.entries import Entry

AT = 1_795_305_600_000  # 2026-11-22, ms


def record_entry(seq: int, **other: str | int | None) -> Entry:
    """A device's record; fields can be given another value."""
    body: dict[str, str | int | None] = {
        "device": "terminal-01",
        "epoch": "0123456789abcdef",
        "lane": "record",
        "seq": seq,
        "kind": "rating/1",
        "at": AT + seq,
        "clock": "ntp",
        "body_sha256": f"{seq:064x}",
        "sig": None,
    }
    return Entry("record", body | other)


def record_entries(first: int, last: int) -> list[Entry]:
    """One for each number."""
    return [record_entry(seq) for seq in range(first, last + 1)]
