"""Frames, records and deliveries for the tests of ingest, written as JSON text so that any of it can be wrong."""

from __future__ import annotations

from itertools import count

from edge_agent.wire.session import Delivery

AT = 1_795_305_600_000  # 2026-11-22, ms
EPOCH = "0123456789abcdef"
OTHER_EPOCH = "fedcba9876543210"
DEVICE = "gauge-01"

_tokens = count(1)


def pack(value: object = 1.25, *, stream: str = "level", unit: str = "m") -> str:
    """A SenML pack of one number."""
    return f'[{{"n":"{stream}","u":"{unit}","v":{value}}}]'


def record(
    seq: int | str = 1, body: str = pack(), *, kind: str = "reading/1", at: int | str = AT, mono: str = "5"
) -> str:
    """A record; every part goes in as it is given."""
    return f'{{"seq":{seq},"kind":"{kind}","at":{at},"clock":"ntp","mono":{mono},"body":{body}}}'


def alarm(seq: int, state: str = "raised", *, rule: str = "surge", at: int = AT, value: object = 1.5) -> str:
    """A record of an alarm."""
    body = f'"rule":"{rule}","stream":"tide","state":"{state}","value":{value},"limit":1.0,"unit":"m","since":{at}'
    return record(seq, f"{{{body}}}", kind="alarm/1", at=at)


def heartbeat(seq: int, depth: int = 0, *, at: int = AT) -> str:
    """A record of how an outbox stands."""
    body = f'{{"depth":{{"reading":{depth}}},"oldest_at":null,"uptime_s":1.0}}'
    return record(seq, body, kind="heartbeat/1", at=at)


def frame(
    *records: str, lane: str = "reading", epoch: str = EPOCH, boot: str = "boot-1", v: object = 1, extra: str = ""
) -> bytes:
    """The payload of a frame."""
    text = f'{{"v":{v},"epoch":"{epoch}","lane":"{lane}","boot":"{boot}"{extra},"records":[{",".join(records)}]}}'
    return text.encode()


def deliver(payload: bytes, part: str = "up/reading", *, device: str = DEVICE, retain: bool = False) -> Delivery:
    """A message as the link hands it over."""
    return Delivery(f"weiran/1/{device}/{part}", payload, retain, next(_tokens))


def birth(*, epoch: str = EPOCH, streams: str = "[]", rules: str = "[]", at: int = AT, extra: str = "") -> bytes:
    """The payload of a birth message."""
    who = '"role":"sensor-node","software":"0.1.0","serial":"SIM-1","boot":"boot-1","heartbeat_s":60'
    return f'{{{who},"epoch":"{epoch}","at":{at},"streams":{streams},"rules":{rules}{extra}}}'.encode()


def presence(state: str, conn: int, *, epoch: str = EPOCH, at: int = AT, extra: str = "") -> bytes:
    """The payload of a presence message."""
    return f'{{"state":"{state}","epoch":"{epoch}","conn":{conn},"at":{at}{extra}}}'.encode()
