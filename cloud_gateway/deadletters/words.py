"""Why the gateway refuses, in words, by the code that names it."""

from __future__ import annotations

from edge_agent.web.words import _

REASONS = {
    "bad_topic": _("the topic is none of this system"),
    "malformed_frame": _("the message cannot be read"),
    "malformed_message": _("the message cannot be read"),
    "malformed_record": _("the record cannot be read"),
    "malformed_reading": _("the reading cannot be read"),
    "malformed_body": _("what the record says cannot be read"),
    "unknown_version": _("a version of the protocol that this gateway does not know"),
    "unknown_kind": _("a kind of record that this gateway does not know"),
    "lane_mismatch": _("it came on the topic of another lane"),
    "seq_order": _("its records are not in order"),
    "frame_too_large": _("it is too large"),
    "message_too_large": _("it is too large"),
    "retained_frame": _("it was left at the broker, which is not allowed"),
    "bad_value": _("a value that is none"),
    "time_out_of_range": _("its time cannot be right"),
    "duplicate_time": _("two values of one stream at one time"),
    "gap_not_allowed": _("alarms and records may never have a gap"),
    "seq_conflict": _("another record has its number"),
    "foreign_epoch": _("its epoch belongs to another device"),
    "too_many_epochs": _("its device has used too many epochs"),
    "too_scattered": _("it would leave too many gaps"),
    "handler_failed": _("the gateway made a mistake with it"),
    "not_enrolled": _("its device is not enrolled"),
    "revoked": _("its device is revoked"),
    "flooding": _("its device sends more than its share"),
    "unsigned": _("it is not signed"),
    "bad_signature": _("its signature is not of its device's key"),
}
