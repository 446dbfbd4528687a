"""`weiran sim keypad`: a SIMULATED telephone system sends the gateway what a caller pressed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.options import AsJson, print_rows
from deploy.failures import FINDING, WRONG_USE, Failure, extra


def keypad(
    digits: Annotated[str, typer.Argument(metavar="DIGITS", help="The keys, such as 1; empty: none.")],
    key_file: Annotated[Path, typer.Option("--key-file", help="The key that the gateway's settings name, too.")],
    origin: Annotated[str, typer.Option("--origin", help="Address of the gateway.")] = "http://127.0.0.1:8080",
    key: Annotated[str, typer.Option("--key", help="Name of the key.")] = "telephony",
    clerk: Annotated[str, typer.Option("--clerk", help="Number of the clerk who spoke.")] = "",
    station: Annotated[str, typer.Option("--station", help="Code of the clerk's station.")] = "",
    call_back: Annotated[str, typer.Option("--call-back", help="Id of the call-back that this call was.")] = "",
    hang_up: Annotated[bool, typer.Option("--hang-up", help="The caller hangs up at the end.")] = False,
    as_json: AsJson = False,
) -> int:
    """End a SIMULATED (模拟) call with these keys; the gateway takes it as a real one, and marks it.

    Exit status 1 when the gateway refuses it.
    """
    with extra("sim"):
        import httpx

        from firmware_sim.keypad import KeyedCall, Keypad, Purpose
    from cloud_gateway.running import now_ms
    from edge_agent.wire.shared_keys import read_shared_key
    from edge_agent.wire.tls import CredentialError

    purpose: Purpose = "call-back" if call_back else "consultation"
    call = KeyedCall(digits, hang_up, purpose, clerk, station, call_back)
    try:
        said = asyncio.run(Keypad(origin, key, read_shared_key(key_file), now_ms).end(call))
    except CredentialError as exc:
        raise Failure("no_key", str(exc), "Name the file of the key with --key-file", WRONG_USE) from exc
    except (httpx.HTTPError, ValueError) as exc:
        raise Failure("no_gateway", f"{origin}: {exc}", "Start the gateway, or give its --origin", FINDING) from exc
    print_rows([{"simulated": "SIMULATED / 模拟", "status": said.status, **said.body}], as_json)
    return FINDING if said.status >= 400 else 0
