"""Words on screens: gettext catalogs read from `.po` files, and the choice of a language for a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

CHINESE = "zh-Hans"
ENGLISH = "en"
LANGUAGES = (CHINESE, ENGLISH)
COOKIE = "weiran_lang"
#: The words of the base layout; packages add their own `locale` folder.
LOCALE = Path(__file__).parent / "locale"


def _(message: str) -> str:
    """Mark a message id for extraction; it is translated where it is said."""
    return message


def _n(one: str, many: str) -> tuple[str, str]:
    """Mark a message id and its plural for extraction."""
    return one, many


@dataclass(frozen=True)
class Words:
    """All languages of one application, looked up by tag."""

    languages: Mapping[str, NullTranslations] = field(default_factory=dict)

    def of(self, language: str) -> NullTranslations:
        """The words of `language`; English, the message ids themselves, when there are none."""
        return self.languages.get(language) or NullTranslations()


def read_words(folders: Sequence[Path]) -> Words:
    """Read every `zh_Hans` catalog below the folders. Later folders win over earlier ones."""
    return _read_files(
        tuple(f for folder in folders for f in sorted((folder / "zh_Hans" / "LC_MESSAGES").glob("*.po")))
    )


@cache
def _read_files(files: tuple[Path, ...]) -> Words:
    chinese: NullTranslations = NullTranslations()
    for number, file in enumerate(files):
        found = _translations(read_catalog(file))
        # the first one gives the plural rule to all
        chinese = found if number == 0 else _added(chinese, found)
    return Words({CHINESE: chinese, ENGLISH: NullTranslations()})


def _added(known: NullTranslations, more: Translations) -> NullTranslations:
    assert isinstance(known, Translations)
    known.merge(more)
    return known


def read_catalog(file: Path) -> Catalog:
    """One `.po` file. Raises OSError, or babel's PoFileError where it is malformed."""
    with file.open("rb") as source:
        return read_po(source, locale="zh_Hans", domain=file.stem, abort_invalid=True)


def _translations(catalog: Catalog) -> Translations:
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def choose_language(asked: str | None, cookie: str | None, accept: str | None) -> str:
    """`?lang`, else the cookie, else the Accept-Language header; Chinese when none of them names a language."""
    for wish in (asked, cookie, *_accepted(accept or "")):
        if language := _known(wish or ""):
            return language
    return CHINESE


def _known(tag: str) -> str | None:
    main = tag.strip().lower().partition("-")[0]
    return {"zh": CHINESE, "en": ENGLISH}.get(main)


def _accepted(header: str) -> list[str]:
    weighted = []
    for part in header[:1000].split(","):
        tag, _, weight = part.partition(";q=")
        weighted.append((_weight(weight), tag))
    return [tag for weight, tag in sorted(weighted, key=lambda w: -w[0]) if weight > 0]


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0
