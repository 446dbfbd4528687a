"""The gateway's relational tables, as SQLAlchemy Core metadata; `migrations/` builds them.

Times are int ms UTC. Device facts are keyed (device, epoch, lane, seq); gateway entities by UUIDv7 text.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

device = Table(
    "device",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("role", String(32)),
    Column("software", Text),
    Column("serial", Text),
    Column("boot", Text),
    Column("epoch", String(16)),  # of the newest birth
    Column("heartbeat_s", Float),
    Column("simulated", Boolean, nullable=False, default=False),
    Column("birth_at", Integer),
    Column("presence", String(8)),  # online, offline, lost; null before the first word
    Column("presence_epoch", String(16)),
    Column("presence_conn", Integer),
    Column("presence_at", Integer),  # gateway time of receipt
    Column("heard_at", Integer),  # gateway time of the newest message
    Column("heartbeat_at", Integer),  # device time of the newest heartbeat
    Column("depth", Integer),  # unacknowledged records at that heartbeat
    Column("oldest_at", Integer),  # device time of the oldest of them
    Column("health", Text),  # JSON of that heartbeat's body
    Column("clone_at", Integer),  # gateway time when two lives with this identity were seen at once; null: none
    Column("clock_off_ms", Integer),  # its trusted clock less the gateway's, when last compared; null: not known
)

enrolment = Table(  # the devices that may speak: anything else is refused by name
    "enrolment",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("role", String(32), nullable=False),
    Column("public_key", String(44), nullable=False),  # Ed25519, raw, base64
    Column("former_key", String(44)),  # the one before a renewal: what the outbox still holds was signed with it
    Column("certificate", String(64), nullable=False),  # SHA-256 of the certificate, hex
    Column("not_after", Integer, nullable=False),
    Column("enrolled_at", Integer, nullable=False),
    Column("revoked_at", Integer),
    Column("reason", Text, nullable=False, default=""),  # of the revocation
    Column("version", Integer, nullable=False, unique=True),  # the greatest of the table at each change of a row
)

device_boot = Table(  # each life of a device's agent; one that comes back after a newer one is a second device
    "device_boot",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("boot", String(64), primary_key=True),
    Column("serial", Text, nullable=False),
    Column("first_at", Integer, nullable=False),  # gateway time of its first birth
    Column("last_at", Integer, nullable=False),  # and of its newest one
    Column("said_at", Integer, nullable=False),  # the device's own time in the newest one
    Column("mono", Integer),  # ns, of the device's monotonic clock then
    Index("device_boot_newest", "device", "last_at"),
)

boot_clock = Table(  # one offset for each boot whose clock was unset, fixed before its first write, never changed
    "boot_clock",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("epoch", String(16), primary_key=True),
    Column("boot", String(64), primary_key=True),
    Column("offset_ms", Integer, nullable=False),  # added to `at`
    Column("fixed_at", Integer, nullable=False),
)

twin = Table(
    "twin",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("version", Integer, nullable=False, default=0),  # of what is desired; 0: nothing
    Column("hash", String(64), nullable=False, default=""),
    Column("sections", Text, nullable=False, default="{}"),  # JSON
    Column("desired_at", Integer),
    Column("desired_by", Text, nullable=False, default=""),
    Column("reported", Text),  # JSON of the newest `config/reported`
    Column("reported_at", Integer),  # gateway time
)

backup = Table(
    "backup",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("begun_at", Integer, nullable=False),
    Column("finished_at", Integer),  # null: under way, or failed
    Column("folder", Text, nullable=False),
)

device_epoch = Table(  # an epoch belongs to the first device that used it
    "device_epoch",
    metadata,
    Column("epoch", String(16), primary_key=True),
    Column("device", String(32), nullable=False),
    Column("first_seen_at", Integer, nullable=False),
    Index("device_epoch_of", "device"),
)

stream = Table(
    "stream",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("unit", String(16), nullable=False),
    Column("interval_s", Float),
    Column("label", Text, nullable=False, default=""),
    Column("label_zh", Text, nullable=False, default=""),
    Column("predicts", String(32)),
    Column("value", Text),  # JSON of the newest value
    Column("at", Integer),  # device time of the newest value
    Column("received_at", Integer),
)

rule = Table(
    "rule",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("stream", String(32), nullable=False),
    Column("type", Text, nullable=False),
    Column("limit", Float, nullable=False),
    Column("unit", String(16), nullable=False),
    Column("severity", Text, nullable=False),
    Column("label", Text, nullable=False, default=""),
    Column("label_zh", Text, nullable=False, default=""),
)

ledger = Table(
    "ledger",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("epoch", String(16), primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("upto", Integer, nullable=False),
    Column("ranges", Text, nullable=False),  # JSON [[first, last], ...] above upto
    Column("safe", Integer, nullable=False, server_default="0"),  # all up to it is in the last backup
)

record = Table(  # lanes alarm, record and diagnostic; readings live in the series store
    "record",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("epoch", String(16), primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("at", Integer, nullable=False),
    Column("clock", String(8), nullable=False),
    Column("said_at", Integer),  # the device's own `at`, where boot_clock has corrected it
    Column("boot", String(64), nullable=False),
    Column("mono", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sig", Text),
    Column("received_at", Integer, nullable=False),
)

unsealing = Table(  # who has read personal text of a record; written before it is shown, never deleted
    "unsealing",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("device", String(32), nullable=False),
    Column("epoch", String(16), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("fields", Text, nullable=False),  # JSON list of their paths in the body
)

gap = Table(  # what devices dropped on purpose, from gap/1 records of any lane
    "gap",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("epoch", String(16), primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("since", Integer, nullable=False),
    Column("until", Integer, nullable=False),
)

alarm = Table(  # one row per raising; cleared_at null while open
    "alarm",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("epoch", String(16), primary_key=True),
    Column("seq", Integer, primary_key=True),  # of the record that raised it
    Column("rule", String(32), nullable=False),
    Column("stream", String(32), nullable=False),
    Column("value", Float, nullable=False),
    Column("limit", Float, nullable=False),
    Column("unit", String(16), nullable=False),
    Column("since", Integer, nullable=False),
    Column("raised_at", Integer, nullable=False),
    Column("received_at", Integer, nullable=False),
    Column("cleared_at", Integer),
    Index("alarm_open", "cleared_at", "device", "rule", "raised_at", "epoch"),
    Index("alarm_of_rule", "device", "epoch", "rule", "seq"),
    Index("alarm_newest", "raised_at"),
)

alarm_clearing = Table(  # each clearing, so that the first one after a raising is one look in an index
    "alarm_clearing",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("epoch", String(16), primary_key=True),
    Column("rule", String(32), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("received_at", Integer, nullable=False),
    Column("topic", Text, nullable=False),
    Column("device", String(32)),
    Column("epoch", String(16)),
    Column("lane", String(16)),
    Column("seq", Integer),
    Column("code", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # the record's body, or the head of an unreadable message
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("times", Integer, nullable=False, default=1),  # how often the same unreadable message came
    Column("boot", String(64)),  # of a refused record
    Column("record", LargeBinary),  # the whole of it, as its device said it
    UniqueConstraint("device", "epoch", "lane", "seq", "sha256"),  # another device's outbox may be a copy
    Index("dead_letter_same", "topic", "sha256"),
    sqlite_autoincrement=True,
)

site = Table(
    "site",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("code", String(32), nullable=False, unique=True),  # short human name: charleston
    Column("name", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("latitude", Float, nullable=False),  # WGS-84
    Column("longitude", Float, nullable=False),
    Column("zone", Text, nullable=False),  # IANA time zone
    Column("simulated", Boolean, nullable=False, default=False),
)

placement = Table(  # which device stood where, dated
    "placement",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("since", Integer, primary_key=True),
    Column("site", String(36), ForeignKey("site.id"), nullable=False),
    Column("until", Integer),
)

event = Table(  # what live pages follow; appended in the transaction of the change
    "event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Integer, nullable=False),
    Column("topic", String(32), nullable=False),
    Column("body", Text, nullable=False),  # JSON
    sqlite_autoincrement=True,
)

staff = Table(
    "staff",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("role", String(32), nullable=False),
    Column("password", Text),  # argon2id; null until set
    Column("created_at", Integer, nullable=False),
    Column("disabled_at", Integer),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("staff", String(36), ForeignKey("staff.id"), nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("address", String(64), nullable=False, server_default=""),  # where it was last used from
    Column("seen_at", Integer),  # when, to some minutes; null: not since it began
)

sign_in_link = Table(  # one-time links; the token itself is never stored
    "sign_in_link",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("staff", String(36), ForeignKey("staff.id"), nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("used_at", Integer),
)
