"""The settings of outreach: ways to people, the ladder, and the duty desk."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from cloud_gateway.section import Section


class Mail(Section):
    """The mail server that messages leave by."""

    host: str = Field("", description="Name or address of the SMTP server; empty: no mail is sent.")
    port: int = Field(587, ge=1, le=65535, description="Its port.")
    tls: Literal["none", "starttls", "tls"] = Field("starttls", description="How the connection is protected.")
    ca_file: Path | None = Field(None, description="Authority of its certificate; empty: those this machine trusts.")
    sender: str = Field("", description="From address.")
    username: str = Field("", description="SMTP user; empty without authentication.")
    secret_file: Path | None = Field(None, description="File with the SMTP password, mode 0600.")


class Rung(Section):
    """One step of the ladder of a hazard: how long before its onset, what is asked, and what if nobody answers."""

    name: str = Field(pattern=r"^[a-z0-9-]{2,32}$", description="advice, warning, briefing, call-out...")
    lead_s: int = Field(ge=0, le=2_592_000, description="So long before the onset; at once when that has passed.")
    least: int = Field(1, ge=1, le=4, description="From this level on: 1 blue or Minor, 4 red or Extreme.")
    channel: Literal["mail", "chat", "notice", "call"] = Field("mail", description="By which way.")
    answer_within_s: int = Field(0, ge=0, le=86400, description="An answer is needed within this; 0: none is.")
    tries: int = Field(1, ge=1, le=10, description="How many persons of the duty list are tried in turn.")


LADDER = (
    Rung(name="advice", lead_s=72 * 3600, least=1),
    Rung(name="warning", lead_s=6 * 3600, least=2),
    Rung(name="briefing", lead_s=3 * 3600, least=3, channel="chat"),
    Rung(name="call-out", lead_s=3600, least=3, channel="call", answer_within_s=900, tries=3),
)


class Outreach(Section):
    """How people are told, and until when."""

    mail: Mail = Mail()
    public_url: str = Field("", description="Origin of answer links, https://...; empty: messages carry no link.")
    zone: str = Field("Asia/Shanghai", description="IANA zone of times in messages without a site of their own.")
    ladder: tuple[Rung, ...] = Field(LADDER, description="The steps; the default is 72 h, 6 h, 3 h, 1 h.")
    tick_s: float = Field(1.0, ge=0.05, le=60, description="The worker looks for what is due this often.")
    fall_back_after_s: int = Field(
        300, ge=10, le=86400, description="A way that fails for so long gives a message to the person's next way."
    )
    gather_s: float = Field(
        5.0, ge=0, le=300, description="Warnings below level 3 wait so long for more to come, and are told together."
    )
    check_every_s: int = Field(3600, ge=1, le=86400, description="Each channel is tested this often by a real message.")
    desk: str = Field("", description="apprise address of the duty desk, for the dead man's switch; empty: log only.")
    desk_mail: str = Field("", description="Mail address that test messages go to.")
