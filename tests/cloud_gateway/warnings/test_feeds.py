"""Atom and RSS indexes: the right link of each entry, alerts that they hold, and one bad entry never stops the rest."""

from __future__ import annotations

import html

import pytest

from cloud_gateway.warnings.feeds import MAX_ALERTS, MAX_ENTRIES, FeedEntry, is_feed, parse_feed
from cloud_gateway.warnings.model import Refused
from cloud_gateway.warnings.xml import read_xml
from tests.cloud_gateway.warnings.cap_samples import SENT_MS, cap

ATOM = "http://www.w3.org/2005/Atom"
BASE = "https://feeds.example.org/alerts/index.xml"
LINK = '<link href="https://a.example.org/1.cap"/>'


def atom(entries: str, attributes: str = "") -> str:
    """A feed of Atom."""
    return f'<feed xmlns="{ATOM}" {attributes}><id>f</id><title>t</title><link href="/"/>{entries}</feed>'


def rss(items: str) -> str:
    """A feed of RSS 2.0."""
    return f'<rss version="2.0"><channel><title>t</title><link>https://example.org/</link>{items}</channel></rss>'


def rdf(items: str) -> str:
    """A feed of RSS 1.0."""
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>t</title></channel>{items}</rdf:RDF>'
    )


def read(text: str) -> tuple[FeedEntry, ...]:
    """The entries of a feed that came from BASE."""
    return parse_feed(read_xml(text.encode()), BASE)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            atom(f"<entry><id>e1</id><title>One</title><updated>2026-07-20T08:00:00+08:00</updated>{LINK}</entry>"),
            id="Atom",
        ),
        pytest.param(
            rss(
                "<item><title>One</title><link>https://a.example.org/1.cap</link><guid>e1</guid>"
                "<pubDate>Mon, 20 Jul 2026 00:00:00 GMT</pubDate></item>"
            ),
            id="RSS 2.0",
        ),
        pytest.param(
            rdf(
                "<item><title>One</title><id>e1</id><link>https://a.example.org/1.cap</link>"
                "<dc:date>2026-07-20T00:00:00Z</dc:date></item>"
            ),
            id="RSS 1.0",
        ),
    ],
)
def test_an_entry_of_every_kind_of_feed_is_read(text: str) -> None:
    assert read(text) == (FeedEntry("e1", "One", SENT_MS, "https://a.example.org/1.cap"),)


@pytest.mark.parametrize(
    ("links", "link"),
    [
        pytest.param('<link href="../1.cap"/>', "https://feeds.example.org/1.cap", id="relative"),
        pytest.param('<link href="//b.example.org/1"/>', "https://b.example.org/1", id="without scheme"),
        pytest.param(
            '<link href="https://a.example.org/page"/><link type="application/cap+xml" href="1.cap" rel="related"/>',
            "https://feeds.example.org/alerts/1.cap",
            id="CAP before a page",
        ),
        pytest.param(
            '<link type="text/html" href="page"/><link type="application/xml" href="1.xml"/>',
            "https://feeds.example.org/alerts/1.xml",
            id="XML before HTML",
        ),
        pytest.param(
            '<content type="application/cap+xml" src="1.cap"/>', "https://feeds.example.org/alerts/1.cap", id="content"
        ),
        pytest.param(
            '<enclosure type="application/cap+xml" url="1.cap"/>',
            "https://feeds.example.org/alerts/1.cap",
            id="enclosure",
        ),
        pytest.param(
            '<link href="page"/><g:cap xmlns:g="http://www.gdacs.org">https://g.example.org/1.xml</g:cap>',
            "https://g.example.org/1.xml",
            id="GDACS",
        ),
        pytest.param("<guid>https://a.example.org/1</guid>", "https://a.example.org/1", id="permanent address"),
        pytest.param(
            '<link href="file:///etc/hostname"/><link href="https://a.example.org/1"/>',
            "https://a.example.org/1",
            id="the sound one of two",
        ),
    ],
)
def test_the_link_that_leads_to_the_alert_is_taken(links: str, link: str) -> None:
    assert [entry.link for entry in read(atom(f"<entry><id>e1</id>{links}</entry>"))] == [link]


def test_links_are_relative_to_the_base_that_the_feed_states() -> None:
    text = atom('<entry xml:base="b/"><link href="1.cap"/></entry>', 'xml:base="https://m.example.org/a/"')
    assert read(text)[0].link == "https://m.example.org/a/b/1.cap"


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/hostname",
        "javascript:alert(1)",
        "ftp://a.example.org/1",
        "https://",
        "https://[/",
        "http://a b/",
        "x" * 9999,
    ],
)
def test_an_address_that_is_no_web_page_is_no_link(address: str) -> None:
    entry = parse_feed(read_xml(atom(f'<entry><id>e1</id><link href="{address}"/></entry>').encode()))[0]
    assert (entry.link, [found.code for found in entry.findings]) == ("", ["bad_link"])
    assert [reason.code for reason in entry.refused] == ["no_link"]


ESCAPED = html.escape(cap())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(atom(f'<entry><content type="text/xml">{cap()}</content></entry>'), id="Atom content"),
        pytest.param(atom(f'<entry><content type="text">{ESCAPED}</content></entry>'), id="escaped"),
        pytest.param(
            atom(f"<entry><content>&lt;?xml version='1.0' encoding='GBK'?&gt;{ESCAPED}</content></entry>"),
            id="escaped, with another encoding declared",
        ),
        pytest.param(rss(f"<item><description><![CDATA[{cap()}]]></description></item>"), id="CDATA"),
        pytest.param(rss(f"<item>{cap()}</item>"), id="RSS item"),
    ],
)
def test_an_alert_inside_an_entry_is_read_at_once(text: str) -> None:
    (entry,) = read(text)
    assert [(alert.identifier, alert.infos[0].event) for alert in entry.alerts] == [("X1", "暴雨")]
    assert entry.link == ""
    assert [read_xml(raw).tag for raw in entry.raws] == ["{urn:oasis:names:tc:emergency:cap:1.2}alert"]


def test_what_an_index_tells_of_an_alert_is_kept_as_told() -> None:
    told = (
        f'<entry xmlns:cap="urn:oasis:names:tc:emergency:cap:1.1">{LINK}<cap:event>Flood</cap:event>'
        "<cap:geocode><valueName>FIPS6</valueName><value>009007</value></cap:geocode></entry>"
    )
    (entry,) = read(atom(told))
    assert (entry.elements, entry.alerts) == ((("event", "Flood"), ("FIPS6", "009007")), ())


def test_bad_entries_are_named_and_the_others_are_read() -> None:
    entries = f"<entry><id>e1</id></entry><entry>{cap(sent='soon')}</entry><entry><id>e3</id>{LINK}</entry>"
    bomb = f"<entry><content>{html.escape('<!DOCTYPE a><alert/>')}</content></entry>"
    read_entries = read(atom(f"{entries}{bomb}<entry>{cap(identifier='X5')}</entry>"))
    assert [[reason.code for reason in entry.refused] for entry in read_entries] == [
        ["no_link"],
        ["bad_time"],
        [],
        ["xml_doctype"],
        [],
    ]
    assert read_entries[2].link == "https://a.example.org/1.cap"
    assert [alert.identifier for alert in read_entries[4].alerts] == ["X5"]
    assert [len(entry.refused_raws) for entry in read_entries] == [1, 1, 0, 1, 0]


def test_a_bad_time_of_an_entry_is_a_finding() -> None:
    (entry,) = read(atom(f"<entry>{LINK}<updated>soon</updated></entry>"))
    assert (entry.updated, [found.code for found in entry.findings]) == (None, ["bad_time"])


@pytest.mark.parametrize("text", [atom(""), rss(""), rdf("")], ids=["Atom", "RSS 2.0", "RSS 1.0"])
def test_an_empty_feed_has_no_entries(text: str) -> None:
    assert read(text) == ()


def test_an_alert_beside_the_entries_is_none_of_the_feed() -> None:
    assert read(atom(cap())) == ()


def test_what_is_no_feed_is_refused() -> None:
    root = read_xml(cap().encode())
    assert not is_feed(root)
    with pytest.raises(Refused, match="neither Atom nor RSS") as refused:
        parse_feed(root)
    assert refused.value.code == "not_a_feed"


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        pytest.param(atom(f"<entry>{LINK}</entry>" * (MAX_ENTRIES + 5)), MAX_ENTRIES, id="entries"),
        pytest.param(atom(f"<entry>{cap('')}</entry>" * (MAX_ALERTS + 5)), MAX_ALERTS, id="alerts"),
    ],
)
def test_what_is_too_much_is_left_out_and_said(text: str, taken: int) -> None:
    entries = read(text)
    assert len(entries) == taken + 1
    assert entries[-1].refused[0].code == "too_many_entries"
    assert "The last 5 entries" in str(entries[-1].refused[0])
