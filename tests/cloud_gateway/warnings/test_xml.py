"""The door to XML: all encodings that publishers use come in, nothing that reaches outside or blows up does."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cloud_gateway.warnings.cap import parse_cap
from cloud_gateway.warnings.model import Refused
from cloud_gateway.warnings.xml import MAX_ATTRIBUTES, MAX_BYTES, MAX_TAGS, read_xml, text_of, write_xml
from tests.cloud_gateway.warnings.cap_samples import cap, info


@pytest.mark.parametrize(
    ("declared", "written", "event"),
    [
        pytest.param("UTF-8", "utf-8", "暴雨", id="UTF-8"),
        pytest.param("utf-8", "utf-8-sig", "暴雨", id="UTF-8 with a mark"),
        pytest.param("UTF-16", "utf-16", "暴雨", id="UTF-16"),
        pytest.param("UTF-16LE", "utf-16-le", "暴雨", id="UTF-16LE"),
        pytest.param("GB2312", "gb2312", "暴雨", id="GB2312"),
        pytest.param("gb2312", "gbk", "暴雨朱镕基", id="GB2312 with characters of GBK"),
        pytest.param("GBK", "gbk", "镕", id="GBK"),
        pytest.param("GB18030", "gb18030", "㐀𠀀", id="GB18030"),
        pytest.param("EUC-KR", "euc-kr", "호우", id="EUC-KR"),
        pytest.param("EUC-KR", "cp949", "똠", id="EUC-KR with characters of CP949"),
        pytest.param("EUC-JP", "euc-jp", "大雨", id="EUC-JP"),
        pytest.param("Shift_JIS", "cp932", "①大雨", id="Shift_JIS"),
        pytest.param("Big5", "big5", "颱風", id="Big5"),
        pytest.param("ISO-8859-1", "latin-1", "Windböen", id="ISO-8859-1"),
    ],
)
def test_every_encoding_of_the_publishers_is_read(declared: str, written: str, event: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>\n{cap(info(event=event))}'
    assert parse_cap(read_xml(text.encode(written))).infos[0].event == event


def test_line_ends_before_the_declaration_are_passed_over() -> None:
    assert text_of(read_xml(b'\r\n<?xml version="1.0"?><a>x</a>')) == "x"


def test_a_comment_inside_a_text_does_not_cut_it_short() -> None:
    assert text_of(read_xml(b"<a>Tornado <!-- no -->Warning<?x y?> now<b>!</b></a>")) == "Tornado Warning now!"


def test_a_part_is_written_as_a_document_of_its_own() -> None:
    root = read_xml(b'<r xmlns="u"><a>x</a>tail</r>')
    assert write_xml(root[0]) == b'<a xmlns="u">x</a>'


ENTITY = '<!DOCTYPE alert [<!ENTITY e "x">]>'
BOMB = "<!DOCTYPE r [" + '<!ENTITY a0 "aaaaaaaaaa">' + "".join(
    f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9)
) + ']><r x="&a9;"/>'  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"", "xml_malformed", id="nothing"),
        pytest.param(b'{"type": "FeatureCollection"}', "xml_malformed", id="JSON"),
        pytest.param(cap().encode()[:-20], "xml_malformed", id="cut short"),
        pytest.param(b"<a>&x;</a>", "xml_malformed", id="entity that nobody declared"),
        pytest.param(b"<!DOCTYPE a><a/>", "xml_doctype", id="document type"),
        pytest.param((ENTITY + cap(identifier="&e;")).encode(), "xml_doctype", id="entity"),
        pytest.param((ENTITY + cap()).encode("utf-16"), "xml_doctype", id="entity in UTF-16"),
        pytest.param(b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>', "xml_doctype", id="default attribute"),
        pytest.param(BOMB.encode(), "xml_doctype", id="entities inside entities"),
        pytest.param(b"<a>" * 300 + b"</a>" * 300, "xml_bomb", id="300 deep"),
        pytest.param(b'<?xml version="1.0" encoding="x-none"?><a/>', "xml_encoding", id="unknown encoding"),
        pytest.param('<?xml version="1.0" encoding="UTF-8"?><a>雨</a>'.encode("gbk"), "xml_encoding", id="other bytes"),
        pytest.param(b" " * (MAX_BYTES + 1), "xml_size", id="too large"),
        pytest.param(b"<a>" + b"<b/>" * MAX_TAGS + b"</a>", "xml_tags", id="too many tags"),
        pytest.param(b"<a " + b'b="" ' * (MAX_ATTRIBUTES + 1), "xml_attributes", id="too many attributes"),
    ],
)
def test_what_is_no_sound_document_is_refused_by_name(raw: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_xml(raw)
    assert refused.value.code == code
    assert refused.value.args[0]
    assert refused.value.remedy


@pytest.fixture
def listener() -> socket.socket:
    """A server that would notice a connection."""
    server = socket.create_server(("127.0.0.1", 0))
    server.setblocking(False)
    return server


@pytest.mark.parametrize(
    "document",
    [
        pytest.param('<!DOCTYPE a SYSTEM "{url}"><a>&e;</a>', id="external document type"),
        pytest.param('<!DOCTYPE a [<!ENTITY e SYSTEM "{url}">]><a>&e;</a>', id="external entity"),
        pytest.param('<!DOCTYPE a [<!ENTITY % p SYSTEM "{url}">%p;]><a/>', id="parameter entity"),
        pytest.param('<!DOCTYPE a [<!ENTITY e SYSTEM "{url}">]><a b="&e;"/>', id="entity in an attribute"),
        pytest.param(
            '<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{url}" parse="text"/></a>', id="XInclude"
        ),
        pytest.param(
            '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="u {url}"/>', id="schema"
        ),
        pytest.param('<?xml-stylesheet href="{url}" type="text/xsl"?><a/>', id="style sheet"),
    ],
)
def test_no_file_is_read_and_no_connection_made(document: str, tmp_path: Path, listener: socket.socket) -> None:
    marker = tmp_path / "marker.txt"
    marker.write_text("the-marker", encoding="utf-8")
    assert "the-marker" not in outcome(document.replace("{url}", marker.as_uri()))
    assert "the-marker" not in outcome(document.replace("{url}", f"http://127.0.0.1:{listener.getsockname()[1]}/x"))
    with listener, pytest.raises(BlockingIOError):
        listener.accept()


def outcome(document: str) -> str:
    """The text of a document, or why there is none."""
    try:
        return write_xml(read_xml(document.encode())).decode()
    except Refused as exc:
        return repr(exc)
