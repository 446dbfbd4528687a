"""Masking a text: only with a regulator's signed receipt of the report about just that text; pure.

The receipt is a C2SP signed note. Its text has these lines: the domain, the log's origin, the entry's place and the
text's path, the entry's leaf hash (hex), the reason, and the number under which the regulator has the report.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from edge_agent.proof.checkpoints import LogKey, NoteError, verify_note
from edge_agent.web.words import _

DOMAIN = "weiran report receipt 1"
MAX_RECEIPT = 4000
_PLACE = re.compile(r"(0|[1-9][0-9]{0,15})\Z")


class Reason(StrEnum):
    """What a report is about."""

    PERSONAL_DATA = "personal-data"
    ABUSE = "abuse"
    UNLAWFUL = "unlawful"


REASONS: dict[Reason, str] = {
    Reason.PERSONAL_DATA: _("it names or describes private people"),
    Reason.ABUSE: _("it insults"),
    Reason.UNLAWFUL: _("its content is unlawful"),
}


class Report(NamedTuple):
    """What a regulator has received: a report about one text of the log. `leaf` is hex."""

    origin: str
    place: int
    path: str
    leaf: str
    reason: Reason
    number: str


class Refusal(StrEnum):
    """Why a receipt does not mask a text."""

    UNSIGNED = "receipt-unsigned"
    MALFORMED = "receipt-malformed"
    OTHER_TEXT = "receipt-of-another-text"


REFUSALS: dict[Refusal, str] = {
    Refusal.UNSIGNED: _("No known regulator has signed this receipt."),
    Refusal.MALFORMED: _("This is no receipt of a report."),
    Refusal.OTHER_TEXT: _("The receipt is about another text."),
}


class MaskRefused(ValueError):
    """The text stays shown."""

    def __init__(self, code: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def write_report(report: Report) -> str:
    """The text that the regulator signs."""
    said = (DOMAIN, report.origin, str(report.place), report.path, report.leaf, report.reason.value, report.number)
    return "".join(f"{line}\n" for line in said)


def read_report(text: str) -> Report:
    """The report of a receipt's text. Raises MaskRefused."""
    lines = text.split("\n")
    if len(lines) != 8 or lines[0] != DOMAIN or lines[-1] or not all(lines[:-1]) or not _PLACE.match(lines[2]):
        raise MaskRefused(Refusal.MALFORMED, "not the lines of a receipt of a report")
    if lines[5] not in set(Reason):
        raise MaskRefused(Refusal.MALFORMED, f"{lines[5]!r} is no reason")
    return Report(lines[1], int(lines[2]), lines[3], lines[4], Reason(lines[5]), lines[6])


def accept_receipt(receipt: str, expected: Report, keys: Sequence[LogKey]) -> Report:
    """The report that a regulator has signed, if it is about the expected text; its reason and number are his.

    Raises MaskRefused.
    """
    try:
        report = read_report(verify_note(receipt[: MAX_RECEIPT + 1], keys))
    except NoteError as exc:
        raise MaskRefused(Refusal.UNSIGNED, str(exc)) from exc
    if report._replace(reason=expected.reason, number=expected.number) != expected:
        raise MaskRefused(Refusal.OTHER_TEXT, f"it is about {report.path} of entry {report.place}")
    return report
