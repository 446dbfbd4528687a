"""`weiran sim press`: a finger on a key of a simulated board in a running demo."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import AsJson
from deploy.failures import FINDING, WRONG_USE, Failure, extra


def press(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="The terminal's id, such as desk-01.")],
    button: Annotated[
        str, typer.Argument(metavar="BUTTON", help="The key: its score, 1 the worst, or its label, such as 满意.")
    ],
    touch: Annotated[
        str, typer.Option("--touch", metavar="HOW", help="press, mash, palm, stuck or chatter.")
    ] = "press",
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="The demo's folder, when it was given with --keep.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Press a key of a SIMULATED terminal in a running demo.

    Says what became of each press that was seen: counted, or why not. Exit status 1 when none counted.
    """
    with extra("sim"):
        from firmware_sim.control import ControlError, Press, press_key
        from firmware_sim.fingers import Touch
    if touch not in set(Touch):
        raise Failure("touch", f"{touch!r} is no touch", f"Use one of {', '.join(Touch)}", WRONG_USE)
    wanted = Press(button, Touch(touch))
    socket = _find_board(device, folder)
    try:
        outcomes = list(asyncio.run(press_key(socket, wanted)))
    except ControlError as exc:
        raise Failure("board", str(exc), "See the demo's own words, and its addresses", WRONG_USE) from exc
    if as_json:
        typer.echo(json.dumps({"device": device, "button": button, "outcomes": outcomes}))
    else:
        typer.echo(f"{device}, key {button} (SIMULATED / 模拟): {', '.join(outcomes) or 'no press was seen'}")
    return 0 if "counted" in outcomes else FINDING


def _find_board(device: str, folder: Path | None) -> Path:
    """The socket of a board. Raises Failure for one that does not run, or runs in several demos."""
    from deploy.demo.folder import BOARDS, PREFIX
    from deploy.demo.hands import find_boards
    from firmware_sim.control import SUFFIX

    if "/" in device or device.startswith("."):
        raise Failure("device", f"{device!r} is no device's id", "Use an id such as desk-01", WRONG_USE)
    name = f"{device}{SUFFIX}"
    if folder is not None:
        found = [path for path in [folder / BOARDS / name] if path.is_socket()]
    else:
        found = find_boards(Path(tempfile.gettempdir()), PREFIX, name)
    if not found:
        remedy = "Start one that goes on, weiran demo, and use an id that it names"
        raise Failure("no-board", f"no running demo has a board {device}", remedy, WRONG_USE)
    if len(found) > 1:
        folders = ", ".join(str(path.parent.parent) for path in found)
        raise Failure("which-demo", f"several demos have a board {device}", f"Name one: --folder {folders}", WRONG_USE)
    return found[0]
