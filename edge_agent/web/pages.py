"""Pages: Jinja templates in the language of the request, with the filters all screens share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.support import NullTranslations
from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from edge_agent.web.times import Age, age, rfc3339, short_time, wall_time
from edge_agent.web.words import COOKIE, LANGUAGES, Words, _, choose_language

TEMPLATES = Path(__file__).parent / "templates"
THEME_COOKIE = "weiran_theme"
YEAR_S = 31_536_000


Ways = Sequence[tuple[str, str]]


def lead_to_first(_request: Request) -> Ways:
    """The way back of most applications."""
    return [("/", _("To the first page"))]


@dataclass(frozen=True)
class Pages:
    """Renders the templates of one application; one environment per language, escaping by default.

    `ways_back` says where a visitor goes who came to a wrong address: addresses with their names, as message ids.
    """

    words: Words
    environments: dict[str, Environment]
    ways_back: Callable[[Request], Ways] = lead_to_first

    def render(self, request: Request, page: str, status: int = 200, /, **context: object) -> HTMLResponse:
        """The template `page`; a language asked for by `?lang` is remembered in a cookie."""
        language = language_of(request)
        template = self.environments[language].get_template(page)
        theme = "night" if request.cookies.get(THEME_COOKIE) == "night" else "day"
        shared = {"lang": language, "theme": theme, "here": request.url.path, "other_lang": other(request)}
        response = HTMLResponse(template.render(shared | context), status)
        response.headers["Content-Language"] = language
        response.headers["Vary"] = "Accept-Language, Cookie"
        if request.query_params.get("lang"):
            response.set_cookie(COOKIE, language, max_age=YEAR_S, httponly=True, samesite="lax")
        return response

    def translations(self, request: Request) -> NullTranslations:
        """The words of the request's language."""
        return self.words.of(language_of(request))


def language_of(request: Request) -> str:
    """The language of a request: `?lang`, cookie, Accept-Language."""
    return choose_language(
        request.query_params.get("lang"), request.cookies.get(COOKIE), request.headers.get("accept-language")
    )


def other(request: Request) -> str:
    """The address of the same page in the other language; two slashes at its beginning would name another site."""
    wanted = next(tag for tag in LANGUAGES if tag != language_of(request))
    own = "/" + request.url.path.lstrip("/")
    return str(request.url.include_query_params(lang=wanted).replace(scheme="", netloc="", path=own))


def make_pages(words: Words, folders: Sequence[Path], ways_back: Callable[[Request], Ways] = lead_to_first) -> Pages:
    """Pages from the template folders; earlier folders win, the base layout comes last."""
    environments = {tag: _environment(words.of(tag), [*folders, TEMPLATES]) for tag in LANGUAGES}
    return Pages(words, environments, ways_back)


def _environment(translations: NullTranslations, folders: Sequence[Path]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]  # by the extension
    gettext = translations.gettext
    environment.filters |= {
        "rfc3339": rfc3339,
        "wall": wall_time,
        "moment": short_time,
        "span": lambda span: say_age(age(span), translations),
        "ago": lambda span: gettext("%(age)s ago") % {"age": say_age(age(span), translations)},
        "period": lambda seconds: say_period(seconds, translations),
        "number": number,
    }
    return environment


_AGES = {"s": _("%(count)s s"), "min": _("%(count)s min"), "h": _("%(count)s h"), "d": _("%(count)s d")}


def say_age(span: Age, translations: NullTranslations) -> str:
    """An age in words: `42 min`, `42 分`."""
    return str(translations.gettext(_AGES[span.unit]) % {"count": span.amount})


def say_period(seconds: float, translations: NullTranslations) -> str:
    """How often something happens; below two minutes as it was set: `0.2 s`, `1.5 s`."""
    if seconds >= 120:
        return say_age(age(round(seconds * 1000)), translations)
    said = _AGES["s"]
    return str(translations.gettext(said) % {"count": f"{seconds:g}"})


def number(value: float | bool | str | None) -> str:
    """A value as people read it: three significant digits at least, no needless zeros; text unchanged."""
    if value is None:
        return "–"
    if isinstance(value, bool | str):
        return str(value)
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"
