"""The words of the pages of people, as message ids."""

from __future__ import annotations

from cloud_gateway.staff.passwords import LEAST, MOST, CommonPassword, WeakPassword
from cloud_gateway.staff.roles import Role
from edge_agent.web.words import _

ROLES = {
    Role.RISK_ENGINEER: _("risk engineer"),
    Role.INSPECTOR: _("inspector"),
    Role.COUNTER_MANAGER: _("counter manager"),
    Role.OPERATIONS: _("operations"),
    Role.REGULATOR: _("regulator"),
    Role.ADMINISTRATOR: _("administrator"),
}
NAME_TAKEN = _("Somebody has this name already, perhaps somebody who is shut out. Choose another.")
BAD_NAME = _("A name has 1 to 64 characters that can be printed.")
LAST_ADMINISTRATOR = _("Nobody else could administer then. Make somebody else an administrator first.")
SHUT_OUT = _("This person is shut out. Let them in again before you make a link.")
WRONG_PASSWORD = _("The current password is not right.")
NOT_SAME = _("The new password was not typed the same way twice.")
BUSY = _("Many people are signing in right now. Try again in a few seconds.")
TOO_MANY = _("Too many tries. Wait %(age)s, then try again; or ask an administrator for a one-time link.")
TOO_SHORT = _("A password has %(least)s to %(most)s characters.")
COMMON = _("This password is among those that are tried first. Take several words that do not belong together.")


def why_weak(exc: WeakPassword) -> tuple[str, dict[str, int]]:
    """What to say about a password that was not taken, and the values in it."""
    return (COMMON, {}) if isinstance(exc, CommonPassword) else (TOO_SHORT, {"least": LEAST, "most": MOST})
