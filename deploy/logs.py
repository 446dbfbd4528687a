"""Logging of a whole process: JSON lines for machines or short lines for people, on stderr. Set up nowhere else."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from enum import StrEnum

#: What every log record carries; anything else was given by the caller as a field.
STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}
#: Libraries that would log a line for each request.
QUIET = ("httpx", "httpcore", "uvicorn.access", "alembic")


class LogForm(StrEnum):
    """How log lines look."""

    HUMAN = "human"
    JSON = "json"


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, message, the caller's fields, and `error` with the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "at": _instant(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= _fields(record)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class HumanLines(logging.Formatter):
    """Time, level when it matters, message, and the fields behind it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the traceback under it."""
        level = "" if record.levelno == logging.INFO else f"{record.levelname} "
        fields = "".join(f" {key}={value}" for key, value in _fields(record).items())
        line = f"{_instant(record).astimezone():%H:%M:%S} {level}{record.getMessage()}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def set_up_logging(form: LogForm, level: int = logging.INFO) -> None:
    """Send every logger's lines to stderr in the given form."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form is LogForm.JSON else HumanLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _instant(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in record.__dict__.items() if key not in STANDARD}
