"""The peer of the bench: paho as its documentation shows it, receiving and acknowledging, doing nothing else."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.wire.tls import CA, CERTIFICATE, KEY


def main() -> None:
    """`python -m deploy.bench.bare_paho PORT COUNT FOLDER`: prints `ready`, then seconds from first to last message."""
    port, count, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    seen: list[float] = []
    got = 0

    def on_connect(client: paho.Client, _userdata: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        client.subscribe("bench/#", qos=1)

    def on_subscribe(_client: paho.Client, _userdata: Any, _mid: int, _reasons: Any, _properties: Any) -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    def on_message(client: paho.Client, _userdata: Any, _message: paho.MQTTMessage) -> None:
        nonlocal got
        got += 1
        if got in (1, count):
            seen.append(time.perf_counter())
        if got == count:
            client.disconnect()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=folder.name, protocol=paho.MQTTv5)
    client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
    client.tls_set(str(folder / CA), str(folder / CERTIFICATE), str(folder / KEY))
    client.connect("127.0.0.1", port)
    client.loop_forever()
    sys.stdout.write(f"{seen[-1] - seen[0]:.6f}\n")


if __name__ == "__main__":
    main()
