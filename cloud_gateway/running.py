"""What the routes of a running gateway share: its database, series store, pages and event follower."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud_gateway.clock import now_ms
from cloud_gateway.ratings.pace import Pace
from cloud_gateway.readings.series import SeriesHome
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.staff.passwords import Passwords
from cloud_gateway.staff.throttle import Throttle, Turns
from edge_agent.web.pages import Pages
from edge_agent.web.streams import Follower

__all__ = ["Gateway", "gateway_of", "now_ms"]


@dataclass(frozen=True)
class Gateway:
    """Built once in `app.py`, handed to every route.

    `clock` is the time that warnings and outreach go by, in a SIMULATED story the story's; all else goes by `now_ms`.
    """

    settings: GatewaySettings
    engine: AsyncEngine
    series: SeriesHome
    pages: Pages
    follower: Follower
    passwords: Passwords
    throttle: Throttle
    clock: Callable[[], int] = now_ms
    pace: Pace = field(default_factory=Pace)
    turns: Turns = field(default_factory=Turns)


def gateway_of(request: Request) -> Gateway:
    """The gateway that this request came to."""
    gateway = request.app.state.gateway
    assert isinstance(gateway, Gateway)
    return gateway
