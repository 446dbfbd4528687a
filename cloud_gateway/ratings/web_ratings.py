"""The pages behind an invitation and behind its rater's own link: only their buttons change anything, never a visit."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from cloud_gateway.database import reading, transaction
from cloud_gateway.ratings import store_invitations, store_web
from cloud_gateway.ratings.invitations import (
    QUESTIONS,
    STAGES,
    Invitation,
    Keys,
    Standing,
    derive_keys,
    is_draw,
    is_token,
)
from cloud_gateway.ratings.replies import MAX_TEXT, Word, may_answer, tidy_text
from cloud_gateway.ratings.scores import list_levels
from cloud_gateway.ratings.store import add_rating
from cloud_gateway.ratings.store_web import Given, NewWord
from cloud_gateway.ratings.visitors import AtPace, address_of, origin_of, seal
from cloud_gateway.ratings.wall_views import view_rating
from cloud_gateway.running import gateway_of, now_ms
from edge_agent.web.pages import language_of
from edge_agent.web.problems import invalid
from edge_agent.web.words import CHINESE
from edge_agent.wire.ratings import count_id
from edge_agent.wire.receipts import write_secret

router = APIRouter(include_in_schema=False)
#: Addresses under these are secrets: no session speaks for their visitor.
RATE, OWN = "/rate/", "/rating/"
Words = Annotated[str, Form(max_length=4 * MAX_TEXT)]


@router.get("/rate/{token}")
async def show_invitation(request: Request, token: str, _pace: AtPace) -> Response:
    """What is asked, with one button for each level."""
    invitation = await _find(request, token)
    if invitation is None:
        return _unknown(request)
    if (standing := invitation.standing(now_ms())) is not Standing.OPEN:
        return _page(request, "rate-closed.html", 410, standing=standing)
    return _page(
        request,
        "rate.html",
        asked=invitation,
        question=QUESTIONS[invitation.stage],
        stage=STAGES[invitation.stage],
        station=await _name_station(request, invitation.station),
        levels=list_levels(invitation.scale, language_of(request)),
        draw=secrets.token_hex(16),
        longest=MAX_TEXT,
    )


@router.post("/rate/{token}")
async def take_rating(
    request: Request,
    token: str,
    _pace: AtPace,
    score: Annotated[int, Form()],
    draw: Annotated[str, Form(max_length=64)],
    text: Words = "",
) -> Response:
    """Keep a rating for good, and show its rater the two keys; the same form again shows them again."""
    invitation = await _find(request, token)
    if invitation is None:
        return _unknown(request)
    if not 1 <= score <= invitation.scale:
        raise invalid("score", f"the scale has {invitation.scale} levels")
    if not is_draw(draw):
        raise invalid("draw", "not what the form had")
    keys, place, standing = derive_keys(token, draw), None, invitation.standing(now_ms())
    if standing is Standing.OPEN:
        place = await _keep(request, invitation, keys, score, tidy_text(text))
    if place is None:
        place = await _find_own(request, keys.holder)
    if place is None:
        late = standing is Standing.EXPIRED
        return _page(request, "rate-closed.html", 410, standing=standing if late else Standing.USED)
    return await _show_thanks(request, keys, place)


@router.get("/rating/{token}")
async def show_own(request: Request, token: str, _pace: AtPace) -> Response:
    """A rating with all that was said to it, for the one who gave it."""
    place = await _find_own(request, token)
    return _unknown(request) if place is None else await _show_own(request, place)


@router.post("/rating/{token}")
async def take_answer(request: Request, token: str, _pace: AtPace, text: Words) -> Response:
    """Append what the rater says to his rating."""
    place = await _find_own(request, token)
    if place is None:
        return _unknown(request)
    if said := tidy_text(text):
        async with transaction(gateway_of(request).engine) as connection:
            found = await store_web.find_rating(connection, place)
            if found is not None and may_answer([one.kind for one in found.said]):
                await store_web.add_word(connection, NewWord(Word.ANSWER, place, said, {"rating": place}), now_ms())
    return seal(RedirectResponse(f"{OWN}{token}?lang={language_of(request)}", 303))


async def _keep(request: Request, invitation: Invitation, keys: Keys, score: int, text: str) -> int | None:
    """Rating, count and the end of the invitation in one transaction; None when another was faster."""
    gateway, now = gateway_of(request), now_ms()
    zone = gateway.settings.ratings.zone
    given = Given(invitation, score, text, count_id(keys.secret), keys.holder, zone)
    async with transaction(gateway.engine) as connection:
        if not await store_invitations.use_invitation(connection, invitation.id, now):
            return None
        place = await store_web.add_web_rating(connection, given, now)
        await add_rating(connection, store_web.new_rating(given, now), zone, now)
    return place


async def _show_thanks(request: Request, keys: Keys, place: int) -> Response:
    async with reading(gateway_of(request).engine) as connection:
        found = await store_web.find_rating(connection, place)
        names = await store_web.list_stations(connection)
    assert found is not None, "a rating is never deleted"
    link = f"{origin_of(request)}{OWN}{keys.holder}"
    shown = view_rating(found, language_of(request), names)
    return _page(request, "rate-thanks.html", shown=shown, link=link, secret=write_secret(keys.secret))


async def _show_own(request: Request, place: int) -> Response:
    async with reading(gateway_of(request).engine) as connection:
        found = await store_web.find_rating(connection, place)
        names = await store_web.list_stations(connection)
    assert found is not None, "a rating is never deleted"
    open_ = may_answer([one.kind for one in found.said])
    shown = view_rating(found, language_of(request), names)
    return _page(request, "rating-own.html", shown=shown, may_answer=open_, longest=MAX_TEXT)


async def _name_station(request: Request, code: str) -> str:
    async with reading(gateway_of(request).engine) as connection:
        names = await store_invitations.name_station(connection, code)
    return names[language_of(request) == CHINESE]


async def _find(request: Request, token: str) -> Invitation | None:
    if not is_token(token):
        return None
    async with reading(gateway_of(request).engine) as connection:
        return await store_invitations.find_invitation(connection, token)


async def _find_own(request: Request, token: str) -> int | None:
    if not is_token(token):
        return None
    async with reading(gateway_of(request).engine) as connection:
        return await store_web.find_holder(connection, token)


def _unknown(request: Request) -> Response:
    """No such link; guessing costs time."""
    gateway, key = gateway_of(request), f"rate|{address_of(request)}"
    gateway.throttle.fail(key, now_ms())
    wait = gateway.throttle.wait_ms(key, now_ms())
    page = _page(request, "rate-closed.html", 429 if wait else 404, standing=None)
    if wait:
        page.headers["Retry-After"] = str(wait // 1000 + 1)
    return page


def _page(request: Request, template: str, status: int = 200, /, **context: object) -> Response:
    gateway = gateway_of(request)
    settings = gateway.settings
    shared: dict[str, object] = {"notice": settings.web.notice, "zone": settings.ratings.zone}
    return seal(gateway.pages.render(request, template, status, **{**shared, **context}))
