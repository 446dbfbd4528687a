"""What a witness's word means: a device says which head it has seen, and the log has that head or has not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from cloud_gateway.evidence.store_heads import Life
from edge_agent.proof.checkpoints import Checkpoint
from edge_agent.web.words import _


class Dissent(StrEnum):
    """How a witness can disagree.

    `differs`: another tree had been signed at that size. `ahead`: the log is shorter than a head that was signed.
    `restored`: a restored backup lacks what the head held. `foreign`: no head of this origin was ever signed here.
    """

    DIFFERS = "differs"
    AHEAD = "ahead"
    RESTORED = "restored"
    FOREIGN = "foreign"


#: What pages say of each.
WORDS: dict[Dissent, str] = {
    Dissent.DIFFERS: _("Devices have seen another evidence log than this one: it was altered or forked."),
    Dissent.AHEAD: _("Devices have seen evidence that this log does not hold: its end is missing."),
    Dissent.RESTORED: _("The evidence log was restored from a backup that lacks entries which devices have seen."),
    Dissent.FOREIGN: _("Devices have seen heads of an evidence log of another name."),
}


UNSIGNED = _("Heads of the evidence log are not signed: what comes in is kept, but cannot be proven until they are.")


def judge_log(fault: str, dissents: Sequence[Dissent]) -> tuple[str, ...]:
    """The msgids of what pages must say of the log; nothing when all is well."""
    said = [WORDS[dissent] for dissent in dissents]
    return (*said, UNSIGNED) if fault else tuple(said)


def find_life(lives: Sequence[Life], origin: str) -> Life | None:
    """The life of this origin."""
    return next((life for life in lives if life.origin == origin), None)


def judge(seen: Checkpoint, lives: Sequence[Life], size: int, own_root: bytes | None) -> Dissent | None:
    """How a head that a device has seen disagrees with a log of `size` entries; None when it does not.

    `lives` are the log's, the oldest first; `own_root` its root with the first `seen.size` entries, None when it never
    had so many.
    """
    life = find_life(lives, seen.origin)
    if life is None:
        return Dissent.FOREIGN
    after = [other for other in lives if other.number > life.number]
    if after and seen.size > after[0].first_size:
        return Dissent.RESTORED
    if seen.size > size:
        return Dissent.AHEAD
    return None if own_root == seen.root else Dissent.DIFFERS
