"""What a tag may be, and how people write several. Pure."""

from __future__ import annotations

import re

#: A tag, and how many a device may have.
TAG = re.compile(r"[a-z0-9-]{1,32}")
MOST = 20


class WrongTags(ValueError):
    """Tags that cannot be; the text says why, in English for programs."""


def read_tags(text: str) -> tuple[str, ...]:
    """Tags as people write them, with spaces or commas between, in small letters. Raises WrongTags."""
    return check_tags(re.split(r"[\s,，、]+", text.lower().strip()))


def check_tags(tags: list[str]) -> tuple[str, ...]:
    """The tags in order, each once. Raises WrongTags."""
    found = tuple(sorted({tag for tag in tags if tag}))
    wrong = [tag for tag in found if not TAG.fullmatch(tag)]
    if wrong:
        raise WrongTags(f"{wrong[0][:40]!r} is no tag: up to 32 of a-z, 0-9 and hyphens")
    if len(found) > MOST:
        raise WrongTags(f"{len(found)} tags; at most {MOST}")
    return found
