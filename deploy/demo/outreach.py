"""The demo's side of outreach: where warnings come from, where mail goes, who is told, what sites are worth."""

from __future__ import annotations

from pathlib import Path

from cloud_gateway.database import open_database, transaction
from cloud_gateway.exposures.store_sites import Risk
from cloud_gateway.outreach.recipients import Row
from cloud_gateway.outreach.settings import Mail, Outreach
from cloud_gateway.outreach.store_recipients import enter_calendar
from cloud_gateway.outreach.store_recipients import enter_people as write_people
from cloud_gateway.settings import GatewaySettings
from cloud_gateway.warnings.settings import Source
from deploy.demo.people import invent_duty, invent_people
from firmware_sim.forms import Site
from firmware_sim.scenario import Scenario

SENDER, DESK = "weiran@example.org", "duty-desk@example.org"
#: Story seconds between two looks at the feed, and without an answer until its silence is an alarm.
ASKED_EVERY_S, SILENT_AFTER_S = 10, 604_800
TICK_S = 0.5


def with_outreach(
    settings: GatewaySettings, scenario: Scenario, feed: str, mail_port: int, clock_file: Path
) -> GatewaySettings:
    """The settings, with the story's feed (when it has warnings), its time, and our own postbox."""
    mail = Mail(host="127.0.0.1", port=mail_port, tls="none", sender=SENDER)
    public_url = f"http://127.0.0.1:{settings.web.port}"
    outreach = Outreach(mail=mail, public_url=public_url, desk_mail=DESK, zone=scenario.site[0].zone, tick_s=TICK_S)
    sources = (_source(scenario, feed),) if scenario.warning else ()
    return settings.model_copy(update={"sources": sources, "outreach": outreach, "clock_file": clock_file})


async def enter_people(scenario: Scenario, database: Path) -> None:
    """Enter the invented people and their turns of duty."""
    engine = open_database(database)
    try:
        async with transaction(engine) as c:
            people = [Row(number, entry) for number, entry in enumerate(invent_people(scenario), 1)]
            entered = await write_people(c, people)
            kept = await enter_calendar(c, invent_duty(scenario))
            assert not (entered.mistakes or kept.mistakes), (entered, kept)
    finally:
        await engine.dispose()


def risk_of(site: Site) -> Risk:
    """What a scenario says of a site's codes, value and weaknesses."""
    return Risk(
        geocodes=((site.area_scheme, site.area),),
        insured_minor=site.insured * 100,
        currency=site.currency,
        water_sensitive="water-sensitive" in site.risks,
        low_ground="low-ground" in site.risks,
        poor_drainage="poor-drainage" in site.risks,
    )


def _source(scenario: Scenario, feed: str) -> Source:
    return Source(
        name="simulated",
        kind="feed" if scenario.warnings_as == "cap" else "12379",
        url=feed,
        every_s=ASKED_EVERY_S,
        silent_after_s=SILENT_AFTER_S,
        private_addresses=True,
        simulated=True,
    )
