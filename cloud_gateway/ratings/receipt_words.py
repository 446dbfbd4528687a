"""What the receipt page says of each verdict, in a customer's words: what is true, and what to do; pure."""

from __future__ import annotations

from typing import NamedTuple

from cloud_gateway.ratings.receipts import Disagreement, Verdict
from edge_agent.web.words import _


class Words(NamedTuple):
    """A verdict as it is said: `tone` of its mark, then msgids: title, meaning and what to do (may be empty)."""

    tone: str
    title: str
    meaning: str
    advice: str


WORDS: dict[Verdict, Words] = {
    Verdict.INCLUDED: Words(
        "ok",
        _("Your rating is in the records"),
        _("It was received unchanged and stands in the public log, which nobody can rewrite unnoticed."),
        _("Keep the receipt: you can check it here again at any time."),
    ),
    Verdict.UNSIGNED: Words(
        "late",
        _("Your rating has arrived; its proof is being made"),
        _("It was received unchanged and stands in the log. The next signature over the log will cover it."),
        _("Check again in a minute."),
    ),
    Verdict.NOT_YET: Words(
        "late",
        _("Your rating has not arrived yet"),
        _("The receipt is genuine. The terminal keeps your rating until the centre has received it."),
        _("Nothing is lost. Check again later; if it is the same after a week, complain and show this receipt."),
    ),
    Verdict.REFUSED: Words(
        "bad",
        _("Your rating arrived and was refused"),
        _("The receipt is genuine, but the centre could not use what the terminal sent."),
        _("It is not your fault. You may complain and show this receipt."),
    ),
    Verdict.FORGED: Words(
        "bad",
        _("This receipt is not genuine"),
        _("It names one of our terminals, but that terminal did not sign it: it was altered or made up."),
        _("If somebody gave it to you as proof, do not rely on it."),
    ),
    Verdict.UNKNOWN_DEVICE: Words(
        "bad",
        _("This receipt is not genuine"),
        _("We have no terminal of that name."),
        _("If a terminal at a counter printed it, tell us: show it to the staff or complain."),
    ),
    Verdict.DAMAGED: Words(
        "off",
        _("This receipt cannot be read"),
        _("A part of it is missing or was changed while it was copied."),
        _("Scan the code again, or paste the whole text from WR1 to its end."),
    ),
    Verdict.LOST: Words(
        "bad",
        _("Your rating should be here and is not"),
        _("The receipt is genuine and the centre confirmed that it received the rating, but its records lack it."),
        _("This must not happen. Keep the receipt: it proves it. Show it to the supervisory authority or complain."),
    ),
    Verdict.DEVICE_FORK: Words(
        "bad",
        _("Another rating stands in the place of yours"),
        _("The terminal has signed two different ratings under one number; the records hold the other one."),
        _("This must not happen. Keep the receipt: it proves it. Show it to the supervisory authority or complain."),
    ),
    Verdict.LOG_FORK: Words(
        "bad",
        _("The log is not the one that this receipt has seen"),
        _("The receipt holds a signed state of the log, and today's log does not fit it: it was cut or rewritten."),
        _("This must not happen. Keep the receipt: it proves it. Show it to the supervisory authority or complain."),
    ),
    Verdict.RESTORED: Words(
        "late",
        _("The log was restored and does not hold your rating now"),
        _("After a failure the log went on from a backup, as its public entry says. What came later is missing."),
        _("Terminals send again what they have kept. Check again later; keep the receipt."),
    ),
    Verdict.FORGED_CHECKPOINT: Words(
        "bad",
        _("A part of this receipt is not genuine"),
        _("The terminal signed the rating, but the state of the log on the receipt was not signed by the log."),
        _("Keep the receipt and show it to the supervisory authority or complain."),
    ),
}

DISAGREEMENTS: dict[Disagreement, Words] = {
    Disagreement.DEVICE: Words(
        "bad",
        _("These receipts contradict each other"),
        _("One terminal has signed two different ratings under one number. Together the receipts prove it."),
        _("Keep both and show them to the supervisory authority or complain."),
    ),
    Disagreement.LOG: Words(
        "bad",
        _("These receipts have seen two different logs"),
        _("The log's key has signed two different states of one size: the log was forked. The receipts prove it."),
        _("Keep both and show them to the supervisory authority or complain."),
    ),
}

#: Why a record was refused, by the code of its dead letter.
REFUSED: dict[str, str] = {
    "bad_signature": _("Its signature did not fit the terminal's key."),
    "unsigned": _("It came without the terminal's signature."),
    "seq_conflict": _("The terminal had sent another record under the same number."),
    "time_out_of_range": _("The terminal's clock was wrong by decades."),
    "malformed_body": _("What the terminal sent could not be read."),
    "bad_value": _("What the terminal sent could not be read."),
    "unknown_kind": _("The centre did not know this kind of record."),
}
OTHER = _("The centre gives this reason only:")


def refusal_words(code: str) -> str:
    """The msgid of why a record was refused; for a code without one, what stands before the code."""
    return REFUSED.get(code, OTHER)
