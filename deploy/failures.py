"""How a command fails: one clear line and a remedy on stderr, or the same as JSON, and the exit status."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from edge_agent.configuration import Problem

DONE, FINDING, WRONG_USE = 0, 1, 2
Row = Mapping[str, object]
OWN_PACKAGES = ("edge_agent", "kiosk", "field_inspection", "cloud_gateway", "firmware_sim", "deploy")


class Failure(Exception):
    """A command that cannot go on: `code` for programs, text and `remedy` for people, the exit `status`."""

    def __init__(self, code: str, text: str, remedy: str, status: int = FINDING, problems: Sequence[Row] = ()) -> None:
        super().__init__(text)
        self.code = code
        self.remedy = remedy
        self.status = status
        self.problems = problems


def listed_failure(code: str, error: Exception, problems: Iterable[Problem]) -> Failure:
    """A file with mistakes: the text of `error` has a line for each, status 2."""
    rows = [problem._asdict() for problem in problems]
    return Failure(code, str(error), "Correct what is named and run the command again", WRONG_USE, rows)


def render_text(failure: Failure) -> str:
    """Lines for people."""
    return str(failure) if failure.problems else f"weiran: {_end(str(failure))} {failure.remedy}"


def _end(text: str) -> str:
    return text if text.endswith("?") else f"{text.rstrip('.')}."


def render_json(failure: Failure) -> str:
    """One JSON object: `code`, `detail`, `remedy`, `status` and, for a file with mistakes, `problems`."""
    count = len(failure.problems)
    detail = f"{count} mistake{'' if count == 1 else 's'}" if count else str(failure)
    facts = {"code": failure.code, "detail": detail, "remedy": failure.remedy, "status": failure.status}
    problems = {"problems": failure.problems} if failure.problems else {}
    return json.dumps(facts | problems, ensure_ascii=False)


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Around the import of a part: a library that is not installed becomes a Failure naming the extra to install."""
    try:
        yield
    except ModuleNotFoundError as exc:
        missing = (exc.name or "").partition(".")[0]
        if missing in OWN_PACKAGES:
            raise
        version = importlib.metadata.version("weiran")
        remedy = f"Install this part with: pip install 'weiran[{name}]=={version}' (in a checkout: scripts/setup)"
        raise Failure("not-installed", f"the library {missing!r} is not installed", remedy, WRONG_USE) from exc
