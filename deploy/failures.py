"""How a command fails: one clear line and a remedy on stderr, or the same as JSON, and the exit status."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from edge_agent.configuration import Problem, SettingsError

DONE, FINDING, WRONG_USE = 0, 1, 2
OWN_PACKAGES = ("edge_agent", "kiosk", "field_inspection", "cloud_gateway", "firmware_sim", "deploy")


class Failure(Exception):
    """A command that cannot go on: `code` for programs, text and `remedy` for people, the exit `status`."""

    def __init__(self, code: str, text: str, remedy: str, status: int = FINDING) -> None:
        super().__init__(text)
        self.code = code
        self.remedy = remedy
        self.status = status
        self.problems: list[ProblemLike] = []


class ProblemLike(Protocol):
    """One mistake in a file; each package has its own class of this shape."""

    def __str__(self) -> str:
        """The whole line: file, field, what is wrong, remedy."""


def settings_failure(error: SettingsError) -> Failure:
    """All mistakes of a settings file, as one failure with status 2."""
    failure = Failure("settings", str(error), "Correct what is named and run the command again.", WRONG_USE)
    failure.problems = list(error.problems)
    return failure


def render_text(failure: Failure) -> str:
    """Lines for people."""
    return f"weiran: {failure}" if failure.problems else f"weiran: {failure}. {failure.remedy}"


def render_json(failure: Failure) -> str:
    """One JSON object with `code`, `detail`, `remedy`, `status` and, for settings, `problems`."""
    problems = [p._asdict() if isinstance(p, Problem) else str(p) for p in failure.problems]
    facts = {"code": failure.code, "detail": str(failure), "remedy": failure.remedy, "status": failure.status}
    return json.dumps(facts | ({"problems": problems} if problems else {}), ensure_ascii=False)


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
