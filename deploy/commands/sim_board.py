"""`weiran sim board`: a page on this machine for the simulated boards of a running demo or fleet."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.failures import WRONG_USE, Failure, extra

if TYPE_CHECKING:
    from fastapi import FastAPI

HOST = "127.0.0.1"


def board(
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="The folder of the demo or fleet, when several run.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of the page; 0: a free one.")] = 8090,
) -> int:
    """Serve a page for the SIMULATED boards of a running demo or fleet, to browsers of this machine.

    A person presses their keys there, moves their sensors, injects faults, and sees lamps, siren and paper live.
    """
    with extra("sim"):
        from firmware_sim.page.app import create_app
        from kiosk.web.server import AddressTaken
    boards = find_folder(folder)
    try:
        asyncio.run(_serve(create_app(boards), port))
    except AddressTaken as exc:
        raise Failure("port", str(exc), "Give another --port, or 0 for a free one", WRONG_USE) from exc
    return 0


async def _serve(app: FastAPI, port: int) -> None:
    from kiosk.web.server import serve

    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serve(app, HOST, port, lambda at: typer.echo(f"SIMULATED / 模拟: open http://{HOST}:{at}/"))


def find_folder(folder: Path | None) -> Path:
    """The folder of boards of the demo or fleet that runs. Raises Failure for none, and for several."""
    from deploy.demo.folder import BOARDS, PREFIX
    from firmware_sim.control import SUFFIX

    place = Path(tempfile.gettempdir())
    found = [folder] if folder is not None else sorted(path for path in place.glob(f"{PREFIX}*"))
    running = [path for path in found if any(one.is_socket() for one in (path / BOARDS).glob(f"*{SUFFIX}"))]
    if not running:
        where = "" if folder is None else f" in {folder}"
        raise Failure("no-board", f"no board runs{where}", "Start weiran sim fleet or weiran demo first", WRONG_USE)
    if len(running) > 1:
        folders = ", ".join(map(str, running))
        raise Failure("which-demo", "several demos or fleets run", f"Name one: --folder {folders}", WRONG_USE)
    return running[0] / BOARDS
