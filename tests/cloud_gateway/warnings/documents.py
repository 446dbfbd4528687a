"""Documents that a publisher of tests serves: CAP alerts and Atom indexes of invented offices."""

from __future__ import annotations

from collections.abc import Iterable

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"


def cap_xml(identifier: str, hour: int = 1, *, severity: str = "Severe", refs: str = "", kind: str = "Alert") -> bytes:
    """One CAP alert, sent so many hours into an invented day; in force until its 20th hour."""
    info = f"""<info><category>Met</category><event>Rainstorm</event><urgency>Immediate</urgency>
      <severity>{severity}</severity><certainty>Likely</certainty><expires>2026-07-20T20:00:00-00:00</expires>
      <area><areaDesc>Example</areaDesc><circle>31.2,121.5 10</circle></area></info>"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="{NAMESPACE}"><identifier>{identifier}</identifier><sender>office@example.org</sender>
  <sent>2026-07-20T{hour:02}:00:00-00:00</sent><status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>
  {f"<references>{refs}</references>" if refs else ""}{"" if kind == "Cancel" else info}
</alert>""".encode()


def atom(links: Iterable[tuple[str, str]], held: str = "") -> bytes:
    """An index of (link, time of change); `held` are further entries as they are."""
    entries = "".join(
        f'<entry><id>{link}</id><title>A warning</title><updated>{updated}</updated><link href="{link}"/></entry>'
        for link, updated in links
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><id>i</id><title>t</title>{entries}{held}</feed>'.encode()
