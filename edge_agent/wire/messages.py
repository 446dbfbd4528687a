"""The messages of the MQTT contract as frozen structs, and the checks that every receiver makes.

JSON in UTF-8, decoded strictly by msgspec; unknown fields are ignored, never an error. Times are int ms UTC,
`mono` is int ns of the device's monotonic clock. Fields are added with defaults, never renamed.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from edge_agent.wire.topics import Lane

VERSION = 1
#: Largest frame that travels, bytes (DESIGN section 3).
MAX_FRAME_BYTES = 128 * 1024
MAX_FRAME_RECORDS = 1000
MAX_SEQ = 2**63 - 1

Seq = Annotated[int, Meta(ge=1, le=MAX_SEQ)]
Millis = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Count = Annotated[int, Meta(ge=0, le=MAX_SEQ)]
# In patterns it is \Z that ends the text: $ would let a newline follow.
Epoch = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
BootId = Annotated[str, Meta(min_length=1, max_length=64)]
#: Bounded only: `is_kind` tells its grammar, because a pattern would cost more than the rest of a record.
Kind = Annotated[str, Meta(min_length=3, max_length=36)]
Text = Annotated[str, Meta(max_length=200)]
StreamName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
Unit = Annotated[str, Meta(max_length=16)]


_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}/[1-9][0-9]{0,2}")


def is_kind(kind: str) -> bool:
    """Whether a kind is a name and a schema version: `reading/1`."""
    return _KIND.fullmatch(kind) is not None


class ClockQuality(StrEnum):
    """How far a device's wall clock can be trusted."""

    NTP = "ntp"
    RTC = "rtc"
    HOLDOVER = "holdover"
    UNSET = "unset"


class Role(StrEnum):
    """What a device is there for."""

    RATING_TERMINAL = "rating-terminal"
    KIOSK = "kiosk"
    CAMERA = "camera"
    SENSOR_NODE = "sensor-node"


class PresenceState(StrEnum):
    """`online` and `offline` are said by the device, `lost` by its will."""

    ONLINE = "online"
    OFFLINE = "offline"
    LOST = "lost"


class Record(Struct, frozen=True, gc=False, omit_defaults=True):
    """One fact of one lane. `body` is the bytes as the device wrote them.

    `skip`: so many numbers directly before this one will never come: what they named was acknowledged, or dropped
    and is named by a gap record. It holds in the lanes `reading` and `diagnostic` only; the others have no gap.
    """

    seq: Seq
    kind: Kind
    at: Millis
    clock: ClockQuality
    mono: int
    body: msgspec.Raw
    sig: str | None = None
    skip: Count = 0


class Frame(Struct, frozen=True):
    """Consecutive records of one lane and one boot: what ``up/{lane}`` carries."""

    epoch: Epoch
    lane: Lane
    boot: BootId
    records: Annotated[list[Record], Meta(min_length=1, max_length=MAX_FRAME_RECORDS)]
    v: int = VERSION


class Rejection(Struct, frozen=True):
    """A record that the gateway refuses for good; it is kept in the dead letters under `code`."""

    seq: Seq
    code: Text


class LaneAck(Struct, frozen=True, omit_defaults=True):
    """What of a lane is stored: all up to `upto`, and `ranges` above it; `safe` is in the last backup."""

    upto: Count
    ranges: Annotated[list[tuple[Seq, Seq]], Meta(max_length=1000)] = []
    rejected: Annotated[list[Rejection], Meta(max_length=1000)] = []
    safe: Count | None = None


class Ack(Struct, frozen=True):
    """The gateway's receipt to one device for one epoch; cumulative, so that losing one costs nothing.

    `checkpoint` is the newest signed head of the evidence log (C2SP tlog-checkpoint), empty where there is no newer one
    than the device was told: it keeps the head, and says `head-seen/1`, so that every device is a witness.
    """

    epoch: str
    lanes: dict[Lane, LaneAck]
    v: int = VERSION
    checkpoint: Annotated[str, Meta(max_length=4000)] = ""


class Presence(Struct, frozen=True):
    """Retained. `conn` grows within an epoch, so that a late will of an old connection is known as old."""

    state: PresenceState
    epoch: Epoch
    conn: Annotated[int, Meta(ge=1, le=MAX_SEQ)]
    at: Millis
    v: int = VERSION


class StreamInfo(Struct, frozen=True, omit_defaults=True):
    """One stream as its device declares it. `unit` is a SenML unit (RFC 8428 and its registry).

    `predicts` names the stream whose expected value this one carries (a tide table beside its gauge).
    `interval_s` is the longest silence that is normal for the stream, in the device's own seconds.
    """

    name: StreamName
    unit: Unit
    interval_s: Annotated[float, Meta(ge=0)]
    label: Text = ""
    label_zh: Text = ""
    predicts: StreamName | None = None


class RuleInfo(Struct, frozen=True, omit_defaults=True):
    """One alarm rule as its device declares it; `limit` in `unit`, drawn as a threshold on the stream's chart.

    `raised`: whether it stands raised; null while it has judged nothing yet, or waits for its duration.
    """

    name: StreamName
    stream: StreamName
    type: Text
    limit: float
    unit: Unit
    severity: Text = "urgent"
    label: Text = ""
    label_zh: Text = ""
    raised: bool | None = None


class Birth(Struct, frozen=True, omit_defaults=True):
    """Retained. Who a device is and what it can send.

    `mono` was the device's monotonic clock at `at`: it tells two births of one boot apart, and ties the times of
    a boot whose wall clock is not set to the gateway's.
    """

    role: Role
    software: Text
    serial: Text
    epoch: Epoch
    boot: BootId
    heartbeat_s: Annotated[float, Meta(gt=0, le=86400)]
    at: Millis
    streams: Annotated[list[StreamInfo], Meta(max_length=256)] = []
    rules: Annotated[list[RuleInfo], Meta(max_length=256)] = []
    simulated: bool = False
    v: int = VERSION
    mono: Count | None = None


class AlarmState(StrEnum):
    """The two things an edge rule can say."""

    RAISED = "raised"
    CLEARED = "cleared"


class AlarmBody(Struct, frozen=True):
    """Body of ``alarm/1``. `value` and `limit` in `unit`; `since` is when the condition began, ms UTC."""

    rule: StreamName
    stream: StreamName
    state: AlarmState
    value: float
    limit: float
    unit: Unit
    since: Millis


class GapBody(Struct, frozen=True):
    """Body of ``gap/1``: `count` facts of a lane were dropped on purpose.

    `first` and `last` are sequence numbers when the facts had been numbered, else 0. Also the body of ``damaged/1``,
    which stands in the place of an alarm or record that the device's disk has altered: those lanes have no gap.
    """

    reason: Text
    count: Annotated[int, Meta(ge=1, le=MAX_SEQ)]
    since: Millis
    until: Millis
    first: Count = 0
    last: Count = 0


class HeartbeatBody(Struct, frozen=True, omit_defaults=True):
    """Body of ``heartbeat/1``: how a device is. `oldest_at` is the oldest unacknowledged `at`.

    `hours_left`: until each lane's quota is full if nothing is acknowledged, at the rate of the last hour; a lane
    without a limit in sight is left out. What a machine cannot tell is null, never a guess. `dropped_unsafe`:
    acknowledged facts that had to go before a backup of the gateway had them, since this outbox began.
    """

    depth: dict[Lane, Annotated[int, Meta(ge=0, le=2**53)]]
    oldest_at: Millis | None
    uptime_s: float
    degraded: Annotated[list[Text], Meta(max_length=64)] = []
    hours_left: dict[Lane, Annotated[float, Meta(ge=0, le=1e6)]] = {}
    disk_free_mb: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    temperature_c: Annotated[float, Meta(ge=-100, le=200)] | None = None
    undervoltage: bool | None = None
    clock: ClockQuality | None = None
    memory_mb: Annotated[float, Meta(ge=0, le=1e6)] | None = None
    dropped_unsafe: dict[Lane, Count] = {}


class ClockStepBody(Struct, frozen=True, omit_defaults=True):
    """Body of ``clock-step/1``: the machine's wall clock was set, by `by_ms` against the time the device lived by.

    `taken`: the device lives by it now; else it goes on by its monotonic clock. `clock`: the quality from then on.
    """

    by_ms: Millis
    taken: bool
    clock: ClockQuality


class SensorTrouble(StrEnum):
    """How a sensor can be wrong although it is there.

    `stuck` to one value; `silent` when one was due; `out_of_range` of what it can give; `flapping` to and fro.
    """

    STUCK = "stuck"
    SILENT = "silent"
    OUT_OF_RANGE = "out_of_range"
    FLAPPING = "flapping"


class SensorStateBody(Struct, frozen=True, omit_defaults=True):
    """Body of ``sensor-state/1``: a sensor's trouble began, or is `over`. `reason` is for people."""

    stream: StreamName
    trouble: SensorTrouble
    over: bool = False
    reason: Text = ""


class Desired(Struct, frozen=True):
    """``config/desired``, retained: the settings that a device shall have. `sections` by name, each a JSON object.

    `version` grows with every change; `hash` is the SHA-256, hex, of the canonical JSON (RFC 8785) of `sections`.
    """

    version: Annotated[int, Meta(ge=1, le=MAX_SEQ)]
    hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    sections: Annotated[dict[str, dict[str, msgspec.Raw]], Meta(max_length=16)]
    at: Millis
    v: int = VERSION


class TwinState(StrEnum):
    """What became of the desired settings. `trial`: in use, until the gateway has been reached with them."""

    APPLIED = "applied"
    TRIAL = "trial"
    REVERTED = "reverted"
    REFUSED = "refused"


class KeyResult(Struct, frozen=True, omit_defaults=True):
    """One key of one section: taken, or what is wrong with it and what to do."""

    ok: bool
    error: Text = ""


class Reported(Struct, frozen=True):
    """``config/reported``, retained: what the device made of `version` and `hash`, and what is in use now.

    `results` by "section.key"; `sections` are the settings in use, whole. Version 0 is the device's own file.
    """

    version: Count
    hash: Text
    state: TwinState
    results: dict[str, KeyResult]
    sections: dict[str, dict[str, msgspec.Raw]]
    at: Millis
    v: int = VERSION


#: Largest `notice` that a device reads, bytes.
MAX_NOTICE_BYTES = 128 * 1024


class NoticeEntry(Struct, frozen=True, omit_defaults=True):
    """One danger at the place where a device stands; `level` 1 (slight) to 4 (gravest).

    `official`: there is an official warning behind it, and `issuer`, `sent`, `headline` and `text` are its own words,
    unchanged, `cut` where they are too long for a notice; else our own gauge has reached its threshold, which is no
    warning. `color` is the issuer's, empty where there is none. `holds` is false while it is still to come.
    """

    event: Text
    hazard: Text
    name: Text
    name_zh: Text
    level: Annotated[int, Meta(ge=1, le=4)]
    since: Millis
    holds: bool = True
    official: bool = False
    color: Text = ""
    issuer: Text = ""
    sent: Millis | None = None
    unconfirmed_since: Millis | None = None
    language: Text = ""
    headline: Annotated[str, Meta(max_length=500)] = ""
    text: Annotated[str, Meta(max_length=1500)] = ""
    cut: bool = False
    simulated: bool = False


class ClerkBadge(Struct, frozen=True, omit_defaults=True):
    """A clerk who may sign on at a counter, as customers see them.

    `card` is `card_digest` of the card that signs them on, empty for none. `stars` is null while there are too few
    ratings for a level; `ratings` is how many stand behind it, in the last `days`. `lapsed`: the training has run out,
    and there is no badge. `photo` is base64 of a small JPEG or PNG; all badges must fit into one notice.
    """

    number: Text
    name: Text
    card: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")] = ""
    stars: Annotated[int, Meta(ge=0, le=5)] | None = None
    ratings: Annotated[int, Meta(ge=0, le=2**53)] = 0
    days: Annotated[int, Meta(ge=1, le=3660)] = 90
    lapsed: bool = False
    photo: Annotated[str, Meta(max_length=12_000)] = ""


class DutyCall(Struct, frozen=True):
    """Somebody is asked to go to a counter; it says neither who rated nor how."""

    counter: Text
    at: Millis


class CounterNotice(Struct, frozen=True, omit_defaults=True):
    """What a rating terminal shows besides warnings: the names of its counter, and who may sign on.

    `calls` are for the duty manager's own device alone; the terminal of a counter gets none.
    """

    name: Text = ""
    name_zh: Text = ""
    clerks: Annotated[list[ClerkBadge], Meta(max_length=64)] = []
    calls: Annotated[list[DutyCall], Meta(max_length=64)] = []


class Notice(Struct, frozen=True):
    """``notice``, retained: what people at the device must see; the gravest first, no entry while nothing is wrong.

    `version` grows with every change of it. `counter` is there for rating terminals.
    """

    version: Annotated[int, Meta(ge=1, le=MAX_SEQ)]
    entries: Annotated[list[NoticeEntry], Meta(max_length=16)]
    at: Millis
    v: int = VERSION
    counter: CounterNotice | None = None


READING = "reading/1"
ALARM = "alarm/1"
GAP = "gap/1"
DAMAGED = "damaged/1"
HEARTBEAT = "heartbeat/1"
CLOCK_STEP = "clock-step/1"
SENSOR_STATE = "sensor-state/1"
