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
#: What has just been done to a person, by how the page's address calls it.
DONE = {
    "added": _("%(name)s may sign in now. Make them a one-time link."),
    "role": _("%(name)s has the new role; they have to sign in again."),
    "shut-out": _("%(name)s is shut out, and signed in nowhere."),
    "let-in": _("%(name)s may sign in again."),
    "sessions": _("%(name)s is signed in nowhere now."),
    "password": _("%(name)s has no password now. Make them a one-time link, so that they set a new one."),
}
NAME_TAKEN = _("Somebody has this name already, perhaps somebody who is shut out. Choose another.")
BAD_NAME = _("A name has 1 to 64 characters that can be printed.")
LAST_ADMINISTRATOR = _("Nobody else could administer then. Make somebody else an administrator first.")
SHUT_OUT = _("This person is shut out. Let them in again before you make a link.")
WRONG_PASSWORD = _("The current password is not right. If it is lost, an administrator can take it away.")
NOT_SAME = _("The new password was not typed the same way twice. Type both once more.")
BUSY = _("Many people are signing in right now. Try again in a few seconds.")
TOO_MANY = _("Too many tries. Wait %(age)s, then try again; or ask an administrator for a one-time link.")
TOO_SHORT = _("A password has %(least)s to %(most)s characters.")
COMMON = _("This password is among those that are tried first. Take several words that do not belong together.")


def why_weak(exc: WeakPassword) -> tuple[str, dict[str, int]]:
    """What to say about a password that was not taken, and the values in it."""
    return (COMMON, {}) if isinstance(exc, CommonPassword) else (TOO_SHORT, {"least": LEAST, "most": MOST})
