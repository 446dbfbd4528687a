"""What is found wrong with one message while it is read, gathered for its `findings`."""

from __future__ import annotations

from cloud_gateway.warnings.model import Finding, Refused
from cloud_gateway.warnings.moments import parse_moment
from cloud_gateway.warnings.terms import Term, read_term

_LATEST_S = 7_258_118_400
_REMEDY = "Ask the publisher for a correct message"


class Notes:
    """A reader's notebook: reads single fields and keeps what was doubtful about them."""

    def __init__(self, offset_min: int | None = None, other_offset_min: int | None = None) -> None:
        """Offsets from UTC for times without one: the feed's own, or that of the message's other times, a guess."""
        self._findings: list[Finding] = []
        self._offset_min = offset_min
        self._other_offset_min = other_offset_min

    @property
    def findings(self) -> tuple[Finding, ...]:
        """In the order in which they were made."""
        return tuple(self._findings)

    def add(self, *findings: Finding) -> None:
        """Note them."""
        self._findings += findings

    def moment(self, field: str, text: str | None, near: int | None = None) -> int | None:
        """ms UTC of a time in CAP's form; None, with a finding, for one that cannot be read. `near`: parse_moment's."""
        if not text or not text.strip():
            return None
        at, finding = parse_moment(field, text, near, self._offset_min, self._other_offset_min)
        self._findings += [] if finding is None else [finding]
        return at

    def needed_moment(self, field: str, text: str | None) -> int:
        """The same for a field that a message cannot be without. Raises Refused."""
        at = self.moment(field, text)
        if at is None:
            what = f"{field} {text[:40]!r} is no time" if text else f"the message has no {field}"
            raise Refused("missing_field", field, what, _REMEDY)
        return at

    def needed_seconds(self, field: str, seconds: float | None) -> int:
        """ms UTC of a count of seconds since 1970. Raises Refused for none, and for one outside the years to 2199."""
        if seconds is None or not 0 < seconds < _LATEST_S:
            raise Refused("missing_field", field, f"{field} {seconds} is no time", _REMEDY)
        return int(seconds) * 1000

    def term(self, field: str, text: str | None, default: Term) -> Term:
        """A word of CAP; `default`, with a finding, for one that is none."""
        term, findings = read_term(field, text, default)
        self._findings += findings
        return term

    def needed_term(self, field: str, text: str | None, kind: Term) -> Term:
        """A word of `kind`'s list that decides who is told: never guessed. Raises Refused for none or another word."""
        if not (text or "").strip():
            raise Refused("missing_field", field, f"the message has no {field}", _REMEDY)
        term, findings = read_term(field, text, kind)
        if findings:
            raise Refused("unknown_word", field, findings[0].text, f"Send one of {', '.join(type(kind))}.")
        return term
