"""What acts are called on the page of acts, by route; the route itself stands below it."""

from __future__ import annotations

from edge_agent.web.words import _

API = "/api/v1"
#: By the route's last words that are no parameters; page and API share them.
NAMES = {
    "/sign-in": _("Sign in with a password"),
    "/enter": _("Sign in by a one-time link"),
    "/sign-out": _("Sign out"),
    "/account/sessions": _("End a session of their own"),
    "/sessions": _("End a session of their own"),
    "/account/others": _("End their other sessions"),
    "/account/password": _("Set their password"),
    "/people": _("Add a person"),
    "/people/role": _("Give a person a role"),
    "/people/disabling": _("Shut a person out"),
    "/people/enabling": _("Let a person in again"),
    "/people/sessions": _("End a person's sessions"),
    "/people/password": _("Take a person's password away"),
    "/people/password-removal": _("Take a person's password away"),
    "/people/links": _("Make a one-time link"),
    "/alarms/acknowledgement": _("Acknowledge an alarm"),
    "/alarms/assignee": _("Assign an alarm"),
    "/alarms/notes": _("Write a note to an alarm"),
    "/alarms/closing": _("Close an alarm"),
    "/alarms/reopening": _("Reopen an alarm"),
    "/devices": _("Change settings of a device"),
    "/devices/twin": _("Change settings of a device"),
    "/devices/tags": _("Change tags of a device"),
    "/dead-letters": _("Replay a dead letter"),
    "/dead-letters/replay": _("Replay a dead letter"),
    "/sites": _("Enter a site"),
    "/sites/new": _("Enter a site"),
    "/sites/edit": _("Change a site"),
    "/sites/risk": _("Change the risk of a site"),
    "/sites/placements": _("Place a device at a site"),
    "/warnings/closing": _("End a warning"),
    "/warnings/closings": _("End a warning"),
    "/duty/calls": _("Write down a call"),
    "/calls": _("Write down a call"),
    "/calls/result": _("Write down a call"),
    "/duty/handovers": _("Write notes for the next shift"),
    "/duty/handovers/taken": _("Take over a shift"),
    "/plans": _("Enter a plan"),
    "/plans/drills": _("Begin a drill"),
    "/plans/drills/end": _("End a drill"),
    "/tasks": _("Report on a task"),
    "/tasks/result": _("Report on a task"),
    "/complaints": _("Enter a complaint"),
    "/complaints/steps": _("Take a step in a complaint"),
    "/complaints/interests": _("Name an interest in a complaint"),
    "/complaints/actions": _("Ask for a corrective action"),
    "/corrective-actions": _("Ask for a corrective action"),
    "/corrective-actions/finishing": _("Finish a corrective action"),
    "/corrective-actions/check": _("Check a corrective action"),
    "/dissents": _("Close a dissent of a witness"),
    "/evidence/dissents/closing": _("Close a dissent of a witness"),
    "/stations": _("Enter a station"),
    "/ratings/publications": _("Publish figures of ratings"),
    "/wall-desk/replies": _("Reply to a rating"),
    "/wall/replies": _("Reply to a rating"),
    "/wall-desk/appeals": _("Enter a clerk's appeal"),
    "/wall/appeals": _("Enter a clerk's appeal"),
    "/wall-desk/rulings": _("Rule on an appeal"),
    "/wall/rulings": _("Rule on an appeal"),
    "/wall-desk/mask": _("Mask a text on the wall"),
    "/wall/masks": _("Mask a text on the wall"),
    "/recipients": _("Enter a recipient"),
}
#: Where DELETE is another act than the rest.
TAKEN_BACK = {"/people/disabling": NAMES["/people/enabling"]}


def name_of(method: str, route: str) -> str:
    """What an act is called, as a message id; empty: it has no name, its route must do."""
    words = "/".join(part for part in route.removeprefix(API).split("/") if not part.startswith("{"))
    return (TAKEN_BACK if method == "DELETE" else {}).get(words) or NAMES.get(words, "")
