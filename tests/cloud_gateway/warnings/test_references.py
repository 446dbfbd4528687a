"""References to other messages: each triple once, whatever its identifier holds, and what is none is said."""

from __future__ import annotations

import pytest

from cloud_gateway.warnings.model import AlertKey
from cloud_gateway.warnings.references import MOST, read_references
from tests.cloud_gateway.warnings.cap_samples import SENT, SENT_MS


@pytest.mark.parametrize(
    ("text", "keys", "codes"),
    [
        pytest.param("", (), [], id="none"),
        pytest.param(
            f"s,a,{SENT}\n  s,b,{SENT}", (AlertKey("s", "a", SENT_MS), AlertKey("s", "b", SENT_MS)), [], id="two"
        ),
        pytest.param(f"s,a,{SENT} s,a,{SENT}", (AlertKey("s", "a", SENT_MS),), [], id="twice the same"),
        pytest.param(f"s,tag:x,2026:a,{SENT}", (AlertKey("s", "tag:x,2026:a", SENT_MS),), [], id="comma inside"),
        pytest.param("s,a", (AlertKey("s", "a", 0),), ["bad_reference"], id="no time"),
        pytest.param("s,a,soon", (AlertKey("s", "a", 0),), ["bad_time"], id="bad time"),
        pytest.param(f",a,{SENT}", (), ["bad_reference"], id="no sender"),
        pytest.param("a", (), ["bad_reference"], id="identifier only"),
        pytest.param(f"s,{'a' * 5000},{SENT}", (), ["bad_reference"], id="endless identifier"),
    ],
)
def test_references_are_read(text: str, keys: tuple[AlertKey, ...], codes: list[str]) -> None:
    read, findings = read_references("references", text)
    assert read == keys
    assert [finding.code for finding in findings] == codes


def test_only_the_first_many_count() -> None:
    read, findings = read_references("references", " ".join(f"s,{n},{SENT}" for n in range(MOST + 1)))
    assert len(read) == MOST
    assert [finding.code for finding in findings] == ["too_many_references"]
