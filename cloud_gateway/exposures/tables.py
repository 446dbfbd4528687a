"""The tables of exposures and of what makes a site vulnerable; part of the gateway's one metadata."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from cloud_gateway.tables import metadata

site_risk = Table(  # what insurance and inspection know of a site; one row per site
    "site_risk",
    metadata,
    Column("site", String(36), ForeignKey("site.id"), primary_key=True),
    Column("outline", Text, nullable=False, default=""),  # GeoJSON geometry, WGS-84; "" for a point
    Column("geocodes", Text, nullable=False, default="[]"),  # JSON [[scheme, code], ...]
    Column("insured_minor", Integer, nullable=False, default=0),  # insured value in minor units
    Column("currency", String(3), nullable=False, default="CNY"),
    Column("water_sensitive", Boolean, nullable=False, default=False),
    Column("low_ground", Boolean, nullable=False, default=False),
    Column("poor_drainage", Boolean, nullable=False, default=False),
    Column("open_rectifications", Integer, nullable=False, default=0),
    Column("changed_at", Integer, nullable=False),
)

claim = Table(
    "claim",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("site", String(36), ForeignKey("site.id"), nullable=False),
    Column("hazard", String(40), nullable=False),
    Column("at", Integer, nullable=False),
    Column("amount_minor", Integer, nullable=False),  # paid, in minor units
    Column("currency", String(3), nullable=False, default="CNY"),
    Index("claim_of_site", "site", "at"),
)

exposure = Table(  # a site touched by a warning with one hazard; the newest word of matching
    "exposure",
    metadata,
    Column("warning", String(36), ForeignKey("warning.id"), primary_key=True),
    Column("site", String(36), ForeignKey("site.id"), primary_key=True),
    Column("hazard", String(40), primary_key=True),
    Column("why", String(16), nullable=False),
    Column("sure", String(8), nullable=False),
    Column("level", Integer, nullable=False),  # the gravest that holds at the site or is to come
    Column("holds", Integer, nullable=False),  # the level that holds there now; 0 before it begins
    Column("onset", Integer, nullable=False),  # when `level` begins
    Column("ends", Integer),
    Column("detail", Text, nullable=False),
    Column("distance_m", Float, nullable=False),
    Column("repaired", Boolean, nullable=False),
    Column("since", Integer, nullable=False),
    Column("until", Integer),  # null while the site is inside
    Index("exposure_of_site", "site", "until"),
)

storm_exposure = Table(  # a site within the wind radii of a storm's advisory, analysed or forecast: no warning
    "storm_exposure",
    metadata,
    Column("track", String(36), ForeignKey("storm_track.id"), primary_key=True),
    Column("site", String(36), ForeignKey("site.id"), primary_key=True),
    Column("sure", String(8), nullable=False),
    Column("level", Integer, nullable=False),  # what the wind would be as a signal: for ranking, never shown as one
    Column("detail", Text, nullable=False),
    Column("distance_m", Float, nullable=False),  # of the centre at its nearest
    Column("wind_kt", Float, nullable=False),
    Column("enters", Integer, nullable=False),
    Column("leaves", Integer, nullable=False),
    Column("nearest_at", Integer, nullable=False),
    Column("since", Integer, nullable=False),
    Column("until", Integer),  # null while the newest advisory says so
    Index("storm_exposure_of_site", "site", "until"),
)

hazard_event = Table(  # one event per site and hazard, from the first word to the all-clear
    "hazard_event",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("site", String(36), ForeignKey("site.id"), nullable=False),
    Column("hazard", String(40), nullable=False),
    Column("simulated", Boolean, nullable=False, default=False),
    Column("holds", Integer, nullable=False),  # the level in force or reached by our gauge; 0 while all is to come
    Column("level", Integer, nullable=False),  # that, or what is to come where it is graver
    Column("peak", Integer, nullable=False),
    Column("warning", String(36)),  # the official one that counts; null for our own gauges alone
    Column("gauge", Text, nullable=False),  # device/rule of our gravest open alarm; "" for none
    Column("onset", Integer, nullable=False),  # when `level` begins
    Column("warned_at", Integer),  # the first official word was taken in
    Column("gauge_at", Integer),  # our gauge first reached its threshold, device time
    Column("confirmed", Boolean, nullable=False, default=False),  # both held at once
    Column("number", Integer, nullable=False),  # of the newest change
    Column("priority", Float, nullable=False),
    Column("reasons", Text, nullable=False),  # JSON [[rule, weight, text], ...] behind the priority
    Column("opened_at", Integer, nullable=False),
    Column("changed_at", Integer, nullable=False),
    Column("closed_at", Integer),
    Index("hazard_event_open", "closed_at", "site", "hazard"),
    Index("hazard_event_newest", "opened_at", "id"),
)

event_change = Table(  # what happened to it; each is told once
    "event_change",
    metadata,
    Column("event", String(36), ForeignKey("hazard_event.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("change", String(16), nullable=False),
    Column("level", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("onset", Integer, nullable=False),  # when `level` begins or began
    Column("cause", Text, nullable=False),  # warning id, or device/rule of our own gauge
    Column("planned_at", Integer),  # null until outreach has made its messages, in the same transaction
    Index("event_change_unplanned", "planned_at"),
)

gateway_alarm = Table(  # an alarm raised here on readings, by a rainfall window or a stage; cleared_at null while open
    "gateway_alarm",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("rule", String(64), primary_key=True),
    Column("raised_at", Integer, primary_key=True),  # time of the reading that raised it
    Column("stream", String(32), nullable=False),
    Column("hazard", String(40), nullable=False),
    Column("level", Integer, nullable=False),
    Column("value", Float, nullable=False),
    Column("limit", Float, nullable=False),
    Column("unit", String(16), nullable=False),
    Column("missing_s", Integer, nullable=False),  # of the window without readings: the value is at least so much
    Column("received_at", Integer, nullable=False),
    Column("cleared_at", Integer),
    Index("gateway_alarm_open", "cleared_at", "device"),
)

gauge_state = Table(  # up to where the readings of a stream have been looked at
    "gauge_state",
    metadata,
    Column("device", String(32), primary_key=True),
    Column("stream", String(32), primary_key=True),
    Column("seen_at", Integer, nullable=False),  # time of the newest reading looked at
)

warning_step = Table(  # what official warnings alone say of a site from a time on; goes to the series store
    "warning_step",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(36), ForeignKey("site.id"), nullable=False),
    Column("hazard", String(40), nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("at", Integer, nullable=False),
    Column("level", Integer, nullable=False),  # in force; 0 for none
    Column("coming", Integer, nullable=False),  # what is to come beyond that; 0 for nothing
    Column("warning", String(36)),  # the one that counts; null once none does
    Column("written_at", Integer),  # null until the series store has it
    Column("refused", Text, nullable=False, default=""),  # why the series store will never take it
    Index("warning_step_owed", "written_at", "id"),
    Index("warning_step_of", "site", "hazard", "simulated", "id"),
    sqlite_autoincrement=True,
)

seen_alarms = Table(  # one row: up to where alarms were looked at, so that one that came and went between is told
    "seen_alarms",
    metadata,
    Column("received_at", Integer, primary_key=True),  # the gateway's time
)

matched_sites = Table(  # one row: the sites as they were when warnings were last matched with them
    "matched_sites",
    metadata,
    Column("mark", Text, primary_key=True),
)
