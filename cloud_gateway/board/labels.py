"""The words of the pages of warnings."""

from __future__ import annotations

from dataclasses import dataclass

from cloud_gateway.console.labels import Labels
from cloud_gateway.exposures.model import Sure, Why
from cloud_gateway.exposures.score import Reason
from cloud_gateway.outreach.ladder import Choice
from cloud_gateway.outreach.model import Change, Channel, MessageState
from cloud_gateway.outreach.texts import hazard_words
from cloud_gateway.plans.model import TaskState
from cloud_gateway.warnings.course import State
from cloud_gateway.warnings.model import Color, Level, MsgType
from edge_agent.web.words import _

STATES = {
    State.SCHEDULED: _("to come"),
    State.IN_FORCE: _("in force"),
    State.UPDATED: _("in force, updated"),
    State.UPGRADED: _("in force, upgraded"),
    State.DOWNGRADED: _("in force, downgraded"),
    State.CANCELLED: _("lifted"),
    State.EXPIRED: _("expired"),
    State.NOT_FOR_PUBLIC: _("test, not for the public"),
}
COLORS = {
    Color.GREEN: _("green warning"),
    Color.WHITE: _("white warning"),
    Color.BLUE: _("blue warning"),
    Color.YELLOW: _("yellow warning"),
    Color.AMBER: _("amber warning"),
    Color.ORANGE: _("orange warning"),
    Color.RED: _("red warning"),
    Color.BLACK: _("black warning"),
}
#: Of an issuer without colours.
GRADES = {
    Level.NONE: _("warning without a level"),
    Level.MINOR: _("minor warning"),
    Level.MODERATE: _("moderate warning"),
    Level.SEVERE: _("severe warning"),
    Level.EXTREME: _("extreme warning"),
}
REACHED = _("threshold reached on site")
CHANGES = {
    Change.ADVICE: _("announced"),
    Change.RAISED: _("raised"),
    Change.UPGRADED: _("upgraded"),
    Change.DOWNGRADED: _("downgraded"),
    Change.CLEARED: _("all clear"),
    Change.CONFIRMED: _("confirmed on site"),
}
MESSAGE_TYPES = {
    MsgType.ALERT: _("first issue"),
    MsgType.UPDATE: _("update"),
    MsgType.CANCEL: _("cancel"),
    MsgType.ACK: _("acknowledgement"),
    MsgType.ERROR: _("error notice"),
}
SIGNATURES = {
    "verified": _("signature verified"),
    "unverifiable": _("signature cannot be verified"),
    "broken": _("signature broken"),
}
WHYS = {
    Why.POLYGON: _("inside the area drawn"),
    Why.CIRCLE: _("inside the circle drawn"),
    Why.GEOCODE: _("in the district named"),
    Why.PARENT_GEOCODE: _("in the larger district named"),
    Why.WIND_RADIUS: _("inside the storm's wind radius"),
    Why.GAUGE: _("by our gauge on site"),
}
SURES = {Sure.CERTAIN: _("certain"), Sure.LIKELY: _("likely"), Sure.POSSIBLE: _("possible")}
CHANNELS = {
    Channel.MAIL: _("mail"),
    Channel.CHAT: _("chat"),
    Channel.NOTICE: _("notice on site"),
    Channel.CALL: _("telephone"),
}
SENDINGS = {
    MessageState.QUEUED: _("waiting"),
    MessageState.SENDING: _("being sent"),
    MessageState.SENT: _("sent"),
    MessageState.DELIVERED: _("delivered"),
    MessageState.ANSWERED: _("answered"),
    MessageState.FAILED: _("failed"),
    MessageState.SUPERSEDED: _("overtaken before it was sent"),
}
CHOICES = {
    Choice.ACTING: _("is acting"),
    Choice.UNSAFE: _("unsafe, stays away"),
    Choice.NEED_HELP: _("needs help"),
    Choice.NOT_MINE: _("not responsible"),
}
ROLES = {
    "risk-engineer": _("risk engineer"),
    "customer": _("customer"),
    "branch": _("branch"),
    "rescue": _("rescue team"),
}
TASK_STATES = {
    TaskState.OPEN: _("open"),
    TaskState.DONE: _("done"),
    TaskState.UNSAFE: _("unsafe, not done"),
    TaskState.ROLLED_BACK: _("taken back"),
    TaskState.CLOSED_UNSAFE: _("closed: nobody may go out"),
}
#: Parts of a priority, by the rule that weighed them; the criteria are named after a colon.
REASONS = {
    "vulnerability-high": _("highly vulnerable"),
    "vulnerability-medium": _("vulnerable"),
    "vulnerability-low": _("slightly vulnerable"),
    "vulnerability-none": _("no known weakness"),
    "severity": _("gravity"),
    "insured-value": _("insured value"),
    "rectifications": _("open rectifications"),
    "claims-paid": _("paid for claims"),
    "storm-likely": _("within the winds of a storm's track"),
    "storm-possible": _("perhaps within the winds of a storm's track"),
}
CRITERIA = {
    "goods that water spoils": _("goods that water spoils"),
    "low ground": _("low ground"),
    "poor drainage": _("poor drainage"),
}
CLAIMS = "claims in five years"
#: What the pages' script says itself.
SCRIPT_WORDS = {
    "s": _("%(count)s s"),
    "min": _("%(count)s min"),
    "h": _("%(count)s h"),
    "d": _("%(count)s d"),
    "ago": _("%(age)s ago"),
    "live": _("live"),
    "cut": _("connection lost · last %(time)s"),
    "stale": _(
        "The connection to the gateway is lost. You see what was known at %(time)s; the page tries again by itself."
    ),
}


@dataclass(frozen=True)
class BoardLabels(Labels):
    """Speaks one language about warnings."""

    def hazard(self, hazard: str) -> str:
        """A hazard's name."""
        return hazard_words(hazard, self.language)

    def of(self, table: object, key: str) -> str:
        """The word of a stored value; the value itself where the table does not know it."""
        assert isinstance(table, dict)
        return self.text(table[key]) if key in table else key

    def reason(self, reason: Reason) -> str:
        """Why a site ranks where it does."""
        name = self.of(REASONS, reason.rule)
        _head, _colon, said = reason.text.partition(": ")
        if reason.rule.startswith("vulnerability") and said and not reason.rule.endswith("none"):
            criteria = (self._criterion(one) for one in said.split(", "))
            return self.text(_("%(what)s: %(list)s"), what=name, list=self.text(_(", ")).join(criteria))
        return name

    def _criterion(self, text: str) -> str:
        name, _colon, count = text.partition(": ")
        if name == CLAIMS:
            return self.text(_("claims in five years: %(count)s"), count=count)
        return self.of(CRITERIA, text)

    def for_scripts(self) -> dict[str, str]:
        """The words of the pages' script, with their places for values still open."""
        return {name: self.text(message) for name, message in SCRIPT_WORDS.items()}
