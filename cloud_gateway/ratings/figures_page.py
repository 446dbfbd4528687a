"""Composes the page of figures: rows of ready words and numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from babel.support import NullTranslations

from cloud_gateway.ratings.additions import Reasons, Recommendation, Settled
from cloud_gateway.ratings.anomalies import Anomaly, Flag
from cloud_gateway.ratings.cells import LEVELS, Place
from cloud_gateway.ratings.figures import Share
from cloud_gateway.ratings.overview import Caution, Figure, FigureTable, ServedFigure
from cloud_gateway.ratings.reading import Seen
from cloud_gateway.stations.store import Station
from edge_agent.web.words import CHINESE, _
from edge_agent.wire.ratings import LABELS

CHANNELS = {"counter": _("At the counter"), "phone": _("By phone"), "web": _("On the web")}
SCALES = {3: _("three levels"), 5: _("five levels")}
LEVEL_WORDS = {
    "all": _("All"),
    "stage": _("Stage"),
    "station": _("Station"),
    "counter": _("Counter"),
    "clerk": _("Clerk"),
}
STAGES = {
    "counter": _("service at the counter"),
    "underwriting": _("underwriting"),
    "renewal": _("renewal payment"),
    "claim": _("claim"),
    "consultation": _("consultation"),
    "call-back": _("call-back visit"),
}
CAUTIONS = {
    Caution.FEW: _("few ratings"),
    Caution.FEW_ANSWERED: _("few of the invited answered"),
    Caution.MANY_NOT_INVITED: _("many were not invited"),
}
ANOMALIES = {
    Anomaly.ALWAYS_GOOD_AT_ONCE: _("Nearly always the best score, within 1.5 s"),
    Anomaly.NO_CUSTOMER: _("Presses without a customer, one after the other"),
    Anomaly.AFTER_HOURS: _("Presses outside opening hours, one after the other"),
    Anomaly.WORN_KEY: _("One key is stuck or loose again and again"),
    Anomaly.SILENT_KEY: _("One key is never pressed here"),
}
REASONS = {
    "no-event": _("nobody said that a service took place"),
    "out-of-service": _("the terminal was out of service"),
    "restarted": _("the terminal was restarted"),
    "not-ended": _("the next service began first"),
}

#: What customers choose from on a terminal.
ADDED = {
    "waiting": _("Waiting time"),
    "manner": _("Manner"),
    "explanation": _("Clear explanation"),
    "knowledge": _("Knowledge"),
    "paperwork": _("Paperwork"),
    "place": _("The place itself"),
}


@dataclass(frozen=True)
class Line:
    """One row of a table; texts are ready. `stars` 0: none."""

    level: str
    name: str
    n: int
    score: str
    interval: str
    bad: str
    answered: str
    missed: str
    wait: str
    stars: int
    cautions: tuple[str, ...]


@dataclass(frozen=True)
class AddedLine:
    """What customers of a cell added, in ready words; a dash for what too few have said."""

    level: str
    name: str
    settled: str
    recommend: str
    reasons: str


@dataclass(frozen=True)
class Block:
    """The table of one channel and scale."""

    title: str
    scale: int
    labels: str
    lines: tuple[Line, ...]
    added: tuple[AddedLine, ...]


@dataclass(frozen=True)
class Question:
    """A flag in words."""

    where: str
    what: str
    how_many: str


@dataclass(frozen=True)
class FiguresPage:
    """Everything that the page shows."""

    blocks: tuple[Block, ...]
    unrated: tuple[Line, ...]
    questions: tuple[Question, ...]
    released: int
    waiting: int


class Words:
    """Names and numbers in the language of a page."""

    def __init__(self, seen: Seen, language: str, translations: NullTranslations) -> None:
        self._seen = seen
        self._chinese = language == CHINESE
        self.say = translations.gettext

    def place(self, level: str, station: str, name: str) -> str:
        """A cell's name."""
        if level == "all":
            return self.say(_("all together"))
        if level == "stage":
            return self.say(STAGES[name]) if name in STAGES else name
        where = self.station(station)
        if level == "station":
            return where
        return f"{self.clerk(name) if level == 'clerk' else self.counter(name)} · {where}"

    def station(self, code: str) -> str:
        """A station's name, or its code."""
        known = self._seen.stations.get(code)
        return (self._of(known) if known else code) or self.say(_("of no station"))

    def clerk(self, number: str) -> str:
        """A clerk's name and number."""
        known = self._seen.clerks.get(number)
        return f"{known.name} {number}" if known else number or self.say(_("nobody signed on"))

    def counter(self, number: str) -> str:
        """A counter."""
        return self.say(_("counter %(number)s")) % {"number": number} if number else self.say(_("no counter"))

    def stars(self, level: str, name: str) -> int:
        """A clerk's level; 0 for none."""
        known = self._seen.clerks.get(name) if level == "clerk" else None
        return (known.stars or 0) if known else 0

    def labels(self, scale: int) -> str:
        """The scale's words, worst to best."""
        return " · ".join(f"{score} {pair[self._chinese]}" for score, pair in enumerate(LABELS[scale], 1))

    def _of(self, station: Station) -> str:
        return station.name_zh if self._chinese else station.name


def compose_page(seen: Seen, language: str, translations: NullTranslations) -> FiguresPage:
    """The page of a period."""
    words = Words(seen, language, translations)
    return FiguresPage(
        blocks=tuple(_block(table, words) for table in seen.tables),
        unrated=tuple(_unrated(place, services, words) for place, services in seen.unrated),
        questions=tuple(_question(code, flag, words) for code, flags in seen.flags.items() for flag in flags),
        released=sum(table.figures[0].n for table in seen.tables),
        waiting=seen.waiting,
    )


def _block(table: FigureTable, words: Words) -> Block:
    title = f"{words.say(CHANNELS[table.channel])} · {words.say(SCALES[table.scale])}"
    added = tuple(_added(one, words) for one in table.figures if any(vars(one.added).values()))
    lines = tuple(_line(one, words) for one in table.figures)
    return Block(title, table.scale, words.labels(table.scale), lines, added)


def _added(figure: Figure, words: Words) -> AddedLine:
    level, name = words.say(LEVEL_WORDS[figure.level]), words.place(figure.level, figure.station, figure.name)
    added = figure.added
    return AddedLine(level, name, _settled(added.settled), _recommend(added.recommend), _reasons(added.reasons, words))


def _settled(said: Settled | None) -> str:
    if said is None:
        return "–"
    share = said.share
    return f"{percent(share)} ({(share.low + 5) // 10} – {(share.high + 5) // 10} %), n = {said.n}"


def _recommend(said: Recommendation | None) -> str:
    if said is None:
        return "–"
    score, low, high = ((value + 5) // 10 for value in (said.score, said.low, said.high))
    return f"{score:+d} ({low:+d} – {high:+d}), n = {said.n}"


def _reasons(said: Reasons | None, words: Words) -> str:
    if said is None:
        return "–"
    counts = sorted(said.counts.items(), key=lambda one: (-one[1], one[0]))
    return " · ".join(f"{words.say(ADDED[code]) if code in ADDED else code} {n}" for code, n in counts)


def _line(figure: Figure, words: Words) -> Line:
    answered, missed = _services(figure.services, words)
    return Line(
        level=words.say(LEVEL_WORDS[figure.level]),
        name=words.place(figure.level, figure.station, figure.name),
        n=figure.n,
        score=thousandths(figure.score.score),
        interval=f"{thousandths(figure.score.low)} – {thousandths(figure.score.high)}",
        bad=percent(figure.bad),
        answered=answered,
        missed=missed,
        wait="–" if figure.wait_s is None else words.say(_("%(count)s min")) % {"count": figure.wait_s // 60},
        stars=words.stars(figure.level, figure.name),
        cautions=tuple(words.say(CAUTIONS[one]) for one in figure.cautions),
    )


def _unrated(place: Place, services: ServedFigure, words: Words) -> Line:
    level = LEVELS[place.level]
    answered, missed = _services(services, words)
    name = words.place(level, place.station, place.name)
    return Line(words.say(LEVEL_WORDS[level]), name, 0, "–", "–", "–", answered, missed, "–", 0, ())


def _services(services: ServedFigure | None, words: Words) -> tuple[str, str]:
    if services is None:
        return "–", "–"
    share = "" if services.share is None else f" ({percent(services.share)})"
    reasons = [
        f"{n} {words.say(REASONS[code]) if code in REASONS else code}" for code, n in services.not_invited.items()
    ]
    return f"{services.answered} / {services.invited}{share}", "; ".join(reasons) or "0"


def _question(station: str, flag: Flag, words: Words) -> Question:
    who: Iterable[str] = [words.clerk(flag.clerk)] if flag.clerk else []
    key: Sequence[str] = [words.say(_("key %(number)s")) % {"number": flag.button}] if flag.button else []
    where = " · ".join([words.station(station), words.counter(flag.counter), *who, *key])
    how_many = words.say(_("%(n)s of %(of)s")) % {"n": flag.n, "of": flag.of}
    return Question(where, words.say(ANOMALIES[flag.code]), how_many)


def thousandths(value: int) -> str:
    """2741 as 2.74."""
    hundredths = (value + 5) // 10
    return f"{hundredths // 100}.{hundredths % 100:02}"


def percent(share: Share) -> str:
    """A share in whole per cent."""
    return f"{(share.share + 5) // 10} %"
