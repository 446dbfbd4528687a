"""Log lines: one JSON object each for machines, short ones for people."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from deploy.logs import HumanLines, JsonLines


@pytest.fixture
def record() -> logging.LogRecord:
    """A line with two fields, as `logger.warning("link lost\\n%s", 7, extra=...)` makes it."""
    fields = {"device": "yard-7", "seq": 12}
    return logging.getLogger("edge").makeRecord(
        "edge", logging.WARNING, "f", 1, "link\nlost %s", (7,), None, extra=fields
    )


@pytest.fixture
def failure() -> logging.LogRecord:
    """A line with a traceback."""
    try:
        raise OSError("disk full")
    except OSError:
        return logging.getLogger("edge").makeRecord("edge", logging.ERROR, "f", 1, "put failed", (), sys.exc_info())


def test_json_line_is_one_line_with_the_fields(record: logging.LogRecord) -> None:
    text = JsonLines().format(record)
    line = json.loads(text)
    assert "\n" not in text
    assert line.pop("at").endswith("Z")
    assert line == {"level": "warning", "logger": "edge", "message": "link\nlost 7", "device": "yard-7", "seq": 12}


def test_json_line_holds_the_traceback(failure: logging.LogRecord) -> None:
    text = JsonLines().format(failure)
    assert "\n" not in text
    assert "OSError: disk full" in json.loads(text)["error"]


def test_human_line_shows_level_message_and_fields(record: logging.LogRecord) -> None:
    assert HumanLines().format(record).endswith("WARNING link\nlost 7 device=yard-7 seq=12")


def test_human_line_shows_the_traceback_below(failure: logging.LogRecord) -> None:
    assert HumanLines().format(failure).endswith("OSError: disk full")
