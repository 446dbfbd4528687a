"""Own samples of every JSON shape: invented places, offices and texts in the forms that the feeds have."""

from __future__ import annotations

import json
from typing import Any

Sample = dict[str, Any]

SQUARE = [[[113.0, 22.0], [114.0, 22.0], [114.0, 23.0], [113.0, 23.0], [113.0, 22.0]]]


def as_bytes(sample: object) -> bytes:
    """The JSON text of a sample."""
    return json.dumps(sample, ensure_ascii=False).encode()


def nws(**changes: object) -> Sample:
    """A feature with a polygon, as the API has it."""
    properties: Sample = {
        "@type": "wx:Alert",
        "id": "urn:oid:2.49.0.1.840.0.example.001.1",
        "areaDesc": "Example County",
        "geocode": {"SAME": ["019153"], "UGC": ["IAC153"]},
        "references": [
            {
                "identifier": "urn:oid:2.49.0.1.840.0.example.000.1",
                "sender": "x@example.org",
                "sent": "2024-05-21T19:00:00Z",
            }
        ],
        "sent": "2024-05-21T14:30:00-05:00",
        "effective": "2024-05-21T14:30:00-05:00",
        "onset": "2024-05-21T14:30:00-05:00",
        "expires": "2024-05-21T15:15:00-05:00",
        "ends": None,
        "status": "Actual",
        "messageType": "Update",
        "category": "Met",
        "severity": "Severe",
        "certainty": "Observed",
        "urgency": "Immediate",
        "event": "Flood Warning",
        "sender": "x@example.org",
        "senderName": "NWS Example",
        "headline": "Flood Warning",
        "description": "Water rises.",
        "response": "Avoid",
        "parameters": {
            "VTEC": ["/O.CON.KDMX.FL.W.0046.000000T0000Z-240522T0000Z/"],
            "expiredReferences": ["x@example.org,urn:oid:2.49.0.1.840.0.example.000.0,2024-05-21T13:00:00-05:00"],
        },
    }
    geometry = {"type": "Polygon", "coordinates": SQUARE}
    return {"type": "Feature", "geometry": geometry, "properties": properties | changes}


def modelled(**changes: object) -> Sample:
    """A signal in the neutral form."""
    return {
        "id": "31000041600000_20240914160000",
        "adcode": "310000",
        "sender": "示例市气象台",
        "type_code": "11B01",
        "type": "台风",
        "color": "Blue",
        "cap_severity": "Minor",
        "action": "alert",
        "supersedes": [],
        "issued": "2024-09-14T16:00:00+08:00",
        "expires": None,
        "title": "示例市气象台发布台风蓝色预警信号",
        "text": "示例文字。",
    } | changes


def national(**changes: object) -> Sample:
    """A signal as the national warning centre lists it."""
    return {
        "identifier": "12000041600000_20240121223442",
        "headline": "示例市气象局发布道路结冰黄色预警/III/较重",
        "description": "示例文字。",
        "sendTime": "2024-01-21 22:36:38",
    } | changes


def nmc(**changes: object) -> Sample:
    """A signal as the National Meteorological Centre lists it."""
    return {
        "alertid": "44010041600000_20240614062133",
        "issuetime": "2024/06/14 06:18",
        "title": "示例市气象台发布暴雨黄色预警信号",
        "url": "/publish/alarm/example.html",
        "pic": "https://example.org/p0002003.png",
    } | changes


def two_digit(**changes: object) -> Sample:
    """A signal with a code of four digits."""
    return {
        "alertId": "44010041600000_20240614062133",
        "code": "0902",
        "title": "示例市气象台发布雷电黄色预警[III级/较重]",
        "description": "示例文字。",
        "pubtimestamp": 1718317080,
        "adcode": "440100",
        "location": "示例省示例市",
        "status": "预警中",
    } | changes


def qweather_7(**changes: object) -> Sample:
    """A signal as v7 relays it."""
    return {
        "id": "10129140620240317112916622833999",
        "sender": "示例县气象台",
        "pubTime": "2024-03-17T11:29+08:00",
        "title": "示例县气象台发布大风蓝色预警 [IV级/一般]",
        "startTime": "2024-03-17T11:29+08:00",
        "endTime": "2024-03-18T11:29+08:00",
        "status": "active",
        "level": "",
        "severity": "Minor",
        "severityColor": "Blue",
        "type": "1006",
        "typeName": "大风",
        "urgency": None,
        "certainty": None,
        "text": "示例文字。",
        "related": "",
    } | changes


def qweather_1(**changes: object) -> Sample:
    """A signal as v1 relays it."""
    return {
        "id": "202410241119105837988676",
        "senderName": "示例区气象台",
        "issuedTime": "2024-10-24T11:19+08:00",
        "messageType": {"code": "update", "supersedes": ["202410181140100706230391"]},
        "eventType": {"name": "大风", "code": "1006"},
        "urgency": None,
        "severity": "minor",
        "certainty": None,
        "color": {"code": "blue", "red": 30, "green": 50, "blue": 205, "alpha": 1},
        "effectiveTime": "2024-10-24T11:19+08:00",
        "onsetTime": "2024-10-24T12:00+08:00",
        "expireTime": "2024-10-24T20:00+08:00",
        "headline": "示例区气象台更新大风蓝色预警信号",
        "description": "示例文字。",
        "instruction": "示例指南。",
    } | changes


def meteoalarm(level: str = "3; orange; Severe", **changes: object) -> Sample:
    """A warning of the JSON feeds."""
    info = {
        "language": "de-DE",
        "category": ["Met"],
        "event": "Beispielwarnung",
        "severity": "Severe",
        "urgency": "Future",
        "certainty": "Likely",
        "onset": "2026-08-01T00:00:00+02:00",
        "expires": "2026-08-02T23:59:59+02:00",
        "headline": "Beispiel",
        "parameter": [
            {"valueName": "awareness_level", "value": level},
            {"valueName": "awareness_type", "value": "5; high-temperature"},
        ],
        "area": [{"areaDesc": "Beispiel", "geocode": [{"valueName": "EMMA_ID", "value": "AT901"}]}],
    }
    alert: Sample = {
        "identifier": "2.49.0.0.40.0.example",
        "sender": "x@example.org",
        "sent": "2026-07-31T10:00:00+02:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
        "references": "",
        "info": [info],
    }
    return {"uuid": "example", "alert": alert | changes}


def gdacs(**changes: object) -> Sample:
    """An event of the list, with a point."""
    properties: Sample = {
        "eventtype": "TC",
        "eventid": 1001,
        "episodeid": 7,
        "name": "Tropical Cyclone EXAMPLE-26",
        "description": "Tropical Cyclone EXAMPLE-26",
        "alertlevel": "Red",
        "episodealertlevel": "Orange",
        "country": "Nowhere",
        "fromdate": "2026-09-14T09:00:00",
        "todate": "2026-09-15T09:00:00",
        "datemodified": "2026-09-15T14:03:23",
        "severitydata": {"severity": 150.0, "severitytext": "150 km/h", "severityunit": "km/h"},
        "url": {"report": "https://example.org/report"},
    }
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [144.5, 25.1]},
        "properties": properties | changes,
    }


def alertswiss(**changes: object) -> Sample:
    """A message in its own form, points latitude first."""
    return {
        "identifier": "POA-1-4",
        "sent": "Fri, 20.06.2025, 10:01",
        "title": {"title": "All-Clear - Danger of falling trees"},
        "description": {"description": "Example."},
        "sender": "x@example.org",
        "publisherName": "Canton Example",
        "link": "https://example.org",
        "event": "Other incident",
        "allClear": True,
        "severity": "minor",
        "testAlert": False,
        "technicalTestAlert": False,
        "areas": [
            {
                "description": {"description": "All of it"},
                "polygons": [{"coordinates": [["46.3", "6.8"], ["46.4", "6.8"], ["46.4", "6.9"], ["46.3", "6.8"]]}],
            }
        ],
    } | changes


#: Each shape as its feed wraps it: (kind, document with one warning).
DOCUMENTS = {
    "nws": {"type": "FeatureCollection", "features": [nws()]},
    "gdacs": {"type": "FeatureCollection", "features": [gdacs()]},
    "meteoalarm": {"warnings": [meteoalarm()]},
    "qweather-1": {"metadata": {"zeroResult": False}, "alerts": [qweather_1()]},
    "qweather-7": {"code": "200", "warning": [qweather_7()]},
    "nmc": {"code": 0, "data": {"page": {"list": [nmc()]}, "provinceAlarms": []}},
    "two-digit": {"status": "ok", "result": {"alert": {"status": "ok", "content": [two_digit()]}}},
    "12379": {"alertData": [national()]},
    "modelled": [modelled()],
    "alertswiss": alertswiss(),
}
