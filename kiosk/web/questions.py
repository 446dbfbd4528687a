"""What a customer may add to a rating: the same for every score, so that nobody sees from the questions what it was."""

from __future__ import annotations

from edge_agent.web.words import _

#: Codes on the record, and their words on the screen.
REASONS = (
    ("waiting", _("Waiting time")),
    ("manner", _("Manner")),
    ("explanation", _("Clear explanation")),
    ("knowledge", _("Knowledge")),
    ("paperwork", _("Paperwork")),
    ("place", _("The place itself")),
)
CODES = frozenset(code for code, _words in REASONS)
RECOMMEND = tuple(range(11))
