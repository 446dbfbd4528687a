"""What is found wrong with one message while it is read, gathered for its `findings`."""

from __future__ import annotations

from cloud_gateway.warnings.model import Finding, Refused
from cloud_gateway.warnings.moments import parse_moment
from cloud_gateway.warnings.terms import Term, read_term


class Notes:
    """A reader's notebook: reads single fields and keeps what was doubtful about them."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """In the order in which they were made."""
        return tuple(self._findings)

    def add(self, *findings: Finding) -> None:
        """Note them."""
        self._findings += findings

    def moment(self, field: str, text: str | None) -> int | None:
        """ms UTC of a time in CAP's form; None, with a finding, for one that cannot be read."""
        if not text or not text.strip():
            return None
        at, finding = parse_moment(field, text)
        self._findings += [] if finding is None else [finding]
        return at

    def needed_moment(self, field: str, text: str | None) -> int:
        """The same for a field that a message cannot be without. Raises Refused."""
        at = self.moment(field, text)
        if at is None:
            what = f"{field} {text[:40]!r} is no time" if text else f"the message has no {field}"
            raise Refused("missing_field", field, what, "Ask the publisher for a correct message")
        return at

    def term(self, field: str, text: str | None, default: Term) -> Term:
        """A word of CAP; `default`, with a finding, for one that is none."""
        term, findings = read_term(field, text, default)
        self._findings += findings
        return term
