"""Sends an operation of the API what its description allows and what it does not, and holds the answers against it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok, Result
from schemathesis.schemas import APIOperation

from deploy.provision.files import PRIVATE, write_new
from deploy.provision.folder import EVIDENCE_KEY, Provision
from tests.cloud_gateway import field

Operation = APIOperation[Any, Any, Any, Any]
Sessions = tuple[requests.Session, requests.Session]
#: What must hold of every answer.
WANTED = ("not_a_server_error", "content_type_conformance", "response_schema_conformance")
#: Answers that never end: tests/cloud_gateway/events/test_stream.py reads them.
ENDLESS = frozenset({"/api/v1/events"})
#: Names that the field of the tests has, so that there is something to answer.
KNOWN = {"device": "tide-charleston", "code": "charleston", "epoch": field.EPOCH, "name": "nobody"}
READING, CHANGING = frozenset({"GET"}), frozenset({"POST", "PUT", "PATCH", "DELETE"})
LIMIT_S = 60.0


@dataclass(frozen=True)
class Prober:
    """One who asks a served gateway: `cookies` is a session, or nothing."""

    origin: str
    cookies: dict[str, str]

    def probe(
        self, operations: Iterable[Operation], mode: GenerationMode, examples: int, others: Sequence[Prober]
    ) -> list[str]:
        """What was wrong, one text for each operation of which anything was.

        What is made up for an operation is sent under this name and then under one of the `others`, each in turn.
        """
        load_all_checks()
        checks = CHECKS.get_by_names(list(WANTED))
        with ExitStack() as stack:
            own, *theirs = [stack.enter_context(who._open()) for who in (self, *others)]
            pairs = zip(operations, cycle(theirs), strict=False)
            return [text for one, other in pairs for text in self._probe(one, mode, examples, (own, other), checks)]

    def is_signed_in(self) -> bool:
        """Whether the session still holds: nothing that was sent has ended it, so that all was really asked."""
        with self._open() as session:
            return session.get(f"{self.origin}/api/v1/devices", timeout=LIMIT_S).status_code == 200

    def _open(self) -> requests.Session:
        session = requests.Session()
        session.cookies.update(self.cookies)
        session.headers["Origin"] = self.origin
        session.trust_env = False
        return session

    def _probe(
        self, operation: Operation, mode: GenerationMode, examples: int, sessions: Sessions, checks: Any
    ) -> Iterator[str]:
        names = {parameter.name for parameter in operation.path_parameters}
        known = {name: value for name, value in KNOWN.items() if name in names}
        cases = operation.as_strategy(mode, path_parameters=known or None)

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def ask(case: Case[Any]) -> None:
            for session in sessions:
                answer = case.call(base_url=self.origin, session=session, timeout=LIMIT_S)
                case.validate_response(answer, checks=checks)

        try:
            ask()
        except Unsatisfiable:  # nothing can be said wrongly to an operation that takes nothing
            return
        except FailureGroup as exc:
            yield f"{operation.label}: {exc}"


def read_operations(document: dict[str, Any]) -> list[Operation]:
    """The operations of a description, less the endless ones."""
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    found = [_sound(result) for result in schema.get_all_operations()]
    return [one for one in found if one.path not in ENDLESS]


def _sound(result: Result[Operation, InvalidSchema]) -> Operation:
    assert isinstance(result, Ok), f"the description of an operation is wrong: {result}"
    return result.ok()


def make_keys(folder: Path) -> dict[str, dict[str, str]]:
    """Settings of every key that a route may want, and the keys."""
    provision = Provision(folder / "provision")
    provision.init(["127.0.0.1"], 8883)
    phones, calls = folder / "phones.key", folder / "calls.key"
    for file in (phones, calls):
        write_new(file, secrets.token_hex(32).encode(), PRIVATE)
    return {
        "evidence": {"key_file": str(provision.folder / "evidence" / EVIDENCE_KEY)},
        "telephony": {"phone_key_file": str(phones), "key_file": str(calls)},
    }
