"""What staff may say to a rating, appended in the caller's transaction after the look whether they may."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from cloud_gateway.evidence.entries import Json
from cloud_gateway.idempotency.keys import Connection
from cloud_gateway.ratings import store_masks, store_web
from cloud_gateway.ratings.appeals import BIASES, Appeal, find_bias
from cloud_gateway.ratings.masks import REFUSALS, MaskRefused, Reason, Report, accept_receipt
from cloud_gateway.ratings.proving import prove_entry
from cloud_gateway.ratings.replies import Outcome, Word, tidy_text
from cloud_gateway.ratings.store_web import PATH, NewWord
from cloud_gateway.running import now_ms
from cloud_gateway.staff.store import Staff, find_staff
from cloud_gateway.stations.store import find_clerk
from edge_agent.web.problems import Problem, invalid
from edge_agent.web.words import _

Place = Annotated[int, Path(ge=0, lt=2**53, description="Place of the entry in the evidence log.")]


async def append_reply(connection: Connection, who: Staff, place: int, text: str) -> int:
    """The insurer's reply to a rating; returns its place. Raises Problem."""
    await _require_rating(connection, place)
    word = NewWord(Word.REPLY, place, _tidy(text), {"rating": place}, by=who.name)
    return await store_web.add_word(connection, word, now_ms())


async def append_appeal(connection: Connection, who: Staff, place: int, text: str, clerk: str, manager: str) -> int:
    """A clerk's appeal, once for a rating; returns its place. Raises Problem.

    Who is named must be known: a wrong name would let the clerk or his manager rule on it.
    """
    await _require_rating(connection, place)
    if await find_clerk(connection, clerk) is None:
        raise Problem(422, "unknown_clerk", _("There is no such clerk."), _("Look at the list of stations."), "clerk")
    if await find_staff(connection, manager) is None:
        remedy = _("Write the name with which the manager signs in.")
        raise Problem(422, "unknown_manager", _("Nobody signs in by that name."), remedy, "manager")
    if await store_masks.find_appeal(connection, place) is not None:
        raise Problem(409, "appealed", _("This rating was appealed already."), _("Read the ruling on the wall."))
    body: dict[str, Json] = {"rating": place, "clerk": clerk, "by": who.name}
    word = NewWord(Word.APPEAL, place, _tidy(text), body, by=who.name)
    made = await store_web.add_word(connection, word, now_ms())
    await store_masks.add_appeal(connection, Appeal(made, place, clerk, "", manager, who.name, ruled=False), who.id)
    return made


async def append_ruling(connection: Connection, who: Staff, place: int, text: str, outcome: Outcome) -> int:
    """The ruling on an appeal, by somebody who has no part in it; returns its place. Raises Problem."""
    await _require_rating(connection, place)
    known = await store_masks.find_appeal(connection, place)
    if known is None:
        raise Problem(409, "no_appeal", _("Nobody has appealed against this rating."), _("Look for the appeal."))
    if bias := find_bias(known, who.name):
        raise Problem(403, f"may_not_rule_{bias}", BIASES[bias], _("Let somebody else rule on it."))
    body: dict[str, Json] = {"rating": place, "appeal": known.place, "outcome": outcome, "by": who.name}
    word = NewWord(Word.RULING, place, _tidy(text), body, by=who.name, of=known.place, code=outcome)
    made = await store_web.add_word(connection, word, now_ms())
    await store_masks.set_ruling(connection, known.place, made)
    return made


async def append_mask(connection: Connection, who: Staff, place: int, receipt: str, origin: str) -> tuple[int, int]:
    """Mask the text of this entry by a regulator's receipt; returns the rating and the mask's place. Raises Problem."""
    expected = await expect_report(connection, place, origin)
    rating = await store_masks.find_rating_of(connection, place)
    assert rating is not None, "looked at by expect_report"
    try:
        report = accept_receipt(receipt, expected, await store_masks.list_regulators(connection))
    except MaskRefused as exc:
        remedy = _("Report the text to the regulator and send the receipt as you get it.")
        raise Problem(422, exc.code, REFUSALS[exc.code], remedy, "receipt", str(exc)) from exc
    body: dict[str, Json] = {"place": place, "path": PATH, "leaf": report.leaf, "by": who.name}
    body |= {"reason": report.reason, "receipt": receipt}
    word = NewWord(Word.MASK, rating, "", body, by=who.name, of=place, code=report.reason)
    made = await store_web.add_word(connection, word, now_ms())
    await store_masks.set_masked(connection, place, made)
    return rating, made


async def expect_report(connection: Connection, place: int, origin: str) -> Report:
    """What a receipt about this entry's text must say. Raises Problem when it has no text that is shown."""
    known = await store_masks.find_rating_of(connection, place)
    proven = await prove_entry(connection, place) if known is not None else None
    if proven is None:
        raise no_rating()
    if await store_masks.find_shown(connection, place) is None:
        raise Problem(409, "no_text", _("This entry has no text that is shown."), _("Look at it on the wall."))
    return Report(origin, place, PATH, proven.leaf.hex(), Reason.PERSONAL_DATA, "")


def no_rating() -> Problem:
    """404: there is no such rating."""
    return Problem(404, "not_found", _("The wall has no such rating."), _("Look for it on the wall."))


async def _require_rating(connection: Connection, place: int) -> None:
    if await store_web.find_rating(connection, place) is None:
        raise no_rating()


def _tidy(text: str) -> str:
    tidied = tidy_text(text)
    if not tidied:
        raise invalid("text", "there is nothing in it")
    return tidied
