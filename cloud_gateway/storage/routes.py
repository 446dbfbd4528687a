"""The API of the disk under the gateway, and the words of its state; measured here, so that it needs no room."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request

from cloud_gateway.running import gateway_of
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.storage.room import measure_room
from cloud_gateway.storage.standstill import Waiting, read_waiting
from edge_agent.web.words import _

router = APIRouter(tags=["storage"])

DISK_FULL = _("The centre's disk is full: readings wait on the devices. Make room; they come by themselves.")
STORE_FULL = _(
    "The disk of the store of readings is full: readings wait on the devices. Make room; they come by themselves."
)
STORE_AWAY = _("The store of readings takes nothing: readings wait on the devices and come by themselves.")


@dataclass(frozen=True)
class StorageState:
    """Room in MB, what ingest waits for, and in the reader's language what that means; `message` empty: nothing."""

    free_mb: float
    reserve_mb: float
    low: bool
    waiting: list[dict[str, object]]
    message: str


def judge_storage(low: bool, waiting: list[Waiting]) -> str:
    """The msgid of what to say; empty when nothing waits."""
    if low:
        return DISK_FULL
    if any(w.disk for w in waiting):
        return STORE_FULL
    return STORE_AWAY if waiting else ""


def storage_message(settings: GatewaySettings) -> str:
    """The msgid of what is to be said of the disk now."""
    room = measure_room(settings.data_dir, settings.storage.reserve_mb)
    return judge_storage(room.is_low, read_waiting(settings.data_dir))


@router.get("/storage")
async def show_storage(request: Request) -> StorageState:
    """The room on the gateway's disk, and whether readings wait for it."""
    gateway = gateway_of(request)
    settings = gateway.settings
    room, waiting = measure_room(settings.data_dir, settings.storage.reserve_mb), read_waiting(settings.data_dir)
    said = judge_storage(room.is_low, waiting)
    rows: list[dict[str, object]] = [{"what": w.what, "since": w.since, "reason": w.reason} for w in waiting]
    message = gateway.pages.translations(request).gettext(said) if said else ""
    return StorageState(round(room.free_mb, 1), room.reserve_mb, room.is_low, rows, message)
