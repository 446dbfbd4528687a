"""Words: the choice of a language, and that no Chinese word is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from edge_agent.web.pages import say_period
from edge_agent.web.words import CHINESE, ENGLISH, LOCALE, choose_language, read_catalog, read_words

ROOT = Path(__file__).parents[3]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "_n": (1, 2)}
PACKAGES = {"edge_agent/web": "web", "cloud_gateway": "cloud_gateway", "kiosk/web": "kiosk", "firmware_sim/page": "sim"}


def said(package: str) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """Every message id in the code and templates of a package, with its place."""
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    options = {"**/templates/**.html": {"newstyle_gettext": "true"}}
    for file, line, message, _, _ in extract_from_dir(ROOT / package, methods, options, KEYWORDS):
        yield f"{file}:{line}", message if isinstance(message, str) else tuple(message)


def catalog(package: str) -> Catalog:
    return read_catalog(ROOT / package / "locale" / "zh_Hans" / "LC_MESSAGES" / f"{PACKAGES[package]}.po")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_word_has_its_chinese(package: str) -> None:
    known = {m.id if isinstance(m.id, str) else tuple(m.id): m for m in catalog(package) if m.id}
    missing = [place for place, message in said(package) if message not in known or not known[message].string]
    assert missing == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_chinese_is_fuzzy_left_over_or_breaks_its_values(package: str) -> None:
    chinese = catalog(package)
    entries = [m for m in chinese if m.id]
    used = {message for _, message in said(package)}
    assert [m.id for m in entries if m.fuzzy] == []
    assert [m.id for m in entries if (m.id if isinstance(m.id, str) else tuple(m.id)) not in used] == []
    assert [str(e) for m in entries for e in m.check(chinese)] == []


def test_chinese_has_one_form_for_every_number() -> None:
    words = read_words([ROOT / p / "locale" for p in PACKAGES]).of(CHINESE)
    said_of = [words.ngettext("%(count)s device", "%(count)s devices", n) for n in (0, 1, 2, 5)]
    assert said_of == ["%(count)s 台设备"] * 4


def test_english_is_the_message_itself() -> None:
    words = read_words([]).of(ENGLISH)
    assert [words.ngettext("%(count)s device", "%(count)s devices", n) for n in (1, 2)] == [
        "%(count)s device",
        "%(count)s devices",
    ]


@pytest.mark.parametrize(
    ("asked", "cookie", "accept", "expected"),
    [
        (None, None, None, CHINESE),
        ("en", "zh-Hans", "zh", ENGLISH),
        (None, "en", "zh", ENGLISH),
        (None, None, "en-GB,en;q=0.9", ENGLISH),
        (None, None, "fr, en;q=0.5, zh-CN;q=0.8", CHINESE),
        (None, None, "zh;q=0, en;q=0.1", ENGLISH),
        ("fr", "de", "fr-FR, *;q=0.1", CHINESE),
        ("zh-TW", None, "en", CHINESE),
        (None, None, "en;q=nan;;,,=", CHINESE),
        ("\x00", "'", ";q=;q=", CHINESE),
    ],
)
def test_language_is_asked_remembered_accepted(
    asked: str | None, cookie: str | None, accept: str | None, expected: str
) -> None:
    assert choose_language(asked, cookie, accept) == expected


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0.2 s"), (1.5, "1.5 s"), (60.0, "60 s"), (119.0, "119 s"), (120.0, "2 min"), (7200.0, "2 h")],
)
def test_period_is_said_as_it_was_set(seconds: float, said: str) -> None:
    assert say_period(seconds, read_words([LOCALE]).of(ENGLISH)) == said
