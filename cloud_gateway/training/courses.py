"""Courses and their tests: data in files beside this module, and what a set of answers is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent / "courses"


class AnswersMissing(ValueError):
    """Not every question has one answer that it offers."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question with what can be answered, in both languages; `right` counts from 0."""

    text: str
    text_zh: str
    options: tuple[str, ...]
    options_zh: tuple[str, ...]
    right: int

    def __post_init__(self) -> None:
        if len(self.options) != len(self.options_zh) or not 0 <= self.right < len(self.options):
            raise ValueError(f"{self.text!r}: options of both languages, and the right one among them")


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A course; passed with so many right answers, for so many days."""

    version: str
    title: str
    title_zh: str
    pass_mark: int
    valid_days: int
    question: tuple[Question, ...]
    code: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.pass_mark <= len(self.question):
            raise ValueError(f"{self.title!r}: the pass mark is above the number of questions, or nothing")


class Grade(msgspec.Struct, frozen=True):
    """What a test came to; `valid_until` is the last local day, None when it was not passed."""

    right: int
    of: int
    valid_until: date | None


class Result(msgspec.Struct, frozen=True):
    """A result as the register has it; withdrawn ones are not told."""

    clerk: str
    course: str
    version: str
    right: int
    of: int
    day: date
    valid_until: date | None
    by: str


@cache
def all_courses() -> Mapping[str, Course]:
    """Every course by its code. Those who have a badge have passed them all."""
    files = sorted(FOLDER.glob("*.toml"))
    read = {file.stem: msgspec.toml.decode(file.read_bytes(), type=Course) for file in files}
    return {code: msgspec.structs.replace(course, code=code) for code, course in read.items()}


def grade(course: Course, answers: Sequence[int], day: date) -> Grade:
    """What the answers, by question, are worth on a local day. Raises AnswersMissing."""
    fits = len(answers) == len(course.question)
    if not fits or any(not 0 <= a < len(q.options) for a, q in zip(answers, course.question, strict=True)):
        raise AnswersMissing(f"{course.title}: one answer to each of {len(course.question)} questions")
    right = sum(answer == question.right for answer, question in zip(answers, course.question, strict=True))
    passed = right >= course.pass_mark
    return Grade(right, len(answers), day + timedelta(days=course.valid_days) if passed else None)


def missing_courses(results: Iterable[Result], courses: Iterable[str], day: date) -> list[str]:
    """The courses that a clerk with these results has to take before a badge is shown that day."""
    held = {one.course for one in results if one.valid_until is not None and day <= one.valid_until}
    return sorted(set(courses) - held)
