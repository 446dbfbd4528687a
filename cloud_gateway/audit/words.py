"""What acts are called on the page of acts, by route; the route itself stands below it."""

from __future__ import annotations

from edge_agent.web.words import _

API = "/api/v1"
#: By the route's last words that are no parameters; page and API share them.
NAMES = {
    "/sign-in": _("Signed in with a password"),
    "/enter": _("Signed in by a one-time link"),
    "/sign-out": _("Signed out"),
    "/account/sessions": _("Ended a session of their own"),
    "/sessions": _("Ended a session of their own"),
    "/account/others": _("Ended their other sessions"),
    "/account/password": _("Set their password"),
    "/people": _("Added a person"),
    "/people/role": _("Gave a person a role"),
    "/people/disabling": _("Shut a person out"),
    "/people/enabling": _("Let a person in again"),
    "/people/sessions": _("Ended a person's sessions"),
    "/people/password": _("Took a person's password away"),
    "/people/password-removal": _("Took a person's password away"),
    "/people/links": _("Made a one-time link"),
    "/alarms/acknowledgement": _("Acknowledged an alarm"),
    "/alarms/assignee": _("Assigned an alarm"),
    "/alarms/notes": _("Wrote a note to an alarm"),
    "/alarms/closing": _("Closed an alarm"),
    "/alarms/reopening": _("Reopened an alarm"),
    "/devices": _("Changed settings of a device"),
    "/devices/twin": _("Changed settings of a device"),
    "/devices/tags": _("Changed tags of a device"),
    "/dead-letters": _("Replayed a dead letter"),
    "/dead-letters/replay": _("Replayed a dead letter"),
    "/sites": _("Entered a site"),
    "/sites/new": _("Entered a site"),
    "/sites/edit": _("Changed a site"),
    "/sites/risk": _("Changed the risk of a site"),
    "/sites/placements": _("Placed a device at a site"),
    "/warnings/closing": _("Ended a warning"),
    "/warnings/closings": _("Ended a warning"),
    "/duty/calls": _("Wrote down a call"),
    "/calls": _("Wrote down a call"),
    "/calls/result": _("Wrote down a call"),
    "/duty/handovers": _("Wrote notes for the next shift"),
    "/duty/handovers/taken": _("Took over a shift"),
    "/plans": _("Entered a plan"),
    "/plans/drills": _("Began a drill"),
    "/plans/drills/end": _("Ended a drill"),
    "/tasks": _("Reported on a task"),
    "/tasks/result": _("Reported on a task"),
    "/complaints": _("Entered a complaint"),
    "/complaints/steps": _("Took a step in a complaint"),
    "/complaints/interests": _("Named an interest in a complaint"),
    "/complaints/actions": _("Asked for a corrective action"),
    "/corrective-actions": _("Asked for a corrective action"),
    "/corrective-actions/finishing": _("Finished a corrective action"),
    "/corrective-actions/check": _("Checked a corrective action"),
    "/dissents": _("Closed a dissent of a witness"),
    "/evidence/dissents/closing": _("Closed a dissent of a witness"),
    "/stations": _("Entered a station"),
    "/ratings/publications": _("Published figures of ratings"),
    "/wall-desk/replies": _("Replied to a rating"),
    "/wall/replies": _("Replied to a rating"),
    "/wall-desk/appeals": _("Entered a clerk's appeal"),
    "/wall/appeals": _("Entered a clerk's appeal"),
    "/wall-desk/rulings": _("Ruled on an appeal"),
    "/wall/rulings": _("Ruled on an appeal"),
    "/wall-desk/mask": _("Masked a text on the wall"),
    "/wall/masks": _("Masked a text on the wall"),
    "/recipients": _("Entered a recipient"),
}
#: Where DELETE is another act than the rest.
TAKEN_BACK = {"/people/disabling": NAMES["/people/enabling"]}


def name_of(method: str, route: str) -> str:
    """What an act is called, as a message id; empty: it has no name, its route must do."""
    words = "/".join(part for part in route.removeprefix(API).split("/") if not part.startswith("{"))
    return (TAKEN_BACK if method == "DELETE" else {}).get(words) or NAMES.get(words, "")
