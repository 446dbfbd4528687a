"""The only door to XML: a document in, its root out, and nothing fetched, expanded or read on the way.

Bounds hold before the parser runs, so that a hostile file costs neither its time nor its memory.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from lxml import etree

from cloud_gateway.warnings.model import Refused

Element: TypeAlias = etree._Element

MAX_BYTES = 8 * 1024 * 1024
#: A document of the allowed size can hold two million elements, and the parser takes some 250 bytes for each.
MAX_TAGS = 250_000
MAX_ATTRIBUTES = 100_000
_HEAD_BYTES = 4096
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._:-]{1,40})["']""")
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
#: Encodings whose files hold characters that only the larger set has: read as that one.
_LARGER = {
    b"gb2312": "GB18030",
    b"gb_2312-80": "GB18030",
    b"gbk": "GB18030",
    b"x-gbk": "GB18030",
    b"cp936": "GB18030",
    b"euc-kr": "CP949",
    b"ks_c_5601-1987": "CP949",
    b"windows-949": "CP949",
    b"shift_jis": "CP932",
}


def read_xml(raw: bytes) -> Element:
    """The root of a document; comments are gone, processing instructions kept (signatures cover them).

    Raises Refused: `xml_size`, `xml_tags`, `xml_attributes`, `xml_doctype`, `xml_bomb` (nesting, expansion),
    `xml_encoding`, `xml_malformed`.
    """
    _check_bounds(raw)
    document = raw.lstrip(b" \t\r\n")
    try:
        root = etree.fromstring(document, _parser(document))
    except (etree.XMLSyntaxError, ValueError, LookupError) as exc:
        raise _refusal(exc, raw) from exc
    if etree.ElementTree(root).docinfo.doctype:  # type: ignore[attr-defined]  # lxml-stubs leave it out
        raise _doctype_refused()
    return root


def text_of(element: Element) -> str:
    """All text inside an element, markup left out, without white space at its ends."""
    return (element.text or "").strip() if len(element) == 0 else str(element.xpath("string()")).strip()


def write_xml(element: Element) -> bytes:
    """An element as a document of its own, in UTF-8: what is kept of an alert that came inside another document."""
    return etree.tostring(element, encoding="UTF-8", with_tail=False)


def name_of(element: Element) -> str:
    """The name without its namespace; "" for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def namespace_of(element: Element) -> str:
    """The namespace; "" without one."""
    return element.tag.rpartition("}")[0].removeprefix("{") if isinstance(element.tag, str) else ""


def _check_bounds(raw: bytes) -> None:
    if len(raw) > MAX_BYTES:
        raise Refused("xml_size", "", f"{len(raw)} bytes are more than {MAX_BYTES}", "Publish fewer alerts per file.")
    if raw.count(b"<") > MAX_TAGS:
        raise Refused("xml_tags", "", f"More than {MAX_TAGS} tags", "Publish fewer alerts per file.")
    if raw.count(b"=") > MAX_ATTRIBUTES:
        raise Refused("xml_attributes", "", f"More than {MAX_ATTRIBUTES} attributes", "Publish fewer alerts per file.")


def _parser(document: bytes) -> etree.XMLParser:
    """A parser for one document; it knows no DTD, no network and no XInclude, and keeps the limits of libxml2."""
    declared = _DECLARED.match(document)
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        encoding=_LARGER.get(declared[1].lower()) if declared else None,
    )


def _refusal(exc: Exception, raw: bytes) -> Refused:
    text = str(exc).partition(" (<string>")[0]
    if _DOCTYPE.search(raw[:_HEAD_BYTES].replace(b"\0", b"")):
        return _doctype_refused()
    if "xcessive depth" in text or "amplification" in text:
        return Refused("xml_bomb", "", text, "Send the alert as plain CAP; it needs no such nesting.")
    if "ncoding" in text or "invalid byte" in text:
        return Refused("xml_encoding", "", text, "Declare the encoding in which the file really is.")
    return Refused("xml_malformed", "", text, "Send the whole file, as well-formed XML.")


def _doctype_refused() -> Refused:
    return Refused("xml_doctype", "", "A document type declaration is not taken", "Send CAP without DOCTYPE.")
