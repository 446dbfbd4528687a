"""What complaints are about, and by which way they come: data, with the words of both languages."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.web.words import _


@dataclass(frozen=True)
class Kind:
    """A kind of complaint; `weight`: how much work it is, for fair assignment; `skill`: what its handler must know."""

    code: str
    name: str
    weight: int = 1
    skill: str = ""


#: The first four are those of the statistics that insurers publish; the rest is what counters hear.
KINDS: tuple[Kind, ...] = (
    Kind("claim-formalities", _("Claims take too many papers"), 2, "claims"),
    Kind("claim-refused", _("A claim was refused without good reason"), 3, "claims"),
    Kind("bundled-sale", _("Something else was sold along unasked"), 2),
    Kind("automatic-renewal", _("Renewed without being asked"), 1),
    Kind("misleading-sale", _("Told something else at the sale"), 3),
    Kind("service-attitude", _("Treated badly"), 1),
    Kind("waiting", _("Waited too long"), 1),
    Kind("personal-data", _("Personal data in wrong hands"), 3),
    Kind("other", _("Something else"), 1),
)
CHANNELS: dict[str, str] = {
    "counter": _("At the counter"),
    "phone": _("By phone"),
    "web": _("On the web"),
    "mail": _("By mail"),
    "letter": _("By letter"),
    "regulator": _("Passed on by the regulator"),
    "follow-up": _("After a bad rating"),
}
_BY_CODE = {kind.code: kind for kind in KINDS}


def kind_of(code: str) -> Kind:
    """The kind of that code. Raises LookupError."""
    return _BY_CODE[code]
