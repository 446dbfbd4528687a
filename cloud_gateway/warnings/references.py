"""References to other messages, as CAP writes them: triples `sender,identifier,sent` between white space."""

from __future__ import annotations

from cloud_gateway.warnings.model import AlertKey, Finding
from cloud_gateway.warnings.moments import parse_moment

MOST = 1000
_LONGEST = 1000


def read_references(field: str, text: str) -> tuple[tuple[AlertKey, ...], tuple[Finding, ...]]:
    """The messages named, each once; `sent` is 0 where it is missing or no time. What is no triple is a finding."""
    words = text.split(maxsplit=MOST)
    findings = []
    if len(words) > MOST:
        findings.append(Finding("too_many_references", field, f"Only the first {MOST} references count", "doubtful"))
    keys: dict[AlertKey, None] = {}
    for word in words[:MOST]:
        key, finding = _read_triple(field, word)
        keys |= {} if key is None else {key: None}
        findings += [] if finding is None else [finding]
    return tuple(keys), tuple(findings)


def _read_triple(field: str, word: str) -> tuple[AlertKey | None, Finding | None]:
    sender, _, rest = word.partition(",")
    identifier, comma, written = rest.rpartition(",")
    if not comma:
        identifier, written = rest, ""
    if not sender or not identifier or len(word) > _LONGEST:
        return None, Finding("bad_reference", field, f"{word[:80]!r} is no sender,identifier,sent", "doubtful")
    sent, finding = parse_moment(field, written)
    if sent is None and finding is None:
        finding = Finding("bad_reference", field, f"{word[:80]!r} does not say when it was sent", "repaired")
    return AlertKey(sender, identifier, sent or 0), finding
